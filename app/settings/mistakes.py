"""What is wrong with a settings file, in one sentence: file, line, place, what was found, what is allowed.

Foreign words go through `text.clip`, and what may be a secret is never repeated.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin

import msgspec

from ..errors import SettingsError
from ..text import clip
from .checks import WrongError, mistake
from .lines import Place, line_of
from .personal import convert_path

_AT = re.compile(r" - at `(?:key` in `)?\$(?P<path>[^`]*)`\Z")
_PART = re.compile(r"\.([^.\[]+)|\[(\d+|\.\.\.)\]")
_UNKNOWN = re.compile(r"Object contains unknown field `(.*)`", re.DOTALL)
_MISSING = re.compile(r"Object missing required field `(.*)`", re.DOTALL)
_EXPECTED = re.compile(r"Expected `([^`]*)`, got `([^`]*)`")
_WORDS = {
    "str": "a text in quotes", "int": "a whole number", "float": "a number", "bool": "true or false",
    "array": "a list in [ ]", "object": "a table",
}  # fmt: skip
_ANY = "..."
_SECRET = re.compile(r"token|password|secret|key", re.IGNORECASE)


def syntax_mistake(file: Path | str, error: Exception) -> SettingsError:
    """The error for a text that is no TOML; tomllib says where."""
    if isinstance(error, RecursionError):
        return mistake(file, "is nested too deep to be settings.")
    words = str(error)
    found = re.search(r" \(at line (\d+), column (\d+)\)$", words)
    if found is None:
        return mistake(file, f"is not TOML: {_quoted(words, 160)}.")
    sentence = f"is not TOML at column {found[2]}: {_quoted(words[: found.start()], 160)}."
    return mistake(file, sentence, int(found[1]))


def shape_mistake(file: Path | str, text: str, content: object, kind: type, error: Exception) -> SettingsError:
    """The error for TOML that is not of the shape `kind` (what msgspec.convert raised)."""
    at = _AT.search(str(error))
    place = _resolved(_parts(at["path"] if at else ""), content, kind)
    words = str(error)[: at.start()] if at else str(error)
    if isinstance(error.__cause__, WrongError):
        place = (*place, error.__cause__.key)
    extra, sentence = _sentence(words, place, content, kind, error.__cause__)
    return mistake(file, sentence, line_of(text, (*place, *extra)))


def nearest(word: str, allowed: Iterable[str]) -> str:
    """“ Did you mean X?”, or nothing when no allowed word is near."""
    near = difflib.get_close_matches(word[:80], list(allowed), n=1, cutoff=0.6)
    return f" Did you mean “{clip(near[0], 60)}”?" if near else ""


def _sentence(words: str, place: Place, content: object, kind: type, cause: BaseException | None) -> tuple[Place, str]:
    """What to say, and what to add to the place to find its line."""
    here = _type_at(place, content, kind)
    if found := _UNKNOWN.fullmatch(words):
        allowed = _keys(here)
        what = f"{_table(place)} has no key “{clip(found[1], 60)}”.{nearest(found[1], allowed)}"
        return (found[1],), f"{what} Allowed: {', '.join(allowed)}."
    if found := _MISSING.fullmatch(words):
        choices = _tags(here) if found[1] == "kind" else []
        return (), f"{_table(place)} needs the key “{found[1]}”{': ' if choices else ''}{', '.join(choices)}."
    if isinstance(cause, WrongError):
        return (), f"{named(place)} {words}."
    value = _value_at(place, content)
    if words.startswith(("Invalid enum value", "Invalid value")):
        allowed = _choices(here) or _tags(_type_at(place[:-1], content, kind))
        near = nearest(value, allowed) if isinstance(value, str) else ""
        return (), f"{named(place)} cannot be {_found(place, value)}.{near} Allowed: {', '.join(allowed)}."
    if found := _EXPECTED.fullmatch(words):
        return (), f"{named(place)} must be {_expected(found[1], here, place)}, not {_found(place, value)}."
    return (), f"{named(place)}: {clip(words, 300)}."


def _expected(words: str, here: Any, place: Place) -> str:
    names = [_WORDS.get(word, word) for word in words.split(" | ") if word != "null"]
    if len(place) == 1 and words == "array" and any(_is_struct(kind) for kind in _members(here)):
        return f"written [[{place[0]}]], with two brackets each"
    if len(place) == 1 and words == "object" and isinstance(place[0], str):
        return f"a table, [{place[0]}] with one bracket each"
    return " or ".join(names)


def _found(place: Place, value: object) -> str:
    if any(isinstance(part, str) and _SECRET.search(part) for part in place):
        return "what stands there"
    if isinstance(value, str):
        return f"“{clip(value, 60)}”"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return f"the number {clip(str(value), 30)}"
    if isinstance(value, list):
        return "a list"
    return "a table" if isinstance(value, dict) else "a date or time"


def _table(place: Place) -> str:
    """A table as it is written in the file, counted from 1 where it is one of several."""
    if not place:
        return "The file"
    names = [part if isinstance(part, str) else f"#{part + 1}" for part in place]
    dotted = ".".join(_bare(name) for name in names if not name.startswith("#"))
    return f"[[{dotted}]] number {place[-1] + 1}" if isinstance(place[-1], int) else f"[{dotted}]"


def named(place: Place) -> str:
    """A key with its table, as a sentence begins."""
    if not place:
        return "The file"
    if len(place) > 1 and isinstance(place[-1], str):
        return f"{_table(place[:-1])} “{clip(place[-1], 60)}”"
    if len(place) > 2 and isinstance(place[-2], str):
        return f"{_table(place[:-2])} “{clip(place[-2], 60)}”, item {int(place[-1]) + 1},"
    return _table(place)


def _bare(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]{1,60}", name) else f'"{clip(name, 60)}"'


def _quoted(words: str, width: int) -> str:
    return clip(words, width).rstrip(".")


def _parts(path: str) -> list[str | int]:
    found = _PART.findall(path)
    return [key or (int(index) if index.isdigit() else _ANY) for key, index in found]


def _resolved(parts: list[str | int], content: object, kind: type) -> Place:
    """The place with the keys that msgspec leaves out of a mapping's path (“[...]”) found by trying each."""
    place: Place = ()
    for part in parts:
        here, value = _type_at(place, content, kind), _value_at(place, content)
        if part == _ANY and isinstance(value, Mapping):
            part = next((key for key, item in value.items() if not _fits(item, get_args(here)[1])), "")
        place = (*place, part)
    return place


