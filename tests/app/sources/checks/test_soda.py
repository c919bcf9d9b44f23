"""Scan results of Soda 3, and what is said of Soda 4, which leaves none."""

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
from quarterdeck.app.sources.checks.reading import UnreadableError
from quarterdeck.app.sources.checks.soda import read

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

OURS = PAYLOADS / "soda"


def raw(name: str) -> Any:
    return json.loads((OURS / name).read_text())


def one(file: object) -> Invocation:
    (found,) = read(a_file(written(file)))
    return found


def a_scan(*checks: object, **fields: object) -> Any:
    return raw("backfill.json") | {"checks": list(checks)} | fields


def a_check(definition: str, **fields: object) -> dict[str, object]:
    return raw("backfill.json")["checks"][0] | {"definition": f"checks for orders:\n  {definition}"} | fields  # type: ignore[no-any-return]  # of JSON


def millis(text: str) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


def test_a_recorded_scan_is_told_whole(contracts: Path) -> None:
    (scan,) = read(a_file((contracts / "results/soda/soda-core-3.5.6.scan.mixed.json").read_bytes()))
    assert (scan.tool, scan.version, scan.suite, scan.environment) == ("soda", "3.5.6", "Soda Core CLI", "trips_duck")
    assert (scan.at, scan.is_whole, scan.complaint) == (millis("2026-11-22T09:30:37"), False, "")
    assert counted(scan) == {"pass": 3, "warn": 1, "fail": 5}
    assert {result.dataset for result in scan.results} == {"trips"}
    assert rows(scan, "name", "column", "outcome", "observed", "expected", "failed_rows", "total_rows") == [
        ("row_count", "", "pass", "200 rows", "100 to 300", None, None),
        ("schema", "", "fail", "1 schema event(s); missing: no_such_column", None, None, None),
        ("negative fares", "", "fail", "9 failing rows", None, 9, 200),
        ("not_null(vendor) vendor must be filled", "vendor", "fail", "1 missing", "0", 1, 200),
        ("accepted_values(vendor)", "vendor", "pass", "0.5 %", "less than 1 %", 1, 200),
        ("unique(trip_id) trip ids are unique", "trip_id", "warn", "1 duplicate", "at most 0", 1, 200),
        ("mean(fare)", "fare", "pass", "36.087", "10 to 60", None, None),
        ("min(fare)", "fare", "fail", "-1.91", "at least 0", None, None),
        ("freshness(pickup)", "pickup", "fail", "320 d", "at most 24 h", None, None),
    ]


def test_a_recorded_scan_without_checks_is_not_green(contracts: Path) -> None:
    (scan,) = read(a_file((contracts / "results/soda/soda-core-3.5.6.scan.zero-checks.json").read_bytes()))
    assert (scan.suite, scan.results, scan.at) == ("nightly-trips", (), millis("2026-11-22T09:30:42"))
    assert scan.complaint == "No check was evaluated: Soda found none in the files that it was given."
    assert not scan.is_whole


def test_what_soda_4_prints_is_refused_with_the_reason(contracts: Path) -> None:
    console = (contracts / "results/soda/soda-core-4.28.0.contract-verify.console.txt").read_bytes()
    with pytest.raises(UnreadableError, match="Soda 4 writes no file of results"):
        read(a_file(console))
    with pytest.raises(UnreadableError, match="soda scan -srf FILE"):
        read(a_file(b"[15:56:20] Soda Core 3.5.6\n[15:56:20] Scan summary:\n"))


def test_every_recorded_file_is_in_the_tests_above(contracts: Path) -> None:
    assert len([path for path in (contracts / "results" / "soda").iterdir() if path.suffix != ".md"]) == 3


