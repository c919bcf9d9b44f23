"""Alerts of the monitoring's own rules that fire."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from typing import Final, TypeAlias

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


Version: TypeAlias = tuple[str, str]
"""A model and its version, as labels say them."""


def named_version(alert: Alert) -> Version:
    """Of what version an alert speaks."""
    return alert.model, alert.labels.get("version", "")


def alert_signs(alerts: Sequence[Alert], production: Production, strange: Set[Version] = frozenset()) -> list[Sign]:
    """The signals of alerts that fire. `strange`: versions that no registry has, any of which may be what runs."""
    return [_alert(alert, production, strange) for alert in alerts if alert.state == "firing"]


def _alert(alert: Alert, production: Production, strange: Set[Version]) -> Sign:
    _, version = named_version(alert)
    eater = production.of(alert.model, version) if alert.model else None
    case = _LABELS.get(alert.severity.strip().casefold(), "high")
    if eater is None and alert.model in production.models and named_version(alert) not in strange:
        case = "other"
    whose = "" if not alert.model else f"{titled(eater) if eater else alert.model}  "
    name = alert.name or "an alert without a name"
    signal = Signal(
        kind="alert", subject=written("alert", alert.fingerprint), severity=severity("alert", case), state="firing",
        since=alert.since, title=f"{whose}{name} fires", refs=with_eater(ref("alert", alert.fingerprint), eater),
        reason=alert.summary or "a rule of the monitoring's own", **of_model(alert.model, version, eater),
    )  # fmt: skip
    group: Group = model_group(eater) if eater else ("alert", alert.source, alert.name, alert.model)
    return Sign(signal, group, source=alert.source)
