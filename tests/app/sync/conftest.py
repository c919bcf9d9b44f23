from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest

from quarterdeck.app.settings import load
from quarterdeck.app.sync.locks import syncer_alive
from quarterdeck.app.sync.log import log_file
from tests.app.sync.scripted import World

Found = TypeVar("Found")
REPOSITORY = Path(__file__).resolve().parents[3]


def wait_for(condition: Callable[[], Found], seconds: float = 40.0) -> Found:
    """The condition's first true answer; fails when there is none in time."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, f"not within {seconds} s"
        time.sleep(0.005)
    return found


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    folder = tmp_path / "cache"
    folder.mkdir(mode=0o700)
    return folder / "abc.s1.g1.db"


class Ship:
    """A project over scripted sources, and the syncer processes on it."""

    def __init__(self, folder: Path, cache: Path) -> None:
        self.cache = cache
        self.project = folder / "project"
        self.worlds = folder / "worlds"
        self.processes: list[subprocess.Popen[bytes]] = []
        self.project.mkdir()
        self.worlds.mkdir()
        self.write_settings('[sync]\nevery = "1s"\n')
        self.name_sources("lab")
        self.key = load(directory=self.project).project_key
        self.log = log_file(self.key)

    def write_settings(self, text: str) -> None:
        new = self.project / "new"
        new.write_text(text)
        new.replace(self.project / "quarterdeck.toml")

    def name_sources(self, *names: str) -> None:
        (self.worlds / "sources").write_text(" ".join(names))

    def world(self, name: str = "lab") -> World:
        return World(self.worlds / name)

    def command(self, linger: float | None = None) -> list[str]:
        words = [sys.executable, "-m", "tests.app.sync.syncer", str(self.cache), str(self.project), str(self.worlds)]
        return words if linger is None else [*words, str(linger)]

    def start(self, linger: float | None = None, **options: Any) -> subprocess.Popen[bytes]:
        """A syncer process; waits for nothing."""
        process = subprocess.Popen(self.command(linger), cwd=REPOSITORY, **options)
        self.processes.append(process)
        return process

    def query(self, sql: str) -> list[Any]:
        """What the newest generation of the cache says; nothing when it is not there yet."""
        newest = max(self.cache.parent.glob("*.db"), key=lambda path: (len(path.name), path.name), default=None)
        if newest is None:
            return []
        connection = sqlite3.connect(f"file:{newest}?mode=ro", uri=True)
        try:
            return connection.execute(sql).fetchall()
        except sqlite3.OperationalError as error:
            if "no such table" not in str(error):
                raise
            return []
        finally:
            connection.close()

    def runs(self) -> int:
        found = self.query("SELECT count(*) FROM run")
        return int(found[0][0]) if found else 0

    def state(self, name: str = "lab") -> tuple[str, str]:
        """(state, sentence) of a source."""
        found = self.query(f"SELECT state, sentence FROM source WHERE name = '{name}' AND NOT hidden")
        return found[0] if found else ("", "")

    def end(self) -> None:
        for process in self.processes:
            process.kill()
            process.wait()


@pytest.fixture
def ship(tmp_path: Path, cache: Path) -> Iterator[Ship]:
    ship = Ship(tmp_path, cache)
    yield ship
    ship.end()
    assert not syncer_alive(cache)


@pytest.fixture
def dice() -> random.Random:
    seed = int(os.environ.get("QUARTERDECK_SEED", random.randrange(2**32)))
    sys.stdout.write(f"QUARTERDECK_SEED={seed} repeats this\n")
    return random.Random(seed)


def terminate(process: subprocess.Popen[bytes]) -> int:
    process.send_signal(signal.SIGTERM)
    return process.wait(20)
