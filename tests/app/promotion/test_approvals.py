"""Whose approval counts, and for what."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from quarterdeck.app.records import Actor

from .evidence import ANN, BO, CY, DAY, HOUR, MINUTE, NOW, World, policy

DI = Actor(name="di", email="di@example.com", strength="signed")


def test_a_plan_waits_for_those_who_may_approve_it(world: World) -> None:
    plan = world.ask(BO)
    gate = world.gate("approval")
    assert (gate.state, gate.value) == ("missing", "0 of 1")
    assert gate.sentence == "0 of 1, from team ml-leads, not you (requester)"
    assert world.plan().blocked == "needs 1 approval"
    seen_by_cy = plan_gate(world, CY)
    assert seen_by_cy.sentence == "0 of 1, from team ml-leads, not bo, not you"
    assert plan.gate("approval") is not None


def plan_gate(world: World, actor: Actor) -> Any:
    return world.gate("approval", actor=actor)


def test_an_approval_of_this_very_plan_lets_it_go_on(world: World) -> None:
    world.ask(BO)
    world.approve(CY)
    gate = world.gate("approval")
    assert (gate.state, gate.sentence, gate.at) == ("pass", "1 of 1: cy (signed)", NOW - MINUTE)
    plan = world.plan()
    assert plan.applicable
    assert [(one.approval.by, one.counts, one.why) for one in plan.approvals] == [(CY, True, "")]


def test_an_approval_of_another_plan_is_none(world: World) -> None:
    world.ask(BO)
    world.approve(CY, plan="0" * 64)
    assert world.gate("approval").state == "missing"
    assert world.plan().approvals == ()


def test_changed_evidence_makes_it_another_plan_that_nobody_has_approved(world: World) -> None:
    world.ask(BO)
    world.approve(CY)
    world.run("14", 0.9411, 111.0, ended_at=NOW - 9 * HOUR)
    assert world.gate("approval").state == "missing"


def refused(world: World) -> str:
    """Why the only approval does not count."""
    (one,) = world.plan().approvals
    gate = world.gate("approval")
    assert (one.counts, gate.state) == (False, "missing")
    assert gate.notes[-1].endswith(f"does not count: {one.why}")
    return one.why


@pytest.mark.parametrize("strength", ["claimed", "forge"])
def test_a_name_that_is_only_claimed_counts_only_where_the_policy_says_so(world: World, strength: str) -> None:
    by = replace(CY, strength=strength)
    world.rule(policy(approvals='from = ["team:ml-leads"]\naccept = ["signed"]'))
    world.approve(by)
    assert refused(world) == f"only {strength}"
    world.rule(policy(approvals=f'from = ["team:ml-leads"]\naccept = ["{strength}"]'))
    world.approve(by)
    assert world.gate("approval").sentence == f"1 of 1: cy ({strength})"


def test_an_outsider_cannot_approve(world: World) -> None:
    world.approve(DI)
    assert refused(world) == "not in team ml-leads"


def test_without_a_list_anybody_else_may_approve(world: World) -> None:
    world.rule(policy(approvals="count = 1"))
    world.approve(DI)
    assert world.gate("approval").state == "pass"


@pytest.mark.parametrize(
    ("by", "actor", "why"),
    [
        (BO, ANN, "own work (trained it)"),
        (ANN, ANN, "own work (requester)"),
        (replace(CY, name="Bo"), ANN, "own work (trained it, as bo)"),
    ],
)
def test_nobody_approves_their_own_work(world: World, by: Actor, actor: Actor, why: str) -> None:
    world.approve(by)
    (one,) = world.plan(actor=actor).approvals
    assert (one.counts, one.why) == (False, why)


def test_whoever_wrote_the_commit_is_an_author_and_so_are_those_who_helped(world: World) -> None:
    sha = "cc" * 20
    world.run("14", 0.941, 111.0, user="robot", commit=sha)
    world.commit(sha, BO, body="Mend it\n\nCo-authored-by: Cy <cy@example.com>\nCo-Authored-By: Ed <ed@example.com>")
    world.approve(BO)
    world.approve(CY)
    whys = [one.why for one in world.plan(actor=ANN).approvals]
    assert whys == ["own work (wrote its commit)", "own work (wrote its commit, as Cy)"]


def test_whoever_asked_and_whoever_applies_are_not_the_ones_who_approve(world: World) -> None:
    world.ask(ANN)
    world.approve(ANN)
    world.approve(CY)
    assert [one.why for one in world.plan(actor=CY).approvals] == ["own work (requester)", "own work (applies it)"]
    assert world.plan(actor=ANN).applicable


def test_self_review_counts_where_the_policy_says_so(world: World) -> None:
    world.rule(policy(approvals='from = ["team:ml-leads"]\nprevent_self_review = false'))
    assert world.gate("approval").sentence == "0 of 1, from team ml-leads"
    world.approve(BO)
    assert world.gate("approval").state == "pass"


def test_two_approvals_are_of_two_people(world: World) -> None:
    world.rule(policy(approvals='count = 2\nfrom = ["team:ml-leads"]'))
    world.approve(CY, NOW - HOUR)
    world.approve(CY, NOW - MINUTE)
    assert [one.why for one in world.plan(actor=DI).approvals] == ["", "approved already"]
    assert world.gate("approval", actor=DI).sentence == "1 of 2, from team ml-leads, not bo, not you (requester)"
    world.approve(ANN)
    assert world.gate("approval", actor=DI).sentence == "2 of 2: cy (signed), ann (signed)"


def test_an_approval_expires(world: World) -> None:
    world.approve(CY, NOW - 8 * HOUR)
    assert world.gate("approval").state == "pass"
    assert world.gate("approval", NOW + MINUTE).notes == ("cy (signed) does not count: expired: 8 h old",)


def test_an_approval_of_the_future_does_not_count_and_one_by_a_clock_a_little_ahead_does(world: World) -> None:
    world.approve(CY, NOW + HOUR)
    assert refused(world) == "dated in the future"
    world.approve(CY, NOW + MINUTE)
    assert world.gate("approval").state == "pass"


def test_without_a_remote_no_approval_can_be_had(world: World) -> None:
    assert world.told.policy is not None
    world.rule(world.told.policy.text, is_local=True)
    world.approve(CY)
    state, sentence = world.said("approval")
    assert (state, sentence) == ("missing", "another person's approval cannot be had here: there is no remote")


def test_where_no_approval_is_demanded_there_is_no_gate(world: World) -> None:
    for section in ("", "count = 0"):
        world.rule(policy(approvals=section))
        assert world.plan().gate("approval") is None
        assert world.plan().applicable


# -- when it is not known who made it


def unknown(world: World) -> str:
    state, sentence = world.said("approval")
    assert state == "missing"
    assert sentence.startswith("who made v14 is not known (")
    return sentence.partition("(")[2].partition(")")[0]


def test_an_author_who_is_not_known_cannot_be_told_from_the_one_who_approves(world: World) -> None:
    world.version("14", run_id="elsewhere")
    world.approve(CY)
    assert unknown(world) == "its run is not known here"
    world.version("14", run_id=None)
    assert unknown(world) == "neither run nor commit says so"
    world.version("14")
    world.run("14", 0.941, user=None, commit=None)
    assert unknown(world) == "neither run nor commit says so"
    world.run("14", 0.941, commit="ee" * 20)
    assert unknown(world) == "its commit eeeeeee is not in the history here"


def test_where_no_run_is_named_whoever_registered_it_is_its_author(world: World) -> None:
    world.version("14", run_id=None, user="cy")
    world.approve(CY)
    (one,) = world.plan(actor=ANN).approvals
    assert one.why == "own work (registered it)"


def test_signatures_do_not_count_without_the_file_that_the_policy_names(world: World) -> None:
    world.rule(policy(approvals='signers = ".allowed"'), signers={".allowed": ""})
    assert world.gate("approval").notes == (".allowed is not there at 20aa4d1: no signature counts",)
    world.rule(policy(approvals='signers = ".allowed"'), signers={".allowed": "cy@example.com ssh-ed25519 A"})
    assert world.gate("approval").notes == ()


def test_an_approval_is_no_part_of_what_it_approves(world: World) -> None:
    before = world.ask(BO)
    world.approve(CY)
    assert world.plan().id == before.id
    assert world.plan(NOW + DAY - 12 * HOUR).id == before.id
