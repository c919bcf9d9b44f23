"""The JSON of Prometheus' HTTP API (v1) -> lines and alerts. Pure. Recorded answers of 2.42 are in the tests.

What its words mean here: a sample is `[seconds, "text"]`, where the text may be NaN, +Inf or -Inf; an empty result is
a good answer; `__name__` is the metric's name and no label; native histograms come beside the values, and are none.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from ...errors import SourceError
from ...records import Alert, Millis, alert_fingerprint
from ..trouble import quoted

NAME: Final = "__name__"
STATE: Final = "alertstate"
LONGEST: Final = 300
"""Characters that are kept of what an alert says."""

_MASK: Final = "…"
_LOGIN: Final = re.compile(r"://[^/\s@]{1,200}@")
_ADDRESS: Final = re.compile(r"[\w.+-]{1,64}@[\w-]{1,64}(?:\.[\w-]{1,64})+")
_SECRET: Final = re.compile(
    r"\b((?:pass(?:word|wd)?|secret|token|api[_-]?key|bearer)\s?[:= ]\s?)[^\s…]\S*", re.IGNORECASE
)
_TOKEN: Final = re.compile(r"[A-Za-z0-9_+=-]{32,}")


class Result(msgspec.Struct):
    """One line of a matrix."""

    metric: Mapping[str, str] = {}
    values: list[tuple[float, str]] | None = None
    histograms: list[Any] | None = None


class Matrix(msgspec.Struct, rename="camel"):
    """The data of `query_range`."""

    result_type: str = ""
    result: list[Result] | None = None
    """What is empty may be null, here and elsewhere: servers in Go write it so where nobody minds."""


class RangeAnswer(msgspec.Struct):
    """The answer of `query_range`."""

    status: str
    data: Matrix
    warnings: list[str] | None = None


class RawAlert(msgspec.Struct, rename="camel"):
    """An alert that is active."""

    labels: Mapping[str, str] | None = None
    annotations: Mapping[str, str] | None = None
    state: str = ""
    active_at: str = ""
    value: str = ""


class RawAlerts(msgspec.Struct):
    """The data of `alerts`."""

    alerts: list[RawAlert] | None


class AlertsAnswer(msgspec.Struct):
    """The answer of `alerts`."""

    status: str
    data: RawAlerts


class Runtime(msgspec.Struct, rename="camel"):
    """The data of `status/runtimeinfo`."""

    start_time: str = ""


class RuntimeAnswer(msgspec.Struct):
    """The answer of `status/runtimeinfo`."""

    status: str
    data: Runtime


class Refusal(msgspec.Struct, rename="camel"):
    """What the API says where it does not answer."""

    error_type: str
    error: str = ""


range_answer: Final = msgspec.json.Decoder(RangeAnswer)
alerts_answer: Final = msgspec.json.Decoder(AlertsAnswer)
runtime_answer: Final = msgspec.json.Decoder(RuntimeAnswer)
refusal: Final = msgspec.json.Decoder(Refusal)


class Line(msgspec.Struct, frozen=True, eq=False):
    """One set of labels (without the metric's name) and its points, by time."""

    labels: Mapping[str, str]
    times: array[int]
    """UTC milliseconds."""
    values: array[float]


def parse_lines(matrix: Matrix) -> list[Line]:
    """The lines of a matrix. Raises SourceError("not_understood") for another type of result, for native histograms,
    and for lines that only the metric's name tells apart."""
    if matrix.result_type != "matrix":
        raise SourceError(f"the answer is a {quoted(matrix.result_type) or 'result of no type'}", "not_understood")
    results = matrix.result or []
    if any(one.histograms and not one.values for one in results):
        raise SourceError(
            "it gives native histograms: histogram_quantile, histogram_count or histogram_avg make figures of them",
            "misconfigured",
        )
    lines = [_line(one) for one in results]
    if len({frozenset(line.labels.items()) for line in lines}) < len(lines):
        raise SourceError(
            "it gives metrics of several names with the same labels: name one, or aggregate them", "misconfigured"
        )
    return lines


def _line(raw: Result) -> Line:
    labels = {key: value for key, value in raw.metric.items() if key != NAME}
    values = raw.values or []
    times = array("q", [round(at * 1000) for at, _ in values])
    return Line(labels, times, array("d", [number(text) for _, text in values]))


def number(text: str) -> float:
    """A sample's value: "NaN", "+Inf" and "-Inf" as they are. Raises SourceError("not_understood") for what is none."""
    try:
        return float(text)
    except ValueError as error:
        raise SourceError(f"a value is no number: “{quoted(text)}”", "not_understood") from error


def parse_alert(raw: RawAlert, source: str, now: Millis, model_labels: Sequence[str]) -> Alert | None:
    """An alert that fires or is pending; None for one in another state. `now` stands for a time that is not told."""
    if raw.state not in ("firing", "pending"):
        return None
    notes = raw.annotations or {}
    said = notes.get("summary") or notes.get("description") or notes.get("message", "")
    return make_alert(
        raw.labels or {}, source, model_labels, since=millis(raw.active_at) or now, state=raw.state,
        summary=told(said), value=_value(raw.value),
    )  # fmt: skip


def make_alert(
    labels: Mapping[str, str], source: str, model_labels: Sequence[str], *, since: Millis, **facts: Any
) -> Alert:
    """An alert with these labels; `model_labels` are those that may name the model that it speaks of."""
    return Alert(
        source=source,
        fingerprint=alert_fingerprint(source, labels),
        name=labels.get("alertname", ""),
        labels=labels,
        severity=labels.get("severity", ""),
        model=next((labels[label] for label in model_labels if labels.get(label)), ""),
        since=since,
        **facts,
    )


def _value(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def told(text: str) -> str:
    """What people wrote into an alert as one line of at most `LONGEST` characters, without addresses and secrets."""
    line = " ".join(text[: 4 * LONGEST].split())
    line = _ADDRESS.sub(_MASK, _LOGIN.sub(f"://{_MASK}@", line))
    line = _TOKEN.sub(_MASK, _SECRET.sub(rf"\1{_MASK}", line))
    return line if len(line) <= LONGEST else line[: LONGEST - 1] + _MASK


def millis(text: str) -> Millis | None:
    """RFC 3339 as UTC milliseconds; None for what is none, and for the year 1 that stands for never."""
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        return None
    at = int((when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp() * 1000)
    return at if at > 0 else None


def past_alerts(
    answers: Iterable[tuple[Iterable[Line], Millis]], until: Millis, make: Callable[..., Alert]
) -> list[Alert]:
    """Stretches of firing that were over at `until`, out of lines of ALERTS and the step that each was asked with.

    One that lasts until then is left out: the alerts of now tell of it. Between two points nobody knows: the truth of
    an end lies in [ended_not_before, ended_at], and the one of a beginning in the step before `since`.
    """
    found: list[Alert] = []
    for labels, points in _by_labels(answers).items():
        for first, last, step in _stretches(points):
            if last + step <= until:
                known = {key: value for key, value in labels if key != STATE}
                found.append(make(known, since=first, state="over", ended_at=last + step, ended_not_before=last))
    return sorted(found, key=lambda alert: (alert.since, alert.fingerprint))


_Points = list[tuple[Millis, Millis]]
"""Time, and the step that it was asked with."""


def _by_labels(answers: Iterable[tuple[Iterable[Line], Millis]]) -> dict[frozenset[tuple[str, str]], _Points]:
    found: dict[frozenset[tuple[str, str]], _Points] = {}
    for lines, step in answers:
        for line in lines:
            found.setdefault(frozenset(line.labels.items()), []).extend((at, step) for at in line.times)
    return found


def _stretches(points: _Points) -> list[tuple[Millis, Millis, Millis]]:
    """First and last time of each stretch without a hole, and the step at its end."""
    found: list[tuple[Millis, Millis, Millis]] = []
    for at, step in sorted(points):
        if found and at - found[-1][1] <= 1.5 * max(step, found[-1][2]):
            found[-1] = (found[-1][0], at, step)
        else:
            found.append((at, at, step))
    return found
