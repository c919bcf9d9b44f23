"""`note`, `ack` and `handover` on a project that has no remote: what is meant, what is printed, how it ends."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from quarterdeck.app.records import Attention, Run, Signal
from quarterdeck.app.settings import load
from quarterdeck.app.store.state import State, state_file
from quarterdeck.app.triage import Sight, sight_to_json
from tests.app.commands.conftest import NOW, Call

LOCAL = "There is no Git remote: it is local only."


@pytest.fixture
def state(project: Path) -> Iterator[State]:
    with State(state_file(load(directory=project).project_key)) as opened:
        yield opened


def attention(name: str, subject: str, **more: Any) -> Attention:
    signal = Signal(kind="threshold", subject="series/under%20it", title="x", severity="high", since=NOW)
    fields: dict[str, Any] = {
        "id": name, "subject": subject, "severity": "high", "since": NOW, "title": f"{subject} is bad",
        "state": "high: threshold", "signals": (signal,),
    } | more  # fmt: skip
    return Attention(**fields)


@pytest.fixture
def seen(state: State) -> State:
    """What a syncer saw last."""
    attentions = (
        attention("3f9ac0d27b1e5a44", "alias/churn@champion"), attention("3f00000000000000", "pipeline/7"),
        attention("aa00000000000000", "pipeline/7", signals=()),
    )  # fmt: skip
    state.keep_sight(sight_to_json(Sight(at=NOW, attentions=attentions), {}), NOW)
    return state


def test_a_note_is_printed_as_it_was_written_down(call: Call) -> None:
    said = call("note", "run/4f2c", "odd \x1b[31mstores")
    assert (said.status, said.out) == (0, "")
    assert said.err == f"Noted on run/4f2c, only here. {LOCAL}\n"
    (one,) = call("note", "--list", "--json").json
    assert one["text"] == "odd \x1b[31mstores"
    assert (one["subject"], one["kind"], one["shared"]) == ("run/4f2c", "note", False)
    listed = call("note", "--list", "run/4f2c").out
    assert "\x1b" not in listed
    assert "only here" in listed


def test_a_list_that_is_no_terminal_s_keeps_its_columns_below_each_other(call: Call) -> None:
    call("note", "run/4f2c", "short")
    call("note", "alias/churn@champion", "precision falls since Tuesday, and nobody has looked at the data yet")
    head, *rows = call("note", "--list").out.splitlines()
    assert {row.index("only here") for row in rows} == {head.index("where")}


def test_a_note_as_json_says_why_it_is_here_only(call: Call) -> None:
    said = call("note", "run/4f2c", "odd", "--json")
    assert (said.json["shared"], said.json["sentence"]) == (False, LOCAL)
    assert len(said.json["id"]) == 26


def test_what_the_cache_does_not_know_is_taken_at_its_word(
    call: Call, fill: Callable[..., None], make_run: Callable[..., Run]
) -> None:
    fill(make_run(1))
    known = make_run(1).id
    assert "in the cache yet" not in call("note", f"run/{known}", "odd").err
    said = call("note", "run/unknown", "odd")
    assert (said.status, "There is no run/unknown in the cache yet" in said.err) == (0, True)


@pytest.mark.parametrize(
    "words",
    [
        ["note"], ["note", "run/4f2c"], ["note", "4f2c", "x"], ["note", "run/4f2c", " "], ["note", "--push", "run/1"],
        ["note", "--list", "run/1", "x"], ["note", "--list", "--push"], ["handover", "--since", "yesterday"],
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_said_and_nothing_is_written(call: Call, state: State, words: list[str]) -> None:
    said = call(*words)
    assert (said.status, said.out) == (2, "")
    assert state.own_notes() == []


@pytest.mark.parametrize(
    "written", ["attention/3f9ac0d27b1e5a44", "3f9ac0d27b1e5a44", "3f9", "attention/3f9a", "alias/churn@champion"]
)
def test_what_needs_attention_is_named_by_its_id_its_beginning_or_what_it_is_on(
    call: Call, seen: State, written: str
) -> None:
    said = call("ack", written, "on it")
    assert (said.status, said.err) == (0, f"You have alias/churn@champion is bad, only here. {LOCAL}\n")
    (note,) = seen.own_notes()
    assert (note.kind, note.subject, note.state) == ("ack", "attention/3f9ac0d27b1e5a44", "high: threshold")


@pytest.mark.parametrize("written", ["3f9", "attention/3f9a"])
def test_notes_on_what_needs_attention_are_written_and_listed_by_the_beginning_of_its_id(
    call: Call, seen: State, written: str
) -> None:
    call("ack", "3f9", "on it")
    assert call("note", written, "it is the stores of the north").status == 0
    listed = call("note", "--list", written, "--json").json
    assert [(one["subject"], one["kind"]) for one in listed] == [
        ("attention/3f9ac0d27b1e5a44", "ack"), ("attention/3f9ac0d27b1e5a44", "note"),
    ]  # fmt: skip
    assert "attention/3f00000000000000" in call("note", "--list", "3f").err


def test_what_was_written_on_something_that_is_over_is_listed_by_the_beginning_of_its_id(
    call: Call, seen: State
) -> None:
    call("note", "attention/aa00000000000000", "it was the disk")
    seen.keep_sight(sight_to_json(Sight(at=NOW), {}), NOW)
    assert [one["text"] for one in call("note", "--list", "aa0", "--json").json] == ["it was the disk"]


def test_an_acknowledgement_is_taken_back_by_another_word(call: Call, seen: State) -> None:
    call("ack", "3f9")
    said = call("ack", "3f9", "--undo", "--json")
    assert (said.status, said.json["kind"]) == (0, "unack")
    assert [note.kind for note in seen.own_notes()] == ["ack", "unack"]


@pytest.mark.parametrize(
    ("written", "status", "sentence"),
    [
        ("3f", 2, "Several things need attention there"),
        ("pipeline/7", 2, "Several things need attention there"),
        ("series/under%20it", 2, "Several things need attention there"),
        ("run/4f2c", 1, "Nothing needs attention as run/4f2c"),
        ("attention/", 1, "Nothing needs attention"),
        ("", 1, "Nothing needs attention"),
    ],
)
def test_what_is_not_one_thing_is_refused(call: Call, seen: State, written: str, status: int, sentence: str) -> None:
    said = call("ack", written)
    assert (said.status, said.out) == (status, "")
    assert sentence in said.err
    assert seen.own_notes() == []


def test_with_read_only_notes_and_acknowledgements_are_allowed(call: Call, seen: State) -> None:
    for words in (["note", "run/1", "x"], ["ack", "3f9"], ["handover", "--note"]):
        said = call(*words, before=["--read-only"])
        assert (said.status, "only here" in said.err) == (0, True)
    assert len(seen.own_notes()) == 3
    assert call("note", "--push", before=["--read-only"]).status == 4
    assert seen.acts() == []


def test_a_hand_over_begins_where_the_last_one_ended(call: Call, seen: State) -> None:
    call("note", "run/4f2c", "before")
    first = call("handover", "--note")
    assert "before" in first.out
    assert "## Open (3)" in first.out
    assert "alias/churn@champion is bad" in first.out
    call("note", "run/4f2c", "after it")
    second = call("handover", "--json")
    assert [note["text"] for note in second.json["notes"] if note["kind"] == "note"] == ["after it"]
    (handed_over,) = [note for note in call("note", "--list", "--json").json if note["kind"] == "handover"]
    assert second.json["since"] == handed_over["at"]
    assert [one["id"][:2] for one in second.json["open"]] == ["3f", "3f", "aa"]
    assert second.json["markdown"].startswith("# Hand-over: churn")
    assert second.json["note"] is None
    assert "before" in call("handover", "--since", "1h").out


def test_a_hand_over_without_anything_says_that_nobody_looked(call: Call) -> None:
    said = call("handover")
    assert said.status == 0
    assert "Not known: no syncer has looked yet." in said.out


def test_nothing_to_push_is_no_failure(call: Call) -> None:
    said = call("note", "--push", "--json")
    assert (said.status, said.json) == (0, {"shared": 0, "left": 0, "sentence": "Nothing is here only."})


def test_what_cannot_be_shared_is_said_by_push(call: Call) -> None:
    call("note", "run/1", "x")
    said = call("note", "--push", "--json")
    assert (said.status, said.json) == (1, {"shared": 0, "left": 1, "sentence": LOCAL})
