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
"""What stands as failed on its own screen, however little it matters: the tab says what is to be seen there."""

_ON_THE_WATCH: Final[Mapping[str, str]] = {"critical": "failed", "low": "missing"}
"""Severity -> how it is drawn there; others warn."""
_WORST: Final = ("failed", "warn", "missing")


def areas_of(sight: Mapping[str, Any]) -> dict[str, str]:
    """The worst status by main screen, and of models in production by `model/NAME`, of a sight as state.db keeps it;
    what is well is left out. Each as it is drawn there: the Watch goes by what matters, others by what is so."""
    found: dict[str, str] = {}
    for attention in sight.get("attentions") or ():
        if attention.get("ack"):
            continue
        _mark(found, "watch", _weighed(attention))
        for signal in attention.get("signals") or ():
            kind = signal.get("kind")
            is_failed = signal.get("severity") == "critical" or kind in FAILED
            if kind in AREA:
                _mark(found, AREA[kind], "failed" if is_failed else "warn")
            if signal.get("alias") and signal.get("model"):
                _mark(found, f"model/{signal['model']}", _weighed(signal))
    return found


def _weighed(told: Mapping[str, Any]) -> str:
    return _ON_THE_WATCH.get(told.get("severity") or "", "warn")


def _mark(found: dict[str, str], area: str, status: str) -> None:
    found[area] = min(status, found.get(area, status), key=_WORST.index)
