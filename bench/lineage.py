"""Lineage at 100,000 runs: on one dataset, on one commit, from either end of the chain and from a check."""

from __future__ import annotations

import statistics
import time
from contextlib import closing
from pathlib import Path
from typing import Final

from quarterdeck.app.lineage import Lineage, trace
from quarterdeck.app.records import (
    Batch,
    CheckResult,
    Commit,
    DataIdentity,
    Dataset,
    DataVersion,
    Experiment,
    Identities,
    Invocation,
    ModelVersion,
    RegisteredModel,
    Run,
    SourceSpec,
    parse_subject,
)
from quarterdeck.app.store.cache import Cache
from quarterdeck.app.store.reading import Reader

from . import world
from .table import Row, figure, print_table

RUNS: Final = 100_000
VERSIONS: Final = 5_000
CHECKS: Final = 200
NIGHTS: Final = 30
COMMITS: Final = 1_000
TRACKED: Final = 200
"""Commits that brought another version of the data."""
TIMES: Final = 15
NOW: Final = time.time_ns() // 1_000_000
HOUR: Final = 3_600_000
MLFLOW = SourceSpec(key="1123456789abcdef", kind="mlflow", name="mlflow", address="http://127.0.0.1:9")
REGISTRY = SourceSpec(key="0123456789abcdef", kind="registry", name="models", address="http://127.0.0.1:9")
GIT = SourceSpec(key="2123456789abcdef", kind="git", name="git", address="git.example/churn")
GX = SourceSpec(key="3123456789abcdef", kind="checks", name="gx", address="gx/validations")
DECLARED = Identities(
    [DataIdentity(name="orders", same=(("mlflow", "orders"), ("dvc", "data/orders.csv"), ("gx", "orders_asset")))]
)


def sha(number: int) -> str:
    """The commit of this number; the next one is its child."""
    return f"{number:040x}"


def run(number: int) -> Run:
    """All on one dataset; every tenth on one commit, the others on a commit of their own hundred."""
    at = NOW - (RUNS - number) * 60_000
    return Run(
        source=MLFLOW.key, id=f"{number:032x}", experiment_id="1", name=f"brave-cod-{number}", user="ann",
        status="running" if number % 5_000 == 0 else "finished", started_at=at, ended_at=at + 1000,
        git_commit=sha(COMMITS - 1 if number % 10 == 0 else number % COMMITS),
        params={"lr": "0.01", "depth": str(number % 9)},
        datasets=(
            Dataset(name="orders", digest="77ab", context="training"),
            Dataset(name="holdout", digest=f"{number:08x}", context="validation"),  # everybody's own
        ),
    )  # fmt: skip


def fill(cache: Cache) -> float:
    """Write the world; gives the seconds that it takes."""
    begun = time.perf_counter()
    cache.declare([MLFLOW, REGISTRY, GIT, GX])
    cache.write(MLFLOW.key, Batch(experiments=(Experiment(source=MLFLOW.key, id="1", name="churn"),)), NOW)
    for start in range(0, RUNS, 1_000):
        cache.write(MLFLOW.key, Batch(runs=tuple(map(run, range(start, start + 1_000)))), NOW)
    cache.write(GIT.key, Batch(commits=tuple(map(commit, range(COMMITS))), data_versions=tuple(tracked())), NOW)
    aliases = {"champion": str(VERSIONS - 1), "challenger": str(VERSIONS)}
    cache.write(REGISTRY.key, Batch(models=(RegisteredModel(source=REGISTRY.key, name="churn", aliases=aliases),)), NOW)
    versions = tuple(
        ModelVersion(
            source=REGISTRY.key, model="churn", version=str(number), created_at=NOW - (VERSIONS - number) * HOUR,
            run_id=f"{RUNS - VERSIONS * 10 + number * 10 - 10:032x}",
        )
        for number in range(1, VERSIONS + 1)
    )  # fmt: skip
    cache.write(REGISTRY.key, Batch(versions=versions), NOW)
    for night in range(NIGHTS):
        cache.write(GX.key, Batch(invocations=(checked(night),)), NOW)
    return time.perf_counter() - begun


