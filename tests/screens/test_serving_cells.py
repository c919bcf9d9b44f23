"""What a line of the list of production says: cells and words, by themselves."""

from __future__ import annotations

import math
from array import array
from typing import Any

import pytest

from quarterdeck.app.monitoring import Burn, Window
from quarterdeck.app.query import SERIES as SERIES_FIELDS
from quarterdeck.app.query import parse
from quarterdeck.app.records import Alert, MonitorSeries, Samples
from quarterdeck.app.text import cells
from quarterdeck.screens.serving_chart import Drawn, curve_of
from quarterdeck.screens.serving_columns import (
    SERIES,
    across,
    columns,
    propose,
    series_parts,
    sort_key,
)
from quarterdeck.screens.serving_rows import Question, Seen, ServingLine, lines_of, marked, passing
from quarterdeck.screens.serving_words import (
    bounds_of,
    burn_piece,
    labels_until,
    since_said,
    threshold_said,
    titled,
    value_said,
    worst_burn,
)
from quarterdeck.widgets.status import use_ascii
from tests.screens.production import make_alert, make_series

NOW = 1_773_457_620_000
MINUTE, HOUR = 60_000, 3_600_000
QUESTION = Question(now=NOW, production=("champion", "prod"))
FAST, SLOW = Window(HOUR, 5 * MINUTE, 14.4, is_urgent=True), Window(72 * HOUR, 6 * HOUR, 1.0, is_urgent=False)


def known(name: str = "p95 latency", **changes: Any) -> Seen:
    """A line whose newest point is two minutes old."""
    labels = changes.pop("labels", {"n": str(len(name)), "v": changes.get("version", "")})
    facts = {"value": 104.0, "at": NOW - 2 * MINUTE, "max": 120.0, "unit": "ms"} | changes
    return Seen(series=make_series(name, labels, **facts))


def lines(*seen: Seen, alerts: tuple[Alert, ...] = (), live: Any = None) -> tuple[ServingLine, ...]:
    return lines_of(seen, alerts, {"churn": {"14": ("champion",)}} if live is None else live, QUESTION)


def cell(line: ServingLine, name: str, width: int = 12) -> str:
    return "".join(text for text, _ in series_parts(line, name, 0, width))


# -- which lines there are ------------------------------------------------------------------------------------------


def test_a_line_without_a_version_speaks_of_the_one_in_production() -> None:
    found = lines(known(), known("errors", version="14"), known("errors", version="15"))
    assert [(line.model, line.version, sorted(line.seen)) for line in found] == [
        ("churn", "14", ["errors", "p95 latency"]), ("churn", "15", ["errors"]),
    ]  # fmt: skip
    assert [line.is_live for line in found] == [True, False]


def test_a_version_in_production_that_nothing_watches_has_a_line_of_its_own() -> None:
    live = {"churn": {"14": ("champion",)}, "uplift": {"2": ("champion",)}}
    found = lines(known(), live=live)
    assert [(line.model, line.stands()) for line in found] == [("churn", "good"), ("uplift", None)]
    assert lines(live=live) == ()


def test_the_worst_stands_first_and_its_alerts_below_it() -> None:
    fires = make_alert("HighLatency", NOW, model="uplift")
    found = lines(known(), known(model="uplift", labels={"m": "u"}), alerts=(fires,), live={})
    assert [line.key for line in found] == ["model/uplift/", f"alert/{fires.fingerprint}", "model/churn/"]
    assert found[0].stands() == "bad"


def test_what_belongs_to_no_model_stands_below_under_its_own_name() -> None:
    lone = known("disk free", model="", labels={"instance": "a1"})
    foreign = make_alert("DiskFull", NOW, model="")
    found = lines(lone, known(), alerts=(foreign,))
    assert [line.kind for line in found] == ["version", "series", "alert"]


@pytest.mark.parametrize(
    ("text", "is_kept"),
    [
        ("churn", True),
        ("v14 champion", True),
        ("state:bad", False),
        ("state:good", True),
        ("latency uplift", False),
        ("value > 100 and model:churn", True),
        ("value > 110", False),
        ("not state:good", False),
    ],
)
def test_a_filter_is_of_the_grammar_and_words_are_looked_for_in_aliases_too(text: str, is_kept: bool) -> None:
    found = passing(lines(known()), parse(text, vocabulary=SERIES_FIELDS, now=NOW))
    assert bool(found) is is_kept


