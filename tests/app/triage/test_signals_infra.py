"""Stacks as signals."""

from __future__ import annotations

from quarterdeck.app.triage import Outlook
from tests.app.promotion.evidence import DAY, HOUR
from tests.app.triage.watched import Watched


def tell(world: Watched) -> None:
    """What became other is kept, as the syncer keeps it."""
    while (news := world.cache.news()) is not None:
        world.state.keep_news(news)
        world.cache.forget_news(news)


def test_a_stack_in_step_is_no_signal(world: Watched) -> None:
    world.stack()
    world.stack("planned", name="other")
    assert world.signals() == []
    assert dict(world.look().watched)["stacks"] == 2


def test_drift_of_what_serves_the_champion_is_high(world: Watched) -> None:
    world.drifted("aws_lb.api")
    one = world.signal("drift")
    assert (one.severity, one.subject, one.model, one.alias) == ("high", "resource/serving", "churn", "champion")
    assert one.title == "serving  aws_lb.api drifted from the code"
    assert [ref.subject for ref in one.refs] == [
        "resource/serving/aws_lb.api", "alias/churn@champion", "model/churn/13",
    ]  # fmt: skip


def test_drift_of_another_stack_is_low(world: Watched) -> None:
    world.drifted("aws_lb.api", "aws_lb.web", name="dns")
    one = world.signal("drift")
    assert (one.severity, one.title) == ("low", "dns  2 resources drifted from the code")


def test_a_stack_may_name_its_models_itself(world: Watched) -> None:
    world.drifted("aws_lb.api", name="dns", models=("churn",))
    assert world.signal("drift").severity == "high"


def test_a_failed_apply_says_why(world: Watched) -> None:
    world.stack("failed", errors=("quota exceeded",), commit="14" * 20)
    one = world.signal("apply failed")
    assert (one.severity, one.reason) == ("high", "quota exceeded")
    assert f"commit/{'14' * 20}" in {ref.subject for ref in one.refs}
    assert world.signal("apply failed", outlook=Outlook()).severity == "medium"


def test_drift_and_a_failed_apply_of_one_stack_are_one_attention(world: Watched) -> None:
    from quarterdeck.app.records import Resource

    world.stack("failed", resources=(Resource(stack="serving", address="a.b", type="a", name="b", drift="delete"),))
    (one,) = world.attentions()
    assert {signal.kind for signal in one.signals} == {"apply failed", "drift"}


def test_drift_counts_from_when_it_was_first_seen_and_not_from_each_plan_that_says_so(world: Watched) -> None:
    world.stack()
    world.later(HOUR)
    world.drifted("aws_lb.api")
    tell(world)
    first = world.signal("drift")
    (one,) = world.attentions()
    world.acknowledge(one)
    world.later(DAY)
    world.drifted("aws_lb.api", version="1.9")
    tell(world)
    again = world.signal("drift")
    assert (again.since, again.state) == (first.since, "drifted")
    assert [one.is_quiet for one in world.attentions()] == [True]


def test_drift_that_was_there_when_somebody_first_looked_is_as_old_as_that_plan(world: Watched) -> None:
    world.drifted("aws_lb.api")
    tell(world)
    one = world.signal("drift")
    assert (one.since, one.state) == (world.now - HOUR, "drifted, since unknown")


def test_drift_that_was_mended_and_came_again_is_another_one(world: Watched) -> None:
    world.stack()
    world.drifted("aws_lb.api")
    tell(world)
    (one,) = world.attentions()
    world.acknowledge(one)
    world.later(DAY)
    world.stack()
    world.later(DAY)
    world.drifted("aws_lb.api")
    tell(world)
    assert [one.is_quiet for one in world.attentions()] == [False]
