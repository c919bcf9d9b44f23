"""Great Expectations, 0.x and 1.x: what each of its files says, and what is kept out of the records."""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quarterdeck.app.records import Invocation
from quarterdeck.app.records.check import Limit
from quarterdeck.app.sources.checks.great_expectations import read
from quarterdeck.app.sources.checks.reading import UnreadableError

from .readers import (
    JUNK,
    MEGABYTE,
    PAYLOADS,
    WRITTEN,
    a_file,
    answered,
    changed,
    counted,
    encoded,
    mutations,
    places,
    reordered,
    rows,
    written,
)

OURS = PAYLOADS / "great_expectations"
STORED = "validations/files_suite/__none__/20261129T160152.828879Z/files-users_csv-year_2026-month_11-day_18.json"
FINGERPRINT = "1ce047e499da133444073191e1173993"
JANE = "jane.doe@example.org"

MIXED_0 = [
    ("error", "not_null(no_such_column)", "no_such_column", None, None, None),
    ("pass", "row_count", "", "200", None, None),
    ("fail", "not_null(vendor)", "vendor", "0.5 % null", 1, 200),
    ("fail", "accepted_values(vendor)", "vendor", "1 unexpected of 200 (0.503 %)", 1, 200),
    ("pass", "between(fare)", "fare", "9 unexpected of 200 (4.5 %)", 9, 200),
    ("fail", "between(passengers)", "passengers", "30 unexpected of 200 (15 %)", 30, 200),
    ("fail", "unique(trip_id)", "trip_id", "3 unexpected of 200 (1.5 %)", 3, 200),
]
MIXED_1 = [
    ("pass", "row_count", "", "200", None, None),
    ("pass", "columns_match_ordered_list", "", "5 columns", None, None),
    ("fail", "not_null(vendor)", "vendor", "0.5 % null", 1, 200),
    ("warn", "accepted_values(vendor)", "vendor", "1 unexpected of 200 (0.503 %)", 1, 200),
    ("pass", "between(fare)", "fare", "9 unexpected of 200 (4.5 %)", 9, 200),
    ("pass", "mean(fare)", "fare", "36.087", None, None),
    ("warn", "between(passengers)", "passengers", "30 unexpected of 200 (15 %)", 30, 200),
    ("fail", "unique(trip_id)", "trip_id", "3 unexpected of 200 (1.5 %)", 3, 200),
]
ERROR_1 = [
    ("error", "not_null(no_such_column)", "no_such_column", None, None, None),
    ("pass", "exists(fare)", "fare", None, None, None),
    ("pass", "match_regex(pickup)", "pickup", "0 unexpected of 200 (0 %)", 0, 200),
]
RECORDED = {
    "gx-0.18.21.validation.mixed.summary.json": ("trips.mixed", "0.18.21", "2026-11-22T09:24:31.194", MIXED_0),
    "gx-0.18.21.checkpoint-result.json": ("trips.mixed", "0.18.21", "2026-11-22T09:24:32.020", MIXED_0),
    "gx-1.24.1.validation-store.mixed.summary.json": ("trips.mixed", "1.24.1", "2026-11-22T09:23:15.030", MIXED_1),
    "gx-1.24.1.validation-store.error.json": ("trips.error", "1.24.1", "2026-11-22T09:23:15.343", ERROR_1),
    "gx-1.24.1.validation.mixed.boolean_only.json": (
        "trips.mixed", "1.24.1", "2026-11-22T09:23:15.231", [(*row[:3], None, None, None) for row in MIXED_1]
    ),
}  # fmt: skip
FIELDS = ("outcome", "name", "column", "observed", "failed_rows", "total_rows")


def millis(text: str) -> int:
    return round(datetime.fromisoformat(f"{text}+00:00").timestamp() * 1000)


def ours(name: str) -> Invocation:
    (one,) = read(a_file((OURS / name).read_bytes(), f"gx/uncommitted/{name}"))
    return one


def raw(name: str) -> Any:
    return json.loads((OURS / name).read_text())


def validation(*results: object, **fields: object) -> Invocation:
    """A validation result of 1.x with these results."""
    meta = {"great_expectations_version": "1.24.1", "validation_time": "2026-11-22T09:23:15+00:00"}
    file = {"success": False, "results": list(results), "suite_name": "s", "meta": meta} | fields
    (one,) = read(a_file(written(file)))
    return one


