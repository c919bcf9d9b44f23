"""One series of the settings at a Prometheus: what it asks, and what becomes of the answer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from ...records import Millis, MonitorSeries, Record, Samples
from ...settings.sections import Series
from ...text import clip
from ..monitored import MOST_LINES, make_series
from .client import Found, PrometheusApi, QueryError, Span
from .joining import Points, joined, plain
from .marks import KnownLine, QueryMarks

_LONGEST_NAME: Final = 60
_LONGEST_QUERY: Final = 200


class Reading(Record, frozen=True, eq=False):
    """What a stretch of a query gave."""

    series: tuple[MonitorSeries, ...] = ()
    """All lines of the query, those that had nothing new as well: they were looked at."""
    samples: tuple[Samples, ...] = ()
    note: str = ""
    """What is wrong with it, without a full stop; what was given counts all the same ..."""
    state: str = ""
    """... and as a source's state."""
    is_refused: bool = False
    """Nothing was given."""


class Query:
    """One series: one query, or of an objective the two of good and total."""

    def __init__(self, source: str, api: PrometheusApi, section: Series, step: Millis) -> None:
        self._source = source
        self._api = api
        self._section = section
        self._step = step
        self._asked = (section.query,) if section.objective is None else (section.good, section.total)
        self.name = section.name
        self.named = f"“{clip(section.name, _LONGEST_NAME)}”"

    @property
    def cost(self) -> int:
        """Requests of one stretch."""
        return len(self._asked)

    def series_of(self, line: KnownLine, looked_at: Millis) -> MonitorSeries:
        """The line as a record."""
        return make_series(
            self._source, self._section, line.labels, step=self._step, looked_at=looked_at, said=line.labels
        )  # fmt: skip

    async def read(self, span: Span, known: QueryMarks) -> Reading:
        """A stretch of time; the lines that it brings are added to those that are known. Raises SourceError.

        QueryError: the server refuses, or there are more lines than are kept.
        """
        found = [await self._api.range(query, span) for query in self._asked]
        points, strange = self._points(found, span, known)
        self._remember(known, points, found)
        looked_at = self._api.server_now()
        series = {frozenset(line.labels.items()): self.series_of(line, looked_at) for line in known.lines}
        samples = tuple(_samples(series[frozenset(one.labels.items())], one) for one in points if one.times)
        note, state = _note(found, strange)
        return Reading(series=tuple(series.values()), samples=samples, note=note, state=state)

    async def complaints(self) -> list[tuple[str, bool]]:
        """What the server refuses of it (True), or finds nothing for now (False), as sentences. Raises SourceError."""
        found: list[tuple[str, bool]] = []
        for query in self._asked:
            now = self._api.server_now()
            try:
                lines = (await self._api.range(query, Span(now - self._step, now, self._step))).lines
            except QueryError as error:
                found.append((f"{self.named}: {error}.", True))
                continue
            if not lines:
                found.append((f"{self.named} finds nothing there now: {clip(query, _LONGEST_QUERY)}", False))
        return found

    def _points(
        self, found: Sequence[Found], span: Span, known: QueryMarks
    ) -> tuple[list[Points], list[Mapping[str, str]]]:
        if any(len(one.lines) > MOST_LINES for one in found):
            raise _too_many()
        if len(found) == 1:
            return plain(found[0].lines), []
        good = {frozenset(line.labels.items()) for line in known.lines if line.has_good}
        return joined(
            found[0].lines, found[1].lines, span.step / self._step, lambda labels: frozenset(labels.items()) in good
        )  # fmt: skip

    def _remember(self, known: QueryMarks, points: Iterable[Points], found: Sequence[Found]) -> None:
        """Note the lines that were met, and their newest points. Raises QueryError where there are too many by now."""
        lines = {frozenset(line.labels.items()): line for line in known.lines}
        good = {frozenset(line.labels.items()) for line in found[0].lines}
        for one in points:
            if not one.times:
                continue
            labels = frozenset(one.labels.items())
            line = lines.get(labels) or KnownLine(labels=dict(one.labels), last=0)
            lines[labels] = KnownLine(
                labels=line.labels, last=max(line.last, one.times[-1]), has_good=line.has_good or labels in good
            )  # fmt: skip
        if len(lines) > MOST_LINES:
            raise _too_many()
        known.lines = list(lines.values())


def _too_many() -> QueryError:
    return QueryError(
        f"it has more than {MOST_LINES} sets of labels in two weeks and is not read: sum it by model and version",
        "misconfigured",
    )


def _note(found: Iterable[Found], strange: Sequence[Mapping[str, str]]) -> tuple[str, str]:
    if strange:
        labels = ", ".join(f"{key}={value}" for key, value in sorted(strange[0].items())) or "no labels"
        more = f" and {len(strange) - 1} more" if len(strange) > 1 else ""
        return f"good and total do not both have {clip(labels, _LONGEST_QUERY)}{more}", "misconfigured"
    warnings = [one.warning for one in found if one.warning]
    return (f"the server warns: “{warnings[0]}”", "not_understood") if warnings else ("", "")


def _samples(series: MonitorSeries, points: Points) -> Samples:
    return Samples(
        source=series.source, key=series.key, times=points.times, values=points.values, totals=points.totals
    )  # fmt: skip
