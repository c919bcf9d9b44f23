"""Reading a bundle's files, which somebody else has made: no link is followed, nothing outside is opened."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from ..errors import UsageError
from ..text import clip
from .findings import Finding
from .layout import DEEPEST, LARGEST_BUNDLE, MOST_FILES, is_ours, largest

_FLAGS: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK


class Folder:
    """What is there: `files` by their path, and what is wrong with the rest. Raises UsageError."""

    def __init__(self, path: Path) -> None:
        self.files: dict[str, bytes] = {}
        self.findings: list[Finding] = []
        self._left = LARGEST_BUNDLE
        self._names = 0
        try:
            top = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError as error:
            raise UsageError(f"There is no bundle at {clip(str(path), 300)}: {error.strerror or error}.") from error
        try:
            self._walk(top, "", 1)
        except OSError as error:
            raise UsageError(f"{clip(str(path), 300)} cannot be read: {error.strerror or error}.") from error
        finally:
            os.close(top)

    def _walk(self, folder: int, prefix: str, depth: int) -> None:
        """By descriptors: what is put in a folder's place meanwhile is not entered."""
        for name in self._listed(folder):
            path = f"{prefix}{name}"
            mode = os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode
            if stat.S_ISDIR(mode) and depth < DEEPEST:
                inner = os.open(name, _FLAGS | os.O_DIRECTORY, dir_fd=folder)
                try:
                    self._walk(inner, f"{path}/", depth + 1)
                finally:
                    os.close(inner)
            elif stat.S_ISLNK(mode):
                self._wrong("link", path, "it is a link, which is not followed.")
            elif not stat.S_ISREG(mode) or not is_ours(path):
                self._wrong("stranger", path, "it does not belong here.")
            else:
                self._read(folder, name, path)

    def _listed(self, folder: int) -> Iterator[str]:
        with os.scandir(folder) as entries:
            names = []
            for entry in entries:
                self._names += 1
                if self._names > MOST_FILES:
                    raise UsageError(f"It holds more than {MOST_FILES} files: that is no bundle.")
                names.append(entry.name)
        return iter(sorted(names))

    def _read(self, folder: int, name: str, path: str) -> None:
        file = os.open(name, _FLAGS, dir_fd=folder)
        with os.fdopen(file, "rb") as opened:
            most = min(largest(path), self._left)
            raw = opened.read(most + 1) if stat.S_ISREG(os.fstat(file).st_mode) else None
        if raw is None:
            self._wrong("stranger", path, "it does not belong here.")
        elif len(raw) > most:
            self._wrong("large", path, "it is larger than any file of a bundle, and was not read.")
        else:
            self._left -= len(raw)
            self.files[path] = raw

    def _wrong(self, code: str, path: str, sentence: str) -> None:
        self.findings.append(Finding(level="wrong", code=code, about=clip(path, 200), sentence=sentence))
