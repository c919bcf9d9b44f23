"""Acts on Jenkins through the gate, from the settings to a server that remembers; lines cut and processes killed."""

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
from quarterdeck.app.records import Pipeline
from quarterdeck.app.settings import Settings, load
from quarterdeck.app.sources.registry import build
from quarterdeck.app.store.state import State, state_file
from tests.servers.jenkins import TOKEN, USER, Jenkins, jenkins, page
from tests.servers.jenkins_worlds import parameterised
from tests.servers.loopback import Asked

SETTINGS = """
[[ci]]
kind = "jenkins"
repository = "team"
base_url = "{url}"
username_env = "FORGE_USER"
password_env = "FORGE_TOKEN"
"""
STARTED = "buildWithParameters team/train {'epochs': '20'}"


@pytest.fixture(autouse=True)
def _patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Pipelines, "pauses", (0.0, 0.0, 0.0))
    monkeypatch.setenv("FORGE_USER", USER)
    monkeypatch.setenv("FORGE_TOKEN", TOKEN)


@pytest.fixture
def world() -> Iterator[Jenkins]:
    """A failed build with parameters, just now; what is started leaves the queue when it is looked at."""
    with jenkins(prefix="/jenkins") as server:
        server.clock = now()
        server.starts_after = 0
        parameterised(server, epochs="20")
        yield server


@pytest.fixture
def settings(tmp_path: Path, world: Jenkins) -> Settings:
    """A trusted project of one Jenkins."""
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "quarterdeck.toml").write_text(SETTINGS.format(url=world.url))
    trust.record_trust(load(directory=folder))
    return load(directory=folder)


@pytest.fixture
def state(settings: Settings) -> Iterator[State]:
    with State(state_file(settings.project_key)) as opened:
        yield opened


def now() -> int:
    return time.time_ns() // 1_000_000


def done(
    settings: Settings, state: State, act: str, native: str = "team/train#1", *, read_only: bool = False
) -> Outcome:
    return act_on_pipeline(settings, state, act, None, native, lambda now: (None, ()), read_only=read_only)


def test_a_build_is_started_again_and_the_new_one_is_read_back(
    settings: Settings, state: State, world: Jenkins
) -> None:
    outcome = done(settings, state, "rerun")
    assert outcome.state == "done"
    assert "was started again as team/train #2" in outcome.sentence
    assert world.done == [STARTED]


def test_a_build_that_waits_in_the_queue_is_done_too(settings: Settings, state: State, world: Jenkins) -> None:
    world.starts_after = 3
    assert done(settings, state, "rerun").state == "done"
    assert world.done == [STARTED]


def test_a_running_build_is_stopped(settings: Settings, state: State, world: Jenkins) -> None:
    world.build("team/train", result=None)
    outcome = done(settings, state, "cancel", "team/train#2")
    assert (outcome.state, outcome.sentence) == ("done", "team/train #2 is cancelled at jenkins.")
    assert world.done == ["stop team/train 2"]


def test_a_build_whose_place_in_the_queue_may_not_be_seen_is_started_all_the_same(
    settings: Settings, state: State, world: Jenkins
) -> None:
    refusal = page(403, "Error 403 ann is missing the Overall/Read permission")
    world.fail = lambda asked: refusal if "/queue/item/" in asked.path else None
    assert done(settings, state, "rerun").state == "unknown"
    world.leave(50)
    (found,) = reconcile(settings, state, now() + round(2_000 * LATE_SECONDS))
    assert (found.state, world.done) == ("done", [STARTED])


def test_a_build_whose_place_in_the_queue_could_not_be_read_is_looked_for_there_later(
    settings: Settings, state: State, world: Jenkins
) -> None:
    world.fail = lambda asked: page(500, "Oops") if "/queue/item/" in asked.path else None
    assert done(settings, state, "rerun").state == "unknown"
    assert state.acts()[0].intent["became"].startswith("team/train#q")
    world.fail = lambda asked: None
    (found,) = reconcile(settings, state, now() + round(2_000 * LATE_SECONDS))
    assert (found.state, world.done) == ("done", [STARTED])


def test_a_root_url_that_is_another_than_ours_says_nothing_of_what_was_done(
    settings: Settings, state: State, world: Jenkins
) -> None:
    world.build("team/train", result=None)
    world.root_url = "http://jenkins.internal:8080"
    outcome = done(settings, state, "cancel", "team/train#2")
    assert (outcome.state, world.done) == ("done", ["stop team/train 2"])


def test_failed_stages_alone_are_refused_without_asking(settings: Settings, state: State, world: Jenkins) -> None:
    with pytest.raises(RefusedError, match="cannot run its failed jobs again"):
        done(settings, state, "rerun_failed")
    assert world.done == []


@pytest.mark.parametrize("act", ["rerun", "cancel"])
def test_read_only_mode_does_nothing(settings: Settings, state: State, world: Jenkins, act: str) -> None:
    with pytest.raises(RefusedError):
        done(settings, state, act, read_only=True)
    assert world.done == []


def test_a_refusal_is_told_in_jenkins_words_without_the_token(settings: Settings, state: State, world: Jenkins) -> None:
    refusal = page(403, f"Error 403 {TOKEN} is missing the Job/Build permission")
    world.fail = lambda asked: refusal if asked.method == "POST" else None
    outcome = done(settings, state, "rerun")
    assert outcome.state == "failed"
    assert "Job/Build" in outcome.sentence
    assert TOKEN not in outcome.sentence + repr(state.acts())


def test_a_line_that_is_cut_before_the_answer_is_found_out_and_nothing_is_started_twice(
    settings: Settings, state: State, world: Jenkins, capfd: pytest.CaptureFixture[str]
) -> None:
    world.cut = lambda asked: asked.method == "POST"
    assert done(settings, state, "rerun").state == "done"
    assert world.done == [STARTED]
    assert "cut by the test" in capfd.readouterr().err  # the server's own trace; nothing else may say it


def test_a_line_that_is_cut_before_the_request_starts_nothing_and_claims_nothing(
    settings: Settings, state: State, world: Jenkins
) -> None:
    def cuts(asked: Asked) -> None:
        if asked.method == "POST":
            raise ConnectionAbortedError("cut by the test")

    world.fail = cuts
    assert done(settings, state, "rerun").state == "unknown"
    (found,) = reconcile(settings, state, now() + round(2_000 * LATE_SECONDS))
    assert (found.state, "cannot be said" in found.sentence) == ("unknown", True)
    assert world.done == []


def test_a_process_that_is_killed_leaves_a_journal_from_which_the_truth_is_found(
    settings: Settings, state: State, world: Jenkins
) -> None:
    (source,) = [one for one in build(settings) if one.spec.kind == "jenkins"]
    seen = Pipeline(source=source.spec.key, id="team/train#1", name="team/train", number="1", status="failed")
    meant = intent(seen, saw=False)
    batch = state.ask_acts([("rerun", subject("rerun", meant), meant)], now())
    doing: list[subprocess.Popen[bytes]] = []

    def kill(asked: Asked) -> bool:
        if asked.method == "POST":
            os.kill(doing[0].pid, signal.SIGKILL)
        return asked.method == "POST"

    world.cut = kill
    words = [sys.executable, "-m", "quarterdeck.app", "--project", str(settings.root), "act", batch]
    doing.append(subprocess.Popen(words, stderr=subprocess.DEVNULL))
    assert doing[0].wait(60) == -signal.SIGKILL
    found = reconcile(settings, state, now() + round(2_000 * LATE_SECONDS))
    assert [one.state for one in found] == ["done"]
    assert world.done == [STARTED]
