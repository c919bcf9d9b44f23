"""`ChecksSource`: the results that one [[checks]] names, from wherever it says: files, a command, runs, pipelines."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing
from typing import Any, Protocol, cast

from ...errors import IncompleteError, SourceError, StoreError
from ...records import Batch, Invocation, SourceSpec, Want
from .. import Cursor
from .command import Command, Ran, complaint
from .files import Files, Taken

_BAD = ("fail", "error")


class Part(Protocol):
    """One of the places that a section names. Each has a part of the cursor of its own."""

    def read(self, cursor: Mapping[str, Any], *, whole: bool = False) -> AsyncIterator[Taken[Invocation]]:
        """What is new since; all there is with `whole`. Raises SourceError when all that can be read was."""


class ChecksSource:
    """A source over parts, by their names in the cursor. `command` is the one that may be run; None for none.

    What fails in one part keeps nothing of the others from being read.
    """

    def __init__(self, spec: SourceSpec, parts: Mapping[str, Part], command: Command | None = None) -> None:
        self.spec = spec
        self.parts = dict(parts)
        self.command = command

    def poll(self, cursor: Cursor) -> AsyncIterator[Batch]:
        """One pass. The command is run in it when it is due. Raises SourceError."""
        return self._read(cursor, whole=False)

    def sweep(self, cursor: Cursor) -> AsyncIterator[Batch]:
        """All there is, once more. Raises SourceError."""
        return self._read(cursor, whole=True)

    async def want(self, want: Want) -> AsyncIterator[Batch]:
        """Nothing: what was read is whole."""
        return
        yield  # makes it a generator, as the other sources are

    async def close(self) -> None:
        """Let go of connections."""
        for part in self.parts.values():
            close = getattr(part, "close", None)
            if close is not None:
                await close()

    async def _read(self, cursor: Cursor, whole: bool) -> AsyncIterator[Batch]:
        kept: dict[str, Any] = {name: cursor[name] for name in (*self.parts, "command") if name in cursor}
        failures: list[SourceError] = []
        outcomes: set[str] = set()
        if self.command is not None and self.command.is_due():
            yield Batch()  # who only tries the source leaves here, and nothing is run
            failures += await self._run_beside(self.command)
        for name, part in self.parts.items():
            try:
                reading = cast("AsyncGenerator[Taken[Invocation], None]", part.read(kept.get(name, {}), whole=whole))
                async with aclosing(reading) as all_taken:
                    async for taken in all_taken:
                        kept[name] = taken.marks
                        outcomes.update(result.outcome for one in taken.found for result in one.results)
                        yield Batch(
                            invocations=taken.found, cursor=dict(kept), done=taken.done, total=taken.total
                        )  # fmt: skip
            except SourceError as error:
                failures.append(error)
        is_odd = any(error.state == "not_understood" for error in failures)
        if self.command is not None and (judged := self._judged(self.command, kept.get("command"), outcomes, is_odd)):
            if judged != kept.get("command"):
                kept["command"] = judged
                yield Batch(cursor=dict(kept))
            if judged["complaint"]:
                failures.insert(0, IncompleteError(judged["complaint"], "unreachable"))
        self._own_up(failures)

    @staticmethod
    async def _run_beside(command: Command) -> list[SourceError]:
        """Have the tool run; gives why it could not begin."""
        try:
            await command.run_beside()
        except StoreError as error:
            return [IncompleteError(str(error), "misconfigured")]
        return []

    def _judged(
        self, command: Command, before: Mapping[str, Any] | None, outcomes: set[str], is_odd: bool
    ) -> dict[str, Any] | None:
        """What is to be said of the last run, until it runs again; None where it never ran, or not to its end."""
        ran = command.last()
        if ran is None or ran.why == "cancelled":
            return None
        if before is not None and before.get("started_at") == ran.started_at:
            return dict(before)
        passed = bool(outcomes) and not outcomes.intersection(_BAD)
        # what a command leaves that failed, and that cannot be read, is hardly meant as results
        wrote = self._wrote(ran) and not (ran.status and is_odd and not outcomes)
        said = complaint(command.words, ran, wrote=wrote, all_passed=passed)
        return {"started_at": ran.started_at, "complaint": said}

    def _wrote(self, ran: Ran) -> bool:
        """Whether a file is as young as the run; of places elsewhere its exit status has to tell."""
        files = [part for part in self.parts.values() if isinstance(part, Files)]
        times = [part.newest_at for part in files]
        return any(at is not None and at >= ran.started_at - 2_000 for at in times) or (not files and not ran.status)

    def _own_up(self, failures: list[SourceError]) -> None:
        """Raise the failure that says most: a place that cannot be reached before a file that cannot be read, and that
        nothing is there only where nothing is in any of the places."""
        real = [error for error in failures if not isinstance(error, IncompleteError)]
        partial = [error for error in failures if error.state != "never"]
        if real or partial:
            raise (real or partial)[0]
        if failures and len(failures) == len(self.parts):
            raise failures[0]
