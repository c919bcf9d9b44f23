"""What a source hands over, and what it is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from .check import Invocation
from .commit import Commit, Patch, Ref
from .data import DataVersion
from .infra import Stack
from .model import LoggedModel, ModelVersion, RegisteredModel
from .monitor import Alert, MonitorSeries, Samples
from .note import Note
from .pipeline import LogPart, Pipeline
from .promotion import Promotions
from .record import Millis, Record
from .run import ArtifactContent, ArtifactListing, Experiment, KnownSeries, Run, Series


class Batch(Record, frozen=True, kw_only=True):
    """What a source hands over at once. It is written in one transaction together with its cursor."""

    experiments: tuple[Experiment, ...] = ()
    runs: tuple[Run, ...] = ()
    histories: tuple[Series, ...] = ()
    tails: tuple[Series, ...] = ()
    """Points to be added to histories that the cache has whole; those that it has already are no harm."""
    listings: tuple[ArtifactListing, ...] = ()
    contents: tuple[ArtifactContent, ...] = ()
    commits: tuple[Commit, ...] = ()
    patches: tuple[Patch, ...] = ()
    pipelines: tuple[Pipeline, ...] = ()
    """New or changed; one whose jobs are None keeps the jobs that the cache has of the same attempt."""
    pipelines_gone: tuple[str, ...] = ()
    """Ids of pipelines that the vendor has no more."""
    log_parts: tuple[LogPart, ...] = ()
    models: tuple[RegisteredModel, ...] = ()
    models_complete: bool = False
    """`models` are all that there are: others of this source are gone, with their versions."""
    versions: tuple[ModelVersion, ...] = ()
    versions_gone: tuple[tuple[str, str], ...] = ()
    """Name and version of those that the registry has no more."""
    versions_gone_unless_seen_since: Millis | None = None
    """A whole sweep began then: a version of this source that was not handed over since is deleted."""
    logged_models: tuple[LoggedModel, ...] = ()
    promotions: Promotions | None = None
    """All that the repository says of promotions: what is not in it is gone. None: not looked at."""
    invocations: tuple[Invocation, ...] = ()
    """Results of checks; one whose id the cache has already is written anew, and its checks looked at again."""
    data_versions: tuple[DataVersion, ...] = ()
    """In any order; unique by name and commit."""
    series: tuple[MonitorSeries, ...] = ()
    """Lines of production. What the cache works out itself (value, at, bad_since, last_good_at) is not looked at."""
    series_complete: bool = False
    """`series` are all that the settings still want: others of this source are gone, with their points."""
    samples: tuple[Samples, ...] = ()
    """Points of series that were handed over before or are in this batch; one that is there is written anew."""
    alerts: tuple[Alert, ...] | None = None
    """All that fire or are pending now: others of this source are over. None: not looked at."""
    past_alerts: tuple[Alert, ...] = ()
    """Stretches of firing that are over, from the monitoring's own memory."""
    stacks: tuple[Stack, ...] = ()
    """Each as a whole, with all its resources."""
    stacks_complete: bool = False
    """`stacks` are all that there are: others of this source are gone."""
    notes: tuple[Note, ...] | None = None
    """All that the team's repository holds: what is not in it is gone. None: not looked at."""
    notes_more: tuple[Note, ...] = ()
    """What it holds beside those that were handed over before."""
    refs: tuple[Ref, ...] | None = None
    """All refs of the source: those that are not in it are gone. None: not looked at."""
    experiments_complete: bool = False
    """`experiments` are all that there are: others of this source are gone."""
    runs_gone_unless_seen_since: Millis | None = None
    """A whole sweep began then: a run of this source that was not handed over since is deleted."""
    cursor: Mapping[str, Any] | None = None
    """Replaces the source's cursor; None leaves it. JSON values only; only the source reads it."""
    done: int | None = None
    total: int | None = None
    """Progress of a long sync: items so far, and in all where known."""
    sweep_period: int | None = None
    """Milliseconds that one sweep takes at the present pace, when the source knows it."""
    as_of: Millis | None = None
    """When the copy that was read was last fetched; None leaves what was said before."""


class Want(Record, frozen=True, kw_only=True):
    """What a terminal asks the syncer for beyond the schedule, because somebody looks at it."""

    kind: Literal[
        "history", "artifacts", "artifact", "run", "extremes", "pipeline", "log", "model", "ledger", "series", "patch"
    ]
    source: str
    run_ids: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    """Metric keys for history and extremes; the folder for artifacts, the files for artifact; for series which of them
    are asked for anew. For patch: the commit's sha, the file, and where it was renamed what it was called before."""
    points: int | None = None
    """For history: how many points are enough; None asks for all."""
    known: tuple[KnownSeries, ...] = ()
    """Filled in by the syncer, for history and extremes: of these the source may give the tails."""
    pipelines: tuple[str, ...] = ()
    """For pipeline: whose jobs, tests and approvals are wanted as they are now; for log: the one that the job is of."""
    job: str = ""
    """For log: the job's id."""
    model: str = ""
    """For model: name of the registered model that is read anew, with the versions in `keys` and all its aliases."""
    start: int = 0
    """For log, filled in by the syncer: how many bytes the cache has already. The source gives what comes after, or
    begins anew with a part whose start is 0."""
