"""The lines of the Watch as pure functions: calm, what is told where there is little room, times that are ranges."""

from __future__ import annotations

from array import array
from datetime import UTC
from typing import Any

import pytest

from quarterdeck.app.records import (
    AliasMove,
    Attention,
    Changes,
    MonitorSeries,
    Note,
    Samples,
    SeriesState,
    Suspect,
    WayBack,
)
from quarterdeck.app.text import cells
from quarterdeck.app.triage.sight import Sight
from quarterdeck.screens.watch_facts import Strip, WatchFacts, joined
from quarterdeck.screens.watch_rows import (
    attention_pieces,
    draw_watch,
    looked_said,
    span_said,
    strip_pieces,
    suspect_pieces,
    watch_rows,
    way_back_pieces,
)

HOUR = 3_600_000
NOW = 1_795_921_620_000
"""29 November 2026, 03:07 UTC."""


def text(pieces: list[tuple[str, str]]) -> str:
    return "".join(piece for piece, _ in pieces)


def attention(**changes: Any) -> Attention:
    facts: dict[str, Any] = {
        "id": "a1", "subject": "alias/churn@champion", "severity": "critical", "since": NOW - 5 * HOUR,
        "title": "churn@champion v14  precision 0.71, floor 0.78", "state": "bad",
    }  # fmt: skip
    return Attention(**(facts | changes))


def suspect(**changes: Any) -> Suspect:
    facts: dict[str, Any] = {
        "subject": "dataset/orders@9c1e", "strength": "strong", "score": 0.9, "kind": "data",
        "title": "orders 77ab → 9c1e", "at": NOW - 6 * HOUR, "reasons": ("customer_id null 0 → 3.1 %",),
    }  # fmt: skip
    return Suspect(**(facts | changes))


def told(facts: WatchFacts, width: int = 76, **folds: bool) -> list[str]:
    return [text(draw_watch(row, width, NOW, UTC)) for row in watch_rows(facts, folds)]


def facts_of(*attentions: Attention, changes: dict[str, Changes] | None = None, **sight: Any) -> WatchFacts:
    return WatchFacts(sight=Sight(at=NOW, attentions=attentions, **sight), changes=changes or {})


def test_when_all_is_well_one_line_says_so_with_what_was_watched_and_what_happened() -> None:
    facts = facts_of(watched=(("series", 12), ("models", 1)), happened=(("commit", 2), ("promotion", 1)), oldest=NOW)
    assert told(facts) == [
        "● all is well",
        "  watched: 12 series, 1 model",
        "",
        "since you looked: 2 × commit, 1 × promotion",
    ]


def test_where_nothing_of_production_is_read_it_is_not_called_well_and_says_how_one_begins() -> None:
    for watched in ((), (("sources", 1),), (("models", 0), ("sources", 2))):
        first, second, third, *_ = told(facts_of(oldest=NOW, watched=watched))
        assert first == "◌ nothing of production is watched yet"
        assert ":sources says what is read" in second
        assert third == "  2 3 4 7 say how; `quarterdeck init` begins, `quarterdeck demo` shows one"


def test_where_no_source_has_answered_nothing_is_called_well() -> None:
    first, second, *_ = told(facts_of(watched=(("sources", 2),)))
    assert first == "◌ nothing is known yet: no source has answered"
    assert "r asks for it now" in second


def test_what_somebody_has_is_folded_and_the_rest_is_well() -> None:
    ack = Note(id="1", at=NOW, kind="ack", subject="attention/a1", author="ann")
    facts = facts_of(attention(ack=ack), oldest=NOW, watched=(("models", 1),))
    assert told(facts)[:2] == ["1 acknowledged, folded", "● all is well"]
    assert any("ann has it" in line for line in told(facts, 100, quiet=True))
    assert told(facts, 100, quiet=True)[0] == "1 acknowledged"


def test_suspects_stand_below_what_is_grave_and_fold_below_what_is_not() -> None:
    changes = {name: Changes(subject="x", since=0, until=NOW, suspects=(suspect(),)) for name in ("a1", "a2")}
    facts = facts_of(attention(), attention(id="a2", severity="medium", title="nightly waits"), changes=changes)
    lines = told(facts, 100)
    assert [line for line in lines if "orders 77ab → 9c1e" in line] == [lines[1]]
    assert sum("orders 77ab" in line for line in told(facts, 100, a2=True)) == 2


def test_weak_suspects_are_named_where_production_is_broken_and_where_there_are_no_others() -> None:
    both = (suspect(), suspect(strength="weak", title="v13 → v14", kind="alias"))
    changes = {"a1": Changes(subject="x", since=0, until=NOW, suspects=both)}
    assert "v13 → v14" in "\n".join(told(facts_of(attention(), changes=changes)))
    assert "v13 → v14" not in "\n".join(told(facts_of(attention(severity="high"), changes=changes)))


