"""What can be copied of lines of production and of alerts."""

from __future__ import annotations

import json
import math
from array import array
from typing import Any

from quarterdeck.app.monitor_copies import alert_copies, series_copies
from quarterdeck.app.records import Alert, MonitorSeries, Samples

AT = 1_773_000_000_000
MINUTE = 60_000


def line(**changes: Any) -> MonitorSeries:
    facts: dict[str, Any] = {
        "source": "p" * 16, "key": "4f2c91ab7d00e1aa", "name": "p95 latency", "model": "churn", "version": "14",
        "unit": "ms", "max": 120.0, "value": 140.0, "at": AT, "bad_since": AT - MINUTE, "query": "p95(churn)",
        "labels": {"region": "eu"},
    }  # fmt: skip
    return MonitorSeries(**(facts | changes))


def forms(*series: MonitorSeries, samples: Samples | None = None) -> dict[str, str]:
    return {copy.label: copy.text for copy in series_copies(series, AT, samples)}


def test_a_line_is_copied_as_its_id_the_command_that_opens_it_its_query_markdown_and_json() -> None:
    found = forms(line())
    assert list(found) == ["id", "command", "query", "Markdown", "JSON"]
    assert found["command"] == "quarterdeck open series/4f2c91ab7d00e1aa"
    assert found["query"] == "p95(churn)"
    assert "### series `p95 latency`: bad" in found["Markdown"]
    assert "| at most | `120 ms` |" in found["Markdown"]
    made = json.loads(found["JSON"])
    assert (made["state"], made["value"], made["bad_since"]) == ("bad", 140.0, "2026-03-08T19:59:00Z")


def test_its_points_are_pairs_and_what_is_no_number_is_a_word() -> None:
    samples = Samples(
        source="p" * 16, key="k", times=array("q", [AT, AT + MINUTE]), values=array("d", [3.0, math.nan]),
        totals=array("d", [4.0, 4.0]),
    )  # fmt: skip
    points = json.loads(forms(line(value=math.nan), samples=samples)["JSON"])["points"]
    assert points == [["2026-03-08T20:00:00Z", 0.75], ["2026-03-08T20:01:00Z", "NaN"]]


def test_several_lines_are_one_copy_a_form() -> None:
    found = forms(line(), line(key="b" * 16))
    assert found["ids"].split("\n") == ["4f2c91ab7d00e1aa", "b" * 16]
    assert "query" not in found
    assert not series_copies([], AT)


def test_an_alert_is_copied_by_its_name_and_says_how_it_stands() -> None:
    alert = Alert(source="p" * 16, fingerprint="f" * 16, name="HighLatency", severity="critical", since=AT,
                  summary="p95 over 120 ms\nfor 10 m", labels={"severity": "critical"})  # fmt: skip
    found = {copy.label: copy.text for copy in alert_copies([alert])}
    assert found["name"] == "HighLatency"
    assert found["command"] == f"quarterdeck open alert/{'f' * 16}"
    assert "### alert `HighLatency`: firing" in found["Markdown"]
    assert len(found["Markdown"].splitlines()) == 9
    assert json.loads(found["JSON"])["labels"] == {"severity": "critical"}
    assert not alert_copies([])
