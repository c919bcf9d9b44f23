"""One run, whole: params, metrics, data, commit, tags, artifacts, parent and children."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.widget import Widget

from ..app.records import Artifact, Run, Want
from ..app.store.reading import Reader
from ..app.text import clip
from ..widgets.freshness import freshness
from ..widgets.line import Piece
from ..widgets.pages import Pages
from ..widgets.palette import Palette
from .deck import Deck
from .picker import Item, Picker
from .run_acts import RunActs
from .run_page import RunFacts, page

HISTORIES_AT_ONCE = 40
"""Metrics of which minimum and maximum are asked for when a run is opened."""


def facts_of(reader: Reader, run_id: str) -> RunFacts | None:
    """What the cache knows of a run; None when it knows nothing."""
    rowids = reader.rowids([run_id])
    runs = reader.runs(rowids)
    if not runs:
        return None
    run, rowid = runs[0], rowids[0]
    names = {row.experiment.id: row.experiment.name for row in reader.experiments()}
    extremes = reader.extremes([rowid], list(run.metrics))
    root = reader.listing(rowid, "")
    folders = [artifact.path for artifact in root.artifacts if artifact.is_dir] if root else []
    listings = [found for folder in ["", *folders] if (found := reader.listing(rowid, folder))]
    parents = reader.runs(reader.rowids([run.parent_id])) if run.parent_id else []
    return RunFacts(
        run=run,
        experiment=names.get(run.experiment_id, run.experiment_id),
        extremes={name: extreme for (_, name), extreme in extremes.items()},
        commit=reader.commit(run.git_commit) if run.git_commit else None,
        parent=parents[0] if parents else None,
        children=reader.runs(reader.children(run.id)[:200], names=()),
        listings={listing.folder: listing for listing in listings},
        state=next((state for state in reader.source_states() if state.source == run.source), None),
    )


class RunScreen(RunActs):
    """The page of one run."""

    TAB = "runs"
    CSS_PATH = "run.tcss"

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "related", "parent and children", id="run.related", key_display="Enter"),
        Binding("r", "sync_now", "refresh", id="refresh"),
        Binding("escape", "back", "back", id="back", key_display="Esc"),
    ]

    def __init__(self, deck: Deck, run_id: str) -> None:
        super().__init__(deck)
        self.run_id = run_id
        self._facts: RunFacts | None = None
        self._asked: set[str] = set()

    def body(self) -> Iterable[Widget]:
        """The page."""
        yield Pages(self.deck.palette, id="page")

    def on_mount(self) -> None:
        """Show what the cache knows and ask for what it does not."""
        if self.is_composed:
            self.query_one(Pages).focus()
            self.read()

    def on_resize(self) -> None:
        """Lay the page out for the new width."""
        self._draw()

    def read(self) -> None:
        """Read the run from the cache again."""
        self._facts = facts_of(self.deck.reader, self.run_id)
        self._draw()
        self._ask()

    def _draw(self) -> None:
        pages = self.query_one(Pages)
        if self._facts is None:
            pages.show([[], [(f" the cache has no run {clip(self.run_id, 60)}", "text")], [], _hint()])
        else:
            pages.show(page(self._facts, self.size.width, self.deck.now(), self.deck.zone))
        self.write_frame()

    def _ask(self) -> None:
        """Ask once for the listing and the histories that nobody has read."""
        if self._facts is None:
            return
        run = self._facts.run
        folders = ["", *(a.path for a in self._root() if a.is_dir)][:20]
        for folder in folders:
            if folder not in self._facts.listings:
                self._want(
                    f"artifacts {folder}", Want(kind="artifacts", source=run.source, run_ids=(run.id,), keys=(folder,))
                )
        unread = [name for name in sorted(run.metrics) if name not in self._facts.extremes][:HISTORIES_AT_ONCE]
        if unread:
            self._want("extremes", Want(kind="extremes", source=run.source, run_ids=(run.id,), keys=tuple(unread)))

    def chosen_runs(self) -> list[Run]:
        """The run on the page."""
        return [self._facts.run] if self._facts else []

    def _root(self) -> Sequence[Artifact]:
        root = self._facts.listings.get("") if self._facts else None
        return root.artifacts if root else ()

    def _want(self, what: str, want: Want) -> None:
        if what not in self._asked:
            self._asked.add(what)
            self.deck.ask(want)

    def cache_changed(self, *, runs: bool, commits: bool) -> None:
        """Show what is new of this run."""
        if runs or commits:
            self.read()
        super().cache_changed(runs=runs, commits=commits)

    def time_passed(self) -> None:
        """Write the ages anew."""
        super().time_passed()
        self._draw()

    def on_pages_scrolled(self) -> None:
        """Tell how much is below now."""
        self.write_frame()

    def recolour(self, palette: Palette) -> None:
        """Draw the same in other colours."""
        super().recolour(palette)
        self.query_one(Pages).recolour(palette)

    def action_related(self) -> None:
        """Choose a run above or below this one."""
        facts = self._facts
        runs: list[tuple[str, Run]] = []
        if facts and facts.parent:
            runs.append(("parent", facts.parent))
        runs += [("child", child) for child in facts.children] if facts else []
        if not runs:
            self.say("this run has neither parent nor children", "dim")
            return
        items = [Item(run.name, f"{role}  {run.status}", run.id) for role, run in runs]
        picker = Picker("related runs", items, self.deck.palette)
        self.app.push_screen(picker, lambda found: self._open(found[0]) if found else None)

    def _open(self, run_id: str) -> None:
        self.app.push_screen(RunScreen(self.deck, run_id))

    def subject(self) -> tuple[Sequence[Piece], Sequence[Piece]]:
        """The run's name, and how fresh its source is."""
        facts = self._facts
        if facts is None:
            return [(" run ", "dim"), (clip(self.run_id, 40), "bright")], []
        right = freshness(facts.state, self.deck.now()) if facts.state else []
        left = [(f" {clip(facts.experiment, 30)} › ", "dim"), (clip(facts.run.name, 60), "bright")]
        below = self.query_one(Pages).below
        more: list[Piece] = [(f"{below} lines below   ", "dim")] if below else []
        return left, [*more, *right, (" ", "text")]


def _hint() -> list[Piece]:
    return [(" r asks the syncer for a pass   Esc goes back", "dim")]
