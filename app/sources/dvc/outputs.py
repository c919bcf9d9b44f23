"""What an entry of `outs` or `deps` says, whichever file it stands in."""

from __future__ import annotations

import json
import posixpath
from collections.abc import Iterator
from hashlib import blake2b
from typing import Final, NamedTuple

from ...git.address import masked, split_credential
from ...records import DataPart
from .documents import DvcError, Node

MOST_OUTPUTS: Final = 20_000
"""Of one file. More are no pipeline but an attack on memory."""
MOST_PARTS: Final = 500
"""Deps or params of one stage that are kept: they are stored with each version that it wrote."""
_LONGEST: Final = 4_096
"""Characters of a path, a digest, a command or a value that are kept."""
_DIGESTS: Final = ("md5", "checksum", "etag", "sha256", "version_id")


class Output(NamedTuple):
    """Something tracked, and the content that it has by its digest. `size` in bytes."""

    name: str
    """Path in the repository; a URL of what lies elsewhere."""
    digest: str
    size: int | None = None
    files: int | None = None
    stage: str = ""
    command: str = ""
    deps: tuple[DataPart, ...] = ()
    params: tuple[tuple[str, str], ...] = ()
    """FILE:KEY and the value as text, FILE from the top of the repository."""
    defined_in: str = ""
    kind: str = "data"


def entries(node: Node, what: str) -> list[dict[str, Node]]:
    """A list of maps; none where it is left out. Raises DvcError."""
    if node is None:
        return []
    if not isinstance(node, list) or len(node) > MOST_OUTPUTS:
        raise DvcError(f"has no list of maps as its “{what}”")
    found = [entry for entry in node if isinstance(entry, dict)]
    if len(found) != len(node):
        raise DvcError(f"has no list of maps as its “{what}”")
    return found


def output(entry: dict[str, Node], folder: str, defined_in: str) -> Output | None:
    """One entry of `outs`; None for one that has no content yet. Raises DvcError for one without a path."""
    name, found = _place(entry, folder), digest(entry)
    if found is None or len(name) > _LONGEST:
        return None
    files = number(entry.get("nfiles"))
    return Output(name, found, number(entry.get("size")), files, defined_in=defined_in)


def parts(node: Node, folder: str) -> tuple[DataPart, ...]:
    """The entries of `deps`, the first MOST_PARTS of them. Raises DvcError."""
    return tuple(_part(entry, folder) for entry in entries(node, "deps")[:MOST_PARTS])


def _part(entry: dict[str, Node], folder: str) -> DataPart:
    repo = entry.get("repo")
    if not isinstance(repo, dict):
        return DataPart(path=_place(entry, folder)[:_LONGEST], digest=digest(entry))
    url, path = text(repo.get("url")) or "", text(entry.get("path")) or ""
    return DataPart(path=f"{_address(url)}:{path}"[:_LONGEST], digest=digest(repo) or _short(repo.get("rev_lock")))


def _place(entry: dict[str, Node], folder: str) -> str:
    path = text(entry.get("path"))
    if not path:
        raise DvcError("has an entry without a path")
    return place(folder, path)


def place(folder: str, path: str) -> str:
    """A path as the repository has it; an absolute one or a URL stays what it is, without a login."""
    if "://" in path:
        return _address(path)
    return posixpath.normpath(posixpath.join(folder, path))


def _address(url: str) -> str:
    """Without what may be a secret: the login, and the query that signs a URL."""
    return masked(split_credential(url)[0].partition("?")[0])


def digest(entry: dict[str, Node]) -> str | None:
    """What identifies the content: by the hash that the entry names, else the first that it has.

    Of a folder whose files only are known (where the remote keeps versions), a hash over them, `files-` before it.
    """
    named = text(entry.get("hash"))
    for key in (*([named] if named else []), *_DIGESTS):
        if found := _short(entry.get(key)):
            return found
    cloud = entry.get("cloud")
    for remote in cloud.values() if isinstance(cloud, dict) else ():
        if isinstance(remote, dict) and (found := digest({k: v for k, v in remote.items() if k != "cloud"})):
            return found
    files = entry.get("files")
    return _of_files(files) if isinstance(files, list) and files else None


def _of_files(files: list[Node]) -> str:
    told = json.dumps(files, sort_keys=True).encode()
    return f"files-{blake2b(told, digest_size=8).hexdigest()}"


def number(node: Node) -> int | None:
    """A count, None for what is none."""
    is_count = isinstance(node, str) and node.isascii() and node.isdigit() and len(node) <= 18
    return int(node) if is_count and isinstance(node, str) else None


def text(node: Node) -> str | None:
    """A scalar as it was written; None for a list, a map or nothing."""
    return node if isinstance(node, str) else None


def _short(node: Node) -> str | None:
    return node if isinstance(node, str) and 0 < len(node) <= _LONGEST else None


def command(node: Node) -> str:
    """The command of a stage, several of them joined by &&."""
    words = node if isinstance(node, list) else [node]
    return " && ".join(word for word in words[:MOST_PARTS] if isinstance(word, str))[:_LONGEST]


def params(node: Node, folder: str) -> tuple[tuple[str, str], ...]:
    """What a lock says that a stage was given, as (FILE:KEY, text), sorted. Raises DvcError."""
    if node is None:
        return ()
    if not isinstance(node, dict):
        raise DvcError("has no map as the “params” of a stage")
    found = (pair for file, values in node.items() for pair in _values(place(folder, file), values))
    return tuple(sorted(pair for pair, _ in zip(found, range(MOST_PARTS), strict=False)))


def _values(file: str, values: Node) -> Iterator[tuple[str, str]]:
    if isinstance(values, dict):
        for key, value in values.items():
            written = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
            yield f"{file}:{key}"[:_LONGEST], written[:_LONGEST]
