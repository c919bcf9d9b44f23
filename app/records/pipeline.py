"""What a CI or a workflow engine knows: pipelines, their jobs and steps, what their tests said, and logs."""

from __future__ import annotations

from typing import Literal, TypeAlias

from .record import Millis, Record

PipelineStatus: TypeAlias = Literal[
    "queued", "waiting", "running", "passed", "failed", "cancelled", "skipped", "unknown"
]  # fmt: skip
"""waiting: for a person, or for something outside; unknown: a word of the vendor's that we do not know, never green."""
PIPELINE_STATUSES: tuple[str, ...] = (
    "queued", "waiting", "running", "passed", "failed", "cancelled", "skipped", "unknown",
)  # fmt: skip
SETTLED: frozenset[str] = frozenset({"passed", "failed", "cancelled", "skipped"})
"""Statuses after which nothing more comes, unless somebody runs it again."""


class Step(Record, frozen=True, kw_only=True):
    """One step of a job."""

    name: str
    status: PipelineStatus
    raw_status: str = ""
    """The vendor's own word."""
    number: int = 0
    started_at: Millis | None = None
    ended_at: Millis | None = None


class Job(Record, frozen=True, kw_only=True):
    """One job (GitHub, GitLab), stage (Jenkins) or task (Airflow, Kubeflow) of a pipeline, in one attempt."""

    id: str
    """The vendor's id: each attempt has its own where the vendor says so (GitHub, GitLab)."""
    name: str
    status: PipelineStatus
    raw_status: str = ""
    stage: str = ""
    """The column that it stands in, where the vendor has stages."""
    attempt: int = 1
    queued_at: Millis | None = None
    started_at: Millis | None = None
    ended_at: Millis | None = None
    url: str = ""
    needs: tuple[str, ...] = ()
    """Names of the jobs that must have passed before."""
    steps: tuple[Step, ...] = ()
    is_manual: bool = False
    """It waits until somebody starts it by hand."""
    may_fail: bool = False
    """Its failure leaves the pipeline green."""
    reason: str = ""
    """The vendor's words on why it failed or waits."""


class Case(Record, frozen=True, kw_only=True):
    """One test that did not pass."""

    name: str
    suite: str = ""
    message: str = ""
    """The beginning of what the test said."""
    seconds: float | None = None


LARGEST_MESSAGE = 4_000
"""Characters of a failing test's message that are kept ..."""
MOST_CASES = 200
"""... and failing tests of one report."""


class CaseReport(Record, frozen=True, kw_only=True):
    """What the tests of a pipeline said. Counts are of cases that there are, not what a header claims."""

    total: int
    passed: int
    failed: int
    errors: int = 0
    skipped: int = 0
    failures: tuple[Case, ...] = ()
    """Those that failed or could not run, at most MOST_CASES."""


class Approval(Record, frozen=True, kw_only=True):
    """A deployment that waits for a person."""

    id: str
    """What the vendor calls the environment when it is approved."""
    name: str
    since: Millis | None = None
    reviewers: tuple[str, ...] = ()
    """Who may approve: logins, teams."""
    is_mine: bool | None = None
    """Whether our login may approve; None where the vendor does not say."""


class Deployment(Record, frozen=True, kw_only=True):
    """What a pipeline put where."""

    id: str
    environment: str
    status: PipelineStatus
    raw_status: str = ""
    commit: str | None = None
    at: Millis | None = None
    url: str = ""


class CommitCheck(Record, frozen=True, kw_only=True):
    """What something other than its pipelines said of a commit: a check run of an app, or a status (GitHub)."""

    name: str
    status: PipelineStatus
    raw_status: str = ""
    app: str = ""
    """Who made the check; "" for a status, which names none."""
    started_at: Millis | None = None
    """Of one that has not begun: when it was asked for."""
    ended_at: Millis | None = None
    url: str = ""
    text: str = ""
    """The first line of what it says."""


class Pipeline(Record, frozen=True, kw_only=True):
    """One run of a pipeline: a workflow run (GitHub), pipeline (GitLab), build (Jenkins), DAG run (Airflow)."""

    source: str
    id: str
    """The vendor's id, unique in its source: Jenkins's is JOB/PATH#NUMBER, Airflow's DAG/RUN."""
    name: str
    """What runs of the same pipeline share: the workflow, the job's path, the DAG."""
    status: PipelineStatus
    raw_status: str = ""
    number: str = ""
    """How people call it beside the name: 214."""
    title: str = ""
    """The commit's or the run's own title, where the vendor says one."""
    branch: str = ""
    commit: str | None = None
    event: str = ""
    """Why it ran, in the vendor's word: push, schedule, manual ..."""
    actor: str = ""
    attempt: int = 1
    url: str = ""
    created_at: Millis | None = None
    started_at: Millis | None = None
    """Of the present attempt."""
    ended_at: Millis | None = None
    updated_at: Millis | None = None
    jobs: tuple[Job, ...] | None = None
    """In their order, of all attempts that the vendor shows; None: not read, and the cache keeps what it has."""
    report: CaseReport | None = None
    approvals: tuple[Approval, ...] = ()
    deployments: tuple[Deployment, ...] = ()
    checks: tuple[CommitCheck, ...] = ()
    """What other apps said of its commit. Read when somebody looks: none takes nothing from what the cache has."""

    @property
    def is_settled(self) -> bool:
        """Nothing more comes of it, unless somebody runs it again."""
        return self.status in SETTLED


class LogPart(Record, frozen=True, kw_only=True):
    """A piece of a job's log, as bytes, in the order in which the vendor has them."""

    source: str
    pipeline: str
    job: str
    start: int
    """The byte of the log at which `data` begins; 0 begins the log anew."""
    data: bytes = b""
    is_last: bool = False
    """The log ends here, and the job is over: no more will come."""
    dropped: int = 0
    """Bytes that were left out in front of `data`, because the log is longer than what is kept."""
    sentence: str = ""
    """Why there is no log, or no more of it, for a person; "" when there is."""
