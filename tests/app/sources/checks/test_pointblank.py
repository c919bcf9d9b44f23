"""Pointblank's JSON reports: steps that pass, fail, are tolerated, could not be evaluated, or were switched off."""

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
from quarterdeck.app.records.check import CheckResult, Limit
from quarterdeck.app.sources.checks.pointblank import read
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

OURS = PAYLOADS / "pointblank"
JANE = "jane.doe@example.org"
THRESHOLDS = "Thresholds(warning=0.01, error=0.05, critical=0.2)"
NONE = "Thresholds(warning=None, error=None, critical=None)"


def ours(name: str) -> Invocation:
    (one,) = read(a_file((OURS / name).read_bytes(), f"reports/{name}"))
    return one


def raw(name: str) -> Any:
    return json.loads((OURS / name).read_text())


def step(**fields: object) -> CheckResult:
    """A step over 200 rows of the column `plan`."""
    known = {"assertion_type": "col_vals_not_null", "column": "plan", "active": True, "thresholds": NONE, "n": 200}
    ((one,),) = [one.results for one in read(a_file(written([known | fields])))]
    return one


def test_the_recorded_report_says_what_stands_in_it(contracts: Path) -> None:
    file = contracts / "results/pointblank/pointblank-1.1.1.report.json"
    (one,) = read(a_file(file.read_bytes(), "reports/orders-2026-11-22.json"))
    assert rows(one, "outcome", "severity", "name", "column", "observed", "failed_rows", "total_rows") == [
        ("warn", "", "not_null(vendor)", "vendor", "0.5 % null", 1, 200),
        ("warn", "warning", "accepted_values(vendor)", "vendor", "2 unexpected of 200 (1 %)", 2, 200),
        ("warn", "warning", "between(fare)", "fare", "9 unexpected of 200 (4.5 %)", 9, 200),
        ("fail", "error", "greater_than(passengers)", "passengers", "30 unexpected of 200 (15 %)", 30, 200),
        ("warn", "warning", "unique(trip_id)", "trip_id", "3 unexpected of 200 (1.5 %)", 3, 200),
        ("pass", "", "exists(fare)", "fare", None, None, None),
        ("pass", "", "exists(trip_id)", "trip_id", None, None, None),
        ("pass", "", "row_count", "", None, None, None),
        ("error", "", "greater_than(no_such_column)", "no_such_column", None, None, 200),
        ("skipped", "", "greater_than(fare)", "fare", None, None, None),
    ]
    assert one.at == round(datetime.fromisoformat("2026-11-22T09:32:53.546+00:00").timestamp() * 1000)
    assert (one.suite, one.complaint) == ("orders", "")
    assert one.is_whole


@pytest.mark.parametrize(
    ("name", "outcomes"),
    [
        ("pointblank-1.1.1.json", {"pass": 16, "warn": 3, "fail": 11, "error": 1, "skipped": 1}),
        ("pointblank-0.9.6.json", {"pass": 16, "warn": 3, "fail": 11, "skipped": 1}),
        ("pointblank-1.1.1.nothresholds.json", {"fail": 1}),
        ("pointblank-1.1.1.uninterrogated.json", {"error": 1}),
        ("pointblank-1.1.1.emptytable.json", {"error": 2}),
    ],
)
def test_reports_of_both_lines_are_counted(name: str, outcomes: dict[str, int]) -> None:
    assert counted(ours(name)) == outcomes


def test_a_rule_is_told_with_its_limits() -> None:
    told = {one.name: one for one in ours("pointblank-1.1.1.json").results}
    age = told["between(age)"]
    assert age.limits == (
        Limit(name="warning_count", value=1, strict="lower"),
        Limit(name="error", value=0.5, strict="lower"),
        Limit(name="min_value", value=0, strict="higher"),
        Limit(name="max_value", value=120, strict="lower"),
    )
    assert age.expected == "0 to 120; warning from 1"
    assert told["unique(a, plan)"].column == "a, plan"
    assert told["match_regex(émail)"].expected == "matches ^[^@]+@[^@]+$; warning from 1"
    assert told["unique"].expected == "no duplicates; warning from 1"


def test_a_function_is_the_same_rule_wherever_it_lay_in_memory() -> None:
    first = step(assertion_type="col_vals_expr", values="<function <lambda> at 0x7eff1f9b1f80>")
    assert first.definition == step(assertion_type="col_vals_expr", values="<function <lambda> at 0x1>").definition


def test_segments_are_told_apart_without_their_values() -> None:
    segments = [one for one in ours("pointblank-1.1.1.json").results if " by " in one.name]
    assert [(one.name, one.ordinal) for one in segments] == [("greater_than(age) by plan", n) for n in range(6)]
    assert all("free" not in one.definition for one in segments)


