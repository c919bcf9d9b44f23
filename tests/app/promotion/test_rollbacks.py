"""The way back: which version, and what may stop it."""

from __future__ import annotations

from pathlib import Path

import pytest

from quarterdeck.app.promotion import ways_back
from quarterdeck.app.records import Actor, AliasMove, LedgerEntry, Waiver
from quarterdeck.app.store.state import State

from .evidence import CY, DAY, GIT, NOW, REGISTRY, World, bare, policy


def ledger(*written: str) -> list[LedgerEntry]:
    """Entries as `promotion 12 13` (from 12 to 13), `rollback 13 12`, `cancel 13 12` (of the entry before), `? `."""
    made: list[LedgerEntry] = []
    for number, line in enumerate(written, 1):
        kind, previous, version = line.split()
        made.append(LedgerEntry(
            source="g", model="churn", alias="champion", number=number, id=f"e{number}", version=version, at=number,
            kind=kind if kind != "?" else "promotion",  # type: ignore[arg-type]  # as written
            previous=None if previous == "-" else previous, by=Actor(name="ann"), trouble="no" if kind == "?" else "",
            cancels=number - 1 if kind == "cancel" else None,
        ))  # fmt: skip
    return made


def moved(*versions: str | None) -> list[AliasMove]:
    """The alias was seen to show these, one after the other."""
    pairs = list(enumerate(zip((None, *versions), versions, strict=False)))
    return [
        AliasMove(
            id=str(at), source="r", model="churn", alias="champion", version=to, previous=was, reason="moved", at=at
        )
        for at, (was, to) in reversed(pairs)
    ]  # fmt: skip


def test_what_was_never_there_is_no_way_back(world: World) -> None:
    """Else a rollback would bring any version past the gates."""
    (gate,) = [one for one in world.plan(kind="rollback", version="14").gates if one.blocks]
    assert (gate.id, gate.state) == ("version", "fail")
    assert gate.sentence == "v14 is not known to have been champion: only a promotion brings it there"
    assert world.plan(kind="rollback", version="12").applicable


def test_a_version_whose_entry_was_taken_back_was_never_there(world: World) -> None:
    world.entry(12, "14", "13")
    assert world.plan(kind="rollback", version="14").applicable
    world.entry(13, "13", "14", kind="cancel", cancels=12)
    assert not world.plan(kind="rollback", version="14").applicable


def test_an_older_version_is_a_way_back_where_nobody_kept_a_ledger(world: World) -> None:
    world.say(entries=())
    assert world.plan(kind="rollback", version="12").applicable
    world.model()
    assert not world.plan(kind="rollback", version="12").applicable


def test_where_nothing_is_demanded_the_way_back_is_open_to_any_version(world: World) -> None:
    world.rule("")
    assert world.plan(kind="rollback", version="14").applicable


@pytest.mark.parametrize(
    ("shows", "entries", "moves", "back"),
    [
        ("13", ["promotion - 11", "promotion 11 12", "promotion 12 13"], [], ("12", "11")),
        # after a rollback not to the version that was rolled back
        ("12", ["promotion - 11", "promotion 11 12", "promotion 12 13", "rollback 13 12"], [], ("11",)),
        # one that was promoted again is good again, until it is rolled back again
        ("14", ["promotion - 12", "promotion 12 13", "rollback 13 12", "promotion 12 13", "promotion 13 14"], [],
         ("13", "12")),
        ("12", ["promotion - 12", "promotion 12 13", "promotion 13 14", "rollback 14 13", "rollback 13 12"], [], ()),
        # an entry that was taken back, and one that was never finished, were never shown
        ("12", ["promotion - 11", "promotion 11 12", "promotion 12 13", "cancel 13 12"], [], ("11",)),
        ("15", ["promotion - 13", "promotion 13 14", "promotion 13 15"], [], ("13",)),
        # one that cannot be read says nothing
        ("13", ["promotion - 12", "? - 0", "promotion 12 13"], [], ("12",)),
        # what the ledger does not know the alias may have been seen to show
        ("14", [], ["12", "13", "14"], ("13", "12")),
        ("14", ["promotion 13 14"], [], ("13",)),
        ("15", ["promotion - 13", "promotion 13 14"], ["13", "14", "15"], ("14", "13")),
        ("13", ["promotion 12 13", "promotion 13 14", "rollback 14 13"], ["13", "14", "13"], ("12",)),
        # gone altogether
        (None, ["promotion - 13", "promotion 13 14"], ["13", "14", None], ("14", "13")),
        ("13", [], [], ()),
    ],
)  # fmt: skip
def test_the_last_good_version_is_found(
    shows: str | None, entries: list[str], moves: list[str | None], back: tuple[str, ...]
) -> None:
    assert ways_back(shows, ledger(*entries), moved(*moves)) == back


def test_a_rollback_goes_to_the_last_good_version(world: World) -> None:
    world.entry(12, "14", "13")
    world.model(champion="14")
    plan = world.plan(kind="rollback")
    assert (plan.kind, plan.from_version, plan.to_version, plan.number) == ("rollback", "14", "13", 13)
    assert plan.applicable
    assert plan.calls[1] == "mlflow set alias churn champion 14 → 13"


