"""First sync of a tracking server, beside reading the same pages and throwing them away.

A real MLflow server on loopback holds 5,000 runs of 8 metrics and 12 params (written into its store with plain
SQL: by its API that would take ten minutes). The peer repeats the very requests of the first sync, one after the
other on one connection, and looks at nothing. Both take turns, because the server's own pace wanders.
"""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import signal
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import httpx

from quarterdeck.app.records import SourceSpec
from quarterdeck.app.settings import Settings, load
from quarterdeck.app.sources.http import Http
from quarterdeck.app.sources.mlflow.passes import TrackingSource
from quarterdeck.app.sources.mlflow.rest import RestApi
from quarterdeck.app.sync.once import sync_once

RUNS = 5_000
METRICS = tuple(f"val_{name}" for name in ("auc", "loss", "f1", "recall", "precision", "mae", "rmse", "r2"))
PARAMS = tuple(f"param_{number:02}" for number in range(12))
TAGS = ("mlflow.user", "mlflow.source.name", "mlflow.source.type", "mlflow.runName", "mlflow.source.git.commit", "team")
ROUNDS = 3
BUDGET = 0.9

Request = tuple[str, bytes]
"""Path and body."""


def executable() -> str:
    """An `mlflow` that can serve."""
    given = os.environ.get("QUARTERDECK_MLFLOW")
    found = Path(given) if given else Path(__file__).resolve().parents[1] / ".venvs/mlflow3/bin/mlflow"
    if not found.exists():
        raise SystemExit(f"no MLflow server at {found}: name an mlflow 3 in QUARTERDECK_MLFLOW")
    return str(found)


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """A tracking server over `folder`/mlflow.db, up when its /health answers."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [
        executable(), "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1",
        "--backend-store-uri", f"sqlite:///{folder / 'mlflow.db'}",
        "--default-artifact-root", str(folder / "artifacts"),
    ]  # fmt: skip
    environment = {**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
    environment.pop("PYTHONPATH", None)  # the server has an installation of its own
    with (folder / "server.log").open("wb") as log:
        server = subprocess.Popen(command, stdout=log, stderr=log, env=environment, start_new_session=True)
        try:
            wait_until_healthy(server, f"http://127.0.0.1:{port}")
            yield f"http://127.0.0.1:{port}"
        finally:
            os.killpg(server.pid, signal.SIGTERM)
            server.wait(20)


def wait_until_healthy(server: subprocess.Popen[bytes], url: str) -> None:
    """Return when it answers; SystemExit when it never will."""
    deadline = time.monotonic() + 120
    while server.poll() is None and time.monotonic() < deadline:
        try:
            if httpx.get(f"{url}/health", trust_env=False).is_success:
                return
        except httpx.TransportError:
            time.sleep(0.2)
    raise SystemExit("the MLflow server did not come up")


def fill(path: Path) -> None:
    """The runs, written where the server reads them."""
    dice = random.Random(11)
    begun = 1_760_000_000_000
    ids = [f"{dice.getrandbits(128):032x}" for _ in range(RUNS)]
    values = [(run, name, dice.random(), begun, n % 100) for n, run in enumerate(ids) for name in METRICS]
    with closing(sqlite3.connect(path, timeout=60)) as connection, connection:
        connection.executemany(
            "INSERT INTO runs (run_uuid, name, source_type, user_id, status, start_time, end_time, lifecycle_stage,"
            " artifact_uri, experiment_id) VALUES (?, ?, 'LOCAL', 'ann', 'FINISHED', ?, ?, 'active', ?, 0)",
            [(run, f"run-{n}", begun + n * 1000, begun + n * 1000 + 500, f"/art/{run}") for n, run in enumerate(ids)],
        )
        for table in ("latest_metrics", "metrics"):
            connection.executemany(
                f"INSERT INTO {table} (run_uuid, key, value, timestamp, step, is_nan) VALUES (?, ?, ?, ?, ?, 0)", values
            )
        connection.executemany(
            "INSERT INTO params (run_uuid, key, value) VALUES (?, ?, ?)",
            [(run, name, str(round(dice.random(), 6))) for run in ids for name in PARAMS],
        )
        connection.executemany(
            "INSERT INTO tags (run_uuid, key, value) VALUES (?, ?, ?)",
            [(run, name, f"{name} {n // 20}") for n, run in enumerate(ids) for name in TAGS],
        )


class Noting(httpx.AsyncHTTPTransport):
    """The way to the server, noting what is asked."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[Request] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.asked.append((request.url.path, request.content))
        return await super().handle_async_request(request)


async def requests_of_a_first_sync(url: str) -> tuple[list[Request], list[Request]]:
    """What a first sync asks, and what the pass after it asks."""
    noting = Noting()
    spec = SourceSpec(key="0" * 16, kind="mlflow", name="mlflow", address=url)
    source = TrackingSource(spec, RestApi(Http(url, transport=noting), spec.key))
    cursor: dict[str, object] = {}
    async for batch in source.poll({}):
        cursor = dict(batch.cursor or cursor)
    first, noting.asked = noting.asked, []
    async for _ in source.poll(cursor):
        pass
    await source.close()
    return first, noting.asked


def thrown_away(url: str, requests: list[Request]) -> float:
    """Seconds for the same requests whose answers nobody looks at."""
    with httpx.Client(
        base_url=url, timeout=60, trust_env=False, headers={"Content-Type": "application/json"}
    ) as client:
        begun = time.perf_counter()
        for path, body in requests:
            client.post(path, content=body).raise_for_status()
        return time.perf_counter() - begun


def synced(settings: Settings, cache: Path) -> float:
    """Seconds for a first sync into a new cache, as `quarterdeck sync` runs it."""
    begun = time.perf_counter()
    (state,) = asyncio.run(sync_once(settings, cache, names=["mlflow"]))
    assert (state.state, state.items) == ("ok", RUNS), state
    return time.perf_counter() - begun


def main() -> int:
    """Print the table; 1 when the first sync is below its budget."""
    folder = Path(tempfile.mkdtemp(prefix="mlflow-rates-"))
    try:
        for name in ("CONFIG", "CACHE", "STATE"):
            os.environ[f"XDG_{name}_HOME"] = str(folder / name)
        with serving(folder) as url:
            fill(folder / "mlflow.db")
            return compare(folder, url)
    finally:
        shutil.rmtree(folder)


def compare(folder: Path, url: str) -> int:
    """Both in turns, the medians, and what a second pass costs."""
    settings = load(directory=folder, environment={"MLFLOW_TRACKING_URI": url})
    first, second = asyncio.run(requests_of_a_first_sync(url))
    ours, peers = [], []
    for number in range(ROUNDS):
        peers.append(thrown_away(url, first))
        ours.append(synced(settings, folder / f"cache{number}.db"))
    peer, own = (RUNS / statistics.median(seconds) for seconds in (peers, ours))
    print(f"{'':<44} {'runs/s':>8}")
    print(f"{f'the same {len(first)} answers, thrown away':<44} {peer:>8,.0f}")
    print(f"{'first sync into a cache':<44} {own:>8,.0f}   {own / peer:.2f} of it (budget {BUDGET})")
    print(f"a second pass asks {len(second)} times (budget 5)")
    return 0 if own / peer >= BUDGET and len(second) <= 5 else 1


if __name__ == "__main__":
    sys.exit(main())
