"""What a real Prometheus 2.42 answered, as lines and alerts."""

from __future__ import annotations

import json
import math
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from quarterdeck.app.errors import SourceError
from quarterdeck.app.records import Alert, alert_fingerprint
from quarterdeck.app.sources.prometheus import parse
from quarterdeck.app.sources.prometheus.client import Explainer, refused
from quarterdeck.app.sources.prometheus.parse import Line

PAYLOADS = Path(__file__).resolve().parents[3] / "payloads" / "prometheus"
HOUR = 3_600_000


def own(name: str) -> dict[str, Any]:
    read: dict[str, Any] = json.loads((PAYLOADS / f"{name}.json").read_text())
    return read


def lines_of(name: str) -> list[Line]:
    return parse.parse_lines(parse.range_answer.decode(own(name)["text"]).data)


def test_rates_become_lines_with_their_labels() -> None:
    bad, good = lines_of("range_rate")
    assert bad.labels == {"model": "churn", "version": "14", "outcome": "bad"}
    assert good.labels == {"model": "churn", "version": "14", "outcome": "good"}
    assert len(bad.times) == len(bad.values) == 5
    assert [after - before for before, after in zip(bad.times, bad.times[1:], strict=False)] == [1000] * 4
    assert bad.times[0] % 1000 == 0
    assert bad.times[0] > 1_700_000_000_000
    assert bad.values[-1] == 1.0


def test_the_name_of_a_metric_is_no_label() -> None:
    (line,) = lines_of("range_named")
    assert set(line.labels) == {"instance", "job", "model", "version"}


def test_figures_that_are_none_come_as_they_are() -> None:
    (line,) = lines_of("range_odd")
    assert line.values[0] == 0.5
    assert math.isnan(line.values[1])
    assert list(line.values[3:]) == [math.inf, -math.inf, 0.25]
    assert set(lines_of("range_inf")[0].values) == {math.inf}


def test_a_scalar_is_one_line_without_labels_and_nothing_is_no_error() -> None:
    (line,) = lines_of("range_scalar")
    assert line.labels == {}
    assert set(line.values) == {1.0}
    assert lines_of("range_empty") == []


def matrix(*results: dict[str, Any], kind: str = "matrix") -> list[Line]:
    told = {"status": "success", "data": {"resultType": kind, "result": list(results), "new": 1}, "infos": ["x"]}
    return parse.parse_lines(parse.range_answer.decode(json.dumps(told)).data)


@pytest.mark.parametrize(
    ("results", "kind", "said"),
    [
        ([], "streams", "the answer is a streams"),
        ([{"metric": {}, "histograms": [[1, {"count": "3"}]]}], "matrix", "native histograms"),
        ([{"metric": {"__name__": "a"}, "values": []}, {"metric": {"__name__": "b"}}], "matrix", "several names"),
        ([{"metric": {}, "values": [[1, "many"]]}], "matrix", "no number: “many”"),
    ],
)
def test_what_makes_no_lines_is_said(results: list[dict[str, Any]], kind: str, said: str) -> None:
    with pytest.raises(SourceError, match=said):
        matrix(*results, kind=kind)


def test_values_count_where_native_histograms_stand_beside_them() -> None:
    (line,) = matrix({"metric": {"a": "b"}, "values": [[1.5, "2"]], "histograms": [[1.5, {}]]})
    assert (list(line.times), list(line.values)) == ([1500], [2.0])


def test_what_is_empty_may_be_null() -> None:
    told = '{"status":"success","data":{"resultType":"matrix","result":null},"warnings":null}'
    assert parse.parse_lines(parse.range_answer.decode(told).data) == []
    (line,) = matrix({"metric": {}, "values": None, "histograms": None})
    assert len(line.times) == 0
    assert parse.alerts_answer.decode('{"status":"success","data":{"alerts":null}}').data.alerts is None
    raw = '{"status":"success","data":{"alerts":[{"labels":null,"annotations":null,"state":"firing"}]}}'
    alerts = parse.alerts_answer.decode(raw).data.alerts
    assert alerts is not None
    assert parse.parse_alert(alerts[0], "s", 7, ()) is not None


def alerts_of(name: str) -> list[Alert]:
    raws = parse.alerts_answer.decode(own(name)["text"]).data.alerts
    return [one for raw in raws or () if (one := parse.parse_alert(raw, "s", 7, ("served", "model"))) is not None]


def test_an_alert_that_fires_is_read_with_what_it_says_but_no_address() -> None:
    (alert,) = alerts_of("alerts_firing")
    assert (alert.name, alert.state, alert.severity, alert.value) == ("ExporterDown", "firing", "page", 0.0)
    assert alert.summary.endswith("is down, ask …")
    assert alert.model == ""
    assert alert.since % 1000 == 258  # nanoseconds in the answer
    assert alert.fingerprint == alert_fingerprint("s", alert.labels)


def test_an_alert_that_waits_is_read_with_its_model_and_its_description() -> None:
    (alert,) = alerts_of("alerts_pending")
    assert (alert.state, alert.model, alert.value) == ("pending", "churn", 0.61)
    assert alert.summary == "churn v14 is at 0.61"


