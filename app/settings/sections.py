"""quarterdeck.toml, section by section, as it is written. People rely on it: keys are added, never taken away.

Frozen structs that refuse unknown keys. Durations stay text (`seconds` reads them, checked here); paths stay
text, relative to the folder of the file (`Settings.path` resolves them). The kinds of all vendors are here, also
of those that no source reads yet, so that a team's file is right or wrong for the same reasons in each version.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import ClassVar, Literal, TypeAlias

import msgspec

from .checks import (
    NEVER,
    WrongError,
    check_artifact,
    check_command,
    check_duration,
    check_given,
    check_glob,
    check_pattern,
    check_url,
    check_words,
    echo,
    split_url,
)
from .policy import Promotion
from .table import Connection, Section


class Project(Section, frozen=True, kw_only=True):
    """[project]: what the header says."""

    name: str = ""
    environment: str = ""


class Git(Section, frozen=True, kw_only=True):
    """[git]: which repository, which of its branches, and how often our mirror fetches."""

    path: str = "."
    branches: tuple[str, ...] = ()
    """Names or patterns. Empty: the default branch."""
    remote: str = "origin"
    fetch: str = "2m"
    """How often quarterdeck's own mirror fetches; "never" reads the clone alone."""

    def __post_init__(self) -> None:
        check_words("branches", self.branches)
        if not self.remote or self.remote.startswith("-"):
            raise WrongError("remote", f"({echo(self.remote)}) is no name of a Git remote")
        if self.fetch != NEVER:
            check_duration("fetch", self.fetch, least=5.0)


class Mlflow(Connection, frozen=True, kw_only=True):
    """[mlflow]: the tracking server or store."""

    tracking_uri: str = ""
    """http(s)://, sqlite:///, a path or another scheme of MLflow's. Empty: the environment's."""
    registry_uri: str = ""
    experiments: tuple[str, ...] = ()
    """Name patterns. Empty: all."""

    def __post_init__(self) -> None:
        super().__post_init__()
        split_url("tracking_uri", self.tracking_uri)
        split_url("registry_uri", self.registry_uri)
        check_words("experiments", self.experiments)


class Metric(Section, frozen=True, kw_only=True):
    """[metrics]: which way is better. Without a direction there is no “best”."""

    greater_is_better: bool


class CiSource(Connection, frozen=True, kw_only=True):
    """What all [[ci]] have."""

    kind: ClassVar[str]
    name: str = ""
    base_url: str = ""

    def __post_init__(self) -> None:
        super().__post_init__()
        check_given("base_url", self.base_url)
        check_url("base_url", self.base_url)


class GithubCi(CiSource, frozen=True, kw_only=True, tag_field="kind", tag="github"):
    """GitHub Actions."""

    kind: ClassVar[str] = "github"
    repository: str
    base_url: str = "https://api.github.com"

    def __post_init__(self) -> None:
        super().__post_init__()
        if len([part for part in self.repository.split("/") if part]) != 2:
            raise WrongError("repository", f"({echo(self.repository)}) is written owner/name")


class GitlabCi(CiSource, frozen=True, kw_only=True, tag_field="kind", tag="gitlab"):
    """GitLab CI: the project's path or number."""

    kind: ClassVar[str] = "gitlab"
    repository: str | int
    base_url: str = "https://gitlab.com"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_given("repository", str(self.repository))


class JenkinsCi(CiSource, frozen=True, kw_only=True, tag_field="kind", tag="jenkins"):
    """Jenkins: the job's path."""

    kind: ClassVar[str] = "jenkins"
    repository: str
    base_url: str


class KubeflowCi(CiSource, frozen=True, kw_only=True, tag_field="kind", tag="kubeflow"):
    """Kubeflow Pipelines: the namespace."""

    kind: ClassVar[str] = "kubeflow"
    repository: str = ""
    base_url: str


class AirflowCi(CiSource, frozen=True, kw_only=True, tag_field="kind", tag="airflow"):
    """Airflow: patterns of DAG names."""

    kind: ClassVar[str] = "airflow"
    repository: str | tuple[str, ...] = ()
    base_url: str


class Job(Section, frozen=True, kw_only=True):
    """A job of the embedded CI."""

    name: str
    run: str
    needs: tuple[str, ...] = ()
    junit: str = ""
    timeout: str | None = None

    def __post_init__(self) -> None:
        check_given("name", self.name)
        check_command("run", self.run)
        check_pattern("junit", self.junit)
        check_duration("timeout", self.timeout, least=1.0)


