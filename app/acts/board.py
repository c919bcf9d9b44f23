"""The team's notes in its Git remote, as they are written: fetched, added to, pushed without force, and read back.

Two people who share at the same time both get what they wrote there: whoever comes second adds to what the first made.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from .. import trust
from ..errors import RefusedError, SourceError
from ..git import GitError
from ..notebook import REF
from ..notebook.commits import add, missing
from ..paths import mirror_dir
from ..promotion.desk import Desk
from ..promotion.identity import you
from ..records import Note, SourceSpec
from ..sources import Source
from . import Surroundings

TRIES: Final = 15
"""So many people may be faster than we are, one after another."""
_LONGEST_PAUSE: Final = 1.5
_FASTER: Final = (
    "fetch first", "non-fast-forward", "stale info", "already exists", "cannot lock ref", "failed to update ref",
    "incorrect old value", "failed to lock", "couldn't find remote ref",
)  # fmt: skip
"""What Git says where the ref is not as it was when we looked."""
_NOT_TAKEN: Final = ("remote rejected", "hook declined", "pre-receive", "protected", "read only", "read-only")


class Board:
    """One act's. What it does blocks; `unshared`, `shared`, `own` and `settle` are for the thread that has
    state.db open."""

    def __init__(self, source: Source, around: Surroundings) -> None:
        self.spec: SourceSpec = source.spec
        self.has_pushed = False
        """Something was sent: from here on nobody but the remote knows what came of it."""
        self._around = around
        self._who = ("", "")

    @property
    def is_local(self) -> bool:
        """There is no remote: nobody else would see it."""
        return not self._around.settings.remote

    def unshared(self) -> list[Note]:
        """What was written here and is nowhere else."""
        return self._around.state.unshared_notes()

    def shared(self) -> list[Note]:
        """What was written here, and reached others once."""
        return [note for note in self._around.state.own_notes() if not note.is_here_only]

    def own(self, ids: Sequence[str]) -> list[Note]:
        """Notes of ours by their ids."""
        wanted = set(ids)
        return [note for note in self._around.state.own_notes() if note.id in wanted]

    def settle(self, notes: Sequence[Note]) -> None:
        """Others have these now."""
        self._around.state.mark_shared([note.id for note in notes])

    def check(self) -> None:
        """Raise UntrustedError where nobody agreed that the remote is spoken to."""
        trust.check_trusted(self._around.settings, "git")

    def share(self, notes: Sequence[Note]) -> None:
        """Have them in the remote, beside all that is there. Raises SourceError, RefusedError."""
        actor = you(self._around.settings)
        with self._desk(pushes=True) as desk:
            for attempt in range(TRIES):
                if self._tried(desk, notes, (actor.name, actor.email)):
                    return
                time.sleep(random.uniform(0.1, 1.0) * min(0.1 * 2**attempt, _LONGEST_PAUSE))  # noqa: S311  spreads two
        raise SourceError("Others wrote to the team's notes all the time: ours came in between none of them.")

    def _tried(self, desk: Desk, notes: Sequence[Note], who: tuple[str, str]) -> bool:
        """False where somebody else was faster."""
        try:
            tip = self._tip(desk)
            commit = add(desk.run, tip, notes, who, self._around.now())
            if commit != tip:
                self.has_pushed = True
                desk.advance(commit, REF)
        except GitError as error:
            if any(word in error.complaint for word in _FASTER) and not _is_refused(error):
                return False
            raise
        return True

    def missing(self, notes: Sequence[Note]) -> list[Note]:
        """Those that the remote does not have, asked now. Raises SourceError."""
        with self._desk() as desk:
            return missing(desk.run, self._tip(desk), notes)

    def _tip(self, desk: Desk) -> str:
        """The commit of the remote's notes, here with what it names; "" where there are none."""
        tip = desk.ask(REF).get(REF, "")
        return tip if not tip or desk.has(tip) else desk.fetch(REF).get(REF, "")

    @contextmanager
    def _desk(self, *, pushes: bool = False) -> Iterator[Desk]:
        settings = self._around.settings
        try:
            with Desk(settings.remote, mirror_dir(settings.repository) if settings.repository else None) as desk:
                yield desk
        except GitError as error:
            raise (_not_taken(error) if pushes else None) or SourceError(str(error), state=error.state) from error


def _is_refused(error: GitError) -> bool:
    """Whether the remote would have none of it, whatever was there."""
    hooks = ("hook declined", "pre-receive", "prohibited", "hidden ref", "protected")
    return any(word in error.complaint for word in hooks)


def _not_taken(error: GitError) -> RefusedError | None:
    """The error for a push that the remote will have none of; None for all else."""
    if not any(word in error.complaint for word in _NOT_TAKEN):
        return None
    lines = error.complaint.splitlines()
    said = next((line for line in lines if "rejected" in line or "read only" in line), lines[-1])
    return RefusedError(f"The remote does not take the team's notes ({REF}): {said.strip(' !')}.")
