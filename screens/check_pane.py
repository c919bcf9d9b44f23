"""The check under the cursor, beside a table that leaves room: what it asserts, what it said, since when, its past."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical

from ..app.records import Check, Commit, PastResult
from ..app.text import cells, clip, one_line, pad, shown
from ..widgets.figures import age, count, moment
from ..widgets.line import Piece
from ..widgets.pages import Pages
from ..widgets.palette import Palette
from ..widgets.status import glyph, sign, worded
from .check_columns import Dataset, most_first, tally_pieces
from .check_lines import share_pieces
from .check_words import against, flaps, rows_said, rule_said, silence, since_said, tool
from .deck import Deck
from .run_detail import Upright
from .run_details import Lines, wrap
from .run_pane import WITH_PANE as WITH_PANE

FAILS = "fails "

PAST = 14
"""Results that are listed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Here:
    """The check under the cursor with its last results, newest first, and who changed its rule."""

    check: Check
    past: Sequence[PastResult] = ()
    commits: dict[str, Commit] | None = None
    feeds: str = ""


class CheckPane(Horizontal):
    """A check in one column. It never has the focus: the keys stay with the table."""

    DEFAULT_CSS = """
    CheckPane { width: 50; }
    """

    def __init__(self, palette: Palette, *, id: str | None = None) -> None:  # noqa: A002  Textual's word
        super().__init__(id=id)
        self._palette = palette

    def compose(self) -> ComposeResult:
        """A rule, and the lines beside it."""
        yield Upright(self._palette)
        with Vertical():
            pages = Pages(self._palette, id="standing")
            pages.can_focus = False
            yield pages

    def recolour(self, palette: Palette) -> None:
        """Draw the same in other colours."""
        self.query_one(Upright).recolour(palette)
        self.query_one(Pages).recolour(palette)

    def take_room(self, width: int) -> None:
        """Stand beside the table where the terminal is `width` columns wide and that is enough."""
        self.display = width >= WITH_PANE
        self.styles.width = pane_width(width)

    def show(self, here: Here | None, dataset: Dataset | None, deck: Deck) -> None:
        """Show a check, or what heads some; without either the pane is empty."""
        pages = self.query_one(Pages)
        width = pages.size.width
        if self.display and width:
            lines = pane_lines(here, width, deck) if here is not None else []
            pages.show(dataset_lines(dataset, width) if dataset is not None else lines)


def pane_width(width: int) -> int:
    """Columns of the pane beside a table, in a terminal of `width`."""
    return max(50, min(64, width - 122))


def dataset_lines(one: Dataset, width: int) -> Lines:
    """A dataset: how many checks stand in which way, and who feeds on it."""
    lines: Lines = [[(f" {clip(one.name, width - 2) or 'no dataset'}", "bright")], [(" ", "text"), *_tally(one)], []]
    tools = ", ".join(f"{tool(key)} {count(number)}" for key, number in most_first(one.tools))
    lines += _said("tools", tools, width)
    feeds = one.feeds or f"{glyph('missing')} nobody is known to"
    return [*lines, *_said("feeds", feeds, width)]


def _tally(one: Dataset) -> list[Piece]:
    made = tally_pieces(one.counts)
    passed = one.counts.get("pass", 0)
    if passed and one.counts.keys() & {"fail", "warn", "error", "silent"}:
        made.append((f"  {count(passed)} {glyph('pass')}", "good"))
    return made


def pane_lines(here: Here, width: int, deck: Deck) -> Lines:
    """Everything that the table has no room for."""
    check, now, zone = here.check, deck.now(), deck.zone
    newest = check.newest
    word, role = worded(newest.outcome)
    lines: Lines = [[(f" {clip(check.name, max(12, width - cells(word) - 4))}  ", "bright"), (word, role)]]
    about = "  ".join(part for part in (check.dataset, check.column, check.environment) if part)
    lines.append([(f" {clip(about, width - 2)}", "text")])
    lines.append([(f" {tool(check.tool)}  {clip(check.suite, width - 12)}", "dim")])
    lines.append([])
    lines += _said("observed", against(newest), width)
    lines += _said("rows", rows_said(newest), width)
    lines += _said("says", one_line(newest.message[:400]), width)
    lines += _said("asserts", one_line(newest.definition[:400]), width)
    lines += _said("checked", _checked(check, deck), width)
    since = since_said(check, now, zone)
    lines += _said("fails" if since.startswith(FAILS) else "since", since.removeprefix(FAILS), width)
    author = _author(here, check.rule_changed_commit)
    lines += _said("rule", rule_said(check, now, zone, author).removeprefix("rule "), width)
    lines += _said("before", one_line(check.rule_before[:400]) if check.rule_change else "", width)
    lines += _said("silence", silence(check, now), width)
    lines += _said("flaps", f"{check.flips} turns in its last 20 results" if flaps(check) else "", width)
    lines += _said("feeds", here.feeds, width)
    return [*lines, [], *_past(here, width, deck)]


def _checked(check: Check, deck: Deck) -> str:
    at = f"{moment(check.checked_at, deck.now(), deck.zone)} ({age(check.checked_at, deck.now())})"
    return f"{at}, of {shown(check.interval)}" if check.interval else at


def _said(name: str, text: str, width: int) -> Lines:
    """A name and what is said of it, over as many lines as it takes, four at the most; nothing of nothing."""
    if not text:
        return []
    wrapped = wrap(text, max(16, width - 12))[:4]
    return [[(f" {name if not at else '':<10}", "dim"), (line, "text")] for at, line in enumerate(wrapped)]


def _author(here: Here, sha: str | None) -> str:
    commit = (here.commits or {}).get(sha or "")
    return commit.author if commit is not None else ""


def _past(here: Here, width: int, deck: Deck) -> Lines:
    shares = share_pieces(here.past, width - 32)
    lines: Lines = [[(" ", "dim"), (shares[0][0].lstrip(), "dim"), *shares[1:]]] if shares else []
    for one in here.past[:PAST]:
        when = one.interval or moment(one.at, deck.now(), deck.zone)
        said = one.result.observed or one.result.message
        lines.append([
            (f" {glyph(one.result.outcome)} ", sign(one.result.outcome).role), (pad(clip(when, 14), 15), "text"),
            (clip(said or "", max(4, width - 20)), "dim"),
        ])  # fmt: skip
    return lines
