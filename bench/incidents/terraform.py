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

    def apply(self, at: Millis, changes: Mapping[str, Values | None], *, error: str = "") -> None:
        """What changes (None takes one away) is applied; with an `error` the last one fails and stays as it was."""
        before = dict(self._resources)
        lines = [_line(at, f"Terraform {_VERSION}", "version", terraform=_VERSION, ui="1.3")]
        for number, (address, values) in enumerate(changes.items(), 1):
            is_last = number == len(changes)
            action = "delete" if values is None else "update" if address in before else "create"
            when = at + number * 2 * SECOND
            hook = {"resource": _resource(address), "action": action}
            lines.append(_line(when, f"{address}: {action}", "apply_start", hook=hook))
            if error and is_last:
                lines.append(
                    _line(when + SECOND, f"{address}: errored", "apply_errored", hook=hook | {"elapsed_seconds": 1})
                )
                told = {"severity": "error", "summary": error, "detail": "", "address": address}
                lines.append(_line(when + SECOND, f"Error: {error}", "diagnostic", level="error", diagnostic=told))
                break
            done = hook | {"id_key": "id", "id_value": address.rpartition(".")[2], "elapsed_seconds": 1}
            lines.append(_line(when + SECOND, f"{address}: complete after 1s", "apply_complete", hook=done))
            if values is None:
                self._resources.pop(address)
            else:
                self._resources[address] = {**before.get(address, {}), **values}
        ended = at + (len(changes) + 1) * 2 * SECOND
        if not error:
            lines.append(_summary(ended, changes, before))
        keep(self._folder / "apply.log", "\n".join(map(json.dumps, lines)) + "\n", ended)
        self._state(ended)
        self.plan(ended + 5 * SECOND)

    def plan(self, at: Millis, drifted: Mapping[str, Values] | None = None) -> None:
        """A plan of the code against what is there; `drifted` is what somebody changed by hand."""
        there = {address: {**values, **(drifted or {}).get(address, {})} for address, values in self._resources.items()}
        changes = [
            _change(
                address,
                ["update"] if values != self._resources[address] else ["no-op"],
                values,
                self._resources[address],
            )
            for address, values in there.items()
        ]
        drift = [
            _change(address, ["update"], self._resources[address], there[address]) for address in drifted or {}
        ]  # fmt: skip
        content = {
            "format_version": "1.2", "terraform_version": _VERSION,
            "planned_values": {"root_module": {"resources": self._listed(self._resources)}},
            **({"resource_drift": drift} if drift else {}), "resource_changes": changes,
            "prior_state": {"format_version": "1.0", "terraform_version": _VERSION,
                            "values": {"root_module": {"resources": self._listed(there)}}},
            "configuration": {"root_module": {}}, "timestamp": iso(at)[:19] + "Z", "applyable": bool(drift),
            "complete": True, "errored": False,
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
