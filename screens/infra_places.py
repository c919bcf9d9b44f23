"""Where a stack or a resource that is spoken of is shown."""

from __future__ import annotations

from ..app.errors import UsageError
from ..app.records import Subject
from ..app.text import shown
from .deck import Deck
from .frame import FrameScreen
from .resource import ResourceScreen
from .stack import StackScreen


def screens_at(deck: Deck, subject: Subject) -> list[FrameScreen]:
    """The screens for `resource/STACK` or `resource/STACK/ADDRESS`, the uppermost last. Raises UsageError."""
    stack, *address = subject.parts
    reads = deck.reader.infra
    if not reads.counts(stack) and reads.stack(stack) is None:
        raise UsageError(f"resource/{shown(stack)}: the cache has no stack of this name; 8 lists them")
    if not address:
        return [StackScreen(deck, stack)]
    if reads.resource(stack, address[0]) is None:
        raise UsageError(f"{subject}: the stack has no resource of this address; 8 lists them")
    return [StackScreen(deck, stack), ResourceScreen(deck, stack, address[0])]
