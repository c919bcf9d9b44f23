"""`show -json` of a plan: https://developer.hashicorp.com/terraform/internals/json-format, OpenTofu's alike. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec
from msgspec.structs import replace

from ...records import Resource
from ...records.infra import Drift
from ..checks.documents import ABSENT, Raw, part
from ..checks.reading import ResultFile, UnreadableError
from ..checks.times import moment
from .entries import Deferred, Entry, drift_of, listed, resource_of
from .part import MOST_RESOURCES, Part, action_of, version_of, word_of


class Plan(msgspec.Struct):
    """The fields of a plan that are looked at. Variables, planned values, configuration and the state are not."""

    terraform_version: str = ""
    resource_changes: Raw = ABSENT
    resource_drift: Raw = ABSENT
    deferred_changes: Raw = ABSENT
    output_changes: Raw = ABSENT
    timestamp: str = ""
    errored: bool = False
    complete: bool | None = None
    """Neither this nor the next in plans of versions before 1.8, and of OpenTofu."""
    applyable: bool | None = None


class _Output(msgspec.Struct):
    actions: list[str] = []


def read_plan(file: ResultFile, plan: Plan, stack: str) -> Part:
    """A plan. Raises UnreadableError."""
    resources = {one.address: one for one in _changes(file, plan, stack)}
    drifted = _with_drift(file, plan, stack, resources)
    deferred = list(_deferred(file, plan, stack))
    for one in deferred:
        drifted.setdefault(one.address, one)
    found = tuple(drifted.values())
    if len(found) > MOST_RESOURCES:
        raise UnreadableError(file.path, f"it holds more than {MOST_RESOURCES:,} resources")
    return Part(
        form="plan", version=version_of(plan.terraform_version), at=moment(plan.timestamp), resources=found,
        has_failed=plan.errored, changes=bool(deferred) or _changes_anything(plan, found),
        complaint=_complaint(plan, len(deferred)),
    )  # fmt: skip


def _changes(file: ResultFile, plan: Plan, stack: str) -> Iterator[Resource]:
    for entry in listed(file, plan.resource_changes, Entry):
        yield resource_of(entry, stack)


def _with_drift(file: ResultFile, plan: Plan, stack: str, resources: Mapping[str, Resource]) -> dict[str, Resource]:
    """The resources, and those that nothing but their drift is said of. Drift goes by the address before a move."""
    found = dict(resources)
    before = {one.moved_from: address for address, one in resources.items() if one.moved_from}
    for entry in listed(file, plan.resource_drift, Entry):
        drift, names = drift_of(entry)
        alone = replace(resource_of(entry, stack), action="no-op", changed=(), forces=(), reason="")
        address = alone.address if alone.address in found else before.get(alone.address, alone.address)
        found[address] = _drifted(found.get(address, alone), alone, drift, names)
    return found


def _drifted(one: Resource, alone: Resource, drift: Drift, names: tuple[str, ...]) -> Resource:
    return replace(
        one, drift=drift, drifted=names, is_sensitive=one.is_sensitive or alone.is_sensitive,
        moved_from=one.moved_from or alone.moved_from,
    )  # fmt: skip


def _deferred(file: ResultFile, plan: Plan, stack: str) -> Iterator[Resource]:
    """What is put off to a later plan: nothing is done to it now."""
    for entry in listed(file, plan.deferred_changes, Deferred):
        reason = word_of(f"deferred_{entry.reason}") or "deferred"
        yield replace(
            resource_of(entry.resource_change, stack), action="no-op", reason=reason, changed=(), forces=(),
            is_sensitive=False,
        )  # fmt: skip


def _changes_anything(plan: Plan, resources: tuple[Resource, ...]) -> bool:
    if plan.applyable:
        return True
    return any(one.action != "no-op" or one.moved_from or one.reason == "import" for one in resources) or any(
        action_of(one.actions) != "no-op" for one in (part(plan.output_changes, dict[str, _Output]) or {}).values()
    )


def _complaint(plan: Plan, deferred: int) -> str:
    if deferred:
        what = "1 resource is" if deferred == 1 else f"{deferred:,} resources are"
        return f"The plan is not complete: {what} put off to a later one."
    if plan.complete is False and not plan.errored:
        return "The plan is not complete: after it is applied, another one is needed."
    return ""
