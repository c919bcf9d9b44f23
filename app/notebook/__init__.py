"""What people wrote to each other, as it lies in Git: `refs/notes/quarterdeck` holds, on the blob of a subject's text,
one note a line, so that two notebooks merge by union of lines.

`lines` is the text, `tree` where it lies, `commits` what is written so that nothing of anybody else's goes.
"""

from __future__ import annotations

from .lines import LARGEST_LINE, in_order, read, union, written
from .tree import LARGEST_TEXT, REF, is_place, name_of, places

__all__ = [
    "LARGEST_LINE",
    "LARGEST_TEXT",
    "REF",
    "in_order",
    "is_place",
    "name_of",
    "places",
    "read",
    "union",
    "written",
]
