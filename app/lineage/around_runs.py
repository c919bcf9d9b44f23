"""The lineage of what runs: a run, an experiment, a commit, a version of data, a pipeline and its jobs."""

from __future__ import annotations

from ..records import Commit, Dataset, DataVersion
from ..store.lineage_reads import Some, runs_at, runs_in, runs_on
from ..store.pipelines import PipelineRow
from .checks import asides, ci_of, words_of_commit, words_of_pipeline, words_of_run, words_on_data
from .data import DVC, below_tracked, brought, data_root, made_from, tracked_around, tracked_node, tracked_root
from .downstream import below_run, runs_of, version_below
from .found import Around
from .nodes import commit_node, data_node, experiment_node, job_node, pipeline_node, run_node, unknown_node
from .trail import Trail, below, written
from .tree import UNKNOWN, Node
from .upstream import COMMIT_TAGS, above_run, commit_above


def around_run(trail: Trail, parts: tuple[str, ...], depth: int) -> Around | None:
    """A run: its commit, data, params and experiment; what was registered of it, and its child runs."""
    run = trail.run(parts[0])
    if run is None:
        return None
    subject = written("run", run.id)
    trail.begin(subject)
    root = run_node(run, **asides(trail, subject, words_of_run(trail, run.id)))
    versions = trail.reader.models.versions_of_run(run.id)
    before = None
    if versions and (rowid := trail.reads.version_before(versions[0].model_rowid, versions[0].rowid)) is not None:
        before = next(iter(trail.reader.models.versions([rowid])), None)
    above = (*above_run(trail, run, depth, before), *_experiment(trail, run.source, run.experiment_id, subject))
    return Around(root, above, below_run(trail, run, depth, with_children=True))


def _experiment(trail: Trail, source: str, native: str, run: str) -> tuple[Node, ...]:
    found = (row.experiment for row in trail.reader.experiments())
    experiment = next((one for one in found if (one.source, one.id) == (source, native)), None)
    if experiment is None:
        return ()
    return (experiment_node(experiment, trail.join(written("experiment", native), run, "holds", "id")),)


def around_experiment(trail: Trail, parts: tuple[str, ...], depth: int) -> Around | None:
    """An experiment: its runs."""
    row = next((row for row in trail.reader.experiments() if row.experiment.id == parts[0]), None)
    if row is None:
        return None
    root = experiment_node(row.experiment)
    trail.begin(root.subject)
    trail.tells_serving = False
    of = runs_in(row.rowid)
    return Around(root, (), runs_of(trail, of, root.subject, "holds", "id", depth), trail.reads.running(of))


# -- commits


def around_commit(trail: Trail, parts: tuple[str, ...], depth: int) -> Around | None:
    """A commit: the pipelines and runs on it, the data that it brought, the versions that name it."""
    commit = trail.reader.commit(parts[0])
    sha = commit.sha if commit else parts[0]
    subject = written("commit", sha)
    trail.begin(subject)
    trail.tells_serving = False
    of = runs_at(trail.reads.written_as(sha))
    below_it = runs_of(trail, of, subject, "ran", "digest", depth)
    ran = tuple(ci_of(trail, sha))
    if commit is None and not below_it["children"] and not ran:
        return None
    nodes = (*ran, *brought(trail, sha), *_tagged(trail, commit, depth), *below_it["children"])
    root = commit_node(sha, commit, **asides(trail, subject, words_of_commit(trail, sha)))
    return Around(root, (), below_it | {"children": nodes}, trail.reads.running(of))


def _tagged(trail: Trail, commit: Commit | None, depth: int) -> tuple[Node, ...]:
    """Versions without a run whose tag names the commit."""
    if commit is None:
        return ()
    rows = trail.reader.models.versions(trail.reads.versions_tagged(commit.sha, COMMIT_TAGS, trail.limit))
    subject = written("commit", commit.sha)
    return tuple(version_below(trail, row, subject, "ran", depth) for row in rows)


# -- data


def around_data(trail: Trail, parts: tuple[str, ...], depth: int) -> Around | None:
    """A version of data: what it was made of, the runs that used it, and what came of these."""
    trail.tells_serving = False
    known = data_root(trail, *parts)
    if known is None:
        tracked = tracked_root(trail, *parts)
        return None if tracked is None else _tracked(trail, tracked, depth)
    subject = written("dataset", known.data.name, known.data.digest)
    trail.begin(subject)
    of = runs_on(known.rowids)
    root = data_node(known.data, **asides(trail, subject, words_on_data(trail, "mlflow", known.data)))
    below_it = runs_of(trail, of, subject, "used", "digest", depth)
    return Around(root, tracked_around(trail, known, depth), below_it, trail.reads.running(of))


def _tracked(trail: Trail, one: DataVersion, depth: int) -> Around:
    """What Git tells of: the commit that brought it, what it was made from, and the datasets of runs that it is."""
    data = Dataset(name=one.name, digest=one.digest)
    subject = written("dataset", one.name, one.digest)
    trail.begin(subject)
    root = tracked_node(one, **asides(trail, subject, words_on_data(trail, DVC, data)))
    above = (commit_above(trail, one.commit, subject, "wrote"), *made_from(trail, one, depth))
    return Around(root, above, below_tracked(trail, one, depth))


# -- pipelines


def around_pipeline(trail: Trail, parts: tuple[str, ...], depth: int) -> Around | None:
    """A pipeline: its commit, its jobs, and the checks whose results it left."""
    rowid = trail.reader.pipelines.find(parts[0])
    row = next(iter(trail.reader.pipelines.rows([rowid])), None) if rowid is not None else None
    if row is None:
        return None
    subject = written("pipeline", row.pipeline.id)
    trail.begin(subject)
    root = pipeline_node(row.pipeline, **asides(trail, subject, words_of_pipeline(trail, row.pipeline.id)))
    jobs = row.pipeline.jobs or ()
    nodes = tuple(
        job_node(job, trail.join(subject, written("job", job.id), "job", "id"))
        for job in jobs[: 4 * trail.limit]
        if job.id
    )
    return Around(root, (_commit_of(trail, row, depth),), {"children": nodes} | below(_all(jobs), len(nodes), "jobs"))


def _all(jobs: tuple[object, ...]) -> Some:
    return Some([], len(jobs))


def _commit_of(trail: Trail, row: PipelineRow, depth: int) -> Node:
    subject = written("pipeline", row.pipeline.id)
    if row.pipeline.commit:
        return commit_above(trail, row.pipeline.commit, subject, "ran")
    link = trail.join(UNKNOWN, subject, "ran", "digest", known=False)
    return unknown_node("commit", "commit unknown", link)


def around_job(trail: Trail, parts: tuple[str, ...], depth: int) -> Around | None:
    """A job: its pipeline, and the commit of that."""
    found = trail.reader.pipelines.job(parts[0])
    if found is None:
        return None
    rowid, job = found
    root = job_node(job)
    trail.begin(root.subject)
    row = next(iter(trail.reader.pipelines.rows([rowid])))
    link = trail.join(written("pipeline", row.pipeline.id), root.subject, "job", "id")
    return Around(root, (pipeline_node(row.pipeline, link, children=(_commit_of(trail, row, depth),)),))
