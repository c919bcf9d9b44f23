"""Acts on GitLab through the gate, from the settings to a server that remembers; lines cut and processes killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from quarterdeck.app import trust
from quarterdeck.app.actions import LATE_SECONDS, act_on_pipeline, reconcile
from quarterdeck.app.acts import Outcome
from quarterdeck.app.acts.pipelines import Pipelines, intent, subject
from quarterdeck.app.errors import RefusedError
from quarterdeck.app.records import Job, Pipeline
from quarterdeck.app.settings import Settings, load
from quarterdeck.app.sources.registry import build
from quarterdeck.app.store.state import State, state_file
from tests.servers.gitlab import PATH, TOKEN, Gitlab, message
from tests.servers.loopback import Asked, serving


@pytest.fixture(autouse=True)
def _patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Pipelines, "pauses", (0.0, 0.0, 0.0))
    monkeypatch.setenv("FORGE_TOKEN", TOKEN)


@pytest.fixture
def gitlab() -> Gitlab:
    return Gitlab()


@pytest.fixture
def settings(tmp_path: Path, gitlab: Gitlab) -> Iterator[Settings]:
    """A trusted project of one GitLab."""
    folder = tmp_path / "project"
    folder.mkdir()
    with serving(gitlab.answer) as server:
        (folder / "quarterdeck.toml").write_text(
            f'[[ci]]\nkind = "gitlab"\nrepository = "{PATH}"\nbase_url = "{server.url}"\ntoken_env = "FORGE_TOKEN"\n'
        )
        trust.record_trust(load(directory=folder))
        yield load(directory=folder)


@pytest.fixture
def state(settings: Settings) -> Iterator[State]:
    with State(state_file(settings.project_key)) as opened:
        yield opened


def done(settings: Settings, state: State, act: str, number: int, *, read_only: bool = False) -> Outcome:
    """Do it to the pipeline as it is; of a manual job and of approvals those that wait."""

    def choose(now: Pipeline) -> tuple[Job | None, tuple[str, ...]]:
        manual = next((job for job in now.jobs or () if job.is_manual), None)
        return (manual if act == "play" else None), tuple(one.id for one in now.approvals)

    return act_on_pipeline(settings, state, act, None, str(number), choose, read_only=read_only)


def test_failed_jobs_are_run_again_and_the_new_ones_are_read_back(
    settings: Settings, state: State, gitlab: Gitlab
) -> None:
    number = gitlab.push("failed", jobs={"ingest": "success", "train": "failed"})
    outcome = done(settings, state, "rerun_failed", number)
    assert (outcome.state, outcome.sentence) == ("done", "demand #1: train runs again at gitlab.")
    assert gitlab.acts == [f"pipelines/{number}/retry"]


def test_all_jobs_cannot_be_run_again(settings: Settings, state: State, gitlab: Gitlab) -> None:
    number = gitlab.push("failed")
    with pytest.raises(RefusedError, match="cannot run all its jobs again"):
        done(settings, state, "rerun", number)
    assert gitlab.acts == []


def test_a_pipeline_is_stopped(settings: Settings, state: State, gitlab: Gitlab) -> None:
    number = gitlab.push("running", jobs={"train": "running", "deploy": "created"})
    assert done(settings, state, "cancel", number).state == "done"
    assert gitlab.pipelines[number]["status"] == "canceled"


def test_a_manual_job_is_started(settings: Settings, state: State, gitlab: Gitlab) -> None:
    number = gitlab.push("manual", jobs={"train": "success", "deploy": "manual"})
    outcome = done(settings, state, "play", number)
    assert (outcome.state, outcome.sentence) == ("done", "demand #1: deploy is started, it is queued at gitlab.")


def test_a_blocked_deployment_is_approved(settings: Settings, state: State, gitlab: Gitlab) -> None:
    number = gitlab.push("manual")
    gitlab.deploy(number, "production", "blocked")
    assert done(settings, state, "approve", number).state == "done"
    assert gitlab.deployments[0]["status"] == "running"


@pytest.mark.parametrize("act", ["rerun_failed", "cancel", "play", "approve"])
def test_read_only_mode_does_nothing(settings: Settings, state: State, gitlab: Gitlab, act: str) -> None:
    number = gitlab.push("failed")
    with pytest.raises(RefusedError):
        done(settings, state, act, number, read_only=True)
    assert gitlab.acts == []


def test_a_refusal_is_told_in_gitlabs_words_without_the_token(settings: Settings, state: State, gitlab: Gitlab) -> None:
    number = gitlab.push("failed")
    gitlab.fail("/retry$", message(f"403 Forbidden - {TOKEN} may not", 403))
    outcome = done(settings, state, "rerun_failed", number)
    assert outcome.state == "failed"
    assert "403" in outcome.sentence
    assert TOKEN not in outcome.sentence + repr(state.acts())


def test_a_line_that_is_cut_before_the_answer_is_found_out_and_nothing_is_done_twice(
    settings: Settings, state: State, gitlab: Gitlab, capfd: pytest.CaptureFixture[str]
) -> None:
    number = gitlab.push("failed")
    gitlab.cut = lambda asked: True
    assert done(settings, state, "rerun_failed", number).state == "done"
    assert gitlab.acts == [f"pipelines/{number}/retry"]
    assert "cut by the test" in capfd.readouterr().err  # the server's own trace; nothing else may say it


def test_a_process_that_is_killed_leaves_a_journal_from_which_the_truth_is_found(
    settings: Settings, state: State, gitlab: Gitlab, capfd: pytest.CaptureFixture[str]
) -> None:
    number = gitlab.push("failed")
    (source,) = [one for one in build(settings) if one.spec.kind == "gitlab"]
    seen = Pipeline(source=source.spec.key, id=str(number), name="demand", number="1", status="failed")
    meant = intent(seen, saw=False)
    now = time.time_ns() // 1_000_000
    batch = state.ask_acts([("rerun_failed", subject("rerun_failed", meant), meant)], now)
    doing: list[subprocess.Popen[bytes]] = []

    def kill(asked: Asked) -> bool:
        os.kill(doing[0].pid, signal.SIGKILL)
        return True

    gitlab.cut = kill
    words = [sys.executable, "-m", "quarterdeck.app", "--project", str(settings.root), "act", batch]
    doing.append(subprocess.Popen(words, stderr=subprocess.DEVNULL))
    assert doing[0].wait(60) == -signal.SIGKILL
    found = reconcile(settings, state, now + round(2_000 * LATE_SECONDS))
    assert [one.state for one in found] == ["done"]
    assert gitlab.acts == [f"pipelines/{number}/retry"]
    assert TOKEN not in capfd.readouterr().out
