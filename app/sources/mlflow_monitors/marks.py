"""Where the reading of production metrics in MLflow stands: the cursor, as typed marks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import blake2b
from statistics import median
from typing import Any, ClassVar, Final

import msgspec

from ...records import KnownSeries, Millis, Run, Series
from ...settings.sections import MlflowMonitor
from ...settings.sections import Series as Section

_DAY: Final[Millis] = 86_400_000
_RECENT: Final = 10
"""Times of a line that are remembered, to tell how far apart its points are."""
_WHOLE_AGAIN: Final[Millis] = 3_600_000
"""How often a history that goes on is read as a whole: points may come late and out of order."""
_SHORTEST: Final[Millis] = 1_000
_LONGEST: Final[Millis] = 7 * _DAY


class KnownLine(msgspec.Struct):
    """A set of labels that was met."""

    labels: dict[str, str]
    recent: list[Millis] = msgspec.field(default_factory=list)
    """Its newest times."""

    def meet(self, times: Sequence[Millis]) -> None:
        """Points were read."""
        self.recent = sorted({*self.recent, *times})[-_RECENT:]

    @property
    def step(self) -> Millis:
        """How far apart its points are: as most of the newest are, a day as long as nobody can tell."""
        spaces = [after - before for before, after in zip(self.recent, self.recent[1:], strict=False)]
        return min(max(round(median(spaces)), _SHORTEST), _LONGEST) if spaces else _DAY


class Read(msgspec.Struct, array_like=True):
    """How far one history was read."""

    points: int
    last_step: int
    last_at: Millis
    whole_at: Millis
    """When all of it was read."""


class Marks(msgspec.Struct):
    """The cursor."""

    VERSION: ClassVar[int] = 1

    version: int = 0
    digests: dict[str, str] = msgspec.field(default_factory=dict)
    """Of each series of the settings, and of the experiments under "". Others: everything is read anew."""
    runs: dict[str, Any] = msgspec.field(default_factory=dict)
    """The cursor of the source of runs."""
    experiments: dict[str, str] = msgspec.field(default_factory=dict)
    """Id -> name."""
    read: dict[str, dict[str, Read]] = msgspec.field(default_factory=dict)
    """Run -> metric -> how far: of runs that go on, and of those that something happened to lately."""
    read_before: Millis = 0
    """A run that nothing happened to since then was read, though `read` does not know it any more."""
    lines: dict[str, list[KnownLine]] = msgspec.field(default_factory=dict)
    """By the name of the settings."""

    @classmethod
    def load(cls, cursor: Mapping[str, Any]) -> Marks:
        """The marks of a cursor; fresh ones where it is empty or of another version."""
        try:
            marks = msgspec.convert(dict(cursor), cls)
        except msgspec.ValidationError:
            marks = cls()
        return marks if marks.version == cls.VERSION else cls(version=cls.VERSION)

    def dump(self) -> dict[str, Any]:
        """As a cursor: JSON values only."""
        built: dict[str, Any] = msgspec.to_builtins(self)
        return built

    def meet(self, section: MlflowMonitor) -> bool:
        """Begin anew where the settings want something else, with the lines that they still want; whether they do."""
        wanted = digests(section)
        if wanted == self.digests:
            return False
        same = {name for name, digest in wanted.items() if self.digests.get(name) == digest}
        self.lines = {name: lines for name, lines in self.lines.items() if name in same and "" in same}
        self.runs, self.experiments, self.read, self.read_before, self.digests = {}, {}, {}, 0, wanted
        return True

    def went_on(self, run: Run, keys: Sequence[str]) -> bool:
        """Whether something is to be read of a run: one of these metrics has a later value than was read."""
        known = self.read.get(run.id)
        if known is None:
            return _happened(run) >= self.read_before
        for key in keys:
            last = run.metrics.get(key)
            before = known.get(key)
            if last is not None and (
                before is None or last.step > before.last_step or (last.at or 0) > before.last_at
            ):  # fmt: skip
                return True
        return False

    def note(self, series: Series, now: Millis, *, is_tail: bool) -> None:
        """A history was read, or what came since."""
        read = self.read.setdefault(series.run_id, {})
        known = (read.get(series.key) if is_tail else None) or Read(0, 0, 0, now)
        steps, times = (max(one, default=0) for one in (series.steps, series.times))
        read[series.key] = Read(
            known.points + len(series), max(known.last_step, steps), max(known.last_at, times), known.whole_at
        )

    def known(self, run_id: str, key: str, now: Millis) -> KnownSeries | None:
        """How far a history was read; None: it was not."""
        read = self.read.get(run_id, {}).get(key)
        if read is None:
            return None
        return KnownSeries(
            run_id=run_id, key=key, points=read.points, last_step=read.last_step, last_at=read.last_at,
            is_due=now - read.whole_at > _WHOLE_AGAIN,
        )  # fmt: skip

    def forget(self, runs: Sequence[Run], before: Millis) -> None:
        """Forget how far those of `runs` were read that ended, and that nothing happened to since a time."""
        for run in runs:
            if run.status not in ("running", "scheduled") and _happened(run) < before:
                self.read.pop(run.id, None)

    def line(self, name: str, labels: Mapping[str, str]) -> KnownLine:
        """The line of a series that has these labels."""
        lines = self.lines.setdefault(name, [])
        for line in lines:
            if line.labels == labels:
                return line
        lines.append(KnownLine(labels=dict(labels)))
        return lines[-1]


def digests(section: MlflowMonitor) -> dict[str, str]:
    """What each series reads, and under "" of which experiments: eight hex digits each."""
    return {"": _digest(section.experiments)} | {one.name: _digest(_asks(one)) for one in section.series}


def _asks(section: Section) -> tuple[str, ...]:
    figures = (section.query, section.good, section.total, str(section.objective is None))
    return (*figures, section.model_label, section.version_label)


def _digest(words: Sequence[str]) -> str:
    return blake2b("\0".join(words).encode("utf-8", "surrogatepass"), digest_size=4).hexdigest()


def _happened(run: Run) -> Millis:
    """The latest time that a run tells of."""
    return max([run.started_at or 0, run.ended_at or 0, *(metric.at or 0 for metric in run.metrics.values())])
