"""Aliases of production as signals."""

from __future__ import annotations

from tests.app.promotion.evidence import BO, DAY, HOUR
from tests.app.triage.watched import Watched


def moved_by_hand(world: Watched) -> None:
    """v13 → v14 with another client; Git was read after it."""
    world.aliases(champion="13")
    world.later(HOUR)
    world.aliases(champion="14")
    world.later(1)


def test_a_champion_that_is_gone_is_critical(world: Watched) -> None:
    world.aliases(champion="13")
    world.later(HOUR)
    world.aliases()
    (one,) = world.attentions()
    assert (one.severity, one.subject) == ("critical", "alias/churn@champion")
    assert one.title == "churn@champion is gone: it was taken from v13"
    assert (one.since, one.not_before) == (world.now, world.now - HOUR)


def test_a_model_that_another_alias_has_in_production_is_not_gone(world: Watched) -> None:
    world.aliases(champion="13", production="13")
    world.later(HOUR)
    world.aliases(production="13")
    assert world.signals("alias vanished") == []


def test_an_alias_that_is_none_of_productions_may_go(world: Watched) -> None:
    world.aliases(champion="13", challenger="14")
    world.later(HOUR)
    world.aliases(champion="13")
    assert world.signals() == []


def test_an_alias_that_was_left_on_a_deleted_version_is_critical(world: Watched) -> None:
    world.write("r", versions_gone=(("churn", "13"),))
    world.state.observe_aliases("r", {"churn": {"champion": "13"}}, [("churn", "13")], world.now)
    one = world.signal("alias vanished")
    assert one.title == "churn@champion points at v13, which was deleted"


def test_a_version_that_the_cache_has_not_read_yet_is_not_called_deleted(world: Watched) -> None:
    world.aliases(champion="99")
    assert world.signals("alias vanished") == []


def test_a_champion_that_no_entry_of_the_ledger_explains_is_high(world: Watched) -> None:
    moved_by_hand(world)
    one = world.signal("alias unexplained")
    assert (one.severity, one.version) == ("high", "14")
    assert one.title == "churn@champion v13 → v14, which no entry of the ledger explains"


def test_one_that_an_entry_explains_is_no_signal(world: Watched) -> None:
    moved_by_hand(world)
    world.entry(12, "14", "13", at=world.now - HOUR)
    assert world.signals() == []


def test_one_that_git_may_not_tell_of_yet_waits_until_git_was_read(world: Watched) -> None:
    world.aliases(champion="13")
    world.now += HOUR
    world.aliases(champion="14")
    before = world.look()
    assert [one.signals[0].kind for one in before.attentions] == ["no sync"]
    world.later(HOUR)
    after = world.look(before)
    assert [one.signals[0].kind for one in after.attentions] == ["alias unexplained"]


def test_what_was_first_seen_needs_no_explanation(world: Watched) -> None:
    world.aliases(champion="14")
    assert world.signals() == []


def test_a_promotion_with_a_waived_gate_is_told_for_seven_days(world: Watched) -> None:
    world.model(champion="14")
    gates = {"metric:val_auc": "waived", "ci:unit": "pass"}
    world.entry(12, "14", "13", at=world.now - HOUR, by=BO, gates=gates, reason="hotfix")
    one = world.signal("promoted with waiver")
    assert (one.severity, one.since) == ("medium", world.now - HOUR)
    assert one.title == "churn@champion v14 was promoted though metric:val_auc was waived"
    assert one.reason == "entry 12 by bo: hotfix"
    before = world.look()
    world.later(7 * DAY)
    assert world.look(before).attentions == world.look().attentions == ()


def test_a_waiver_of_a_version_that_is_not_in_force_is_not(world: Watched) -> None:
    world.entry(12, "14", "13", at=world.now - HOUR, gates={"ci:unit": "waived"})
    assert world.signals() == []


# -- one cause


def test_a_metric_that_went_bad_after_an_unexplained_move_has_it_as_a_signal(world: Watched) -> None:
    moved_by_hand(world)
    world.later(HOUR)
    world.precision(0.83, 0.71, every=1000)
    (one,) = world.attentions()
    assert [signal.kind for signal in one.signals] == ["threshold", "alias unexplained"]


def test_one_that_was_bad_before_is_another_matter(world: Watched) -> None:
    world.precision(0.83, 0.71, 0.7)
    moved_by_hand(world)
    assert len(world.attentions()) == 2