def _fits(item: object, kind: Any) -> bool:
    try:
        msgspec.convert(item, kind, dec_hook=convert_path)
    except msgspec.ValidationError:
        return False
    return True


def _value_at(place: Place, content: Any) -> Any:
    for part in place:
        try:
            content = content[part]
        except (KeyError, IndexError, TypeError):
            return None
    return content


def _type_at(place: Place, content: Any, kind: Any) -> Any:
    """The Python type that stands at a place; for one of several kinds of table, the one whose kind is written."""
    for part in place:
        kind = _member(kind, content)
        if _is_struct(kind):
            kind = next((field.type for field in msgspec.structs.fields(kind) if field.encode_name == part), None)
        elif get_args(kind):
            kind = get_args(kind)[0 if isinstance(part, int) else 1]
        content = _value_at((part,), content)
    return _member(kind, content)


def _member(kind: Any, content: Any) -> Any:
    """The member of a union that `content` means; the union itself when that cannot be told."""
    if get_origin(kind) not in (Union, UnionType):
        return kind
    tag = content.get("kind") if isinstance(content, Mapping) else None
    for member in get_args(kind):
        if _is_struct(member) and (tag is None or member.__struct_config__.tag in (None, tag)):
            return kind if tag is None and member.__struct_config__.tag else member
    return kind


def _members(kind: Any) -> tuple[Any, ...]:
    flat: list[Any] = []
    for member in get_args(kind):
        flat.extend(_members(member) if get_origin(member) in (Union, UnionType) else [member])
    return tuple(flat)


def _is_struct(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, msgspec.Struct)


def _keys(kind: Any) -> list[str]:
    if not _is_struct(kind):
        return []
    tagged = ["kind"] if kind.__struct_config__.tag else []
    return tagged + [field.encode_name for field in msgspec.structs.fields(kind)]


def _tags(kind: Any) -> list[str]:
    if _is_struct(kind):
        return [word for field in msgspec.structs.fields(kind) if field.name == "kind" for word in _choices(field.type)]
    return [member.__struct_config__.tag for member in get_args(kind) if _is_struct(member)]


def _choices(kind: Any) -> list[str]:
    return [str(word) for word in get_args(kind)] if get_origin(kind) is Literal else []
