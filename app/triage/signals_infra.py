"""Stacks that drifted, or whose plan or apply failed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from ..records import Millis, Resource, Signal, SignalKind, Stack
from ..store.reading import Reader
from .outlook import Outlook
from .production import Production, endangered, refs_to
from .severity import severity
from .signs import Found, Sign, ref, written

TOLD: Final = 20
"""Resources that a signal names."""


def look_at_stacks(reader: Reader, production: Production, outlook: Outlook) -> Found:
    """What the cache says of all stacks."""
    stacks = reader.infra.stacks()
    drifted = {
        one.name: [resource for resource in whole.resources if resource.drift]
        for one in stacks
        if one.status in ("drifted", "failed") and (whole := reader.infra.stack(one.name)) is not None
    }
    return stack_signs(stacks, drifted, production, outlook)


def stack_signs(
    stacks: Sequence[Stack], drifted: Mapping[str, Sequence[Resource]], production: Production, outlook: Outlook
) -> Found:  # fmt: skip
    """The signals of these; `drifted`: the resources of each that were changed outside its code."""
    signs: list[Sign] = []
    for one in stacks:
        if one.status == "failed":
            signs.append(_failed(one, production, outlook))
        if drifted.get(one.name):
            signs.append(_drift(one, drifted[one.name], production, outlook))
    return Found(signs=tuple(signs), watched=(("stacks", len(stacks)),))


def _failed(one: Stack, production: Production, outlook: Outlook) -> Sign:
    why = one.errors[0] if one.errors else one.complaint or "its tool says no more"
    return _sign(one, "apply failed", "failed", f"{one.name}  plan or apply failed", why, production, outlook)


def _drift(one: Stack, resources: Sequence[Resource], production: Production, outlook: Outlook) -> Sign:
    number = len(resources)
    what = resources[0].address if number == 1 else f"{number} resources"
    title = f"{one.name}  {what} drifted from the code"
    told = ", ".join(f"{item.address} ({item.drift})" for item in resources[:3])
    reason = f"changed outside the code: {told}{' …' if number > 3 else ''}"
    return _sign(one, "drift", "drifted", title, reason, production, outlook, resources)


def _sign(
    one: Stack, kind: SignalKind, state: str, title: str, reason: str, production: Production, outlook: Outlook,
    resources: Sequence[Resource] = (),
) -> Sign:  # fmt: skip
    models = dict.fromkeys((*outlook.stacks.get(one.name, ()), *one.models))
    eaters = tuple(held for model in models if (held := production.of(model)) is not None)
    refs = [ref("resource", one.name, item.address, role="resource") for item in resources[:TOLD]]
    if one.commit:
        refs.append(ref("commit", one.commit, role="code"))
    if one.pipeline_id:
        refs.append(ref("pipeline", one.pipeline_id))
    signal = Signal(
        kind=kind, subject=written("resource", one.name), severity=severity(kind, "production" if eaters else "other"),
        since=_since(one), title=title, reason=reason, state=state, refs=(*refs, *refs_to(eaters)),
        **endangered(eaters),
    )  # fmt: skip
    return Sign(signal, ("stack", one.source, one.name), source=one.source)


def _since(one: Stack) -> Millis:
    """What the tool says, else when it was read."""
    return one.planned_at or one.applied_at or one.read_at or 0
