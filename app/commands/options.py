"""The options that stand before any command, and the quick way to read them.

`quarterdeck` alone is what is typed most, and at 3 a.m.: click costs 40 ms to import, so the plain cases are
read here by hand. Whatever is not plain (`--project=DIR`, help, a command) is left to click; a test holds both
readings equal.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple


class Options(NamedTuple):
    """What stood before the command."""

    project: Path | None = None
    """A folder inside the project; default where we are."""
    name: str | None = None
    """A project of projects.toml, which needs no checkout."""
    config: Path | None = None
    """The settings file to use instead of the project's quarterdeck.toml."""
    cache: Path | None = None
    read_only: bool = False


def read_plain(arguments: Sequence[str]) -> Options | None:
    """The options when they are all there is, None when click has to look."""
    options = Options()
    words = iter(arguments)
    for word in words:
        if word == "--read-only":
            options = options._replace(read_only=True)
            continue
        value = next(words, None)
        match word:
            case _ if value is None:
                return None
            case "--project":
                options = options._replace(project=Path(value))
            case "-p":
                options = options._replace(name=value)
            case "--config":
                options = options._replace(config=Path(value))
            case "--cache":
                options = options._replace(cache=Path(value))
            case _:
                return None
    return options