def _circle(jobs: tuple[Job, ...]) -> list[str]:
    """Names of jobs of which each needs the next and the last is the first again; empty when there are none."""
    needs = {job.name: job.needs for job in jobs}
    free: set[str] = set()
    while ready := [name for name in needs if name not in free and free.issuperset(needs[name])]:
        free.update(ready)
    path = [name for name in needs if name not in free][:1]
    while path and path[-1] not in path[:-1]:
        path.append(next(name for name in needs[path[-1]] if name not in free))
    return path[path.index(path[-1]) :] if path else []


class LocalCi(Section, frozen=True, kw_only=True, tag_field="kind", tag="local"):
    """The embedded CI: named jobs, run in a clean work tree of a commit."""

    kind: ClassVar[str] = "local"
    name: str = ""
    jobs: tuple[Job, ...]

    def __post_init__(self) -> None:
        names = [job.name for job in self.jobs]
        for job in self.jobs:
            if names.count(job.name) > 1:
                raise WrongError("jobs", f"holds two jobs called {echo(job.name)}")
            for needed in job.needs:
                if needed not in names or needed == job.name:
                    raise WrongError(
                        "jobs", f"cannot run {echo(job.name)}: it needs {echo(needed)}, which is no other job here"
                    )
        if circle := _circle(self.jobs):
            raise WrongError("jobs", f"cannot run in any order: {' needs '.join(map(echo, circle))}")


Ci: TypeAlias = GithubCi | GitlabCi | JenkinsCi | KubeflowCi | AirflowCi | LocalCi


class Registry(Connection, frozen=True, kw_only=True):
    """[[registries]]: a model registry beside MLflow's."""

    kind: Literal["kubeflow"]
    name: str = "kubeflow-models"
    base_url: str

    def __post_init__(self) -> None:
        super().__post_init__()
        check_given("name", self.name)
        check_given("base_url", self.base_url)
        check_url("base_url", self.base_url)


class Datasets(Section, frozen=True, kw_only=True):
    """[[datasets]]: one dataset under the names that its tools give it."""

    name: str
    same: tuple[str, ...] = msgspec.field(name="is", default=())

    def __post_init__(self) -> None:
        check_given("name", self.name)
        for identity in self.same:
            tool, colon, rest = identity.partition(":")
            if not (tool and colon and rest):
                raise WrongError("is", f"holds {echo(identity)}: write TOOL:NAME, as in “dbt:shop.orders”")


class Checks(Section, frozen=True, kw_only=True):
    """[[checks]]: results of one tool's data checks."""

    kind: Literal["great_expectations", "dbt", "soda", "evidently", "pointblank", "pandera", "junit"]
    name: str = ""
    paths: tuple[str, ...] = ()
    mlflow_artifact: str = ""
    ci_artifact: str = ""
    command: tuple[str, ...] = ()
    """Makes or fetches the files that `paths` names; without any of the three its standard output is the file."""
    every: str | None = None
    """How often the syncer runs the command. Left out: only `check run` does."""
    dataset: str = ""
    environment: str = ""

    def __post_init__(self) -> None:
        check_words("paths", self.paths)
        for path in self.paths:
            check_glob("paths", path)
        check_artifact("mlflow_artifact", self.mlflow_artifact)
        check_artifact("ci_artifact", self.ci_artifact)
        check_words("command", self.command)
        for word in self.command:
            check_command("command", word)
        check_duration("every", self.every, least=60)
        if not (self.paths or self.mlflow_artifact or self.ci_artifact or self.command):
            raise WrongError(
                "paths", "is missing: where are the results? paths, mlflow_artifact, ci_artifact or command says so"
            )
        if self.every is not None and not self.command:
            raise WrongError("every", "says how often `command` is run, and there is no command here")


class Series(Section, frozen=True, kw_only=True):
    """[[monitors.series]]: one line of production, and the threshold that it must keep."""

    name: str
    query: str = ""
    model: str = ""
    model_label: str = ""
    kind: Literal["operational", "business"] = "operational"
    min: float | None = None
    max: float | None = None
    objective: float | None = None
    good: str = ""
    total: str = ""
    version_label: str = "version"
    """The label (of MLflow's runs: the tag or param) that holds the model's version, where there is one."""
    unit: str = ""
    """Said beside the figures: s, ms, %."""
    label_delay: str | None = None
    """How long after a prediction its truth is known: what a business metric says of today it says that much later."""

    def __post_init__(self) -> None:
        check_given("name", self.name)
        check_duration("label_delay", self.label_delay)
        for key in ("min", "max", "objective"):
            if (bound := getattr(self, key)) is not None and not math.isfinite(bound):
                raise WrongError(key, "must be a finite number")
        if self.objective is None:
            check_given("query", self.query)
        elif not (0 < self.objective < 1 and self.good and self.total):
            raise WrongError("objective", "lies between 0 and 1 and needs the queries good and total beside it")


