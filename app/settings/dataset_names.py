"""Whether [[datasets]] can be true all at once."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from .checks import echo
from .lines import Place
from .sections import Datasets


class Contradiction(NamedTuple):
    """Two sections that cannot both hold: `place` is in the second, `sentence` is about the file."""

    place: Place
    sentence: str


def contradiction(sections: Iterable[Datasets]) -> Contradiction | None:
    """The first name that two sections have, and the first tool's name that two of them claim; else None."""
    names: set[str] = set()
    claimed: dict[str, str] = {}
    for index, section in enumerate(sections):
        if section.name in names:
            return Contradiction(("datasets", index), f"declares two datasets called {echo(section.name)}: join them.")
        names.add(section.name)
        for written in section.same:
            owner = claimed.setdefault(_whole(written), section.name)
            if owner != section.name:
                both = f"{echo(owner)} and {echo(section.name)}"
                return Contradiction(("datasets", index), f"declares {echo(written)} to be both {both}: it is one.")
    return None


def _whole(written: str) -> str:
    """With the tool's long name: gx and great_expectations are one tool."""
    tool, colon, name = written.partition(":")
    return f"{'great_expectations' if tool == 'gx' else tool}{colon}{name}"
