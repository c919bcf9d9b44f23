"""Pipelines as the syncer writes them and everybody reads them."""

from __future__ import annotations

import random
import sqlite3
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quarterdeck.app.query import PIPELINES, matches_pipeline, parse, parse_sort
from quarterdeck.app.records import (
    PIPELINE_STATUSES,
    Approval,
    Batch,
    Case,
    CaseReport,
    Commit,
    CommitCheck,
    Deployment,
    Job,
    Pipeline,
    SourceSpec,
    Step,
)
from quarterdeck.app.store.cache import Cache
from quarterdeck.app.store.order import RunOrder
from quarterdeck.app.store.pipeline_writes import read_extras
from quarterdeck.app.store.pipelines import WORST_FIRST, PipelineRow
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


@pytest.fixture
def deck(tmp_path: Path) -> Iterator[Deck]:
    made = Deck(tmp_path / "cache.db")
    yield made
    made.reader.close()
    made.cache.close()


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


# -- writing ------------------------------------------------------------------------------------------------------


def test_what_is_written_is_read_back_exactly(deck: Deck) -> None:
    written = deck.write(FULL, BARE)
    assert (written.pipelines_new, written.pipelines_changed, written.pipelines_gone) == (2, 0, 0)
    assert deck.pipelines() == [FULL, BARE]
    assert [(row.source_name, row.changed_at) for row in deck.rows()] == [("gh", NOW)] * 2


def test_a_pipeline_that_comes_again_unchanged_is_no_change_and_no_write(deck: Deck) -> None:
    deck.write(FULL, BARE)
    before, wrote = deck.reader.content(), deck.cache.connection.total_changes
    listed = msgspec.structs.replace(FULL, jobs=None, report=None, approvals=(), deployments=(), checks=())
    for again in (FULL, listed):
        deck.write(again, at=NOW + 9)
    assert deck.reader.content() == before
    assert deck.rows()[0].changed_at == NOW
    assert deck.cache.connection.total_changes - wrote == 0


def test_a_change_counts_for_pipelines_alone(deck: Deck) -> None:
    deck.write(FULL)
    before = deck.reader.content()
    deck.write(msgspec.structs.replace(FULL, status="running"), at=NOW + 9)
    now = deck.reader.content()
    assert (now.runs, now.commits, now.logs) == (before.runs, before.commits, before.logs)
    assert now.pipelines == before.pipelines + 1
    assert deck.rows()[0].changed_at == NOW + 9


def test_a_list_keeps_the_jobs_and_tests_of_the_same_attempt(deck: Deck) -> None:
    deck.write(FULL)
    listed = msgspec.structs.replace(
        FULL, status="running", jobs=None, report=None, approvals=(), deployments=(), checks=()
    )
    assert deck.write(listed).pipelines_changed == 1
    (found,) = deck.pipelines()
    assert (found.status, found.jobs, found.report) == ("running", FULL.jobs, FULL.report)
    assert (found.deployments, found.checks) == (FULL.deployments, FULL.checks)
    assert found.approvals == ()  # it no longer waits


def test_a_list_that_says_less_takes_nothing_away(deck: Deck) -> None:
    deck.write(FULL)
    bare = msgspec.structs.replace(FULL, jobs=None, title="", actor="", started_at=None, ended_at=None)
    assert deck.write(bare).pipelines_changed == 0
    assert deck.pipelines() == [FULL]
    deck.write(msgspec.structs.replace(bare, status="running"))
    (found,) = deck.pipelines()
    assert (found.title, found.actor, found.started_at) == (FULL.title, FULL.actor, FULL.started_at)
    assert found.ended_at is None, "what it ended at is not known while it runs again"


def test_a_list_that_does_not_count_attempts_forgets_no_jobs(deck: Deck) -> None:
    deck.write(FULL)
    assert deck.write(msgspec.structs.replace(FULL, jobs=None, attempt=1)).pipelines_changed == 0
    assert deck.pipelines() == [FULL]


