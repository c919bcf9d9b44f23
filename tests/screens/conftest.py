"""What the tests of screens share: a small world in a real cache, its clock stopped at 03:07 UTC, 14 March 2026."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from textual.app import App
from textual.pilot import Pilot

from quarterdeck.app import main
from quarterdeck.app.main import Quarterdeck
from quarterdeck.app.records import (
    Actor,
    Approval,
    Artifact,
    ArtifactListing,
    Batch,
    Case,
    CaseReport,
    Change,
    Commit,
    Dataset,
    Deployment,
    Experiment,
    Job,
    LedgerEntry,
    LoggedModel,
    Metric,
    ModelMetric,
    ModelVersion,
    Pipeline,
    Point,
    PolicyText,
    Promotions,
    RegisteredModel,
    Run,
    Series,
    SourceSpec,
    SourceState,
    Step,
    Want,
)
from quarterdeck.app.store.cache import Cache
from quarterdeck.app.store.reading import Reader
from quarterdeck.app.store.state import State
from quarterdeck.screens import (
    checks,
    events,
    halves,
    held_list,
    list_screen,
    model,
    models,
    pipeline,
    pipelines,
    run,
    runs,
    serving,
    version,
)
from quarterdeck.screens.asking import Asking
from quarterdeck.screens.deck import Deck
from quarterdeck.screens.event_feed import EventFeed
from quarterdeck.widgets.palette import Palette
from tests.screens import checking, infrastructure, production

NOW = int(datetime(2026, 3, 14, 3, 7, tzinfo=UTC).timestamp() * 1000)
MINUTE, HOUR = 60_000, 3_600_000
MLFLOW = SourceSpec(key="m" * 16, kind="mlflow", name="mlflow", address="http://mlflow.acme:5000")
GIT = SourceSpec(key="g" * 16, kind="git", name="git", address="/home/ann/churn")
ADJECTIVES = "brave calm plain eager shy bold quick proud".split()
NOUNS = "cod ox fox elk owl yak bee".split()
STATUSES = ("finished", "finished", "failed", "finished", "killed", "finished", "finished")
SHAS = [f"{index:x}f2c91a{index:033x}" for index in range(1, 9)]


def make_run(index: int, **changes: Any) -> Run:
    """The run of this number: the same each time, the newest has number 0."""
    started = NOW - index * 7 * HOUR - 13 * MINUTE
    facts: dict[str, Any] = {
        "source": MLFLOW.key,
        "id": f"{index:032x}",
        "experiment_id": "1",
        "name": f"{ADJECTIVES[index % 8]}-{NOUNS[index % 7]}-{214 - index}",
        "status": STATUSES[index % 7],
        "started_at": started,
        "ended_at": started + (17 + index) * MINUTE,
        "user": ("ann", "bo", "cy")[index % 3],
        "git_commit": SHAS[index % 8],
        "params": {"lr": ("0.01", "0.003", "2.0e-05")[index % 3], "depth": str(4 + index % 5), "seed": "7"},
        "tags": {"team": "growth"},
        "metrics": {
            "val_auc": Metric(value=0.9412 - 0.0031 * (index * 5 % 17), step=200, at=started),
            "loss": Metric(value=0.211 + 0.004 * (index * 7 % 23), step=200, at=started),
        },
        "datasets": (Dataset(name="orders", digest=("77ab01", "51c2ee")[index % 2], context="training"),),
        "artifact_uri": f"s3://runs/{index}",
    }
    return Run(**(facts | changes))


def some_runs(number: int = 60) -> list[Run]:
    """So many runs of `churn-train`; number 0 still runs, 9 is the parent of 4, 5 and 6, 12 never was a number."""
    made = [make_run(index) for index in range(number)]
    special: dict[int, dict[str, Any]] = {
        0: {"status": "running", "ended_at": None},
        **{child: {"parent_id": f"{9:032x}"} for child in (4, 5, 6)},
        12: {"metrics": {"val_auc": Metric(value=float("nan")), "loss": Metric(value=float("inf"))}},
        13: {"metrics": {}, "params": {}, "datasets": (), "git_commit": None, "user": None},
        14: {"status": "deleted"},
        15: {"status": "scheduled", "started_at": None, "ended_at": None, "metrics": {}},
    }
    return [make_run(index, **special[index]) if index in special else run for index, run in enumerate(made)]


def commits() -> tuple[Commit, ...]:
    """The commits that the runs name."""
    return tuple(
        Commit(
            source=GIT.key, sha=sha, parents=(), author=("Ann", "Bo")[index % 2], email="a@acme",
            subject=f"Step {index}", authored_at=NOW - index * HOUR, committed_at=NOW - index * HOUR,
            changes=(Change(kind="M", path="train.py"), Change(kind="A", path="features/recency.py")),
        )
        for index, sha in enumerate(SHAS[:6])
    )  # fmt: skip


def experiment(native: str = "1", name: str = "churn-train", **changes: Any) -> Experiment:
    """An experiment; the one that was touched last is shown first."""
    return Experiment(source=MLFLOW.key, id=native, name=name, **({"updated_at": NOW - int(native)} | changes))


def state_of(spec: SourceSpec, state: str = "ok", **changes: Any) -> SourceState:
    """How a source is doing: well and fresh, unless said otherwise."""
    facts = {"source": spec.key, "kind": spec.kind, "name": spec.name, "address": spec.address, "state": state}
    return SourceState(**(facts | {"last_ok_at": NOW - 20_000} | changes))


def details_of_run_0() -> Batch:
    """What is known of the newest run once somebody looked at it: artifacts and a history."""
    run = f"{0:032x}"
    curve = tuple(Point(step=step, at=NOW, value=0.9412 - 0.0015 * (200 - step)) for step in range(0, 201, 10))
    return Batch(
        histories=(Series.of(run, "val_auc", curve),),
        listings=(
            ArtifactListing(
                source=MLFLOW.key, run_id=run, folder="",
                artifacts=(
                    Artifact(path="model", is_dir=True),
                    Artifact(path="report.html", is_dir=False, size=48_213),
                ),
            ),
            ArtifactListing(
                source=MLFLOW.key, run_id=run, folder="model",
                artifacts=(Artifact(path="model/MLmodel", is_dir=False, size=812),),
            ),
        ),
    )  # fmt: skip


@pytest.fixture(name="make_run")
def _make_run() -> Callable[..., Run]:
    return make_run


@pytest.fixture(name="experiment")
def _experiment() -> Callable[..., Experiment]:
    return experiment


@pytest.fixture(name="state_of")
def _state_of() -> Callable[..., SourceState]:
    return state_of


@pytest.fixture
def mlflow() -> SourceSpec:
    """The tracking server of the small world."""
    return MLFLOW


@pytest.fixture
def git() -> SourceSpec:
    """Its repository."""
    return GIT


@dataclass
class World:
    """A cache that tests write, and the apps that read it."""

    folder: Path
    stack: ExitStack
    wants: list[Want] = field(default_factory=list)
    passes: list[str] = field(default_factory=list)
    now: int = NOW

    def __post_init__(self) -> None:
        self.path = self.folder / "key.s1.g0.db"
        self.cache = self.stack.enter_context(closing(Cache(self.path)))
        self.tables = self.stack.enter_context(State(self.folder / "state.db"))

    def write(self, *runs: Run, experiments: Sequence[Experiment] | None = None, batch: Batch | None = None) -> None:
        """Write what a source handed over."""
        found = (experiment(),) if experiments is None else tuple(experiments)
        self.cache.write(MLFLOW.key, batch or Batch(experiments=found, runs=tuple(runs)), self.now)

    def states(self, *states: SourceState) -> None:
        """How the sources are doing."""
        for state in states:
            self.cache.save_state(state)

    def fill(self, runs: Iterable[Run] | None = None) -> World:
        """The whole world: two experiments, commits, both sources well."""
        self.cache.declare([GIT, MLFLOW])
        other = [make_run(i, id=f"{1000 + i:032x}", experiment_id="2", name=f"probe-{i}") for i in range(3)]
        found = some_runs() if runs is None else list(runs)
        self.write(*found, *other, experiments=(experiment(), experiment("2", "uplift")))
        if runs is None:
            self.write(batch=details_of_run_0())
        self.cache.write(GIT.key, Batch(commits=commits()), self.now)
        self.states(state_of(GIT, items=6), state_of(MLFLOW, items=63, sweep_period=3 * HOUR))
        return self

    def app(self, theme: str = "dark", **changes: Any) -> Quarterdeck:
        """The real app on this cache. What it asks of the syncer is written down."""
        facts: dict[str, Any] = {
            "project": "churn",
            "environment": "prod",
            "reader": self.stack.enter_context(closing(Reader(self.path))),
            "open_reader": lambda: Reader(self.path),
            "tables": self.tables,
            "state": self.tables,
            "palette": Palette(theme),
            "now": lambda: self.now,
            "ask": self.wants.append,
            "sync_now": lambda: self.passes.append("pass"),
            "better": {"val_auc": True},
        }
        return Quarterdeck(Deck(**(facts | changes)), self.path)


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """An empty world with a cache of its own. What waits for a person's fingers to rest does not wait here."""
    monkeypatch.setattr(main, "LOOK", 0.01)
    monkeypatch.setattr(runs, "RESTS", 0.001)
    monkeypatch.setattr(run, "RESTS", 0.001)
    monkeypatch.setattr(runs, "CHANGES_AT_MOST_EVERY", 0.001)
    for module in (pipeline, pipelines, models, model, version, checks, halves, held_list):
        monkeypatch.setattr(module, "RESTS", 0.001)
    for list_module in (pipelines, models, model, checks, held_list, events):
        monkeypatch.setattr(list_module, "CHANGES_AT_MOST_EVERY", 0.001)
    monkeypatch.setattr(list_screen, "TYPING_RESTS", 0.001)
    with ExitStack() as stack:
        yield World(tmp_path, stack)


