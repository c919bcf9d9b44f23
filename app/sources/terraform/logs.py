"""Logs of `plan -json` and `apply -json`, a JSON message a line, with whatever else a CI wrote around them. Pure.

https://developer.hashicorp.com/terraform/internals/machine-readable-ui, OpenTofu's alike. Identifiers of what was
made, outputs and all messages for people are passed over: they hold values.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Final

import msgspec
from msgspec.structs import replace

from ...records import Millis, Resource
from ...records.infra import Drift, ResourceAction
from ..checks.documents import ABSENT, Raw, decoder_of, part
from ..checks.reading import ResultFile, UnreadableError
from ..checks.times import moment
from .entries import is_there
from .part import (
    MOST_ERRORS,
    MOST_RESOURCES,
    Part,
    address_of,
    check_major,
    error_of,
    name_of,
    provider_of,
    version_of,
    word_of,
)
from .summaries import Applied, Summary, disagreement

_LONGEST: Final = 8 * 1024 * 1024
"""Bytes of a line."""
_ACTIONS: Final[dict[str, ResourceAction]] = {
    "noop": "no-op", "move": "no-op", "import": "no-op", "create": "create", "read": "read", "update": "update",
    "replace": "replace", "delete": "delete", "remove": "forget", "forget": "forget",
}  # fmt: skip
_REASONS: Final = {
    "tainted": "replace_because_tainted", "requested": "replace_by_request",
    "replace_triggered_by": "replace_by_triggers", "cannot_update": "replace_because_cannot_update",
}  # fmt: skip
"""Words of logs for what plans call otherwise."""
_WRONG: Final = (msgspec.MsgspecError, RecursionError, UnicodeDecodeError)
_DRIFTS: Final[dict[str, Drift]] = {"update": "update", "delete": "delete", "move": "move", "noop": "move"}


class _Message(msgspec.Struct):
    type: str = ""
    at: str = msgspec.field(name="@timestamp", default="")
    terraform: str = ""
    tofu: str = ""
    ui: str = ""
    change: Raw = ABSENT
    deferred: Raw = ABSENT
    hook: Raw = ABSENT
    changes: Raw = ABSENT
    diagnostic: Raw = ABSENT
    outputs: Raw = ABSENT


class _Address(msgspec.Struct):
    addr: str = ""
    module: str = ""
    resource: str = ""
    implied_provider: str = ""
    resource_type: str = ""
    resource_name: str = ""


class _Change(msgspec.Struct):
    resource: _Address = msgspec.field(default_factory=_Address)
    previous_resource: _Address | None = None
    action: str = ""
    reason: str = ""
    importing: Raw = ABSENT


class _Deferred(msgspec.Struct):
    reason: str = ""
    change: _Change = msgspec.field(default_factory=_Change)


class _Diagnostic(msgspec.Struct):
    severity: str = ""
    summary: str = ""
    address: str = ""


class _Output(msgspec.Struct):
    action: str = ""


class _Run:
    """What a run of the tool has said so far."""

    def __init__(self, path: str, stack: str) -> None:
        self._path, self._stack = path, stack
        self.tool = self.version = ""
        self.planned: dict[str, Resource] = {}
        self.drifts: dict[str, Resource] = {}
        self.deferred: dict[str, Resource] = {}
        self.errors: list[str] = []
        self.at: Millis | None = None
        self.plan: Summary | None = None
        self.applied = Applied()
        self.outputs = False

    def hears(self, message: _Message) -> bool:
        """Take in a message; whether it is one that means something here."""
        self.at = moment(message.at) or self.at
        hear = _HEARD.get(message.type)
        if hear is not None:
            hear(self, message)
        return hear is not None

    def begins(self, message: _Message) -> None:
        self.tool = "opentofu" if message.tofu else "terraform"
        self.version = version_of(message.tofu or message.terraform)
        check_major(self._path, "version of the log's format", message.ui or "1")

    def plans(self, message: _Message) -> None:
        change = part(message.change, _Change)
        if change is None or not change.resource.addr:
            return
        one = _resource(change, self._stack)
        if one.address in self.planned and one.action == "delete":  # of an object that was left behind
            one = replace(one, address=self._beside(one.address))
        self._keep(self.planned, one)

    def drifted(self, message: _Message) -> None:
        change = part(message.change, _Change)
        if change is not None and change.resource.addr:
            one = replace(_resource(change, self._stack), action="no-op", reason="")
            self._keep(self.drifts, replace(one, drift=_DRIFTS.get(change.action, "unknown")))

    def defers(self, message: _Message) -> None:
        found = part(message.deferred, _Deferred)
        if found is not None and found.change.resource.addr:
            reason = word_of(f"deferred_{found.reason}") or "deferred"
            self._keep(self.deferred, replace(_resource(found.change, self._stack), action="no-op", reason=reason))

    def starts(self, message: _Message) -> None:
        if (found := _hook(message, self._stack)) is not None:
            self.applied.start(found)

    def completes(self, message: _Message) -> None:
        if (found := _hook(message, self._stack)) is not None:
            self.applied.complete(found)

    def fails(self, message: _Message) -> None:
        self.applied.has_failed = True

    def sums_up(self, message: _Message) -> None:
        summary = part(message.changes, Summary)
        if summary is not None and summary.operation == "plan":
            self.plan = summary
        elif summary is not None:
            self.applied.summary = summary

    def diagnoses(self, message: _Message) -> None:
        found = part(message.diagnostic, _Diagnostic)
        if found is not None and found.severity == "error":
            said = error_of(found.summary, found.address)
            if said not in self.errors and len(self.errors) < MOST_ERRORS:
                self.errors.append(said)

    def gives(self, message: _Message) -> None:
        found = part(message.outputs, dict[str, _Output]) or {}
        self.outputs = self.outputs or any(one.action not in ("", "noop") for one in found.values())

    def as_part(self) -> Part:
        is_apply = self.applied.is_one
        is_over = bool(self.errors) or (self.applied.summary if is_apply else self.plan) is not None
        resources = self._resources()
        return Part(
            form="log", tool=self.tool, version=self.version, at=self.at, resources=resources,
            errors=tuple(self.errors), has_failed=bool(self.errors) or self.applied.has_failed, is_apply=is_apply,
            is_over=is_over, changes=self._changes(resources), complaint=self._complaint(is_over),
        )  # fmt: skip

    def _resources(self) -> tuple[Resource, ...]:
        """What was planned; of a plan that was made before, what was done. And what drifted, whatever is done to it."""
        found = self.planned or self.applied.resources()
        before = {one.moved_from: address for address, one in found.items() if one.moved_from}
        for address, one in self.drifts.items():
            at = address if address in found else before.get(address, address)
            found = {**found, at: replace(found[at], drift=one.drift)} if at in found else {**found, at: one}
        return tuple({**self.deferred, **found}.values())

    def _changes(self, resources: tuple[Resource, ...]) -> bool:
        return (
            bool(self.deferred)
            or self.outputs
            or any(one.action != "no-op" or one.moved_from or one.reason == "import" for one in resources)
        )

    def _complaint(self, is_over: bool) -> str:
        if not is_over:
            return "The log stops before the run did: it was cut, or the run was killed."
        if said := disagreement(self.plan, self.planned.values(), self.applied):
            return said
        if self.deferred:
            return f"The plan is not complete: {len(self.deferred):,} resources are put off to a later one."
        return ""

    def _beside(self, address: str) -> str:
        """The address of another object that was left behind; logs do not tell their keys."""
        named, number = address_of(address, "-"), 2
        while named in self.planned:
            named, number = f"{address_of(address, '-')} {number}", number + 1
        return named

    def _keep(self, where: dict[str, Resource], one: Resource) -> None:
        if len(where) >= MOST_RESOURCES:
            raise UnreadableError(self._path, f"it holds more than {MOST_RESOURCES:,} resources")
        where[one.address] = one


_HEARD: Final = {
    "version": _Run.begins, "planned_change": _Run.plans, "resource_drift": _Run.drifted,
    "deferred_change": _Run.defers, "apply_start": _Run.starts, "apply_complete": _Run.completes,
    "apply_errored": _Run.fails, "change_summary": _Run.sums_up, "diagnostic": _Run.diagnoses, "outputs": _Run.gives,
}  # fmt: skip


def read_log(file: ResultFile, data: bytes, stack: str) -> Part:
    """The last run in a log. Raises UnreadableError where there is none."""
    run, means_something = _Run(file.path, stack), False
    for message in _messages(data):
        if message.type == "version":
            run = _Run(file.path, stack)
        means_something = run.hears(message) or means_something
    if not means_something:
        raise UnreadableError(file.path, "it holds no message of `plan -json` or `apply -json`")
    return run.as_part()


def _messages(data: bytes) -> Iterator[_Message]:
    decoder, begin = decoder_of(_Message), 0
    while begin < len(data):
        end = data.find(b"\n", begin)
        end = end if end >= 0 else len(data)
        start = data.find(b'{"@', begin, end)
        if start >= 0 and end - start <= _LONGEST:
            with contextlib.suppress(*_WRONG):  # half a line, or another program's
                yield decoder.decode(data[start:end])
        begin = end + 1


def _resource(change: _Change, stack: str) -> Resource:
    at, previous = change.resource, change.previous_resource
    reason = _REASONS.get(change.reason) or word_of(change.reason)
    is_import = change.action == "import" or is_there(change.importing)
    return Resource(
        stack=stack, address=address_of(at.addr), type=name_of(at.resource_type), name=name_of(at.resource_name),
        module=address_of(at.module), mode="data" if at.resource.startswith("data.") else "managed",
        provider=provider_of(at.implied_provider), action=_ACTIONS.get(change.action, "unknown"),
        reason=reason or ("import" if is_import else ""),
        moved_from=address_of(previous.addr) if previous is not None else "",
    )  # fmt: skip


def _hook(message: _Message, stack: str) -> Resource | None:
    change = part(message.hook, _Change)
    return _resource(change, stack) if change is not None and change.resource.addr else None
