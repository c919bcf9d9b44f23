"""What the results of a check say together: since when it fails, how often it turned, whether its rule was changed.

A history is folded out of items, one a result, and two histories that follow each other are joined into one without
looking at their items again. So a result that is newer than all others, or older (CI systems and first syncs hand over
the newest first), costs the same however long the history is. In any order the same items make the same history.

Pure: no clock, no database. What lies around the items is asked of `Around`, since they name their rules by number.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from functools import reduce
from operator import sub
from typing import Final, Literal, NamedTuple, TypeAlias

import msgspec

from ..records import Millis, Outcome, RuleChange

RECENT: Final = 20
"""Results by which it is told how often a check turns and speaks."""
SPOKEN: Final = 3
"""Results from which on it has a usual interval."""
GRACE: Final[Millis] = 3_600_000
"""How long after twice its usual interval a check is overdue."""

_GOOD: Final = ("pass", "warn")
_LETTERS: Final = {False: "g", True: "b", None: "-"}

Key: TypeAlias = tuple[Millis, str]
"""Where an item stands: when it was checked, and the invocation's id, which settles what is of the same moment."""
TurnKind: TypeAlias = Literal["began to fail", "recovered", "fell silent"] | RuleChange


class Item(msgspec.Struct, frozen=True, array_like=True):
    """What the fold needs of one result."""

    at: Millis
    id: str
    """Of the invocation."""
    outcome: Outcome
    rule: int = 0
    """0: the tool does not tell it."""
    commit: str | None = None
    is_kept: bool = False
    """Of a time whose other results are gone: it says nothing of how often the check speaks."""

    @property
    def key(self) -> Key:
        """Its place among the others."""
        return self.at, self.id

    @property
    def is_bad(self) -> bool | None:
        """Whether it failed or could not run; None where it says neither."""
        return None if self.outcome == "skipped" else self.outcome in ("fail", "error")


class Turn(NamedTuple):
    """Something that became different with a result, or for `removed` with a run of the suite that had none."""

    kind: TurnKind
    at: Key
    before: Item | None
    """The result before it: the truth lies between. None: there is none."""
    item: Item | None = None
    """The result that shows it; None for `removed`."""


class Change(msgspec.Struct, frozen=True, array_like=True):
    """The last change of a rule."""

    kind: TurnKind
    item: Item
    before: Item


