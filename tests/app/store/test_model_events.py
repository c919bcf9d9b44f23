"""Events of registered models: what the cache, the ledger and our own looks tell together."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from quarterdeck.app.records import (
    Actor,
    Batch,
    Event,
    LedgerEntry,
    ModelVersion,
    PolicyText,
    Promotions,
    RegisteredModel,
    SourceSpec,
    SourceState,
)
from quarterdeck.app.store.cache import Cache
from quarterdeck.app.store.happened import happened
from quarterdeck.app.store.reading import Reader
from quarterdeck.app.store.state import State

REGISTRY = SourceSpec(key="k", kind="registry", name="models", address="http://127.0.0.1:5000")
GIT = SourceSpec(key="g", kind="git", name="git", address="https://git.example/churn")
ANN = Actor(name="ann", email="ann@example.com", strength="signed")
T = 1_763_780_820_000
POLICY = PolicyText(source="g", branch="origin/main", commit="1", text='[promotion."chu*"]\nto = "champion"\n')


class Deck:
    """A cache and a state, and who reads both."""

    def __init__(self, folder: Path) -> None:
        self.cache = Cache(folder / "cache.db")
        self.cache.declare([REGISTRY, GIT])
        self.reader = Reader(folder / "cache.db")
        self.state = State(folder / "state.db")

    def look(self, at: int, gone: Any = (), **aliases: str) -> None:
        self.state.observe_aliases("k", {"churn": aliases}, gone, at)

    def git(self, *entries: LedgerEntry, as_of: int, policy: PolicyText | None = POLICY) -> None:
        self.cache.write("g", Batch(promotions=Promotions(policy=policy, entries=entries)), as_of)
        self.cache.save_state(SourceState(source="g", kind="git", name="git", state="ok", last_ok_at=as_of))

    def events(self, limit: int = 100, **rest: Any) -> list[Event]:
        return happened(self.reader, self.state, limit, **rest)

    def titles(self) -> list[str]:
        return [event.title for event in self.events()]


@pytest.fixture
def deck(tmp_path: Path) -> Iterator[Deck]:
    made = Deck(tmp_path)
    yield made
    made.state.close()
    made.reader.close()
    made.cache.close()


def entry(number: int, version: str, at: int, **rest: Any) -> LedgerEntry:
    facts: dict[str, Any] = {"source": "g", "model": "churn", "alias": "champion", "id": f"e{number}", "by": ANN}
    return LedgerEntry(**(facts | {"number": number, "version": version, "at": at} | rest))


def test_a_move_that_the_ledger_explains_has_its_actor_and_both_are_told(deck: Deck) -> None:
    deck.look(T, champion="13")
    deck.git(entry(1, "14", T + 50, previous="13", reason="better", commit="4f2c"), as_of=T + 200)
    deck.look(T + 100, champion="14")
    moved, promoted = deck.events()
    assert (moved.kind, moved.title) == ("alias moved", "champion of churn: v13 → v14")
    assert (moved.actor, moved.strength, moved.at, moved.not_before) == ("ann", "signed", T + 100, T)
    assert [(ref.subject, ref.role) for ref in moved.refs] == [
        ("alias/churn@champion", "alias"),
        ("model/churn/14", "version"),
        ("model/churn/13", "previous"),
    ]
    assert (promoted.kind, promoted.title) == ("promotion", "champion of churn: v13 → v14: better")
    assert (promoted.actor, promoted.strength, promoted.at) == ("ann", "signed", T + 50)
    assert promoted.refs[-1].subject == "commit/4f2c"


def test_a_move_that_no_entry_explains_says_so_once_git_was_read_after_it(deck: Deck) -> None:
    deck.look(T, champion="13")
    deck.look(T + 100, champion="14")
    assert deck.titles() == ["champion of churn: v13 → v14"]  # nobody keeps a ledger
    deck.git(as_of=T + 99)
    assert deck.titles() == ["champion of churn: v13 → v14; no entry of the ledger explains it so far"]
    deck.git(as_of=T + 100)
    (event,) = deck.events()
    assert event.title == "champion of churn: v13 → v14; no entry of the ledger explains it"
    assert (event.actor, event.strength) == (None, None)


def test_only_aliases_that_a_policy_or_a_ledger_speaks_of_want_an_explanation(deck: Deck) -> None:
    deck.look(T)
    deck.git(entry(1, "1", T - 9, alias="shadow"), as_of=T + 900)
    deck.look(T + 100, challenger="14", shadow="2", champion="3")
    assert {event.title for event in deck.events() if event.kind == "alias moved"} == {
        "challenger of churn: v14",
        "shadow of churn: v2; no entry of the ledger explains it",
        "champion of churn: v3; no entry of the ledger explains it",
    }


def test_a_policy_that_cannot_be_read_wants_nothing(deck: Deck) -> None:
    deck.look(T, champion="1")
    deck.look(T + 1, champion="2")
    for text in ("[promotion", "promotion = 3", "[promotion]\nx = 1", None):
        deck.git(as_of=T + 9, policy=PolicyText(source="g", branch="main", commit="1", text=text))
        assert deck.titles() == ["champion of churn: v1 → v2"]


def test_an_alias_that_is_gone_says_how(deck: Deck) -> None:
    deck.look(T, champion="14", old="3")
    deck.look(T + 1, gone=[("churn", "14")])
    assert deck.titles() == [
        "old of churn is gone: it was taken from v3",
        "champion of churn is gone: v14 was deleted",
    ]


def test_versions_that_are_registered_are_told_and_prompts_are_not(deck: Deck) -> None:
    models = (RegisteredModel(source="k", name="churn"), RegisteredModel(source="k", name="ask", kind="prompt"))
    versions = (
        ModelVersion(source="k", model="churn", version="14", created_at=T, user="bo", run_id="r1"),
        ModelVersion(source="k", model="churn", version="beta", created_at=T - 1),
        ModelVersion(source="k", model="ask", version="1", created_at=T),
    )
    deck.cache.write("k", Batch(models=models, versions=versions), T)
    first, second = deck.events()
    assert (first.kind, first.title, first.at) == ("version registered", "churn v14 registered", T)
    assert (first.actor, first.strength) == ("bo", "claimed")
    assert [ref.subject for ref in first.refs] == ["model/churn/14", "run/r1"]
    assert (second.title, second.actor, second.strength) == ("churn beta registered", None, None)
    assert deck.events(since=T, until=T + 1) == [first]
    assert deck.events(since=T + 1) == []


def test_rollbacks_and_cancels_are_told_as_such_and_unreadable_entries_are_not(deck: Deck) -> None:
    rollback = entry(2, "13", T + 1, kind="rollback", previous="14")
    cancel = entry(3, "14", T + 2, kind="cancel", cancels=2)
    deck.git(rollback, cancel, entry(4, "", T + 3, trouble="no JSON"), as_of=T)
    assert [(event.kind, event.title) for event in deck.events()] == [
        ("promotion cancelled", "champion of churn: entry 2 is taken back, v14"),
        ("rollback", "champion of churn: v14 → v13"),
    ]


def test_a_local_ledger_explains_as_well_and_waits_for_nobody(deck: Deck) -> None:
    policy = PolicyText(source="g", branch="main", commit="1", text=POLICY.text, is_local=True)
    deck.git(as_of=T - 9_000, policy=policy)
    deck.look(T, champion="13")
    deck.look(T + 100, champion="14")
    deck.look(T + 200, champion="15")
    deck.state.append_local_entry(entry(1, "14", T + 90, source="", previous="13"))
    told = [(event.kind, event.actor) for event in deck.events()]
    assert told == [("alias moved", None), ("alias moved", "ann"), ("promotion", "ann")]
    assert "explains it" in deck.events(1)[0].title


def test_moves_of_a_source_that_left_the_settings_are_not_told(deck: Deck) -> None:
    deck.look(T, champion="13")
    deck.look(T + 1, champion="14")
    deck.cache.declare([GIT])
    assert deck.events() == []
    assert len(happened(None, deck.state, 9)) == 1