def test_another_attempt_forgets_the_jobs_until_they_are_read(deck: Deck) -> None:
    deck.write(FULL)
    again = ran(1, "queued", attempt=3)
    deck.write(again)
    assert deck.pipelines() == [msgspec.structs.replace(again, checks=FULL.checks)]  # they are the commit's
    assert again.jobs is None
    assert deck.reads.job("job-train") is None


def test_jobs_that_were_read_and_found_none_are_not_jobs_that_were_never_read(deck: Deck) -> None:
    deck.write(ran(1, jobs=None), ran(2, jobs=()))
    assert [one.jobs for one in deck.pipelines()] == [(), None]


def test_what_is_said_of_tests_without_jobs_is_kept_beside_what_was_known(deck: Deck) -> None:
    deck.write(FULL)
    report = CaseReport(total=9, passed=9, failed=0)
    deck.write(msgspec.structs.replace(FULL, jobs=None, report=report, deployments=(), approvals=(), checks=()))
    (found,) = deck.pipelines()
    assert found == msgspec.structs.replace(FULL, report=report)


def test_a_pass_that_reads_jobs_alone_keeps_what_others_said_of_the_commit(deck: Deck) -> None:
    deck.write(FULL)
    passed = msgspec.structs.replace(FULL, status="passed", approvals=(), checks=())
    deck.write(passed)
    assert deck.pipelines() == [msgspec.structs.replace(passed, checks=FULL.checks)]
    fewer = msgspec.structs.replace(passed, checks=FULL.checks[:1])
    deck.write(fewer)
    assert deck.pipelines() == [fewer]


def test_what_a_cache_held_before_there_were_checks_is_still_read() -> None:
    before = msgspec.msgpack.encode((FULL.report, FULL.approvals, FULL.deployments))
    found = read_extras(before)
    assert (found.report, found.approvals, found.deployments, found.checks) == (
        FULL.report, FULL.approvals, FULL.deployments, (),
    )  # fmt: skip


def test_the_last_of_a_batch_is_the_one_that_counts(deck: Deck) -> None:
    assert deck.write(ran(1, "running"), ran(1, "passed")).pipelines_new == 1
    assert [one.status for one in deck.pipelines()] == ["passed"]


def test_what_the_vendor_has_no_more_is_gone_with_its_jobs(deck: Deck) -> None:
    deck.write(FULL, BARE)
    assert deck.write(pipelines_gone=(FULL.id, "never")).pipelines_gone == 1
    assert deck.pipelines() == [BARE]
    assert deck.reads.job("job-train") is None
    assert deck.write(pipelines_gone=(FULL.id,)).pipelines_gone == 0


def test_items_count_pipelines(deck: Deck) -> None:
    deck.write(FULL, BARE)
    assert (deck.cache.items("k"), deck.cache.items("j")) == (2, 0)


def test_half_a_surrogate_pair_stops_no_sync(deck: Deck) -> None:
    odd = ran(1, id="a\ud800", title="\udfff!", branch="ü", jobs=(job("x\ud800", reason="\ud800"),))
    deck.write(odd)
    assert deck.write(odd, at=NOW + 1).pipelines_changed == 0
    (found,) = deck.pipelines()
    assert (found.id, found.title, found.branch) == ("a\\ud800", "\\udfff!", "ü")
    assert found.jobs is not None
    assert found.jobs[0].name == "x\\ud800"
    assert deck.write(pipelines_gone=("a\ud800",)).pipelines_gone == 1


def test_two_sources_may_use_the_same_ids(deck: Deck) -> None:
    other = ran(2, id=FULL.id, source="j", jobs=(job("own", id="job-train"),))
    deck.write(FULL)
    deck.write(other)
    ours, theirs = (deck.reads.find(FULL.id, key) for key in ("k", "j"))
    assert deck.reads.find(FULL.id) == theirs  # the newer
    assert deck.reads.find("none") is None
    assert deck.natives([one for one in (ours, theirs) if one]) == [FULL.id, FULL.id]
    (found, its) = deck.reads.job("job-train") or (0, None)
    assert (found, its) == (theirs, other.jobs and other.jobs[0])
    assert (deck.reads.job("job-train", "k") or (0,))[0] == ours


