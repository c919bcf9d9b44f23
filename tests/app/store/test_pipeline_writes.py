"""Pipelines as the syncer writes them."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from quarterdeck.app.records import (
    CaseReport,
)
from quarterdeck.app.store.pipeline_writes import read_extras

from .pipeline_worlds import BARE, FULL, NOW, THERE, Deck, job, ran


@pytest.fixture
def deck(tmp_path: Path) -> Iterator[Deck]:
    with closing(Deck(tmp_path / "cache.db")) as made:
        yield made


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
