"""pandera's failures in all the forms in which people keep them; no value of the data is among what is read."""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quarterdeck.app.records import Invocation
from quarterdeck.app.records.check import Limit
from quarterdeck.app.sources.checks.pandera import ONLY_FAILURES, read
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

OURS = PAYLOADS / "pandera"
JANE = "jane.doe@example.org"
TRIPS = [
    ("fail", "accepted_values(vendor)", "vendor", 1),
    ("fail", "at_least(fare)", "fare", 9),
    ("fail", "at_least(passengers)", "passengers", 30),
    ("fail", "exists(dropoff)", "dropoff", None),
    ("fail", "not_null(vendor)", "vendor", 1),
    ("fail", "of_type(pickup)", "pickup", None),
    ("fail", "too few rows", "", None),
    ("fail", "unique(trip_id)", "trip_id", 3),
]
USERS = [
    ("error", "boom(age)", "age", None),
    ("fail", "a_before_b", "", 1),
    ("fail", "accepted_values(plan)", "plan", 2),
    ("fail", "between(age)", "age", 2),
    ("fail", "coerce_dtype(id)", "id", 1),
    ("fail", "exists(gone_col)", "gone_col", None),
    ("fail", "exists(missing_col)", "missing_col", None),
    ("fail", "field_name(idx)", "idx", None),
    ("fail", "greater_than(idx)", "idx", 1),
    ("fail", "in_schema(a)", "a", None),
    ("fail", "in_schema(b)", "b", None),
    ("fail", "lambda_2(age)", "age", 1),
    ("fail", "match_regex(émail)", "émail", 2),
    ("fail", "mean age(age)", "age", None),
    ("fail", "not_null(id)", "id", 1),
    ("fail", "of_type(id)", "id", 1),
    ("fail", "too few rows", "", None),
    ("fail", "unique(id)", "id", 2),
]
FORMS = ["records.json", "lines.jsonl", "columns.json", "csv"]


def ours(name: str) -> Invocation:
    (one,) = read(a_file((OURS / name).read_bytes(), f"reports/{name}"))
    return one


def raw(name: str) -> Any:
    return json.loads((OURS / name).read_text())


def cases(one: Invocation) -> list[tuple[object, ...]]:
    return sorted(rows(one, "outcome", "name", "column", "failed_rows"), key=str)


def case(**fields: object) -> dict[str, object]:
    """A failure case of the column `plan`."""
    known = {"schema_context": "Column", "column": "plan", "check": "isin(['free'])", "check_number": 0, "index": 1}
    return known | {"failure_case": JANE} | fields


def message(*errors: object, reason: str = "DATAFRAME_CHECK") -> Invocation:
    (one,) = read(a_file(written({"DATA": {reason: list(errors)}})))
    return one


def test_the_recorded_failure_cases_are_eight_failed_checks(contracts: Path) -> None:
    file = contracts / "results/pandera/pandera-0.35.0.failure_cases.records.json"
    (one,) = read(a_file(file.read_bytes(), "reports/trips-2026-11-22.json"))
    assert cases(one) == TRIPS
    assert (one.suite, one.at, one.complaint, one.is_whole) == ("trips", WRITTEN, ONLY_FAILURES, False)
    assert {result.name: result.observed for result in one.results}["at_least(passengers)"] == "30 unexpected"


@pytest.mark.parametrize("name", ["pandera-0.35.0.schema-errors.message.json", "pandera-0.35.0.schema-errors.str.txt"])
def test_the_recorded_message_and_text_are_the_same_eight(contracts: Path, name: str) -> None:
    (one,) = read(a_file((contracts / "results/pandera" / name).read_bytes()))
    assert cases(one) == [(*row[:3], None) for row in TRIPS]
    assert (one.suite, {result.dataset for result in one.results}) == ("trips", {"trips"})
    (dtype,) = [result for result in one.results if result.name == "of_type(pickup)"]
    assert (dtype.observed, dtype.expected) == ("str", "type 'datetime64[ns]'")
    assert (one.at, one.complaint) == (WRITTEN, ONLY_FAILURES)


@pytest.mark.parametrize("form", FORMS)
def test_failure_cases_say_the_same_in_every_form(form: str) -> None:
    one = ours(f"pandera-0.35.0.{form}")
    assert cases(one) == sorted(USERS, key=str)
    assert one.results == ours("pandera-0.35.0.records.json").results


