"""A replay of Prometheus' HTTP API on loopback: series as the story set them, in the server's own JSON."""

from __future__ import annotations

import json
import random
import threading
from bisect import bisect_right
from collections.abc import Callable, Mapping
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec

from .clock import HOUR, MINUTE, Millis, iso


class Line(msgspec.Struct):
    """One series: from when on it had which level. None: no samples from then on."""

    query: str
    labels: dict[str, str]
    levels: list[tuple[Millis, float | None]]
    wobble: float = 0.04
    """Noise, as a share of the level."""

    def value(self, at: Millis) -> float | None:
        """What it said at a moment; the same each time it is asked."""
        place = bisect_right([since for since, _ in self.levels], at)
        level = self.levels[place - 1][1] if place else None
        if level is None:
            return None
        return level * (1 + self.wobble * (2 * random.Random(f"{self.query} {at // MINUTE}").random() - 1))


class Firing(msgspec.Struct):
    """An alert: since when it fires, and until when."""

    labels: dict[str, str]
    summary: str
    since: Millis
    until: Millis | None = None


class Score(msgspec.Struct):
    """All that the server has to tell; kept with the world, so that it can be told again."""

    port: int = 0
    lines: list[Line] = []
    alerts: list[Firing] = []

    def line(self, query: str, at: Millis, level: float | None, **labels: str) -> None:
        """From `at` on the series of this query has this level."""
        found = next((one for one in self.lines if one.query == query and one.labels == labels), None)
        if found is None:
            found = Line(query, labels, [])
            self.lines.append(found)
        found.levels.append((at, level))

    def fire(self, name: str, at: Millis, summary: str, **labels: str) -> None:
        """An alert begins to fire."""
        self.alerts.append(Firing({"alertname": name, "severity": "page", **labels}, summary, at))


class Prometheus:
    """The server; `now` is the world's present, beyond which it knows nothing. Use it in a `with`."""

    def __init__(self, score: Score, now: Callable[[], Millis]) -> None:
        self.score = score
        server = ThreadingHTTPServer(("127.0.0.1", score.port), _handler(score, now))
        server.daemon_threads = True
        score.port = server.server_address[1]
        self._server = server
        threading.Thread(target=server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.score.port}"

    def close(self) -> None:
        """Listen no more."""
        self._server.shutdown()
        self._server.server_close()


def _handler(score: Score, now: Callable[[], Millis]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            self._answer(parts.path, parse_qs(parts.query))

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0"))).decode()
            parts = urlsplit(self.path)
            self._answer(parts.path, parse_qs(parts.query) | parse_qs(body))

        def _answer(self, path: str, asked: Mapping[str, list[str]]) -> None:
            data = answer(score, path, {key: values[0] for key, values in asked.items()}, now())
            told: dict[str, Any] = {"status": "success", "data": data}
            if data is None:
                told = {"status": "error", "errorType": "not_found", "error": f"{path} is not here"}
            body = json.dumps(told).encode()
            self.send_response(404 if data is None else 200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def date_time_string(self, timestamp: float | None = None) -> str:
            return super().date_time_string(now() / 1000 if timestamp is None else timestamp)

        def log_message(self, *_: object) -> None:
            pass

    return Handler


def answer(score: Score, path: str, asked: Mapping[str, str], now: Millis) -> dict[str, Any] | list[Any] | None:
    """The `data` of an answer; None for what there is not."""
    match path.removeprefix("/api/v1/"):
        case "query_range":
            since, until, step = _when(asked["start"]), _when(asked["end"]), _seconds(asked["step"])
            times = range(since, min(until, now) + 1, step)
            return {"resultType": "matrix", "result": _matrix(score, asked["query"], times)}
        case "query":
            at = min(_when(asked["time"]), now) if "time" in asked else now
            found = _matrix(score, asked["query"], range(at, at + 1))
            rows = [{"metric": one["metric"], "value": one["values"][0]} for one in found]
            return {"resultType": "vector", "result": rows}
        case "alerts":
            return {"alerts": [_alert(one) for one in score.alerts if _is_active(one, now)]}
        case "rules":
            return {"groups": []}
        case "status/buildinfo":
            return {
                "version": "2.42.0",
                "revision": "",
                "branch": "",
                "buildUser": "",
                "buildDate": "",
                "goVersion": "",
            }
    return None


def _matrix(score: Score, query: str, times: range) -> list[dict[str, Any]]:
    if query.startswith("ALERTS"):
        return _alerts(score, times)
    found = []
    for line in score.lines:
        told = [(at / 1000, repr(value)) for at in times if (value := line.value(at)) is not None]
        if line.query == query and told:
            found.append({"metric": line.labels, "values": told})
    return found


def _alerts(score: Score, times: range) -> list[dict[str, Any]]:
    """What Prometheus remembers of alerts, as the series ALERTS."""
    found: list[dict[str, Any]] = []
    for one in score.alerts:
        told = [(at / 1000, "1") for at in times if _is_active(one, at)]
        if told:
            named: dict[str, str] = {"__name__": "ALERTS", "alertstate": "firing", **one.labels}
            found.append({"metric": named, "values": told})
    return found


def _is_active(one: Firing, at: Millis) -> bool:
    return one.since <= at and (one.until is None or at < one.until)


def _alert(one: Firing) -> dict[str, Any]:
    return {
        "labels": one.labels, "annotations": {"summary": one.summary}, "state": "firing",
        "activeAt": iso(one.since), "value": "1e+00",
    }  # fmt: skip


def _when(text: str) -> Millis:
    try:
        return round(float(text) * 1000)
    except ValueError:
        return int(datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() * 1000)


def _seconds(text: str) -> Millis:
    units = {"s": 1_000, "m": MINUTE, "h": HOUR}
    return round(float(text[:-1]) * units[text[-1]]) if text[-1] in units else round(float(text) * 1000)