@pytest.mark.parametrize(
    ("fields", "outcome", "severity"),
    [
        ({"all_passed": True}, "pass", ""),
        ({"all_passed": 1}, "pass", ""),
        ({"all_passed": 0, "n_failed": 1}, "fail", ""),
        ({"n_failed": 0}, "pass", ""),
        ({"n_failed": 1}, "fail", ""),
        ({"all_passed": False, "thresholds": THRESHOLDS}, "warn", ""),
        ({"all_passed": False, "thresholds": THRESHOLDS, "warning": True}, "warn", "warning"),
        ({"all_passed": False, "thresholds": THRESHOLDS, "warning": True, "error": True}, "fail", "error"),
        ({"all_passed": False, "thresholds": THRESHOLDS, "critical": 1}, "fail", "critical"),
        ({"all_passed": None, "active": False, "n": None}, "skipped", ""),
        ({"all_passed": None, "active": False, "n": 200}, "error", ""),
        ({"all_passed": None, "active": False, "n": 0}, "error", ""),
        ({"all_passed": None}, "error", ""),
        ({"all_passed": "perhaps"}, "error", ""),
        ({"all_passed": True, "eval_error": True}, "error", ""),
    ],
)
def test_the_outcome_of_a_step(fields: dict[str, object], outcome: str, severity: str) -> None:
    one = step(**fields)
    assert (one.outcome, one.severity) == (outcome, severity)


def test_what_could_not_be_evaluated_says_so() -> None:
    assert step(active=False).message == "It could not be evaluated; the report does not say why."
    assert step().message == "The report does not say whether it passed."
    assert (
        step(all_passed=False, thresholds=THRESHOLDS).message == "Fewer failed than each of its thresholds tolerates."
    )
    assert step(all_passed=True, brief="{auto}", label=f"ask {JANE}").message == "ask …"


def test_a_report_without_steps_is_not_green() -> None:
    (one,) = read(a_file(b"[]"))
    assert (one.results, one.complaint, one.at) == ((), "The report holds no steps.", WRITTEN)
    assert not one.is_whole


def test_no_value_of_the_data_gets_into_a_record() -> None:
    values: list[object] = [JANE, [JANE, "b"], {"pattern": JANE}, {"schema": JANE}, [JANE, 1]]
    for type_ in ("col_vals_in_set", "col_vals_between", "col_vals_gt", "col_vals_regex", "rows_distinct", JANE):
        for value in values:
            found = step(
                assertion_type=type_, values=value, segments=["plan", JANE], pre=JANE, brief=JANE, label=JANE,
                eval_error=JANE, failed_rows=[JANE], extract=[{"plan": JANE}], thresholds=JANE,
            )  # fmt: skip
            assert "jane" not in encoded([Invocation(source="", id="", tool="pointblank", at=0, results=(found,))])
    text = encoded([ours("pointblank-1.1.1.json"), ours("pointblank-0.9.6.json")])
    assert "@example.org" not in text


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "it is empty"),
        (b"{}", "it is not of the expected shape"),
        (b"[1]", "it is not of the expected shape"),
        (b'[{"a": 1}]', "its entries are no steps of Pointblank"),
        (b'[{"assertion_type": "x"}', "it is cut"),
    ],
)
def test_what_is_no_report_is_refused_by_name(data: bytes, why: str) -> None:
    with pytest.raises(UnreadableError, match=why):
        read(a_file(data))


def test_a_step_that_says_nothing_is_missed() -> None:
    (one,) = read(a_file(b'[{"assertion_type": "col_exists", "all_passed": true}, {}]'))
    assert (len(one.results), one.is_whole) == (1, False)
    assert one.complaint == "1 of 2 steps do not say what they assert."


def test_the_order_of_keys_says_nothing() -> None:
    (one,) = read(a_file(written(reordered(raw("pointblank-1.1.1.json")))))
    assert one.results == ours("pointblank-1.1.1.json").results


def test_a_report_cut_anywhere_is_refused() -> None:
    data = (OURS / "pointblank-0.9.6.json").read_bytes().rstrip()
    for end in range(0, len(data), 97):
        assert answered(read, a_file(data[:end])) == ()


@given(mutations(raw("pointblank-1.1.1.json")[:3] + raw("pointblank-1.1.1.json")[15:18]))
@settings(max_examples=300, deadline=None)
def test_anything_in_any_place_gives_an_invocation_or_a_refusal(value: object) -> None:
    answered(read, a_file(written(value)))


def test_an_address_in_any_place_but_a_columns_name_is_in_no_record() -> None:
    report = raw("pointblank-1.1.1.json")[:20]
    for place in places(report):
        if place and "column" not in place and place[-2:] != ("segments", 0):
            assert "jane" not in encoded(answered(read, a_file(written(changed(report, place, JANE)))))


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
@settings(max_examples=200, deadline=None)
def test_any_bytes_are_refused_in_a_sentence(data: bytes) -> None:
    assert answered(read, a_file(data)) == ()


RICH: list[tuple[str, Callable[[int], bytes]]] = [
    ("steps", lambda size: b"[" + b'{"assertion_type":"x"},' * (size // 23) + b"{}]"),
    ("values", lambda size: b'[{"assertion_type":"x","values":[' + b"[]," * (size // 3) + b"0]}]"),
    ("label", lambda size: b'[{"assertion_type":"x","label":"' + b"a@b." * (size // 4) + b'"}]'),
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
