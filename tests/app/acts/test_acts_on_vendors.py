"""The same acts on each vendor, from the settings to a server that remembers, with the line cut before the answer."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from quarterdeck.app import trust
from quarterdeck.app.actions import LATE_SECONDS, act_on_pipeline, reconcile
from quarterdeck.app.acts.pipelines import ABLE, PipelineOutcome, Pipelines
from quarterdeck.app.errors import RefusedError, UntrustedError
from quarterdeck.app.records import Pipeline
from quarterdeck.app.settings import load
from quarterdeck.app.sources.github import GithubVendor
from quarterdeck.app.sources.gitlab import GitlabVendor
from quarterdeck.app.sources.jenkins import JenkinsVendor
from quarterdeck.app.sources.local import LocalVendor
from quarterdeck.app.store.state import State, state_file
from tests.servers import gitlab as gitlab_server
from tests.servers import jenkins as jenkins_server
from tests.servers.github import TOKEN, Github
from tests.servers.gitlab import Gitlab
from tests.servers.jenkins import Jenkins
from tests.servers.loopback import serving

Act = Callable[..., PipelineOutcome]


@pytest.fixture(autouse=True)
def _patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Pipelines, "pauses", (0.0, 0.0))


def test_what_screens_offer_is_what_the_vendors_can_do() -> None:
    vendors: dict[str, Any] = {
        "github": GithubVendor, "gitlab": GitlabVendor, "jenkins": JenkinsVendor, "local": LocalVendor,
    }  # fmt: skip
    assert {kind: vendor.abilities for kind, vendor in vendors.items()} == ABLE


class Project:
    """A project with one section of [[ci]]."""

    def __init__(self, folder: Path, section: str, environment: dict[str, str]) -> None:
        (folder / "quarterdeck.toml").write_text(f"[[ci]]\n{section}\n")
        self.settings = load(directory=folder, environment=environment)

    def __call__(self, act: str, native: object, job: str = "", environment: str = "") -> PipelineOutcome:
        """Do something to a pipeline; what was cut off is found out at once."""

        def choose(one: Pipeline) -> Any:
            meant = next((each for each in one.jobs or () if job and each.name == job), None)
            return meant, [each.id for each in one.approvals if each.name == environment]

        with State(state_file(self.settings.project_key)) as state:
            outcome = act_on_pipeline(self.settings, state, act, None, str(native), choose, read_only=False)
            if outcome.state == "unknown":
                (found,) = reconcile(self.settings, state, time.time_ns() // 1_000_000 + round(2_000 * LATE_SECONDS))
                outcome = found
        assert isinstance(outcome, PipelineOutcome)
        return outcome

    def trusted(self) -> Project:
        """Somebody agreed to it."""
        trust.record_trust(self.settings)
        return self


# -- GitHub


@pytest.fixture(params=[False, True], ids=["", "cut"])
def github(request: pytest.FixtureRequest) -> Iterator[Github]:
    with Github().serving() as server:
        server.cut = request.param
        yield server


@pytest.fixture
def on_github(tmp_path: Path, github: Github) -> Project:
    section = f'kind = "github"\nrepository = "acme/churn"\nbase_url = "{github.base_url}"\ntoken_env = "CI_TOKEN"'
    return Project(tmp_path, section, {"CI_TOKEN": TOKEN})


@pytest.mark.parametrize(("act", "verb"), [("rerun", "rerun"), ("rerun_failed", "rerun-failed-jobs")])
def test_github_runs_again_once(github: Github, on_github: Project, act: str, verb: str) -> None:
    run = github.add("failure")
    outcome = on_github.trusted()(act, run)
    assert (outcome.state, outcome.attempt, github.done) == ("done", 2, [f"{verb} {run}"])
    with pytest.raises(RefusedError, match="is queued still"):
        on_github(act, run)
    assert github.done == [f"{verb} {run}"]


def test_github_cancels_what_runs(github: Github, on_github: Project) -> None:
    run = github.add(None, status="in_progress")
    outcome = on_github.trusted()("cancel", run)
    assert (outcome.state, outcome.status, github.done) == ("done", "cancelled", [f"cancel {run}"])


def test_github_approves_one_of_two_environments(github: Github, on_github: Project) -> None:
    run = github.add()
    github.wait_for(run, "staging", "production")
    outcome = on_github.trusted()("approve", run, environment="production")
    assert (outcome.state, github.done) == ("done", [f"pending_deployments {run}"])
    assert [one["environment"]["name"] for one in github.pending[run]] == ["staging"]


def test_github_is_not_asked_before_somebody_trusts_the_file(github: Github, on_github: Project) -> None:
    with pytest.raises(UntrustedError):
        on_github("rerun", github.add("failure"))
    assert github.asked == []


# -- GitLab


@pytest.fixture(params=[False, True], ids=["", "cut"])
def gitlab(request: pytest.FixtureRequest) -> Gitlab:
    server = Gitlab()
    server.cut = lambda asked: request.param and asked.method == "POST"
    return server


@pytest.fixture
def on_gitlab(tmp_path: Path, gitlab: Gitlab) -> Iterator[Project]:
    with serving(gitlab.answer) as server:
        section = (
            f'kind = "gitlab"\nrepository = "{gitlab_server.PATH}"\nbase_url = "{server.url}"\ntoken_env = "CI_TOKEN"'
        )
        yield Project(tmp_path, section, {"CI_TOKEN": gitlab_server.TOKEN}).trusted()


def test_gitlab_runs_failed_jobs_again_once(gitlab: Gitlab, on_gitlab: Project) -> None:
    pipeline = gitlab.push("failed", jobs={"ingest": "success", "train": "failed"})
    outcome = on_gitlab("rerun_failed", pipeline)
    assert (outcome.state, gitlab.acts) == ("done", [f"pipelines/{pipeline}/retry"])
    assert len(gitlab.jobs[pipeline]) == 3
    with pytest.raises(RefusedError, match="is running still"):
        on_gitlab("rerun_failed", pipeline)


def test_gitlab_has_no_re_run_of_all(gitlab: Gitlab, on_gitlab: Project) -> None:
    pipeline = gitlab.push("failed", jobs={"train": "failed"})
    with pytest.raises(RefusedError, match="cannot run all its jobs again"):
        on_gitlab("rerun", pipeline)
    assert gitlab.acts == []


def test_gitlab_starts_a_job_by_hand_and_cancels_what_runs(gitlab: Gitlab, on_gitlab: Project) -> None:
    pipeline = gitlab.push("manual", jobs={"train": "success", "deploy": "manual"})
    assert on_gitlab("play", pipeline, job="deploy").state == "done"
    outcome = on_gitlab("cancel", pipeline)
    assert (outcome.state, outcome.status) == ("done", "cancelled")
    assert [act.rpartition("/")[2] for act in gitlab.acts] == ["play", "cancel"]


# -- Jenkins


@pytest.fixture(params=[False, True], ids=["", "cut"])
def jenkins(request: pytest.FixtureRequest) -> Iterator[Jenkins]:
    with jenkins_server.jenkins() as server:
        server.clock = time.time_ns() // 1_000_000
        server.cut = lambda asked: request.param and asked.path.endswith(("/build", "/buildWithParameters", "/stop"))
        server.add("team/train", defaults={"EPOCHS": "3"})
        yield server


@pytest.fixture
def on_jenkins(tmp_path: Path, jenkins: Jenkins) -> Project:
    section = (
        f'kind = "jenkins"\nrepository = "team/train"\nbase_url = "{jenkins.url}"\n'
        'username_env = "CI_USER"\npassword_env = "CI_TOKEN"'
    )
    return Project(tmp_path, section, {"CI_USER": jenkins_server.USER, "CI_TOKEN": jenkins_server.TOKEN}).trusted()


def test_jenkins_starts_a_build_anew_and_never_twice(jenkins: Jenkins, on_jenkins: Project) -> None:
    jenkins.build("team/train", result="FAILURE", parameters=[{"name": "EPOCHS", "value": "5"}])
    jenkins.starts_after = 0
    outcome = on_jenkins("rerun", "team/train#1")
    assert (outcome.state, outcome.became, len(jenkins.done)) == ("done", "team/train#2", 1)


def test_jenkins_stops_a_build(jenkins: Jenkins, on_jenkins: Project) -> None:
    jenkins.build("team/train", result=None)
    outcome = on_jenkins("cancel", "team/train#1")
    assert (outcome.state, outcome.status, jenkins.done) == ("done", "cancelled", ["stop team/train 1"])
