"""A project with jobs of its own, trusted, in a real Git repository."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from quarterdeck.app.runner import Kept, Listener, LocalJob, LocalRun, choose, find_local, run
from quarterdeck.app.settings import Settings, load
from quarterdeck.app.trust import record_trust

Git = Callable[..., str]
Settle = Callable[..., Settings]
RunJobs = Callable[..., LocalRun]


@pytest.fixture
def git(tmp_path: Path) -> Git:
    """Git in the project's clone, with a name to commit under."""
    clone = tmp_path / "clone"
    clone.mkdir()

    def called(*words: str) -> str:
        who = ("-c", "user.name=Ann", "-c", "user.email=ann@example.com", "-c", "init.defaultBranch=main")
        return subprocess.run(
            ["git", *who, *words], cwd=clone, check=True, capture_output=True, text=True
        ).stdout.strip()

    called("init", "--quiet")
    return called


@pytest.fixture
def settle(tmp_path: Path, git: Git) -> Settle:
    """Commits settings with these jobs, and agrees to them."""

    def settled(*jobs: dict[str, Any], trusted: bool = True, name: str = "") -> Settings:
        tables = "".join(
            "\n[[ci.jobs]]\n" + "".join(f"{key} = {json.dumps(value)}\n" for key, value in job.items()) for job in jobs
        )
        label = f"name = {json.dumps(name)}\n" if name else ""
        file = tmp_path / "clone" / "quarterdeck.toml"
        file.write_text(f'[[ci]]\nkind = "local"\n{label}{tables}' if jobs else '[[ci]]\nkind = "local"\njobs = []\n')
        git("add", "--all")
        git("commit", "--quiet", "--allow-empty", "-m", "Jobs to run")
        settings = load(directory=file.parent, environment={**os.environ})
        if trusted:
            record_trust(settings)
        return settings

    return settled


@pytest.fixture
def run_jobs(settle: Settle) -> RunJobs:
    """Commits the jobs and runs them."""

    def ran(*jobs: dict[str, Any], **rest: Any) -> LocalRun:
        settings = settle(*jobs)
        return run(settings, find_local(settings), choose(settings, None), **rest)

    return ran


class Heard(Listener):
    """Remembers what it was told, and does what it was given at the first output."""

    def __init__(self, at_output: Callable[[], object] = lambda: None) -> None:
        self.told: list[str] = []
        self.written = b""
        self._at_output = at_output

    def cut_off(self, run: LocalRun) -> None:
        self.told.append(f"cut off {run.id}")

    def queued(self, run: LocalRun, behind: LocalRun | None) -> None:
        self.told.append(f"behind {behind.id if behind else 'somebody'}")
        self._at_output()

    def job_began(self, job: LocalJob) -> None:
        self.told.append(f"{job.name} began")

    def output(self, data: bytes) -> None:
        self.written += data
        self._at_output()

    def job_ended(self, job: LocalJob) -> None:
        self.told.append(f"{job.name} {job.status}")

    def ended(self, run: LocalRun) -> None:
        self.told.append(f"all {run.status}")


def log_of(settings_key: str, done: LocalRun, name: str) -> bytes:
    """What a job wrote."""
    job = next(job for job in done.jobs if job.name == name)
    return Kept(settings_key).file(done.id, job.log).read_bytes()
