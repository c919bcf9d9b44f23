"""The program's own syncer over a real MLflow store and a real Git repository."""

from __future__ import annotations

import json
import os
import pty
import random
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from quarterdeck.app.channel import ask, read_holder
from quarterdeck.app.records import Want
from quarterdeck.app.settings import Settings, load
from quarterdeck.app.store.files import cache_file
from quarterdeck.app.store.reading import Reader
from quarterdeck.app.sync import life
from quarterdeck.app.sync.locks import Presence, syncer_alive
from tests.app.sync.conftest import wait_for
from tests.app.sync.mlflow_store import METRICS, PARAMS, TAGS, add_runs, log_metric, make_store


class Project:
    """A repository with an MLflow store in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.store = folder / "mlflow.db"
        folder.mkdir()
        git = ["git", "-C", str(folder), "-c", "user.name=Ann", "-c", "user.email=ann@example.org"]
        subprocess.run(["git", "init", "-q", "-b", "main", str(folder)], check=True)
        for number in range(30):
            subprocess.run([*git, "commit", "-q", "--allow-empty", "-m", f"Change {number}"], check=True)
        make_store(self.store)
        (folder / "quarterdeck.toml").write_text(
            '[mlflow]\ntracking_uri = "sqlite:///mlflow.db"\n[sync]\nevery = "1s"\n'
        )
        self.settings: Settings = load(directory=folder)
        self.cache = cache_file(None, self.settings.project_key)
        self.arguments = life.same_project(project=folder)

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        command = [*life.command(self.arguments), *words]
        return subprocess.run(command, capture_output=True, text=True, timeout=60, cwd="/")

    def start(self) -> subprocess.Popen[bytes]:
        command = [*life.command(self.arguments), "sync", "--watch"]
        return subprocess.Popen(command, cwd="/", stderr=subprocess.DEVNULL)

    def count(self, table: str = "run") -> int:
        if not self.cache.exists():
            return 0
        with closing(sqlite3.connect(f"file:{self.cache}?mode=ro", uri=True)) as connection:
            try:
                return int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])
            except sqlite3.OperationalError as error:
                if "no such table" not in str(error):
                    raise
                return 0

    def states(self) -> dict[str, str]:
        if not self.count("source"):
            return {}
        with closing(sqlite3.connect(f"file:{self.cache}?mode=ro", uri=True)) as connection:
            return dict(connection.execute("SELECT name, state FROM source"))


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    project = Project(tmp_path / "project")
    yield project
    holder = read_holder(project.cache)
    if syncer_alive(project.cache) and holder is not None:
        os.kill(holder.pid, signal.SIGKILL)
        wait_for(lambda: not syncer_alive(project.cache))


def test_sync_reads_all_sources_and_tells_how_they_do(project: Project) -> None:
    add_runs(project.store, 0, 50)
    done = project.run("sync", "--json")
    assert done.returncode == 0, done.stderr
    assert {state["source"]: (state["state"], state["items"]) for state in json.loads(done.stdout)} == {
        "git": ("ok", 30),
        "mlflow": ("ok", 50),
        "models": ("ok", 0),
    }


def test_killed_at_twenty_random_moments_the_cache_ends_up_whole(project: Project, dice: random.Random) -> None:
    total, before = 0, 0
    for _ in range(20):
        add_runs(project.store, total, total + 1_000)
        total += 1_000
        process = project.start()
        moment = before + dice.randrange(0, 1_000)
        wait_for(lambda moment=moment: project.count() > moment)  # type: ignore[misc]  # bound now
        process.kill()
        process.wait()
        with closing(sqlite3.connect(project.cache)) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            before = connection.execute("SELECT count(*) FROM run").fetchone()[0]
    done = project.run("sync")
    assert done.returncode == 0, done.stderr
    assert project.count() == total
    assert project.count("metric") == total * METRICS
    assert project.count("run_label") == total * (PARAMS + TAGS)
    assert project.count("git_commit") == 30
    with closing(sqlite3.connect(project.cache)) as connection:
        assert connection.execute("SELECT count(DISTINCT native) FROM run").fetchone() == (total,)
        connection.execute("ATTACH ? AS mlflow", (str(project.store),))
        wrong = connection.execute(
            "SELECT count(*) FROM run JOIN metric ON metric.run = run.id JOIN key ON key.id = metric.key"
            " LEFT JOIN mlflow.latest_metrics l ON l.run_uuid = run.native AND l.key = key.name"
            " AND l.value = metric.value AND l.step = metric.step WHERE l.key IS NULL"
        )
        assert wrong.fetchone() == (0,)


def test_a_terminal_starts_a_syncer_that_outlives_its_line_and_ends_by_itself(project: Project) -> None:
    add_runs(project.store, 0, 20)
    code = (
        "import sys\n"
        "from pathlib import Path\n"
        "from quarterdeck.app.sync import Presence, start_syncer\n"
        "cache, key, *arguments = sys.argv[1:]\n"
        "here = Presence(Path(cache))\n"
        "assert start_syncer(Path(cache), key, arguments, linger=2.0)\n"
        "print('started', flush=True)\n"
        "sys.stdin.read()\n"
    )
    project.cache.parent.mkdir(parents=True, exist_ok=True)
    words = [str(project.cache), project.settings.project_key, *project.arguments]
    pid, line = pty.fork()
    if pid == 0:
        signal.signal(signal.SIGHUP, signal.SIG_DFL)  # under nohup it would be passed on as ignored
        os.execv(sys.executable, [sys.executable, "-c", code, *words])
    assert b"started" in os.read(line, 100)
    wait_for(lambda: project.count() == 20)
    with Presence(project.cache):
        os.close(line)
        assert os.WIFSIGNALED(os.waitpid(pid, 0)[1])
        add_runs(project.store, 20, 40)
        wait_for(lambda: project.count() == 40)
    wait_for(lambda: not syncer_alive(project.cache))


def test_a_killed_syncer_is_replaced_by_the_terminal_that_watches(project: Project) -> None:
    with Presence(project.cache):
        keeper = life.keep_syncer(project.cache, project.settings.project_key, project.arguments)
        assert keeper.look()
        wait_for(lambda: project.states() == {"git": "ok", "mlflow": "ok", "models": "ok"})
        first = read_holder(project.cache)
        assert first is not None
        os.kill(first.pid, signal.SIGKILL)
        wait_for(lambda: not syncer_alive(project.cache))
        add_runs(project.store, 0, 10)
        wait_for(lambda: keeper.look() and project.count() == 10)


def test_what_a_terminal_looks_at_comes_from_the_store(project: Project) -> None:
    add_runs(project.store, 0, 10)
    with Presence(project.cache):
        keeper = life.keep_syncer(project.cache, project.settings.project_key, project.arguments)
        keeper.look()
        wait_for(lambda: project.count() == 10)
        with closing(sqlite3.connect(project.cache)) as connection:
            ((source,),) = connection.execute("SELECT key FROM source WHERE name = 'mlflow'")
        want = Want(kind="history", source=source, run_ids=(f"{3:032x}",), keys=("m0", "m1"))
        wait_for(lambda: ask(project.cache, want))
        wait_for(lambda: project.count("history") == 2)


def test_a_curve_grows_by_what_came_since_whenever_a_terminal_asks(project: Project) -> None:
    add_runs(project.store, 0, 3)
    run_id = f"{1:032x}"
    with Presence(project.cache):
        keeper = life.keep_syncer(project.cache, project.settings.project_key, project.arguments)
        keeper.look()
        wait_for(lambda: project.count() == 3)
        with closing(Reader(project.cache)) as reader:
            want = Want(kind="history", source=reader.runs([1])[0].source, run_ids=(run_id,), keys=("m0", "m1"))
            (rowid,) = reader.rowids([run_id])
            wait_for(lambda: ask(project.cache, want))
            wait_for(lambda: len(reader.series_of([rowid], ["m0", "m1"])) == 2)
            for step in (7, 8):
                log_metric(project.store, run_id, "m0", float(step), step)
                ask(project.cache, want)
                wait_for(lambda: list(reader.series_of([rowid], ["m0"])[rowid, "m0"].steps)[-1] == step)  # noqa: B023  # called before the next step
            steps = {name: list(one.steps) for (_, name), one in reader.series_of([rowid], ["m0", "m1"]).items()}
    assert steps == {"m0": [1, 7, 8], "m1": [1]}
