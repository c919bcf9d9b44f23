"""Evidently: suites of 0.4 to 0.6, reports with tests and snapshots of 0.7."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quarterdeck.app.records import Invocation
from quarterdeck.app.records.check import CheckResult
from quarterdeck.app.sources.checks.evidently import read
from quarterdeck.app.sources.checks.reading import UnreadableError

from .readers import (
    JUNK,
    MEGABYTE,
    PAYLOADS,
    WRITTEN,
    a_file,
    answered,
    counted,
    encoded,
    mutations,
    refused_cheaply,
    reordered,
    rows,
    written,
)

OURS = PAYLOADS / "evidently"
THEIRS = "results/evidently"


def raw(name: str) -> Any:
    return json.loads((OURS / f"{name}.json").read_text())


def one(file: object, path: str = "reports/drift.json") -> Invocation:
    (found,) = read(a_file(written(file), path))
    return found


def millis(text: str) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


def recorded(contracts: Path, name: str) -> Invocation:
    (found,) = read(a_file((contracts / THEIRS / name).read_bytes(), f"reports/{name}"))
    return found


def the(invocation: Invocation, name: str, ordinal: int = 0) -> CheckResult:
    (found,) = [result for result in invocation.results if (result.name, result.ordinal) == (name, ordinal)]
    return found


def test_a_recorded_suite_of_0_4_is_told_whole(contracts: Path) -> None:
    suite = recorded(contracts, "evidently-0.4.40.test_suite.json")
    assert (suite.tool, suite.version, suite.at) == ("evidently", "0.4.40", millis("2026-11-22 09:30:58.156982"))
    assert counted(suite) == {"pass": 8, "fail": 6}
    assert rows(suite, "name", "column", "outcome", "observed", "expected") == [
        ("row_count", "", "pass", "300", "300 ± 30"),
        ("column_count", "", "pass", "3", "3"),
        ("column_types", "", "pass", "0 of 3 columns", None),
        ("not_null(fare)", "fare", "fail", "3.33 % null", "at most 0 %"),
        ("not_null(vendor)", "vendor", "pass", "0 % null", "at most 0 %"),
        ("not_null(passengers)", "passengers", "pass", "0 % null", "at most 0 %"),
        ("between(fare)", "fare", "fail", "15.2 %", "at most 0 %"),
        ("accepted_values(vendor)", "vendor", "fail", "37.3 %", "at most 0 %"),
        ("accepted_values(passengers)", "passengers", "pass", "0 %", "at most 0 %"),
        ("mean_stability(fare)", "fare", "pass", "28.89", "9.62 to 30.02"),
        ("drifted_columns", "", "fail", "2 of 3 columns", "less than 0.3"),
        ("drift(vendor)", "vendor", "fail", "chi-square p_value 0", "at least 0.05"),
        ("drift(passengers)", "passengers", "pass", "chi-square p_value 0.381", "at least 0.05"),
        ("drift(fare)", "fare", "fail", "K-S p_value 0", "at least 0.05"),
    ]
    assert (the(suite, "between(fare)").failed_rows, the(suite, "between(fare)").total_rows) == (44, 290)


def test_a_recorded_report_with_tests_of_0_7_is_told_whole(contracts: Path) -> None:
    report = recorded(contracts, "evidently-0.7.23.report.custom-tests.json")
    assert (report.at, report.complaint) == (WRITTEN, "")
    assert rows(
        report, "name", "ordinal", "outcome", "severity", "observed", "expected", "failed_rows", "total_rows"
    ) == [
        ("min(fare)", 0, "pass", "critical", "11.3856", "at least 0", None, None),
        ("not_null(fare)", 0, "fail", "critical", "10", "at most 0", 10, 300),
        ("not_null(fare)", 1, "pass", "warning", "10", "at most 50", 10, 300),
        ("row_count", 0, "pass", "critical", "300", "more than 100", None, None),
    ]


def test_recorded_drift_of_0_7_is_told_by_column(contracts: Path) -> None:
    report = recorded(contracts, "evidently-0.7.23.report.drift-with-tests.json")
    assert rows(report, "name", "column", "outcome", "observed", "expected") == [
        ("drifted_columns", "", "fail", "66.7 %", "less than 50 %"),
        ("drift(fare)", "fare", "fail", "K-S p_value 9.01234e-49", "at least 0.05"),
        ("drift(passengers)", "passengers", "pass", "chi-square p_value 0.381062", "at least 0.05"),
        ("drift(vendor)", "vendor", "fail", "chi-square p_value 0", "at least 0.05"),
    ]


def test_a_recorded_snapshot_of_a_workspace_has_its_own_time(contracts: Path) -> None:
    snapshot = recorded(contracts, "evidently-0.7.23.workspace-snapshot.json")
    assert snapshot.at == millis("2026-11-22T09:33:13.558382")
    assert rows(snapshot, "name", "column", "outcome", "observed") == [("min(fare)", "fare", "fail", "-3")]


def test_every_recorded_file_is_in_the_tests_above(contracts: Path) -> None:
    assert len(list((contracts / THEIRS).glob("*.json"))) == 4


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("suite", {"pass": 19, "warn": 1, "fail": 7, "error": 1}),
        ("suite-presets", {"pass": 21, "fail": 5, "error": 1}),
        ("suite-snapshot", {"pass": 1, "fail": 1}),
        ("tests", {"pass": 11, "fail": 5, "warn": 2}),
        ("snapshot", {"pass": 11, "fail": 5, "warn": 2}),
        ("classification", {"pass": 5, "fail": 3}),
        ("presets", {"pass": 17, "fail": 16}),
    ],
)
def test_real_files_are_counted(name: str, expected: dict[str, int]) -> None:
    assert counted(one(raw(name))) == expected


@pytest.mark.parametrize("name", ["report", "without-tests"])
def test_a_report_without_tests_is_information_and_not_green(name: str) -> None:
    report = one(raw(name))
    assert report.results == ()
    assert report.complaint.startswith("It is a report without tests")


def test_a_report_and_its_snapshot_say_the_same() -> None:
    assert one(raw("snapshot")).results == one(raw("tests")).results


def test_what_could_not_run_is_not_failed_and_keeps_its_column() -> None:
    mean = the(one(raw("suite")), "mean(nope)")
    assert (mean.outcome, mean.column, mean.observed) == ("error", "nope", None)
    assert mean.message == "Test failed with exceptions: Column 'nope' not found in dataset."


def test_a_test_that_is_not_critical_warns() -> None:
    assert the(one(raw("suite")), "max(fare)").outcome == "warn"
    share = the(one(raw("tests")), "not_null(fare)")
    assert (share.outcome, share.severity, share.observed, share.expected) == (
        "warn",
        "warning",
        "3.33 % null",
        "at most 1 %",
    )


def test_what_the_reference_decides_is_told_by_the_description() -> None:
    mean = the(one(raw("tests")), "mean(fare)")
    assert (mean.expected, mean.definition) == (
        "at least 19.486 ± 1.949",
        "mean(fare) >= reference relative=0.1 severity=critical",
    )
    assert the(one(raw("presets")), "quantile(fare, 0.25)").expected == "16.504 ± 1.650"


def test_looser_rules_have_looser_limits_of_the_same_name() -> None:
    report = one(raw("tests"))
    between = the(report, "between(fare)", 2)
    assert between.definition == "between(fare) share < 0.05 left=0 right=30 severity=critical"
    assert [(limit.name, limit.value, limit.strict) for limit in between.limits] == [
        ("threshold", 0.05, "lower"), ("severity", 2, "higher"),
    ]  # fmt: skip
    p_value, distance = the(one(raw("presets")), "drift(fare)"), the(one(raw("suite")), "drift(fare)")
    assert (p_value.limits[0].strict, distance.limits[0].strict) == ("higher", "lower")


def test_labels_are_values_of_the_data_and_told_apart_without_being_told() -> None:
    names = [result.name for result in one(raw("tests")).results if result.name.startswith("unique_values")]
    assert names == ["unique_values(vendor) [label a022]", "unique_values(vendor) [label b84b]"]


@pytest.mark.parametrize(
    "name", ["suite", "suite-presets", "suite-snapshot", "tests", "snapshot", "presets", "classification"]
)
def test_no_value_of_the_data_is_told(name: str) -> None:
    text = json.dumps(raw(name))
    planted = text.replace('"description": "', '"description": "ann@example.com \'bo@example.com\' ')
    planted = planted.replace('"value": 300.0', '"value": "cy@example.com"').replace(
        '"values": null', '"values": ["dee@example.com"]'
    )
    assert "example.com" in planted
    assert "example.com" not in encoded(read(a_file(planted.encode())))


@pytest.mark.parametrize("status", ["SPLENDID", "", "success!"])
def test_a_status_that_nobody_knows_is_never_green(status: str) -> None:
    for name in ("suite", "tests"):
        file = raw(name)
        file["tests"][0]["status"] = status
        assert one(file).results[0].outcome == "error"


def test_a_name_and_what_is_told_of_the_run_are_kept() -> None:
    file = raw("snapshot") | {
        "name": "nightly drift",
        "metadata": {"env": "prod", "mlflow_run_id": "a" * 32, "git_sha": "b" * 40},
    }
    snapshot = one(file)
    assert (snapshot.suite, snapshot.environment, snapshot.run_id, snapshot.commit) == (
        "nightly drift", "prod", "a" * 32, "b" * 40,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("path", "suite", "interval"),
    [("reports/drift.json", "drift", ""), ("reports/drift-2026-11-18.json", "drift", "2026-11-18"),
     ("ws/01a2280b-dae1-7070-b89e-d6f7a492ccb8/snapshots/01a2280b-dae2-7ec9-accc-204d139f6e7f.json", "", "")],
)  # fmt: skip
def test_the_file_names_the_suite_and_maybe_the_day(path: str, suite: str, interval: str) -> None:
    report = one(raw("tests"), path)
    assert (report.suite, report.interval) == (suite, interval)


def test_no_file_is_whole_since_nobody_says_what_was_left_out() -> None:
    assert not one(raw("snapshot") | {"name": "nightly"}).is_whole


def test_order_of_keys_changes_nothing_but_the_id() -> None:
    for name in ("suite", "tests"):
        assert one(reordered(raw(name))).results == one(raw(name)).results


def test_what_is_no_report_is_refused() -> None:
    files: list[object] = [
        {},
        [],
        {"id": "x", "name": "churn", "version": "2"},
        {"tests": 3},
        {"suite": {}},
        {"metric_results": []},
    ]
    for file in files:
        with pytest.raises(UnreadableError):
            read(a_file(written(file)))


def few(name: str) -> Any:
    file = raw(name)
    if "metric_results" in file:
        return file | {"metric_results": dict(list(file["metric_results"].items())[:4])}
    return file | {key: file[key][:5] for key in ("tests", "metrics") if key in file}


@given(st.sampled_from([few("suite"), few("tests"), few("snapshot"), raw("suite-snapshot")]).flatmap(mutations))
@settings(deadline=None, max_examples=250)
def test_whatever_stands_anywhere_gives_an_invocation_or_a_sentence(file: object) -> None:
    answered(read, a_file(written(file)))


@given(st.sampled_from(["suite", "tests", "snapshot"]), st.floats(0, 1))
@settings(deadline=None, max_examples=60)
def test_a_file_that_is_cut_is_refused(name: str, share: float) -> None:
    whole = (OURS / f"{name}.json").read_bytes()
    with pytest.raises(UnreadableError):
        read(a_file(whole[: int(len(whole) * share * 0.999)]))


@given(st.binary(max_size=200))
@settings(deadline=None, max_examples=60)
def test_anything_else_is_refused(data: bytes) -> None:
    assert answered(read, a_file(data)) == ()


@pytest.mark.parametrize("make", [make for _, make in JUNK], ids=[what for what, _ in JUNK])
def test_fifty_megabytes_of_junk_are_refused_in_little_memory(make: Callable[[int], bytes]) -> None:
    junk = make(50 * MEGABYTE)
    for head in (b'{"tests":', b'{"version":"0.4","tests":', b'{"metric_results":', b'{"suite":'):
        refused_cheaply(read, a_file(head + junk + b"}"))
