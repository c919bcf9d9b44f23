"""Which version an alias goes back to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..records import AliasMove, LedgerEntry


def ways_back(shows: str | None, entries: Sequence[LedgerEntry], moves: Sequence[AliasMove]) -> tuple[str, ...]:
    """Versions to go back to, the best first. `entries` oldest first, `moves` newest first.

    The last good one is that of the newest entry before the present one that took effect and was not rolled back.
    Where the ledger knows none: what the alias was seen to show before, and what the first entry found there.
    """
    sound = [entry for entry in entries if not entry.trouble]
    seen = [version for move in moves for version in (move.previous, move.version)]
    bad = _rolled_back(sound)
    found = [*_of_ledger(shows, sound, bad, frozenset(seen)), *seen]
    found += [entry.previous for entry in reversed(sound) if entry.kind == "promotion"]
    last = {entry.version: at for at, entry in enumerate(sound) if entry.kind != "cancel"}
    good = (version for version in found if version and version != shows and last.get(version) not in bad)
    return tuple(dict.fromkeys(good))


def shown_before(entries: Sequence[LedgerEntry], moves: Sequence[AliasMove]) -> frozenset[str]:
    """All versions that the alias is known to have shown, by the ledger or because somebody saw it; bad ones too."""
    taken_back = {entry.cancels for entry in entries}
    found = {entry.version for entry in entries if entry.number not in taken_back}
    found |= {entry.previous or "" for entry in entries if entry.kind != "cancel"}
    found |= {version or "" for move in moves for version in (move.previous, move.version)}
    return frozenset(found - {""})


def _of_ledger(
    shows: str | None, entries: Sequence[LedgerEntry], bad: frozenset[int], seen: frozenset[str | None]
) -> Iterator[str]:
    """Versions of the entries before the one that the alias shows, newest first."""
    present = max((at for at, entry in enumerate(entries) if entry.version == shows), default=len(entries))
    for at in range(present - 1, -1, -1):
        if at not in bad and entries[at].kind != "cancel" and _took_effect(entries, at, seen):
            yield entries[at].version


def _took_effect(entries: Sequence[LedgerEntry], at: int, seen: frozenset[str | None]) -> bool:
    """Whether the entry after it found what this one says; of the last one, whether anybody saw it."""
    entry = entries[at]
    if any(later.cancels == entry.number for later in entries[at + 1 :]):
        return False
    return entries[at + 1].previous == entry.version if at + 1 < len(entries) else entry.version in seen


def _rolled_back(entries: Sequence[LedgerEntry]) -> frozenset[int]:
    """Places of the entries whose version a rollback took away: the last one with that version before it."""
    found: set[int] = set()
    for at, entry in enumerate(entries):
        if entry.kind == "rollback" and entry.previous:
            before = [place for place in range(at) if entries[place].version == entry.previous]
            found.update(before[-1:])
    return frozenset(found)
