"""An artifact of a run: its text or table, read with less's keys; anything else says where it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType

from ..app.copies import Copy, file_copies
from ..app.records import ArtifactContent
from ..app.text import clip, shown
from ..widgets.figures import count, size
from ..widgets.line import Piece
from ..widgets.pages import Pages
from .artifact_page import Sheet, outside, sheet
from .copying import known_runs
from .deck import Deck
from .links import LinkSheet, artifact_address
from .run_view import RunView
from .text_search import TextSearch


class ArtifactScreen(TextSearch, RunView):
    """One file of a run."""

    TAB = "runs"

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "filter", "search", priority=True, id="artifact.search", key_display="/"),
        Binding("o", "link", "link", id="artifact.link", tooltip="Show where the file is"),
        Binding("escape", "back", "back", id="artifact.back", key_display="Esc"),
    ]

    def __init__(self, deck: Deck, run_id: str, path: str) -> None:
        super().__init__(deck, run_id)
        self.path = path
        self.sheet: Sheet | None = None
        self._content: ArtifactContent | None = None

    def on_mount(self) -> None:
        """Show what the cache has."""
        if self.is_composed:
            self.view.focus()
            self.read()

    def draw(self) -> None:
        """Read the file from the cache, and show it when it is another than before."""
        if not self.is_composed:
            return
        if self.facts is not None:
            found = self.deck.reader.artifact(self.facts.rowid, self.path)
            if found is None:
                self.want_once("artifact", [self.path])
            elif self._content is None or found.data != self._content.data or found.sentence != self._content.sentence:
                self.sheet = sheet(found)
                self.view.show(self.sheet)
            self._content = found or self._content
        self._say()
        self.write_frame()

    def _say(self) -> None:
        readable = self.sheet is not None and self.sheet.is_readable
        self.view.display = readable
        said = self.query_one("#said", Pages)
        said.display = not readable
        said.show([[], *self._why()])

    def _why(self) -> list[list[Piece]]:
        if self.facts is None:
            return [[(f" the cache has no run {clip(self.run_id, 60)}", "text")]]
        if self.sheet is None:
            return [[(" asked for …", "dim")]]
        notes: list[list[Piece]] = [[(f" {shown(note)}", "text")] for note in self.sheet.notes]
        return notes if self.sheet.what in ("nothing", "empty file") else [*outside(self._content, self.sheet.what)]

    # -- keys ---------------------------------------------------------------------------------------------------

    def copies(self) -> Sequence[Copy]:
        """The file first, then its run in its forms."""
        runs = known_runs(self.deck, self.chosen_runs())
        return [*(copy for run in runs for copy in file_copies(run, self.path)), *super().copies()]

    def action_link(self) -> None:
        """Show where the file is."""
        address = artifact_address(self.facts.run, self.path, self.deck.states) if self.facts else None
        if address is None:
            self.say("its run does not say where its artifacts are", "dim")
        else:
            self.app.push_screen(LinkSheet(shown(self.path), address, self.deck.palette))

    def subject(self) -> tuple[Sequence[Piece], Sequence[Piece]]:
        """The file, what it is and how large; on the right which lines are in sight."""
        name = self.facts.run.name if self.facts else self.run_id
        left: list[Piece] = [(f" {clip(name or '–', 30)} › ", "dim"), (clip(self.path, 60), "bright")]
        if self.sheet is None or self._content is None:
            return left, []
        what = self.sheet.what if self.sheet.what != "nothing" else ""
        octets = size(self._content.size if self._content.size is not None else len(self._content.data))
        left.append((f"   {what}   {octets}" if what else "", "dim"))
        if not self.sheet.is_readable:
            return left, []
        first, last, number = self.view.at
        right: list[Piece] = [(f"{shown(note)}   ", "warn") for note in self.sheet.notes]
        return left, [*right, (f"{count(first)} to {count(last)} of {count(number)} ", "dim")]
