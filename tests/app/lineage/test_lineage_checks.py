"""Checks in a lineage: what they speak for and by what, what fails upstream, and who is at risk."""

from __future__ import annotations

from typing import Any

import pytest

from quarterdeck.app.lineage import UNKNOWN, Lineage, Node
from quarterdeck.app.lineage.lines import lines
from quarterdeck.app.records import Identities
from tests.app.promotion.evidence import DAY, HOUR, NEW, NOW

from .worlds import SECOND, Traced, of_kind, titles


def asides(world: Traced, subject: str, kind: str) -> list[Node]:
    """What was said of the first thing of a kind upstream."""
    return list(next(node for node in of_kind(world.trace(subject).upstream, kind) if node.asides).asides)


@pytest.mark.parametrize(
    ("of", "kind", "by"),
    [
        ({"run_id": "run14", "dataset": "anything"}, "run", "id"),
        ({"commit": NEW, "dataset": "anything"}, "commit", "digest"),
        ({"dataset_digest": "77ab", "dataset": "anything"}, "data", "digest"),
        ({"dataset": "orders_asset"}, "data", "declared"),
        ({"dataset": "orders", "tool": "soda"}, "data", "name"),
    ],
)
def test_a_check_is_joined_by_the_surest_that_speaks_for_it(
    world: Traced, of: dict[str, Any], kind: str, by: str
) -> None:
    world.checked({"unique(id)": "fail"}, **of)
    found = [one for one in asides(world, "alias/churn@challenger", kind) if one.kind == "check"]
    assert [(one.title, one.state) for one in found] == [("unique(id)", "fail")]
    assert found[0].link is not None
    assert found[0].link.by == by


def test_declared_goes_before_a_name_and_a_digest_before_both(world: Traced) -> None:
    world.checked({"unique(id)": "fail"}, dataset="orders_asset", at=NOW - 2 * HOUR, dataset_digest="77ab")
    world.checked({"unique(id)": "pass"}, dataset="orders_asset", at=NOW - HOUR)
    (one,) = asides(world, "alias/churn@challenger", "data")
    assert one.link is not None
    assert (one.link.by, one.state, one.words) == ("digest", "fail", ("now pass",))


def test_what_fails_upstream_is_counted_with_since_when(world: Traced) -> None:
    world.checked({"unique(id)": "pass", "freshness": "error"}, at=NOW - 3 * DAY)
    world.checked({"unique(id)": "fail", "freshness": "error"}, at=NOW - 2 * DAY)
    world.checked({"unique(id)": "fail", "freshness": "error"}, at=NOW - DAY)
    found = world.trace("alias/churn@challenger")
    assert (len(found.failing), len(found.could_not_run)) == (1, 1)
    worst = asides(world, "alias/churn@challenger", "data")[0]
    assert (worst.title, worst.since) == ("unique(id)", NOW - 2 * DAY)


def test_what_could_not_run_does_not_fail(world: Traced) -> None:
    world.checked({"freshness": "error"})
    found = world.trace("dataset/orders@77ab")
    assert (found.failing, len(found.could_not_run)) == ((), 1)


def test_a_check_that_was_removed_says_nothing_any_more(world: Traced) -> None:
    world.checked({"unique(id)": "fail", "freshness": "pass"}, at=NOW - 2 * HOUR, is_whole=True)
    world.checked({"freshness": "pass"}, at=NOW - HOUR, is_whole=True)
    assert titles([world.trace("dataset/orders@77ab").root], "check") == ["freshness"]


def test_of_many_checks_the_worst_are_listed_and_all_are_counted(world: Traced) -> None:
    world.checked({f"check {n}": "pass" for n in range(46)} | {"bad": "fail", "odd": "warn", "off": "error"})
    root = world.trace("dataset/orders@77ab").root
    assert [node.title for node in root.asides[:3]] == ["bad", "off", "odd"]
    assert (len(root.asides), root.asides_more) == (5, 44)
    assert dict(root.told) == {"pass": 46, "fail": 1, "warn": 1, "error": 1}


def check_of(world: Traced, **of: Any) -> str:
    """A check with one result; its subject."""
    world.checked({"unique(id)": "fail"}, **of)
    (rowid,) = world.reader.checks.ids(now=NOW)
    (row,) = world.reader.checks.rows([rowid])
    return row.check.id


def test_a_check_leads_to_its_data_and_to_who_feeds_on_it(world: Traced) -> None:
    found = world.trace(f"check/{check_of(world)}")
    assert titles(found.upstream, "data") == ["orders@77ab"]
    assert titles(found.downstream, "run", "version", "alias") == [
        "fox-14", "churn v14", "churn@challenger", "fox-13", "churn v13", "churn@champion",
    ]  # fmt: skip
    assert found.at_risk == ("alias/churn@challenger", "alias/churn@champion")
    assert [link.by for link in found.links if link.kind == "checked"] == ["declared"]


def test_a_check_leads_to_run_commit_and_pipeline_of_its_result(world: Traced) -> None:
    found = world.trace(f"check/{check_of(world, run_id='run14', commit=NEW, pipeline_id='1', dataset='x')}")
    assert titles(found.upstream, "run")[0] == "fox-14"
    assert "1414141" in titles(found.upstream, "commit")
    assert "ci #1" in titles(found.upstream, "pipeline")
    assert titles([world.trace("pipeline/1").root], "check") == ["unique(id)"]


def test_a_check_of_data_that_no_run_logged_says_so(world: Traced) -> None:
    found = world.trace(f"check/{check_of(world, dataset='nobody')}")
    (data,) = of_kind(found.upstream, "data")
    assert (data.subject, data.title) == (UNKNOWN, "nobody is no data that a run logged")
    assert found.downstream == ()


def test_a_result_leads_to_its_check_and_to_the_data_of_its_time(world: Traced) -> None:
    native = check_of(world, dataset_digest="77ab", at=NOW - 2 * HOUR)
    invocation = world.checked({"unique(id)": "pass"}, dataset_digest="0bad", at=NOW - HOUR)
    found = world.trace(f"result/{native}.i1", Identities())
    assert titles(found.upstream, "data") == ["orders@77ab"]
    assert of_kind(found.upstream, "check")[0].subject == f"check/{native}"
    assert found.root.state == "fail"
    assert "orders@77ab" not in titles(world.trace(f"result/{native}.{invocation}", Identities()).upstream, "data")


def test_tracked_data_has_its_checks_too(world: Traced) -> None:
    world.tracked(SECOND, NEW)
    native = check_of(world)
    assert titles([world.trace(f"dataset/data%2Forders.csv@{SECOND}").root], "check") == ["unique(id)"]
    assert "data/orders.csv@b2b2b2b" in titles(world.trace(f"check/{native}").upstream, "data")


def test_beside_a_thing_those_that_passed_are_counted_without_the_one_that_it_is_about() -> None:
    passed = tuple(Node(subject=f"check/{n}", kind="check", title=f"drift({n})", state="pass") for n in "ab")
    run = Node(subject="run/1", kind="run", title="brave-cod-214", asides=passed, told={"pass": 2, "fail": 1})
    root = Node(subject="check/c", kind="check", title="unique(id)", state="fail")
    assert lines(Lineage(subject="check/c", root=root, upstream=(run,)), NOW, 80)[1].endswith("● 2 checks pass")
