"""All keys of a screen, as a list that also runs them."""

from __future__ import annotations

from typing import Any

from textual.screen import Screen

from .picker import Item
from .words import COMMANDS


def key_items(screen: Screen[Any]) -> list[Item[str]]:
    """Every binding that is active on a screen, then the commands; the value is the action, or `:`."""
    items: list[Item[str]] = []
    said: set[str] = set()
    for active in screen.active_bindings.values():
        binding = active.binding
        if binding.action not in said and binding.description:
            said.add(binding.action)
            keys = _keys_of(screen, binding.action)
            items.append(Item(keys, _sentence(binding.description, binding.id or ""), binding.action))
    items += [Item(f":{word}", what, ":") for word, what in COMMANDS.items()]
    return items


def _keys_of(screen: Screen[Any], action: str) -> str:
    """All keys of one action, as they are mapped now."""
    found = [
        screen.app.get_key_display(active.binding)
        for active in screen.active_bindings.values()
        if active.binding.action == action
    ]
    return " ".join(dict.fromkeys(found))


def _sentence(description: str, binding_id: str) -> str:
    return f"{description[:1].upper()}{description[1:]}   {binding_id}"
