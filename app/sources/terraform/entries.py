"""Resources as plans and states list them: what is kept of an entry, and what of its values is only compared. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, Literal, TypeVar

import msgspec

from ...records import Resource
from ...records.infra import Drift
from ..checks.documents import ABSENT, Raw, decoded, part
from ..checks.reading import ResultFile, UnreadableError
from .part import MOST_RESOURCES, action_of, address_of, name_of, names_of, provider_of, word_of

LARGEST: Final = 128 * 1024 * 1024
"""Bytes of a file that is read: values make most of it, and are passed over."""
MOST_OBJECTS: Final = 4_000_000
"""JSON objects in a file. Those of values cost nothing."""

_AT_ONCE: Final = 400_000
"""JSON objects in a list that is decoded as one: each entry costs 400 bytes."""
_CHUNK: Final = 1024 * 1024
_TRIES: Final = 2_000
_BETWEEN: Final = re.compile(rb'\}\s*,\s*\{(?=\s*"(?:address|action_reason)"\s*:)')
"""Between two entries, whose keys are in the tool's order or sorted. Within a text no quote stands alone."""
_T = TypeVar("_T")
_NOTHING: Final = Raw(b"null")


class Change(msgspec.Struct):
    """The part of an entry that holds values."""

    actions: list[str] = []
    before: Raw = ABSENT
    after: Raw = ABSENT
    after_unknown: Raw = ABSENT
    before_sensitive: Raw = ABSENT
    after_sensitive: Raw = ABSENT
    replace_paths: Raw = ABSENT
    importing: Raw = ABSENT


class Entry(msgspec.Struct):
    """A resource in resource_changes, resource_drift, and in the modules of a state."""

    address: str = ""
    previous_address: str = ""
    module_address: str = ""
    mode: str = ""
    type: str = ""
    name: str = ""
    provider_name: str = ""
    deposed: str = ""
    deposed_key: str = ""
    tainted: bool = False
    action_reason: str = ""
    change: Change = msgspec.field(default_factory=Change)


class Deferred(msgspec.Struct):
    """An entry of deferred_changes."""

    reason: str = ""
    resource_change: Entry = msgspec.field(default_factory=Entry)


def is_there(raw: Raw) -> bool:
    """Whether a field is given, and is more than null."""
    return len(raw) > 4 or (len(raw) > 0 and bytes(raw) != b"null")


def listed(file: ResultFile, raw: Raw, shape: type[_T]) -> Iterator[_T]:
    """The entries of a list within the file, without holding all of a large one. Raises UnreadableError."""
    if not is_there(raw):
        return
    data = bytes(raw)
    found = iter(decoded(file, data, list[shape])) if data.count(b"{") <= _AT_ONCE else _pieces(file, data, shape)  # type: ignore[valid-type]  # a variable is no type to mypy
    for count, entry in enumerate(found):
        if count >= MOST_RESOURCES:
            raise UnreadableError(file.path, f"it holds more than {MOST_RESOURCES:,} resources")
        yield entry


def _pieces(file: ResultFile, data: bytes, shape: type[_T]) -> Iterator[_T]:
    """The entries, as many at a time as take a megabyte. What looks like an end of one may be within another's values:
    then it is no JSON up to there, and the next is tried."""
    begin, end, tries = data.find(b"[") + 1, data.rfind(b"]"), _TRIES
    at = begin + _CHUNK
    while begin < end:
        found = _BETWEEN.search(data, at, end)
        try:
            rows = decoded(file, b"[%b]" % data[begin : found.start() + 1 if found else end], list[shape])  # type: ignore[valid-type]  # as above
        except UnreadableError:
            tries -= 1
            if found is None or not tries:
                raise
            at = found.end()
            continue
        yield from rows
        begin = found.end() - 1 if found else end
        at = begin + _CHUNK


def resource_of(entry: Entry, stack: str, *, module: str = "") -> Resource:
    """What identifies an entry, and what would be done to it."""
    change, mode = entry.change, _mode_of(entry.mode)
    action = action_of(change.actions) if change.actions else "no-op"
    names = _differing(change) if action in ("update", "replace") else ()
    moved = address_of(entry.previous_address) if entry.previous_address != entry.address else ""
    return Resource(
        stack=stack, address=address_of(entry.address, entry.deposed or entry.deposed_key), type=name_of(entry.type),
        name=name_of(entry.name), module=address_of(entry.module_address or module), mode=mode,
        provider=provider_of(entry.provider_name), action=action, reason=_reason_of(entry), changed=names,
        forces=_forces(change) if action == "replace" else (), is_sensitive=_is_sensitive(change, action, names),
        moved_from=moved,
    )  # fmt: skip


def drift_of(entry: Entry) -> tuple[Drift, tuple[str, ...]]:
    """What was done outside the code, and to which attributes."""
    action = action_of(entry.change.actions)
    if action == "update":
        return "update", _differing(entry.change)
    if action == "delete":
        return "delete", ()
    return ("move" if action == "no-op" and entry.previous_address else "unknown"), ()


def is_imported(entry: Entry) -> bool:
    """Whether the plan takes it over from outside."""
    return is_there(entry.change.importing)


def _mode_of(mode: str) -> Literal["managed", "data"]:
    return "data" if mode == "data" else "managed"


def _reason_of(entry: Entry) -> str:
    if entry.action_reason:
        return word_of(entry.action_reason)
    return "import" if is_imported(entry) else "tainted" if entry.tainted else ""


def _differing(change: Change) -> tuple[str, ...]:
    """Names of the top level whose values differ or are known after apply only. The values are compared as bytes."""
    before, after, unknown = _members(change.before), _members(change.after), _members(change.after_unknown)
    found = {
        name for name in {**before, **after} if bytes(before.get(name, _NOTHING)) != bytes(after.get(name, _NOTHING))
    }
    return names_of(found | {name for name, mask in unknown.items() if b"true" in bytes(mask)})


def _members(raw: Raw) -> dict[str, Raw]:
    return part(raw, dict[str, Raw]) or {}


def _forces(change: Change) -> tuple[str, ...]:
    """The first step of each path: what comes below may be the key of a map."""
    paths = part(change.replace_paths, list[list[str | int | float | bool | None]]) or []
    return names_of(path[0] for path in paths if path and isinstance(path[0], str))


def _is_sensitive(change: Change, action: str, names: tuple[str, ...]) -> bool:
    """Whether the tool marks anything of what changes as secret. A mask is true, or holds it where a secret is."""
    if action in ("no-op", "read"):
        return False
    for raw in (change.before_sensitive, change.after_sensitive):
        mask = bytes(raw)
        if b"true" in mask and (
            mask == b"true" or not names or any(b"true" in bytes(_members(raw).get(name, ABSENT)) for name in names)
        ):
            return True
    return False
