"""A server that answers as Prometheus does, with the figures that a test gives it, and misbehaves as it is told."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from tests.servers.loopback import Asked, Told

MOST_POINTS = 11_000
Figure = Callable[[float], "float | str | None"]
"""Seconds -> value; None where there is none."""


@dataclass
class Answers:
    """What is there. `lines`: query -> its lines, each with labels and figures."""

    lines: dict[str, list[tuple[Mapping[str, str], Figure]]] = field(default_factory=dict)
    alerts: list[dict[str, Any]] = field(default_factory=list)
    refused: dict[str, Told] = field(default_factory=dict)
    """What a query, or "alerts", is answered with instead."""
    warnings: list[str] = field(default_factory=list)
    started: str = ""
    """When its process began, as it says so; "": it does not say."""
    ranges: list[dict[str, str]] = field(default_factory=list)
    """What was asked of query_range, in its order."""

    def answer(self, asked: Asked) -> Told:
        """One request."""
        if asked.path.endswith("/api/v1/alerts"):
            return self.refused.get("alerts") or Told({"status": "success", "data": {"alerts": self.alerts}})
        if self.started and asked.path.endswith("/api/v1/status/runtimeinfo"):
            return Told({"status": "success", "data": {"startTime": self.started, "CWD": "/"}})
        if not asked.path.endswith("/api/v1/query_range"):
            return Told(b"404 page not found\n", 404, {"Content-Type": "text/plain; charset=utf-8"})
        params = dict(parse_qsl(asked.body.decode())) if asked.method == "POST" else dict(asked.query)
        self.ranges.append(params)
        return self.refused.get(params["query"]) or self._range(params)

    def _range(self, params: Mapping[str, str]) -> Told:
        start, end, step = (round(1000 * float(params[key])) for key in ("start", "end", "step"))
        if (end - start) // step + 1 > MOST_POINTS:
            return error(400, "bad_data", "exceeded maximum resolution of 11,000 points per timeseries.")
        result = []
        for labels, figure in self.lines.get(params["query"], ()):
            values = [(at / 1000, figure(at / 1000)) for at in range(start, end + 1, step)]
            written = [[at, _text(value)] for at, value in values if value is not None]
            if written:
                result.append({"metric": labels, "values": written})
        told: dict[str, Any] = {"status": "success", "data": {"resultType": "matrix", "result": result}}
        return Told(told | ({"warnings": self.warnings} if self.warnings else {}))

    def asked(self, query: str) -> list[tuple[int, int, float]]:
        """Start, end and step in seconds of all requests for a query."""
        return [
            (int(one["start"]), int(one["end"]), float(one["step"])) for one in self.ranges if one["query"] == query
        ]  # fmt: skip


def error(status: int, kind: str, said: str) -> Told:
    """A refusal as the API writes it."""
    return Told({"status": "error", "errorType": kind, "error": said}, status)


def _text(value: float | str) -> str:
    return value if isinstance(value, str) else repr(value)
