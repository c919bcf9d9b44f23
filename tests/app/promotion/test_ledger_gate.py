"""Whether what the alias shows is what was written down, and whether somebody is at it."""

from __future__ import annotations

import pytest

from quarterdeck.app.records import Actor

from .evidence import BO, DAY, HOUR, MINUTE, NOW, SECOND, World


def test_an_alias_that_shows_what_the_highest_entry_says_is_explained(world: World) -> None:
    gate = world.gate("ledger")
    assert (gate.state, gate.sentence) == ("pass", "entry 11 says v13, and so it is")
    assert world.plan().number == 12


def test_the_first_entry_is_a_warning(world: World) -> None:
    world.say(entries=())
    assert world.said("ledger") == ("warn", "first entry of the ledger")
    assert world.plan().number == 1


def test_an_entry_whose_version_does_not_show_yet_is_somebody_at_work(world: World) -> None:
    world.entry(12, "14", "13", at=NOW - 4 * SECOND)
    assert world.said("ledger") == ("fail", "ann is promoting v14 since 4 s")
    assert world.plan().blocked == "ledger, needs 1 approval"
    assert world.gate("ledger", NOW + 115 * SECOND).state == "fail"


def test_who_rolls_back_or_takes_back_is_at_work_too(world: World) -> None:
    world.entry(12, "12", "13", kind="rollback", at=NOW - 4 * SECOND, by=BO)
    assert world.said("ledger") == ("fail", "bo is rolling back to v12 since 4 s")
    world.model(champion="14", challenger="14")
    world.entry(13, "13", "14", kind="cancel", cancels=12, at=NOW - 2 * SECOND, by=BO)
    assert world.said("ledger") == ("fail", "bo is taking back entry 12 since 2 s")


def test_an_entry_that_was_never_finished_is_replaced(world: World) -> None:
    world.entry(12, "14", "13", at=NOW - 120 * SECOND)
    assert world.said("ledger") == ("warn", "entry 12 of ann was never finished, or undone outside; this replaces it")
    assert world.plan().number == 13


def test_a_move_that_no_entry_explains_is_a_warning(world: World) -> None:
    world.model(champion="10", challenger="14")
    said = "moved outside quarterdeck: champion is v10, entry 11 says v13"
    assert world.said("ledger") == ("warn", said)
    world.model(challenger="14")
    assert world.said("ledger") == ("warn", "moved outside quarterdeck: champion is gone, entry 11 says v13")


def test_an_entry_that_was_taken_back_is_explained_by_the_one_that_did(world: World) -> None:
    world.entry(12, "14", "13", at=NOW - HOUR)
    world.entry(13, "13", "14", kind="cancel", cancels=12)
    assert world.said("ledger") == ("pass", "entry 13 says v13, and so it is")


@pytest.mark.parametrize(("ahead", "state"), [(MINUTE, "fail"), (HOUR, "fail"), (DAY, "warn")])
def test_a_clock_ahead_is_work_in_progress_and_a_wrong_one_is_not(world: World, ahead: int, state: str) -> None:
    world.entry(12, "14", "13", at=NOW + ahead)
    assert world.gate("ledger").state == state


def test_an_entry_that_cannot_be_read_takes_its_number(world: World) -> None:
    world.entry(12, "", None, at=0, by=Actor(name=""), trouble="Entry 12 cannot be read: it holds no JSON of ours.")
    said = "Entry 12 cannot be read: it holds no JSON of ours. This replaces it"
    assert world.said("ledger") == ("warn", said)
    assert world.plan().number == 13


def test_entries_of_another_alias_are_another_ledger(world: World) -> None:
    world.entry(12, "14", "13", alias="staging", at=NOW)
    world.entry(12, "14", "13", model="churn-eu", at=NOW)
    assert world.gate("ledger").state == "pass"


def test_a_ledger_that_nobody_else_sees_is_a_warning(world: World) -> None:
    assert world.told.policy is not None
    world.rule(world.told.policy.text, is_local=True)
    assert world.said("ledger") == ("warn", "local record only: entry 11 says v13, and so it is")
    world.entry(12, "14", "13", at=NOW)
    assert world.gate("ledger").state == "fail"


def test_the_ledger_is_no_part_of_what_is_approved(world: World) -> None:
    before = world.plan()
    world.entry(12, "14", "13", at=NOW)
    assert world.plan().id == before.id
