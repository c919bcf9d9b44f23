"""The fold of a check's results, held against a plain reading of all of them at once."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from statistics import median_low
from typing import Any, get_args

from hypothesis import given
from hypothesis import strategies as st

from quarterdeck.app.records import Limit, Outcome
from quarterdeck.app.store.check_history import (
    RECENT,
    Around,
    History,
    Item,
    Key,
    Turn,
    due,
    ending,
    folded,
    history_of,
    joined,
    prepended,
)
from quarterdeck.app.store.check_packing import packed, unpacked
from quarterdeck.app.store.check_rules import Rule, change_between

DAY = 86_400_000
RULES = {
    1: Rule("not_null(id, mostly=0.99)", (Limit(name="mostly", value=0.99, strict="higher"),)),
    2: Rule("not_null(id, mostly=0.9)", (Limit(name="mostly", value=0.9, strict="higher"),)),
    3: Rule("not_null(id, mostly=0.9, where=eu)", (Limit(name="mostly", value=0.9, strict="higher"),)),
}
COVERS = ((20 * DAY, "run"), (21 * DAY, "run"))


def change(one: int, other: int) -> Any:
    return None if one == other else change_between(RULES[one], RULES[other])


def item(day: int, outcome: Outcome, rule: int = 1, **facts: Any) -> Item:
    return Item(at=day * DAY, id=facts.pop("id", "run"), outcome=outcome, rule=rule, commit=f"c{day}", **facts)


def fold(*items: Item, covers: tuple[Key, ...] = ()) -> tuple[History, list[Turn]]:
    return folded(items, Around(change, covers))


# -- single facts ---------------------------------------------------------------------------------------------------


def test_a_failure_is_dated_from_its_first_result_and_not_before_the_one_that_passed() -> None:
    history, turns = fold(item(1, "pass"), item(2, "fail"), item(3, "error"), item(4, "fail"))
    assert history.is_failing
    assert history.since == item(2, "fail")
    assert history.before == history.passed == item(1, "pass")
    assert turns == [Turn("began to fail", item(2, "fail").key, item(1, "pass"), item(2, "fail"))]


def test_a_warning_is_no_failure() -> None:
    history, turns = fold(item(1, "pass"), item(2, "warn"))
    assert not history.is_failing
    assert history.passed == item(2, "warn")
    assert turns == []


def test_a_skipped_result_neither_ends_a_failure_nor_begins_one() -> None:
    history, turns = fold(item(1, "skipped"), item(2, "fail"), item(3, "skipped"), item(4, "fail"), item(5, "skipped"))
    assert history.since == item(2, "fail")
    assert history.before is None
    assert [turn.kind for turn in turns] == ["began to fail"]
    assert fold(item(1, "skipped"))[0].is_failing is False


def test_what_it_could_not_run_for_is_a_failure_too() -> None:
    assert fold(item(1, "pass"), item(2, "error"))[0].since == item(2, "error")


def test_a_pass_after_a_failure_is_a_recovery() -> None:
    history, turns = fold(item(1, "fail"), item(2, "pass"))
    assert not history.is_failing
    assert [(turn.kind, turn.before) for turn in turns] == [("began to fail", None), ("recovered", item(1, "fail"))]


def test_turns_are_counted_among_the_last_twenty_results_only() -> None:
    restless = [item(day, "fail" if day % 2 else "pass") for day in range(10)]
    assert fold(*restless)[0].flips == 9
    calm = [item(day, "pass") for day in range(10, 10 + RECENT)]
    assert fold(*restless, *calm)[0].flips == 0


def test_the_usual_interval_is_the_median_of_the_last_and_needs_three_results() -> None:
    assert fold(item(1, "pass"), item(2, "pass"))[0].usual is None
    history, _ = fold(item(1, "pass"), item(2, "pass"), item(3, "pass"), item(30, "pass"))
    assert history.usual == DAY
    assert due(history.newest, history.usual) == 30 * DAY + 2 * DAY + 3_600_000


def test_results_of_a_time_whose_others_are_gone_say_nothing_of_how_often_it_speaks() -> None:
    history, _ = fold(item(1, "pass", is_kept=True), item(50, "fail", is_kept=True), item(99, "fail"))
    assert history.usual is None
    assert history.since == item(50, "fail", is_kept=True)


def test_a_lower_share_that_must_hold_is_a_looser_rule() -> None:
    history, turns = fold(item(1, "pass", 1), item(2, "pass", 2))
    assert history.change is not None
    assert (history.change.kind, history.change.item, history.change.before.rule) == ("loosened", item(2, "pass", 2), 1)
    assert [turn.kind for turn in turns] == ["loosened"]


def test_a_result_that_does_not_tell_its_rule_does_not_hide_the_change_around_it() -> None:
    history, _ = fold(item(1, "pass", 2), item(2, "pass", 0), item(3, "pass", 1))
    assert history.change is not None
    assert (history.change.kind, history.change.before.at) == ("tightened", DAY)


def test_a_check_that_a_whole_run_is_without_was_removed() -> None:
    history, _ = fold(item(19, "pass"), covers=COVERS)
    assert ending(history, Around(change, COVERS)) == [Turn("removed", COVERS[0], item(19, "pass"))]


def test_a_whole_run_that_holds_the_check_removes_nothing() -> None:
    history, turns = fold(item(19, "pass"), item(20, "pass"), item(21, "pass"), covers=COVERS)
    assert turns == ending(history, Around(change, COVERS)) == []


def test_a_check_that_comes_back_was_removed_and_returned() -> None:
    history, turns = fold(item(19, "pass"), item(22, "pass"), covers=COVERS)
    assert [(turn.kind, turn.at[0] // DAY) for turn in turns] == [("removed", 20), ("returned", 22)]
    assert history.change is not None
    assert history.change.kind == "returned"


def test_of_a_check_that_comes_back_with_another_rule_that_is_what_counts() -> None:
    history, turns = fold(item(19, "pass", 1), item(22, "pass", 2), covers=COVERS)
    assert [turn.kind for turn in turns] == ["removed", "returned", "loosened"]
    assert history.change is not None
    assert history.change.kind == "loosened"


# -- any results in any order ---------------------------------------------------------------------------------------

items = st.builds(
    Item,
    at=st.integers(0, 12).map(lambda day: day * DAY),
    id=st.sampled_from(("run", "other")),
    outcome=st.sampled_from(get_args(Outcome)),
    rule=st.integers(0, 3),
    commit=st.sampled_from(("c1", "c2", None)),
    is_kept=st.booleans(),
)
some_items = st.lists(items, min_size=1, max_size=30, unique_by=lambda one: one.key)
some_covers = st.lists(st.tuples(st.integers(0, 12).map(lambda day: day * DAY), st.just("whole")), max_size=4)


@dataclass
class Plain:
    """All facts, by loops over all results."""

    since: Item | None = None
    before: Item | None = None
    passed: Item | None = None
    flips: int = 0
    usual: int | None = None
    change: tuple[str, Item, int] | None = None
    turns: set[tuple[str, Key]] = field(default_factory=set)


def plainly(results: list[Item], covers: list[Key]) -> Plain:
    plain, firm, told = Plain(), None, None
    for place, one in enumerate(results):
        if one.is_bad and (firm is None or not firm.is_bad):
            plain.since, plain.before = one, firm
            plain.turns.add(("began to fail", one.key))
        if one.is_bad is False:
            if firm is not None and firm.is_bad:
                plain.turns.add(("recovered", one.key))
            plain.since, plain.passed = None, one
        firm = firm if one.is_bad is None else one
        gone = [cover for cover in covers if place and results[place - 1].key < cover < one.key]
        if gone:
            plain.turns |= {("removed", min(gone)), ("returned", one.key)}
            plain.change = ("returned", one, results[place - 1].rule)
        if told is not None and one.rule and change(told.rule, one.rule):
            plain.change = (change(told.rule, one.rule), one, told.rule)
            plain.turns.add((plain.change[0], one.key))
        told = one if one.rule else told
    gone = [cover for cover in covers if cover > results[-1].key]
    plain.turns |= {("removed", min(gone))} if gone else set()
    recent = [one for one in results if not one.is_kept][-RECENT:]
    judged = [one.is_bad for one in recent if one.is_bad is not None]
    plain.flips = sum(one != other for one, other in pairwise(judged))
    times = [later.at - one.at for one, later in pairwise(recent)]
    plain.usual = median_low(times) if len(times) > 1 else None
    return plain


def facts(history: History, turns: set[tuple[str, Key]]) -> Plain:
    last = history.change
    return Plain(
        since=history.since if history.is_failing else None,
        before=history.before if history.is_failing else None,
        passed=history.passed,
        flips=history.flips,
        usual=history.usual,
        change=None if last is None else (last.kind, last.item, last.before.rule),
        turns=turns,
    )


@given(some_items, some_covers)
def test_in_order_the_fold_says_what_a_plain_reading_says(results: list[Item], covers: list[Key]) -> None:
    results, covers = sorted(results, key=lambda one: one.key), sorted(set(covers))
    around = Around(change, covers)
    history, turns = folded(results, around)
    assert unpacked(packed(history)) == history
    plain = plainly(results, covers)
    if plain.since is None:
        plain.before = None
    told: set[tuple[str, Key]] = {(turn.kind, turn.at) for turn in turns + ending(history, around)}
    assert facts(history, told) == plain
    assert history.count == len(results)


@given(some_items, some_covers)
def test_results_that_come_newest_first_are_the_same_history(results: list[Item], covers: list[Key]) -> None:
    results, around = sorted(results, key=lambda one: one.key), Around(change, sorted(set(covers)))
    history = history_of(results[-1])
    told = {(turn.kind, turn.at): turn for turn in folded(results[-1:], around)[1]}
    for one in reversed(results[:-1]):
        history, turns, wrong = prepended(one, history, around)
        told = {key: turn for key, turn in told.items() if turn not in wrong}
        told |= {(turn.kind, turn.at): turn for turn in turns}
    whole, turns = folded(results, around)
    assert history == whole
    assert set(told.values()) == set(turns)


@given(some_items, some_covers, st.randoms(use_true_random=False))
def test_two_histories_joined_anywhere_are_the_history_of_all(
    results: list[Item], covers: list[Key], dice: Any
) -> None:
    results, around = sorted(results, key=lambda one: one.key), Around(change, sorted(set(covers)))
    parts = [(history_of(one), set(folded([one], around)[1])) for one in results]
    while len(parts) > 1:
        at = dice.randrange(len(parts) - 1)
        (one, told), (other, later) = parts[at], parts[at + 1]
        both, new, wrong = joined(one, other, around)
        true = {(turn.kind, turn.at) for turn in new}
        kept = {turn for turn in told | later if (turn.kind, turn.at) not in true and turn not in wrong}
        parts[at : at + 2] = [(both, kept | set(new))]
    whole, turns = folded(results, around)
    assert parts[0] == (whole, set(turns))
