"""What a log says of its own counts, held against what was counted in it. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import msgspec
from msgspec.structs import replace

from ...records import Resource


class Summary(msgspec.Struct):
    """The counts of a change_summary: a replacement is one more to add and one more to remove."""

    add: int = 0
    change: int = 0
    remove: int = 0
    operation: str = ""


class Applied:
    """What a log tells of an apply."""

    def __init__(self) -> None:
        self._begun: dict[str, Resource] = {}
        self._done: Counter[str] = Counter()
        self.has_failed = False
        self.summary: Summary | None = None

    @property
    def is_one(self) -> bool:
        """Whether anything was applied at all."""
        return bool(self._begun or self._done or self.summary or self.has_failed)

    @property
    def done(self) -> Counter[str]:
        """How many steps of each action came to their end."""
        return self._done

    def start(self, one: Resource) -> None:
        """Something is being done to a resource. A replacement comes as two steps."""
        before = self._begun.get(one.address)
        both = before is not None and {before.action, one.action} == {"create", "delete"}
        self._begun[one.address] = replace(one, action="replace") if both else one

    def complete(self, one: Resource) -> None:
        """It was done."""
        self._done[one.action] += 1

    def resources(self) -> dict[str, Resource]:
        """What was done, for a log that tells nothing of what was planned."""
        return dict(self._begun)


def disagreement(plan: Summary | None, planned: Iterable[Resource], applied: Applied) -> str:
    """A sentence where a log counts otherwise than what stands in it; "" where the two agree."""
    if plan is not None and not _agrees(plan, Counter(one.action for one in planned)):
        return f"The log does not hold all that it speaks of: its summary says {_told(plan, is_done=False)}."
    if applied.summary is not None and not applied.has_failed and not _agrees(applied.summary, applied.done):
        return f"The log does not hold all that it speaks of: its summary says {_told(applied.summary, is_done=True)}."
    return ""


def _agrees(summary: Summary, counted: Counter[str]) -> bool:
    """A replacement that forgets what it replaces counts as none: so few of them are allowed to be missing."""
    replaced = summary.add - counted["create"]
    alike = replaced == summary.remove - counted["delete"]
    return alike and 0 <= replaced <= counted["replace"] and summary.change == counted["update"]


def _told(summary: Summary, *, is_done: bool) -> str:
    if not is_done:
        return f"{summary.add} to add, {summary.change} to change, {summary.remove} to destroy"
    return f"{summary.add} added, {summary.change} changed, {summary.remove} destroyed"
