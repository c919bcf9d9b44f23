"""How each area stands, for the tabs: the worst that needs attention in it and that nobody has taken on. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

AREA: Final[Mapping[str, str]] = {
    "threshold": "serving", "burn": "serving", "alert": "serving", "series stale": "serving",
    "alias vanished": "models", "alias unexplained": "models", "promoted with waiver": "models",
    "pipeline failed": "pipelines", "pipeline waits": "pipelines",
    "check failing": "checks", "check could not run": "checks", "check silent": "checks", "check loosened": "checks",
    "run failed": "runs", "run stuck": "runs",
    "drift": "infra", "apply failed": "infra",
    "data stale": "lineage",
}  # fmt: skip
"""On which main screen a kind of signal is seen."""

FAILED: Final = frozenset(
    {"threshold", "burn", "alert", "pipeline failed", "check failing", "run failed", "apply failed"}
)
"""What stands as failed on its own screen: its tab says so too where it is grave."""


def areas_of(sight: Mapping[str, Any]) -> dict[str, str]:
    """The worst status by main screen, of a sight as state.db keeps it; what is well is left out."""
    found: dict[str, str] = {}
    for attention in sight.get("attentions") or ():
        if attention.get("ack"):
            continue
        for signal in attention.get("signals") or ():
            severity, kind = signal.get("severity"), signal.get("kind")
            is_failed = severity == "critical" or (severity == "high" and kind in FAILED)
            status = "failed" if is_failed else "warn"
            for area in ("watch", AREA.get(kind, "watch")):
                found[area] = "failed" if "failed" in (status, found.get(area)) else status
    return found
