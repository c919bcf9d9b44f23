"""What people write to each other: shared with the team, through the notes of its Git remote."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from ..errors import SourceError
from ..records import Note, Want
from ..sources import Source
from ..store.state import Act, ActState
from . import Outcome, Surroundings, Tried, Verdict
from .board import Board
from .office import in_thread

SHARE: Final = "share_notes"

LOCAL: Final = "There is no Git remote: what is written stays here (local only)."
STAYS: Final = "It stays here only, and is shared with the next chance."


class SharingOutcome(Outcome, frozen=True):
    """What came of it."""

    notes: tuple[str, ...]
    """Ids of those that were to be shared."""


def sharing_intent(source: str) -> dict[str, Any]:
    """What the journal keeps before it is tried. It is about all notes that are here only by then."""
    return {"source": source}


class NotesShared:
    """Written twice, a note is there once: doing it again is no harm, and neither is doing it beside somebody else."""

    acts = frozenset({SHARE})
    nobody = "There is no Git repository here: what is written stays here."
    once: frozenset[str] = frozenset()
    pauses: tuple[float, ...] = ()
    patience = 120.0

    def takes(self, source: object) -> bool:
        """The project's Git repository."""
        spec = getattr(source, "spec", None)
        return spec is not None and spec.kind == "git"

    def bind(self, source: Source, around: Surroundings) -> Board:
        """The board that it is pinned to."""
        return Board(source, around)

    def check(self, act: Act) -> None:
        """What was written was looked at when it was."""

    def unable(self, source: Board, act: Act) -> str:
        """Without a remote there is nobody to share with."""
        return LOCAL if source.is_local else ""

    async def look(self, source: Board, act: Act) -> list[Note]:
        """What is here only, and what others had once and the remote has lost since. Raises UntrustedError."""
        source.check()
        return [*source.unshared(), *await _lost(source)]

    def refusal(self, act: Act, thing: list[Note] | None) -> str:
        """None: it adds to whatever is there."""
        return ""

    def before(self, act: Act, thing: list[Note]) -> Any:
        """Which notes it is about."""
        return [note.id for note in thing]

    def alone(self, act: Act) -> str:
        """Two at the same time are no harm."""
        return ""

    async def do(self, source: Board, act: Act) -> Mapping[str, Any]:
        """Add them, and push. Raises SourceError, RefusedError."""
        notes = source.own(act.intent["previous"])
        if notes:
            await in_thread(source.share, notes)
        return {}

    async def verdict(self, source: Board, act: Act, tried: Tried) -> Verdict:
        """Whether the remote has them. Raises SourceError."""
        notes = source.own(act.intent["previous"])
        if not notes:
            return Verdict("done", "Nothing was here only.", {"notes": 0})
        if tried.trouble and not source.has_pushed:
            return Verdict("failed", f"{tried.trouble} {STAYS}", {"notes": 0, "is_refused": tried.is_denied})
        missing = await in_thread(source.missing, notes)
        there = [note for note in notes if note not in missing]
        source.settle(there)
        if missing:
            why = tried.trouble or f"{_many(len(missing))} not in the team's repository afterwards."
            return Verdict("failed", f"{why} {STAYS}", {"notes": len(there), "is_refused": tried.is_denied})
        return Verdict("done", _said(there), {"notes": len(there)})

    def outcome(self, act: Act, state: ActState, sentence: str, *, is_refused: bool = False) -> SharingOutcome:
        """With the notes."""
        told = ((act.outcome or {}).get("read_back") or {}).get("is_refused", False)
        return SharingOutcome(
            entry=act.id, act=act.act, subject=act.subject, source=act.intent["source"], state=state,
            sentence=sentence, is_refused=is_refused or bool(told), notes=tuple(act.intent.get("previous", ())),
        )  # fmt: skip

    def wants(self, outcomes: Sequence[Outcome]) -> list[Want]:
        """The notes as they are in the remote now."""
        sources = dict.fromkeys(one.source for one in outcomes if one.state == "done")
        return [Want(kind="ledger", source=source) for source in sources]


async def _lost(source: Board) -> list[Note]:
    """A remote may lose what it had: somebody removes the ref, or the team moves to another one."""
    shared = source.shared()
    try:
        return await in_thread(source.missing, shared) if shared else []
    except SourceError:
        return []  # it cannot be asked now, which is said when the others are to be pushed


def _said(there: Sequence[Note]) -> str:
    """`here only` is what they were before."""
    new = sum(note.is_here_only for note in there)
    again = len(there) - new
    back = f"{_many(again)} there again, which the repository had lost." if again else ""
    return " ".join(part for part in (f"{_many(new)} shared with the team." if new else "", back) if part)


def _many(number: int) -> str:
    return "1 note is" if number == 1 else f"{number} notes are"
