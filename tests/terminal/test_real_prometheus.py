"""A real Prometheus, an exporter of our own and days of past, from the settings to what a script gets.

Needs `.venvs/prometheus`; `make test-tools` makes it.
"""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from bench.terminal import QUARTERDECK
from tests.servers.prometheus import PASSWORD, USER, Exporter, ask, open_metrics, prometheus, wait_until

from .conftest import StartTerminal

pytestmark = pytest.mark.tools
_SOON = 60.0
"""Seconds in which the syncer has asked, and the screen has heard of it."""
MINUTE, HOUR, DAY = 60, 3_600, 86_400
WENT = 40 * MINUTE
"""Seconds ago that version 13 was served last."""

SETTINGS = """
[project]
name = "churn"

[sync]
every = "1s"

[[monitors]]
kind = "prometheus"
base_url = "{url}"
step = "1s"
username_env = "PROM_USER"
password_env = "PROM_PASSWORD"

[[monitors.series]]
name = "precision"
query = "model_precision"
model_label = "model"
kind = "business"
min = 0.7

[[monitors.series]]
name = "p95 latency"
query = "histogram_quantile(0.95, sum by (le, model, version) (rate(predict_seconds_bucket[10s])))"
model_label = "model"
max = 0.2
unit = "s"

[[monitors.series]]
name = "answered"
objective = 0.999
good = 'sum by (model, version) (rate(predict_total{{outcome="good"}}[10s]))'
total = "sum by (model, version) (rate(predict_total[10s]))"
model_label = "model"

[[monitors.series]]
name = "misspelt"
query = "sum by (model"
model = "churn"
"""


