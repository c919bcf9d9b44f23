"""The model under the cursor, beside the table or below it: its trend, where its aliases were, its newest versions."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical

from ..app.text import cells, clip, one_line, pad
from ..widgets.figures import age, count, figure
from ..widgets.line import Line, Piece
from ..widgets.pages import Pages
from ..widgets.palette import Palette
from ..widgets.spark import spark
from ..widgets.status import glyph, worded
from .deck import Deck
from .model_facts import ModelFacts
from .model_lanes import lane_lines, scale_line
from .model_words import version_name
from .run_detail import Upright
from .run_details import Lines, wrap
from .run_pane import WITH_PANE
from .version_columns import WORDED, lead_piece, metric_piece
from .version_rows import VersionLine, read_lines

VERSIONS = 40
"""Versions that are listed: more than these are on the model's own screen."""

TREND = 32
"""Cells of the trend, at most."""

LANES = 4
"""Aliases of which a lane is drawn."""


class ModelPane(Horizontal):
    """A model in lines. It never has the focus: the keys stay with the table."""

    DEFAULT_CSS = """
    ModelPane { width: 56; }
    ModelPane Line { display: none; }
    ModelPane.-below { dock: bottom; width: 1fr; }
    ModelPane.-below Upright { display: none; }
    ModelPane.-below Line { display: block; }
    """

    def __init__(self, palette: Palette, *, id: str | None = None) -> None:  # noqa: A002  Textual's word
        super().__init__(id=id)
        self._palette = palette

    def compose(self) -> ComposeResult:
        """A rule, and the lines beside it or below."""
        yield Upright(self._palette)
        with Vertical():
            yield Line(self._palette, fill="─", id="between")
            pages = Pages(self._palette, id="standing")
            pages.can_focus = False
            yield pages

    def recolour(self, palette: Palette) -> None:
        """Draw the same in other colours."""
        self.query_one(Upright).recolour(palette)
        self.query_one(Pages).recolour(palette)

    def take_room(self, width: int, height: int, models: int) -> None:
        """Stand beside a table of so many models where the terminal is wide enough, else below it."""
        is_beside = width >= WITH_PANE
        self.display = models > 0  # else the table has a sentence to say
        self.set_class(not is_beside, "-below")
        self.styles.width = pane_width(width) if is_beside else "1fr"
        self.styles.height = "1fr" if is_beside else below_height(height, models)

    def show_facts(self, facts: ModelFacts | None, deck: Deck) -> None:
        """Show a model as the cache has it now; without one the pane is empty."""
        pages = self.query_one(Pages)
        if pages.size.width:
            pages.show(pane_lines(facts, pages.size.width, pages.size.height, deck) if facts is not None else [])


def pane_width(width: int) -> int:
    """Columns of the pane beside a table, in a terminal of `width`."""
    return max(52, min(76, width - 122))


def below_height(height: int, models: int) -> int:
    """Rows of the pane below a table, with its rule: half of what there is, and what the table does not need."""
    return max(6, (height - 6) // 2, height - 6 - models - 2)


def pane_lines(facts: ModelFacts, width: int, height: int, deck: Deck) -> Lines:
    """All that the table has no room for, the newest versions as far as there are lines."""
    now = deck.now()
    made = [*head_lines(facts, width), *_lanes(facts, width, height, deck)]
    if height >= 12 and made:
        made.append([])
    room = max(0, height - len(made))
    lines = read_lines(deck.reader, facts.ids[: min(room, VERSIONS)], facts, now)
    return [*made, *version_lines(lines, facts, width, now)]


def head_lines(facts: ModelFacts, width: int) -> Lines:
    """What it is called, and the trend of the metric that decides: in one line where there is room for both."""
    row = facts.row
    several = "" if row.versions == 1 else "s"
    title: list[Piece] = [
        (f" {clip(row.model.name, max(12, width // 2))}", "bright"),
        (f"  {count(row.versions)} version{several}", "dim"),
    ]
    told = trend_pieces(facts, min(TREND, max(8, width - 50)))
    used = sum(cells(text) for text, _ in (*title, *told))
    is_one = used + 3 <= width
    if is_one and told:
        return [[*title, ("   ", "text"), *told]]
    lines: Lines = [title, *([[(" ", "text"), *told]] if told else [])]
    if row.model.description:
        about = wrap(one_line(row.model.description[:300]), max(8, width - 2))
        lines[1:1] = [[(f" {piece}", "dim")] for piece in about[:2]]
    return lines


def trend_pieces(facts: ModelFacts, room: int) -> list[Piece]:
    """`val_auc ↑ ▂▃▅▇ newest 0.9412, champion 0.9381`; nothing where no metric decides."""
    deciding = facts.deciding
    if deciding is None:
        return []
    trend = facts.trend
    name: Piece = (f"{clip(deciding.name, 20)} {'↑' if deciding.greater_is_better else '↓'} ", "text")
    if not trend:
        return [name, (f"{glyph('unknown')} no version has it", "dim")]
    champion = facts.values.get(facts.champion.rowid) if facts.champion is not None else None
    theirs = f", {facts.champion_alias} {figure(champion)}" if champion is not None else ""
    return [name, (spark(trend, room), "hue0"), (f" last {figure(trend[-1])}", "text"), (theirs, "dim")]


def _lanes(facts: ModelFacts, width: int, height: int, deck: Deck) -> Lines:
    if not facts.lanes:
        return [[(" no alias points at any of its versions", "dim")]]
    now = deck.now()
    lanes = lane_lines(facts.lanes, width, now, LANES if height >= 12 else 3)
    scale = [scale_line(facts.lanes[: len(lanes)], width, now, deck.zone)] if height >= 16 else []
    return [*([[]] if height >= 16 else []), *lanes, *scale]


def version_lines(lines: Sequence[VersionLine], facts: ModelFacts, width: int, now: int) -> Lines:
    """A line a version."""
    if not lines:
        return [] if facts.row.versions else [[(" it has no version", "dim")]]
    wide = (
        max(cells(version_name(line.row.version.version)) for line in lines),
        min(10, max(cells(clip(line.row.version.user or "", 10)) for line in lines)),
        min(24, max(cells(_aliases(line)) for line in lines)),
    )
    return [_version(line, facts, width, wide, now) for line in lines]


def _aliases(line: VersionLine) -> str:
    return ", ".join(clip(alias, 16) for alias in line.row.aliases)


def _version(line: VersionLine, facts: ModelFacts, width: int, wide: tuple[int, int, int], now: int) -> list[Piece]:
    one = line.row.version
    word, role = worded(one.status)
    made: list[Piece] = [
        (f" {pad(version_name(one.version), wide[0])}  ", "bright" if line.row.aliases else "text"),
        (pad(word, 9), role),
        (f"{age(one.created_at, now):>6}", "text"),
        (f"  {pad(clip(one.user or '', wide[1]), wide[1])}" if wide[1] else "", "dim"),
    ]
    if facts.deciding is not None:
        value, of = metric_piece(line)
        lead, way = lead_piece(line, worded=width >= WORDED)
        made += [(f"{value:>9}", of), (f"  {lead:>{15 if width >= WORDED else 8}}", way)]
    left = width - sum(cells(text) for text, _ in made) - 2
    made.append((f"  {pad(_aliases(line), min(left, wide[2]))}" if wide[2] else "", "accent"))
    left -= wide[2] + 2
    return [*made, (f"  {clip(line.run.name, left)}", "dim")] if line.run is not None and left >= 12 else made
