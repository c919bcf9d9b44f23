"""What a world is: a story that is played on a site, and what is true of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple, TypeAlias
from urllib.parse import quote

import msgspec

if TYPE_CHECKING:
    from .site import Site


class Cause(msgspec.Struct, frozen=True):
    """A thing that whoever is on call would take for the evidence of the true cause."""

    subject: str
    """As the program writes it: commit/SHA, dataset/N@DIGEST ..."""
    at: int | None = None
    """Where the same thing happened several times (an alias that was moved twice): this time, within minutes."""


class Truth(msgspec.Struct, frozen=True):
    """Which attention is meant, and which suspects are right. Written with the story, before anything is ranked."""

    about: tuple[str, ...]
    """Words that the attention says of itself: all of them, in its title, reason, subject or signals."""
    causes: tuple[Cause, ...]
    """Any of them is right."""
    second: tuple[Cause, ...] = ()
    """Of two causes at once the other one: both have to be among the first three."""


Tell: TypeAlias = "Callable[[Site], Truth]"


class World(NamedTuple):
    """One incident."""

    name: str
    family: str
    """What kind of thing caused it."""
    symptom: str
    tell: Tell
    has_gap: bool
    """Nobody synced for a while around the cause, so times are ranges."""
    is_late: bool
    """The cause came days before the symptom."""

    @property
    def set(self) -> str:
        """first: known while the ranking was made; second: written down by somebody who did not know the ranking."""
        return "second" if ".held_" in self.tell.__module__ else "first"


WORLDS: dict[str, World] = {}
"""All of them, in the order in which they are written."""


def world(family: str, symptom: str, *, gap: bool = False, late: bool = False) -> Callable[[Tell], Tell]:
    """The story below is a world, by the name of its function."""

    def keep(tell: Tell) -> Tell:
        name = tell.__name__.replace("_", "-")
        WORLDS[name] = World(name, family, symptom, tell, gap, late)
        return tell

    return keep


def commit(sha: str) -> Cause:
    """A commit."""
    return Cause(f"commit/{sha}")


def data(digest: str, *names: str) -> tuple[Cause, ...]:
    """A version of data, under any of the names that tools have for it."""
    return tuple(Cause(f"dataset/{quote(name, safe='')}@{digest}") for name in names)


def alias(model: str, name: str, at: int | None = None) -> Cause:
    """An alias, as it was moved at some time."""
    return Cause(f"alias/{model}@{name}", at)


def version(model: str, number: str) -> Cause:
    """A version of a registered model."""
    return Cause(f"model/{model}/{number}")


def resource(stack: str, *addresses: str) -> tuple[Cause, ...]:
    """Resources of a stack, and the stack itself."""
    return (Cause(f"resource/{stack}"), *(Cause(f"resource/{stack}/{quote(one, safe='')}") for one in addresses))


def run(run_id: str) -> Cause:
    """A run."""
    return Cause(f"run/{run_id}")


def pipeline(pipeline_id: str) -> Cause:
    """A pipeline."""
    return Cause(f"pipeline/{pipeline_id}")
