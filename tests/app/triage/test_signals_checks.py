"""Checks as signals."""

from __future__ import annotations

from typing import Any

from quarterdeck.app.records import CheckResult, Invocation, Limit
from tests.app.promotion.evidence import DAY, HOUR
from tests.app.triage.watched import Watched

NULLS = "not_null(customer_id)"


def nightly(world: Watched, *outcomes: str, dataset: str = "orders_asset", **rest: Any) -> None:
    """What one check said in the last nights, the last an hour ago."""
    for place, outcome in enumerate(outcomes):
        at = world.now - HOUR - (len(outcomes) - 1 - place) * DAY
        world.checked({NULLS: outcome}, dataset=dataset, at=at, **({"environment": "prod"} | rest))


def ruled(world: Watched, *mostly: float | None, **rest: Any) -> None:
    """Whole nights of a suite in which one check demands so much; None: it is not in it."""
    for place, limit in enumerate(mostly):
        at = world.now - HOUR - (len(mostly) - 1 - place) * DAY
        other = CheckResult(name="unique(id)", dataset="orders_asset", outcome="pass", definition="unique(id)")
        check = CheckResult(
            name=NULLS, dataset="orders_asset", outcome="pass", definition=f"{NULLS} mostly={limit}",
            limits=(Limit(name="mostly", value=limit or 0.0, strict="higher"),),
        )  # fmt: skip
        made = Invocation(
            source="d", id=f"r{place}", tool="great_expectations", suite="nightly", environment="prod", at=at,
            commit="14" * 20, is_whole=True, results=(other,) if limit is None else (other, check), **rest,
        )  # fmt: skip
        world.write("d", invocations=(made,))
    while world.cache.tell_removals(world.now):
        pass


def test_a_failing_check_of_the_champions_data_is_high_since_it_began_to_fail(world: Watched) -> None:
    nightly(world, "pass", "fail", "fail", observed="3.1 % null")
    one = world.signal("check failing")
    assert (one.severity, one.model, one.alias, one.version) == ("high", "churn", "champion", "13")
    assert (one.title, one.reason) == (
        f"orders  {NULLS} fails: 3.1 % null",
        "churn@champion feeds on it; said by great_expectations nightly",
    )
    assert (one.since, one.not_before) == (world.now - HOUR - DAY, world.now - HOUR - 2 * DAY)
    assert "alias/churn@champion" in {ref.subject for ref in one.refs}


def test_of_several_that_are_endangered_it_is_told_in_the_plural(world: Watched) -> None:
    world.aliases(champion="13", production="13")
    nightly(world, "fail")
    assert world.signal("check failing").reason.startswith("churn@champion, churn@production feed on it; ")


def test_the_data_may_be_called_the_same_without_being_declared(world: Watched) -> None:
    nightly(world, "fail", dataset="orders-train")
    assert world.signal("check failing").severity == "high"


def test_other_data_is_low_and_told_once_a_dataset(world: Watched) -> None:
    world.checked({"a": "fail", "b": "fail"}, dataset="weather", environment="prod")
    (one,) = world.attentions()
    assert (one.severity, one.title) == ("low", "weather  2 checks fail")
    assert one.reason.startswith("no model in production is known to feed on it")


def test_somebodys_own_environment_is_not_productions(world: Watched) -> None:
    nightly(world, "fail", environment="dev")
    assert world.signals() == []


def test_without_an_environment_all_of_them_count(world: Watched) -> None:
    nightly(world, "fail", environment="")
    assert world.signal("check failing").severity == "high"


def test_a_check_that_could_not_run_says_nothing_of_the_data(world: Watched) -> None:
    nightly(world, "error", message="no column plan")
    one = world.signal("check could not run")
    assert (one.severity, one.title) == ("medium", f"orders  {NULLS} could not run: no column plan")


def test_a_check_that_spoke_in_the_champions_own_run_counts_whatever_its_data_is_called(world: Watched) -> None:
    nightly(world, "fail", dataset="", run_id="run13")
    assert world.signal("check failing").alias == "champion"


def test_a_check_of_what_the_champions_data_was_made_of_counts(world: Watched) -> None:
    from quarterdeck.app.records import DataPart

    deps = (DataPart(path="raw/orders.csv", digest="36"),)
    world.tracked("a1" * 16, "11" * 20, stage="prepare", deps=deps)
    nightly(world, "fail", dataset="raw/orders.csv")
    assert world.signal("check failing").severity == "high"


def test_a_check_that_fell_silent_is_told_when_its_time_has_come(world: Watched) -> None:
    nightly(world, "pass", "pass", "pass", "pass")
    before = world.look()
    assert before.attentions == ()
    assert before.memory.kept["checks"].due == world.now + 2 * DAY + 1
    world.later(2 * DAY + 1)
    (one,) = world.look(before).attentions
    assert (one.severity, one.title) == ("medium", f"orders  {NULLS} is silent")
    assert one.since == world.now - 1


def test_one_whose_source_was_not_read_since_was_only_not_heard(world: Watched) -> None:
    nightly(world, "pass", "pass", "pass", "pass")
    world.now += 3 * DAY
    assert world.signals("check silent") == []


def test_a_loosened_rule_is_told_for_seven_days_with_its_commit(world: Watched) -> None:
    ruled(world, 0.99, 0.97)
    before = world.look()
    one = world.signal("check loosened")
    assert (one.severity, one.state, one.title) == ("medium", "loosened", f"orders  {NULLS} was loosened")
    assert f"commit/{'14' * 20}" in {ref.subject for ref in one.refs}
    world.later(7 * DAY)
    assert [one.kind for one in world.signals("check loosened", before=before)] == []


def test_a_tightened_rule_is_none(world: Watched) -> None:
    ruled(world, 0.97, 0.99)
    assert world.signals() == []


def test_a_check_that_was_taken_away_is_told_like_a_loosened_one(world: Watched) -> None:
    ruled(world, 0.99, 0.99, None)
    one = world.signal("check loosened")
    assert (one.state, one.title) == ("removed", f"orders  {NULLS} is no longer checked")


def test_beyond_twenty_checks_of_one_dataset_the_others_are_counted(world: Watched) -> None:
    world.checked({f"c{number:02}": "fail" for number in range(30)}, environment="prod")
    (one,) = world.attentions()
    assert len(one.signals) == 21
    assert sum(signal.title == "orders  10 more checks fail" for signal in one.signals) == 1


# -- one cause


def test_a_metric_that_went_bad_after_a_check_began_to_fail_has_it_as_a_signal(world: Watched) -> None:
    nightly(world, "pass", "fail", "fail")
    world.precision(0.83, 0.74, 0.71)
    (one,) = world.attentions()
    assert [signal.kind for signal in one.signals] == ["threshold", "check failing"]


def test_a_metric_that_was_bad_before_is_another_matter(world: Watched) -> None:
    nightly(world, "pass", "fail")
    world.precision(0.83, *[0.71] * 60)
    assert [one.signals[0].kind for one in world.attentions()] == ["threshold", "check failing"]


def test_checks_of_one_dataset_are_one_attention(world: Watched) -> None:
    world.checked({"a": "fail", "b": "error"}, environment="prod")
    (one,) = world.attentions()
    assert [signal.kind for signal in one.signals] == ["check failing", "check could not run"]
