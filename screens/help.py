"""All keys of a screen, as a list that also runs them."""

from __future__ import annotations

from typing import Any

from textual.binding import Binding
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
        detail = f"{_sentence(binding)}{refused}"
        item = Item(_keys_of(screen, binding.action), detail, binding.action, also=binding.id or "")
        items.setdefault(binding.action, item)
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


def _sentence(binding: Binding) -> str:
    """What a key does, after the word that the line of keys has for it where that is another."""
    word, said = binding.description, binding.tooltip
    if not said or not word or word.casefold() in said.casefold():
        return _upper(said or word)
    lower = said[:1].lower() + said[1:] if said[1:2].islower() or said[1:2] == " " else said
    return f"{_upper(word)}: {lower}"


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]