def test_a_version_that_is_there_no_more_is_not_gone_back_to(world: World) -> None:
    world.entry(12, "14", "13")
    world.model(champion="14")
    world.write("r", versions_gone=(("churn", "13"),))
    world.say(entries=(*world.told.entries[:0], *ledger("promotion - 12", "promotion 12 13", "promotion 13 14")))
    assert world.plan(kind="rollback").to_version == "12"
    world.write("r", versions_gone=(("churn", "12"),))
    plan = world.plan(kind="rollback")
    assert (plan.to_version, plan.applicable, plan.blocked) == ("13", False, "version (missing)")


def test_the_version_may_be_said(world: World) -> None:
    plan = world.plan(kind="rollback", version="12")
    assert (plan.to_version, plan.applicable) == ("12", True)


def test_where_nothing_is_known_to_go_back_to_it_is_said(world: World) -> None:
    world.say(entries=())
    plan = world.plan(kind="rollback")
    gate = plan.gate("version")
    assert gate is not None
    assert (plan.to_version, gate.state, plan.applicable) == ("", "missing", False)
    assert gate.sentence == "no version to go back to is known"


def test_where_the_alias_was_seen_before_is_remembered(world: World, tmp_path: Path) -> None:
    world.say(entries=())
    state = State(tmp_path / "state.db")
    for at, version in enumerate(["12", "13"]):
        state.observe_aliases("r", {"churn": {"champion": version}}, set(), NOW + at, NOW + at - 1)
        state.observe_aliases("elsewhere", {"churn": {"champion": f"9{at}"}}, set(), NOW + at, NOW + at - 1)
    assert world.plan(kind="rollback", state=state).to_version == "12"
    state.close()


def test_no_gate_but_the_version_stops_a_rollback(world: World) -> None:
    world.rule(policy(approvals="count = 2"))
    world.run("12", 0.1, 900.0)
    friday = NOW + 2 * DAY
    plan = world.plan(friday, kind="rollback", version="12")
    states = {gate.id: gate.state for gate in plan.gates}
    assert (states["metric:val_auc"], states["metric:p95_latency_ms"], states["ci:unit"]) == ("fail", "fail", "stale")
    assert {"candidate", "direction", "approval"}.isdisjoint(states)
    assert [gate.id for gate in plan.gates if gate.binds] == ["version"]
    assert (plan.applicable, plan.blocked) == (True, "")


def test_gates_of_a_rollback_are_of_now_and_compare_with_nothing(world: World) -> None:
    world.run("12", 0.9, 100.0)
    assert world.said("metric:val_auc", kind="rollback", version="12") == ("pass", "val_auc 0.9 ≥ 0.8")


def test_a_rollback_needs_a_version_that_is_ready_and_a_registry_that_answers(world: World) -> None:
    world.version("12", status="failed")
    assert not world.plan(kind="rollback", version="12").applicable
    assert not world.plan(kind="rollback", version="13").applicable  # it is champion already
    world.version("12")
    world.source(REGISTRY, "unreachable", "mlflow.example refused the connection.")
    assert not world.plan(kind="rollback", version="12").applicable


def test_a_rollback_goes_on_though_the_repository_does_not_answer(world: World) -> None:
    world.source(GIT, "unreachable", "git.example did not answer.")
    plan = world.plan(kind="rollback")
    assert plan.applicable
    assert [gate.state for gate in plan.gates if gate.id in ("policy", "ledger")] == ["missing", "missing"]


def test_a_reason_is_wanted_where_the_policy_says_so_or_nobody_can_read_it(world: World) -> None:
    assert world.plan(kind="rollback").needs_reason
    assert not world.plan().needs_reason
    world.rule(bare())
    assert not world.plan(kind="rollback").needs_reason
    world.rule(None)
    assert not world.plan(kind="rollback").needs_reason
    world.rule("[")
    assert world.plan(kind="rollback").needs_reason
    world.say(policy=None)
    assert world.plan(kind="rollback").needs_reason


def test_a_rollback_is_another_plan_than_a_promotion_to_the_same_version(world: World) -> None:
    assert world.plan(kind="rollback", version="14").id != world.plan(version="14").id


def test_a_rollback_stays_the_same_plan_whatever_becomes_of_gates_that_do_not_stop_it(world: World) -> None:
    before = world.plan(kind="rollback")
    world.rule(bare(), commit="ab" * 20)
    assert world.plan(NOW + 20 * DAY, kind="rollback").id == before.id
    assert world.plan(kind="rollback").policy_commit == "ab" * 20
    world.version("12", status="pending")
    assert world.plan(kind="rollback").id != before.id


def test_the_ledger_of_a_project_without_a_remote_is_in_the_state(world: World, tmp_path: Path) -> None:
    world.rule(bare('[promotion."churn".waivers]', 'gates = ["metric"]', 'from = ["cy@example.com"]'), is_local=True)
    state = State(tmp_path / "state.db")
    for entry in ledger("promotion - 12", "promotion 12 13"):
        assert state.append_local_entry(entry)
    plan = world.plan(kind="rollback", state=state)
    assert (plan.to_version, plan.number, plan.style) == ("12", 3, "local")
    assert plan.calls[0] == "write entry 3 of churn@champion into the local ledger"
    state.add_local_waiver(Waiver(
        source="", id="w", model="churn", alias="champion", version="14", gate="metric:val_auc", by=CY, why="known",
        at=NOW, until=NOW + DAY,
    ))  # fmt: skip
    assert [one.id for one in world.situation(version="14", state=state).waivers] == ["w"]
    state.close()
