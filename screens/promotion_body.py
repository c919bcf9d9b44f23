"""What a promotion looks like: the widgets, and what is written on them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from textual.app import ComposeResult
from textual.containers import Container, Horizontal
from textual.geometry import Size
from textual.widget import Widget

from ..app.deciding import Deciding, Decision, Wanted
from ..app.promotion import Gate
from ..app.promotion.words import sworn
from ..app.records import LedgerEntry
from ..app.store.state import Act
from ..app.text import cells, clip, shown
from ..widgets.field import LINE, Field
from ..widgets.freshness import freshness
from ..widgets.line import Line, Piece
from ..widgets.outline import Outline
from ..widgets.pages import Pages
from ..widgets.palette import Palette
from ..widgets.status import glyph
from .deck import Deck
from .frame import FrameScreen
from .promotion_asks import Say, say_of
from .promotion_gate import gate_lines, gate_page
from .promotion_lines import Ink, draw, line_cells, named_pieces, title_pieces, way_back_line, will_lines
from .promotion_rows import FOLD, Row, rows_of
from .promotion_versions import version_lines
from .promotion_words import blocked_pieces, outcome_lines, prompt_pieces, step_pieces
from .run_detail import Upright
from .run_details import Lines, Sight

WIDE = 150
"""Columns from which on the gate under the cursor is shown beside the gates ..."""

TALL = 30
"""... and rows from which on it is shown below them, where it is not beside."""

DETAIL = 8
"""Rows that the gate under the cursor gets at least, where it is below."""

ROOMY, EACH, BACK = 21, 17, 14
"""Rows from which on there is one for calm, a line for each call, and one for the way back."""

FIXED = 9
"""Lines of the screen that are always there."""

OUTCOME = 10
"""Lines for what became of it, at most."""


@dataclass(frozen=True, slots=True)
class Deed:
    """A promotion that was confirmed, as the journal has it."""

    act: Act
    is_alive: bool = True
    """A process carries it out."""
    entry: LedgerEntry | None = None
    """What the ledger has of it, once that was read."""

    @property
    def is_over(self) -> bool:
        """It has its outcome."""
        return self.act.outcome is not None


class PromotionBody(FrameScreen):
    """The screen without its keys. A subclass reads `decision`, and follows `deed`."""

    TAB = "models"

    def __init__(self, deck: Deck, wanted: Wanted) -> None:
        super().__init__(deck)
        self.wanted = wanted
        self.deciding: Deciding | None = deck.deciding() if deck.deciding is not None else None
        self.decision: Decision | None = None
        self.deed: Deed | None = None
        self.is_asked = False
        """It was confirmed, and is not in the journal yet."""
        self.trouble = ""
        """Why there is no plan."""
        self.refused = ""
        """Why nothing can be changed from here."""
        self.change: tuple[Piece, ...] = ()
        """What changed while somebody read."""
        self.unfolded: set[str] = set()
        self.answer = Say("", "")
        """What `A` does."""
        self._ink: Ink | None = None

    # -- the widgets --------------------------------------------------------------------------------------------

    def body(self) -> Iterable[Widget]:
        """Both versions, the gates with the one under the cursor, what would be done, and the fields."""
        palette = self.deck.palette
        yield Line(palette, id="now")
        yield Line(palette, id="next")
        yield Line(palette, fill="─", id="under")
        with Container(id="middle"):
            yield Outline[Row](palette, self._draw_row, id="page")
            yield Upright(palette)
            yield _still(Pages(palette, id="detail"))
        yield _still(Pages(palette, id="will"))
        with Horizontal(id="fields"):
            yield Line(palette, id="of_reason")
            yield Field("reason", 500)
            yield Line(palette, id="of_ticket")
            yield Field("ticket", 100)

    def compose(self) -> ComposeResult:
        """The frame, with the line that decides above the keys."""
        for widget in super().compose():
            if widget.id == "keys":
                with Horizontal(id="decision"):
                    yield Line(self.deck.palette, id="ask")
                    yield Field("typed")
                    yield Line(self.deck.palette, id="hint")
            yield widget

    @property
    def room(self) -> Size:
        """The terminal's size. A screen has it before its own, so that what it paints first stands where it stays."""
        return self.app.size

    @property
    def outline(self) -> Outline[Row]:
        """The gates."""
        return self.query_one("#page", Outline)

    def field(self, name: str) -> Field:
        """A field by its id: reason, ticket, typed."""
        return self.query_one(f"#{name}", Field)

    def has_field(self, name: str) -> bool:
        """Whether something can be written there now."""
        if self.decision is None or self.deed is not None or self.is_asked or self.refused:
            return False
        return name != "typed" or self.decision.plan.applicable

    @property
    def is_in_field(self) -> bool:
        """Whether somebody writes."""
        return isinstance(self.focused, Field)

    # -- drawing ------------------------------------------------------------------------------------------------

    def draw(self) -> None:
        """Write everything that differs."""
        if not self.is_composed:
            return
        wide = self.room.width >= WIDE
        self.set_class(wide, "wide")
        self._draw_versions()
        self._draw_gates(wide)
        self._draw_will()
        self._draw_fields()
        self._draw_decision()
        self.write_frame()

    def _draw_versions(self) -> None:
        first: list[Piece] = [(" now", "dim")]
        second: list[Piece] = [(" next", "dim")]
        if self.decision is not None:
            first, second = version_lines(
                self.decision.plan, self.decision.situation, self.room.width, self.deck.now(), self.deck.better
            )
        self.query_one("#now", Line).show(first)
        self.query_one("#next", Line).show(second)

    def _draw_gates(self, wide: bool) -> None:
        rows, outline, detail = self._rows(), self.outline, self.query_one("#detail", Pages)
        below = not wide and self.room.height >= TALL
        self.query_one(Upright).display = wide
        detail.display = wide or below
        middle = self.room.height - FIXED - len(self._will())
        outline.styles.height = max(1, min(len(rows), middle - DETAIL)) if below else "1fr"
        outline.styles.width = self._gates_width if wide else "1fr"
        hints = {"approval": self.answer.hint} if self.answer.hint and self.deed is None else {}
        self._ink = Ink(rows, self.deck.now(), hints)
        outline.show(rows)
        self.draw_detail()

    @property
    def _gates_width(self) -> int:
        return self.room.width * 14 // 20

    def _rows(self) -> list[Row]:
        if self.decision is None:
            return [Row("remark", at, pieces=(piece,)) for at, piece in zip("ab", self._without_plan(), strict=False)]
        return rows_of(self.decision.plan, self.unfolded, self._more)

    def _without_plan(self) -> list[Piece]:
        if self.trouble:
            return [(f"{glyph('stale')} the plan could not be made: {shown(self.trouble)}", "warn"),
                    ("r tries again", "dim")]  # fmt: skip
        return [("reading what is known …", "dim")]

    def _more(self, gate: Gate) -> Lines:
        assert self.decision is not None
        width = self._gates_width if self.room.width >= WIDE else self.room.width
        return gate_lines(gate, self.decision, self.sight(width - 2))

    def sight(self, width: int) -> Sight:
        """Where lines are laid out."""
        return Sight(width, self.deck.now(), self.deck.zone, self.deck.better)

    def _draw_row(self, row: Row, width: int) -> list[Piece]:
        if self.decision is None:
            return list(row.pieces)
        return draw(row, width, self._ink)

    def draw_detail(self) -> None:
        """Show the gate under the cursor, where there is room for it."""
        detail, row = self.query_one("#detail", Pages), self.outline.entry()
        if not detail.display:
            return
        wide = self.room.width >= WIDE
        sight = self.sight(self.room.width - (self._gates_width + 1 if wide else 0))
        detail.show([*([] if wide else [[]]), *self._about(row, sight)])

    def _about(self, row: Row | None, sight: Sight) -> Lines:
        if row is None or self.decision is None:
            return []
        if row.gate is not None:
            return gate_page(row.gate, self.decision, sight)
        lines: Lines = [[(f" {glyph('pass')} {len(row.passed)} passed", "good")], []]
        name = max((cells(shown(gate.id)) for gate in row.passed), default=0)
        for gate in row.passed:
            lines.append([(f"  {clip(gate.id, 40):<{min(name, 40) + 2}}", "dim"), (gate.sentence, "text")])
        return lines

    # -- what is done -------------------------------------------------------------------------------------------

    def _will(self) -> Lines:
        """What would be done; of a deed what came of it."""
        height, width = self.room.height, self.room.width
        calm: Lines = [[]] if height >= ROOMY else []
        if self.decision is None:
            return calm
        plan = self.decision.plan
        if self.deed is not None and self.deed.is_over:
            who = sworn(self.decision.situation.actor)
            most = max(3, min(OUTCOME, height - FIXED - 3))
            return [*calm, *outcome_lines(self.deed.act, self.deed.entry, who, self.sight(width), most)]
        lines = will_lines(plan, width, compact=height < EACH)
        return [*calm, *lines, *([way_back_line(plan, width)] if height >= BACK else [])]

    def _draw_will(self) -> None:
        lines, will = self._will(), self.query_one("#will", Pages)
        will.styles.height = len(lines)
        will.display = bool(lines)
        will.show(lines)

    def _draw_fields(self) -> None:
        # the line stays in its place while nothing can be written: what stands above must not jump
        shows = self.has_field("reason")
        self.query_one("#fields").display = self.deed is None or not self.deed.is_over
        needs = self.decision is not None and self.decision.plan.needs_reason
        self.query_one("#of_reason", Line).show([(" reason", "accent" if needs and shows else "dim")] if shows else [])
        self.query_one("#of_ticket", Line).show([("   ticket ", "dim")] if shows else [])
        for name in ("reason", "ticket"):
            self.field(name).display = shows
        self.field("reason").placeholder = "the policy wants one" if needs else LINE * 200

    def _draw_decision(self) -> None:
        ask, hint, typed = self.query_one("#ask", Line), self.query_one("#hint", Line), self.field("typed")
        can = typed.display = hint.display = self.has_field("typed")
        pieces = self._decision_pieces()
        ask.styles.width = line_cells(pieces) if can else "1fr"
        ask.show(pieces)
        if can:
            said: list[Piece] = [("  Enter does it", "dim")]
            if self.focused is not typed:
                said = [("  p", "accent"), (" goes there", "dim")]
            hint.styles.width = line_cells(said)
            hint.show(said)
        else:
            typed.clear_text()

    def _decision_pieces(self) -> list[Piece]:
        decision = self.decision
        if self.deed is not None:
            return self._deed_pieces(self.deed)
        if decision is None:
            return []
        if self.is_asked:
            return [(f" {glyph('running')} ", "run"), ("asked for …", "text")]
        if not decision.plan.applicable:
            return blocked_pieces(decision.plan, decision.situation, self.answer, self.room.width)
        if self.refused:
            why = "read-only, nothing is promoted from here" if self.deck.read_only else shown(self.refused)
            return [(f" {glyph('stale')} ", "warn"), (why, "text")]
        return prompt_pieces(decision.plan)

    def _deed_pieces(self, deed: Deed) -> list[Piece]:
        steps = step_pieces(deed.act, is_alive=deed.is_alive)
        if deed.is_over:
            return steps or [(" r", "accent"), (" makes the plan anew", "dim")]
        if not deed.is_alive and deed.act.state == "begun":
            return [*steps, ("cut off: it is being found out", "warn")]
        return steps

    # -- the frame ----------------------------------------------------------------------------------------------

    def subject(self) -> tuple[Sequence[Piece], Sequence[Piece]]:
        """What is promoted where, by which plan and policy."""
        width, decision = self.room.width, self.decision
        if decision is None:
            return named_pieces(self.wanted.model, self.wanted.alias, self.wanted.kind, width - 16), []
        state = decision.situation.sources.get(decision.plan.source)
        state = next((one for one in self.deck.states if state is not None and one.source == state.source), state)
        right = [*freshness(state, self.deck.now()), (" ", "text")] if state is not None else []
        return title_pieces(decision.plan, decision.situation, width), right

    def _notice(self) -> list[Piece]:
        """What changed; of an act that this page tells of nothing is told on the rule."""
        if self.change:
            return list(self.change)
        return super()._notice() if self.deed is None else self._lasting()

    def recolour(self, palette: Palette) -> None:
        """Draw the same in other colours."""
        super().recolour(palette)
        self.outline.recolour(palette)
        self.query_one(Upright).recolour(palette)
        for name in ("#detail", "#will"):
            self.query_one(name, Pages).recolour(palette)

    def judge_answer(self) -> None:
        """Find out what is left to say of the plan."""
        self.answer = say_of(self.decision, self.deck.now()) if self.decision is not None else Say("", "")

    @property
    def fold(self) -> str:
        """Name of what the row under the cursor unfolds; "" where there is none."""
        row = self.outline.entry()
        return "" if row is None else FOLD if row.kind == "fold" else row.name


def _still(pages: Pages) -> Pages:
    """Lines that are read: the keys stay with the gates."""
    pages.can_focus = False
    return pages