def commit(number: int) -> Commit:
    """One line of commits, an hour apart."""
    at = NOW - (COMMITS - number) * HOUR
    return Commit(
        source=GIT.key, sha=sha(number), parents=(sha(number - 1),) if number else (), author="ann",
        email="ann@example.com", authored_at=at, committed_at=at, subject=f"Change {number}",
    )  # fmt: skip


def tracked() -> list[DataVersion]:
    """The first commits each bring a version: a run of today has to walk far back to find its own."""
    return [
        DataVersion(
            source=GIT.key, name="data/orders.csv", digest=f"{number:032x}", commit=sha(number),
            at=NOW - (COMMITS - number) * HOUR, stage="prepare",
        )
        for number in range(TRACKED)
    ]  # fmt: skip


def checked(night: int) -> Invocation:
    """A night's run over all checks, of which two fail."""
    results = tuple(
        CheckResult(
            name=f"not_null(column_{number})", dataset="orders_asset", outcome="fail" if number < 2 else "pass",
            observed="3.1 % null" if number < 2 else "0 % null",
        )
        for number in range(CHECKS)
    )  # fmt: skip
    return Invocation(
        source=GX.key, id=f"{night:016x}", tool="great_expectations", suite="nightly", environment="prod",
        at=NOW - (NIGHTS - night) * 24 * HOUR, results=results, is_whole=True,
    )  # fmt: skip


def subjects(reader: Reader) -> dict[str, str]:
    """What is traced: a name for it, and the subject."""
    (row,) = reader.checks.rows(reader.checks.ids(now=NOW)[:1])
    return {
        f"a dataset that {RUNS:,} runs used": "dataset/orders@77ab",
        f"a commit of {RUNS // 10:,} runs": f"commit/{sha(COMMITS - 1)}",
        "an alias": "alias/churn@champion",
        f"a model with {VERSIONS:,} versions": "model/churn",
        "a dataset of a name that 100,000 others have": f"dataset/holdout@{RUNS - 10:08x}",
        "a run": f"run/{RUNS - 10:032x}",
        f"an experiment of {RUNS:,} runs": "experiment/1",
        "a check of that dataset": f"check/{row.check.id}",
        "a version that DVC tracks": f"dataset/data%2Forders.csv@{TRACKED - 1:032x}",
    }


def traced(reader: Reader, subject: str) -> tuple[list[float], Lineage]:
    """Milliseconds of each trace, and the lineage."""
    took, found = [], None
    for _ in range(TIMES):
        begun = time.perf_counter()
        found = trace(reader, parse_subject(subject), DECLARED, now=NOW)
        took.append((time.perf_counter() - begun) * 1e3)
    assert found is not None, subject
    return took, found


def main() -> None:
    """Measure and print the table."""
    world.OUT.mkdir(parents=True, exist_ok=True)
    path: Path = world.OUT / "lineage.db"
    for old in world.OUT.glob("lineage.db*"):
        old.unlink()
    with closing(Cache(path)) as cache:
        written = fill(cache)
    rows = []
    with closing(Reader(path)) as reader:
        for name, subject in subjects(reader).items():
            took, found = traced(reader, subject)
            nodes = f"{sum(1 for _ in found.nodes())} nodes, {found.more:,} more counted"
            said = f"{figure(statistics.median(took), 'ms')} (longest {figure(max(took), 'ms')}; {nodes})"
            rows.append(Row(name, "100 ms", {world.NAME: said}))
    rows.append(Row("writing all of it into the cache", "", {world.NAME: figure(written, "s")}))
    print_table(f"lineage both ways, cache of {RUNS:,} runs", [world.NAME], rows)


if __name__ == "__main__":
    main()