def test_a_real_scan_of_many_kinds_of_checks_has_a_name_for_each() -> None:
    scan = one(raw("nightly.json"))
    assert counted(scan) == {"pass": 9, "fail": 16, "warn": 1, "skipped": 1}
    assert [result.name for result in scan.results if result.dataset == "orders"][:25] == [
        "row_count [daily]", "not_null(email) Daily emails [daily]", "row_count", "unique(order_id, customer_id)",
        "schema",
        "relationships(customer_id)", "failed_rows", "Gold plans by SQL", "amount_sum", "high_amounts",
        "row_count same as customers", "row_count filled", "not_null(email) Email is there", "valid(email)",
        "unique(email)",
        "avg_length(email)", "not_null(customer_id)", "accepted_values(plan)", "between(amount)", "stdev(amount)",
        "percentile(amount, 0.95)", "unique(order_id)", "freshness(loaded_at)", "freshness(loaded_at)",
        "n enough orders by country [group f9b4]",
    ]  # fmt: skip
    assert [result.ordinal for result in scan.results if result.name == "freshness(loaded_at)"] == [0, 1]


def test_a_scan_with_errors_says_what_is_missing() -> None:
    scan = one(raw("nightly.json"))
    assert scan.complaint.startswith("4 of 31 checks were not evaluated: Soda Core must be configured")
    assert not scan.is_whole
    broken = one(raw("broken.json"))
    assert (broken.results, broken.is_whole) == ((), False)
    assert 'Referenced column "nope" not found' in broken.complaint


def test_what_was_not_evaluated_was_skipped_for_a_reason_or_could_not_run() -> None:
    reason = {"outcomeReasons": [{"code": "notEnoughHistory", "message": "Skipping ann@example.com"}]}
    skipped = one(a_scan(a_check("row_count > 1", outcome=None, **reason), hasErrors=True)).results[0]
    assert (skipped.outcome, skipped.message) == ("skipped", "Skipping …")
    assert one(a_scan(a_check("row_count > 1", outcome=None), hasErrors=True)).results[0].outcome == "error"
    assert one(a_scan(a_check("row_count > 1", outcome=None), hasErrors=False)).results[0].outcome == "skipped"
    assert one(a_scan(a_check("row_count > 1", outcome="splendid"))).results[0].outcome == "error"


def test_a_time_of_the_data_that_is_not_the_scans_own_is_the_interval() -> None:
    backfill = one(raw("backfill.json"))
    assert (backfill.interval, backfill.interval_at) == ("2026-11-18", millis("2026-11-18"))
    assert backfill.is_whole
    assert one(raw("nightly.json")).interval == ""


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("missing_count(email) = 0", "missing_count(email) < 5"),
        ("missing_count(email) <= 1", "missing_count(email) <= 3"),
    ],
)
def test_rules_that_differ_by_their_number_are_the_same_but_for_it(before: str, after: str) -> None:
    first, second = (one(a_scan(a_check(text))).results[0] for text in (before, after))
    assert first.name == second.name
    assert [limit.name for limit in first.limits] == [limit.name for limit in second.limits] == ["fail.greaterThan"]
    assert first.limits[0].value < second.limits[0].value
    for result in (first, second):
        assert result.definition == f"missing_count(email) <= {result.limits[0].value:.0f}"


@pytest.mark.parametrize(
    ("definition", "rule", "hours"),
    [("freshness(loaded_at) < 6h30m", "freshness(loaded_at) < 6.5 h", [6.5]),
     ("- freshness(loaded_at):\n      warn: when > 1d\n      fail: when > 2d12h\n",
      "freshness(loaded_at); warn: when > 24 h; fail: when > 60 h", [24, 60])],
)  # fmt: skip
def test_durations_are_limits_in_hours(definition: str, rule: str, hours: list[float]) -> None:
    result = one(a_scan(a_check(definition, diagnostics={"value": 3_600_000 * 5}))).results[0]
    assert (result.definition, [limit.value for limit in result.limits], result.observed) == (rule, hours, "5 h")


@pytest.mark.parametrize(
    ("definition", "name"),
    [
        ("- anomaly detection for row_count", "anomaly(row_count)"),
        ("- anomaly score for avg(amount) < default", "anomaly(avg(amount))"),
        ("- change avg last 7 for row_count < 50", "change(row_count)"),
        ("- row_count same as customers in other_source", "row_count same as customers in other_source"),
        ("- values in (a, b) must exist in t (c, d)", "relationships(a, b)"),
        ("- invalid_count(mail) = 0:\n      valid regex: '.+@.+'", "match_regex(mail)"),
        ("- invalid_percent(n) = 0:\n      valid max: 3", "between(n)"),
        ("- distribution_difference(size) > 0.05", "distribution_difference(size)"),
        ("- avg(fare):\n      name: fair fares\n      warn: when > 5", "mean(fare) fair fares"),
    ],
)
def test_names_hold_the_metric_and_no_number_of_the_rule(definition: str, name: str) -> None:
    assert one(a_scan(a_check(definition, column=None))).results[0].name == name


