"""What Terraform leaves of a stack: `show -json` of state and plan, and the log of `apply -json`."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from .clock import SECOND, Millis, iso
from .results import keep

_VERSION: Final = "1.15.5"
_PROVIDER: Final = "registry.terraform.io/hashicorp/kubernetes"
Values = Mapping[str, Any]


class Stack:
    """A stack by its resources: address -> attributes."""

    def __init__(self, folder: Path, name: str, resources: Mapping[str, Values]) -> None:
        self.name = name
        self._folder = folder
        self._resources: dict[str, Values] = dict(resources)
        self._wanted: dict[str, Values | None] = dict(resources)

    def apply(self, at: Millis, changes: Mapping[str, Values | None], *, error: str = "") -> None:
        """What changes (None takes one away) is applied, and planned anew: all is in step.

        With an `error` the last one fails and stays as it was, and what there is is the plan of half a minute before.
        """
        before = dict(self._resources)
        for address, values in changes.items():
            self._wanted[address] = None if values is None else {**before.get(address, {}), **values}
        if error:
            self.plan(at - 30 * SECOND)
        lines = [_line(at, f"Terraform {_VERSION}", "version", terraform=_VERSION, ui="1.3")]
        done = list(changes)[:-1] if error else list(changes)
        for number, address in enumerate(changes, 1):
            action = "delete" if changes[address] is None else "update" if address in before else "create"
            lines += _applied(at + number * 2 * SECOND, address, action, "" if address in done else error)
        self._resources = {
            address: values for address in {**before, **dict.fromkeys(done)}
            if (values := self._wanted[address] if address in done else before[address]) is not None
        }  # fmt: skip
        ended = at + (len(changes) + 1) * 2 * SECOND
        if not error:
            lines.append(_summary(ended, changes, before))
        keep(self._folder / "apply.log", "\n".join(map(json.dumps, lines)) + "\n", ended)
        self._state(ended)
        if not error:
            self.plan(ended + 5 * SECOND)

    def plan(self, at: Millis, drifted: Mapping[str, Values] | None = None) -> None:
        """A plan of the code against what is there; `drifted` is what somebody changed by hand."""
        there = {address: {**values, **(drifted or {}).get(address, {})} for address, values in self._resources.items()}
        wanted = {address: values for address, values in self._wanted.items() if values is not None}
        changes = [_planned(address, there.get(address), wanted.get(address)) for address in {**there, **wanted}]
        drift = [_change(address, ["update"], self._resources[address], there[address]) for address in drifted or {}]
        content = {
            "format_version": "1.2", "terraform_version": _VERSION,
            "planned_values": {"root_module": {"resources": self._listed(wanted)}},
            **({"resource_drift": drift} if drift else {}), "resource_changes": changes,
            "prior_state": {"format_version": "1.0", "terraform_version": _VERSION,
                            "values": {"root_module": {"resources": self._listed(there)}}},
            "configuration": {"root_module": {}}, "timestamp": iso(at)[:19] + "Z",
            "applyable": any(one["change"]["actions"] != ["no-op"] for one in changes), "complete": True,
            "errored": False,
        }  # fmt: skip
        keep(self._folder / "plan.json", json.dumps(content), at)

    def _state(self, at: Millis) -> None:
        listed = self._listed(self._resources)
        content = {
            "format_version": "1.0",
            "terraform_version": _VERSION,
            "values": {"root_module": {"resources": listed}},
        }
        keep(self._folder / "state.json", json.dumps(content), at)

    def _listed(self, resources: Mapping[str, Values]) -> list[dict[str, Any]]:
        return [
            _named(address) | {"schema_version": 1, "values": dict(values)} for address, values in resources.items()
        ]


def _named(address: str) -> dict[str, Any]:
    kind, _, name = address.partition(".")
    return {"address": address, "mode": "managed", "type": kind, "name": name, "provider_name": _PROVIDER}


def _applied(at: Millis, address: str, action: str, error: str) -> list[dict[str, Any]]:
    """What the log says of one resource."""
    hook = {"resource": _resource(address), "action": action}
    began = _line(at, f"{address}: {action}", "apply_start", hook=hook)
    if not error:
        done = hook | {"id_key": "id", "id_value": address.rpartition(".")[2], "elapsed_seconds": 1}
        return [began, _line(at + SECOND, f"{address}: complete after 1s", "apply_complete", hook=done)]
    told = {"severity": "error", "summary": error, "detail": "", "address": address}
    failed = _line(at + SECOND, f"{address}: errored", "apply_errored", hook=hook | {"elapsed_seconds": 1})
    return [began, failed, _line(at + SECOND, f"Error: {error}", "diagnostic", level="error", diagnostic=told)]


def _planned(address: str, there: Values | None, wanted: Values | None) -> dict[str, Any]:
    if there is None or wanted is None:
        return _change(address, ["create"] if there is None else ["delete"], there, wanted)
    return _change(address, ["no-op"] if there == wanted else ["update"], there, wanted)


def _change(address: str, actions: Sequence[str], before: Values | None, after: Values | None) -> dict[str, Any]:
    change = {
        "actions": list(actions), "before": before, "after": after, "after_unknown": {}, "before_sensitive": {},
        "after_sensitive": {},
    }  # fmt: skip
    return _named(address) | {"change": change}


def _resource(address: str) -> dict[str, Any]:
    kind, _, name = address.partition(".")
    return {
        "addr": address, "module": "", "resource": address, "implied_provider": "kubernetes", "resource_type": kind,
        "resource_name": name, "resource_key": None,
    }  # fmt: skip


def _line(at: Millis, message: str, kind: str, *, level: str = "info", **more: Any) -> dict[str, Any]:
    head = {"@level": level, "@message": message, "@module": "terraform.ui", "@timestamp": iso(at)}
    return head | more | {"type": kind}


def _summary(at: Millis, changes: Mapping[str, Values | None], before: Mapping[str, Values]) -> dict[str, Any]:
    gone = sum(values is None for values in changes.values())
    there = sum(values is not None and address in before for address, values in changes.items())
    counts = {"add": len(changes) - gone - there, "change": there, "import": 0, "remove": gone, "operation": "apply"}
    told = f"{counts['add']} added, {there} changed, {gone} destroyed"
    return _line(at, f"Apply complete! Resources: {told}.", "change_summary", changes=counts)
