"""Which reader reads which kind of results; each is imported when the first file of its kind is there."""

from __future__ import annotations

import importlib
from typing import Final, cast, get_args

from ...records.check import CheckTool, Invocation
from .reading import ResultFile, UnreadableError

KINDS: Final[tuple[str, ...]] = get_args(CheckTool)


def read(kind: str, file: ResultFile) -> tuple[Invocation, ...]:
    """What a tool left in a file: an invocation for each of its runs in it. Raises UnreadableError and nothing else."""
    if kind not in KINDS:
        raise UnreadableError(file.path, f"nobody here reads results of {kind[:40]}")
    module = importlib.import_module(f".{kind}", __package__)
    return cast("tuple[Invocation, ...]", module.read(file))
