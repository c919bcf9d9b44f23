"""Which gates may go unmet, by whom, and how long."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from quarterdeck.app.records import Actor

from .evidence import CY, DAY, HOUR, MINUTE, NOW, POLICY, REGISTRY, World, policy

DI = Actor(name="di", email="di@example.com", strength="signed")
AUC = "metric:val_auc"


@pytest.fixture
def poor(world: World) -> World:
    """The candidate's metric fails."""
    world.run("14", 0.7, 111.0, ended_at=NOW - 9 * HOUR)
    world.rule(policy(approvals=""))
    assert world.gate(AUC).state == "fail"
    return world


def test_a_waiver_lets_a_gate_go_unmet_and_says_who_and_why(poor: World) -> None:
    assert poor.gate(AUC).waivable
    before = poor.plan()
    poor.waive(AUC, why="the new market has few labels")
    gate = poor.gate(AUC)
    assert (gate.state, gate.value, gate.blocks) == ("waived", 0.7, False)
    assert gate.sentence == "waived by cy (signed): the new market has few labels"
    assert gate.notes == ("without it: fail, val_auc 0.7 < 0.8, −0.238 on v13, needs +0.002, same data",)
    assert gate.waived is not None
    assert gate.waived.until == NOW + HOUR
    assert poor.plan().applicable
    assert poor.plan().id != before.id


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"by": DI}, "the policy does not name them"),
        ({"by": replace(CY, strength="claimed")}, "only claimed"),
        ({"until": NOW}, "it ended"),
        ({"at": NOW - 23 * HOUR - MINUTE}, "longer than 24h"),
        ({"at": NOW + HOUR, "until": NOW + 2 * HOUR}, "dated in the future"),
        ({"why": " "}, "no reason is given"),
    ],
)
def test_a_waiver_that_the_policy_does_not_allow_is_told_and_does_nothing(
    poor: World, changes: dict[str, Any], why: str
) -> None:
    poor.waive(AUC, **changes)
    gate = poor.gate(AUC)
    assert (gate.state, gate.waived) == ("fail", None)
    assert gate.notes[0].endswith(f"may not waive it: {why}")


@pytest.mark.parametrize("changes", [{"version": "15"}, {"alias": "staging"}, {"model": "risk"}, {"gate": "metric"}])
def test_a_waiver_of_something_else_does_nothing(poor: World, changes: dict[str, Any]) -> None:
    poor.waive(**({"gate": AUC} | changes))
    assert (poor.gate(AUC).state, poor.gate(AUC).notes) == ("fail", ())


def test_a_waiver_ends_and_with_it_the_plan(poor: World) -> None:
    poor.waive(AUC)
    assert poor.gate(AUC, NOW + HOUR - 1).state == "waived"
    assert poor.gate(AUC, NOW + HOUR).state == "fail"


def test_another_waiver_of_the_same_gate_is_another_plan(poor: World) -> None:
    poor.waive(AUC)
    before = poor.plan()
    poor.say(waivers=())
    poor.waive(AUC, id="w2", why="another reason")
    assert poor.plan().id != before.id


def test_a_gate_that_is_not_listed_cannot_be_waived(poor: World) -> None:
    poor.rule(policy(approvals="", waivers='gates = ["ci"]\nfrom = ["team:ml-leads"]'))
    poor.waive(AUC)
    assert (poor.gate(AUC).state, poor.gate(AUC).waivable) == ("fail", False)


def test_a_list_of_nobody_is_nobody_and_without_a_limit_a_waiver_may_be_long(poor: World) -> None:
    poor.waive(AUC, until=NOW + 900 * DAY)
    poor.rule(policy(approvals="", waivers='gates = ["metric"]'))
    assert poor.gate(AUC).notes == ("cy (signed) may not waive it: the policy does not name them",)
    poor.rule(policy(approvals="", waivers='gates = ["metric"]\nfrom = ["cy@example.com"]'))
    assert poor.gate(AUC).state == "waived"


def test_some_gates_are_never_waived_even_where_a_policy_lists_them(world: World) -> None:
    names = "approval freeze ledger version policy".split()
    listed = ", ".join(f'"{name}"' for name in names)
    world.rule(policy(waivers=f'gates = [{listed}]\nfrom = ["team:ml-leads"]'))
    for name in names:
        world.waive(name)
    friday = NOW + 2 * DAY
    world.version("14", status="failed")
    assert [world.gate(name, friday).state for name in ("approval", "freeze", "version")] == ["missing", "fail", "fail"]
    assert not any(world.gate(name, friday).waivable for name in names)


def test_what_passes_needs_no_waiver(world: World) -> None:
    before = world.plan()
    world.waive(AUC)
    assert world.gate(AUC).state == "pass"
    assert world.plan().id == before.id


def test_one_of_two_checks_may_be_waived_alone(world: World) -> None:
    world.pipeline(jobs={})
    for name in ("ci:unit", "ci:integration"):
        world.waive(name)
    assert world.gate("ci:unit").state == "waived"
    assert (world.gate("ci:integration").state, world.gate("ci:integration").waivable) == ("missing", False)


def test_a_waiver_for_a_model_of_the_same_name_in_another_registry_is_none(world: World) -> None:
    world.rule(POLICY.replace("threshold = 0.80", "threshold = 0.99"))
    world.waive("metric:val_auc", registry="http://staging.example")
    assert world.gate("metric:val_auc").state == "fail"
    world.say(waivers=())
    world.waive("metric:val_auc", registry=REGISTRY.address)
    assert world.gate("metric:val_auc").state == "waived"
