"""A cache with pipelines in it, and pipelines to write."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from quarterdeck.app.query import PIPELINES, parse, parse_sort
from quarterdeck.app.records import (
    Approval,
    Batch,
    Case,
    CaseReport,
    CommitCheck,
    Deployment,
    Job,
    Pipeline,
    SourceSpec,
    Step,
)
from quarterdeck.app.store.cache import Cache
from quarterdeck.app.store.pipelines import PipelineRow
from quarterdeck.app.store.reading import Reader

HERE = SourceSpec(key="k", kind="github", name="gh", address="https://api.github.example")
THERE = SourceSpec(key="j", kind="jenkins", name="ci", address="https://jenkins.example")
NOW = 1_763_780_820_000
MINUTE = 60_000


class Deck:
    """A cache and a reader of it."""

    def __init__(self, path: Path) -> None:
        self.cache = Cache(path)
        self.cache.declare([HERE, THERE])
        self.reader = Reader(path)
        self.reads = self.reader.pipelines

    def close(self) -> None:
        self.reader.close()
        self.cache.close()

    def write(self, *pipelines: Pipeline, at: int = NOW, **rest: Any) -> Any:
        return self.cache.write(pipelines[0].source if pipelines else "k", Batch(pipelines=pipelines, **rest), at)

    def rows(self) -> list[PipelineRow]:
        return self.reads.rows(self.reads.ids(None))

    def pipelines(self) -> list[Pipeline]:
        return [row.pipeline for row in self.rows()]

    def natives(self, rowids: list[int]) -> list[str]:
        return [row.pipeline.id for row in self.reads.rows(rowids)]

    def found(self, filter: str, sort: str | None = None) -> list[str]:
        where = parse(filter, now=NOW, vocabulary=PIPELINES)
        by = None if sort is None else parse_sort(sort, vocabulary=PIPELINES)
        assert self.reads.count(where) == len(self.reads.ids(where, by))
        return self.natives(self.reads.ids(where, by))


def ran(nth: int, status: str = "passed", minutes: float = 5, **rest: Any) -> Pipeline:
    """The nth run of `ci` on main; a later one was created later."""
    at = NOW + nth * MINUTE
    facts: dict[str, Any] = {
        "source": "k", "id": str(9_000 + nth), "name": "ci", "status": status, "raw_status": status,
        "number": str(nth), "branch": "main", "created_at": at, "started_at": at + 1_000,
        "ended_at": None if status in ("running", "queued", "waiting") else at + 1_000 + round(minutes * MINUTE),
    }  # fmt: skip
    return Pipeline(**(facts | rest))


def job(name: str, status: str = "passed", **rest: Any) -> Job:
    return Job(**({"id": f"job-{name}", "name": name, "status": status} | rest))


FULL = ran(
    1, "waiting", title="Mend [bold]x[/]\x1b[31m", commit="4f2c91a0" * 5, event="push", actor="ann", attempt=2,
    url="https://x.example/1", updated_at=NOW + 7,
    jobs=(
        job("train", "failed", raw_status="timed_out", stage="build", attempt=1, queued_at=1, started_at=2, ended_at=3,
            url="https://x.example/j", needs=("data", "test"), may_fail=True, reason="too long",
            steps=(Step(name="Set up", status="passed", raw_status="success", number=1, started_at=4, ended_at=5),
                   Step(name="", status="unknown", raw_status="novel"))),
        job("deploy", "waiting", id="job-train", is_manual=True),
        job("train", attempt=2, id=""),
    ),
    report=CaseReport(
        total=3, passed=1, failed=1, errors=1, failures=(Case(name="t", suite="s", message="no\0", seconds=0.5),)
    ),
    approvals=(Approval(id="12", name="production", since=8, reviewers=("ann", "team/x"), is_mine=None),),
    deployments=(Deployment(id="d", environment="staging", status="passed", raw_status="active", commit="4f", at=9),),
    checks=(
        CommitCheck(name="cov\x1b[31m", status="failed", raw_status="failure", app="codecov", started_at=1, ended_at=2,
                    url="https://x.example/c", text="61 %"),
        CommitCheck(name="ci", status="queued"),
    ),
)  # fmt: skip
BARE = Pipeline(source="k", id="2", name="", status="unknown")
