"""What a commit changed in a file, line by line. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from ..app.records import Patch
from ..app.text import clip, shown
from ..widgets.line import Piece

ROLES: Final = {"+": "good", "-": "bad", "@": "accent", "\\": "dim"}
"""Colours by the sign that a line begins with, which says the same."""


@dataclass(frozen=True, slots=True)
class PatchText:
    """The hunks as a text to scroll through."""

    lines: Sequence[str]
    is_table: bool = field(default=False, init=False)

    def __len__(self) -> int:
        return len(self.lines)

    def line(self, index: int) -> str:
        """A line, safe to show."""
        return shown(self.lines[index].expandtabs(4))

    def role(self, index: int) -> str:
        """Added, taken away, where a hunk stands, or what is around it."""
        return ROLES.get(self.lines[index][:1], "text")

    def titles(self) -> Sequence[Piece]:
        """None."""
        return ()


def patch_text(patch: Patch) -> PatchText:
    """Every line."""
    return PatchText(patch.data.decode("utf-8", "replace").removesuffix("\n").split("\n"))


def changed_lines(patch: Patch) -> tuple[int, int]:
    """How many lines came, and how many went."""
    lines = patch.data.split(b"\n")
    return sum(line.startswith(b"+") for line in lines), sum(line.startswith(b"-") for line in lines)


def patch_pieces(patch: Patch, width: int, most: int) -> list[list[Piece]]:
    """The first `most` lines in `width` cells."""
    if patch.sentence:
        return [[(f" {shown(patch.sentence)}", "dim")]]
    text = patch_text(patch)
    made: list[list[Piece]] = [
        [(f" {clip(line.expandtabs(4), max(8, width - 2))}", text.role(index))]
        for index, line in enumerate(text.lines[:most])
    ]
    left = len(text) - len(made)
    return [*made, [(f" {left} more line{'s' * (left != 1)}: Enter", "dim")]] if left else made
