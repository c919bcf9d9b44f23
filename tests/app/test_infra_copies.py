"""What can be copied of stacks and resources."""

from __future__ import annotations

import json
from typing import Any

from quarterdeck.app.infra_copies import resource_copies, stack_copies
from quarterdeck.app.records import Resource, Stack

AT = 1_773_000_000_000


def resource(**changes: Any) -> Resource:
    facts: dict[str, Any] = {
        "stack": "serving", "address": 'aws_lb.api["eu"]', "type": "aws_lb", "name": "api", "action": "replace",
        "changed": ("subnets",), "forces": ("subnets",), "drift": "update", "drifted": ("tags",),
    }  # fmt: skip
    return Resource(**(facts | changes))


def stack(*resources: Resource) -> Stack:
    return Stack(source="t" * 16, name="serving", tool="opentofu", status="drifted", planned_at=AT,
                 resources=resources, models=("churn",))  # fmt: skip


def test_a_stack_is_copied_with_what_its_plan_would_do() -> None:
    found = {copy.label: copy.text for copy in stack_copies(stack(resource()))}
    assert list(found) == ["name", "subject", "command", "Markdown", "JSON"]
    assert found["command"] == "quarterdeck open resource/serving"
    assert "| plan | `1 replace, 1 drift` |" in found["Markdown"]
    made = json.loads(found["JSON"])
    assert (made["counts"]["replace"], made["planned_at"]) == (1, "2026-03-08T20:00:00Z")


def test_the_counts_that_are_known_without_the_resources_are_taken() -> None:
    found = {copy.label: copy.text for copy in stack_copies(stack(), {"create": 3})}
    assert "| plan | `3 create` |" in found["Markdown"]


def test_a_resource_is_copied_by_its_address_and_with_the_command_of_its_tool() -> None:
    found = {copy.label: copy.text for copy in resource_copies(resource(), stack())}
    assert found["address"] == 'aws_lb.api["eu"]'
    assert found["command"] == "quarterdeck open resource/serving/aws_lb.api%5B%22eu%22%5D"
    assert found["tofu command"] == "tofu state show 'aws_lb.api[\"eu\"]'"
    made = json.loads(found["JSON"])
    assert (made["changed"], made["forces"], made["drifted"]) == (["subnets"], ["subnets"], ["tags"])
