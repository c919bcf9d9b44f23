"""What plans, states and logs of a real engine would do, counted: to the last resource."""

from __future__ import annotations

import pytest

from quarterdeck.app.sources.terraform.reading import read

from .stacks import CONTRACTS, PAYLOADS, a_file, counts, part_of

MIXED = {"create": 1, "update": 4, "delete": 1, "replace": 1, "drift": 2}
CONTRACT = {
    "infracost.example_plan.json": {"create": 5},
    "tf-summarize.example.tfplan.json": {"no-op": 1, "create": 7, "drift": 3},
    "terraform-1.15.5.01_create_all.plan.json": {"create": 9},
    "terraform-1.15.5.01_create_all.plan-stream.jsonl": {"create": 9},
    "terraform-1.15.5.01_apply-stream.jsonl": {"create": 9},
    "terraform-1.15.5.02_no_changes.plan.json": {"no-op": 9},
    "terraform-1.15.5.03_drift.plan.json": {"no-op": 7, "create": 1, "update": 1, "drift": 2},
    "terraform-1.15.5.03_drift.plan-stream.jsonl": {"create": 1, "update": 1, "drift": 2},
    "terraform-1.15.5.05_mixed_drift.plan.json": {"no-op": 2, **MIXED},
    "terraform-1.15.5.05_mixed_drift.plan-stream.jsonl": {"no-op": 1, **MIXED},
    "terraform-1.15.5.07_error.plan-stream.jsonl": {},
}
CHANGED = {"create": 1, "update": 1, "delete": 1, "replace": 1, "forget": 1}
OURS = {
    "1-create.plan.json": {"create": 8},
    "1-create.plan.jsonl": {"create": 8},
    "2-apply.jsonl": {"create": 8},
    "2-apply.state.json": {"no-op": 8},
    "3-same.plan.json": {"no-op": 8},
    "3-same.plan.jsonl": {},
    "4-drift.plan.json": {"no-op": 6, "create": 1, "update": 1, "drift": 2},
    "4-drift.plan.jsonl": {"create": 1, "update": 1, "drift": 2},
    "5-refresh.plan.json": {"no-op": 2, "drift": 2},
    "5-refresh.plan.jsonl": {"no-op": 2, "drift": 2},
    "6-mixed.plan.json": {"no-op": 4, **CHANGED, "drift": 2},
    "6-mixed.plan.jsonl": {"no-op": 2, **CHANGED, "drift": 2},
    "7-saved.apply.jsonl": CHANGED,
    "7-saved.state.json": {"no-op": 7},
    "8-failed.apply.jsonl": {"create": 2},
    "9-destroy.plan.json": {"delete": 8},
    "9-destroy.plan.jsonl": {"delete": 8},
    "10-error.plan.jsonl": {},
    "11-precondition.plan.json": {"no-op": 7, "delete": 1},
    "11-precondition.plan.jsonl": {"delete": 1},
}


@pytest.mark.skipif(not CONTRACTS.exists(), reason="the published contracts are not here")
@pytest.mark.parametrize("name", CONTRACT)
def test_each_file_of_the_contracts_is_counted_as_its_tool_counts_it(name: str) -> None:
    part = read(a_file((CONTRACTS / name).read_bytes(), name), "serving")
    assert counts(part) == CONTRACT[name]
    assert not part.complaint


@pytest.mark.skipif(not CONTRACTS.exists(), reason="the published contracts are not here")
def test_no_file_of_the_contracts_is_left_out() -> None:
    assert {path.name for path in CONTRACTS.glob("*.json*")} == CONTRACT.keys()


@pytest.mark.parametrize("name", OURS)
def test_each_file_of_ours_is_counted_as_the_engine_counts_it(name: str) -> None:
    part = part_of((PAYLOADS / f"terraform-1.15.5.{name}").read_bytes())
    assert counts(part) == OURS[name]
    assert not part.complaint
    assert part.is_over


def test_no_file_of_ours_is_left_out() -> None:
    assert {path.name.removeprefix("terraform-1.15.5.") for path in PAYLOADS.glob("*.json*")} == OURS.keys()


def test_what_a_plan_says_and_what_its_log_says_are_the_same() -> None:
    for name in ("1-create", "4-drift", "6-mixed", "9-destroy"):
        plan, log = (
            part_of((PAYLOADS / f"terraform-1.15.5.{name}.plan.{end}").read_bytes()) for end in ("json", "jsonl")
        )
        told = {one.address: (one.type, one.module, one.action, one.reason, one.drift) for one in plan.resources}
        for one in log.resources:
            assert told[one.address] == (one.type, one.module, one.action, one.reason, one.drift)
        assert plan.changes == log.changes
