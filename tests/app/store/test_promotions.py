"""What Git says of promotions, as the syncer writes it and everybody reads it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from quarterdeck.app.records import (
    Actor,
    Batch,
    LedgerEntry,
    PlanApproval,
    PolicyText,
    Promotions,
    SourceSpec,
    StoredPlan,
    Waiver,
)
from quarterdeck.app.store.cache import Cache
from quarterdeck.app.store.reading import Reader

HERE = SourceSpec(key="g", kind="git", name="git", address="https://git.example/churn")
THERE = SourceSpec(key="h", kind="git", name="models", address="https://git.example/models")
ANN = Actor(name="ann", email="ann@example.com", strength="signed")


class Deck:
    """A cache and a reader of it."""

    def __init__(self, path: Path) -> None:
        self.cache = Cache(path)
        self.cache.declare([HERE, THERE])
        self.reader = Reader(path)

    def write(self, promotions: Promotions | None, source: str = "g") -> None:
        self.cache.write(source, Batch(promotions=promotions), 1)


@pytest.fixture
def deck(tmp_path: Path) -> Iterator[Deck]:
    made = Deck(tmp_path / "cache.db")
    yield made
    made.reader.close()
    made.cache.close()


def entry(number: int, **rest: Any) -> LedgerEntry:
    facts: dict[str, Any] = {
        "source": "g", "model": "churn", "alias": "champion", "number": number, "id": f"{number:040x}",
        "version": str(number), "at": 1_000 * number, "by": ANN,
    }  # fmt: skip
    return LedgerEntry(**(facts | rest))


ALL = Promotions(
    policy=PolicyText(source="g", branch="origin/main", commit="20aa", at=5, text="[project]", signers={"a": "b"}),
    entries=(
        entry(1),
        entry(2, approvers=(ANN,), gates={"ci:unit": "pass"}, previous="1", before="0" * 39 + "1", reason="\x1b[31m"),
        entry(10, kind="cancel", cancels=2),
    ),
    plans=(StoredPlan(source="g", id="7f3a", text="{}", by=ANN, at=7),),
    approvals=(PlanApproval(source="g", id="a", plan="7f3a", by=ANN, at=8, note="yes"),),
    waivers=(
        Waiver(source="g", id="w", model="churn", alias="champion", version="2", gate="data:x", by=ANN, why="y", at=1,
               until=2),
    ),
)  # fmt: skip


def test_what_is_written_is_read_back_exactly(deck: Deck) -> None:
    assert deck.reader.promotions() == Promotions()
    assert deck.reader.policy_text() is None
    deck.write(ALL)
    assert deck.reader.promotions() == ALL
    assert deck.reader.policy_text() == ALL.policy


def test_a_ledger_is_read_oldest_first_by_the_exact_names(deck: Deck) -> None:
    others = (entry(1, alias="Champion"), entry(1, model="churn2"), entry(11, trouble="no JSON"))
    deck.write(Promotions(entries=(*reversed(ALL.entries), *others)))
    assert [one.number for one in deck.reader.ledger("churn", "champion")] == [1, 2, 10, 11]
    assert [one.alias for one in deck.reader.ledger("churn", "Champion")] == ["Champion"]
    assert deck.reader.ledger("Churn", "champion") == ()


def test_the_same_again_is_no_news_and_anything_else_replaces_all(deck: Deck) -> None:
    deck.write(ALL)
    content = deck.reader.content()
    deck.write(ALL)
    deck.write(None)
    assert deck.reader.content() == content
    fewer = Promotions(entries=ALL.entries[:1])
    deck.write(fewer)
    assert deck.reader.promotions() == fewer
    assert deck.reader.content() == content._replace(promotions=content.promotions + 1)
    deck.write(Promotions())
    assert deck.reader.promotions() == Promotions()


def test_a_repository_that_says_nothing_is_no_news(deck: Deck) -> None:
    before = deck.reader.content()
    deck.write(Promotions())
    assert deck.reader.content() == before


def test_several_repositories_are_read_as_one_and_hidden_ones_are_not(deck: Deck) -> None:
    empty = PolicyText(source="g", branch="origin/main", commit="1", text=None)
    other = PolicyText(source="h", branch="origin/main", commit="2", text="[project]")
    deck.write(Promotions(policy=empty, entries=(entry(1),)))
    deck.write(Promotions(policy=other, entries=(entry(2, source="h"),)), "h")
    assert deck.reader.policy_text() == other
    assert [one.source for one in deck.reader.ledger("churn", "champion")] == ["g", "h"]
    deck.cache.declare([HERE])
    assert deck.reader.policy_text() == empty
    assert [one.source for one in deck.reader.ledger("churn", "champion")] == ["g"]


def test_texts_that_are_not_utf_8_are_kept_spelled_out(deck: Deck) -> None:
    deck.write(Promotions(entries=(entry(1, model="a\udcff", gates={"ci:\udcff": "pass"}),)))
    (kept,) = deck.reader.ledger("a\\udcff", "champion")
    assert kept.gates == {"ci:\\udcff": "pass"}
