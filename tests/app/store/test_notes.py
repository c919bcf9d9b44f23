"""Notes of both places, what the Watch showed last, and what was told."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from quarterdeck.app.records import Batch, Event, Note, SourceSpec
from quarterdeck.app.store.cache import Cache
from quarterdeck.app.store.happened import happened
from quarterdeck.app.store.notes import all_notes
from quarterdeck.app.store.reading import Reader
from quarterdeck.app.store.state import MIGRATIONS, State

GIT = SourceSpec(key="g", kind="git", name="git", address="acme/churn")
FORK = SourceSpec(key="f", kind="git", name="fork", address="bo/churn")
T = 1_763_780_820_000
DAY = 86_400_000


class Deck:
    """A cache and a state, and who reads both."""

    def __init__(self, folder: Path) -> None:
        self.cache = Cache(folder / "cache.db")
        self.cache.declare([GIT, FORK])
        self.state = State(folder / "state.db")
        self.reader = Reader(folder / "cache.db")

    def git(self, *notes: Note, source: str = "g") -> None:
        self.cache.write(source, Batch(notes=notes), T)

    def ids(self, since: int = 0) -> list[tuple[str, bool]]:
        return [(note.id, note.is_here_only) for note in all_notes(self.reader, self.state, since)]

    def events(self, limit: int = 100) -> list[Event]:
        return happened(self.reader, self.state, limit)

    def close(self) -> None:
        self.reader.close()
        self.state.close()
        self.cache.close()


@pytest.fixture
def deck(tmp_path: Path) -> Iterator[Deck]:
    made = Deck(tmp_path)
    yield made
    made.close()


def note(name: str, at: int = T, **rest: Any) -> Note:
    facts: dict[str, Any] = {"id": name, "at": at, "subject": "run/4f2c", "text": f"note {name}", "author": "ann"}
    return Note(**(facts | rest))


def test_what_comes_to_the_notes_of_a_repository_takes_none_away_and_changes_none(deck: Deck) -> None:
    deck.git(note("a"), note("b"))
    before = deck.reader.content().notes
    deck.cache.write("g", Batch(notes_more=(note("b", text="otherwise"), note("c", at=T + 1))), T)
    assert deck.ids() == [("a", False), ("b", False), ("c", False)]
    assert [one.text for one in deck.reader.notes()] == ["note a", "note b", "note c"]
    assert deck.reader.content().notes == before + 1
    deck.cache.write("g", Batch(notes_more=(note("c"),)), T)
    assert deck.reader.content().notes == before + 1
    deck.git(note("a"))
    assert deck.ids() == [("a", False)]


def test_what_git_holds_is_replaced_by_what_it_holds_now(deck: Deck) -> None:
    deck.git(note("1"), note("2", T - 5))
    assert deck.reader.notes() == [note("2", T - 5), note("1")]
    deck.git(note("1", text="other"), note("3", T + 1))
    assert [(one.id, one.text) for one in deck.reader.notes()] == [("1", "other"), ("3", "note 3")]
    assert [one.id for one in deck.reader.notes(T + 1)] == ["3"]


def test_the_same_once_more_is_no_news_and_nobody_looked_says_nothing(deck: Deck) -> None:
    deck.git(note("1"))
    before = deck.reader.content()
    deck.git(note("1", is_here_only=True))
    deck.cache.write("g", Batch(), T)
    assert deck.reader.content() == before
    assert [one.is_here_only for one in deck.reader.notes()] == [False]
    deck.git()
    assert deck.reader.content() != before
    assert deck.reader.notes() == []


def test_a_note_of_two_repositories_is_one_and_one_of_a_hidden_source_is_not_shown(deck: Deck) -> None:
    deck.git(note("1"))
    deck.git(note("1"), note("2"), source="f")
    assert deck.ids() == [("1", False), ("2", False)]
    assert len(deck.events()) == 2
    deck.cache.declare([GIT])
    assert deck.ids() == [("1", False)]


def test_ours_are_only_here_until_git_has_them(deck: Deck) -> None:
    deck.state.write_note(note("1"))
    deck.state.write_note(note("2", T + 1))
    assert deck.ids() == [("1", True), ("2", True)]
    assert [one.id for one in deck.state.unshared_notes()] == ["1", "2"]
    deck.state.mark_shared(["1"])
    assert [one.id for one in deck.state.unshared_notes()] == ["2"]
    assert deck.ids() == [("1", True), ("2", True)]  # somebody said so, Git does not show it yet
    deck.git(note("1"))
    assert deck.ids() == [("1", False), ("2", True)]
    assert [event.id for event in deck.events()] == [event.id for event in deck.events()]
    assert len(deck.events()) == 2


def test_without_a_cache_ours_are_all_there_are(deck: Deck) -> None:
    deck.state.write_note(note("1"))
    assert [one.id for one in all_notes(None, deck.state)] == ["1"]
    assert [event.title for event in happened(None, deck.state, 10)] == ["note 1"]


def test_a_note_that_is_kept_never_changes(deck: Deck) -> None:
    deck.state.write_note(note("1"))
    deck.state.write_note(note("1", text="forged"))
    deck.state.write_note(note("\ud800", text="\ud800"))
    assert [one.text for one in deck.state.own_notes()] == ["note 1", "\ud800"]


def test_notes_are_events_with_who_wrote_them_as_claimed(deck: Deck) -> None:
    deck.state.write_note(note("1", text="look at this\nand that"))
    deck.git(
        note("2", T + 1, kind="ack", subject="attention/1a", about="precision under its floor", text="mine"),
        note("3", T + 2, kind="unack", subject="attention/1a", text=""),
        note("4", T + 3, kind="handover", text="all calm", author=""),
    )
    told = [(event.kind, event.title, event.actor, event.strength) for event in reversed(deck.events())]
    assert told == [
        ("note", "look at this…", "ann", "claimed"),
        ("acknowledgement", "has it: precision under its floor: mine", "ann", "claimed"),
        ("acknowledgement", "has it no more", "ann", "claimed"),
        ("handover", "handed over: all calm", None, None),
    ]
    assert [ref.subject for ref in deck.events()[1].refs] == ["attention/1a"]


# -- what the Watch showed, and what was told -----------------------------------------------------------------------


def test_the_newest_sight_is_kept(deck: Deck) -> None:
    assert deck.state.sight() is None
    deck.state.keep_sight({"attentions": []}, T)
    deck.state.keep_sight({"attentions": [1]}, T - 5)  # of a slower process
    assert deck.state.sight() == (T, {"attentions": []})
    deck.state.keep_sight({"attentions": [2]}, T + 5)
    assert deck.state.sight() == (T + 5, {"attentions": [2]})


def test_a_thing_is_told_once_by_whoever_is_first(deck: Deck, tmp_path: Path) -> None:
    with State(tmp_path / "state.db") as other:
        assert deck.state.tell_once("attention/1a", T)
        assert not other.tell_once("attention/1a", T + 1)
        other.untell("attention/1a")
        assert deck.state.tell_once("attention/1a", T + 2)


def test_what_was_told_is_forgotten_after_ninety_days(deck: Deck) -> None:
    assert deck.state.tell_once("a", T)
    assert not deck.state.tell_once("a", T + 90 * DAY)
    assert deck.state.tell_once("a", T + 91 * DAY)


def test_a_state_of_the_schema_before_is_copied_and_brought_on(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    before = MIGRATIONS[:4]
    old = sqlite3.connect(path)
    for number, migration in enumerate(before, 1):
        migration(old)
        old.execute(f"PRAGMA user_version = {number}")
    event = Event(id="1", at=T, kind="x", title="kept")
    old.execute("INSERT INTO event VALUES ('1', ?, ?)", (T, msgspec.json.encode(event).decode()))
    old.commit()
    old.close()
    with State(path) as state:
        state.write_note(note("1"))
        assert state.events(10) == [event]
        assert [one.id for one in state.own_notes()] == ["1"]
    (copy,) = tmp_path.glob("state.db.schema4.*.backup")
    assert sqlite3.connect(copy).execute("SELECT count(*) FROM event").fetchone() == (1,)
