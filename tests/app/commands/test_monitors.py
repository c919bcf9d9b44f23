"""`quarterdeck monitors`: lines of production and alerts, as a table that is safe to look at and JSON that is exact."""

from __future__ import annotations

import math
import time
from array import array
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from quarterdeck.app.records import (
    Alert,
    Batch,
    MonitorSeries,
    Samples,
    SourceSpec,
    SourceState,
    alert_fingerprint,
    series_key,
)
from quarterdeck.app.store.cache import Cache
from tests.servers.loopback import serving
from tests.servers.prometheus_answers import Answers

Call = Callable[..., Any]
Fill = Callable[..., None]

MINUTE, HOUR = 60_000, 3_600_000
NOW = 0
"""A whole minute that began just now, when a test begins."""
PROMETHEUS = SourceSpec(key="00000000000000dd", kind="prometheus", name="prod", address="http://prometheus:9090")
FIELDS = "name kind model value at min max state points".split()


@pytest.fixture(autouse=True)
def _just_now(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(f"{__name__}.NOW", time.time_ns() // 1_000_000 // MINUTE * MINUTE)


@pytest.fixture
def fill(project: Path, cache: Path) -> Fill:
    """Write lines and alerts into the cache, as the syncer does."""
    (project / "quarterdeck.toml").write_text(
        '[project]\nname = "churn"\n[[monitors]]\nkind = "prometheus"\nbase_url = "http://prometheus:9090"\n'
    )

    def filled(*lines: tuple[MonitorSeries, Samples], alerts: Sequence[Alert] = (), past: Sequence[Alert] = ()) -> None:
        writer = Cache(cache)
        writer.declare([PROMETHEUS])
        series, samples = tuple(one for one, _ in lines), tuple(points for _, points in lines)
        writer.write(
            PROMETHEUS.key,
            Batch(series=series, samples=samples, alerts=tuple(alerts), past_alerts=tuple(past)),
            NOW,
        )
        writer.save_state(
            SourceState(source=PROMETHEUS.key, kind="prometheus", name="prod", state="ok", last_ok_at=NOW)
        )  # fmt: skip
        writer.close()

    return filled


def line(
    name: str, *values: float, ago: int = 0, totals: Sequence[float] | None = None, **facts: Any
) -> tuple[MonitorSeries, Samples]:
    """A line with a point a minute, the last of them `ago` minutes old."""
    labels = facts.pop("labels", {})
    series = MonitorSeries(
        source=PROMETHEUS.key, key=series_key(PROMETHEUS.key, name, labels), name=name, labels=labels, looked_at=NOW,
        **facts,
    )  # fmt: skip
    times = [NOW - (ago + len(values) - 1 - at) * MINUTE for at in range(len(values))]
    samples = Samples(
        source=PROMETHEUS.key, key=series.key, times=array("q", times), values=array("d", values),
        totals=None if totals is None else array("d", totals),
    )  # fmt: skip
    return series, samples


def alert(name: str, **facts: Any) -> Alert:
    labels = {"alertname": name}
    known: dict[str, Any] = {"since": NOW - HOUR, "severity": "page", "model": "churn", "summary": f"{name} is so"}
    return Alert(
        source=PROMETHEUS.key, fingerprint=alert_fingerprint(PROMETHEUS.key, labels), name=name, labels=labels,
        **(known | facts),
    )  # fmt: skip


def test_the_worst_come_first_in_an_aligned_table(call: Call, fill: Fill) -> None:
    fill(
        line("p95", 0.1, 0.1, model="churn", version="14", max=0.2, unit="s"),
        line("precision", 0.83, 0.71, model="churn", version="14", min=0.78, kind="business"),
        line("requests", 7.0, model="churn"),
        line("recall", 0.5, ago=20, model="churn", version="13", min=0.1),
    )
    said = call("monitors", "--columns", "state,name,version,value,bound,age,since")
    assert (said.status, said.err) == (0, "")
    assert said.out.splitlines() == [
        "state    name       version  value    bound     age  since",
        "bad      precision  14        0.71  >= 0.78     now  now",
        "stale    recall     13         0.5   >= 0.1  20 min",
        "unknown  requests              7.0              now",
        "good     p95        14         0.1   <= 0.2     now",
    ]


def test_a_line_that_was_replaced_stands_last_and_does_not_count(call: Call, fill: Fill) -> None:
    fill(
        line("p95", 0.1, ago=60, model="churn", version="13", labels={"v": "13"}, max=0.2),
        line("p95", 0.1, model="churn", version="14", labels={"v": "14"}, max=0.2),
    )
    said = call("monitors", "--columns", "state,version", "--exit-code")
    assert said.status == 0
    assert said.out.split() == ["state", "version", "good", "14", "stale", "13"]
    assert call("monitors", "--filter", "state:stale", "--exit-code").status == 0


def test_a_filter_a_sort_and_a_limit_choose(call: Call, fill: Fill) -> None:
    fill(*(line(f"l{number}", float(number), model="churn", max=2.0, labels={"n": str(number)}) for number in range(5)))
    chosen = ("--filter", "state:bad", "--sort", "value:desc", "--columns", "name")
    assert call("monitors", *chosen).out.split() == ["name", "l4", "l3"]
    assert call("monitors", *chosen, "--limit", "1").out.split() == ["name", "l4"]
    assert call("monitors", "--filter", "label:n=1", "--columns", "name,label").out.split() == [
        "name", "label", "l1", "n=1",
    ]  # fmt: skip
    assert call("monitors", "--filter", "prod and l2", "--columns", "name").out.split() == ["name", "l2"]
    wrong = call("monitors", "--filter", "stat:bad")
    assert wrong.status == 2
    assert "state" in wrong.err
    assert "No line is like that." in call("monitors", "--filter", "name:none").err


def test_json_has_every_field_exact_strings_and_points(call: Call, fill: Fill) -> None:
    odd = "[bold]x[/]\x1b[31m \u202e"
    fill(
        line(odd, 0.5, math.nan, math.inf, model="churn", version="14", max=0.2, labels={"a": odd}),
        line("no points"),
    )
    said = call("monitors", "--json", "--sort", "value")
    assert said.out.isascii()
    one, silent = said.json
    assert set(FIELDS) <= set(one)
    assert (one["name"], one["model"], one["state"], one["value"]) == (odd, "churn", "bad", "Infinity")
    assert one["shown"] != odd
    assert one["source_name"] == "prod"
    assert [value for _, value in one["points"]] == [0.5, "NaN", "Infinity"]
    assert one["points"][-1][0] == one["at"]
    assert (silent["state"], silent["value"], silent["at"], silent["points"]) == ("no data", None, None, [])


def test_points_are_those_that_stand_out_of_the_time_that_is_asked_for(call: Call, fill: Fill) -> None:
    values = [0.1] * 600
    values[70] = 9.0
    fill(line("p95", *values))
    points = call("monitors", "--json", "--since", "12h", "--points", "20").json[0]["points"]
    assert len(points) <= 20
    assert 9.0 in [value for _, value in points]
    assert len(call("monitors", "--json", "--since", "30m").json[0]["points"]) in (30, 31)
    assert call("monitors", "--json", "--points", "0").json[0]["points"] == []
    assert call("monitors", "--json", "--since", "soon").status == 2


def test_an_objective_burns_its_budget(call: Call, fill: Fill) -> None:
    fill(line("answered", *[980.0] * 120, totals=[1000.0] * 120, objective=0.999, model="churn"))
    (one,) = call("monitors", "--json").json
    assert (one["state"], one["value"], one["burn"], one["objective"]) == ("burning", 0.98, 20.0, 0.999)
    assert one["points"][-1][1] == 0.98
    assert call("monitors", "--filter", "burn > 14.4", "--columns", "name,bound").out.split() == [
        "name", "bound", "answered", "99.9", "%",
    ]  # fmt: skip


def test_alerts_are_told_beside_and_listed_apart(call: Call, fill: Fill) -> None:
    over = alert("Old", state="over", since=NOW - 9 * HOUR, ended_at=NOW - 8 * HOUR, ended_not_before=NOW - 8 * HOUR)
    fill(line("p95", 0.1, max=0.2), alerts=[alert("Down"), alert("Slow", state="pending")], past=[over])
    assert "1 alert fires: Down." in call("monitors").err
    firing = call("monitors", "--alerts")
    assert sorted(row.split()[:4] for row in firing.out.splitlines()[1:]) == [
        ["firing", "Down", "page", "churn"], ["pending", "Slow", "page", "churn"],
    ]  # fmt: skip
    found = call("monitors", "--alerts", "--past", "--json").json
    assert [one["name"] for one in found if one["state"] == "over"] == ["Old"]
    assert {"fingerprint", "severity", "since", "summary", "labels"} <= set(found[0])
    assert "--filter has no effect with --alerts." in call("monitors", "--alerts", "--filter", "x").err


@pytest.mark.parametrize(
    ("given", "alerts", "status"),
    [
        ({"values": (0.1,), "max": 0.2}, [], 0),
        ({"values": (0.3,), "max": 0.2}, [], 1),
        ({"values": (math.nan,), "max": 0.2}, [], 1),
        ({"values": (0.1,), "max": 0.2, "ago": 30}, [], 1),
        ({"values": (0.1,)}, [], 0),  # nothing says what would be good
        ({"values": (0.1,), "max": 0.2}, ["Down"], 1),
    ],
)
def test_the_exit_code_says_whether_all_is_well(
    call: Call, fill: Fill, given: dict[str, Any], alerts: list[str], status: int
) -> None:
    facts = dict(given)
    fill(line("p95", *facts.pop("values"), **facts), alerts=[alert(name) for name in alerts])
    assert call("monitors", "--exit-code").status == status
    assert call("monitors").status == 0


def test_nothing_at_all_is_explained(call: Call, fill: Fill) -> None:
    assert "No monitoring is in the settings" not in call("monitors").err  # the settings of `fill` name one
    fill()
    said = call("monitors", "--exit-code")
    assert (said.status, said.out) == (1, "")
    assert "prod: nothing was read of it yet" in said.err
    assert call("monitors", "--json").json == []


def test_without_any_monitoring_it_says_so(call: Call, fill: Fill, project: Path) -> None:
    fill()
    (project / "quarterdeck.toml").write_text('[project]\nname = "churn"\n[mlflow]\ntracking_uri = "http://mlflow"\n')
    assert "No monitoring is in the settings: [[monitors]] names one." in call("monitors").err


def test_the_first_sync_says_which_lines_and_alerts_it_read(call: Call, project: Path) -> None:
    alert = {"labels": {"alertname": "A"}, "state": "firing", "activeAt": "2026-11-22T09:45:47Z"}
    answers = Answers(lines={"p95": [({"model": "churn"}, lambda at: 0.1), ({"model": "ltv"}, lambda at: 0.2)]})
    answers.alerts = [alert]
    with serving(answers.answer) as server:
        (project / "quarterdeck.toml").write_text(
            f'[[monitors]]\nkind = "prometheus"\nbase_url = "{server.url}"\n'
            '[[monitors.series]]\nname = "p95"\nquery = "p95"\nmodel_label = "model"\n'
        )
        call("trust", "--yes")
        said = call("sync", "--source", "prometheus", "--json")
    assert (said.json[0]["items"], said.status) == (2, 0)
    assert "prometheus: ok, 2 lines, 1 active alert." in said.err
