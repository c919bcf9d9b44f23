"""The chart of a line of production: its points, thresholds, promotions, and from when to when."""

from __future__ import annotations

from array import array
from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

from ..app.monitoring import gaps
from ..app.records import Millis, MonitorSeries, Samples, Series
from ..app.store.reading import Reader
from ..app.text import clip
from ..widgets.chart import Chart
from ..widgets.curves import Curve
from ..widgets.line import Piece
from ..widgets.palette import Palette
from .alias_history import History
from .deck import Deck
from .model_words import version_name
from .serving_words import bounds_of, drawn_value

HOUR: Final = 3_600_000

DOTS: Final = 2
"""Columns of dots in a cell; of each the lowest and the highest point are read."""


class Range(NamedTuple):
    """How far back a chart looks."""

    word: str
    span: Millis


RANGES: Final = (
    Range("6 h", 6 * HOUR), Range("1 d", 24 * HOUR), Range("7 d", 7 * 24 * HOUR), Range("30 d", 30 * 24 * HOUR)
)  # fmt: skip

USUAL: Final = 1
"""Which of them a chart begins with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChartQuestion:
    """Which points are wanted."""

    key: str
    since: Millis
    until: Millis
    columns: int
    """Cells of the chart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """A line with the points that were read of it."""

    series: MonitorSeries
    samples: Samples | None
    since: Millis
    until: Millis
    columns: int

    @property
    def parted(self) -> frozenset[float]:
        """Times of points before which there is a gap. What was thinned to columns has no gap of less than two."""
        if self.samples is None:
            return frozenset()
        least = 2.5 * (self.until - self.since) / (DOTS * max(1, self.columns))
        found = gaps(self.samples.times, self.series.step, self.until)
        return frozenset(float(after) for before, after in found if after - before > least)


def drawn(reader: Reader, question: ChartQuestion) -> Generator[Drawn | None]:
    """The points, thinned to what there is room for; None for a series that the cache does not have."""
    series = reader.monitors.one(question.key)
    if series is None:
        yield None
        return
    most = 2 * DOTS * max(40, question.columns)
    samples = reader.monitors.thinned(question.key, question.since, question.until, most)
    yield Drawn(series=series, samples=samples, since=question.since, until=question.until, columns=question.columns)


def curve_of(found: Drawn) -> Curve | None:
    """The points as a chart takes them; None where there is none."""
    if found.samples is None or not len(found.samples):
        return None
    series, times = found.series, found.samples.times
    values = array("d", [drawn_value(series, value) for value in found.samples.shares()])
    line = Series(run_id=series.key, key=series.name, steps=times, times=times, values=values)
    return Curve(series.key, "newest", line, hue=0, parted=found.parted)


def promotions(
    history: History, reader: Reader, model: str, production: Sequence[str], since: Millis, until: Millis
) -> list[tuple[Millis, str]]:  # fmt: skip
    """When the aliases of production of a model moved, and to which version: `v14`, `?v14` where nobody wrote it."""
    row = reader.models.model(model) if model else None
    if row is None:
        return []
    found: dict[Millis, str] = {}
    for alias in production:
        if alias not in row.model.aliases:
            continue
        for stretch in history.lane(row.model, alias).stretches:
            if since <= stretch.since <= until and not stretch.is_older:
                name = version_name(stretch.version) if stretch.version is not None else f"{clip(alias, 12)} gone"
                found[stretch.since] = f"{'?' if stretch.is_unexplained else ''}{name}"
    return sorted(found.items())


class SeriesChart(Chart, can_focus=False, inherit_bindings=False):
    """A chart along time. It has no keys of its own: the screen sends it those that it wants to have there."""

    def __init__(self, palette: Palette, deck: Deck, *, id: str | None = None) -> None:  # noqa: A002  Textual's name
        super().__init__(palette, zone=deck.zone, id=id)
        self._view = replace(self._view, axis="time")  # the only one that means something here
        self._bundle.turn("time", self._view.log)

    def draw_line(self, found: Drawn, marks: Sequence[tuple[Millis, str]], title: str) -> None:
        """Draw these points."""
        extent = (float(found.since), float(found.until))
        curve = curve_of(found)
        with self.at_once():
            self.title = title
            self.annotate([(float(at), label) for at, label in marks], bounds_of(found.series), extent)
            self.say(empty_chart(found))
            self.show([curve] if curve is not None else [])

    def put_away(self, words: str) -> None:
        """Show no line, and say why."""
        with self.at_once():
            self.title = ""
            self.annotate([], (), None)
            self.say(words)
            self.show([])


def empty_chart(found: Drawn) -> list[Piece]:
    """What stands where there is no point."""
    if found.series.at is None:
        return [("no point of it was ever read: r asks its source again", "dim")]
    return [("no point in this time: i looks further back", "dim")]