def test_a_source_that_left_the_settings_is_hidden(deck: Deck) -> None:
    deck.write(FULL)
    deck.cache.declare([THERE])
    reads = deck.reads
    assert (reads.ids(None), reads.count(), reads.find(FULL.id), reads.beginning("9")) == ([], 0, None, [])
    assert (reads.job("job-train"), reads.of_commit("4f2c"), reads.of_commits([FULL.commit or ""])) == (None, [], {})
    assert (reads.names(), reads.branches(), reads.statuses(), deck.reader.events(9)) == ([], [], {}, [])


def test_killed_in_the_middle_the_cache_has_whole_pipelines_and_the_cursor_of_the_last(tmp_path: Path) -> None:
    path = tmp_path / "cache.db"
    code = f"""
        import itertools, sys
        from pathlib import Path
        from quarterdeck.app.records import Batch, Job, Pipeline, SourceSpec
        from quarterdeck.app.store.cache import Cache
        cache = Cache(Path({str(path)!r}))
        cache.declare([SourceSpec(key="k", kind="github", name="gh", address="")])
        for n in itertools.count():
            jobs = tuple(Job(id=f"{{n}}-{{j}}", name="j", status="passed") for j in range(10))
            many = tuple(Pipeline(source="k", id=f"{{n}}-{{p}}", name="ci", status="passed", jobs=jobs) for p in range(50))
            cache.write("k", Batch(pipelines=many, cursor={{"n": n}}), 1)
            print(n, flush=True)
    """  # noqa: E501  lines of the child
    child = subprocess.Popen([sys.executable, "-c", textwrap.dedent(code)], stdout=subprocess.PIPE)
    assert child.stdout is not None
    for _ in range(3):
        child.stdout.readline()
    child.kill()
    child.communicate()
    deck = Deck(path)
    batches = deck.cache.cursor("k")["n"] + 1
    assert batches >= 3
    assert deck.reads.count() == 50 * batches
    assert all(one.jobs is not None and len(one.jobs) == 10 for one in deck.pipelines())
    deck.reader.close()
    deck.cache.close()


def test_a_batch_that_cannot_be_written_leaves_nothing(deck: Deck) -> None:
    deck.write(ran(1), cursor={"at": 1})
    with pytest.raises((OverflowError, sqlite3.Error)):
        deck.write(ran(2), ran(3, started_at=2**63), cursor={"at": 2})
    assert (deck.natives(deck.reads.ids(None)), deck.cache.cursor("k")) == (["9001"], {"at": 1})


# -- lists --------------------------------------------------------------------------------------------------------


def test_the_newest_come_first_and_those_without_any_time_last(deck: Deck) -> None:
    deck.write(ran(2), BARE, ran(3, created_at=None), ran(1))
    assert deck.natives(deck.reads.ids(None)) == ["9003", "9002", "9001", "2"]
    assert deck.natives(deck.reads.ids(None, None, 2)) == ["9003", "9002"]
    assert deck.reads.ids(None, None, 0) == []


def test_rows_come_in_the_order_asked_and_those_gone_are_left_out(deck: Deck) -> None:
    deck.write(ran(1), ran(2))
    two, one = deck.reads.ids(None)
    assert [row.rowid for row in deck.reads.rows([one, 99, two])] == [one, two]
    assert deck.reads.rows([]) == []


def test_an_unambiguous_beginning_finds(deck: Deck) -> None:
    deck.write(ran(1, id="team/train#1"), ran(2, id="team/train#12"), ran(3, id="other"))
    assert sorted(deck.natives(deck.reads.beginning("team/"))) == ["team/train#1", "team/train#12"]
    assert len(deck.reads.beginning("team/", limit=1)) == 1
    assert deck.reads.beginning("") == []


