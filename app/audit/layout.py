"""What a bundle looks like on the disk: names of its files, its manifest, and how large any of it may be."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec

from ..ledger.names import quoted
from ..ledger.reading import signers_in

FORMAT: Final = "quarterdeck ledger bundle"
VERSION: Final = 1

MANIFEST: Final = "manifest.json"
SUMS: Final = "SHA256SUMS"
README: Final = "README.txt"
OBSERVED: Final = "observed.json"

LARGEST_FILE: Final = 64_000_000
"""Bytes of manifest.json, SHA256SUMS or observed.json ..."""
LARGEST_OBJECT: Final = 4_000_000
"""... of an object of Git: a folder of a hundred thousand files ..."""
LARGEST_POLICY: Final = 1_000_000
"""... and of a policy, or of a plan."""
LARGEST_BUNDLE: Final = 512_000_000
MOST_FILES: Final = 200_000
DEEPEST: Final = 3
"""Parts of a path."""

_HEX: Final = r"(?:[0-9a-f]{40}|[0-9a-f]{64})"
_SLUG: Final = r"[A-Za-z0-9_%+-]{1,120}"
_SHAPES: Final = re.compile(
    rf"{re.escape(MANIFEST)}|{SUMS}|{re.escape(README)}|{re.escape(OBSERVED)}"
    rf"|entries/{_SLUG}/[0-9]{{6,9}}-{_HEX}\.(?:tag|blob|tree|commit|json)"
    rf"|plans/{_HEX}\.(?:tag|json)|approvals/{_HEX}\.tag|waivers/{_HEX}\.(?:tag|json)"
    rf"|policies/{_HEX}/(?:paths|policy\.toml|[1-9][0-9]{{0,3}}\.signers)|policies/personal\.signers"
    rf"|objects/{_HEX}\.(?:commit|tree)"
)
"""No file of a bundle is called otherwise."""


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """Which entry a file of `entries/` holds, as the ledger's refs say."""

    alias: str
    number: int
    id: str
    file: str | None
    """None where it is missing."""


class Missing(msgspec.Struct, frozen=True, kw_only=True):
    """What belongs into the bundle and could not be had."""

    what: str
    """entry, plan, policy, commit, tree, signers."""
    id: str
    why: str


class Sum(msgspec.Struct, frozen=True, kw_only=True):
    """What a file must be."""

    sha256: str
    bytes: int


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """manifest.json."""

    format: str
    v: int
    made_at: str
    """The one thing in a bundle that differs from one making to the next."""
    model: str
    aliases: tuple[str, ...]
    ledger: str
    """git or local."""
    repository: str
    """Without scheme and login."""
    entries: tuple[Row, ...]
    """By alias and number."""
    missing: tuple[Missing, ...]
    files: Mapping[str, Sum]
    """All but manifest.json and SHA256SUMS."""


class Moved(msgspec.Struct, frozen=True, kw_only=True):
    """A move of an alias, as somebody saw it."""

    alias: str
    version: str | None
    previous: str | None
    reason: str
    at: str
    not_before: str | None


class Made(msgspec.Struct, frozen=True, kw_only=True):
    """Who made a version, as registry and tracking server said."""

    run_id: str | None = None
    trained_by: str | None = None
    """None where the run is not known."""
    registered_by: str | None = None
    commit: str | None = None


class Observed(msgspec.Struct, frozen=True, kw_only=True):
    """observed.json: what is nobody's word but that of whoever made the bundle."""

    shows: Mapping[str, str | None]
    """What each alias showed; only those of which it is known since its last entry."""
    moves: tuple[Moved, ...]
    """Newest first."""
    versions: Mapping[str, Made]


def is_ours(path: str) -> bool:
    """Whether a bundle may hold a file of this name."""
    return _SHAPES.fullmatch(path) is not None


def largest(path: str) -> int:
    """Bytes that a file of a bundle may have."""
    if "/" not in path:
        return LARGEST_FILE
    return LARGEST_POLICY if path.startswith("policies/") or path.endswith(".json") else LARGEST_OBJECT


def named_signers(text: str | None) -> list[str]:
    """The files of signers that a policy names, which lie beside it as 1.signers, 2.signers ..."""
    return [name for name in signers_in(text) if "\n" not in name]


def folder_of(alias: str, aliases: Iterable[str]) -> str:
    """The folder of an alias's entries: its name, where every file system can hold that beside the others."""
    names = list(aliases)
    name = quoted(alias)
    alike = sum(quoted(one).casefold() == name.casefold() for one in names)
    return name if name and len(name) <= 100 and alike == 1 else f"+{names.index(alias) + 1}"


def entry_file(folder: str, number: int, name: str, kind: str) -> str:
    """Where an entry lies."""
    return f"entries/{folder}/{number:06d}-{name}.{kind}"


def digest(raw: bytes) -> str:
    """SHA-256 in hex."""
    return hashlib.sha256(raw).hexdigest()


def sums(files: Mapping[str, bytes]) -> bytes:
    """SHA256SUMS over these files, as sha256sum writes it."""
    return "".join(f"{digest(files[name])}  {name}\n" for name in sorted(files)).encode()


def written(what: msgspec.Struct) -> bytes:
    """JSON for people and programs: ASCII, keys in order, always the same for the same."""
    return (json.dumps(msgspec.to_builtins(what), sort_keys=True, indent=1) + "\n").encode()


def read(raw: bytes, kind: type[Any]) -> Any:
    """What `written` wrote. Raises ValueError, of which msgspec's errors are; RecursionError."""
    return msgspec.convert(json.loads(raw), kind, strict=True)
