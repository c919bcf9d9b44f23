"""What can be copied of a thing: its id, an address, a command, Python, Markdown, JSON. Pure: records in, text out."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Copy:
    """One way to copy what is looked at: the form's name, and the text.

    The text may have several lines, parted by `\\n`. Foreign text in it is in the form that its syntax asks for:
    escaped in Markdown, quoted in Python and JSON; an id by itself is exact. Whatever is left that a terminal would
    obey is taken out on its way to the clipboard.
    """

    label: str
    text: str
