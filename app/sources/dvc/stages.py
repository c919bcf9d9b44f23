"""Locks just as DVC writes them, of which only those stages are read that no lock before had.

A repository may have thousands of commits that change a lock of hundreds of stages. Whatever looks otherwise goes the
long way; a test holds both to each other.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from .outputs import Output

_LOCK: Final = re.compile(rb"schema: '2\.0'\nstages:\n((?: [^\n\r\x85]*\n)*)")
_STAGE: Final = re.compile(rb"^  (?=[^ ])", re.MULTILINE)
_MOST: Final = 10_000_000
"""Bytes of stages that are remembered, with what they say some 50 MB."""


class Stages:
    """What stages of a lock said, by their text: one lock repeats most of the one before. Of one path and dvc.yaml."""

    def __init__(self) -> None:
        self._known: dict[bytes, Mapping[str, tuple[Output, ...]]] = {}
        self._size = 0

    def get(self, text: bytes) -> Mapping[str, tuple[Output, ...]] | None:
        """Name -> outputs; None of a text that is new."""
        return self._known.get(text)

    def keep(self, text: bytes, said: Mapping[str, tuple[Output, ...]]) -> None:
        """For the next lock."""
        self._size += len(text)
        if self._size > _MOST:
            self._known.clear()
            self._size = len(text)
        self._known[text] = said


def stage_texts(raw: bytes) -> list[bytes] | None:
    """The stages of a lock of the usual form, each a document of its own; None for any other file."""
    found = _LOCK.fullmatch(raw)
    if found is None:
        return None
    starts = [match.start() for match in _STAGE.finditer(found[1])]
    if not starts or starts[0] != 0:
        return None
    return [found[1][start:end] for start, end in zip(starts, [*starts[1:], None], strict=True)]
