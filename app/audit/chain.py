"""Whether the entries of an alias hold together, and whether what was seen of the alias agrees. Pure functions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby, pairwise
from typing import Final

from ..exact import iso, span
from ..promotion.apply import LIMIT_SECONDS
from ..promotion.words import NAME, SKEW, called
from ..records import AliasMove, LedgerEntry, Millis, Record
from ..store.explanations import Verdict
from ..text import clip
from .findings import Finding, Level

UNDER_WAY: Final[Millis] = round(LIMIT_SECONDS * 1000)
"""For so long the alias need not show yet what an entry says."""


class Seen(Record, frozen=True, kw_only=True):
    """Where an alias was found last. `version` is None where there was no such alias."""

    version: str | None
    at: Millis


def about_entry(entry: LedgerEntry) -> str:
    """How an entry is spoken of: `champion entry 12`."""
    return f"{clip(entry.alias, NAME)} entry {entry.number}"


def of_entry(entry: LedgerEntry, level: Level, code: str, sentence: str) -> Finding:
    """A finding about an entry."""
    return Finding(
        level=level, code=code, about=about_entry(entry), sentence=sentence, alias=entry.alias, entry=entry.number
    )  # fmt: skip


def of_alias(alias: str, level: Level, code: str, sentence: str) -> Finding:
    """A finding about an alias."""
    return Finding(level=level, code=code, about=clip(alias, NAME), sentence=sentence, alias=alias)


def in_order(entries: Iterable[LedgerEntry]) -> list[LedgerEntry]:
    """By number."""
    return sorted(entries, key=lambda entry: (entry.number, entry.id))


def chain_of(entries: Sequence[LedgerEntry]) -> Iterator[Finding]:
    """What is wrong with the entries of one alias, given by number, taken together."""
    for entry in entries:
        if entry.trouble:
            yield of_entry(entry, "wrong", "unreadable", entry.trouble)
    numbered = [list(group) for _, group in groupby(entries, key=lambda entry: entry.number)]
    for group in numbered:
        if len(group) > 1:
            ids = ", ".join(entry.id[:12] for entry in group)
            yield of_entry(group[0], "wrong", "double", f"its number is given {len(group)} times: {ids}.")
    yield from _first(numbered[0] if numbered else [])
    for before, after in pairwise(numbered):
        yield from _after(before, after)
    readable = [entry for entry in entries if not entry.trouble]
    for entry in readable:
        yield from _cancels(entry, readable)


def _first(group: Sequence[LedgerEntry]) -> Iterator[Finding]:
    for entry in group:
        if entry.number > 1:
            yield of_alias(entry.alias, "wrong", "gap", f"{_numbers(1, entry.number - 1)} missing.")
        elif entry.before and not entry.trouble:
            yield of_entry(entry, "wrong", "before", f"it is the first and names one before it: {entry.before[:12]}.")


def _numbers(first: int, last: int) -> str:
    return f"entry {first} is" if first == last else f"entries {first} to {last} are"


def _after(before: Sequence[LedgerEntry], after: Sequence[LedgerEntry]) -> Iterator[Finding]:
    """What is wrong between two numbers that follow each other."""
    last, first = before[0].number, after[0].number
    if first > last + 1:
        yield of_alias(after[0].alias, "wrong", "gap", f"{_numbers(last + 1, first - 1)} missing.")
        return
    for entry in after:
        if entry.trouble:
            continue
        if entry.before not in {one.id for one in before}:
            named = f"names {entry.before[:12]}" if entry.before else "names none"
            said = f"it {named} as the one before it, and entry {last} is {before[0].id[:12]}."
            yield of_entry(entry, "wrong", "before", said)
        yield from _follows(before[0], entry)


def _follows(before: LedgerEntry, entry: LedgerEntry) -> Iterator[Finding]:
    """Whether what an entry found is what the one before it left."""
    if before.trouble:
        return
    if entry.at < before.at - SKEW:
        said = f"it is dated {span(before.at - entry.at)} before entry {before.number}: a clock is wrong."
        yield of_entry(entry, "unknown", "time", said)
    found = entry.previous or ""
    if found == before.version:
        return
    if found == (before.previous or ""):
        said = (
            f"it was never carried out, or undone outside: entry {entry.number} found {called(entry.previous)} still."
        )
        yield of_entry(before, "note", "not done", said)
        return
    said = f"it found {called(entry.previous)}, and entry {before.number} says {called(before.version)}: "
    yield of_entry(entry, "wrong", "outside", said + "the alias was moved outside in between.")


def _cancels(entry: LedgerEntry, entries: Sequence[LedgerEntry]) -> Iterator[Finding]:
    """Whether an entry that takes another back does just that."""
    if entry.kind != "cancel":
        return
    taken = next((one for one in entries if one.number == entry.cancels), None)
    if taken is None or taken.number >= entry.number:
        yield of_entry(entry, "wrong", "cancel", f"it takes back entry {entry.cancels}, which is not there before it.")
    elif (entry.version, entry.previous or "") != (taken.previous or "", taken.version):
        said = f"it takes back entry {taken.number}, {called(taken.previous)} → {called(taken.version)}, and says "
        yield of_entry(entry, "wrong", "cancel", f"{said}{called(entry.previous)} → {called(entry.version)}.")


# -- what was seen


def moves_of(
    alias: str, told: Iterable[tuple[AliasMove, Verdict]], entries: Sequence[LedgerEntry]
) -> Iterator[Finding]:
    """Moves that no entry explains, newest first as they are given. `entries` by number."""
    begin = min((entry.at for entry in entries if not entry.trouble), default=None)
    for move, verdict in told:
        if verdict not in ("unexplained", "not so far"):
            continue
        said = f"{_change(move)} {_when(move)}, and no entry explains it"
        if begin is not None and move.at < begin:
            yield of_alias(alias, "note", "unexplained", f"{said}: that was before the first one.")
        elif verdict == "unexplained":
            yield of_alias(alias, "wrong", "unexplained", f"{said}.")
        else:
            yield of_alias(alias, "unknown", "unexplained", f"{said} so far: the ledger was not read since.")


def _change(move: AliasMove) -> str:
    if move.version is None:
        return f"it was taken from {called(move.previous)}"
    return f"it was moved {called(move.previous)} → {called(move.version)}"


def _when(move: AliasMove) -> str:
    return f"by {iso(move.at)}" if move.not_before is None else f"between {iso(move.not_before)} and {iso(move.at)}"


def shown_of(alias: str, entries: Sequence[LedgerEntry], seen: Seen | None) -> Iterator[Finding]:
    """Whether the alias shows what the last entry says. `seen`: as it was found last; None where nobody looked."""
    last = entries[-1] if entries else None
    if last is None or last.trouble or seen is None or (seen.version or "") == last.version:
        return
    said = f"it shows {called(seen.version)}, and the last entry, {last.number}, says {called(last.version)}"
    if seen.at < last.at + UNDER_WAY:
        yield of_alias(alias, "unknown", "shows", f"{said}: nobody looked since.")
    else:
        yield of_alias(alias, "wrong", "shows", f"{said}.")