def test_alerts_stay_with_the_version_that_passes() -> None:
    fires, other = make_alert("HighLatency", NOW), make_alert("DiskFull", NOW, model="", labels={"a": "b"})
    every = lines(known(), alerts=(fires, other))
    kept = passing(every, parse("state:good", vocabulary=SERIES_FIELDS, now=NOW))
    assert [line.alert.name for line in kept if line.alert is not None] == ["HighLatency"]
    kept = passing(every, parse("diskfull", vocabulary=SERIES_FIELDS, now=NOW))
    assert [line.kind for line in kept] == ["alert"]


def test_a_version_that_is_served_no_more_is_said_so_and_alarms_nobody() -> None:
    old = known(version="13", at=NOW - 9 * HOUR)
    found = lines(*marked([old, known(version="14")], NOW))
    assert [line.version for line in found] == ["14", "13"]
    assert (found[1].is_replaced, found[1].stands(), found[1].states()) == (True, None, [])
    assert columns(found, 120)["name"].cell(found[1]) == ("– churn v13", "dim")
    assert not any(one.is_replaced for one in marked([known(at=NOW - 9 * HOUR)], NOW))


# -- cells ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"value": 111.04}, "111.0 ●"),
        ({"value": 140.0}, "140 ✖"),
        ({"value": math.nan}, "NaN !"),
        ({"value": None, "at": None}, "– ◌"),
        ({"at": NOW - 3 * HOUR}, "104 ▲"),
        ({"max": None}, "104 ◌"),
        ({"objective": 0.999, "value": 0.99871, "max": None}, "99.87 ●"),
    ],
)
def test_a_cell_is_a_figure_and_a_glyph(changes: dict[str, Any], said: str) -> None:
    one = known(**changes)
    line = ServingLine(kind="version", model="churn", seen={one.series.name: (one,)}, now=NOW)
    assert cell(line, one.series.name).strip() == said


def test_the_day_in_a_cell_has_gaps_where_there_was_no_point_and_says_nan() -> None:
    times = [NOW - hours * HOUR for hours in (23, 22, 3, 2, 1)]
    values = [100.0, 110.0, 140.0, math.nan, 100.0]
    day = Samples(source="p", key="k", times=array("q", times), values=array("d", values))
    one = Seen(series=known().series, day=day)
    line = ServingLine(kind="version", model="churn", seen={"p95 latency": (one,)}, now=NOW)
    ((text, _),) = series_parts(line, "p95 latency", 12, 24)
    assert text == "▁▃        █×       104 ●"


def test_of_several_lines_of_one_name_the_worst_is_shown_and_their_number() -> None:
    good, bad = known(labels={"region": "eu"}), known(labels={"region": "us"}, value=150.0)
    (line,) = lines(good, bad)
    assert cell(line, "p95 latency").strip() == "×2 150 ✖"


def test_ascii_terminals_get_stand_ins() -> None:
    one = known(value=140.0)
    line = ServingLine(kind="version", model="churn", seen={one.series.name: (one,)}, now=NOW)
    use_ascii(True)
    try:
        assert cell(line, one.series.name).strip() == "140 X"
    finally:
        use_ascii(False)


@pytest.mark.parametrize("room", [60, 76, 116, 196])
def test_every_cell_of_a_series_has_the_width_of_its_column(room: int) -> None:
    found = lines(
        known(), known("errors", unit="%"), known("precision", kind="business", value=0.71, max=None, min=0.78)
    )
    made = columns(found, room)
    for key, column in made.items():
        if key.startswith(SERIES):
            name = key.removeprefix(SERIES)
            parts = column.parts(found[0])  # type: ignore[attr-defined]  # a column with parts
            assert sum(cells(text) for text, _ in parts) == column.width, name
            assert cells(column.title) <= column.width


def test_operational_columns_stand_before_business_ones_and_burn_and_labels_only_where_there_are_some() -> None:
    business = known("precision", kind="business", label_delay=HOUR)
    assert propose(lines(business, known())) == ["name", "series.p95 latency", "series.precision", "labels", "age"]
    assert propose(lines(known(objective=0.99))) == ["name", "series.p95 latency", "burn", "age"]


def test_versions_are_sorted_by_a_series_and_those_without_it_come_last() -> None:
    found = lines(known(), known(version="15", value=98.0), known("errors", version="16", labels={"x": "y"}))
    ordered = sorted((line for line in found), key=sort_key("series.p95 latency"), reverse=True)
    assert [line.version for line in ordered] == ["14", "15", "16"]


def test_lines_across_fit_their_room_and_show_no_control_character() -> None:
    evil = make_alert("Bad\x1b[31m", NOW, summary="two\nlines", model="")
    found = lines(known("disk free", model="", labels={"instance": "a\x071"}), alerts=(evil,), live={})
    for line in found:
        for room in (40, 75, 115):
            text = "".join(text for text, _ in across(line, room, 20) or ())
            assert cells(text) <= room + 7
            assert text.isprintable()


