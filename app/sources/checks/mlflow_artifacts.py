"""Results that runs keep as artifacts: those of runs that end, and step by step those of the history.

A pass costs at most five requests: the experiments, what ended since, and three looks into runs, the one that ended
last first. What is not reached waits in the cursor.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any, Final

import msgspec

from ...errors import IncompleteError, SourceError
from ...records import Invocation, Millis, Run
from ..late import Late
from ..mlflow.cursor import CursorMarks
from ..mlflow.marks import Window
from ..mlflow.rest import is_missing
from ..patterns import fixed, matches, may_hold
from ..trouble import AnswerError, TooLargeError
from .files import LARGEST, Reader, Taken, stumbled
from .filling import Filling, Found, of_run
from .reading import ResultFile, UnreadableError
from .runs import Runs

REQUESTS: Final = 5
_PAGE: Final = 50
_OVERLAP: Final = 300_000
"""Milliseconds that a pass looks back for ends: a run carries the clock of the machine that trained."""
_MOST: Final = 50
"""Folders and files of one run that are looked at."""
_TRIES: Final = 3
"""Times that something is asked for that the server cannot give ..."""
_TRIES_OF_A_SILENT_ONE: Final = 6
"""... and that it does not answer to, though it answers to all else: one run must not hold up all others for ever."""
_MOST_WAITING: Final = 500
"""Runs, 200 bytes each, that the cursor names; what ended before them is listed once more when they are done ..."""
_MOST_WINDOWS: Final = 20
"""... and stretches of time that were not listed to their end. Further ones are listed as one."""


class Waiting(msgspec.Struct):
    """A run whose artifacts are still to be looked at."""

    id: str
    ended: Millis
    commit: str | None = None
    uri: str | None = None
    datasets: list[tuple[str, str]] = []
    folders: list[str] = []
    files: list[str] = []
    beside: dict[str, str] = {}
    """Folder -> the file in it that explains the others."""
    looked: int = 0
    tries: int = 0

    def run(self, source: str) -> Run:
        """As much of the run as finds its artifacts."""
        return Run(source=source, id=self.id, experiment_id="", name="", status="finished", artifact_uri=self.uri)


class Wrong(msgspec.Struct):
    """The newest artifact that could not be read."""

    ended: Millis
    state: str
    sentence: str


class Marks(CursorMarks):
    """This part of the cursor."""

    since: Millis | None = None
    """The clock there at the last pass."""
    backlog: list[Window] = msgspec.field(default_factory=list)
    waiting: list[Waiting] = msgspec.field(default_factory=list)
    seen: dict[str, Millis] = msgspec.field(default_factory=dict)
    """Runs that ended within the overlap, and when they did so."""
    looked: int = 0
    good: Millis = 0
    """When the last run ended of which an artifact was read."""
    wrong: Wrong | None = None


class MlflowArtifacts:
    """The artifacts of runs that match `pattern`. `beside`: the name of a file that explains those next to it."""

    def __init__(
        self, open_now: Callable[[], Runs], pattern: str, reader: Reader, filling: Filling, *, source: str,
        beside: str = "",
    ) -> None:  # fmt: skip
        self._late = Late(open_now)
        self._pattern, self._reader, self._filling, self._beside = pattern, reader, filling, beside
        self._source = source

    async def close(self) -> None:
        """Let go of connections."""
        await self._late.close()

    async def read(self, cursor: Mapping[str, Any], *, whole: bool = False) -> AsyncIterator[Taken[Invocation]]:
        """One pass; all runs at once with `whole`. Raises SourceError."""
        marks = Marks.load(cursor, (self._pattern,))
        async with self._late.in_use() as runs:
            experiments = await runs.experiments()
            self._begin(marks, runs.now(), whole)
            left = REQUESTS - 1
            try:
                while experiments and (left > 0 or whole):
                    asked, invocations = await self._step(runs, experiments, marks)
                    if not asked:
                        break
                    left -= asked
                    yield self._taken(marks, invocations)
            except SourceError:
                yield self._taken(marks, ())  # how often it failed is known to the next pass
                raise
        yield self._taken(marks, ())
        self._own_up(marks)

    def _begin(self, marks: Marks, now: Millis, whole: bool) -> None:
        """What this pass looks for: what ended since, before what waits. The first one, and a sweep: everything."""
        if marks.since is None or whole:
            marks.backlog, marks.waiting, marks.seen = [Window(by="end_time", low=1)], [], {}
        else:
            marks.backlog.insert(0, Window(by="end_time", low=max(marks.since - _OVERLAP, 1)))
        marks.since = now

    async def _step(self, runs: Runs, experiments: list[str], marks: Marks) -> tuple[int, tuple[Invocation, ...]]:
        """One or two requests, and what came of them; none at all when nothing is left to do."""
        has_news = bool(marks.backlog) and marks.backlog[0].low != 1 and not marks.backlog[0].read
        if marks.backlog and (has_news or not marks.waiting):
            await self._list(runs, experiments, marks)
            return 1, ()
        if not marks.waiting:
            return 0, ()
        one = marks.waiting[0]
        try:
            asked, invocations = await self._look(runs, one, marks)
        except SourceError as error:
            self._failed(one, marks, error)
            asked, invocations = 1, ()
        if not one.folders and not one.files:
            marks.waiting.pop(0)
            marks.looked += 1
        return asked, invocations

    async def _list(self, runs: Runs, experiments: list[str], marks: Marks) -> None:
        """A page of the newest window: its runs wait before all others."""
        window = marks.backlog[0]
        page = await runs.ended(experiments, window, _PAGE)
        kept = window.advance(page.times, page.token) if page.token else len(page.times)
        if not page.token:
            del marks.backlog[0]
        floor = (marks.since or 0) - 2 * _OVERLAP
        marks.seen = {run_id: ended for run_id, ended in marks.seen.items() if ended >= floor}
        known = {one.id for one in marks.waiting}
        fresh: list[Waiting] = []
        for run, ended in zip(page.runs[:kept], page.times[:kept], strict=True):
            if run is None or run.status == "deleted" or run.id in known or marks.seen.get(run.id) == ended:
                continue
            if ended >= floor:
                marks.seen[run.id] = ended
            fresh.append(self._waiting(run, ended))
        marks.waiting = [*fresh, *marks.waiting]
        _bound(marks)

    def _waiting(self, run: Run, ended: Millis) -> Waiting:
        return Waiting(
            id=run.id, ended=ended, commit=run.git_commit, uri=run.artifact_uri, folders=[fixed(self._pattern)],
            datasets=list(of_run(run.datasets)),
        )  # fmt: skip

    async def _look(self, runs: Runs, one: Waiting, marks: Marks) -> tuple[int, tuple[Invocation, ...]]:
        """One folder or one file of a run."""
        if one.folders:
            await self._look_into(runs, one)
            return 1, ()
        looked = await self._look_at(runs, one, one.files[0], marks)
        del one.files[0]
        one.tries = 0
        return looked

    async def _look_at(
        self, runs: Runs, one: Waiting, path: str, marks: Marks
    ) -> tuple[int, tuple[Invocation, ...]]:  # fmt: skip
        """One file: how many requests it took, and what it says. One that cannot be read is noted, and says nothing."""
        try:
            file, asked = await self._fetched(runs, one, path)
            found = Found(
                at=one.ended, commit=one.commit, run_id=one.id, datasets=tuple((n, d) for n, d in one.datasets)
            )  # fmt: skip
            invocations = self._filling.filled(await asyncio.to_thread(self._reader, file), found)
            marks.good = max(marks.good, one.ended)
            return asked, invocations
        except (UnreadableError, TooLargeError) as error:
            self._note(marks, one, "not_understood", f"Run {one.id[:8]}: {error}")
        except OSError as error:
            why = (error.strerror or str(error)).lower()
            self._note(marks, one, "forbidden", f"Run {one.id[:8]}: {path[-120:]} cannot be read: {why}.")
        except SourceError:
            raise
        except Exception as error:  # the boundary: one file that a reader stumbles over stops no other
            self._note(marks, one, "not_understood", f"Run {one.id[:8]}: {stumbled(path, error)}")
        return 1, ()

    async def _look_into(self, runs: Runs, one: Waiting) -> None:
        folder = one.folders[0]
        listed = await runs.listing(one.run(self._source), folder)
        del one.folders[0]
        one.looked, one.tries = one.looked + 1, 0
        for artifact in listed:
            if artifact.is_dir:
                if may_hold(artifact.path, self._pattern) and one.looked + len(one.folders) < _MOST:
                    one.folders.append(artifact.path)
            elif self._beside and artifact.path.rpartition("/")[2] == self._beside:
                one.beside[folder] = artifact.path
            elif matches(artifact.path, self._pattern) and len(one.files) < _MOST:
                one.files.append(artifact.path)

    async def _fetched(self, runs: Runs, one: Waiting, path: str) -> tuple[ResultFile, int]:
        """The file with what explains it, and how many requests that took."""
        run = one.run(self._source)
        data = await runs.file(run, path, LARGEST)
        beside: dict[str, bytes] = {}
        explains = one.beside.get(path.rpartition("/")[0])
        if explains is not None:
            try:
                beside[self._beside] = await runs.file(run, explains, LARGEST)
            except (TooLargeError, AnswerError, OSError):
                beside = {}  # what it explains is read without it
        return ResultFile(path=path, data=data, modified_at=one.ended, beside=beside), 2 if explains else 1

    def _failed(self, one: Waiting, marks: Marks, error: SourceError) -> None:
        """A look that failed is tried again in the next pass, unless it is about this one run. Raises SourceError."""
        is_its_own = error.state == "forbidden" or is_missing(error)
        one.tries += 1
        if error.state not in ("limited", "unauthorised"):
            most = _TRIES if isinstance(error, AnswerError) else _TRIES_OF_A_SILENT_ONE
            is_its_own = is_its_own or one.tries >= most
        if not is_its_own:
            raise error
        one.tries = 0
        del (one.folders or one.files)[0]
        if not is_missing(error):
            self._note(marks, one, error.state, str(error))

    def _note(self, marks: Marks, one: Waiting, state: str, sentence: str) -> None:
        if marks.wrong is None or one.ended >= marks.wrong.ended:
            marks.wrong = Wrong(one.ended, state, sentence)

    def _taken(self, marks: Marks, invocations: tuple[Invocation, ...]) -> Taken[Invocation]:
        is_first = bool(marks.backlog) and marks.backlog[-1].low == 1
        return Taken(found=invocations, marks=marks.dump(), done=marks.looked if is_first else None)

    def _own_up(self, marks: Marks) -> None:
        """What is wrong is said until a run that ended later has an artifact that can be read."""
        if marks.wrong is not None and marks.wrong.ended >= marks.good:
            raise IncompleteError(marks.wrong.sentence, marks.wrong.state)
        if not marks.good and not marks.backlog and not marks.waiting:
            raise IncompleteError(f"No run that has ended has an artifact that matches {self._pattern}.", "never")


def _bound(marks: Marks) -> None:
    """Keep the cursor small however many runs end between two passes: more than a few are looked at in none."""
    dropped = marks.waiting[_MOST_WAITING:]
    if dropped:
        marks.waiting = marks.waiting[:_MOST_WAITING]
        ends = [one.ended for one in dropped]
        # behind what is newer; a run that ends in the same moment as one that waits may be looked at twice
        marks.backlog.append(Window(by="end_time", low=max(min(ends), 2), high=max(ends), read=len(dropped)))
        marks.backlog.sort(key=lambda window: -(window.high or 2**62))
        gone = {one.id for one in dropped}
        marks.seen = {run_id: ended for run_id, ended in marks.seen.items() if run_id not in gone}
    while len(marks.backlog) > _MOST_WINDOWS:
        *others, one, last = marks.backlog
        lows, highs = (one.low, last.low), (one.high, last.high)
        low = None if None in lows else min(low for low in lows if low is not None)
        high = None if None in highs else max(high for high in highs if high is not None)
        marks.backlog = [*others, Window(by="end_time", low=low, high=high, read=max(one.read + last.read, 1))]