def result(type_: str = "expect_column_values_to_not_be_null", **fields: Any) -> dict[str, object]:
    """The result of an expectation on the column `plan`."""
    config = {"type": type_, "kwargs": {"column": "plan", "batch_id": "b"} | fields.pop("kwargs", {}), "meta": {}}
    config |= {key: fields.pop(key) for key in ("severity", "notes", "description", "id") if key in fields}
    return {"success": False, "expectation_config": config, "result": {}, "exception_info": {}} | fields


@pytest.mark.parametrize("name", RECORDED)
def test_every_recorded_validation_says_what_stands_in_it(contracts: Path, name: str) -> None:
    suite, version, time, results = RECORDED[name]
    (one,) = read(a_file((contracts / "results/great_expectations" / name).read_bytes()))
    assert (one.suite, one.version, one.at, one.dataset_digest) == (suite, version, millis(time), FINGERPRINT)
    assert {result.dataset for result in one.results} == {"trips"}
    assert rows(one, *FIELDS) == results
    assert one.is_whole
    assert one.complaint == ""


def test_a_checkpoint_that_was_described_names_neither_suite_nor_time(contracts: Path) -> None:
    file = contracts / "results/great_expectations/gx-1.24.1.checkpoint-describe.json"
    first, second = read(a_file(file.read_bytes()))
    assert rows(first, *FIELDS) == [("fail" if row[0] == "warn" else row[0], *row[1:]) for row in MIXED_1]
    assert rows(second, "outcome", "name", "observed", "ordinal") == [
        ("pass", "row_count", "200", 1),
        ("pass", "exists(fare)", None, 0),
        ("pass", "max(fare)", "79.17", 0),
    ]
    assert {result.dataset for one in (first, second) for result in one.results} == {"trips"}
    assert [(one.suite, one.at, one.is_whole) for one in (first, second)] == [("", WRITTEN, False)] * 2
    assert second.id == f"{first.id}-1"


def test_the_rule_is_told_in_one_line_with_its_limits() -> None:
    (check,) = [one for one in ours("gx-1.24.1.complete.json").results if one.name == "not_null(id)"]
    assert check.definition == (
        '{"column":"id","mostly":0.95,"severity":"critical","type":"expect_column_values_to_not_be_null"}'
    )
    assert check.limits == (
        Limit(name="mostly", value=0.95, strict="higher"),
        Limit(name="severity", value=3, strict="higher"),
    )
    assert (check.expected, check.observed) == ("no nulls, in at least 95 %", "20 % null")


def test_a_file_with_all_rows_gives_the_counts_and_none_of_the_rows() -> None:
    one = ours("gx-1.24.1.complete.json")
    assert counted(one) == {"error": 2, "fail": 21, "pass": 4}
    text = encoded([one])
    assert "@example.org" not in text
    assert "bad name" not in text
    told = {(r.name, r.column): (r.observed, r.expected) for r in one.results}
    assert told["greater_than(a, b)", "a, b"] == ("4 unexpected of 5 (80 %)", "a ≥ b")
    assert told["unique(id, plan)", "id, plan"] == ("0 unexpected of 5 (0 %)", "no duplicates")
    assert told["match_regex(émail ☃)", "émail ☃"] == ("2 unexpected of 5 (40 %)", "matches ^[^@]+@[^@]+$")
    assert told["columns_match_set", ""] == ("7 columns", "columns id, a, zzz")
    assert told["quantile_values(age)", "age"] == ("-3, 17", None)
    assert told["of_type(plan)", "plan"] == ("str", "type int64")
    assert told["most_common_value_to_be_in_set(plan)", "plan"] == ("1 value", "one of free")
    assert told["legal_age(age)", "age"][0] == "1 unexpected of 5 (20 %)"


def test_a_file_of_the_store_tells_suite_time_and_interval_by_its_place_too() -> None:
    one = ours(STORED)
    assert (one.suite, one.interval, one.interval_at) == ("files_suite", "2026-11-18", millis("2026-11-18"))
    file = raw(STORED)
    del file["meta"], file["suite_name"]
    (bare,) = read(a_file(written(file), f"gx/uncommitted/{STORED}"))
    assert (bare.suite, bare.at) == ("files_suite", millis("2026-11-29T16:01:52.829"))
    assert (bare.interval, bare.results[0].dataset) == ("2026-11-18", "users_csv")


@pytest.mark.parametrize("name", ["gx-1.24.1.checkpoint-run-results.json", STORED])
def test_a_checkpoints_runs_read_like_its_files(name: str) -> None:
    one = ours(name)
    assert rows(one, "outcome", "name", "dataset") == [
        ("fail", "not_null(id)", "users_csv"),
        ("pass", "row_count", "users_csv"),
    ]
    assert (one.suite, one.at) == ("files_suite", millis("2026-11-29T16:01:52.829"))


