"""Where a check or one of its results that is spoken of is shown."""

from __future__ import annotations

from ..app.errors import UsageError
from ..app.records import Subject
from ..app.store.reading import Reader
from ..app.text import shown
from .check import CheckScreen
from .deck import Deck
from .frame import FrameScreen


def named_check(reader: Reader, native: str) -> str:
    """The id of the check with this id, or of the only one whose id begins so. Raises UsageError."""
    reads = reader.checks
    found = reads.find(native)
    begun = [found] if found is not None else reads.beginning(native, 2)
    rows = reads.rows(begun)
    if len(rows) != 1:
        said = "several checks begin so" if rows else "the cache has no check with this id"
        raise UsageError(f"check/{shown(native)}: {said}; `quarterdeck checks` lists them")
    return rows[0].check.id


def named_result(reader: Reader, native: str) -> tuple[str, str]:
    """The id of a check and the whole id of its result, of `<check id>.<invocation id>`. Raises UsageError."""
    check_id, dot, invocation = native.partition(".")
    past = reader.checks.result(check_id, invocation) if dot else None
    if past is None:
        raise UsageError(
            f"result/{shown(native)}: the cache has no such result; `quarterdeck checks --json` names the newest ones"
        )
    return check_id, past.id


def screens_at(deck: Deck, subject: Subject) -> list[FrameScreen]:
    """The screen for `check/ID` or `result/ID`: the page of the check, for a result with that one unfolded."""
    if subject.kind == "result":
        check_id, result = named_result(deck.reader, subject.parts[0])
        return [CheckScreen(deck, check_id, result)]
    return [CheckScreen(deck, named_check(deck.reader, subject.parts[0]))]
