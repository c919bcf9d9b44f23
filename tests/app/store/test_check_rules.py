"""Whether a rule asks more or less than the one before: told where limits alone differ, and all of them one way."""

from __future__ import annotations

from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quarterdeck.app.records import Limit
from quarterdeck.app.store.check_rules import Rule, change_between

HIGHER: Literal["higher"] = "higher"


def at_least(value: float, name: str = "mostly") -> Limit:
    return Limit(name=name, value=value, strict="higher")


def at_most(value: float, name: str = "max_value") -> Limit:
    return Limit(name=name, value=value, strict="lower")


def between(low: float, high: float, more: str = "") -> Rule:
    return Rule(f"between(amount) {low} and {high}{more}", (at_least(low, "min_value"), at_most(high)))


@pytest.mark.parametrize(
    ("before", "after", "change"),
    [
        (between(0, 10), between(0, 10), None),
        (between(0, 10), between(0, 12), "loosened"),
        (between(0, 10), between(-1, 12), "loosened"),
        (between(0, 10), between(1, 10), "tightened"),
        (between(0, 10), between(1, 12), "changed"),
        (between(0, 10), between(0, 12, " where region = 'eu'"), "changed"),
        (between(0, 10), between(0, 10, " where region = 'eu'"), "changed"),
        (between(0, 10), Rule("between(amount) 0", (at_least(0, "min_value"),)), "changed"),
        (between(0, 10), Rule(), None),
        (Rule(), between(0, 10), None),
        (Rule("a = 1"), Rule("a = 2"), "changed"),
    ],
)
def test_only_limits_that_all_differ_the_same_way_loosen_or_tighten(
    before: Rule, after: Rule, change: str | None
) -> None:
    assert change_between(before, after) == change


def severe(word: str, value: float, mostly: float = 0.9) -> Rule:
    limits = (at_least(mostly), at_least(value, "severity"))
    return Rule(f'{{"column":"id","mostly":{mostly},"severity":"{word}","type":"not_null"}}', limits)


def test_a_limit_may_be_written_as_a_word() -> None:
    assert change_between(severe("critical", 3), severe("warning", 1)) == "loosened"
    assert change_between(severe("warning", 1), severe("critical", 3)) == "tightened"
    assert change_between(severe("critical", 3, 0.9), severe("warning", 1, 0.95)) == "changed"


def test_the_same_number_may_be_written_in_other_digits() -> None:
    assert change_between(Rule("x < 1e3", (at_most(1000),)), Rule("x < 1500.0", (at_most(1500),))) == "loosened"


def test_a_name_that_is_a_part_of_another_is_not_taken_for_it() -> None:
    before = Rule("max=3 max_age=3", (at_most(3, "max"),))
    after = Rule("max=4 max_age=5", (at_most(4, "max"),))
    assert change_between(before, after) == "changed"


def test_a_limit_that_is_no_number_says_nothing() -> None:
    nan = float("nan")
    assert change_between(Rule("x < 1", (at_most(1),)), Rule("x < nan", (at_most(nan),))) == "changed"


def test_a_name_with_signs_of_regular_expressions_does_no_harm() -> None:
    odd = "fail.(greater|Than"
    before, after = (Rule(f"{odd}=5 rows {n}", (at_most(n, odd),)) for n in (5, 7))
    assert change_between(before, after) in ("loosened", "changed")


@given(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6))
def test_the_way_back_is_the_contrary(one: float, other: float) -> None:
    before, after = (Rule(f"mostly={value}", (at_least(value),)) for value in (one, other))
    contrary = {"loosened": "tightened", "tightened": "loosened", None: None, "changed": "changed"}
    assert change_between(after, before) == contrary[change_between(before, after)]
    if one < other:
        assert change_between(before, after) == "tightened"


def test_a_definition_of_a_megabyte_is_compared_at_once() -> None:
    long = "x" * 1_000_000
    assert change_between(Rule(f"{long} 1", (at_most(1),)), Rule(f"{long} 2", (at_most(2),))) == "changed"


def test_a_number_like_a_limit_that_is_written_by_its_name_is_another_thing() -> None:
    before = Rule("accepted_values(plan) values=[1, 2] mostly=1", (at_least(1),))
    after = Rule("accepted_values(plan) values=[0.9, 2] mostly=0.9", (at_least(0.9),))
    assert change_between(before, after) == "changed"