@pytest.mark.parametrize("name", ["pandera-0.35.0.str.txt", "pandera-0.18.3.message.json"])
def test_messages_of_both_lines_name_the_same_checks(name: str) -> None:
    known = sorted((row[:3] for row in USERS), key=str)
    if "0.18" in name:  # it does not name functions, and stops at the first column that is too much
        known = [("error", "check(age)", "age") if row[1] == "boom(age)" else row for row in known if row[2] != "b"]
    assert sorted(rows(ours(name), "outcome", "name", "column"), key=str) == sorted(known, key=str)
    assert {result.dataset for result in ours(name).results} == {"users"}


def test_polars_says_it_in_the_same_words() -> None:
    assert rows(ours("pandera-0.35.0.polars.message.json"), "name", "dataset") == [
        ("exists(nope)", "users_pl"),
        ("not_null(plan)", "users_pl"),
        ("between(age)", "users_pl"),
        ("accepted_values(plan)", "users_pl"),
    ]


def test_columns_that_are_unique_together_are_one_check() -> None:
    (first, *_) = ours("pandera-0.35.0.together.message.json").results
    assert (first.name, first.column, first.expected) == ("unique(a, plan)", "a, plan", "no duplicates")
    (together,) = [one for one in ours("pandera-0.35.0.together.records.json").results if one.name == "unique"]
    assert together.failed_rows == 2


def test_the_rule_is_told_with_its_limits() -> None:
    (age,) = [one for one in ours("pandera-0.35.0.records.json").results if one.name == "between(age)"]
    assert age.limits == (
        Limit(name="min_value", value=0, strict="higher"),
        Limit(name="max_value", value=120, strict="lower"),
    )
    assert (age.definition, age.expected) == ("in_range(0, 120)", "0 to 120")


def test_of_a_function_of_the_project_nobody_knows_the_rule() -> None:
    (boom,) = [one for one in ours("pandera-0.35.0.records.json").results if one.name == "boom(age)"]
    assert (boom.definition, boom.definition_hash, boom.message) == ("", None, "It raised ValueError.")


def test_a_traceback_around_the_message_does_no_harm() -> None:
    text = (OURS / "pandera-0.35.0.str.txt").read_bytes()
    (one,) = read(a_file(b"Traceback (most recent call last):\npandera.errors.SchemaErrors: " + text + b"\n\nexit 1\n"))
    assert one.results == ours("pandera-0.35.0.str.txt").results


@pytest.mark.parametrize("data", [b"[]", b"{}", b'{"SCHEMA": {}, "DATA": {}}', b"check,failure_case\n"])
def test_no_failure_is_not_green(data: bytes) -> None:
    (one,) = read(a_file(data))
    assert (one.results, one.is_whole) == ((), False)
    assert one.complaint == "It names no failure, and pandera does not tell which checks passed."


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "it is empty"),
        (b"all is well", "it holds no failures of pandera"),
        (b'{"a": 1}', "it holds no failures of pandera"),
        (b'{"results": []}', "it holds no failures of pandera"),
        (b'[{"a": 1}]', "its rows are no failure cases of pandera"),
        (b'[{"check": "x"}', "it is cut"),
        (b'{"SCHEMA": 1}', "its errors are none of pandera"),
        (b'{"SCHEMA": {"X": [1]}}', "its errors are none of pandera"),
        (b'check,failure_case\n"a', "it is no CSV"),
    ],
)
def test_what_are_no_failures_is_refused_by_name(data: bytes, why: str) -> None:
    with pytest.raises(UnreadableError, match=why):
        read(a_file(data))


def test_two_checks_of_one_function_are_two_checks() -> None:
    (one,) = read(a_file(written([case(check_number=0), case(check_number=1), case(check_number=1, index=2)])))
    assert rows(one, "name", "ordinal", "failed_rows") == [
        ("accepted_values(plan)", 0, 1),
        ("accepted_values(plan)", 1, 2),
    ]


def test_rows_are_counted_also_where_an_index_is_there_twice() -> None:
    (one,) = read(a_file(written([case(index=7), case(index=7)])))
    assert one.results[0].failed_rows == 2


