"""What Terraform said of the demo's infrastructure: a plan with drift, the state, and the log of the last apply.

The files are such as the tool writes with `-json`. The apply changed memory and nothing else, in the evening before
precision fell: it looks guilty, and is not. The drift is somebody's hand on the autoscaler.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from ..records import Millis
from .team import HOUR, MINUTE
from .world import World

FOLDER: Final = "infra"
TERRAFORM: Final = "1.9.8"
PROVIDER: Final = "registry.terraform.io/hashicorp/kubernetes"
APPLIED_BEFORE: Final[Millis] = 13 * HOUR
PLANNED_BEFORE: Final[Millis] = 2 * HOUR


def write_infrastructure(root: Path, world: World) -> None:
    """Write the three files below `root`. Raises OSError."""
    folder = root / FOLDER
    folder.mkdir(exist_ok=True)
    values = world.states[world.at(world.made)][1].values
    (folder / "plan.json").write_text(json.dumps(_plan(world.made - PLANNED_BEFORE, int(values["replicas"]))) + "\n")
    (folder / "state.json").write_text(json.dumps(_state(values["memory"], int(values["replicas"]))) + "\n")
    lines = _apply(world.made - APPLIED_BEFORE)
    (folder / "apply.log").write_text("".join(f"{json.dumps(line)}\n" for line in lines))


def _stamp(at: Millis) -> str:
    return datetime.fromtimestamp(at / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _resource(kind: str) -> dict[str, Any]:
    return {
        "address": f"{kind}.churn", "mode": "managed", "type": kind, "name": "churn", "provider_name": PROVIDER,
    }  # fmt: skip


def _scaler(most: int, least: int) -> dict[str, Any]:
    return {"metadata": [{"name": "churn"}], "spec": [{"min_replicas": least, "max_replicas": most}]}


def _plan(at: Millis, least: int) -> dict[str, Any]:
    """Somebody let the autoscaler grow to 12 by hand; the code says 8, and the plan would put it back."""
    deployment, scaler = _resource(_DEPLOYMENT), _resource(_SCALER)
    coded, found = _scaler(8, least), _scaler(12, least)
    same = {"actions": ["no-op"], "before": {}, "after": {}, "after_unknown": {}}
    return {
        "format_version": "1.2", "terraform_version": TERRAFORM, "timestamp": _stamp(at), "applyable": True,
        "complete": True, "errored": False,
        "resource_drift": [{**scaler, "change": {"actions": ["update"], "before": coded, "after": found}}],
        "resource_changes": [
            {**deployment, "change": same},
            {**scaler, "change": {"actions": ["update"], "before": found, "after": coded, "after_unknown": {}}},
        ],
        "planned_values": {"root_module": {}}, "configuration": {"root_module": {}},
    }  # fmt: skip


def _state(memory: str, least: int) -> dict[str, Any]:
    limits = {"spec": [{"container": [{"resources": [{"limits": {"memory": memory}}]}]}]}
    resources = [
        {**_resource(_DEPLOYMENT), "schema_version": 1, "values": limits},
        {**_resource(_SCALER), "schema_version": 0, "values": _scaler(8, least)},
    ]
    return {
        "format_version": "1.0", "terraform_version": TERRAFORM, "values": {"root_module": {"resources": resources}},
    }  # fmt: skip


def _apply(at: Millis) -> Iterable[dict[str, Any]]:
    """One update, as `apply -json` tells it."""
    hook = {"resource": {"addr": f"{_DEPLOYMENT}.churn", "resource": f"{_DEPLOYMENT}.churn", "module": "",
                         "resource_type": _DEPLOYMENT, "resource_name": "churn", "implied_provider": "kubernetes"},
            "action": "update"}  # fmt: skip
    summary = {"add": 0, "change": 1, "import": 0, "remove": 0, "operation": "apply"}
    told: tuple[tuple[str, str, dict[str, Any]], ...] = (
        ("version", f"Terraform {TERRAFORM}", {"terraform": TERRAFORM, "ui": "1.2"}),
        ("apply_start", f"{_DEPLOYMENT}.churn: Modifying...", {"hook": hook}),
        ("apply_complete", f"{_DEPLOYMENT}.churn: Modifications complete", {"hook": {**hook, "elapsed_seconds": 41}}),
        ("change_summary", "Apply complete! Resources: 0 added, 1 changed, 0 destroyed.", {"changes": summary}),
    )
    for number, (kind, message, more) in enumerate(told):
        yield {"@level": "info", "@message": message, "@module": "terraform.ui",
               "@timestamp": _stamp(at + number * MINUTE // 2), "type": kind, **more}  # fmt: skip


_DEPLOYMENT: Final = "kubernetes_deployment"
_SCALER: Final = "kubernetes_horizontal_pod_autoscaler_v2"
