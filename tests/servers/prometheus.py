"""A real Prometheus on loopback with an exporter of our own, and a past that is written into its store beforehand.

Needs Debian's package as `make test-tools` unpacks it, or the program that QUARTERDECK_PROMETHEUS names.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.servers.loopback import Asked, Loopback, Told

USER, PASSWORD = "ann", "test"
_HASHED = "$2b$12$hNf2lSsxfm0.i4a.1kVpSOVyBCfIB51VRjgBUyv6kdnyTlgWj81Ay"
"""The password as bcrypt has it: the example of Prometheus' own documentation."""
_PATIENCE = 60.0
_BUCKETS = ("0.05", "0.1", "0.2", "0.5", "+Inf")

_CONFIGURATION = """
global: {{scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s}}
rule_files: [rules.yml]
scrape_configs:
  - {{job_name: serving, static_configs: [{{targets: ["{target}"]}}]}}
"""

_RULES = """
groups:
  - name: serving
    rules:
      - alert: ExporterDown
        expr: up{job="serving"} == 0
        labels: {severity: page}
        annotations: {summary: "{{ $labels.instance }} is down, ask ann@example.com"}
      - alert: LowPrecision
        expr: model_precision < 0.7
        for: 1h
        labels: {severity: warning}
        annotations: {description: "{{ $labels.model }} v{{ $labels.version }} is at {{ $value }}"}
"""


class Exporter:
    """What a serving process exports: counters of requests, a histogram of how long they took, a gauge."""

    def __init__(self) -> None:
        self.good, self.bad, self.precision = 1_000, 0, "0.83"
        self._server = Loopback(self._answer)
        self.target = self._server.url.removeprefix("http://")
        self._server.start()

    def _answer(self, _: Asked) -> Told:
        self.good += 99  # some traffic between two scrapes
        self.bad += 1
        labels = 'model="churn",version="14"'
        every = self.good + self.bad
        lines = [
            "# TYPE predict_total counter",
            f'predict_total{{{labels},outcome="good"}} {self.good}',
            f'predict_total{{{labels},outcome="bad"}} {self.bad}',
            "# TYPE predict_seconds histogram",
            *(f'predict_seconds_bucket{{{labels},le="{le}"}} {every * at // 4}' for at, le in enumerate(_BUCKETS)),
            f"predict_seconds_count{{{labels}}} {every}",
            f"predict_seconds_sum{{{labels}}} {every / 10}",
            "# TYPE model_precision gauge",
            f"model_precision{{{labels}}} {self.precision}",
        ]
        # closed each time: on a connection that is kept, whoever stopped listening would go on answering
        headers = {"Content-Type": "text/plain; version=0.0.4", "Connection": "close"}
        return Told("\n".join([*lines, ""]).encode(), headers=headers)

    def stop(self) -> None:
        """Go away, as a crashed process does."""
        self._server.stop()


def executable(name: str = "prometheus") -> str:
    """Where the program is. The test fails with a sentence where it is nowhere."""
    given = os.environ.get("QUARTERDECK_PROMETHEUS")
    unpacked = Path(__file__).parents[2] / f".venvs/prometheus/usr/bin/{name}"
    beside = str(Path(given).with_name(name)) if given else ""
    found = beside or (str(unpacked) if unpacked.exists() else shutil.which(name))
    if not found or not Path(found).exists():
        pytest.fail(f"no {name}: run `make test-tools`, or name Prometheus in QUARTERDECK_PROMETHEUS", pytrace=False)
    return found


@contextmanager
def prometheus(folder: Path, target: str, past: str = "", *, with_login: bool = False) -> Iterator[str]:
    """The address of a server that scrapes `target` each second. `past` is OpenMetrics with times."""
    (folder / "prometheus.yml").write_text(_CONFIGURATION.format(target=target))
    (folder / "rules.yml").write_text(_RULES)
    (folder / "web.yml").write_text(f"basic_auth_users: {{{USER}: {_HASHED!r}}}\n" if with_login else "{}\n")
    if past:
        (folder / "past.txt").write_text(past)
        made = subprocess.run(
            [executable("promtool"), "tsdb", "create-blocks-from", "openmetrics", "past.txt", "data"],
            cwd=folder, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert made.returncode == 0, made.stderr
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    command = [
        executable(), "--config.file=prometheus.yml", "--web.config.file=web.yml", f"--web.listen-address={address}",
        "--storage.tsdb.path=data", "--log.level=warn",
    ]  # fmt: skip
    with (folder / "prometheus.log").open("wb") as log:
        server = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log, start_new_session=True)
        try:
            wait_until(lambda: _is_ready(address) or server.poll() is not None, "Prometheus is ready")
            assert server.poll() is None, (folder / "prometheus.log").read_text()[-2000:]
            yield f"http://{address}"
        finally:
            server.terminate()
            server.wait(20)


def _is_ready(address: str) -> bool:
    try:
        return httpx.get(f"http://{address}/-/ready", trust_env=False, auth=(USER, PASSWORD)).is_success
    except httpx.TransportError:
        return False


def wait_until(is_so: Callable[[], Any], what: str, seconds: float = _PATIENCE) -> Any:
    """What `is_so` gives as soon as it gives something."""
    deadline = time.monotonic() + seconds
    while not (found := is_so()):
        if time.monotonic() > deadline:
            pytest.fail(f"not within {seconds:g} s: {what}", pytrace=False)
        time.sleep(0.1)
    return found


def ask(url: str, path: str, **params: str) -> Any:
    """The data of one call of the API."""
    answer = httpx.get(f"{url}/api/v1/{path}", params=params, trust_env=False, auth=(USER, PASSWORD), timeout=30)
    return json.loads(answer.text)["data"]


def open_metrics(lines: Sequence[tuple[str, str, Sequence[tuple[float, float | str]]]]) -> str:
    """Text for `past`: name, labels as they are written, and the points (seconds, value) of each."""
    text: list[str] = []
    for name in dict.fromkeys(name for name, _, _ in lines):
        text.append(f"# TYPE {name} gauge")
        text += [
            f"{name}{{{labels}}} {value} {at:.3f}" for one, labels, points in lines if one == name
            for at, value in points
        ]  # fmt: skip
    return "\n".join([*text, "# EOF", ""])
