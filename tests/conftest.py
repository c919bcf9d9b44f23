"""What all tests share: nobody's own settings, folders or credentials reach a test."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from rich.cells import cell_len

SHARED = Path(__file__).resolve().parents[2] / "shared"


def pytest_configure() -> None:
    """What was started in the background, or under nohup, is deaf to these signals, and so is all that it starts."""
    for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP):
        if signal.getsignal(number) == signal.SIG_IGN:
            signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)


@pytest.fixture(autouse=True)
def _a_home_of_its_own(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every test gets empty XDG folders and an environment without tokens or MLflow's variables."""
    home = tmp_path_factory.mktemp("home")
    for name in ("CONFIG", "CACHE", "STATE", "DATA"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(home / name.lower()))
    runtime = home / "run"
    runtime.mkdir(mode=0o700)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(runtime))
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    for name in list(os.environ):
        if name.startswith(("MLFLOW_", "GITHUB_", "GITLAB_", "GIT_AUTHOR", "GIT_COMMITTER", "QUARTERDECK_CACHE")):
            monkeypatch.delenv(name)


@pytest.fixture
def contracts() -> Path:
    """The folder of official specs and recorded answers; the test skips where it is absent."""
    folder = SHARED / "contracts"
    if not folder.is_dir():
        pytest.skip("needs ../shared/contracts beside the checkout")
    return folder


@pytest.fixture
def picture() -> Callable[[Any], list[str]]:
    """Gives the lines on the screen of a Textual app; each must fill the width exactly, whatever it shows."""

    def lines(app: Any) -> list[str]:
        texts = ["".join(segment.text for segment in strip) for strip in app.screen._compositor.render_strips()]
        assert {cell_len(text) for text in texts} == {app.size.width}, texts
        return [text.rstrip() for text in texts]

    return lines


