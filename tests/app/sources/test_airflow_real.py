"""Airflow end to end: a real Airflow 3 runs a DAG, and what it did is read by its API into a cache."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from quarterdeck.app.records import SourceSpec
from quarterdeck.app.sources.airflow import AirflowVendor
from quarterdeck.app.sources.http import Credential, Http

pytestmark = pytest.mark.tools

DAG = """
from datetime import timedelta
from airflow.sdk import dag, task

@dag(schedule=None)
def train_fare():
    @task
    def ingest():
        print("read 1200 rows")

    @task(retries=1, retry_delay=timedelta(seconds=1))
    def check(ti=None):
        if ti.try_number == 1:
            raise RuntimeError("the first try fails")

    @task
    def train():
        raise ValueError("loss is NaN at step 7")

    @task
    def register():
        print("registered")

    ingest() >> check() >> train() >> register()

train_fare()
"""
STARTS = 240
"""Seconds: forty on a quiet machine."""


@dataclass
class Running:
    """A real Airflow, and somebody who may do everything there."""

    url: str
    password: str
    client: httpx.Client

    def api(self, method: str, path: str, body: Any = None) -> Any:
        answer = self.client.request(method, f"{self.url}/api/v2/{path}", json=body)
        answer.raise_for_status()
        return answer.json()


def _executable() -> Path:
    given = os.environ.get("QUARTERDECK_AIRFLOW")
    found = Path(given) if given else Path(__file__).resolve().parents[3] / ".venvs/airflow/bin/airflow"
    if not found.exists():
        pytest.fail(f"no Airflow at {found}: run `make test-tools`, or name one in QUARTERDECK_AIRFLOW", pytrace=False)
    return found


@pytest.fixture(scope="module")
def airflow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    home, executable = tmp_path_factory.mktemp("airflow"), _executable()
    (home / "dags").mkdir()
    (home / "dags" / "train.py").write_text(DAG)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("PYTHON")},
        "HOME": str(home),
        "PATH": f"{executable.parent}{os.pathsep}{os.environ['PATH']}",
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(home / "dags"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__PARALLELISM": "2",
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{url}/execution/",
        "AIRFLOW__API__HOST": "127.0.0.1",
        "AIRFLOW__API__PORT": str(port),
        "AIRFLOW__API__WORKERS": "1",
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
    }
    with (home / "server.log").open("wb") as log:
        server = subprocess.Popen(
            [executable, "standalone"], stdout=log, stderr=log, env=environment, start_new_session=True
        )
        try:
            with httpx.Client(trust_env=False, timeout=30) as client:
                yield _logged_in(server, url, home, client)
        finally:
            os.killpg(server.pid, signal.SIGTERM)
            try:
                server.wait(30)
            except subprocess.TimeoutExpired:
                os.killpg(server.pid, signal.SIGKILL)
                server.wait(10)


def _logged_in(server: subprocess.Popen[bytes], url: str, home: Path, client: httpx.Client) -> Running:
    deadline, passwords = time.monotonic() + STARTS, home / "simple_auth_manager_passwords.json.generated"
    while True:
        try:
            if client.get(f"{url}/api/v2/version").is_success and passwords.exists():
                break
        except httpx.TransportError:
            pass
        if server.poll() is not None or time.monotonic() > deadline:
            pytest.fail(f"Airflow did not come up:\n{(home / 'server.log').read_text()[-3000:]}", pytrace=False)
        time.sleep(0.5)
    password = json.loads(passwords.read_text())["admin"]
    token = client.post(f"{url}/auth/token", json={"username": "admin", "password": password}).json()["access_token"]
    client.headers["Authorization"] = f"Bearer {token}"
    return Running(url, password, client)


def _eventually(found: Any, what: str) -> Any:
    """The first true answer of `found`; fails when there is none in time."""
    deadline = time.monotonic() + STARTS
    while not (answer := found()):
        assert time.monotonic() < deadline, f"waited for {what}"
        time.sleep(0.5)
    return answer


@pytest.fixture(scope="module")
def ended(airflow: Running) -> Running:
    """The same once its DAG ran, and failed as it should."""

    def known() -> bool:
        return airflow.client.get(f"{airflow.url}/api/v2/dags/train_fare").is_success

    _eventually(known, "the DAG")
    airflow.api("PATCH", "dags/train_fare", {"is_paused": False})
    airflow.api("POST", "dags/train_fare/dagRuns", {"dag_run_id": "manual_1", "logical_date": None})
    state = "dags/train_fare/dagRuns/manual_1"
    _eventually(lambda: airflow.api("GET", state)["state"] == "failed", "the DAG run to fail")
    return airflow


def vendor(airflow: Running) -> AirflowVendor:
    spec = SourceSpec(key="k", kind="airflow", name="airflow", address=airflow.url)
    login = Credential.basic(airflow.url, "admin", airflow.password)
    return AirflowVendor(spec, Http(airflow.url, credential=login), dags=("train_*",))


async def test_a_dag_run_its_tasks_and_its_tries_are_what_airflow_says(ended: Running) -> None:
    source = vendor(ended)
    pages = [page async for page in source.recent({})]
    found = await source.one("train_fare/manual_1")
    later = [page async for page in source.recent(pages[-1].mark or {})]
    await source.close()
    assert [run.id for page in pages for run in page.pipelines] == ["train_fare/manual_1"]
    assert len(later) == 1
    assert found is not None
    assert (found.status, found.event, found.actor, found.attempt) == ("failed", "manual", "admin", 2)
    assert [(job.name, job.attempt, job.status, job.needs) for job in found.jobs or ()] == [
        ("ingest", 1, "passed", ()), ("check", 2, "passed", ("ingest",)), ("check", 1, "failed", ("ingest",)),
        ("train", 1, "failed", ("check",)), ("register", 1, "skipped", ("train",)),
    ]  # fmt: skip


async def test_the_log_of_the_failed_task_ends_with_its_traceback(ended: Running) -> None:
    source = vendor(ended)
    parts = [part async for part in source.log("train_fare/manual_1", "train_fare/manual_1/train/-1/1", 0)]
    whole = b"".join(part.data for part in parts)
    later = [
        part async for part in source.log("train_fare/manual_1", "train_fare/manual_1/train/-1/1", len(whole) - 10)
    ]
    await source.close()
    assert b"Traceback (most recent call last):\n" in whole
    assert b"ValueError: loss is NaN at step 7\n" in whole
    assert parts[-1].is_last
    assert b"".join(part.data for part in later) == whole[-10:]


async def test_a_run_that_was_deleted_is_gone(ended: Running) -> None:
    ended.api("POST", "dags/train_fare/dagRuns", {"dag_run_id": "short", "logical_date": None})
    source = vendor(ended)
    assert await source.one("train_fare/short") is not None
    ended.client.delete(f"{ended.url}/api/v2/dags/train_fare/dagRuns/short").raise_for_status()
    assert await source.one("train_fare/short") is None
    await source.close()


def test_the_whole_way_from_the_settings_to_the_lines_of_a_log(
    ended: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW_USER", "admin")
    monkeypatch.setenv("AIRFLOW_SECRET", ended.password)
    (tmp_path / "quarterdeck.toml").write_text(
        f'[[ci]]\nkind = "airflow"\nbase_url = "{ended.url}"\nrepository = "train_fare"\n'
        'username_env = "AIRFLOW_USER"\npassword_env = "AIRFLOW_SECRET"\n'
    )

    def quarterdeck(*words: str) -> str:
        command = [sys.executable, "-m", "quarterdeck.app", *words]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stdout + done.stderr
        assert ended.password not in done.stdout + done.stderr
        return done.stdout

    quarterdeck("trust", "--yes")
    quarterdeck("sync")
    listed = json.loads(quarterdeck("pipelines", "--filter", "status:failed job.failed:train", "--json"))
    assert [(one["id"], one["status"], len(one["jobs"])) for one in listed] == [("train_fare/manual_1", "failed", 5)]
    log = quarterdeck("pipeline", "log", "train_fare/manual_1/train/-1/1")
    assert "ValueError: loss is NaN at step 7" in log
    kept = Path(os.environ["XDG_CACHE_HOME"]).parent
    assert not [one for one in kept.rglob("*") if one.is_file() and ended.password.encode() in one.read_bytes()]