def test_an_alert_of_an_unknown_state_and_times_that_are_none() -> None:
    assert parse.parse_alert(parse.RawAlert(state="inactive"), "s", 7, ()) is None
    raw = parse.RawAlert(state="firing", active_at="0001-01-01T00:00:00Z", value="many")
    alert = parse.parse_alert(raw, "s", 7, ())
    assert alert is not None
    assert (alert.since, alert.value, alert.name) == (7, None, "")


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("see https://bot:hunter2@wiki/x", "see https://…@wiki/x"),
        ("token=abc.def is wrong", "token=… is wrong"),
        ("Password: hunter2", "Password: …"),
        ("ghp_0123456789abcdefghijklmnopqrstuvwxyz", "…"),
        ("two\nlines\t\u001b[31m", "two lines \u001b[31m"),
        ("p95 0.45 s on 10.0.0.1:9090, over 0.2 s", "p95 0.45 s on 10.0.0.1:9090, over 0.2 s"),
    ],
)
def test_what_people_wrote_into_an_alert_is_kept_without_secrets(text: str, kept: str) -> None:
    assert parse.told(text) == kept


def test_a_long_text_is_cut() -> None:
    assert len(parse.told("so " * 1000)) == parse.LONGEST


make = partial(parse.make_alert, source="s", model_labels=("model",))


def test_stretches_of_firing_are_told_out_of_the_servers_own_memory() -> None:
    lines = lines_of("past_alerts")
    alerts = parse.past_alerts([(lines, 600_000)], lines[0].times[-1] + 24 * HOUR, make)
    assert [(alert.name, alert.model, alert.state) for alert in alerts] == [("LowPrecision", "churn", "over")] * 2
    assert "alertstate" not in alerts[0].labels
    assert alerts[0].fingerprint == alert_fingerprint("s", alerts[0].labels)
    for alert in alerts:
        assert alert.ended_at is not None
        assert alert.ended_not_before is not None
        assert alert.since <= alert.ended_not_before < alert.ended_at == alert.ended_not_before + 600_000


def test_a_stretch_that_lasts_is_left_to_the_alerts_of_now() -> None:
    lines = lines_of("past_alerts")
    assert len(parse.past_alerts([(lines, 600_000)], lines[0].times[-1], make)) == 1


def test_coarse_and_fine_points_make_one_stretch() -> None:
    labels = {"alertname": "A", "alertstate": "firing"}
    (far, near) = (
        matrix({"metric": labels, "values": [[at, "1"] for at in times]})
        for times in ((600, 1200, 1800), (1860, 1920, 1980, 2100, 2700, 2760))
    )
    found = parse.past_alerts([(far, 600_000), (near, 60_000)], HOUR, make)
    assert [(one.since // 1000, (one.ended_not_before or 0) // 1000) for one in found] == [
        (600, 1980), (2100, 2100), (2700, 2760),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "state", "said"),
    [
        ("error_bad_data", "misconfigured", "refuses (bad_data): “1:23: parse error: unclosed left parenthesis”"),
        ("error_points", "misconfigured", "11,000 points"),
        ("error_execution", "misconfigured", "refuses (execution): “found duplicate series"),
        ("error_timeout", "not_understood", "query timed out"),
        ("range_string", "misconfigured", "must be Scalar or instant Vector"),
        ("not_found", "misconfigured", "prometheus:9090 has no Prometheus API at this address (404)"),
    ],
)
def test_refusals_are_explained_in_the_servers_own_words(name: str, state: str, said: str) -> None:
    payload = own(name)
    explain = Explainer("http://ann:secret@prometheus:9090/prefix")
    found = explain(payload["status"], payload["headers"], payload["text"].encode())
    assert found is not None
    assert found[0] == state
    assert said in found[1]
    assert "secret" not in found[1]


def test_a_refused_login_and_a_web_page_are_left_to_the_usual_sentences() -> None:
    explain = Explainer("http://prometheus:9090")
    assert explain(401, {}, own("error_login")["text"].encode()) is None
    assert explain(502, {"content-type": "text/html"}, b"<html><title>Bad Gateway</title>") is None
    assert refused(b"[]") is None


def test_recorded_answers_of_others_are_read(contracts: Path) -> None:
    folder = contracts / "recorded" / "prometheus"
    whole = json.loads((folder / "prometheus-2.42.query_range.json").read_text())["json"]
    lines = parse.parse_lines(parse.range_answer.decode(json.dumps(whole)).data)
    assert lines[0].labels["model"] == "fare"
    assert list(lines[0].values[:1]) == [1.1685]
    for name in ("error_bad_query", "error_missing"):
        told = json.loads((folder / f"prometheus-2.42.{name}.json").read_text())
        said = refused(json.dumps(told["json"]).encode())
        assert said is not None
        assert said.error_type == "bad_data"
    rules = json.loads((folder / "prometheus-2.42.rules.json").read_text())["json"]["data"]["groups"]
    raws = [alert for group in rules for rule in group["rules"] for alert in rule.get("alerts", ())]
    read = parse.alerts_answer.decode(json.dumps({"status": "success", "data": {"alerts": raws}})).data.alerts
    alerts = [parse.parse_alert(raw, "s", 0, ("model",)) for raw in read or ()]
    assert [(one and one.name, one and one.state, one and one.model) for one in alerts] == [
        ("TargetDown", "firing", ""), ("PendingForever", "pending", ""), ("PendingForever", "pending", "fare"),
    ]  # fmt: skip