Settle = Callable[[Pilot[Any]], Awaitable[list[str]]]
WaitFor = Callable[..., Awaitable[list[str]]]


def _lines(app: App[Any]) -> list[str]:
    return ["".join(part.text for part in strip).rstrip() for strip in app.screen._compositor.render_strips()]


def _at_rest(app: App[Any]) -> bool:
    """Every question to the cache is answered."""
    for screen in app.screen_stack:
        if isinstance(screen, serving.ServingScreen) and screen.is_ready and not _has_its_curve(screen):
            return False
        feed = getattr(screen, "_feed", None)
        if isinstance(feed, EventFeed) and not feed.is_answered:
            return False
        asking = getattr(screen, "_asking", None)
        if isinstance(asking, Asking) and not (asking.is_answered or _has_its_first_rows(screen)):
            return False
    return all(worker.is_finished for worker in app.workers)


def _has_its_curve(screen: Any) -> bool:
    """The points of the series under the cursor are there, where there is one."""
    return screen.seen_here() is None or screen._charting.is_answered


def _has_its_first_rows(screen: Any) -> bool:
    """Lists of models and checks are whole from the beginning: nothing is asked until something changes."""
    lists = models.ModelsScreen | model.ModelScreen | checks.ChecksScreen
    is_whole = isinstance(screen, lists) and screen._listed is not None
    return is_whole and screen._asking.is_current(0)