# -- words ----------------------------------------------------------------------------------------------------------


def test_thresholds_are_said_in_the_unit_and_drawn_in_the_unit() -> None:
    series = known(min=10.0).series
    assert threshold_said(series) == "at least 10 ms, at most 120 ms"
    assert bounds_of(series) == [(120.0, "at most"), (10.0, "at least")]
    promised = make_series("availability", objective=0.999)
    assert (titled(promised), value_said(promised, 0.5), bounds_of(promised)) == (
        "availability %", "50", [(99.9, "objective")],
    )  # fmt: skip
    assert "none" in threshold_said(make_series("score"))


def test_labels_are_known_until_the_newest_point_less_their_delay() -> None:
    series = known(at=NOW - 5 * MINUTE, label_delay=HOUR).series
    assert labels_until(series, NOW) == "02:02"
    assert labels_until(known().series, NOW) == ""


def test_since_when_it_is_bad_and_when_it_was_good_last() -> None:
    series = known(bad_since=NOW - 3 * HOUR, last_good_at=NOW - 3 * HOUR - MINUTE).series
    assert since_said(series, NOW) == "since 00:07 (3 h), good last at 00:06"
    assert since_said(known(bad_since=NOW).series, NOW).endswith("never good as far as the cache goes back")


@pytest.mark.parametrize(
    ("burns", "said"),
    [
        ((Burn(FAST, 15.2, 16.0), Burn(SLOW, 2.0, 2.0)), "✖ fast 15.2×"),
        ((Burn(FAST, 3.0, 16.0), Burn(SLOW, 1.4, 1.2)), "▲ slow 1.4×"),
        ((Burn(FAST, 3.0, 1.0), Burn(SLOW, 0.3, 0.2)), "● 0.3×"),
        ((Burn(FAST, None, None),), "–"),
        ((), ""),
    ],
)
def test_a_budget_burns_fast_or_slow_only_where_both_windows_agree(burns: tuple[Burn, ...], said: str) -> None:
    assert burn_piece(burns)[0] == said


def test_of_several_budgets_the_one_in_the_greatest_haste_is_told() -> None:
    calm, slow, fast = (Burn(FAST, 1.0, 1.0), Burn(SLOW, 0.4, 0.4)), (Burn(FAST, 1.0, 1.0), Burn(SLOW, 2.0, 2.0)), (
        Burn(FAST, 20.0, 20.0), Burn(SLOW, 3.0, 3.0))  # fmt: skip
    assert worst_burn([calm, fast, slow]) is fast
    assert worst_burn([]) == ()


# -- the chart ------------------------------------------------------------------------------------------------------


def drawing(series: MonitorSeries, values: list[float], totals: list[float] | None = None, hours: int = 6) -> Drawn:
    times = array("q", [NOW - (len(values) - at) * series.step for at in range(len(values))])
    samples = Samples(source="p", key=series.key, times=times, values=array("d", values),
                      totals=None if totals is None else array("d", totals))  # fmt: skip
    return Drawn(series=series, samples=samples, since=NOW - hours * HOUR, until=NOW, columns=100)


def test_an_objective_is_drawn_as_percent_and_no_requests_are_no_number() -> None:
    curve = curve_of(drawing(make_series("availability", objective=0.99), [99.0, 0.0], [100.0, 0.0]))
    assert curve is not None
    assert curve.series.values[0] == 99.0
    assert math.isnan(curve.series.values[1])


def test_what_was_thinned_to_columns_has_no_gap_that_is_shorter_than_two_of_them() -> None:
    series = make_series("p95 latency", step=MINUTE)
    times = array("q", [NOW - minutes * MINUTE for minutes in (60, 59, 58, 40, 39, 38)])
    samples = Samples(source="p", key=series.key, times=times, values=array("d", [1.0] * 6))
    near = Drawn(series=series, samples=samples, since=NOW - HOUR, until=NOW, columns=100)
    far = Drawn(series=series, samples=samples, since=NOW - 720 * HOUR, until=NOW, columns=100)
    assert near.parted == {NOW - 40.0 * MINUTE}
    assert far.parted == frozenset()


def test_without_a_point_there_is_no_curve() -> None:
    assert curve_of(drawing(make_series("p95 latency"), [])) is None


def test_a_figure_below_a_thousandth_is_written_whole_and_the_sign_beside_it_never_cut() -> None:
    low = known("errors", version="14", value=0.0009320, max=0.0005, unit="")
    (line,) = lines(low)
    width = columns([line], 80)[f"{SERIES}errors"].width
    assert cell(line, "errors", width).strip() == "0.0009320 ✖"
    assert cell(line, "errors", 9).endswith("… ✖")
