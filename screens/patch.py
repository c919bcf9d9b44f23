"""What a commit changed in one file, as a diff to scroll through and to search."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType

from ..app.copies import Copy
from ..app.records import Change, Commit, Patch, Want
from ..app.text import clip, shown
from ..widgets.figures import count
from ..widgets.line import Piece
from ..widgets.pages import Pages
from .changes import Changed
from .deck import Deck
from .patch_lines import changed_lines, patch_text
from .text_search import TextSearch

ASKS_EVERY = 3.0
"""Seconds between two questions for what nobody has answered yet."""


def want_patch(commit: Commit, change: Change) -> Want:
    """What asks the syncer for it."""
    before = (change.old_path,) if change.old_path else ()
    return Want(kind="patch", source=commit.source, keys=(commit.sha, change.path, *before))


def git_show(sha: str, path: str) -> str:
    """The command that shows the same in the clone."""
    quoted = "'" + path.replace("'", "'\\''") + "'"
    return f"git show {sha} -- {quoted}"


class PatchScreen(TextSearch):
    """The hunks of one file."""

    TAB = "lineage"
    CSS_PATH = "run.tcss"

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "filter", "search", priority=True, id="patch.search", key_display="/"),
        Binding("escape", "back", "back", id="patch.back", key_display="Esc"),
    ]

    def __init__(self, deck: Deck, commit: Commit, change: Change) -> None:
        super().__init__(deck)
        self.commit, self.change = commit, change
        self.patch: Patch | None = None

    def on_mount(self) -> None:
        """Show what the cache has, and ask for it where it has nothing."""
        if self.is_composed:
            self.view.focus()
            self.read()
            self._ask()
            self.set_interval(ASKS_EVERY, self._ask)

    def _ask(self) -> None:
        """Until it is there: where the syncer starts just now nobody listened."""
        if self.patch is None and self.is_current:
            self.deck.ask(want_patch(self.commit, self.change))

    def read(self) -> None:
        """Read it from the cache, and show it when it is another than before."""
        found = self.deck.reader.patch(self.commit.source, self.commit.sha, self.change.path)
        if found is not None and found != self.patch:
            self.patch = found
            self.view.show(patch_text(found))
        self._say()
        self.write_frame()

    def _say(self) -> None:
        why = "asked for …" if self.patch is None else self.patch.sentence
        self.view.display = not why
        said = self.query_one("#said", Pages)
        said.display = bool(why)
        command = shown(git_show(self.commit.sha, self.change.path))
        said.show([[], [(f" {shown(why)}", "text")], [], [(f" {command}", "dim")]])

    def cache_changed(self, changed: Changed) -> None:
        """The syncer may have read it."""
        if changed.logs and self.is_composed:
            self.read()
        super().cache_changed(changed)

    def action_sync_now(self) -> None:
        """Ask for a pass now, and for this anew."""
        self.deck.ask(want_patch(self.commit, self.change))
        super().action_sync_now()

    def copies(self) -> Sequence[Copy]:
        """The command that shows it, then what it says."""
        hunks = [Copy("diff", self.patch.data.decode("utf-8", "replace"))] if self.patch and self.patch.data else []
        return [
            Copy("git", git_show(self.commit.sha, self.change.path)),
            Copy("path", self.change.path), Copy("sha", self.commit.sha), *hunks,
        ]  # fmt: skip

    def subject(self) -> tuple[Sequence[Piece], Sequence[Piece]]:
        """The file, how much of it changed; on the right which lines are in sight."""
        left: list[Piece] = [(f" commit {self.commit.sha[:10]} › ", "dim"), (clip(self.change.path, 60), "bright")]
        if self.patch is None or self.patch.sentence:
            return left, []
        came, went = changed_lines(self.patch)
        left += [(f"   +{count(came)}", "good"), (f" −{count(went)}", "bad")]
        cut: list[Piece] = [("the beginning of more   ", "warn")] if self.patch.truncated else []
        first, last, number = self.view.at
        return left, [*cut, (f"{count(first)} to {count(last)} of {count(number)} ", "dim")]
