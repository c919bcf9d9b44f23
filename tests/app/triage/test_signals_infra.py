"""Stacks as signals."""

from __future__ import annotations

from quarterdeck.app.triage import Outlook
from tests.app.triage.watched import Watched


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