def test_no_value_of_the_data_gets_into_a_record() -> None:
    checks = [
        "isin(['free', 'jane.doe@example.org'])",
        "not_nullable",
        JANE,
        "<lambda>",
        "column_in_dataframe",
        "dtype('x')",
    ]
    found = [
        *read(a_file(written([case(check=check, index=index) for check in checks for index in (JANE, None, 1)]))),
        *read(a_file(b"column,check,failure_case,index\n" + f"plan,str_length(),{JANE},{JANE}\n".encode())),
        message(
            {
                "schema": "s",
                "column": "plan",
                "check": "isin([1])",
                "error": f"Column 'plan' ... failure cases: {JANE}",
            },
            {
                "schema": "s",
                "column": "plan",
                "check": None,
                "error": f"<Check at_least: {JANE}> failure cases: {JANE}",
            },
            {"schema": "s", "column": "plan", "check": "dtype('x')", "error": f"expected 'plan', got {JANE}"},
            {"schema": "s", "column": "plan", "check": "x", "error": f"Error while executing check: {JANE}('{JANE}')"},
            {"schema": "s", "column": "plan", "check": f"str_matches('{JANE}')", "error": JANE},
        ),
    ]
    text = encoded(found)
    assert "jane" not in text
    for file in OURS.iterdir():
        assert "@example.org" not in encoded(read(a_file(file.read_bytes())))


def test_the_order_of_keys_says_nothing() -> None:
    (one,) = read(a_file(written(reordered(raw("pandera-0.35.0.records.json")))))
    assert one.results == ours("pandera-0.35.0.records.json").results


@pytest.mark.parametrize("name", [f"pandera-0.35.0.{form}" for form in (*FORMS, "str.txt")])
def test_a_file_cut_anywhere_is_refused_or_read(name: str) -> None:
    data = (OURS / name).read_bytes().rstrip()
    for end in range(0, len(data), 37):
        answered(read, a_file(data[:end]))


@given(
    mutations(raw("pandera-0.35.0.records.json")[:8])
    | mutations(raw("pandera-0.35.0.columns.json"))
    | mutations(raw("pandera-0.35.0.together.message.json"))
)
@settings(max_examples=400, deadline=None)
def test_anything_in_any_place_gives_an_invocation_or_a_refusal(value: object) -> None:
    answered(read, a_file(written(value)))


def test_an_address_as_any_value_is_in_no_record() -> None:
    for name, spared in (
        ("records.json", ("column", "schema_context")),
        ("together.message.json", ("column", "schema")),
    ):
        report = raw(f"pandera-0.35.0.{name}")
        for place in places(report):
            if place and place[-1] not in spared:
                assert "jane" not in encoded(answered(read, a_file(written(changed(report, place, JANE)))))


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
@settings(max_examples=200, deadline=None)
def test_any_bytes_are_refused_in_a_sentence(data: bytes) -> None:
    assert all(one.results == () for one in answered(read, a_file(data)))  # {} is a file without failures


CASE = (
    b'{"schema_context":"Column","column":"plan","check":"isin([1])","check_number":0,"failure_case":"%s","index":%d},'
)
RICH: list[tuple[str, Callable[[int], bytes]]] = [
    ("cases", lambda size: b"[" + b"".join(CASE % (b"x", n) for n in range(size // 1_000)) + b"{}]"),
    ("lines", lambda size: b"".join(CASE[:-1] % (b"x", n) + b"\n" for n in range(size // 1_000))),
    ("checks", lambda size: b"[" + b"".join(b'{"check":"%d"},' % n for n in range(size // 20)) + b"{}]"),
    ("objects in a case", lambda size: b'[{"check":"x","failure_case":[' + b"{}," * (size // 3) + b"{}]}]"),
    ("CSV", lambda size: b"column,check,failure_case,index\n" + b"plan,isin(),x,1\n" * (size // 500)),
    ("CSV of one field", lambda size: b'check,failure_case\n"' + b"x" * size),
    ("braces", lambda size: b'"},{' * (size // 4)),
    ("text", lambda size: b'{"SCHEMA": {"X": [{"check": "x", "error": "' + b"<Check " * (size // 7) + b'"}]}}'),
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


def test_half_a_million_bad_values_are_one_failed_check() -> None:
    data = b"[" + b"".join(CASE % (b"x},{", n) for n in range(450_000))[:-1] + b"]"
    (one,) = read(a_file(data))
    assert counted(one) == {"fail": 1}
    assert one.results[0].failed_rows == 450_000
