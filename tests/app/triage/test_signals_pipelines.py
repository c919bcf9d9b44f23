"""Pipelines as signals."""

from __future__ import annotations

from quarterdeck.app.records import Approval
from tests.app.promotion.evidence import DAY, HOUR, MINUTE
from tests.app.triage.watched import Watched

BASE = "11" * 20


def test_a_red_pipeline_on_a_watched_branch_is_medium_since_it_broke(world: Watched) -> None:
    world.ran("1", "passed", at=world.now - 5 * HOUR)
    world.ran("2", "failed", at=world.now - 4 * HOUR)
    world.ran("3", "failed", at=world.now - 3 * HOUR, commit=BASE)
    one = world.signal("pipeline failed")
    assert (one.severity, one.subject, one.title) == ("medium", "pipeline/2", "train #3 failed on main")
    assert (one.since, one.not_before) == (world.now - 4 * HOUR + MINUTE, world.now - 5 * HOUR + MINUTE)
    assert [(ref.subject, ref.role) for ref in one.refs] == [
        ("pipeline/2", "pipeline"), (f"commit/{'14' * 20}", "code"), ("pipeline/3", "newest"),
    ]  # fmt: skip


def test_one_that_is_green_again_is_no_signal(world: Watched) -> None:
    world.ran("1", "failed", at=world.now - 5 * HOUR)
    world.ran("2", "passed", at=world.now - 4 * HOUR)
    assert world.signals() == []


def test_a_cancelled_or_running_one_leaves_the_verdict_before_it(world: Watched) -> None:
    world.ran("1", "failed", at=world.now - 5 * HOUR)
    world.ran("2", "cancelled", at=world.now - 4 * HOUR)
    world.ran("3", "running", at=world.now - 3 * HOUR)
    assert world.signal("pipeline failed").subject == "pipeline/1"


def test_a_branch_that_nobody_watches_may_be_red(world: Watched) -> None:
    world.refs("main", others=("try",))
    world.ran("1", "failed", branch="try")
    assert world.signals() == []


def test_where_no_git_is_read_the_usual_branches_count(world: Watched) -> None:
    world.refs()
    world.ran("1", "failed", branch="master")
    world.ran("2", "failed", branch="try", name="other")
    assert world.signal("pipeline failed").subject == "pipeline/1"


def test_what_runs_on_no_branch_always_counts(world: Watched) -> None:
    world.ran("1", "failed", branch="", name="nightly", commit=None)
    assert world.signal("pipeline failed").title == "nightly #1 failed"


def test_a_verdict_of_a_month_ago_says_nothing_of_now(world: Watched) -> None:
    world.ran("1", "failed", at=world.now - 29 * DAY)
    before = world.look()
    assert len(before.attentions) == 1
    world.later(2 * DAY)
    assert world.look(before).attentions == ()


def test_pipelines_that_one_commit_broke_are_one_attention(world: Watched) -> None:
    world.ran("1", "failed", name="train", at=world.now - HOUR)
    world.ran("2", "failed", name="lint", at=world.now - 2 * HOUR)
    world.ran("3", "failed", name="other", commit=BASE)
    found = world.attentions()
    assert [[signal.subject for signal in one.signals] for one in found] == [
        ["pipeline/3"], ["pipeline/2", "pipeline/1"],
    ]  # fmt: skip


# -- waiting


def test_a_pipeline_that_waits_for_approval_is_told_after_half_an_hour(world: Watched) -> None:
    world.ran("1", "waiting", at=world.now - 40 * MINUTE,
              approvals=(Approval(id="prod", name="prod", since=world.now - 20 * MINUTE),))  # fmt: skip
    before = world.look()
    assert (before.attentions, before.next_due) == ((), world.now + 10 * MINUTE + 1)
    world.later(10 * MINUTE + 1)
    (one,) = world.look(before).attentions
    assert (one.severity, one.title) == ("medium", "train #1 waits for approval on main")
    assert one.since == world.now - 30 * MINUTE - 1


def test_one_that_was_overtaken_waits_for_nobody(world: Watched) -> None:
    world.ran("1", "waiting", at=world.now - 5 * HOUR)
    world.ran("2", "passed", at=world.now - 4 * HOUR)
    assert world.signals() == []
