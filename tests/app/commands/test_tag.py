"""`quarterdeck tag` and Ctrl-C, in a process of their own."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Call = Callable[..., Any]


@pytest.fixture
def run_id(mlflow_rest: Any, mlflow_server: str, project: Path, call: Call) -> str:
    """A run on the real server, and the project set up to reach it."""
    (project / "quarterdeck.toml").write_text(f'[mlflow]\ntracking_uri = "{mlflow_server}"\n')
    call("trust", "--yes")
    name = project.parent.name
    experiment = mlflow_rest.create_experiment(f"tag-{name}-{project.stat().st_ino}")
    found: str = mlflow_rest.create_run(experiment, "\x1b[31m[bold]x[/]")
    return found


def tags_of(rest: Any, run_id: str) -> dict[str, str]:
    data = rest.get("runs/get", run_id=run_id)["run"]["data"]
    return {tag["key"]: tag["value"] for tag in data.get("tags", [])}


def test_a_tag_is_set_and_the_outcome_told(process: Call, run_id: str, mlflow_rest: Any) -> None:
    said = process("tag", f"run/{run_id}", "note=a=b, 名", "--json")
    assert said.status == 0
    assert said.err == f"run/{run_id}: note is set.\n"
    assert (said.json["state"], said.json["value"]) == ("done", "a=b, 名")
    assert tags_of(mlflow_rest, run_id)["note"] == "a=b, 名"


def test_a_tag_is_taken_away(process: Call, run_id: str, mlflow_rest: Any) -> None:
    process("tag", f"run/{run_id}", "note=x")
    said = process("tag", f"run/{run_id}", "note", "--delete", "--json")
    assert (said.status, said.err) == (0, f"run/{run_id}: note is taken away.\n")
    assert (said.json["act"], said.json["value"], said.json["previous"]) == ("delete_tag", None, "x")
    assert "note" not in tags_of(mlflow_rest, run_id)
    assert process("tag", f"run/{run_id}", "note", "--delete").status == 0, "gone is gone"
    assert process("tag", f"run/{run_id}", "note=x", "--delete").status == 2


def test_what_is_refused_ends_with_4_and_what_is_wrong_with_2_or_1(
    process: Call, run_id: str, mlflow_rest: Any
) -> None:
    before = tags_of(mlflow_rest, run_id)
    assert process("--read-only", "tag", f"run/{run_id}", "a=b").status == 4
    assert process("tag", f"run/{run_id}", "a").status == 2
    assert process("tag", run_id, "a=b").status == 2
    assert process("tag", "run/absent", "a=b").status == 1
    assert tags_of(mlflow_rest, run_id) == before


def test_a_server_that_is_away_ends_with_3(process: Call, run_id: str, project: Path, call: Call) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    (project / "quarterdeck.toml").write_text(f'[mlflow]\ntracking_uri = "http://127.0.0.1:{port}"\n')
    call("trust", "--yes")
    said = process("tag", f"run/{run_id}", "a=b")
    assert said.status == 3
    assert "Traceback" not in said.err


def test_an_interrupt_in_the_middle_of_a_sync_ends_quietly_with_130(project: Path, call: Call) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(60)
        address = f"http://127.0.0.1:{server.getsockname()[1]}"
        (project / "quarterdeck.toml").write_text(f'[mlflow]\ntracking_uri = "{address}"\n')
        call("trust", "--yes")
        process = subprocess.Popen(
            [sys.executable, "-m", "quarterdeck.app", "sync"],
            cwd=project,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        connection, _ = server.accept()  # it asks, and waits for an answer that never comes
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
        connection.close()
    assert (process.returncode, out, err) == (130, b"", b"")