@pytest.fixture
def settled() -> Settle:
    """Wait until the screen is at rest: all is answered and two looks at it are the same. Gives its lines."""

    async def settle(pilot: Pilot[Any]) -> list[str]:
        before: list[str] = []
        while True:
            await pilot.pause(0.01)
            lines = _lines(pilot.app)
            if lines == before and _at_rest(pilot.app):
                return lines
            before = lines

    return settle


@pytest.fixture
def wait_for() -> WaitFor:
    """Wait until all these texts are on the screen; fails with the screen when they never come. Gives its lines."""

    async def wait(pilot: Pilot[Any], *texts: str, gone: Sequence[str] = ()) -> list[str]:
        end = time.monotonic() + 10
        while True:
            await pilot.pause(0.01)
            lines = _lines(pilot.app)
            whole = "\n".join(lines)
            if all(text in whole for text in texts) and not any(text in whole for text in gone):
                return lines
            assert time.monotonic() < end, f"waited for {texts} and for {gone} to go:\n{whole}"

    return wait


# -- pipelines

CI = SourceSpec(key="c" * 16, kind="github", name="github", address="https://api.github.com")
GITLAB = SourceSpec(key="l" * 16, kind="gitlab", name="gitlab", address="https://gitlab.acme")


def make_job(name: str, status: str = "passed", at: int = NOW, took: int | None = 40, **changes: Any) -> Job:
    """A job that began at a time; `took` in seconds."""
    ended = at + took * 1000 if took is not None and status not in ("running", "queued", "waiting", "skipped") else None
    began = at if status not in ("queued", "waiting", "skipped") else None
    facts = {"id": f"{name}-{at}", "name": name, "status": status, "started_at": began, "ended_at": ended}
    return Job(**(facts | {"raw_status": {"passed": "success"}.get(status, status)} | changes))


