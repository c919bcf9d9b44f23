"""What the tests on a pseudo-terminal share: `terminal` starts the real program, `churn` is a project."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any, Protocol

import pytest

from bench.terminal import QUARTERDECK, Terminal, environment
from quarterdeck.app.demo import build


class StartTerminal(Protocol):
    """Starts `quarterdeck ARGUMENTS` on a pseudo-terminal; all are ended with the test."""

    def __call__(
        self,
        *arguments: str | Path,
        size: tuple[int, int] = (120, 40),
        cwd: Path | None = None,
        env: Mapping[str, str | None] | None = None,
        opens: str = "runs",
    ) -> Terminal:
        """`opens`: the screen that it opens with, where the test has no settings of its own."""


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[StartTerminal]:
    """Start the real program, as often as wanted, in an empty folder unless `cwd` says where."""
    with ExitStack() as stack:

        def start(
            *arguments: str | Path,
            size: tuple[int, int] = (120, 40),
            cwd: Path | None = None,
            env: Mapping[str, str | None] | None = None,
            opens: str = "runs",
        ) -> Terminal:
            _opens_with(opens)
            return stack.enter_context(Terminal(*QUARTERDECK, *arguments, size=size, cwd=cwd or tmp_path, env=env))

        yield start


def _opens_with(screen: str) -> None:
    """The person's settings, where there are none: most tests are about one screen and begin there."""
    personal = Path(os.environ["XDG_CONFIG_HOME"]) / "quarterdeck" / "config.toml"
    if not personal.exists():
        personal.parent.mkdir(parents=True, exist_ok=True)
        personal.write_text(f'[display]\nopens = "{screen}"\n')


@pytest.fixture
def command() -> Callable[..., str]:
    """Run `quarterdeck ARGUMENTS` in a folder, as a script would; gives what it prints, fails when it fails."""

    def run(where: Path, *arguments: str) -> str:
        done = subprocess.run(
            [*QUARTERDECK, *arguments], cwd=where, env=environment(), capture_output=True, text=True, timeout=60
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run


@pytest.fixture(scope="session")
def demo_world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A real repository and a real MLflow store of some 300 runs in three experiments. Copy it: nobody writes here."""
    folder = tmp_path_factory.mktemp("world") / "churn"
    build(folder, lambda sentence: None)
    return folder


def copy_world(world: Path, folder: Path) -> None:
    """A world of one's own. MLflow's store names its artifacts by their whole path: they move along."""
    shutil.copytree(world, folder)
    with closing(sqlite3.connect(folder / "mlflow.db")) as store, store:
        for table, column in (("runs", "artifact_uri"), ("experiments", "artifact_location")):
            store.execute(f"UPDATE {table} SET {column} = replace({column}, ?, ?)", (f"{world}/", f"{folder}/"))


@pytest.fixture
def churn(demo_world: Path, tmp_path: Path, command: Callable[..., str]) -> Path:
    """A project of one's own: settings, repository and store, in the cache already."""
    folder = tmp_path / "churn"
    copy_world(demo_world, folder)
    command(folder, "sync")
    return folder


# what another process does: it logs with MLflow's own client, while a terminal is open
_LOG = """
import json, sys, time
from mlflow.tracking import MlflowClient
client = MlflowClient(sys.argv[1])
for one in json.loads(sys.argv[2]):
    experiment = client.get_experiment_by_name(one["experiment"])
    number = experiment.experiment_id if experiment else client.create_experiment(one["experiment"])
    run = client.create_run(number, run_name=one["name"], tags={"mlflow.user": "zoe"})
    client.log_metric(run.info.run_id, "val_auc", one.get("val_auc", 0.5))
    client.set_terminated(run.info.run_id)
    print(run.info.run_id)
"""


@pytest.fixture
def log_runs() -> Callable[..., list[str]]:
    """Another process logs finished runs with MLflow itself: `log_runs(store, {"experiment": .., "name": ..})`."""

    def log(store: str, *runs: dict[str, Any]) -> list[str]:
        done = subprocess.run(
            [sys.executable, "-c", _LOG, store, json.dumps(runs)], capture_output=True, text=True, timeout=120
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.split()

    return log