def test_a_checkpoint_over_two_assets_is_two_runs_of_one_suite() -> None:
    file = OURS / "gx-0.18.21.sql.checkpoint.json"
    first, second = read(a_file(file.read_bytes()))
    assert (first.suite, second.suite) == ("sql_suite", "sql_suite")
    assert {one.dataset for one in first.results} == {"users_asset"}
    assert rows(second, "outcome", "name", "dataset", "observed") == [
        ("pass", "not_null(id)", "q_asset", "0 % null"),
        ("fail", "unique(id)", "q_asset", "2 unexpected of 3 (66.7 %)"),
        ("fail", "match_regex(email)", "q_asset", "1 unexpected of 3 (33.3 %)"),
    ]
    assert first.interval_at == second.interval_at == millis("2026-11-18")
    assert "jane" not in encoded([first, second])


def test_a_query_for_unexpected_rows_is_told_without_what_it_looks_for() -> None:
    one = ours("gx-1.24.1.sql.json")
    assert counted(one) == {"error": 1, "fail": 3, "pass": 1}
    (query,) = [check for check in one.results if check.name == "unexpected_rows"]
    assert (query.observed, query.expected, query.message) == ("1", "no such rows", "no jane")
    assert "like '…'" in query.definition


def test_what_version_0_15_writes_is_read() -> None:
    one = ours("gx-0.15.50.complete.json")
    assert (one.suite, one.version, one.interval) == ("default", "0.15.50", "2026-11-18")
    assert counted(one) == {"pass": 3, "fail": 6, "error": 1}
    (pair,) = [check for check in one.results if check.column == "a, b"]
    assert (pair.name, pair.expected) == ("greater_than(a, b)", "a ≥ b")
    (raised,) = [check for check in one.results if check.outcome == "error"]
    assert (
        raised.message == "TypeError: Column values, min_value, and max_value must either be None or of the same type."
    )


def test_results_that_were_left_out_are_missed_and_not_taken_for_removed() -> None:
    one = ours("gx-0.15.50.failures.json")
    assert one.complaint == "It holds 7 of 10 results: the others were left out when it was written."
    assert not one.is_whole


def test_a_suite_without_expectations_is_not_green() -> None:
    one = ours("gx-1.24.1.no-expectations.json")
    assert (one.suite, one.results, one.complaint) == ("nothing", (), "The suite holds no expectations.")
    assert not one.is_whole


def test_a_single_expectation_is_no_suite() -> None:
    one = ours("gx-1.24.1.one.json")
    assert rows(one, "outcome", "name", "failed_rows") == [("fail", "not_null(id)", 1)]
    assert not one.is_whole
    (both,) = read(a_file(written([raw("gx-1.24.1.one.json")] * 2)))
    assert [check.ordinal for check in both.results] == [0, 1]


@pytest.mark.parametrize(
    ("severity", "outcome"),
    [("critical", "fail"), ("warning", "warn"), ("info", "warn"), ("odd", "fail"), (None, "fail")],
)
def test_severity_says_how_bad_a_failure_is(severity: str | None, outcome: str) -> None:
    (check,) = validation(result(severity=severity)).results
    assert (check.outcome, check.severity) == (outcome, severity or "")


def test_a_version_that_tells_its_severities_changes_no_rule() -> None:
    (old,) = validation(result()).results
    (new,) = validation(result(severity="critical")).results
    assert (old.definition, old.limits) == (new.definition, new.limits)


@pytest.mark.parametrize(
    "info",
    [
        {
            "raised_exception": True,
            "exception_message": f"no number: {JANE}\nrow 1: {JANE}",
            "exception_traceback": JANE,
        },
        {"MetricConfigurationID(x)": {"raised_exception": True, "exception_message": f"no number: {JANE}"}},
    ],
)
def test_what_raised_could_not_run_and_its_first_line_is_told_without_data(info: object) -> None:
    one = validation(result(exception_info=info, severity="info"))
    assert rows(one, "outcome", "message") == [("error", "no number: …")]


def test_a_result_that_says_nothing_is_not_green() -> None:
    one = validation(result(success=None), result(success="perhaps"), result(success=1), result(success="True"))
    assert [check.outcome for check in one.results] == ["error", "error", "pass", "pass"]


