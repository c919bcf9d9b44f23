"""Pipelines as everybody reads them: lists, durations, since when one is broken, by commit, as events."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import closing
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quarterdeck.app.query import PIPELINES, matches_pipeline, parse, parse_sort
from quarterdeck.app.records import (
    PIPELINE_STATUSES,
    Batch,
    Commit,
    Job,
    Pipeline,
    SourceSpec,
)
from quarterdeck.app.store.order import RunOrder
from quarterdeck.app.store.pipelines import WORST_FIRST

from .pipeline_worlds import BARE, HERE, MINUTE, NOW, THERE, Deck, job, ran


@pytest.fixture
def deck(tmp_path: Path) -> Iterator[Deck]:
    with closing(Deck(tmp_path / "cache.db")) as made:
        yield made


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
