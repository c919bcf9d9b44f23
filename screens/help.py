"""All keys of a screen, as a list that also runs them."""

from __future__ import annotations

from typing import Any

from textual.screen import Screen

from .frame import FrameScreen
from .picker import Item
from .words import COMMANDS

ACTS = frozenset(
    {
        "pipeline.rerun", "pipeline.cancel", "pipeline.approve", "pipeline.undo", "promotion.approve", "promotion.undo",
        "promotion.name",
    }
)  # fmt: skip
"""Ids of the keys of which read-only takes the use, and not their place here."""


def key_items(screen: Screen[Any]) -> list[Item[str]]:
    """Every binding of ours that is active on a screen, its own first, then the commands.

    The value is the action, or `:`.
    """
    own = [active.binding for active in screen.active_bindings.values() if active.binding.id]
    own.sort(key=lambda binding: not binding.show)
    items: dict[str, Item[str]] = {}
    for binding in own:
        refused = "  (refused: read-only)" if binding.id in ACTS and _is_read_only(screen) else ""
        detail = f"{_sentence(binding.tooltip or binding.description)}{refused}   {binding.id}"
        items.setdefault(binding.action, Item(_keys_of(screen, binding.action), detail, binding.action))
    return [*items.values(), *(Item(f":{word}", what, ":") for word, what in COMMANDS.items())]


def _is_read_only(screen: Screen[Any]) -> bool:
    return isinstance(screen, FrameScreen) and screen.deck.read_only


def _keys_of(screen: Screen[Any], action: str) -> str:
    """All keys of one action, as they are mapped now."""
    found = [
        screen.app.get_key_display(active.binding)
        for active in screen.active_bindings.values()
        if active.binding.action == action
    ]
    return " ".join(dict.fromkeys(found))


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]
