"""Events of stacks: what was applied, what became other between two looks, what drifted. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from ..records import Event, EventRef, Resource, Stack, Subject
from .events import event_id

_MOST: Final = 20
"""Resources that an event names as subjects."""
_NAMED: Final = 2
"""Resources that its title names."""
_DONE: Final = ("create", "update", "delete", "replace", "forget")


def stack_events(source: str, before: Stack | None, after: Stack) -> Iterator[Event]:
    """What is to be told of a stack that is not as it was at the look before (None: there was none). Both with their
    resources, and with when they were read. `source` is the key."""
    if _was_applied(before, after) or _is_other(before, after):
        yield _changed(source, before, after)
    drifted = [] if before is None else _newly_drifted(before, after)
    if before is not None and drifted:
        yield _drifted(source, before, after, drifted)


def _was_applied(before: Stack | None, after: Stack) -> bool:
    """It says of a time of an apply that is news. That of the first look is, too: the tool says when it was."""
    if after.applied_at is None:
        return False
    return before is None or after.applied_at > (before.applied_at or before.read_at or 0)


def _is_other(before: Stack | None, after: Stack) -> bool:
    return (
        before is not None
        and "" not in (digests := (before.state_digest, after.state_digest))
        and (digests[0] != digests[1])
    )


def _changed(source: str, before: Stack | None, after: Stack) -> Event:
    was_applied = _was_applied(before, after)
    at = after.applied_at if was_applied else after.read_at
    assert at is not None
    addresses = _gone_over(before, after, was_applied=was_applied)
    told = "apply failed" if after.status == "failed" and was_applied else "applied" if was_applied else "changed"
    return Event(
        id=event_id(source, "infrastructure changed", f"{after.name}\0{at}\0{after.state_digest}"), at=at,
        # the tool says when it was applied; a difference lies between two looks
        not_before=None if was_applied or before is None else before.read_at, seen_at=after.read_at,
        kind="infrastructure changed", title=f"{after.name} {told}{_listed(addresses)}", source=source,
        refs=_refs(after, addresses),
    )  # fmt: skip


def _gone_over(before: Stack | None, after: Stack, *, was_applied: bool) -> list[str]:
    """What a log says that its apply went over; where there is none, what differs."""
    if was_applied and after.applied:
        return sorted(after.applied)
    return [] if before is None else sorted(_touched(before, after))


def _touched(before: Stack, after: Stack) -> set[str]:
    """Resources that came or went, and those that were planned to change and are no more."""
    old = {one.address: one for one in before.resources if one.mode == "managed"}
    new = {one.address: one for one in after.resources if one.mode == "managed"}
    came_or_went = old.keys() ^ new.keys() if before.state_digest != after.state_digest else set()
    done = {address for address, one in old.items() if one.action in _DONE and not _is_planned(new.get(address))}
    return set(came_or_went) | done


def _is_planned(resource: Resource | None) -> bool:
    return resource is not None and resource.action in _DONE


def _newly_drifted(before: Stack, after: Stack) -> list[Resource]:
    known = {one.address for one in before.resources if one.drift}
    return [one for one in after.resources if one.drift and one.address not in known]


def _drifted(source: str, before: Stack, after: Stack, drifted: Sequence[Resource]) -> Event:
    at, not_before = after.planned_at or after.read_at, before.planned_at or before.read_at
    assert at is not None
    addresses = [one.address for one in drifted]
    return Event(
        id=event_id(source, "infrastructure drifted", f"{after.name}\0{at}\0{after.digest}"), at=at,
        not_before=None if not_before is None or not_before >= at else not_before, seen_at=after.read_at,
        kind="infrastructure drifted", title=f"{after.name} drifted{_listed(addresses)}", source=source,
        refs=_refs(after, addresses),
    )  # fmt: skip


def _listed(addresses: Sequence[str]) -> str:
    if not addresses:
        return ""
    more = len(addresses) - _NAMED
    return f": {', '.join(addresses[:_NAMED])}{f' and {more} more' if more > 0 else ''}"


def _refs(stack: Stack, addresses: Iterable[str]) -> tuple[EventRef, ...]:
    resources = [_ref("resource", stack.name, address) for address in list(addresses)[:_MOST]]
    facts = {"commit": (stack.commit, "code"), "pipeline": (stack.pipeline_id, "pipeline")}
    linked = [_ref(kind, native, role=role) for kind, (native, role) in facts.items() if native]
    models = [_ref("model", model) for model in stack.models]
    return (_ref("resource", stack.name, role="stack"), *resources, *linked, *models)


def _ref(kind: str, *parts: str, role: str = "") -> EventRef:
    return EventRef(subject=str(Subject(kind=kind, parts=parts)), role=role or kind)
