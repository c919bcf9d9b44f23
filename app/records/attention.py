"""What needs attention, why, and what may have caused it."""

from __future__ import annotations

from typing import Literal, TypeAlias

from .event import EventRef
from .note import Note
from .record import Millis, Record

Severity: TypeAlias = Literal["critical", "high", "medium", "low"]
"""By what it endangers: critical, a model in production is wrong or gone now; high, one is at risk; medium, work
of the team stands still; low, it should be known."""
SEVERITIES: tuple[str, ...] = ("critical", "high", "medium", "low")

SignalKind: TypeAlias = Literal[
    "threshold", "burn", "alert", "series stale", "alias vanished", "alias unexplained", "promoted with waiver",
    "pipeline failed", "pipeline waits", "check failing", "check could not run", "check silent", "check loosened",
    "run failed", "run stuck", "drift", "apply failed", "source trouble", "data stale", "no sync",
]  # fmt: skip
"""What makes a signal."""


class Signal(Record, frozen=True, kw_only=True):
    """One thing that is not as it should be."""

    kind: SignalKind
    subject: str
    title: str
    """What: churn@champion v14  precision 0.71, floor 0.78."""
    reason: str = ""
    """Why that is a signal, and figures."""
    severity: Severity
    since: Millis
    """The first bad moment; it began between `not_before` and this ..."""
    not_before: Millis | None = None
    """... which is the last good one."""
    seen_at: Millis | None = None
    """When what says so was last read from its source: how old this is."""
    model: str = ""
    """The registered model that it endangers ..."""
    version: str = ""
    alias: str = ""
    """... and the alias by which that is in production."""
    owner: str = ""
    state: str = ""
    """In a few words how it stands: bad, firing, 3 failing ... Whoever acknowledged it hears of it again when this
    changes, and not while only figures do."""
    refs: tuple[EventRef, ...] = ()
    """What stands behind it."""


class Attention(Record, frozen=True, kw_only=True):
    """Signals that have one cause as far as can be told, under the gravest of them."""

    id: str
    """The same in every clone: of the leading signal's kind and subject."""
    subject: str
    severity: Severity
    since: Millis
    not_before: Millis | None = None
    title: str
    reason: str = ""
    owner: str = ""
    signals: tuple[Signal, ...] = ()
    """The leading one first."""
    state: str = ""
    """Of all its signals: what an acknowledgement holds for."""
    ack: Note | None = None
    """The acknowledgement that holds; None where there is none, or where it changed since."""
    acked_before: Note | None = None
    """One that holds no more: it came back."""

    @property
    def is_quiet(self) -> bool:
        """Somebody has it, and nothing changed since."""
        return self.ack is not None


SuspectStrength: TypeAlias = Literal["strong", "possible", "weak"]


class Evidence(Record, frozen=True, kw_only=True):
    """What can be looked at."""

    at: Millis | None = None
    text: str
    subject: str = ""


class Suspect(Record, frozen=True, kw_only=True):
    """Something that happened before it broke, and why that may be the cause."""

    subject: str
    strength: SuspectStrength
    score: float
    """0 to 1; only the order means something."""
    kind: str
    """data, check, commit, alias, promotion, params, dependency, infrastructure, pipeline, run ..."""
    title: str
    at: Millis
    not_before: Millis | None = None
    actor: str = ""
    reasons: tuple[str, ...] = ()
    """Sentences, the weightiest first; what speaks against it begins with "but"."""
    evidence: tuple[Evidence, ...] = ()
    event: str = ""
    """Id of the event that it is, for event/ID."""


class WayBack(Record, frozen=True, kw_only=True):
    """To which version one could go back."""

    model: str
    alias: str
    version: str
    held_for: Millis | None = None
    """How long it had the alias."""
    figures: tuple[str, ...] = ()
    """What it had when it was in force: precision 0.82."""
    gates: tuple[tuple[str, int], ...] = ()
    """How many of its gates have which state as of now."""
    sentence: str = ""
    """Why there is none, or what is to be known."""


class Changes(Record, frozen=True, kw_only=True):
    """What changed around a subject before it broke."""

    subject: str
    since: Millis
    """The window: from here ..."""
    until: Millis
    """... to here."""
    suspects: tuple[Suspect, ...] = ()
    """The likeliest first."""
    others: tuple[tuple[str, int], ...] = ()
    """What else happened in the window and is on no path to it: kind and how often."""
    gaps: tuple[tuple[Millis, Millis], ...] = ()
    """Stretches in the window without a sync: times in them are ranges."""
    way_back: WayBack | None = None
    sentence: str = ""
    """Where nothing was found: what was looked at, and what could not be."""