class PrometheusMonitor(Connection, frozen=True, kw_only=True, tag_field="kind", tag="prometheus"):
    """Prometheus: series, and the alerts that fire there."""

    kind: ClassVar[str] = "prometheus"
    name: str = ""
    base_url: str
    step: str = "1m"
    """How far apart points are asked for."""
    series: tuple[Series, ...] = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        check_given("base_url", self.base_url)
        check_url("base_url", self.base_url)
        check_duration("step", self.step, least=1.0, most=86_400.0)
        _check_series(self.series)


class MlflowMonitor(Section, frozen=True, kw_only=True, tag_field="kind", tag="mlflow"):
    """Production metrics that are logged as MLflow runs: a series' query is the metric's key."""

    kind: ClassVar[str] = "mlflow"
    name: str = "mlflow monitors"
    experiments: tuple[str, ...] = ()
    """Name patterns. Empty: all."""
    step: str | None = None
    """How far apart points are meant to be. None: as the newest ones are."""
    series: tuple[Series, ...] = ()

    def __post_init__(self) -> None:
        check_given("name", self.name)
        check_duration("step", self.step, least=1.0, most=604_800.0)
        check_words("experiments", self.experiments)
        _check_series(self.series)


def _check_series(series: tuple[Series, ...]) -> None:
    names = [one.name for one in series]
    for name in names:
        if names.count(name) > 1:
            raise WrongError("series", f"holds two that are called {echo(name)}")


Monitor: TypeAlias = PrometheusMonitor | MlflowMonitor


class Infra(Section, frozen=True, kw_only=True):
    """[[infra]]: one stack, by what its tool wrote as JSON."""

    kind: Literal["terraform", "opentofu"]
    stack: str
    plan: str = ""
    """`show -json` of a plan file, or a log of `plan -json`."""
    state: str = ""
    """`show -json` of the state."""
    log: str = ""
    """A log of `apply -json`."""
    ci_artifact: str = ""
    """Pattern of such files among the artifacts of the [[ci]] sources, instead of files of the work tree."""
    command: tuple[str, ...] = ()
    """Makes the files; without any of them its standard output is the plan."""
    every: str | None = None
    """How often the syncer runs the command."""
    path: str = ""
    """Folder of the code; left out, the folder of the plan, else of the state."""
    environment: str = ""
    models: tuple[str, ...] = ()
    """Registered models that are served from it."""

    def __post_init__(self) -> None:
        check_given("stack", self.stack)
        check_artifact("ci_artifact", self.ci_artifact)
        check_words("command", self.command)
        for word in self.command:
            check_command("command", word)
        check_words("models", self.models)
        check_duration("every", self.every, least=60)
        if not (self.plan or self.state or self.log or self.ci_artifact or self.command):
            raise WrongError("plan", "is missing: give plan, state, log, ci_artifact or command")
        if self.every is not None and not self.command:
            raise WrongError("every", "says how often `command` is run, and there is no command here")


class Sync(Section, frozen=True, kw_only=True):
    """[sync]: how often the sources are asked."""

    every: str = "30s"

    def __post_init__(self) -> None:
        check_duration("every", self.every, least=1.0)


class ProjectFile(Section, frozen=True, kw_only=True):
    """quarterdeck.toml as a whole."""

    project: Project = Project()
    git: Git = Git()
    mlflow: Mlflow = Mlflow()
    metrics: Mapping[str, Metric] = {}
    ci: tuple[Ci, ...] = ()
    registries: tuple[Registry, ...] = ()
    datasets: tuple[Datasets, ...] = ()
    checks: tuple[Checks, ...] = ()
    monitors: tuple[Monitor, ...] = ()
    infra: tuple[Infra, ...] = ()
    teams: Mapping[str, tuple[str, ...]] = {}
    promotion: Mapping[str, Promotion] = {}
    sync: Sync = Sync()
