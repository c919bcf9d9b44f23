"""The line of production under the cursor, below the table or beside it: its chart, and what is known of it."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical

from ..app.records import Millis
from ..app.text import clip
from ..widgets.figures import age, moment
from ..widgets.line import Line, Piece
from ..widgets.pages import Pages
from ..widgets.palette import Palette
from ..widgets.status import glyph, sign, worded
from .deck import Deck
from .run_detail import Upright
from .run_details import Lines, pairs
from .run_pane import WITH_PANE
from .serving_chart import Drawn, SeriesChart
from .serving_rows import Seen
from .serving_words import (
    MEANS,
    called_by,
    in_unit,
    labels_until,
    rate_said,
    since_said,
    threshold_said,
    titled,
)

BELOW = 11
"""Rows of a chart below the table, with its rule, at most."""

FACTS = 13
"""Rows of what is known below a chart that stands beside the table."""


class ServingPane(Horizontal):
    """It never has the focus: the keys stay with the table."""

    DEFAULT_CSS = """
    ServingPane { width: 84; }
    ServingPane #between { display: none; }
    ServingPane.-below { dock: bottom; width: 1fr; }
    ServingPane.-below Upright { display: none; }
    ServingPane.-below #between { display: block; }
    ServingPane.-below #known { display: none; }
    """

    def __init__(self, palette: Palette, deck: Deck, *, id: str | None = None) -> None:  # noqa: A002  Textual's word
        super().__init__(id=id)
        self._palette, self._deck = palette, deck

    def compose(self) -> ComposeResult:
        """A rule, the chart, and the facts beside it or below."""
        yield Upright(self._palette)
        with Vertical():
            yield Line(self._palette, fill="─", id="between")
            yield SeriesChart(self._palette, self._deck, id="line")
            pages = Pages(self._palette, id="known")
            pages.can_focus = False
            yield pages

    @property
    def chart(self) -> SeriesChart:
        """The chart."""
        return self.query_one("#line", SeriesChart)

    @property
    def columns(self) -> int:
        """Cells of the chart: those that it has, or before it was laid out will have."""
        width = self.app.size.width
        return self.chart.size.width or (pane_width(width) - 1 if width >= WITH_PANE else width)

    @property
    def is_beside(self) -> bool:
        """It stands beside the table, and says what is known as well."""
        return not self.has_class("-below")

    def recolour(self, palette: Palette) -> None:
        """Draw the same in other colours."""
        self.query_one(Upright).recolour(palette)
        self.query_one(Pages).recolour(palette)
        self.query_one("#between", Line).repaint(palette)
        self.chart.recolour(palette)

    def take_room(self, width: int, height: int, lines: int) -> None:
        """Stand beside a table of so many lines where the terminal is wide enough, else below it."""
        is_beside = width >= WITH_PANE
        self.display = lines > 0  # else the table has a sentence to say
        self.set_class(not is_beside, "-below")
        self.styles.width = pane_width(width) if is_beside else "1fr"
        self.styles.height = "1fr" if is_beside else below_height(height)
        self.query_one(Pages).styles.height = min(FACTS, max(0, height - 18))

    def draw(self, found: Drawn, seen: Seen, marks: Sequence[tuple[Millis, str]], deck: Deck, whose: str) -> None:
        """Show a line."""
        self.chart.draw_line(found, marks, f"{whose} › {titled(seen.series)}" if whose else titled(seen.series))
        if self.is_beside:
            self.query_one(Pages).show(known_lines(seen, self.columns, deck))

    def put_away(self, words: str) -> None:
        """Show none, and say why."""
        self.chart.put_away(words)
        self.query_one(Pages).show([])


def pane_width(width: int) -> int:
    """Columns of the pane beside a table, in a terminal of `width`."""
    return max(64, min(120, width - 126))


def below_height(height: int) -> int:
    """Rows of the pane below a table, with its rule: half of what there is. A higher chart says no more, and is sent
    whole for each line that the cursor rests on; the page of a series has a larger one."""
    return max(8, min(BELOW, (height - 4) // 2))


def head_piece(seen: Seen, now: Millis) -> list[Piece]:
    """`✖ bad  over its threshold`."""
    stands = seen.state(now)
    word, role = worded(stands)
    return [(f" {word}", role), (f"  {MEANS[stands]}", "dim")]


def known_lines(seen: Seen, width: int, deck: Deck) -> Lines:
    """What is known of a line, in `width` cells."""
    series, now, zone = seen.series, deck.now(), deck.zone
    newest = f"{in_unit(series, series.value)} at {moment(series.at, now, zone)} ({age(series.at, now)})"
    until = labels_until(series, now, zone)
    facts = [
        ("newest", newest if series.at is not None else "never"),
        ("threshold", threshold_said(series)),
        ("bad", since_said(series, now, zone)),
        ("labels", f"until {until}: it speaks of predictions until then" if until else ""),
        ("burn", ", ".join(f"{span_word(burn.window.long)} {rate_said(burn.long_rate)}" for burn in seen.burns)),
        ("labelled", called_by(series.labels)),
        ("asks", clip(series.query, 400)),
    ]
    return [
        [(f" {clip(titled(series), max(8, width - 4))}", "bright")],
        head_piece(seen, now),
        [],
        *pairs([one for one in facts if one[1]], width),
    ]


def span_word(span: Millis) -> str:
    """A window as people call it: `5 m`, `6 h`, `3 d`."""
    hours, minutes = span // 3_600_000, span // 60_000
    return f"{hours // 24} d" if hours >= 48 else f"{hours} h" if hours else f"{minutes} m"


def stands_piece(stands: str) -> Piece:
    """A state by glyph and word."""
    return f"{glyph(stands)} {stands}", sign(stands).role
