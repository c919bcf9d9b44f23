"""A shift handed over: what belongs to it (`shift`), and the Markdown of that (`markdown`, pure)."""

from __future__ import annotations

from .markdown import handover_markdown
from .shift import USUAL, Shift, last_handover, the_shift

__all__ = ["USUAL", "Shift", "handover_markdown", "last_handover", "the_shift"]