def test_alike_expectations_keep_their_numbers_when_one_of_them_raises() -> None:
    """The tool writes those that raise first."""
    raised = {"raised_exception": True, "exception_message": "no"}
    fine = [result(id="1", kwargs={"row_condition": "a"}), result(id="2", kwargs={"row_condition": "b"})]
    broken = [result(id="2", kwargs={"row_condition": "b"}, exception_info=raised), fine[0]]
    before, after = validation(*fine), validation(*broken)
    assert {check.definition: check.ordinal for check in before.results} == {
        check.definition: check.ordinal for check in after.results
    }


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"min_value": 1, "max_value": 6.0}, {"max_value": 6, "min_value": 1.0, "mostly": 1.0}),
        ({"value_set": ["a", "b"]}, {"value_set": ["b", "a"]}),
        ({}, {"min_value": None, "result_format": "BASIC", "batch_id": "other"}),
    ],
)
def test_what_makes_no_difference_makes_no_other_rule(one: dict[str, Any], other: dict[str, Any]) -> None:
    (first,) = validation(result("expect_column_values_to_be_between", kwargs=one)).results
    (second,) = validation(result("expect_column_values_to_be_between", kwargs=other)).results
    assert first.definition_hash == second.definition_hash


@pytest.mark.parametrize(
    ("identifiers", "interval"),
    [
        ({"year": "2026", "month": "11", "day": "8"}, "2026-11-08"),
        ({"year": 2026, "month": 11}, "2026-11"),
        ({"year": "2026"}, "2026"),
        ({"year": "2026", "month": "11", "day": "08", "hour": "6"}, "2026-11-08T06"),
        ({"partition": "2026-11-18"}, "2026-11-18"),
        ({"path": "data/orders_20261118.csv"}, "2026-11-18"),
        ({"path": "data/2026-11-01_2026-11-18.csv"}, ""),
        ({"year": "20x6"}, ""),
        ({"dataframe": "<DATAFRAME>"}, ""),
    ],
)
def test_the_interval_is_what_the_batch_is_of(identifiers: dict[str, object], interval: str) -> None:
    meta = {"great_expectations_version": "1", "active_batch_definition": {"batch_identifiers": identifiers}}
    assert validation(result(), meta=meta).interval == interval


@pytest.mark.parametrize(
    ("run_name", "interval"),
    [
        ("2026-11-18", "2026-11-18"),
        ("scheduled__2026-11-18T00:00:00+00:00", "2026-11-18T00:00:00+00:00"),
        ("nightly", ""),
    ],
)
def test_a_run_that_is_named_by_a_time_names_the_interval(run_name: str, interval: str) -> None:
    meta = {
        "great_expectations_version": "1",
        "run_id": {"run_name": run_name, "run_time": "2026-11-22T09:23:15+00:00"},
    }
    one = validation(result(), meta=meta)
    assert (one.interval, one.at) == (interval, millis("2026-11-22T09:23:15"))


def test_no_value_of_the_data_gets_into_a_record() -> None:
    lists = {
        "partial_unexpected_list": [JANE], "unexpected_list": [JANE], "unexpected_rows": [{"plan": JANE}],
        "partial_unexpected_counts": [{"value": JANE, "count": 1}], "unexpected_index_list": [{"plan": JANE}],
        "details": {"mismatched": [JANE]}, "observed_value": JANE, "unexpected_count": 1, "element_count": 2,
    }  # fmt: skip
    info = {"raised_exception": True, "exception_message": f"bad: {JANE}", "exception_traceback": f"x\n{JANE}"}
    kwargs = {
        "value_set": [JANE, "free"], "regex": JANE, "row_condition": f'email=="{JANE}"', "min_value": JANE,
        "unexpected_rows_query": f"select 1 where a = '{JANE}'",
    }  # fmt: skip
    types = (
        "expect_column_values_to_be_in_set", "expect_column_max_to_be_between", "expect_column_values_to_be_of_type",
        "unexpected_rows_expectation", f"expect_{JANE}",
    )  # fmt: skip
    found = validation(
        *(result(type_, kwargs=kwargs, result=lists, notes=JANE, severity=severity) for type_ in types
          for severity in ("info", JANE)),
        *(result(type_, kwargs=kwargs, result=lists, exception_info=info, description=f"of {JANE}") for type_ in types),
    )  # fmt: skip
    assert len(found.results) == 15
    assert "jane" not in encoded([found])
    for observed in (
        [JANE],
        {"quantiles": [1], "values": [JANE]},
        {"value": JANE},
        f"{JANE} unexpected rows",
        [[JANE]],
    ):
        assert "jane" not in encoded([validation(result(result={"observed_value": observed}))])


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "it is empty"),
        (b"  \n", "it is empty"),
        (b"<xml/>", "it is no JSON"),
        (b'{"results": [', "it is cut"),
        (b"[]", "it holds no validation result of Great Expectations"),
        (b"{}", "it holds no validation result of Great Expectations"),
        (b'{"results": []}', "it holds no validation result of Great Expectations"),
        (b'{"metadata": {}, "results": [{"status": "pass"}]}', "it holds no validation result of Great Expectations"),
        (b'{"run_results": [1]}', "its run_results are no validation results"),
        (b'{"a": {"results": []}}', "it holds no validation result of Great Expectations"),
    ],
)
def test_what_is_no_validation_is_refused_by_name(data: bytes, why: str) -> None:
    with pytest.raises(UnreadableError, match=why):
        read(a_file(data))


