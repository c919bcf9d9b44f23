"""All keys of a screen, as a list that also runs them."""

from __future__ import annotations

from typing import Any

from textual.screen import Screen

from .picker import Item
from .words import COMMANDS


def key_items(screen: Screen[Any]) -> list[Item[str]]:
    """Every binding of ours that is active on a screen, its own first, then the commands.

    The value is the action, or `:`.
    """
    own = [active.binding for active in screen.active_bindings.values() if active.binding.id]
    own.sort(key=lambda binding: not binding.show)
    items: dict[str, Item[str]] = {}
    for binding in own:
        detail = f"{_sentence(binding.tooltip or binding.description)}   {binding.id}"
        items.setdefault(binding.action, Item(_keys_of(screen, binding.action), detail, binding.action))
    return [*items.values(), *(Item(f":{word}", what, ":") for word, what in COMMANDS.items())]


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
