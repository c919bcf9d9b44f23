"""A plan, a state and logs with a word planted in every place where a value can stand."""

from __future__ import annotations

import json
from typing import Any

PLACES: list[str] = []
"""The words that were planted; each has its place in it."""


def secret(place: str) -> str:
    """A word for a place, of the kind that nothing masks."""
    word = f"sesame{place}"
    if word not in PLACES:
        PLACES.append(word)
    return word


def values(of: str) -> dict[str, Any]:
    """Attributes of a resource with words in all shapes, and in keys of maps."""
    return {
        "text": secret(f"{of}text"), "number": 1, "list": [secret(f"{of}list")],
        "map": {secret(f"{of}mapkey"): secret(f"{of}mapvalue")}, "block": [{"inner": secret(f"{of}inner")}],
        "json": json.dumps({secret(f"{of}jsonkey"): secret(f"{of}json")}), "password": secret(f"{of}password"),
    }  # fmt: skip


MASK = {"password": True, "map": {secret("maskkey"): True}}


def change(of: str, *actions: str) -> dict[str, Any]:
    return {
        "actions": list(actions), "before": values(f"{of}before"), "after": values(f"{of}after"),
        "after_unknown": {"id": True, "map": {secret(f"{of}unknownkey"): True}},
        "before_sensitive": MASK, "after_sensitive": MASK,
        "replace_paths": [["text"], ["map", secret(f"{of}pathkey")], ["block", 0, "inner"]],
        "importing": {"id": secret(f"{of}importid"), "identity": {"arn": secret(f"{of}importidentity")}},
        "generated_config": f'resource "a" "b" {{ password = "{secret(f"{of}generated")}" }}',
        "before_identity": {"arn": secret(f"{of}beforeidentity")},
        "after_identity": {"arn": secret(f"{of}afteridentity")},
    }  # fmt: skip


def entry(of: str, *actions: str, **more: Any) -> dict[str, Any]:
    return {
        "address": f"acme_thing.{of}", "mode": "managed", "type": "acme_thing", "name": of,
        "provider_name": "registry.terraform.io/acme/acme", "change": change(of, *actions), **more,
    }  # fmt: skip


def module(of: str) -> dict[str, Any]:
    one = {
        "address": f"acme_thing.{of}", "mode": "managed", "type": "acme_thing", "name": of,
        "provider_name": "registry.terraform.io/acme/acme", "schema_version": 0, "values": values(of),
        "sensitive_values": MASK, "depends_on": ["acme_thing.other"], "identity": {"arn": secret(f"{of}identity")},
    }  # fmt: skip
    return {"resources": [one], "child_modules": [{"address": "module.m", "resources": [
        {**one, "address": f"module.m.acme_thing.{of}", "values": values(f"{of}child")},
    ]}]}  # fmt: skip


def outputs(of: str) -> dict[str, Any]:
    return {"plain": {"value": secret(f"{of}output"), "type": "string"},
            "hidden": {"value": secret(f"{of}hiddenoutput"), "sensitive": True}}  # fmt: skip


def state(of: str = "state") -> dict[str, Any]:
    return {
        "format_version": "1.0", "terraform_version": "1.15.5",
        "values": {"outputs": outputs(of), "root_module": module(of)},
        "checks": [{"instances": [{"problems": [{"message": secret(f"{of}problem")}]}], "status": "fail"}],
    }  # fmt: skip


def plan() -> dict[str, Any]:
    expression = {"constant_value": secret("constant"), "references": [secret("reference")]}
    return {
        "format_version": "1.2", "terraform_version": "1.15.5", "timestamp": "2026-11-22T09:38:15Z",
        "applyable": True, "complete": False, "errored": False,
        "variables": {"password": {"value": secret("variable")}},
        "planned_values": {"outputs": outputs("planned"), "root_module": module("planned")},
        "prior_state": state("prior"),
        "resource_changes": [
            entry("made", "create"), entry("changed", "update"), entry("replaced", "delete", "create"),
            entry("gone", "delete", action_reason="delete_because_no_resource_config"), entry("read", "read"),
            entry("still", "no-op"), entry("left", "delete", deposed="9f3ad1c0"),
            entry("odd", "update", action_reason=f"As {secret('reason')}", provider_name=f"a b {secret('provider')}"),
        ],
        "resource_drift": [entry("changed", "update"), entry("drifted", "update"), entry("gone", "delete")],
        "deferred_changes": [{"reason": f"Because {secret('deferred')}", "resource_change": entry("later", "create")}],
        "output_changes": {"hidden": {**change("output", "update")}},
        "configuration": {
            "provider_config": {"acme": {"expressions": {"token": expression}}},
            "root_module": {"resources": [{"expressions": {"password": expression}}],
                            "variables": {"password": {"default": secret("default")}}},
        },
        "relevant_attributes": [{"resource": "acme_thing.made", "attribute": ["map", secret("relevant")]}],
        "checks": [{"instances": [{"problems": [{"message": secret("planproblem")}]}], "status": "fail"}],
        "action_invocations": [{"address": "action.a.b", "config_values": values("invoked")}],
        "surprise": values("surprise"),
    }  # fmt: skip


def log(began: str) -> str:
    """Of an apply that failed. `began`: the time of its messages."""
    at = {"addr": "acme_thing.made", "module": "", "resource": "acme_thing.made", "implied_provider": "acme",
          "resource_type": "acme_thing", "resource_name": "made", "resource_key": None}  # fmt: skip
    hook = {"resource": at, "action": "create", "id_key": "id", "id_value": secret("id")}
    summary = f'Wrong password "{secret("summary")}", password={secret("summarykey")} of {secret("x")}@example.com'
    diagnostic = {
        "severity": "error", "address": "acme_thing.made", "summary": summary,
        "detail": f"The server said {secret('detail')}",
        "range": {"filename": "main.tf", "start": {"line": 1, "column": 1, "byte": 0}},
        "snippet": {"context": secret("context"), "code": f"password = {secret('code')}", "start_line": 1,
                    "values": [{"traversal": "var.password", "statement": f"is {secret('snippet')}"}]},
    }  # fmt: skip
    planned = {
        "resource": at,
        "action": "create",
        "importing": {"id": secret("logid")},
        "generated_config": secret("made"),
    }
    given = {"plain": {"value": secret("logoutput"), "sensitive": False, "action": "create"}}
    told = {"resource": at, "provisioner": "local-exec", "output": secret("provision")}
    messages: list[dict[str, Any]] = [
        {"type": "version", "terraform": "1.15.5", "ui": "1.3"},
        {"type": "log", "output": secret("log")},
        {"type": "refresh_start", "hook": hook},
        {"type": "planned_change", "change": planned},
        {"type": "resource_drift", "change": {"resource": at, "action": "update"}},
        {"type": "change_summary", "changes": {"add": 1, "change": 0, "remove": 0, "operation": "plan"}},
        {"type": "outputs", "outputs": given},
        {"type": "apply_start", "hook": hook},
        {"type": "provision_progress", "hook": told},
        {"type": "apply_errored", "hook": hook},
        {"type": "action_errored", "hook": {"error": secret("actionerror")}},
        {"type": "diagnostic", "diagnostic": diagnostic},
    ]
    head = {"@level": "info", "@message": secret("message"), "@module": "terraform.ui", "@timestamp": began}
    text = "".join(f"{json.dumps({**head, **one})}\n" for one in messages)
    return f"[command] terraform apply -var password={secret('commandline')}\n{text}{secret('trailing')}\n"