class History(msgspec.Struct, frozen=True, array_like=True):
    """What is known of a stretch of results that follow each other."""

    oldest: Item
    newest: Item
    count: int
    times: tuple[Millis, ...]
    """When the last of them were, oldest first, without those that were kept ..."""
    verdicts: str
    """... and a letter for each: good, bad, or - for neither."""
    first_firm: Item | None
    """The first that passed or failed ..."""
    last_firm: Item | None
    """... and the last."""
    since: Item | None
    """With which the last stretch of good or of bad ones begins ..."""
    before: Item | None
    """... and the firm one before that."""
    passed: Item | None
    """The last good one."""
    first_rule: Item | None
    """The first that tells its rule ..."""
    last_rule: Item | None
    """... and the last."""
    change: Change | None

    @property
    def is_failing(self) -> bool:
        """Whether the last of them that says anything is bad."""
        return self.last_firm is not None and bool(self.last_firm.is_bad)

    @property
    def flips(self) -> int:
        """How often it turned among the recent ones."""
        firm = self.verdicts.replace("-", "")
        return firm.count("gb") + firm.count("bg")

    @property
    def usual(self) -> Millis | None:
        """The median of the times between the recent ones, the lower of two; None with fewer than three."""
        times = self.times
        if len(times) < SPOKEN:
            return None
        spans: list[Millis] = sorted(map(sub, times[1:], times))
        return spans[(len(spans) - 1) // 2]


def due(newest: Item, usual: Millis | None) -> Millis | None:
    """Until when a check should have said something again: twice its usual interval and an hour; None: nobody knows."""
    return None if usual is None else newest.at + 2 * usual + GRACE


class Around(NamedTuple):
    """What the fold asks of what lies around the items."""

    change: Callable[[int, int], RuleChange | None]
    """Between the rules of two numbers."""
    covers: Sequence[Key] = ()
    """In order: the runs that held every check of the suite. One that a check is not in says that it was removed."""

    def cover(self, after: Key, before: Key | None = None) -> Key | None:
        """The first such run between two results, or after the last."""
        if not self.covers or self.covers[-1] <= after:
            return None
        at = bisect_right(self.covers, after)
        found = self.covers[at] if at < len(self.covers) else None
        return found if found is None or before is None or found < before else None


def history_of(item: Item) -> History:
    """That of one result."""
    firm = item if item.is_bad is not None else None
    told = item if item.rule else None
    return History(
        oldest=item, newest=item, count=1, times=() if item.is_kept else (item.at,),
        verdicts="" if item.is_kept else _LETTERS[item.is_bad], first_firm=firm,
        last_firm=firm, since=firm, before=None, passed=item if item.is_bad is False else None, first_rule=told,
        last_rule=told, change=None,
    )  # fmt: skip


def folded(items: Iterable[Item], around: Around) -> tuple[History, list[Turn]]:
    """The history of these, which are at least one and in order, and its turns."""
    turns: list[Turn] = []

    def step(history: History, item: Item) -> History:
        both, new = appended(history, item, around)
        turns.extend(new)
        return both

    coming = iter(items)
    first = history_of(next(coming))
    turns.extend(opening(first))
    return reduce(step, coming, first), turns


def appended(history: History, item: Item, around: Around) -> tuple[History, list[Turn]]:
    """A history and one result more, which is newer than all: and the turns with it."""
    if _goes_on(history, item) and not around.cover(history.newest.key, item.key):
        return _with_the_same(history, item), []
    one = history_of(item)
    both, turns, _ = joined(history, one, around)
    return both, turns + (opening(one) if history.last_firm is None else [])


def prepended(item: Item, history: History, around: Around) -> tuple[History, list[Turn], list[Turn]]:
    """A history and one result more, which is older than all: and the turns as `joined` gives them, with its own."""
    if _is_the_same(history.first_firm, history.first_rule, item) and not around.cover(item.key, history.oldest.key):
        return _with_the_same_before(item, history), [], []
    one = history_of(item)
    both, turns, wrong = joined(one, history, around)
    return both, opening(one) + turns, wrong


def _is_the_same(firm: Item | None, rule: Item | None, item: Item) -> bool:
    """Good by the same rule as those beside it, as almost all results are."""
    if firm is None or rule is None or rule.rule != item.rule:
        return False
    return item.outcome in _GOOD and firm.outcome in _GOOD


def _goes_on(history: History, item: Item) -> bool:
    """Good or bad by the same rule as the result before it."""
    firm, rule = history.last_firm, history.last_rule
    if firm is None or rule is None or rule.rule != item.rule:
        return False
    verdict = item.is_bad
    return verdict is not None and verdict == firm.is_bad


def _with_the_same(history: History, item: Item) -> History:
    """What `joined` would make of one that goes on, in a quarter of the time."""
    times, verdicts = history.times, history.verdicts
    if not item.is_kept:
        times, verdicts = (*times, item.at)[-RECENT:], (verdicts + _LETTERS[item.is_bad])[-RECENT:]
    return History(
        history.oldest, item, history.count + 1, times, verdicts, history.first_firm, item, history.since,
        history.before, history.passed if item.is_bad else item, history.first_rule, item, history.change,
    )  # fmt: skip


def _with_the_same_before(item: Item, history: History) -> History:
    times, verdicts = history.times, history.verdicts
    if not item.is_kept and len(times) < RECENT:
        times, verdicts = (item.at, *times), "g" + verdicts
    return History(
        item, history.newest, history.count + 1, times, verdicts, item, history.last_firm,
        item if history.since == history.first_firm else history.since, history.before, history.passed, item,
        history.last_rule, history.change,
    )  # fmt: skip


def opening(history: History) -> list[Turn]:
    """What a history says by its beginning: a check that fails in the first result that there is."""
    first = history.first_firm
    return [Turn("began to fail", first.key, None, first)] if first is not None and first.is_bad else []


def ending(history: History, around: Around) -> list[Turn]:
    """What a history says by its end: the check was removed after it."""
    cover = around.cover(history.newest.key)
    return [] if cover is None else [Turn("removed", cover, history.newest)]


def joined(one: History, other: History, around: Around) -> tuple[History, list[Turn], list[Turn]]:
    """Two histories, of which the first is over when the second begins, as one: that, and the turns between them.

    The last are the turns of the second that were told because nothing was known before it, and are none.
    """
    turns, wrong = _verdicts_between(one, other)
    rules = _rules_between(one, other, around)
    lasting = other.first_firm is not None and other.since == other.first_firm and one.last_firm is not None
    goes_on = lasting and one.last_firm is not None and one.last_firm.is_bad == other.is_failing
    return (
        History(
            oldest=one.oldest, newest=other.newest, count=one.count + other.count,
            times=(one.times + other.times)[-RECENT:], verdicts=(one.verdicts + other.verdicts)[-RECENT:],
            first_firm=one.first_firm or other.first_firm, last_firm=other.last_firm or one.last_firm,
            since=one.since if goes_on or other.since is None else other.since,
            before=one.before if goes_on or other.since is None else one.last_firm if lasting else other.before,
            passed=other.passed or one.passed, first_rule=one.first_rule or other.first_rule,
            last_rule=other.last_rule or one.last_rule, change=_last_change(one, rules, other),
        ),
        turns + rules, wrong,
    )  # fmt: skip


def _verdicts_between(one: History, other: History) -> tuple[list[Turn], list[Turn]]:
    last, first = one.last_firm, other.first_firm
    if last is None or first is None:
        return [], []
    if last.is_bad == first.is_bad:
        return [], opening(other)
    # a failure that was told as the first thing known of the check has the same key: it is told again with its past
    return [Turn("began to fail" if first.is_bad else "recovered", first.key, last, first)], []


def _rules_between(one: History, other: History, around: Around) -> list[Turn]:
    turns = []
    cover = around.cover(one.newest.key, other.oldest.key)
    if cover is not None:
        turns.append(Turn("removed", cover, one.newest))
        turns.append(Turn("returned", other.oldest.key, one.newest, other.oldest))
    last, first = one.last_rule, other.first_rule
    change = None if last is None or first is None else around.change(last.rule, first.rule)
    if change is not None and first is not None:
        turns.append(Turn(change, first.key, last, first))
    return turns


def _last_change(one: History, between: Iterable[Turn], other: History) -> Change | None:
    """The latest of all; of a check that came back with another rule it is that."""
    met = [change for change in (one.change, other.change) if change is not None]
    met += [Change(turn.kind, turn.item, turn.before) for turn in between if turn.item and turn.before]
    return max(met, key=lambda change: (change.item.key, change.kind != "returned"), default=None)
