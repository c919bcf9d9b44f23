"""Checks that whole runs are without: removed in as many transactions as it takes, and told as if it had been one."""

from __future__ import annotations

from contextlib import closing
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quarterdeck.app.records import CheckResult
from quarterdeck.app.store import check_folding
from tests.app.store.test_checks import NOW, Deck, invocation, made, result, runs

MANY = 9


def removed(deck: Deck) -> int:
    return sum(check.removed_at is not None for check in deck.checks())


@pytest.fixture
def deck(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(check_folding, "FOLDS", 4)
    with closing(Deck(tmp_path)) as deck:
        deck.write(invocation(0, *(result(f"c{n}") for n in range(MANY)), is_whole=True))
        yield deck


def test_no_more_checks_are_removed_at_once_than_a_transaction_has_room_for(deck: Deck) -> None:
    deck.write(invocation(1, result("c0"), is_whole=True))
    counts = [removed(deck)]
    while deck.cache.tell_removals(NOW):
        counts.append(removed(deck))
    assert counts[-1] == MANY - 1
    assert max(after - before for before, after in pairwise(counts)) <= 4
    deck.tell()
    assert [event.kind for event in deck.events()].count("check's rule removed") == MANY - 1


def test_what_an_earlier_run_removed_is_told_before_a_later_one_is_read(deck: Deck) -> None:
    deck.write(invocation(1, result("c0"), is_whole=True))
    assert removed(deck) < MANY - 1
    deck.write(invocation(2, *(result(f"c{n}") for n in range(MANY)), is_whole=True))
    kinds = [event.kind for event in deck.events()]
    assert (kinds.count("check's rule removed"), kinds.count("check's rule returned")) == (MANY - 1, MANY - 1)
    assert removed(deck) == 0


def test_removals_that_are_left_are_news_for_the_screens(deck: Deck) -> None:
    deck.write(invocation(1, result("c0"), is_whole=True))
    before = deck.reader.content()
    assert deck.cache.tell_removals(NOW)
    assert deck.reader.content() != before


@settings(max_examples=60, deadline=None)
@given(runs, st.randoms(use_true_random=False), st.integers(1, 3))
def test_however_few_checks_a_transaction_has_room_for_the_same_is_told(
    some: list[tuple[int, list[CheckResult], bool]], dice: Any, room: int
) -> None:
    found = [made(run) for run in some]
    with (
        TemporaryDirectory() as one,
        TemporaryDirectory() as other,
        closing(Deck(Path(one))) as at_once,
        closing(Deck(Path(other))) as in_steps,
    ):
        at_once.write(*found)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(check_folding, "FOLDS", room)
            while found:
                in_steps.write(*(found.pop(0) for _ in range(min(len(found), dice.randint(1, 4)))))
                while dice.random() < 0.5 and in_steps.cache.tell_removals(NOW):
                    pass
            while in_steps.cache.tell_removals(NOW):
                pass
        in_steps.tell()
        assert sorted(in_steps.checks(), key=_name) == sorted(at_once.checks(), key=_name)
        assert in_steps.events() == at_once.events()


def _name(check: Any) -> str:
    return str(check.name)
