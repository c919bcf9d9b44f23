"""One demo world for all its tests; building it takes some fifteen seconds."""

from __future__ import annotations

import os
import select
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from quarterdeck.app.demo import build, is_built, stop_trainer
from quarterdeck.app.demo.detached import trainer_pid
from quarterdeck.app.records import Record

BUILD = "import sys; from pathlib import Path; from quarterdeck.app.demo import build; build(Path(sys.argv[1]), print)"
Until = Callable[[Callable[[], object]], None]


class Built(Record, frozen=True, kw_only=True):
    """A demo world, and what was seen while it was built."""

    root: Path
    built_after_kill: bool
    left_by_kill: bool
    sentences: tuple[str, ...]
    began: float
    ended: float


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """A world whose first build was killed half-way."""
    root = tmp_path_factory.mktemp("worlds") / "a world"
    _kill_a_build(root)
    after_kill, left = is_built(root), (root.parent / ".a world.building" / "mlflow.db").exists()
    sentences: list[str] = []
    began = time.time()
    build(root, sentences.append)
    return Built(
        root=root, built_after_kill=after_kill, left_by_kill=left, sentences=tuple(sentences), began=began,
        ended=time.time(),
    )  # fmt: skip


@pytest.fixture
def world(built: Built) -> Path:
    """The folder of the world. Nobody writes in it."""
    return built.root


@pytest.fixture
def copied(built: Built, tmp_path: Path) -> Iterator[Path]:
    """A world to train in. The trainer is told to stop in the end."""
    copy = tmp_path / "copied"
    shutil.copytree(built.root, copy, symlinks=True)
    yield copy
    for place in (copy, copy.with_name("moved")):
        if is_built(place) and (pid := trainer_pid(place)):
            stop_trainer(place)
            wait_for_end(pid)


@pytest.fixture
def until() -> Until:
    """Wait until a condition holds; fails after half a minute."""
    return wait_until


def wait_until(condition: Callable[[], object]) -> None:
    tick, latest = threading.Event(), time.monotonic() + 30
    while not condition():
        assert time.monotonic() < latest, "it did not come about in 30 s"
        tick.wait(0.05)


def wait_for_end(pid: int) -> None:
    """Wait until a process that is not our child is gone."""
    try:
        process = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        assert select.select([process], [], [], 30)[0], f"process {pid} did not end in 30 s"
    finally:
        os.close(process)


def _kill_a_build(root: Path) -> None:
    """Kill a builder, as hard as can be, in the middle of its runs."""
    command = [sys.executable, "-u", "-c", BUILD, str(root)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as builder:
        assert builder.stdout is not None
        for line in builder.stdout:
            if line.startswith("50 of"):
                builder.send_signal(signal.SIGKILL)
    assert builder.returncode == -signal.SIGKILL
