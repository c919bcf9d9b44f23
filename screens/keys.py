"""A person's map of keys: checked against the keys that there are. Pure functions over classes with bindings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Any, NamedTuple

from textual.app import App
from textual.binding import Binding, InvalidBinding
from textual.screen import Screen
from textual.widgets import Input

from ..app.errors import UsageError
from ..app.text import clip
from ..widgets.record_table import RecordTable
from .frame import FrameScreen
from .list_screen import ListScreen


class Bound(NamedTuple):
    """What a key does, and the class where it does so."""

    owner: type
    id: str
    action: str
    keys: frozenset[str]
    """By Textual's names: `slash`, `S`, `ctrl+c`."""


def keymap(mapped: Mapping[str, str], owners: Sequence[Any]) -> dict[str, str]:
    """The map as Textual takes it: binding id -> names of keys, with commas. `owners` are classes with BINDINGS.

    Raises UsageError for an id that there is not, for no key, and for a key that is taken where the two meet.
    """
    bound = [one for owner in owners for one in _bound(owner)]
    named = {name: _named(name, keys) for name, keys in mapped.items()}
    known = {one.id for one in bound}
    for name, keys in named.items():
        if name not in known:
            close = get_close_matches(name, sorted(known), n=1)
            hint = f"did you mean {close[0]}?" if close else "`?` in the terminal lists them."
            raise UsageError(f"maps “{clip(name, 60)}”, which is nothing; {hint}")
        _check_free(name, keys, bound, named)
    return {name: ",".join(keys) for name, keys in named.items()}


def _check_free(name: str, keys: Iterable[str], bound: Sequence[Bound], named: Mapping[str, Sequence[str]]) -> None:
    mine = [one for one in bound if one.id == name]
    for one in mine:
        for other in bound:
            if other.id == name or not _meet(one.owner, other.owner) or one.action == other.action:
                continue
            taken = frozenset(named.get(other.id, other.keys))
            # what overlaps as we made it is meant so, as Escape that clears and then goes back
            for key in (key for key in keys if key in taken and key not in one.keys & other.keys):
                hint = f"choose another, or map “{other.id}” too."
                raise UsageError(f"maps “{name}” to “{key}”, which is the key of “{other.id}”: {hint}")


def _bound(owner: Any) -> Iterator[Bound]:
    for binding in owner.BINDINGS:
        if isinstance(binding, Binding) and binding.id:
            yield Bound(owner, binding.id, binding.action, frozenset(_named(binding.id, binding.key)))


def _named(name: str, keys: str) -> list[str]:
    """Keys as they are written (`/`, `c, f2`) by their names. Textual's own map would take `/` and never hear it."""
    try:
        return [binding.key for binding in Binding.make_bindings([Binding(keys, "")])]
    except InvalidBinding:
        raise UsageError(f"maps “{clip(name, 60)}” to no key: write one, or several with commas.") from None


def _meet(one: type, other: type) -> bool:
    """Whether both hear a key at the same time: a class and its base, a widget and its screen, the app and all."""
    if issubclass(one, other) or issubclass(other, one) or issubclass(one, App) or issubclass(other, App):
        return True
    screen, widget = (one, other) if issubclass(one, Screen) else (other, one)
    if not issubclass(screen, FrameScreen) or issubclass(widget, Screen | Input):
        return False
    return screen is FrameScreen or issubclass(screen, ListScreen) == issubclass(widget, RecordTable)