def make_pipeline(index: int, **changes: Any) -> Pipeline:
    """The pipeline of this number: the same each time, the newest has number 0. One a commit and hour, on two names."""
    at = NOW - index * HOUR - 4 * MINUTE
    name = ("nightly-train", "lint")[index % 2]
    sha = SHAS[index // 2 % 8]
    facts: dict[str, Any] = {
        "source": CI.key, "id": str(9_100_000 - index), "name": name, "number": str(214 - index), "status": "passed",
        "raw_status": "success", "title": f"Step {index // 2}: {('relax null check', 'wider net')[index // 2 % 2]}",
        "branch": "main" if index % 6 < 4 else "features/recency", "commit": sha,
        "event": "push" if index % 2 else "schedule",
        "actor": ("ann", "bo", "cy")[index % 3], "url": f"https://github.acme/churn/runs/{9_100_000 - index}",
        "created_at": at, "started_at": at + 8_000, "ended_at": at + 8_000 + (100 + index % 7) * 1000, "updated_at": at,
        "jobs": (make_job("data", at=at, took=12), make_job("test", at=at, took=65, needs=("data",)),
                 make_job("train", at=at, took=30, needs=("test",)), make_job("deploy", "skipped", at=at)),
    }  # fmt: skip
    return Pipeline(**(facts | changes))


def _failing_steps(at: int) -> tuple[Step, ...]:
    names = ("Set up job", "Check out", "Install", "Train the model", "Upload the model")
    ends = ("passed", "passed", "passed", "failed", "skipped")
    return tuple(
        Step(name=name, status=end, number=number, started_at=at, ended_at=at + 9_000 * number)  # type: ignore[arg-type]  # words of the vocabulary
        for number, (name, end) in enumerate(zip(names, ends, strict=True), 1)
    )


def some_pipelines(number: int = 40) -> list[Pipeline]:
    """So many: 0 runs, 1 waits for approval, 2 failed after 8 that was green, 3 is queued, 5 slow, 7 cancelled."""
    at = NOW - 2 * HOUR - 4 * MINUTE
    failed = (
        make_job("data", at=at, took=12), make_job("test", at=at, took=65, needs=("data",)),
        make_job("train", "failed", at=at, id="train-a1", steps=_failing_steps(at), took=41, reason="exit status 1"),
        make_job("train", "failed", at=at, id="train-a2", attempt=2, steps=_failing_steps(at), took=43,
                 needs=("test",), reason="exit status 1"),
        make_job("deploy", "skipped", at=at, needs=("train",)),
    )  # fmt: skip
    report = CaseReport(
        total=43, passed=41, failed=2, failures=(
            Case(name="test_nulls_are_refused", suite="tests/test_orders.py", message="E  AssertionError: 3.1 % null\n"
                 "E  assert 0.031 <= 0.0"),
            Case(name="test_schema", suite="tests/test_orders.py", message="KeyError: 'customer_id'", seconds=0.4),
        ),
    )  # fmt: skip
    now = NOW - 4 * MINUTE
    special: dict[int, dict[str, Any]] = {
        0: {"status": "running", "raw_status": "in_progress", "ended_at": None,
            "jobs": (make_job("data", at=now, took=12), make_job("test", "running", at=now, steps=(
                Step(name="Check out", status="passed", number=1, started_at=now, ended_at=now + 3_000),
                Step(name="Run make test", status="running", number=2, started_at=now + 3_000))),
                make_job("train", "queued"), make_job("deploy", "queued"))},
        1: {"status": "waiting", "raw_status": "waiting", "name": "release", "ended_at": None,
            "approvals": (Approval(id="7", name="production", since=NOW - 64 * MINUTE, reviewers=("ml-leads",),
                                   is_mine=True),),
            "jobs": (make_job("build", at=now), make_job("deploy", "waiting", at=now, is_manual=True))},
        2: {"status": "failed", "raw_status": "failure", "jobs": failed, "report": report, "attempt": 2},
        3: {"status": "queued", "raw_status": "queued", "started_at": None, "ended_at": None, "jobs": None},
        4: {"status": "failed", "raw_status": "failure", "branch": "main"},
        5: {"ended_at": NOW - 4 * HOUR},
        7: {"status": "cancelled", "raw_status": "cancelled"},
        8: {"branch": "main", "deployments": (Deployment(
            id="1", environment="staging", status="passed", at=NOW - 8 * HOUR, commit=SHAS[4], url="https://staging.acme"
        ),)},
        9: {"source": GITLAB.key, "name": "train & ship", "jobs": (
            make_job("compile", stage="build"), make_job("unit", stage="test"),
            make_job("lint", "failed", stage="test", may_fail=True), make_job("prod", "waiting", stage="deploy",
                                                                           is_manual=True))},
    }  # fmt: skip
    made = [make_pipeline(index) for index in range(number)]
    return [make_pipeline(index, **special[index]) if index in special else one for index, one in enumerate(made)]


@pytest.fixture(name="make_pipeline")
def _make_pipeline() -> Callable[..., Pipeline]:
    return make_pipeline


@pytest.fixture(name="make_job")
def _make_job() -> Callable[..., Job]:
    return make_job


@pytest.fixture
def ci(world: World) -> World:
    """The small world with two CI systems."""
    world.fill()
    world.cache.declare([GIT, MLFLOW, CI, GITLAB])
    found = some_pipelines()
    for spec in (CI, GITLAB):
        own = tuple(one for one in found if one.source == spec.key)
        world.cache.write(spec.key, Batch(pipelines=own), world.now)
        world.states(state_of(spec, items=len(own)))
    return world


# -- models

REGISTRY = SourceSpec(key="r" * 16, kind="registry", name="models", address="http://mlflow.acme:5000")
DAY = 24 * HOUR

POLICY = """
[promotion."churn"]
from = "challenger"
to = "champion"
[[promotion."churn".metric]]
name = "val_auc"
greater_is_better = true
threshold = 0.80
min_absolute_change = 0.002
[promotion."churn".required_checks]
ci = ["nightly-train"]
[promotion."churn".approvals]
count = 1
from = ["cy@acme"]
[promotion."uplift"]
to = "champion"
"""
"""What the default branch demands of churn: a challenger, a metric, a pipeline, a person."""


def make_version(number: int, model: str = "churn", **changes: Any) -> ModelVersion:
    """The version of this number: of churn the newest, 16, is of run 1, the one before of run 2, and so on."""
    index = 17 - number
    facts: dict[str, Any] = {
        "source": REGISTRY.key, "model": model, "version": str(number), "raw_status": "READY",
        "created_at": NOW - index * 7 * HOUR, "updated_at": NOW - index * 7 * HOUR,
        "user": ("ann", "bo", "cy")[index % 3],
        "run_id": f"{index:032x}" if model == "churn" else None, "origin": f"runs:/{index:032x}/model",
    }  # fmt: skip
    return ModelVersion(**(facts | changes))


def make_entry(number: int, version: str, at: int, **changes: Any) -> LedgerEntry:
    """An entry of the ledger of churn's champion."""
    facts: dict[str, Any] = {
        "source": GIT.key, "model": "churn", "alias": "champion", "number": number, "id": f"{number:040x}",
        "version": version, "at": at, "by": Actor(name="bo", email="bo@acme", strength="signed", role="requester"),
        "approvers": (Actor(name="ann", email="ann@acme", strength="forge", role="approver"),),
        "gates": {"metric:val_auc": "pass", "ci:nightly-train": "pass", "approval": "pass"},
        "policy_commit": SHAS[1], "reason": "better on the same data", "ticket": "ML-214",
    }  # fmt: skip
    return LedgerEntry(**(facts | changes))


def some_models() -> Batch:
    """Churn with 16 versions and three aliases, two smaller models, and a prompt."""
    logged = LoggedModel(
        source=REGISTRY.key, id="m-0000000000000015", name="model", kind="xgboost", run_id=f"{2:032x}",
        created_at=NOW - 14 * HOUR, params={"trees": "300"},
        metrics=(ModelMetric(name="val_auc", value=0.9402, step=200, at=NOW - 14 * HOUR, dataset_name="orders",
                             dataset_digest="9c1e02"),
                 ModelMetric(name="p95_latency_ms", value=104.0, at=NOW - 14 * HOUR)),
    )  # fmt: skip
    special: dict[int, dict[str, Any]] = {
        16: {"status": "pending", "raw_status": "PENDING_REGISTRATION", "run_id": None},
        15: {"model_id": logged.id, "origin": f"models:/{logged.id}", "description": "wider trees, the same data",
             "tags": {"validated": "yes", "ticket": "ML-230"}},
        14: {"copied_from": ("churn-staging", "7"), "stage": "Production"},
        9: {"status": "failed", "raw_status": "FAILED_REGISTRATION"},
    }  # fmt: skip
    return Batch(
        models=(
            RegisteredModel(
                source=REGISTRY.key, name="churn", description="Who leaves in the next 90 days.",
                tags={"team": "growth"}, created_at=NOW - 300 * DAY, updated_at=NOW - 7 * HOUR,
                aliases={"challenger": "15", "champion": "14", "shadow": "13"},
            ),
            RegisteredModel(source=REGISTRY.key, name="uplift", created_at=NOW - 40 * DAY, aliases={"champion": "2"},
                            tags={"team": "risk"}),
            RegisteredModel(source=REGISTRY.key, name="fraud-score-of-card-payments", created_at=NOW - 3 * DAY),
            RegisteredModel(source=REGISTRY.key, name="summarise", kind="prompt", aliases={"live": "1"}),
        ),
        models_complete=True,
        versions=(
            *(make_version(number, **special.get(number, {})) for number in range(1, 17)),
            make_version(1, "uplift"), make_version(2, "uplift"),
            make_version(1, "fraud-score-of-card-payments"),
            make_version(1, "summarise"),
        ),
        logged_models=(logged,),
    )  # fmt: skip


@pytest.fixture
def models_source() -> SourceSpec:
    """The model registry of the small world."""
    return REGISTRY


@pytest.fixture(name="make_version")
def _make_version() -> Callable[..., ModelVersion]:
    return make_version


@pytest.fixture(name="make_entry")
def _make_entry() -> Callable[..., LedgerEntry]:
    return make_entry


@pytest.fixture
def registry(ci: World) -> World:
    """The small world with a model registry, a policy, a ledger, and what was seen of the aliases.

    Churn's champion went from 11 (before anybody looked) to 13 and 14, by the ledger, which knows nothing of its other
    aliases. Uplift has a policy, and its champion was moved by nobody that the ledger knows.
    """
    ci.cache.declare([GIT, MLFLOW, CI, GITLAB, REGISTRY])
    ci.cache.write(REGISTRY.key, some_models(), ci.now)
    entries = (
        make_entry(1, "11", NOW - 9 * DAY),
        make_entry(2, "13", NOW - 3 * DAY, previous="11"),
        make_entry(3, "14", NOW - 9 * HOUR, previous="13", reason=""),
    )
    policy = PolicyText(source=GIT.key, branch="origin/main", commit=SHAS[1], text=POLICY)
    ci.cache.write(GIT.key, Batch(promotions=Promotions(policy=policy, entries=entries)), ci.now)
    ci.states(state_of(REGISTRY, items=20))
    look = ci.tables.observe_aliases
    look(REGISTRY.key, {"churn": {"champion": "11"}, "uplift": {"champion": "1"}}, (), NOW - 6 * DAY)
    for ago, aliases in (
        (3 * DAY - MINUTE, {"champion": "13", "shadow": "12"}),
        (2 * DAY, {"champion": "13", "shadow": "12", "challenger": "14"}),
        (9 * HOUR - MINUTE, {"champion": "14", "shadow": "12", "challenger": "14"}),
        (2 * HOUR, {"champion": "14", "shadow": "13", "challenger": "15"}),
    ):
        look(REGISTRY.key, {"churn": aliases, "uplift": {"champion": "2"}}, (), NOW - ago)
    return ci


# -- data checks


@pytest.fixture
def checked(registry: World) -> World:
    """The small world with two sources of data checks."""
    registry.cache.declare([GIT, MLFLOW, CI, GITLAB, REGISTRY, checking.GX, checking.DBT])
    checking.fill(registry)
    return registry


# -- production


@pytest.fixture
def served(registry: World) -> World:
    """The small world with a Prometheus that watches two of its models."""
    production.fill(registry, (GIT, MLFLOW, CI, GITLAB, REGISTRY))
    return registry


# -- infrastructure


@pytest.fixture
def stacked(served: World) -> World:
    """The same with three stacks."""
    infrastructure.fill(served, (GIT, MLFLOW, CI, GITLAB, REGISTRY, production.PROMETHEUS))
    return served
