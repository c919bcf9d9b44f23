"""Alerts of the monitoring's own rules that fire."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from ..records import Alert, Signal
from .production import Production, model_group, of_model, titled, with_eater
from .severity import severity
from .signs import Group, Sign, ref, written

_LABELS: Final[Mapping[str, str]] = {
    **dict.fromkeys(("critical", "page", "fatal", "emergency", "crit", "p1", "sev1"), "critical"),
    **dict.fromkeys(("warning", "warn", "minor", "p3", "sev3"), "warning"),
    **dict.fromkeys(("info", "information", "informational", "low", "none", "notice", "p4", "p5", "sev4"), "info"),
}
"""What teams write into the label severity -> case of the table; any other word is high."""
MOST_ALERTS: Final = 2_000
"""Alerts that are looked at, the newest."""


def alert_signs(alerts: Sequence[Alert], production: Production) -> list[Sign]:
    """The signals of alerts that fire."""
    return [_alert(alert, production) for alert in alerts if alert.state == "firing"]


def _alert(alert: Alert, production: Production) -> Sign:
    version = alert.labels.get("version", "")
    eater = production.of(alert.model, version) if alert.model else None
    case = _LABELS.get(alert.severity.strip().casefold(), "high")
    if eater is None and alert.model in production.models:
        case = "other"
    whose = "" if not alert.model else f"{titled(eater) if eater else alert.model}  "
    signal = Signal(
        kind="alert", subject=written("alert", alert.fingerprint), severity=severity("alert", case), state="firing",
        since=alert.since, title=f"{whose}{alert.name} fires", refs=with_eater(ref("alert", alert.fingerprint), eater),
        reason=alert.summary or "a rule of the monitoring's own", **of_model(alert.model, version, eater),
    )  # fmt: skip
    group: Group = model_group(eater) if eater else ("alert", alert.source, alert.name, alert.model)
    return Sign(signal, group, source=alert.source)