def test_a_check_without_its_definition_has_the_name_that_soda_made() -> None:
    made = one(a_scan(a_check("") | {"definition": None, "name": "row_count between 5 and 7"})).results[0]
    assert made.name == "row_count"


def test_severity_is_an_attribute_and_other_sources_are_named() -> None:
    check = a_check("row_count > 1", resourceAttributes=[{"name": "Severity", "value": "high"}], dataSource="lake")
    result = one(a_scan(check)).results[0]
    assert (result.severity, result.dataset) == ("high", "lake.orders")


def test_no_value_of_the_data_is_told() -> None:
    file = raw("nightly.json")
    assert "ann@example.com" in json.dumps(file), "as an attribute, so that the test means something"
    for check in file["checks"]:
        check["diagnostics"] |= {"value": "ann@example.com", "maxColumnTimestamp": "ann@example.com"}
        check["diagnostics"]["blocks"] = [
            {"type": "file", "sampleRows": [["bo@example.com"]], "text": "bo@example.com"}
        ]
        check["group"] = {"name": "by mail", "distinctLabel": "cy@example.com"}
        check["name"] += " [cy@example.com]"
    file["logs"].insert(0, {"level": "error", "message": "Conversion Error: 'dee@example.com' and eve@example.com"})
    text = encoded(read(a_file(written(file))))
    assert "example.com" not in text
    assert "'FR'" not in text


def test_a_scan_without_times_was_made_when_it_was_written() -> None:
    file = {key: value for key, value in raw("backfill.json").items() if not key.endswith("Timestamp")}
    assert one(file).at == WRITTEN


def test_order_of_keys_changes_nothing_but_the_id() -> None:
    assert one(reordered(raw("nightly.json"))).results == one(raw("nightly.json")).results


def test_what_is_no_scan_is_refused() -> None:
    files: list[object] = [{}, [], {"definitionName": "x"}, {"checks": None}, {"checks": "x"}]
    for file in files:
        with pytest.raises(UnreadableError):
            read(a_file(written(file)))


SMALL = raw("nightly.json")
SMALL = SMALL | {
    "checks": SMALL["checks"][1:8] + SMALL["checks"][-2:],
    "metrics": SMALL["metrics"][:4],
    "logs": SMALL["logs"][:14],
}


@given(mutations(SMALL))
@settings(deadline=None, max_examples=200)
def test_whatever_stands_anywhere_gives_an_invocation_or_a_sentence(file: object) -> None:
    answered(read, a_file(written(file)))


@given(st.text(alphabet="checks for:\n -()[]%<>=0123456789dhms.,'\"ameou@", max_size=120))
@settings(deadline=None, max_examples=200)
def test_any_definition_is_read(definition: str) -> None:
    assert answered(read, a_file(written(a_scan(a_check("") | {"definition": definition}))))


@given(st.floats(0, 1))
@settings(deadline=None, max_examples=60)
def test_a_file_that_is_cut_is_refused(share: float) -> None:
    whole = (OURS / "nightly.json").read_bytes()
    with pytest.raises(UnreadableError):
        read(a_file(whole[: int(len(whole) * share * 0.999)]))


@given(st.binary(max_size=200))
@settings(deadline=None, max_examples=60)
def test_anything_else_is_refused(data: bytes) -> None:
    assert answered(read, a_file(data)) == ()


@pytest.mark.parametrize("make", [make for _, make in JUNK], ids=[what for what, _ in JUNK])
def test_fifty_megabytes_of_junk_are_refused_in_little_memory(make: Callable[[int], bytes]) -> None:
    junk = make(50 * MEGABYTE)
    for data in (junk, b'{"checks":' + junk + b"}", b'{"checks":[],"logs":' + junk + b"}"):
        refused_cheaply(read, a_file(data))
