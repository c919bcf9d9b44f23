"""Who has what, and when it comes back."""

from __future__ import annotations

from msgspec.structs import replace

from quarterdeck.app.records import Note
from tests.app.promotion.evidence import DAY, HOUR
from tests.app.triage.watched import Watched


def test_what_somebody_acknowledged_is_quiet_and_stands_last(world: Watched) -> None:
    world.precision(0.71)
    world.drifted("aws_lb.api", name="dns")
    bad, drift = world.attentions()
    note = world.acknowledge(bad, text="looking")
    first, last = world.attentions()
    assert [first.id, last.id] == [drift.id, bad.id]
    assert (last.ack, last.is_quiet, last.acked_before) == (replace(note, is_here_only=True), True, None)


def test_it_is_loud_again_when_nobody_has_it_any_more(world: Watched) -> None:
    world.precision(0.71)
    (one,) = world.attentions()
    world.acknowledge(one)
    world.later(1)
    world.acknowledge(one, "unack")
    (again,) = world.attentions()
    assert (again.ack, again.acked_before) == (None, None)


def test_of_two_people_the_last_word_counts(world: Watched) -> None:
    world.precision(0.71)
    (one,) = world.attentions()
    world.acknowledge(one, "unack", at=world.now + 1)
    world.acknowledge(one, at=world.now, author="bo")
    assert [one.is_quiet for one in world.attentions()] == [False]


def test_it_stays_quiet_while_only_figures_change(world: Watched) -> None:
    world.precision(0.71)
    (one,) = world.attentions()
    world.acknowledge(one)
    world.later(HOUR)
    world.precision(0.71, 0.68)
    assert [(one.is_quiet, one.title) for one in world.attentions()] == [
        (True, "churn@champion v13  precision 0.68, floor 0.78")
    ]


def test_it_comes_back_with_another_kind_of_signal(world: Watched) -> None:
    world.precision(0.83, 0.71)
    (one,) = world.attentions()
    note = world.acknowledge(one)
    world.alert(severity="warning", since=world.now)
    (back,) = world.attentions()
    assert (back.id, back.ack) == (one.id, None)
    assert back.acked_before is not None
    assert back.acked_before.id == note.id


def test_it_stays_quiet_when_one_of_its_signals_ends(world: Watched) -> None:
    world.precision(0.83, 0.71)
    world.alert(severity="warning")
    (one,) = world.attentions()
    world.acknowledge(one)
    world.write("p", alerts=())
    assert [(one.state, one.is_quiet) for one in world.attentions()] == [("critical: threshold", True)]


def test_it_comes_back_when_it_is_graver(world: Watched) -> None:
    world.precision(0.71, version="14")
    (one,) = world.attentions()
    assert one.severity == "low"
    world.acknowledge(one)
    world.model(champion="14")
    (back,) = world.attentions()
    assert (back.severity, back.is_quiet) == ("critical", False)


def test_it_comes_back_when_it_was_over_and_is_so_anew(world: Watched) -> None:
    world.precision(0.71)
    (one,) = world.attentions()
    world.acknowledge(one)
    world.later(3 * HOUR)
    world.precision(0.71, 0.81, 0.83, 0.70)
    (back,) = world.attentions()
    assert (back.id, back.is_quiet) == (one.id, False)
    assert back.acked_before is not None


def test_an_acknowledgement_of_the_thing_itself_counts_as_well(world: Watched) -> None:
    key = world.precision(0.71)
    (one,) = world.attentions()
    world.acknowledge(one, subject=f"series/{key}", state="")
    assert [one.is_quiet for one in world.attentions()] == [True]


def test_a_note_is_no_acknowledgement(world: Watched) -> None:
    world.precision(0.71)
    (one,) = world.attentions()
    world.acknowledge(one, "note")
    assert [one.is_quiet for one in world.attentions()] == [False]


def test_one_that_came_through_git_counts_in_every_clone(world: Watched) -> None:
    world.precision(0.71)
    before = world.look()
    (one,) = before.attentions
    note = Note(
        id="01", at=world.now, kind="ack", subject=f"attention/{one.id}", author="bo", about=one.title, state=one.state
    )  # fmt: skip
    world.write("g", notes=(note,))
    assert [one.ack for one in world.look(before).attentions] == [note]


def test_an_old_acknowledgement_does_not_speak_of_what_began_after_it(world: Watched) -> None:
    key = world.precision(0.83)
    world.state.write_note(
        Note(id="01", at=world.now - DAY, kind="ack", subject=f"series/{key}", author="bo", state="")
    )
    world.precision(0.71)
    assert [one.is_quiet for one in world.attentions()] == [False]


def test_one_of_a_time_to_come_waits_for_it_so_that_whoever_is_here_has_the_last_word(world: Watched) -> None:
    world.precision(0.71)
    before = world.look()
    (one,) = before.attentions
    forged = Note(id="Z" * 26, at=world.now + DAY, kind="ack", subject=f"attention/{one.id}", author="ann")
    world.write("g", notes=(forged,))
    before = world.look(before)
    assert [one.is_quiet for one in before.attentions] == [False]
    world.acknowledge(one)
    before = world.look(before)
    assert [one.is_quiet for one in before.attentions] == [True]
    world.later(HOUR)
    world.acknowledge(one, "unack")
    before = world.look(before)
    assert [one.is_quiet for one in before.attentions] == [False]
    world.now += DAY
    assert [one.ack for one in world.look(before).attentions if one.ack] == [forged]