@pytest.mark.parametrize("width", range(20, 140, 7))
def test_no_line_is_wider_than_it_may_be(width: int) -> None:
    back = WayBack(model="churn", alias="champion", version="13", held_for=12 * 24 * HOUR,
                   figures=("precision 0.82", "recall 0.7"), gates=(("pass", 4), ("missing", 1)))  # fmt: skip
    for made in (
        suspect_pieces(suspect(actor="bo", title="x" * 90), width, NOW, UTC),
        way_back_pieces(back, width) if width > 60 else [],
        attention_pieces(attention(owner="bo"), width, NOW, UTC) if width > 40 else [],
    ):
        assert cells(text(made)) <= max(width, 52)


def test_what_is_broken_has_room_before_since_when_and_that_before_whose() -> None:
    one = attention(owner="bo")
    assert text(attention_pieces(one, 100, NOW, UTC)).endswith("since 28 nov 22:07 (5 h)   bo")
    narrow = text(attention_pieces(one, 76, NOW, UTC))
    assert "precision 0.71, floor 0.78" in narrow
    assert narrow.endswith("since 28 nov 22:07 (5 h)")


def test_a_time_that_nobody_saw_is_a_range() -> None:
    assert span_said(None, NOW, NOW, UTC) == "03:07"
    assert span_said(NOW - 2 * HOUR, NOW, NOW, UTC) == "01:07–03:07"
    assert span_said(NOW - 72 * HOUR, NOW - 48 * HOUR, NOW, UTC) == "26 nov–27 nov"


def test_the_way_back_names_the_gates_before_more_figures() -> None:
    figures = ("precision 0.82", "recall 0.7", "errors 0.001")
    back = WayBack(model="churn", alias="champion", version="13", held_for=12 * 24 * HOUR, figures=figures,
                   gates=(("pass", 4), ("missing", 1)))  # fmt: skip
    assert text(way_back_pieces(back, 74)) == "  way back: v13, champion 12 d, precision 0.82 then; own gates 4 ● 1 ◌"
    none = WayBack(model="churn", alias="champion", version="", sentence="Nobody held it before v14.")
    assert text(way_back_pieces(none, 76)) == "  way back: Nobody held it before v14."


def line(**changes: Any) -> MonitorSeries:
    return MonitorSeries(source="p", key="k", name="precision", **({"value": 0.71, "at": NOW, "min": 0.78} | changes))


def samples(*points: tuple[int, float]) -> Samples:
    return Samples(source="p", key="k", times=array("q", [at for at, _ in points]),
                   values=array("d", [value for _, value in points]))  # fmt: skip


def test_the_curve_is_cut_where_production_moved_and_others_stand_beside_it() -> None:
    points = samples(*((NOW - (20 - n) * HOUR, 0.83 if n < 14 else 0.71) for n in range(20)))
    move = AliasMove(id="m", source="r", model="churn", alias="champion", version="14", previous="13", reason="moved",
                     at=NOW - 10 * HOUR)  # fmt: skip
    latency = MonitorSeries(source="p", key="l", name="p95 latency", value=111.2, unit="ms")
    beside: tuple[tuple[MonitorSeries, SeriesState], ...] = ((latency, "good"),)
    said = text(strip_pieces(Strip(line(bad_since=NOW), points, (move,), beside), 100, NOW, UTC))
    assert said.startswith("  0.83 ")
    assert "┊v14" in said
    assert " 0.71   as of 03:07   p95 111 ms ●" in said


def test_a_curve_ends_with_the_figure_that_the_title_says_though_what_is_drawn_of_it_are_extremes() -> None:
    drawn = samples((NOW - HOUR, 0.83), (NOW - HOUR // 2, 0.696))
    assert " 0.7033   as of" in text(strip_pieces(Strip(line(value=0.7033), drawn), 100, NOW, UTC))


def test_a_line_of_labels_says_until_when_there_are_some_and_one_without_points_says_so() -> None:
    late = text(strip_pieces(Strip(line(label_delay=HOUR), None), 76, NOW, UTC))
    assert late == "  no points to draw   labels until 02:07"


def test_the_line_of_a_model_goes_on_over_its_versions() -> None:
    new, old = samples((NOW - HOUR, 0.7), (NOW, 0.6)), samples((NOW - 3 * HOUR, 0.9), (NOW - 2 * HOUR, 0.8), (NOW, 0.1))
    found = joined([new, old], 3 * HOUR)
    assert found is not None
    assert list(found.values) == [0.9, 0.8, 0.7, 0.6]
    assert joined([], HOUR) is None


def test_how_old_what_stands_here_is_is_always_said() -> None:
    assert looked_said(None, NOW) == "looking …"
    assert looked_said(facts_of(), NOW) == "no source has answered yet"
    assert looked_said(facts_of(oldest=NOW - 2 * HOUR, oldest_source="git"), NOW) == "oldest answer 2 h (git)"


def test_while_all_answer_what_stands_there_is_the_same_whoever_answered_last() -> None:
    said = {
        looked_said(facts_of(oldest=NOW - past, oldest_source=source), NOW)
        for past, source in ((1_000, "git"), (59_000, "dbt"), (61_000, "mlflow"), (299_000, "serving"))
    }
    assert said == {"all answered within 5 m"}
