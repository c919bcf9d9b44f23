"""One condition of a promotion, and how it stands."""

from __future__ import annotations

from typing import Any, Final, Literal, TypeAlias

import msgspec

from ..records import Millis, Record, Waiver

GateState: TypeAlias = Literal["pass", "warn", "fail", "missing", "stale", "inconclusive", "waived"]
"""missing: it cannot be known now; stale: it is too old; inconclusive: it is there, and does not tell."""

WORST_FIRST: Final[tuple[GateState, ...]] = ("fail", "missing", "stale", "inconclusive", "waived", "warn", "pass")
GOES_ON: Final[frozenset[GateState]] = frozenset({"pass", "warn", "waived"})
"""With these alone a promotion may go on."""

NEVER_WAIVED: Final = frozenset({"policy", "version", "approval", "freeze", "ledger"})
LATE: Final = frozenset({"approval", "freeze", "ledger"})
"""They speak of the plan and of the moment: no part of what is approved."""


class Gate(Record, frozen=True, kw_only=True):
    """A gate, with what it was judged by."""

    id: str
    """policy, candidate, direction, version, metric:NAME, ci:NAME, data:PATTERN, approval, freeze, ledger."""
    state: GateState
    title: str
    """The id without the name: `metric`."""
    sentence: str
    value: float | str | None = None
    """What was found."""
    against: float | None = None
    """What it was compared with: the same metric of the version that the alias shows."""
    bound: str = ""
    """What is demanded."""
    evidence: tuple[str, ...] = ()
    """Written subjects: run/ID, pipeline/ID, job/ID, model/NAME/VERSION, commit/SHA, dataset/NAME@DIGEST."""
    at: Millis | None = None
    """When the evidence came about: the oldest of it."""
    waivable: bool = False
    """The policy allows that somebody waives it."""
    waived: Waiver | None = None
    notes: tuple[str, ...] = ()
    """More of it, a line each."""
    binds: bool = True
    """Of a rollback most gates are shown only: they do not stop it."""

    @property
    def blocks(self) -> bool:
        """It stops what was planned."""
        return self.binds and self.state not in GOES_ON

    @property
    def family(self) -> str:
        """The id up to its colon."""
        return self.id.partition(":")[0]

    def but(self, **changes: Any) -> Gate:
        """The same with other values."""
        return msgspec.structs.replace(self, **changes)
