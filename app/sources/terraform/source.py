"""`InfraSource`: one stack, from wherever its [[infra]] says: files, a command, artifacts of pipelines."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import aclosing
from hashlib import blake2b
from typing import Any, cast

import msgspec

from ...errors import IncompleteError, SourceError, StoreError
from ...records import Batch, SourceSpec, Stack, Want
from .. import Cursor
from ..checks.ci_artifacts import CiArtifacts
from ..checks.command import Command, Ran, complaint
from ..checks.files import Taken
from .keeping import Printer, packed, unpacked
from .merging import Facts, merged, newest
from .part import Part
from .places import Looked, PlaceOfFile, Seen

_CHANGES = 2
"""Exit status of `plan -detailed-exitcode` where there is something to do."""


class Marks(msgspec.Struct):
    """The cursor."""

    files: dict[str, Seen] = {}
    """By the key of the settings that names each."""
    printed: Seen = msgspec.field(default_factory=Seen)
    ci: dict[str, dict[str, Any]] = {}
    artifacts: dict[str, str] = {}
    """The newest of what pipelines kept: kind -> part, packed."""
    told: str = ""
    """A hash of all that the stack was put together from that was handed over; "" for none."""
    failed: bool = False
    """That one had failed."""


class InfraSource:
    """A source of one stack. `command` is the one that may be run, and `printer` keeps what it prints; None for none.

    What fails in one place keeps nothing of the others from being read.
    """

    def __init__(
        self, spec: SourceSpec, facts: Facts, *, files: Mapping[str, PlaceOfFile], ci: Mapping[str, CiArtifacts[Part]],
        command: Command | None = None, printer: Printer | None = None, clock: Callable[[], float] = time.time,
    ) -> None:  # fmt: skip
        self.spec, self._facts = spec, facts
        self._files, self._ci, self.command, self._printer, self._clock = files, ci, command, printer, clock

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
        for one in self._ci.values():
            await one.close()

    async def _read(self, cursor: Cursor, whole: bool) -> AsyncIterator[Batch]:
        marks, failures = (Marks() if whole else self._loaded(cursor)), list[SourceError]()
        if self.command is not None and self.command.is_due():
            yield Batch()  # who only tries the source leaves here, and nothing is run
            try:
                await self.command.run_beside()
            except StoreError as error:
                failures.append(IncompleteError(str(error), "misconfigured"))
        await self._look(marks)
        async for taken in self._artifacts(marks, failures, whole):
            yield Batch(cursor=msgspec.to_builtins(marks), done=taken.done, total=taken.total)
        told = self._told(marks)
        if told != marks.told or whole:
            stacks = await asyncio.to_thread(self._stacks, marks) if told else ()
            marks.told, marks.failed = told, any(one.status == "failed" for one in stacks)
            yield Batch(stacks=stacks, stacks_complete=True, cursor=msgspec.to_builtins(marks))
        elif msgspec.to_builtins(marks) != dict(cursor):
            yield Batch(cursor=msgspec.to_builtins(marks))
        self._own_up(marks, failures)

    def _loaded(self, cursor: Cursor) -> Marks:
        """The marks of a cursor, of the places that there are now; fresh ones where it cannot be read."""
        try:
            marks = msgspec.convert(dict(cursor), Marks)
        except msgspec.ValidationError:
            return Marks()
        marks.files = {key: seen for key, seen in marks.files.items() if key in self._files}
        marks.ci = {name: one for name, one in marks.ci.items() if name in self._ci}
        marks.artifacts = marks.artifacts if self._ci else {}
        marks.printed = marks.printed if self._printer is not None else Seen()
        return marks

    async def _look(self, marks: Marks) -> None:
        """At the files, and at what the command printed."""
        for key, place in self._files.items():
            seen = marks.files.setdefault(key, Seen())
            looked = await asyncio.to_thread(place.look, seen)
            if looked is not None:
                marks.files[key] = _after(seen, looked)
        printed = self._printer.last() if self._printer is not None else None
        if printed is not None and marks.printed.digest != str(printed.ran_at):
            state = "not_understood" if printed.sentence else ""
            looked = Looked(part=printed.part, digest=str(printed.ran_at), state=state, sentence=printed.sentence)
            marks.printed = _after(marks.printed, looked)

    async def _artifacts(self, marks: Marks, failures: list[SourceError], whole: bool) -> AsyncIterator[Taken[Part]]:
        """What pipelines kept: of each kind the newest stays."""
        for name, artifacts in self._ci.items():
            try:
                reading = cast("AsyncGenerator[Taken[Part], None]", artifacts.read(marks.ci.get(name, {}), whole=whole))
                async with aclosing(reading) as all_taken:
                    async for taken in all_taken:
                        marks.ci[name] = dict(taken.marks)
                        for part in taken.found:
                            self._keep(marks, part)
                        yield taken
            except SourceError as error:
                failures.append(error)

    def _keep(self, marks: Marks, part: Part) -> None:
        kind = "apply" if part.is_apply else part.form
        before = unpacked(marks.artifacts.get(kind, ""))
        if before is None or part.written_at >= before.written_at:
            marks.artifacts[kind] = packed(part)

    def _told(self, marks: Marks) -> str:
        """A hash of what the stack is put together from; "" where that is nothing."""
        kept, wrong = _kept(marks), _wrong(marks)
        words = msgspec.json.encode((kept, wrong, self._facts))
        return blake2b(words, digest_size=8).hexdigest() if kept or wrong else ""

    def _stacks(self, marks: Marks) -> tuple[Stack, ...]:
        """The stack, by all that is known."""
        parts = [part for part in map(unpacked, _kept(marks)) if part is not None]
        return (merged(self._facts, newest(parts), wrong=_wrong(marks), now=int(self._clock() * 1000)),)

    def _own_up(self, marks: Marks, failures: list[SourceError]) -> None:
        """Raise what says most: a place that cannot be reached before a file that cannot be read, and that nothing is
        there only where nothing is in any of the places."""
        if said := self._judged(marks):
            failures.insert(0, IncompleteError(said, "unreachable"))
        failures += [IncompleteError(one.sentence, one.state) for one in _seen(marks) if one.sentence]
        real = [error for error in failures if not isinstance(error, IncompleteError)]
        partial = [error for error in failures if error.state != "never"]
        if real or partial:
            raise (real or partial)[0]
        if not marks.told and not any(one.waiting for one in _seen(marks)):
            raise failures[0] if failures else IncompleteError(self._nothing(), "never")

    def _judged(self, marks: Marks) -> str:
        """What is to be said of the last run of the command; "" where all is well, or it never ran to its end."""
        ran = self.command.last() if self.command is not None else None
        if self.command is None or ran is None or ran.why == "cancelled":
            return ""
        is_fine = not marks.failed and ran.status != _CHANGES
        return complaint(self.command.words, ran, wrote=self._wrote(marks, ran), all_passed=is_fine)

    def _wrote(self, marks: Marks, ran: Ran) -> bool:
        """Whether anything is as young as the run; of places elsewhere its exit status has to tell."""
        if not self._files and self._printer is None:
            return not ran.status
        return any(seen.part and seen.written_at >= ran.started_at - 2_000 for seen in _seen(marks))

    def _nothing(self) -> str:
        if self.command is not None and self._printer is not None:
            return f"`{self.command.words}` has left no plan yet."
        return "Nothing is there that could be read."


def _seen(marks: Marks) -> list[Seen]:
    return [*marks.files.values(), marks.printed]


def _kept(marks: Marks) -> list[str]:
    """All parts that are known, packed."""
    return [*(seen.part for seen in _seen(marks) if seen.part), *marks.artifacts.values()]


def _wrong(marks: Marks) -> list[str]:
    return [seen.sentence for seen in _seen(marks) if seen.state == "not_understood"]


def _after(seen: Seen, looked: Looked) -> Seen:
    """What is known of a place after a look. What it said before stays until it says something else."""
    if looked.waiting:
        return msgspec.structs.replace(seen, waiting=looked.waiting)
    part, at = seen.part, seen.written_at
    if looked.part is not None:
        part, at = packed(looked.part), looked.part.written_at
    return Seen(digest=looked.digest, part=part, written_at=at, state=looked.state, sentence=looked.sentence)