def past(now: float) -> str:
    """Version 13 over four days, with a night in which its precision was low and an alert fired."""
    began, low = now - 4 * DAY, (now - 3 * DAY, now - 3 * DAY + 4 * HOUR)
    figures = [
        (at, 0.61 if low[0] <= at < low[1] else 0.83)
        for at in (began + MINUTE * minute for minute in range(4 * 1440 - WENT // MINUTE))
    ]
    fired = [(low[0] + MINUTE * minute, 1) for minute in range(240)]
    return open_metrics([
        ("model_precision", 'model="churn",version="13"', figures),
        ("ALERTS", 'alertname="LowPrecision",alertstate="firing",model="churn",severity="warning",version="13"', fired),
    ])  # fmt: skip


class World:
    """The server, the exporter, and the program on them."""

    def __init__(self, url: str, exporter: Exporter, folder: Path) -> None:
        self.url, self.exporter, self.folder = url, exporter, folder
        self.password = PASSWORD
        (folder / "quarterdeck.toml").write_text(SETTINGS.format(url=url))

    def quarterdeck(self, *words: str) -> subprocess.CompletedProcess[str]:
        """The program, as a shell starts it."""
        environment = {**os.environ, "PROM_USER": USER, "PROM_PASSWORD": self.password}
        return subprocess.run(
            [*QUARTERDECK, *words], cwd=self.folder, env=environment, capture_output=True, text=True, check=False,
            timeout=120,
        )  # fmt: skip

    def json(self, *words: str) -> list[dict[str, Any]]:
        """What a script gets."""
        done = self.quarterdeck(*words, "--json")
        assert done.stdout, done.stderr
        read: list[dict[str, Any]] = json.loads(done.stdout)
        return read

    def lines(self) -> dict[tuple[str, str], dict[str, Any]]:
        """All lines after a pass, by name and version."""
        assert self.quarterdeck("sync").returncode in (0, 1, 3)
        return {(one["name"], one["version"]): one for one in self.json("monitors", "--since", "15d")}


@contextmanager
def made(folder: Path, before: str = "") -> Iterator[World]:
    """A world whose exporter runs for some seconds."""
    exporter = Exporter()
    server, project = folder / "server", folder / "project"
    server.mkdir()
    project.mkdir()
    with prometheus(server, exporter.target, before, with_login=True) as url:
        world = World(url, exporter, project)
        assert world.quarterdeck("trust", "--yes").returncode == 0
        wait_until(lambda: len(ask(url, "query", query="rate(predict_total[10s])")["result"]) == 2, "rates are there")
        yield world
        exporter.stop()


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with made(tmp_path) as found:
        yield found


@pytest.fixture
def old_world(tmp_path: Path) -> Iterator[World]:
    with made(tmp_path, past(time.time())) as found:
        yield found


def test_from_an_exporter_to_what_a_script_gets(old_world: World) -> None:
    world = old_world
    lines = {("precision", "13"), ("precision", "14"), ("p95 latency", "14"), ("answered", "14")}
    found = wait_until(lambda: (now := world.lines()).keys() == lines and now, "each line has a point")

    old, new = found["precision", "13"], found["precision", "14"]
    assert (new["model"], new["kind"], new["state"], new["value"], new["min"]) == (
        "churn", "business", "good", 0.83, 0.7,
    )  # fmt: skip
    assert old["state"] == "stale"  # its exporter went; the server answers all the same
    figures = {value for _, value in old["points"]}
    assert figures == {0.61, 0.83}
    assert 1 < len(old["points"]) <= 240
    assert (found["p95 latency", "14"]["state"], found["p95 latency", "14"]["value"]) == ("bad", 0.5)

    answered = found["answered", "14"]
    assert answered["value"] == pytest.approx(0.99, abs=0.005)
    assert answered["burn"] == pytest.approx(10, rel=0.5)
    assert answered["state"] == "burning"  # a hundredth fails, a thousandth may

    events = [one for one in world.json("events", "--since", "15d") if "threshold" in one["kind"]]
    assert {"threshold crossed", "threshold recovered"} <= {one["kind"] for one in events}
    past_alerts = world.json("monitors", "--alerts", "--past")
    assert [(one["name"], one["model"], one["state"]) for one in past_alerts if one["state"] == "over"] == [
        ("LowPrecision", "churn", "over")
    ]


def test_a_bad_query_is_told_beside_the_others(world: World) -> None:
    world.lines()
    (status,) = (one for one in world.json("status") if one["kind"] == "prometheus")
    assert status["state"] == "misconfigured"
    assert "“misspelt”: the server refuses the query: “" in status["sentence"]
    doctor = world.quarterdeck("doctor").stdout
    assert "“misspelt”: the server refuses the query" in doctor
    assert PASSWORD not in status["sentence"]


def test_an_exporter_that_goes_is_an_alert_and_no_new_points(world: World) -> None:
    world.lines()
    world.exporter.stop()

    def fires() -> Any:
        return [one for one in ask(world.url, "alerts")["alerts"] if one["state"] == "firing"]

    wait_until(fires, "the alert fires")
    wait_until(lambda: not ask(world.url, "query", query="model_precision")["result"], "the series ended")
    found = world.lines()["precision", "14"]
    assert datetime.fromisoformat(found["looked_at"]) > datetime.fromisoformat(found["at"])
    (alert,) = (one for one in world.json("monitors", "--alerts") if one["state"] == "firing")
    assert (alert["name"], alert["severity"]) == ("ExporterDown", "page")
    assert alert["summary"].endswith("is down, ask …")
    assert world.quarterdeck("monitors", "--exit-code").returncode == 1
    # the server's clock is known to a second or so: a pass may ask a moment too short
    wait_until(
        lambda: world.lines()["precision", "14"]["at"] == world.lines()["precision", "14"]["at"], "no new points"
    )


def test_an_open_terminal_shows_the_lines_and_what_fires(world: World, terminal: StartTerminal) -> None:
    login = {"PROM_USER": USER, "PROM_PASSWORD": PASSWORD}
    program = terminal(cwd=world.folder, env=login, opens="serving")
    program.wait_for("precision", deadline=_SOON)
    program.wait_for("0.83", deadline=_SOON)
    world.exporter.stop()
    program.wait_for("ExporterDown", deadline=_SOON)
    program.press("1")
    program.wait_for("ExporterDown fires", deadline=_SOON)


def test_a_wrong_password_is_said_and_kept_nowhere(world: World) -> None:
    before = world.lines()
    world.password = "wrong-password"
    assert world.quarterdeck("sync").returncode != 0
    (status,) = (one for one in world.json("status") if one["kind"] == "prometheus")
    assert status["state"] == "unauthorised"
    assert "login" in status["sentence"]
    found = {(one["name"], one["version"]): one["at"] for one in world.json("monitors")}
    assert found == {key: one["at"] for key, one in before.items()}  # what was read is still there
    secrets = (PASSWORD.encode() + b"\0", b"wrong-password")
    for file in Path(os.environ["XDG_CACHE_HOME"]).rglob("*"):
        if file.is_file():
            content = file.read_bytes()
            assert not any(secret in content for secret in secrets)
