"""Stacks that drifted, or whose plan or apply failed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from ..records import Event, Millis, Resource, Signal, SignalKind, Stack
from ..store.reading import Reader
from ..store.state import State
from .attention import SINCE_UNKNOWN
from .outlook import Outlook
from .production import Production, endangered, refs_to
from .severity import severity
from .signs import Found, Sign, ref, written

DRIFTED: Final = "infrastructure drifted"
"""The kind of event by which it is known since when."""
LOOKED_AT: Final = 200
"""The newest of them that are looked at."""
TOLD: Final = 20
"""Resources that a signal names."""


class Drifted(NamedTuple):
    """What was changed outside the code of a stack, and since when."""

    resources: Sequence[Resource]
    since: Millis | None = None
    """When the first of it was seen to be so; None: it was so when somebody first looked."""
    not_before: Millis | None = None


def look_at_stacks(reader: Reader, state: State, production: Production, outlook: Outlook) -> Found:
    """What both files say of all stacks."""
    stacks = reader.infra.stacks()
    drifted: dict[str, Drifted] = {}
    for one in stacks:
        whole = reader.infra.stack(one.name) if one.status in ("drifted", "failed") else None
        resources = [resource for resource in whole.resources if resource.drift] if whole else []
        if resources:
            drifted[one.name] = _dated(one, resources, state.newest_of_kind(DRIFTED, LOOKED_AT))
    return stack_signs(stacks, drifted, production, outlook)


def _dated(stack: Stack, resources: Sequence[Resource], events: Sequence[Event]) -> Drifted:
    """With the first of the moments at which each of them was last seen to drift. `events`: newest first."""
    times: dict[str, tuple[Millis, Millis | None]] = {}
    for event in events:
        for item in event.refs:
            times.setdefault(item.subject, (event.at, event.not_before))
    own = [times[name] for one in resources if (name := written("resource", stack.name, one.address)) in times]
    since, not_before = min(own, key=lambda pair: pair[0], default=(None, None))
    return Drifted(resources, since, not_before) if len(own) == len(resources) else Drifted(resources)


def stack_signs(
    stacks: Sequence[Stack], drifted: Mapping[str, Drifted], production: Production, outlook: Outlook
) -> Found:  # fmt: skip
    """The signals of these; `drifted`: what of each was changed outside its code."""
    signs: list[Sign] = []
    for one in stacks:
        if one.status == "failed":
            signs.append(_failed(one, production, outlook))
        if one.name in drifted:
            signs.append(_drift(one, drifted[one.name], production, outlook))
    return Found(signs=tuple(signs), watched=(("stacks", len(stacks)),))


def _failed(one: Stack, production: Production, outlook: Outlook) -> Sign:
    why = one.errors[0] if one.errors else one.complaint or "its tool says no more"
    facts = {"state": "failed", "title": f"{one.name}  plan or apply failed", "reason": why, "since": _said_at(one)}
    return _sign(one, "apply failed", production, outlook, facts)


def _drift(one: Stack, drifted: Drifted, production: Production, outlook: Outlook) -> Sign:
    number, resources = len(drifted.resources), drifted.resources
    told = ", ".join(f"{item.address} ({item.drift})" for item in resources[:3])
    facts = {
        "title": f"{one.name}  {resources[0].address if number == 1 else f'{number} resources'} drifted from the code",
        "reason": f"changed outside the code: {told}{' …' if number > 3 else ''}",
        "state": f"drifted, {SINCE_UNKNOWN}" if drifted.since is None else "drifted",
        "since": _said_at(one) if drifted.since is None else drifted.since, "not_before": drifted.not_before,
    }  # fmt: skip
    return _sign(one, "drift", production, outlook, facts, resources)


def _sign(
    one: Stack, kind: SignalKind, production: Production, outlook: Outlook, facts: Mapping[str, Any],
    resources: Sequence[Resource] = (),
) -> Sign:  # fmt: skip
    models = dict.fromkeys((*outlook.stacks.get(one.name, ()), *one.models))
    eaters = tuple(held for model in models if (held := production.of(model)) is not None)
    refs = [ref("resource", one.name, item.address, role="resource") for item in resources[:TOLD]]
    if one.commit:
        refs.append(ref("commit", one.commit, role="code"))
    if one.pipeline_id:
        refs.append(ref("pipeline", one.pipeline_id))
    level = severity(kind, "production" if eaters else "other")
    signal = Signal(
        kind=kind, subject=written("resource", one.name), severity=level, refs=(*refs, *refs_to(eaters)),
        **facts, **endangered(eaters),
    )  # fmt: skip
    return Sign(signal, ("stack", one.source, one.name), source=one.source)


def _said_at(one: Stack) -> Millis:
    """What the tool says, else when it was read."""
    return one.planned_at or one.applied_at or one.read_at or 0
