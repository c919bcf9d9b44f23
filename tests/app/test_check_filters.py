"""Filters of checks: the grammar of the runs, other fields, and messages that speak of checks."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quarterdeck.app.errors import FilterError
from quarterdeck.app.query import CHECKS, Compare, Field, Has, Sort, Words, matches_check, parse, parse_sort, write
from quarterdeck.app.records import Check, CheckResult, DataIdentity, Identities

NOW = 1_763_780_820_000
HOUR = 3_600_000
DAY = 24 * HOUR
NEWEST = CheckResult(
    name="not_null(customer_id)", dataset="shop.orders", column="customer_id", outcome="fail", severity="critical",
    observed="3.1 % null", expected="at most 1 %", failed_rows=31, total_rows=1000,
)  # fmt: skip
CHECK = Check(
    source="k", source_name="nightly", id="00ff", tool="dbt", suite="orders", name=NEWEST.name, dataset="shop.orders",
    column="customer_id", environment="prod", newest=NEWEST, newest_id="00ff.1", checked_at=NOW - 4 * DAY,
    interval="2025-11-18", commit="4f2c91a0", run_id="r1", pipeline_id="p1", results=30, usual=DAY, flips=5,
    first_failed_at=NOW - 6 * DAY, first_failed_commit="20aa4d1", last_passed_at=NOW - 7 * DAY, rule_change="loosened",
    rule_changed_at=NOW - 9 * DAY, rule_changed_commit="4f2c91a0",
)  # fmt: skip
SAME = Identities([DataIdentity(name="orders", same=(("dbt", "shop.orders"), ("gx", "orders_asset")))])


def passes(text: str, check: Check = CHECK) -> bool:
    node = parse(text, now=NOW, vocabulary=CHECKS)
    assert node is not None
    return matches_check(node, check, NOW, SAME)


@pytest.mark.parametrize(
    "text",
    [
        "not_null", "'CUSTOMER_ID'", "outcome:fail", "status:fail", "outcome = fail", "outcome in (fail, error)",
        "tool:dbt",
        "suite = orders", "name ~ '^not_null'", "dataset = orders", "dataset = 'shop.orders'", "dataset:shop",
        "table:shop", "column:customer", "environment:prod", "env = prod", "severity:critical", "checked_at < -3d",
        "age > 3d", "age < 5d", "failed_rows >= 31", "total_rows = 1000", "share > 0.03", "share < 0.032",
        "failing_share > 0", "silent", "silent:yes", "silent = true", "has silent", "removed:no", "not removed",
        "not has removed", "flapping", "flapping != 0", "silent in (yes)", "commit:4f2c", "run_id = r1",
        "pipeline_id:p1", "first_failed_at > -7d", "since < -5d", "first_failed_commit:20aa", "last_passed_at < -6d",
        "rule:loosened", "rule_changed_at > -10d", "rule_commit:4f2c", "results > 20", "usual = 1d", "usual < 25h",
        "interval:2025-11", "data_interval = '2025-11-18'", "source:nightly", "id = 00ff", "observed:null",
        "has expected", "silent and not outcome:pass", "dataset != nothing",
    ],
)  # fmt: skip
def test_what_is_true_of_a_check(text: str) -> None:
    assert passes(text)
    node = parse(text, now=NOW, vocabulary=CHECKS)
    assert parse(write(node), now=NOW, vocabulary=CHECKS) == node


@pytest.mark.parametrize(
    "text",
    [
        "outcome:pass", "silent:no", "removed", "removed:yes", "dataset = order", "share > 0.5", "rule:tightened",
        "commit = 4f2c", "age < 3d", "nothing", "not flapping", "not silent",
    ],
)  # fmt: skip
def test_what_is_not(text: str) -> None:
    assert not passes(text)


def test_a_flag_may_stand_alone_and_in_quotes_is_a_word() -> None:
    assert parse("Silent", now=NOW, vocabulary=CHECKS) == Has(Field("check", "silent"))
    assert parse("'silent'", now=NOW, vocabulary=CHECKS) == Words("silent")


@given(st.sampled_from(("silent", "removed", "flapping", "fresh", "age")))
def test_a_word_that_is_written_is_read_as_that_word(word: str) -> None:
    assert parse(write(Words(word)), now=NOW, vocabulary=CHECKS) == Words(word)


@pytest.mark.parametrize("text", ["tool:gx", "tool:GX", "tool = gx", "tool:'great expectations'"])
def test_a_tool_goes_by_the_word_that_the_table_has_for_it(text: str) -> None:
    parsed = parse(text, now=NOW, vocabulary=CHECKS)
    assert isinstance(parsed, Compare)
    assert (parsed.field, parsed.value) == (Field("check", "tool"), "great_expectations")


def test_checks_are_sorted_by_any_field() -> None:
    assert parse_sort("share:desc", vocabulary=CHECKS) == Sort(Field("check", "share"), descending=True)
    assert parse_sort("age", vocabulary=CHECKS) == Sort(Field("check", "checked_at"), descending=True)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("outcome:red", "“red” is no outcome of a check: pass, warn, fail, error, skipped."),
        ("silent > 1", "“>” does not go with a yes or no: it takes =, !=, in, not in."),
        ("silent:maybe", "“maybe” is neither yes nor no."),
        ("metrics.auc > 1", "“metrics.auc” is no field of a check."),
        ("failed_row > 1", "Did you mean “failed_rows”?"),
    ],
)
def test_a_mistake_says_what_would_be_right(text: str, said: str) -> None:
    with pytest.raises(FilterError, match=re.escape(said)):
        parse(text, now=NOW, vocabulary=CHECKS)