def test_what_begins_so_at_one_source_is_not_cut_off_by_another_s(deck: Deck) -> None:
    deck.write(*(ran(n, id=f"30{n}") for n in range(12)))
    deck.write(ran(99, id="3099", source=THERE.key))
    assert deck.natives(deck.reads.beginning("30", source=THERE.key)) == ["3099"]
    assert deck.reads.beginning("30", source="nobody's") == []


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ("created_at", ["9001", "9002", "9003"]),
        ("duration:desc", ["9001", "9002", "9003"]),
        ("duration", ["9002", "9001", "9003"]),
        ("number:desc", ["9001", "9003", "9002"]),
        ("job", ["9003", "9001", "9002"]),
        ("job:desc", ["9001", "9003", "9002"]),
        ("age", ["9003", "9002", "9001"]),
        ("source", ["9003", "9002", "9001"]),
    ],
)
def test_every_field_sorts_and_what_lacks_it_comes_last(deck: Deck, sort: str, expected: list[str]) -> None:
    deck.write(
        ran(1, minutes=9, number="100", jobs=(job("m"), job("z"))),
        ran(2, minutes=2, number="nightly"),
        ran(3, "running", number="20", jobs=(job("b"),)),
    )
    assert deck.found("", sort) == expected


def test_a_filter_reads_jobs_of_the_last_attempt(deck: Deck) -> None:
    mended = (job("train", "failed", attempt=1, id="a"), job("train", "passed", attempt=2, id="b"), job("data"))
    deck.write(
        ran(1, attempt=2, jobs=mended),
        ran(2, "failed", jobs=(job("train"), job("data", "failed", stage="prepare", raw_status="timed_out"))),
        ran(3, "running"),
    )
    assert deck.found("job:train") == ["9002", "9001"]
    assert deck.found("job.status:failed") == ["9002"]
    assert deck.found("failed_job = data") == ["9002"]
    assert deck.found("failed_job:train") == []
    assert deck.found("stage = prepare and job.raw_status = timed_out") == ["9002"]
    assert deck.found("job.id = a") == ["9001"]
    assert deck.found("not has job") == ["9003"]


def test_a_number_compares_by_value(deck: Deck) -> None:
    deck.write(ran(9), ran(100), ran(20, number="rc-20"))
    assert deck.found("number > 20") == ["9100"]
    assert deck.found("number = 9") == ["9009"]
    assert deck.found("number:rc") == ["9020"]


TEXTS = st.sampled_from(["", "main", "Feature/Ü", "fix%_", "4f2c91", "\n", "a'b", "m\0main"])
JOBS = st.lists(
    st.builds(
        Job, id=st.sampled_from(["1", "2"]), name=st.sampled_from(["train", "data"]),
        status=st.sampled_from(PIPELINE_STATUSES), stage=TEXTS, raw_status=TEXTS, attempt=st.integers(1, 3),
    ),
    max_size=4,
).map(tuple)  # fmt: skip
TIMES = st.one_of(st.none(), st.integers(NOW - 3_000, NOW + 3_000))
MANY = st.lists(
    st.builds(
        Pipeline, source=st.just("k"), id=st.uuids().map(str), name=TEXTS, status=st.sampled_from(PIPELINE_STATUSES),
        raw_status=TEXTS, number=st.sampled_from(["", "7", "0007", "x", "1e1"]), title=TEXTS, branch=TEXTS,
        commit=st.one_of(st.none(), st.just("4f2c91a")), event=TEXTS, actor=TEXTS, attempt=st.integers(1, 3),
        created_at=TIMES, started_at=TIMES, ended_at=TIMES, jobs=st.one_of(st.none(), JOBS),
    ),
    max_size=8, unique_by=lambda one: one.id,
)  # fmt: skip
CONDITIONS = st.sampled_from([
    "main", "4F2C", "ü", "source:gh", "source != gh", "status:failed,running", "status != passed", "has branch",
    "branch = main", "branch is null", "branch like 'fix%'", "branch ilike 'FEATURE%'", "commit ~ '^4f'", "number = 7",
    "number > 5", "number != 7", "number in (7, 'x')", "number not in (7)", "number = '0007'", "attempt >= 2",
    "attempt = nan", "attempt != nan", "duration > 1", "duration = 0", "age < 1s", "created_at = today",
    "has ended_at", "title !~ 'm'", "event not in ('main')", "actor:b", "job:train", "job != train", "stage:main",
    "job.status:failed", "job_status != failed", "failed_job:train", "has job.failed", "has stage", "job.id = 1",
    "raw_status is not null", "job.raw_status = main",
])  # fmt: skip
FILTERS = st.recursive(
    CONDITIONS,
    lambda inner: st.one_of(
        inner.map("not ({})".format),
        st.tuples(inner, st.sampled_from(["and", "or"]), inner).map(lambda three: "({} {} {})".format(*three)),
    ),
    max_leaves=4,
)


