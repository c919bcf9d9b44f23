"""From a [[ci]] in the settings to a list on the command line: the way that every vendor goes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.servers import airflow, kubeflow
from tests.servers.loopback import serving

SECRETS = {"AIRFLOW_USER": airflow.NAME, "AIRFLOW_PASSWORD": airflow.PASSWORD, "KFP_TOKEN": "kfp-secret-token"}


def quarterdeck(project: Path, *words: str) -> str:
    """What the command prints on its standard output; it must end well, and quote no secret."""
    done = subprocess.run(
        [sys.executable, "-m", "quarterdeck.app", *words],
        cwd=project, env={**os.environ, **SECRETS}, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert not [secret for secret in SECRETS.values() if len(secret) > 3 and secret in done.stdout + done.stderr]
    return done.stdout


def synced(project: Path, section: str) -> list[dict[str, Any]]:
    (project / "quarterdeck.toml").write_text(f"[[ci]]\n{section}\n")
    quarterdeck(project, "trust", "--yes")
    quarterdeck(project, "sync")
    found: list[dict[str, Any]] = json.loads(quarterdeck(project, "pipelines", "--json"))
    return found


def files_with_secrets(folder: Path) -> list[Path]:
    return [
        path
        for path in folder.rglob("*")
        if path.is_file() and any(secret.encode() in path.read_bytes() for secret in (airflow.PASSWORD, "kfp-secret"))
    ]


def test_airflow(tmp_path: Path) -> None:
    with serving(airflow.Airflow().answer) as server:
        (found,) = synced(
            tmp_path,
            f'kind = "airflow"\nbase_url = "{server.url}"\nrepository = ["train_*"]\n'
            'username_env = "AIRFLOW_USER"\npassword_env = "AIRFLOW_PASSWORD"',
        )
    assert (found["name"], found["status"], found["raw_status"], found["event"]) == (
        "train_fare", "failed", "failed", "manual"
    )  # fmt: skip
    assert [job["name"] for job in found["jobs"]].count("check") == 2
    assert files_with_secrets(Path(os.environ["XDG_CACHE_HOME"]).parent) == []


def test_kubeflow(tmp_path: Path) -> None:
    stored = json.loads((kubeflow.PAYLOADS / "run_with_tasks.json").read_text())
    remembers = kubeflow.Kubeflow([stored], {"pipelines/p-1": "train churn"})
    with serving(remembers.answer) as server:
        (found,) = synced(tmp_path, f'kind = "kubeflow"\nbase_url = "{server.url}"\ntoken_env = "KFP_TOKEN"')
        assert {asked.headers["Authorization"] for asked in server.asked} == {"Bearer kfp-secret-token"}
    assert (found["name"], found["status"], found["commit"]) == (
        "train churn", "failed", "0123456789abcdef0123456789abcdef01234567"
    )  # fmt: skip
    assert [(job["name"], job["status"]) for job in found["jobs"]] == [
        ("root", "failed"), ("ingest", "passed"), ("train", "failed"), ("register", "queued")
    ]  # fmt: skip
    assert files_with_secrets(Path(os.environ["XDG_CACHE_HOME"]).parent) == []


@pytest.mark.parametrize("kind", ["airflow", "kubeflow"])
def test_nothing_is_asked_before_somebody_trusts_the_file(tmp_path: Path, kind: str) -> None:
    with serving(airflow.Airflow().answer) as server:
        (tmp_path / "quarterdeck.toml").write_text(f'[[ci]]\nkind = "{kind}"\nbase_url = "{server.url}"\n')
        done = subprocess.run(
            [sys.executable, "-m", "quarterdeck.app", "sync"], cwd=tmp_path, capture_output=True, text=True, timeout=60
        )
        assert server.asked == []
    assert "trust" in done.stderr
