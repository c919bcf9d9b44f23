"""What can be copied of lines of production and of alerts: id, command, Markdown, JSON. Pure: records in, text out."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable, Sequence
from typing import Any

from .comparison.forms import code
from .copies import Copy
from .exact import iso, number
from .monitoring import Burn, standing
from .records import Alert, Millis, MonitorSeries, Samples, Subject
from .text import shown


def series_copies(series: Sequence[MonitorSeries], now: Millis, samples: Samples | None = None) -> list[Copy]:
    """The forms of one line, or of several at once; none where there is none. `samples`: the points of one."""
    if not series:
        return []
    several = "s" if len(series) > 1 else ""
    made = [series_json(one, now, samples=samples) for one in series]
    return [
        Copy(f"id{several}", "\n".join(one.key for one in series)),
        Copy(f"command{several}", "\n".join(_command("series", one.key) for one in series)),
        *([Copy("query", series[0].query)] if len(series) == 1 and series[0].query else []),
        Copy("Markdown", "\n".join(_series_markdown(one, now) for one in series)),
        Copy("JSON", _json(made)),
    ]


def alert_copies(alerts: Sequence[Alert]) -> list[Copy]:
    """The forms of one alert, or of several at once; none where there is none."""
    if not alerts:
        return []
    several = "s" if len(alerts) > 1 else ""
    return [
        Copy(f"name{several}", "\n".join(alert.name for alert in alerts)),
        Copy(f"id{several}", "\n".join(alert.fingerprint for alert in alerts)),
        Copy(f"command{several}", "\n".join(_command("alert", alert.fingerprint) for alert in alerts)),
        Copy("Markdown", "\n".join(_alert_markdown(alert) for alert in alerts)),
        Copy("JSON", _json([alert_json(alert) for alert in alerts])),
    ]


def series_json(
    series: MonitorSeries, now: Millis, burns: tuple[Burn, ...] = (), samples: Samples | None = None
) -> dict[str, Any]:  # fmt: skip
    """A line as a script gets it. `points` only where they are given, as [time, value]; of an objective the shares."""
    made: dict[str, Any] = {
        "key": series.key,
        "subject": _subject("series", series.key),
        "name": series.name,
        "shown": shown(series.name),
        "kind": series.kind,
        "model": series.model,
        "version": series.version,
        "labels": dict(series.labels),
        "unit": series.unit,
        "value": number(series.value),
        "at": iso(series.at),
        "state": standing(series, now, burns),
        "min": series.min,
        "max": series.max,
        "objective": series.objective,
        "bad_since": iso(series.bad_since),
        "last_good_at": iso(series.last_good_at),
        "label_delay_ms": series.label_delay,
        "step_ms": series.step,
        "looked_at": iso(series.looked_at),
        "query": series.query,
        "source": series.source,
    }
    if samples is not None:
        pairs = zip(samples.times, samples.shares(), strict=True)
        made["points"] = [[iso(at), number(value)] for at, value in pairs]
    return made


def alert_json(alert: Alert) -> dict[str, Any]:
    """An alert as a script gets it."""
    return {
        "fingerprint": alert.fingerprint,
        "subject": _subject("alert", alert.fingerprint),
        "name": alert.name,
        "shown": shown(alert.name),
        "state": alert.state,
        "severity": alert.severity,
        "model": alert.model,
        "labels": dict(alert.labels),
        "summary": alert.summary,
        "value": number(alert.value),
        "since": iso(alert.since),
        "ended_at": iso(alert.ended_at),
        "ended_not_before": iso(alert.ended_not_before),
        "source": alert.source,
    }


def _series_markdown(series: MonitorSeries, now: Millis) -> str:
    bounds = {"at least": series.min, "at most": series.max, "objective": series.objective}
    facts = {
        "model": f"{series.model} {series.version}".strip(),
        "value": "" if series.value is None else f"{number(series.value)} {series.unit}".strip(),
        "at": iso(series.at),
        **{word: None if bound is None else f"{bound:g} {series.unit}".strip() for word, bound in bounds.items()},
        "bad since": iso(series.bad_since),
        "good last": iso(series.last_good_at),
        "labels": ", ".join(f"{key}={value}" for key, value in sorted(series.labels.items())),
        "query": series.query,
    }
    return _table("series", series.name, standing(series, now), series.key, facts)


def _alert_markdown(alert: Alert) -> str:
    facts = {
        "severity": alert.severity,
        "model": alert.model,
        "since": iso(alert.since),
        "over": iso(alert.ended_at),
        "summary": alert.summary,
        "labels": ", ".join(f"{key}={value}" for key, value in sorted(alert.labels.items())),
    }
    return _table("alert", alert.name, alert.state, alert.fingerprint, facts)


def _table(kind: str, name: str, stands: str, native: str, facts: dict[str, str | None]) -> str:
    lines = [
        f"### {kind} {code(name)}: {stands}",
        "",
        _row(("", kind)),
        _row(("---", "---")),
        _row(("id", code(native))),
    ]
    lines += [_row((fact, code(value))) for fact, value in facts.items() if value]
    return "\n".join(lines) + "\n"


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _subject(kind: str, native: str) -> str:
    return str(Subject(kind=kind, parts=(native,)))


def _command(kind: str, native: str) -> str:
    # a subject is percent-encoded: nothing in it is special to a shell
    return f"quarterdeck open {shlex.quote(_subject(kind, native))}"


def _json(made: Sequence[dict[str, Any]]) -> str:
    """An object for one, an array for several, in ASCII."""
    return json.dumps(made if len(made) > 1 else made[0], allow_nan=False, indent=2) + "\n"