@settings(max_examples=120, deadline=None)
@given(MANY, st.lists(FILTERS, min_size=6, max_size=6))
def test_sql_and_python_agree_on_every_filter(
    tmp_path_factory: pytest.TempPathFactory, many: list[Pipeline], filters: list[str]
) -> None:
    deck = Deck(tmp_path_factory.mktemp("agree") / "cache.db")
    deck.write(*many)
    rows = deck.rows()
    for filter in filters:
        node = parse(filter, now=NOW, vocabulary=PIPELINES)
        assert node is not None
        expected = [row.rowid for row in rows if matches_pipeline(node, row.pipeline, "gh")]
        assert deck.reads.ids(node) == expected, filter
    deck.reader.close()
    deck.cache.close()


def test_runs_and_pipelines_are_filtered_on_one_connection_in_either_order(tmp_path: Path) -> None:
    for first, second in (("runs", "pipelines"), ("pipelines", "runs")):
        deck = Deck(tmp_path / f"{first}.db")
        deck.write(ran(1))
        half_read = deck.reader.connection.execute("SELECT 1 FROM sqlite_schema")  # SQLite refuses new functions now
        for kind in (first, second):
            if kind == "pipelines":
                assert deck.found("name ~ '^c'") == ["9001"]
            else:
                where = parse("name ~ '^c'", now=NOW)
                order = RunOrder(deck.reader.connection, experiments=None, where=where, sort=parse_sort("name"))
                assert order.first(5) == []
        half_read.close()
        deck.reader.close()
        deck.cache.close()


# -- durations ----------------------------------------------------------------------------------------------------


def test_the_usual_duration_is_the_median_of_what_passed_on_the_branch(deck: Deck) -> None:
    deck.write(
        *(ran(n, minutes=minutes) for n, minutes in enumerate((4, 5, 90))), ran(4, "failed", 1), ran(5, "running")
    )
    deck.write(*(ran(10 + n, minutes=60, branch="slow") for n in range(3)))
    by_branch = {row.pipeline.branch: row.usual for row in deck.rows()}
    assert by_branch == {"main": 5 * MINUTE, "slow": 60 * MINUTE}


def test_a_branch_with_few_runs_borrows_from_the_others(deck: Deck) -> None:
    deck.write(
        *(ran(n, minutes=5) for n in range(5)), ran(6, minutes=50, branch="new"), ran(7, "running", branch="bare")
    )
    deck.write(ran(8, minutes=1, name="lint", branch="new"))
    usual = {(row.pipeline.name, row.pipeline.branch): row.usual for row in deck.rows()}
    assert usual[("ci", "new")] == usual[("ci", "bare")] == 5 * MINUTE
    assert usual[("lint", "new")] == MINUTE


