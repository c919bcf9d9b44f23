"""From the newest plan, apply and state to the stack. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from hashlib import blake2b
from typing import Final, Literal

import msgspec
from msgspec.structs import replace

from ...records import Millis, Record, Resource, Stack, StackStatus
from ...text import clip
from .part import Part

GAP: Final = 600_000
"""Milliseconds by which a state may be younger than the plan beside it: one job writes both."""
_SAME_RUN: Final = 6 * 3_600_000
_MOST_TOUCHED: Final = 100
DONE: Final = ("create", "update", "delete", "replace", "forget")
"""Actions that change anything."""
_STALE: Final = "The plan is older than the state: it may have been applied already."
_CUT: Final = "The apply did not come to its end: its log stops."
_MARK: Final = " (deposed object"


class Facts(Record, frozen=True, kw_only=True):
    """What the settings say of a stack."""

    source: str
    name: str
    tool: Literal["terraform", "opentofu"] = "terraform"
    environment: str = ""
    models: tuple[str, ...] = ()
    folder: str = ""


class Newest(Record, frozen=True, kw_only=True):
    """The parts that count."""

    plan: Part | None = None
    apply: Part | None = None
    state: Part | None = None

    @property
    def current(self) -> Part | None:
        """The last thing that was done, or thought through."""
        if self.apply is not None and (self.plan is None or self.apply.time >= self.plan.time):
            return self.apply
        return self.plan

    @property
    def is_applied(self) -> bool:
        """Nothing came after the last apply, and it went well."""
        current = self.current
        return current is not None and current is self.apply and not _has_failed(current)

    @property
    def given(self) -> list[Part]:
        """Those that there are."""
        return [part for part in (self.plan, self.apply, self.state) if part is not None]


def newest(parts: Iterable[Part]) -> Newest:
    """Of each kind the last. A plan and the log of its making are one: the plan says more."""
    found = sorted(parts, key=lambda part: part.time)
    logs = [part for part in found if part.form == "log" and not part.is_apply]
    plans = [part for part in found if part.form == "plan"]
    plan, log = (some[-1] if some else None for some in (plans, logs))
    if plan is None or (log is not None and log.time > plan.time and not _is_of(log, plan)):
        plan = log
    elif log is not None and log.errors and _is_of(log, plan):
        plan = replace(plan, errors=log.errors)
    applies = [part for part in found if part.is_apply]
    states = [part for part in found if part.form == "state"]
    return Newest(plan=plan, apply=applies[-1] if applies else None, state=states[-1] if states else None)


def merged(facts: Facts, given: Newest, *, wrong: Sequence[str] = (), now: Millis | None = None) -> Stack:
    """The stack. `wrong`: sentences about files that could not be read."""
    current, resources = given.current, _resources(given)
    last = current or given.state
    return Stack(
        source=facts.source, name=facts.name, tool=_tool(facts, current), version=last.version if last else "",
        environment=facts.environment, models=facts.models, folder=facts.folder, status=_status(given),
        planned_at=given.plan.time if given.plan else None, applied_at=given.apply.time if given.apply else None,
        read_at=now, digest=_hash(sorted(part.digest for part in given.given)),
        state_digest=_state_digest(given, resources), resources=resources,
        applied=_touched(given.apply) if given.apply else (), errors=_errors(current),
        complaint=clip(" ".join([*wrong, *_complaints(given)]), 1_000),
        origin=clip(", ".join(dict.fromkeys(part.origin for part in given.given)), 300),
        commit=last.commit if last else None, pipeline_id=last.pipeline_id if last else None,
    )  # fmt: skip


def _tool(facts: Facts, current: Part | None) -> Literal["terraform", "opentofu"]:
    return "opentofu" if current is not None and current.tool == "opentofu" else facts.tool


def _touched(apply: Part) -> tuple[str, ...]:
    return tuple(sorted(one.address for one in apply.resources if one.action in DONE)[:_MOST_TOUCHED])


def _is_of(log: Part, plan: Part) -> bool:
    """Whether a log tells how that plan was made."""
    return 0 <= log.time - plan.time <= _SAME_RUN and _done(log) == _done(plan) and log.has_failed == plan.has_failed


def _done(part: Part) -> set[tuple[str, str]]:
    return {(one.address, one.action) for one in part.resources if one.action != "no-op" and _MARK not in one.address}


def _has_failed(part: Part) -> bool:
    return part.has_failed or (part.is_apply and not part.is_over)


def _status(given: Newest) -> StackStatus:
    current = given.current
    if current is None:
        return "unknown"
    if _has_failed(current):
        return "failed"
    if current is given.apply:
        return "applied"
    if not current.is_over:
        return "unknown"
    if any(one.drift for one in current.resources):
        return "drifted"
    return "planned" if current.changes else "in step"


def _errors(current: Part | None) -> tuple[str, ...]:
    if current is None:
        return ()
    return (*current.errors, *((_CUT,) if current.is_apply and not current.is_over else ()))


def _resources(given: Newest) -> tuple[Resource, ...]:
    """All that there are: what is to be done to them, over what is there."""
    current, state = given.current, given.state
    if current is None or not given.is_applied:
        there = state.resources if state else _when_applied(None, given.plan) if current is given.apply else ()
        found = _over(there, current.resources if current else ())
    elif state is not None and state.written_at >= current.written_at:
        found = {one.address: _still(one) for one in state.resources}
    else:
        over = _over(_when_applied(state, given.plan), current.resources)
        found = {at: _still(one) for at, one in over.items() if one.action not in ("delete", "forget")}
    return tuple(sorted(found.values(), key=lambda one: (one.module, one.address)))


def _before(plan: Part) -> dict[str, Resource]:
    """What was there when it was planned, by its address then."""
    there = (one for one in plan.resources if one.action not in ("create", "read") and one.reason != "import")
    return {one.moved_from or one.address: one for one in there}


def _when_applied(state: Part | None, plan: Part | None) -> list[Resource]:
    """What there was when an apply began, under the addresses after it: its log may tell nothing of moves."""
    if state is None:
        return [one for one in plan.resources if one.action not in ("create", "read")] if plan else []
    moved = {one.moved_from: one for one in plan.resources if one.moved_from} if plan else {}
    taken = [one for one in plan.resources if one.reason == "import"] if plan else []
    return [*taken, *(moved.get(one.address, one) for one in state.resources)]


def _over(there: Iterable[Resource], to_do: Iterable[Resource]) -> dict[str, Resource]:
    """The second over the first. A log knows the name of a provider only, and a state all of it."""
    found = {one.address: _still(one) for one in there}
    for one in to_do:
        before = found.pop(one.moved_from, None) or found.get(one.address)
        found[one.address] = replace(one, provider=before.provider) if before and before.provider else one
    return found


def _still(one: Resource) -> Resource:
    """A resource with nothing to be done to it."""
    reason = one.reason if one.action == "no-op" and one.reason == "tainted" else ""
    return replace(
        one, action="no-op", reason=reason, drift="", changed=(), drifted=(), forces=(), is_sensitive=False,
        moved_from="",
    )  # fmt: skip


def _complaints(given: Newest) -> list[str]:
    current = given.current
    if current is None:
        return []
    is_stale = current is given.plan and given.state is not None and _is_older(current, given.state)
    return [*([current.complaint] if current.complaint else []), *([_STALE] if is_stale else [])]


def _is_older(plan: Part, state: Part) -> bool:
    """Whether something was done since the plan: by when the files were written, and by what is there now."""
    if state.written_at <= plan.written_at:
        return False
    here = {one.address for one in state.resources}
    made = {one.address for one in plan.resources if one.action == "create" and not one.drift}
    gone = {one.address for one in plan.resources if one.action in ("delete", "forget") and not one.drift}
    return state.written_at - plan.written_at > GAP or bool(made & here) or bool(gone - here)


def _state_digest(given: Newest, resources: Sequence[Resource]) -> str:
    """Of addresses and types of what is there; "" where nobody can tell."""
    if given.is_applied:
        return _hash(_told({one.address: one for one in resources}))
    if given.state is not None:
        return _hash(_told({one.address: one for one in given.state.resources}))
    if given.plan is None or given.plan.form != "plan":
        return ""
    return _hash(_told(_before(given.plan)))


def _told(resources: Mapping[str, Resource]) -> list[str]:
    return sorted(
        f"{address}\0{one.type}" for address, one in resources.items() if one.mode == "managed" and _MARK not in address
    )


def _hash(words: Sequence[str]) -> str:
    return blake2b(msgspec.json.encode(words), digest_size=8).hexdigest()
