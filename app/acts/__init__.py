"""Kinds of acts: what is particular to tags, to pipelines, to models. All go through the one gate, `actions.py`.

A kind says what would be refused anywhere (`check`), reads the thing that is to be changed (`look`), tells whether it
still is what the person saw (`refusal`), does it (`do`), and reads from the thing what came of it (`verdict`), right
away and after a crash. The gate and `execution.py` keep the journal, the locks, the order and the time limits.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple, Protocol, TypeVar

from ..records import Millis, Record, Want
from ..store.state import Act, ActState, State

if TYPE_CHECKING:
    from ..settings import Settings
    from ..sources import Source

Thing = TypeVar("Thing")
Does = TypeVar("Does")

SECONDS: Final = 90.0
"""An act is given up after this: half of it for doing, a third for each look."""

FORGOTTEN: Final = 600.0
"""Seconds after which an act that the server took, and that does not show, is settled as unknown."""


class Outcome(Record, frozen=True):
    """What came of an act. `state` is done, failed or unknown; `sentence` says it for a person."""

    entry: str
    """Its entry in the journal."""
    act: str
    subject: str
    source: str
    """Key of the source that has it."""
    state: ActState
    sentence: str
    is_refused: bool
    """Failed without having been tried: the world is not as it was when somebody was asked, or it cannot be done."""


class Tried(NamedTuple):
    """What an attempt itself told."""

    trouble: str = ""
    """What went wrong; "" when nothing did. A lost answer says nothing about whether it was done."""
    is_denied: bool = False
    """The server said no: it did nothing."""
    is_late: bool = False
    """The attempt was cut off, so long ago that what it changed shows by now."""
    age: float = 0.0
    """Seconds since it was begun, where it is late."""


class Verdict(NamedTuple):
    """What a look at the thing says of an act that was tried."""

    state: Literal["open", "done", "failed", "unknown"]
    """open: to be looked at again; unknown: nobody can say, and nobody will."""
    sentence: str
    read_back: Any = None
    """What was there, as JSON."""


class Surroundings(NamedTuple):
    """Where acts are done."""

    settings: Settings
    state: State
    cache: Path
    """The cache's file: what the act was decided by."""
    sources: Sequence[Source] = ()
    """All that are open."""

    def now(self) -> Millis:
        """UTC milliseconds."""
        return time.time_ns() // 1_000_000


class Kind(Protocol[Does, Thing]):
    """One kind of act, on one kind of thing. `Does` is a source that can do it."""

    acts: frozenset[str]
    """The words that the journal has for them."""
    nobody: str
    """What to say where no source of the project can do it."""
    once: frozenset[str]
    """Of these none is begun on a thing while it is not known what came of the last one."""
    pauses: tuple[float, ...]
    """Seconds to wait between the looks that follow an attempt, until what it did shows."""
    patience: float
    """Seconds after which an attempt is given up."""

    def takes(self, source: object) -> bool:
        """Whether this source does such acts at all."""

    def bind(self, source: Any, around: Surroundings) -> Does:
        """The source, with what else the kind needs at hand."""

    def check(self, act: Act) -> None:
        """Raise UsageError for what no vendor would take."""

    def unable(self, source: Does, act: Act) -> str:
        """Why this source cannot do it; "" when it can."""

    async def look(self, source: Does, act: Act) -> Thing | None:
        """The thing as it is now; None when there is none. Raises SourceError."""

    def refusal(self, act: Act, thing: Thing | None) -> str:
        """Why it is left alone: it is not what the person saw, or it cannot be done to it now; "" when it can."""

    def before(self, act: Act, thing: Thing) -> Any:
        """What the journal keeps of the thing as it was, as JSON."""

    def alone(self, act: Act) -> str:
        """A name that acts share which must not be done at the same time; "" where that is no harm."""

    async def do(self, source: Does, act: Act) -> Mapping[str, Any]:
        """Do it; gives what the journal is to know from the answer. Raises SourceError, RefusedError, UsageError."""

    async def verdict(self, source: Does, act: Act, tried: Tried) -> Verdict:
        """Look at the thing, and say what came of it. Raises SourceError."""

    def outcome(self, act: Act, state: ActState, sentence: str, *, is_refused: bool = False) -> Outcome:
        """The same for scripts."""

    def wants(self, outcomes: Sequence[Outcome]) -> list[Want]:
        """What the syncer is asked for afterwards, so that the screens show it at once."""


def called(act: Act) -> str:
    """How sentences call the thing."""
    return str(act.intent.get("name") or act.subject)


def brief(exact: str, most: int = 60) -> str:
    """A foreign text as it stands in a sentence: exact, and cut where it is long. Whoever shows it escapes it."""
    return exact if len(exact) <= most else f"{exact[: most - 1]}…"