def test_only_the_last_twenty_whole_runs_say_what_is_usual(deck: Deck) -> None:
    deck.write(*(ran(n, minutes=60) for n in range(30)), *(ran(40 + n, minutes=2) for n in range(20)))
    deck.write(ran(70, minutes=0.1, attempt=2), ran(71, ended_at=NOW), ran(72, ended_at=None))
    assert {row.usual for row in deck.rows()} == {2 * MINUTE}


def test_what_never_passed_has_no_usual_duration(deck: Deck) -> None:
    deck.write(ran(1, "failed"), ran(2, "running"))
    deck.write(ran(3, source="j"))  # the same name elsewhere is another pipeline
    assert [row.usual for row in deck.rows()] == [5 * MINUTE, None, None]


# -- since when ---------------------------------------------------------------------------------------------------


def commits(*shas: str) -> tuple[Commit, ...]:
    return tuple(
        Commit(source="g", sha=sha, parents=(shas[n - 1],) if n else (), author="a", email="e", authored_at=n,
               committed_at=n, subject=f"commit {n}")
        for n, sha in enumerate(shas)
    )  # fmt: skip


def test_what_broke_is_told_with_the_commits_since_the_last_green(deck: Deck) -> None:
    shas = [f"{letter * 40}" for letter in "abcde"]
    deck.cache.declare([HERE, THERE, SourceSpec(key="g", kind="git", name="git", address="")])
    deck.cache.write("g", Batch(commits=commits(*shas)), NOW)
    statuses = ("passed", "cancelled", "failed", "running", "failed")
    deck.write(*(ran(n, status, commit=shas[n]) for n, status in enumerate(statuses)))
    deck.write(ran(2, "passed", id="elsewhere", branch="side", commit=shas[0]))
    last = deck.reads.find("9004")
    assert last is not None
    broke = deck.reads.broke(last)
    assert broke is not None
    assert deck.natives([broke.first_bad, broke.last_green or 0]) == ["9002", "9000"]
    assert broke.commits is not None
    assert [commit.sha for commit in broke.commits.ahead] == [shas[2], shas[1]]
    assert deck.reads.last_green(last) == broke.last_green
    assert deck.reads.broke(broke.first_bad) == broke


def test_one_that_runs_after_a_failure_stands_in_the_same_trouble(deck: Deck) -> None:
    deck.write(ran(1), ran(2, "failed"), ran(3, "running"))
    three, two, one = deck.reads.ids(None)
    broke = deck.reads.broke(three)
    assert broke is not None
    assert (broke.first_bad, broke.last_green, broke.commits) == (two, one, None)


def test_a_green_one_is_not_broken_nor_is_one_after_it(deck: Deck) -> None:
    deck.write(ran(1, "failed"), ran(2), ran(3, "running"), ran(4, "cancelled"))
    assert [deck.reads.broke(rowid) for rowid in deck.reads.ids(None)][:3] == [None] * 3
    assert deck.reads.broke(99) is None
    assert deck.reads.last_green(99) is None


def test_what_never_was_green_broke_at_its_first_failure(deck: Deck) -> None:
    deck.write(ran(1, "failed"), ran(2, "failed"))
    two, one = deck.reads.ids(None)
    broke = deck.reads.broke(two)
    assert broke is not None
    assert (broke.first_bad, broke.last_green, broke.commits) == (one, None, None)
    assert deck.reads.last_green(two) is None


def test_the_last_green_is_one_before_and_not_itself(deck: Deck) -> None:
    deck.write(ran(1), ran(2))
    two, one = deck.reads.ids(None)
    assert (deck.reads.last_green(two), deck.reads.last_green(one)) == (one, None)


# -- by commit ----------------------------------------------------------------------------------------------------

SHA, OTHER = "4f2c91a0" * 5, "20aa4d17" * 5


