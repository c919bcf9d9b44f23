"""What can be copied of checks and their results."""

from __future__ import annotations

import json
from typing import Any

from quarterdeck.app.check_copies import check_copies, check_json, result_copies
from quarterdeck.app.records import Check, CheckResult, PastResult

AT = 1_773_000_000_000
HOUR = 3_600_000


def check(**changes: Any) -> Check:
    newest = CheckResult(
        name="not_null(customer_id)", dataset="orders", column="customer_id", outcome="fail", observed="3.1 % null",
        expected="at most 1 %", failed_rows=31, total_rows=1_000, definition="not_null customer_id mostly=0.99",
    )  # fmt: skip
    facts: dict[str, Any] = {
        "source": "d" * 16, "id": "4f2c91ab7d00e1aa", "tool": "great_expectations", "suite": "orders_suite",
        "name": newest.name, "dataset": "orders", "column": "customer_id", "environment": "prod", "newest": newest,
        "newest_id": "4f2c91ab7d00e1aa.77", "checked_at": AT, "first_failed_at": AT - HOUR, "usual": HOUR,
        "last_passed_at": AT - 2 * HOUR, "rule_change": "loosened", "rule_changed_at": AT - HOUR,
        "rule_changed_commit": "4f2c91a",
    }  # fmt: skip
    return Check(**(facts | changes))


def forms(*checks: Check, now: int = AT) -> dict[str, str]:
    return {copy.label: copy.text for copy in check_copies(checks, now)}


def test_a_check_is_copied_as_its_id_the_command_that_opens_it_markdown_and_json() -> None:
    found = forms(check())
    assert list(found) == ["id", "command", "Markdown", "JSON"]
    assert found["id"] == "4f2c91ab7d00e1aa"
    assert found["command"] == "quarterdeck open check/4f2c91ab7d00e1aa"
    assert "### check `not_null(customer_id)`: fail" in found["Markdown"]
    assert "| observed | `3.1 % null` |" in found["Markdown"]
    assert json.loads(found["JSON"])["failing_share"] == 0.031


def test_several_checks_are_one_copy_a_form() -> None:
    found = forms(check(), check(id="b" * 16))
    assert found["ids"].split("\n") == ["4f2c91ab7d00e1aa", "b" * 16]
    assert [one["id"] for one in json.loads(found["JSON"])] == ["4f2c91ab7d00e1aa", "b" * 16]
    assert not check_copies([], AT)


def test_json_says_since_when_a_check_fails_what_became_of_its_rule_and_that_it_is_silent() -> None:
    made = check_json(check(), AT + 4 * HOUR)
    assert made["first_failed_at"] == "2026-03-08T19:00:00Z"
    assert made["rule_change"] == {
        "kind": "loosened", "at": "2026-03-08T19:00:00Z", "not_before": None, "commit": "4f2c91a", "before": "",
    }  # fmt: skip
    assert made["silent_since"] == "2026-03-08T23:00:00Z"
    assert check_json(check(rule_change=None), AT)["rule_change"] is None
    assert check_json(check(), AT)["silent_since"] is None


def test_a_name_that_is_markup_or_a_control_sequence_is_neither_in_a_copy() -> None:
    hostile = check(name="| x `\x1b[31m")
    assert "\x1b" not in forms(hostile)["Markdown"] + forms(hostile)["JSON"]
    assert json.loads(forms(hostile)["JSON"])["name"] == "| x `\x1b[31m"


def test_a_result_is_copied_by_its_own_id() -> None:
    past = PastResult(id="4f2c91ab7d00e1aa.77", result=check().newest, at=AT)
    found = {copy.label: copy.text for copy in result_copies(past)}
    assert found["command for the result"] == "quarterdeck open result/4f2c91ab7d00e1aa.77"
    assert json.loads(found["JSON of the result"])["observed"] == "3.1 % null"
