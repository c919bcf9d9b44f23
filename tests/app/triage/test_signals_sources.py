"""Sources as signals."""

from __future__ import annotations

import pytest

from quarterdeck.app.sync.webhooks import told_key
from quarterdeck.app.triage.attention import facts_of
from tests.app.promotion.evidence import CI, HOUR, MINUTE, REGISTRY
from tests.app.triage.watched import ALL, MONITORS, Watched


@pytest.mark.parametrize("state", ["unauthorised", "forbidden", "tls", "not_understood", "misconfigured", "untrusted"])
def test_a_source_that_cannot_be_read_until_somebody_mends_it_is_told_at_once(world: Watched, state: str) -> None:
    world.source(CI, state, "The token was refused.", last_ok_at=world.now - 1)
    one = world.signal("source trouble")
    assert (one.severity, one.subject, one.reason) == ("medium", "source/c", "The token was refused.")
    assert (one.title, one.since, one.seen_at) == (
        f"ci is {state.replace('_', ' ')}", world.now - 1, world.now - 1,
    )  # fmt: skip


def test_one_that_is_unreachable_is_told_when_that_lasts(world: Watched) -> None:
    world.source(CI, "unreachable", last_ok_at=world.now - MINUTE)
    before = world.look()
    assert (before.attentions, before.next_due) == ((), world.now + 4 * MINUTE)
    world.now += 4 * MINUTE
    assert [one.title for one in world.look(before).attentions] == ["ci is unreachable"]


def test_what_watches_production_is_high(world: Watched) -> None:
    world.source(MONITORS, "unreachable", last_ok_at=world.now - HOUR)
    assert world.signal("source trouble").severity == "high"


def test_one_that_asks_to_be_left_alone_is_low(world: Watched) -> None:
    world.source(CI, "limited", last_ok_at=world.now - HOUR)
    assert world.signal("source trouble").severity == "low"


def test_one_that_was_never_read_yet_is_no_trouble(world: Watched) -> None:
    world.source(CI, "never", last_ok_at=None)
    assert world.signals() == []


def test_one_that_never_answered_is_quiet_when_acknowledged_though_nobody_knows_since_when(world: Watched) -> None:
    world.source(CI, "unauthorised", last_ok_at=None)
    (one,) = world.attentions()
    world.acknowledge(one)
    world.later(HOUR)
    assert [one.is_quiet for one in world.attentions()] == [True]


def test_all_at_once_is_one_cause_and_so_is_that_nothing_was_read(world: Watched) -> None:
    for spec in ALL:
        world.source(spec, "unreachable", last_ok_at=world.now - 2 * HOUR)
    world.now += HOUR
    (one,) = world.attentions()
    assert one.title == "none of 7 sources can be read: prometheus is unreachable"
    assert len(one.signals) == len(ALL) + 1
    assert {signal.kind for signal in one.signals} == {"source trouble", "no sync"}


def test_two_of_one_server_are_one_cause(world: Watched) -> None:
    from tests.app.promotion.evidence import MLFLOW

    world.source(MLFLOW, "unreachable", last_ok_at=world.now - HOUR)
    world.source(REGISTRY, "unreachable", last_ok_at=world.now - HOUR)
    world.source(CI, "unreachable", last_ok_at=world.now - HOUR)
    assert sorted(len(one.signals) for one in world.attentions()) == [1, 2]


def test_an_hour_without_a_sync_is_high_since_the_last_one(world: Watched) -> None:
    before = world.look()
    assert before.next_due == world.now - MINUTE + HOUR + 1
    last = world.now - MINUTE
    world.now = last + HOUR + 1
    (one,) = world.look(before).attentions
    assert (one.severity, one.signals[0].kind, one.since) == ("high", "no sync", last)


def test_the_oldest_answer_is_named(world: Watched) -> None:
    world.source(CI, "unreachable", last_ok_at=world.now - 3 * HOUR)
    sight = world.look()
    assert (sight.oldest, sight.oldest_source) == (world.now - 3 * HOUR, "ci")


def test_one_that_never_answered_is_the_same_trouble_at_each_look(world: Watched) -> None:
    world.source(CI, "unauthorised", last_ok_at=None)
    before = world.look()
    world.later(MINUTE)
    after = world.look(before)
    ((one,), (other,)) = (before.attentions, after.attentions)
    assert facts_of(one) == facts_of(other)
    assert told_key("CHAT", one) == told_key("CHAT", other)