def test_a_commit_is_as_bad_as_the_newest_of_each_of_its_pipelines(deck: Deck) -> None:
    deck.write(
        ran(1, "failed", commit=SHA), ran(2, "passed", commit=SHA), ran(3, "running", name="train", commit=SHA),
        ran(4, "failed", name="deploy", commit=OTHER), ran(5, "skipped", commit=OTHER), ran(6, "failed", commit=None),
    )  # fmt: skip
    checks = deck.reads.of_commits([SHA, OTHER, "0" * 40, SHA])
    assert set(checks) == {SHA, OTHER}
    assert (checks[SHA].status, checks[SHA].names) == ("running", ("train", "ci"))
    assert (checks[SHA].passed, checks[SHA].failed, checks[SHA].running) == (1, 0, 1)
    assert deck.natives(list(checks[SHA].rowids)) == ["9003", "9002"]
    assert (checks[OTHER].status, checks[OTHER].failed) == ("failed", 1)


def test_every_status_has_its_place_and_only_green_or_skipped_is_well(deck: Deck) -> None:
    assert sorted(WORST_FIRST) == sorted(PIPELINE_STATUSES)
    for n, (worse, better) in enumerate(pairwise(WORST_FIRST)):
        deck.write(ran(n, worse, commit=f"{n:040x}"), ran(n, better, id=f"b{n}", name="b", commit=f"{n:040x}"))
        assert deck.reads.of_commits([f"{n:040x}"])[f"{n:040x}"].status == worse
    assert set(WORST_FIRST[-2:]) == {"passed", "skipped"}


def test_an_abbreviated_commit_finds_what_ran_on_it(deck: Deck) -> None:
    deck.write(ran(1, commit=SHA), ran(2, commit=OTHER), ran(3, commit=SHA))
    assert deck.natives(deck.reads.of_commit("4f2c")) == ["9003", "9001"]
    assert deck.reads.of_commit("") == []


def test_what_there_is_to_choose_from(deck: Deck) -> None:
    deck.write(ran(1), ran(2, "failed", branch="side"), ran(3, name="train", branch=""))
    assert deck.reads.branches() == ["side", "main"]
    assert deck.reads.names() == ["train", "ci"]
    assert deck.reads.statuses() == {"passed": 2, "failed": 1}


# -- events -------------------------------------------------------------------------------------------------------


def test_ends_are_events_that_say_what_broke_and_what_recovered(deck: Deck) -> None:
    statuses = ("failed", "passed", "passed", "cancelled", "failed", "failed", "skipped", "passed", "running")
    deck.write(*(ran(n, status, actor="ann" if n else "", commit=SHA) for n, status in enumerate(statuses)))
    told = {event.title: event for event in deck.reader.events(20)}
    assert {title: event.kind for title, event in told.items()} == {
        "ci #0 failed on main": "pipeline finished",
        "ci #1 passed on main": "pipeline recovered",
        "ci #2 passed on main": "pipeline finished",
        "ci #3 cancelled on main": "pipeline finished",
        "ci #4 failed on main": "pipeline broke",
        "ci #5 failed on main": "pipeline finished",
        "ci #7 passed on main": "pipeline recovered",
    }
    broke = told["ci #4 failed on main"]
    assert [(ref.subject, ref.role) for ref in broke.refs] == [("pipeline/9004", "pipeline"), (f"commit/{SHA}", "code")]
    assert (broke.at, broke.actor, broke.strength, broke.source) == (ran(4).ended_at, "ann", "forge", "k")
    assert (told["ci #0 failed on main"].actor, told["ci #0 failed on main"].strength) == (None, None)


def test_events_of_a_stretch_of_time_are_the_newest_first(deck: Deck) -> None:
    deck.write(*(ran(n) for n in range(6)))
    ends = [ran(n).ended_at or 0 for n in range(6)]
    assert [event.at for event in deck.reader.events(2)] == [ends[5], ends[4]]
    assert [event.at for event in deck.reader.events(9, since=ends[2], until=ends[4])] == [ends[3], ends[2]]


def test_an_event_keeps_its_id_when_older_pipelines_become_known(deck: Deck) -> None:
    deck.write(ran(2, "failed"))
    (before,) = deck.reader.events(9)
    deck.write(ran(1))
    after = deck.reader.events(9)[0]
    assert (before.id, before.kind, after.kind) == (after.id, "pipeline finished", "pipeline broke")


