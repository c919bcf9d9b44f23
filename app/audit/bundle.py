"""The ledger of a model as a folder that needs no server and no quarterdeck to be read."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from ..errors import StoreError, UsageError
from ..exact import iso
from ..records import Millis
from ..text import clip
from .books import Book, Shelf
from .gather import Gathered
from .layout import FORMAT, MANIFEST, SUMS, VERSION, Manifest, Sum, digest, sums, written
from .repositories import Repositories


class Written(NamedTuple):
    """A bundle that was written."""

    manifest: Manifest
    fingerprint: str
    """SHA-256 of SHA256SUMS, which stands for all of it."""


def write_bundle(
    folder: Path, shelf: Shelf, books: Sequence[Book], repositories: Repositories, now: Millis, *, repository: str,
    path: str,
) -> Written:  # fmt: skip
    """Write it, whole or not at all. `repository`: its canonical URL; `path`: of the settings in it.

    The same ledger gives the same bytes but for `made_at`. Raises UsageError where the folder holds something already
    or there is nothing to write; StoreError where it cannot be written.
    """
    check_free(folder)
    books = [book for book in books if book.entries]
    if not books:
        raise UsageError("The ledger has no entry of that: there is nothing to write.")
    found = Gathered(shelf, books, repositories, path)
    manifest = Manifest(
        format=FORMAT, v=VERSION, made_at=iso(now) or "", model=books[0].model,
        aliases=tuple(book.alias for book in books), ledger="local" if shelf.is_local else "git",
        repository=repository, entries=tuple(found.rows), missing=tuple(found.missing),
        files={name: Sum(sha256=digest(raw), bytes=len(raw)) for name, raw in sorted(found.files.items())},
    )  # fmt: skip
    files = found.files | {MANIFEST: written(manifest)}
    files[SUMS] = sums(files)
    _write(folder, files)
    return Written(manifest, digest(files[SUMS]))


def check_free(folder: Path) -> None:
    """Raise UsageError where the folder is a file, or holds something already."""
    try:
        is_taken = any(folder.iterdir()) if folder.is_dir() else os.path.lexists(folder)
    except OSError as error:
        raise UsageError(f"{_called(folder)} cannot be read: {error.strerror or error}.") from error
    if is_taken:
        raise UsageError(f"{_called(folder)} is there already: a bundle is written into a folder of its own.")


def _write(folder: Path, files: Mapping[str, bytes]) -> None:
    """Beside the place first, then moved there at once."""
    target = folder.absolute()
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        made = target.parent / f".{target.name[:100]}-{secrets.token_hex(4)}"
        made.mkdir()
        try:
            for name, raw in sorted(files.items()):
                (made / name).parent.mkdir(parents=True, exist_ok=True)
                (made / name).write_bytes(raw)
            made.rename(target)
        except BaseException:
            shutil.rmtree(made, ignore_errors=True)
            raise
    except OSError as error:
        raise StoreError(f"{_called(folder)} cannot be written: {error.strerror or error}.") from error


def _called(folder: Path) -> str:
    return clip(str(folder), 300)