def test_numbers_that_are_none_and_halves_of_characters_are_read() -> None:
    file = raw("gx-1.24.1.one.json")
    file["result"] |= {
        "observed_value": float("nan"),
        "partial_unexpected_list": [float("inf"), "\ud800", "\U0001f600"],
    }
    (one,) = read(a_file(written(file)))
    assert one.results[0].failed_rows == 1


def test_a_file_of_another_encoding_is_read() -> None:
    text = (OURS / "gx-1.24.1.one.json").read_text()
    assert read(a_file(text.encode("utf-16")))[0].results == read(a_file(text.encode("utf-8-sig")))[0].results


@pytest.mark.parametrize("name", ["gx-1.24.1.complete.json", "gx-0.15.50.complete.json"])
def test_the_order_of_keys_says_nothing(name: str) -> None:
    (one,) = read(a_file(written(reordered(raw(name)))))
    assert one.results == ours(name).results


def test_a_file_cut_anywhere_is_refused_or_read() -> None:
    data = (OURS / "gx-0.15.50.complete.json").read_bytes()
    for end in range(0, len(data), 61):
        assert answered(read, a_file(data[:end])) == ()


@given(mutations(raw(STORED)) | mutations(raw("gx-1.24.1.checkpoint-run-results.json")))
@settings(max_examples=300, deadline=None)
def test_anything_in_any_place_gives_an_invocation_or_a_refusal(value: object) -> None:
    answered(read, a_file(written(value), STORED))


def test_an_address_in_any_place_of_what_was_seen_is_in_no_record() -> None:
    file = raw("gx-1.24.1.complete.json")
    spots = [
        place for place in places(file)
        if ("result" in place or "exception_info" in place) and place[-1] not in ("raised_exception", "result")
    ]  # fmt: skip
    for place in spots:
        assert "jane" not in encoded(answered(read, a_file(written(changed(file, place, JANE)))))


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
@settings(max_examples=200, deadline=None)
def test_any_bytes_are_refused_in_a_sentence(data: bytes) -> None:
    assert answered(read, a_file(data)) == ()


_LARGE = b'{"expectation_config":{"type":"expect_x","kwargs":{"column":"c","regex":"%s"}},"success":true}'
RICH: list[tuple[str, Callable[[int], bytes]]] = [
    ("results", lambda size: b'{"results":[' + b'{"expectation_type":"x"},' * (size // 25) + b"{}]}"),
    ("runs", lambda size: b'{"run_results":{' + b'"a":{"results":[],"statistics":{}},' * (size // 36) + b'"b":{}}}'),
    (
        "rule",
        lambda size: b'{"results":[{"expectation_type":"x","kwargs":{"value_set":[' + b"[]," * (size // 3) + b"0]}}]}",
    ),
    (
        "note",
        lambda size: b'[{"expectation_type":"x","success":true,"meta":{"notes":"' + b"a@b." * (size // 4) + b'"}}]',
    ),
]


@pytest.mark.parametrize("make", [make for _, make in JUNK + RICH], ids=[name for name, _ in JUNK + RICH])
def test_fifty_megabytes_of_anything_cost_a_few_times_their_size(make: Callable[[int], bytes]) -> None:
    file = a_file(make(50 * MEGABYTE))
    tracemalloc.start()
    try:
        answered(read, file)
        assert tracemalloc.get_traced_memory()[1] < 130 * MEGABYTE  # beside the file itself
    finally:
        tracemalloc.stop()


def test_a_file_that_is_larger_is_not_looked_at() -> None:
    with pytest.raises(UnreadableError, match="at most 64 MB are read"):
        read(a_file(bytes(64 * MEGABYTE + 1)))