# -- size ---------------------------------------------------------------------------------------------------------


def plan(deck: Deck, monkeypatch: pytest.MonkeyPatch, act: Any) -> list[str]:
    """How SQLite goes about the statements of `act`."""
    said: list[str] = []
    deck.reader.connection.set_trace_callback(said.append)
    act()
    deck.reader.connection.set_trace_callback(None)
    return [row[3] for text in said for row in deck.reader.connection.execute(f"EXPLAIN QUERY PLAN {text}")]


def test_what_is_asked_often_is_answered_from_an_index(deck: Deck, monkeypatch: pytest.MonkeyPatch) -> None:
    deck.write(*(ran(n, "failed" if n % 5 else "passed", commit=SHA, jobs=(job("a"),)) for n in range(50)))
    some = deck.reads.ids(None)[:20]
    for act in (
        lambda: deck.reads.ids(None, None, 50),
        lambda: deck.reads.rows(some),
        lambda: deck.reads.find("9001"),
        lambda: deck.reads.beginning("900"),
        lambda: deck.reads.job("job-a"),
        lambda: deck.reads.of_commit(SHA),
        lambda: deck.reads.of_commits([SHA]),
        lambda: deck.reads.broke(some[0]),
        lambda: deck.reads.last_green(some[0]),
        lambda: deck.reader.events(20),
    ):
        steps = plan(deck, monkeypatch, act)
        whole = [step for step in steps if step.startswith("SCAN") and "USING" not in step and "source" not in step]
        assert not [step for step in whole if "pipeline" in step or "job" in step or step.split()[1] in "pjb"], steps
        assert any("INDEX" in step or "PRIMARY KEY" in step for step in steps)


def test_a_condition_on_jobs_reads_their_index_alone(deck: Deck, monkeypatch: pytest.MonkeyPatch) -> None:
    for filter in ("job:train", "job.status:failed", "job.failed:x", "stage:x", "job.id = 3"):
        steps = plan(deck, monkeypatch, lambda: deck.found(filter))  # noqa: B023  called at once
        assert any("SEARCH j USING COVERING INDEX job_pipeline" in step for step in steps), steps


def test_twenty_thousand_pipelines_cost_a_window_what_two_thousand_do(tmp_path: Path) -> None:
    """Counted in steps of SQLite's machine, which are the same on a busy machine."""

    def steps_of(count: int) -> list[int]:
        deck = Deck(tmp_path / f"{count}.db")
        dice = random.Random(1)
        names, branches = ("ci", "train", "deploy"), ("main", "main", *(f"topic-{n}" for n in range(40)))
        for start in range(0, count, 1_000):
            deck.write(*(
                ran(n, dice.choice(("passed", "failed")), name=dice.choice(names), branch=dice.choice(branches),
                    commit=f"{n:040x}", jobs=(job("a"), job("b")) if n % 10 == 0 else None)
                for n in range(start, start + 1_000)
            ))  # fmt: skip
        counted = []
        for act in (
            lambda: deck.reads.ids(None, None, 50),
            lambda: deck.reads.rows(deck.reads.ids(None, None, 50)),
            lambda: [deck.reads.broke(rowid) for rowid in deck.reads.ids(None, None, 20)],
            lambda: deck.reads.of_commits([f"{n:040x}" for n in range(50)]),
            lambda: deck.reader.events(50),
        ):
            beats = 0

            def beat() -> int:
                nonlocal beats
                beats += 1
                return 0

            deck.reader.connection.set_progress_handler(beat, 100)
            act()
            deck.reader.connection.set_progress_handler(None, 0)
            counted.append(beats)
        deck.reader.close()
        deck.cache.close()
        return counted

    few, many = steps_of(2_000), steps_of(20_000)
    assert all(now <= 2 * before + 20 for before, now in zip(few, many, strict=True)), (few, many)