class MlflowRest:
    """Makes experiments and runs on a tracking server, a request each. Everything is said in MLflow's own words."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._client = httpx.Client(base_url=f"{url}/api/2.0/mlflow/", timeout=60, trust_env=False)

    def post(self, path: str, **body: Any) -> dict[str, Any]:
        """Any call of the API."""
        answer = self._client.post(path, json=body)
        assert answer.is_success, answer.text
        read: dict[str, Any] = answer.json()
        return read

    def get(self, path: str, **params: Any) -> dict[str, Any]:
        """Any reading call of the API."""
        answer = self._client.get(path, params=params)
        assert answer.is_success, answer.text
        read: dict[str, Any] = answer.json()
        return read

    def delete_version(self, model: str, version: str) -> None:
        """Delete a version of a registered model."""
        answer = self._client.request("DELETE", "model-versions/delete", json={"name": model, "version": version})
        assert answer.is_success, answer.text

    def create_experiment(self, name: str) -> str:
        """A new experiment; gives its id."""
        return str(self.post("experiments/create", name=name)["experiment_id"])

    def create_run(
        self,
        experiment_id: str,
        name: str = "",
        *,
        params: Mapping[str, str] | None = None,
        tags: Mapping[str, str] | None = None,
        metrics: Sequence[tuple[str, float | str, int]] = (),
        started_at: int | None = None,
        end: str | None = "FINISHED",
    ) -> str:
        """A run with all that it logged; `metrics` are key, value, step; `end=None` leaves it running. Gives its id."""
        started_at = int(time.time() * 1000) if started_at is None else started_at
        made = self.post("runs/create", experiment_id=experiment_id, run_name=name, start_time=started_at)
        run_id = str(made["run"]["info"]["run_id"])
        self.log(run_id, params=params, tags=tags, metrics=metrics, at=started_at)
        if end is not None:
            self.post("runs/update", run_id=run_id, status=end, end_time=started_at + 1000)
        return run_id

    def log(
        self,
        run_id: str,
        *,
        params: Mapping[str, str] | None = None,
        tags: Mapping[str, str] | None = None,
        metrics: Sequence[tuple[str, float | str, int]] = (),
        at: int | None = None,
    ) -> None:
        """Log to a run, all in one request."""
        at = int(time.time() * 1000) if at is None else at
        self.post(
            "runs/log-batch",
            run_id=run_id,
            params=[{"key": key, "value": value} for key, value in (params or {}).items()],
            tags=[{"key": key, "value": value} for key, value in (tags or {}).items()],
            metrics=[{"key": k, "value": value, "step": step, "timestamp": at + step} for k, value, step in metrics],
        )

    def close(self) -> None:
        """Let go of the connection."""
        self._client.close()


def _mlflow_executable(variable: str = "QUARTERDECK_MLFLOW", venv: str = "mlflow3") -> str:
    given = os.environ.get(variable)
    found = Path(given) if given else Path(__file__).resolve().parents[1] / f".venvs/{venv}/bin/mlflow"
    if not found.exists():
        pytest.fail(f"no MLflow server at {found}: run `make test`, or name one in {variable}", pytrace=False)
    return str(found)


def _serve_mlflow(executable: str, folder: Path) -> Iterator[str]:
    """A tracking server on loopback whose store is `folder`/mlflow.db, up when its /health answers."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [
        executable, "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1",
        "--backend-store-uri", f"sqlite:///{folder / 'mlflow.db'}",
        "--default-artifact-root", str(folder / "artifacts"),
    ]  # fmt: skip
    environment = {**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
    with (folder / "server.log").open("wb") as log:
        server = subprocess.Popen(command, stdout=log, stderr=log, env=environment, start_new_session=True)
        try:
            _wait_until_healthy(server, f"http://127.0.0.1:{port}", folder)
            yield f"http://127.0.0.1:{port}"
        finally:
            os.killpg(server.pid, signal.SIGTERM)  # its workers too: the group is its own
            server.wait(20)


def _wait_until_healthy(server: subprocess.Popen[bytes], url: str, folder: Path) -> None:
    deadline = time.monotonic() + 120
    while True:
        try:
            if httpx.get(f"{url}/health", trust_env=False).is_success:
                return
        except httpx.TransportError:
            pass
        if server.poll() is not None or time.monotonic() > deadline:
            pytest.fail(f"mlflow server did not come up:\n{(folder / 'server.log').read_text()[-2000:]}", pytrace=False)
        time.sleep(0.2)


@pytest.fixture(scope="session")
def mlflow_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where `mlflow_server` keeps its store (mlflow.db) and its artifacts."""
    return tmp_path_factory.mktemp("mlflow")


@pytest.fixture(scope="session")
def mlflow_server(mlflow_folder: Path) -> Iterator[str]:
    """The address of a real MLflow 3 tracking server. Tests share it: make experiments of your own."""
    yield from _serve_mlflow(_mlflow_executable(), mlflow_folder)


@pytest.fixture(scope="session")
def mlflow_rest(mlflow_server: str) -> Iterator[MlflowRest]:
    """Makes experiments and runs on `mlflow_server`."""
    rest = MlflowRest(mlflow_server)
    yield rest
    rest.close()


@pytest.fixture(scope="session")
def serve_mlflow() -> Iterator[Callable[[Path], str]]:
    """Starts a real MLflow 3 server for one test module alone: give its folder, get its address."""
    with ExitStack() as servers:
        yield lambda folder: servers.enter_context(contextmanager(_serve_mlflow)(_mlflow_executable(), folder))


@pytest.fixture(scope="session")
def mlflow2_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where `mlflow2_server` keeps its store."""
    return tmp_path_factory.mktemp("mlflow2")


@pytest.fixture(scope="session")
def mlflow2_server(mlflow2_folder: Path) -> Iterator[str]:
    """The address of a real MLflow 2.22 tracking server, for tests marked `tools`."""
    yield from _serve_mlflow(_mlflow_executable("QUARTERDECK_MLFLOW2", "mlflow2"), mlflow2_folder)


@pytest.fixture(scope="session")
def mlflow2_rest(mlflow2_server: str) -> Iterator[MlflowRest]:
    """Makes experiments and runs on `mlflow2_server`."""
    rest = MlflowRest(mlflow2_server)
    yield rest
    rest.close()
