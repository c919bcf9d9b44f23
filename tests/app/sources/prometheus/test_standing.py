"""An alert is the same one as long as nobody saw it not firing, since whatever time the server says that it is."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from quarterdeck.app.records import Alert, Attention, Note
from quarterdeck.app.store.cache import Cache
from quarterdeck.app.store.reading import Reader
from quarterdeck.app.store.state import State
from quarterdeck.app.triage.look import look
from quarterdeck.app.triage.outlook import Outlook
from tests.app.sources.prometheus.test_passes import HOUR, MINUTE, NOW, P95, SPEC, World, fires

BEGAN = NOW - 20 * MINUTE
ON = {"__name__": "ALERTS", "alertname": "A", "alertstate": "firing"}
WAITS = ON | {"alertstate": "pending"}


def at(seconds: float) -> str:
    """As Prometheus writes a time."""
    return datetime.fromtimestamp(seconds, UTC).isoformat()


def only(world: World) -> Alert:
    """The alert that is there."""
    (alert,) = world.kept.alerts or ()
    return alert


async def since(world: World, later: float, active_at: float, state: str = "firing") -> float:
    """So much later the server says this; when the alert began, as we say."""
    world.answers.alerts = [fires("A", at(active_at), state)]
    await world.after(later)
    return only(world).since / 1000


@pytest.fixture
async def firing() -> World:
    """An alert has been firing for twenty minutes."""
    world = World(P95)
    world.answers.alerts = [fires("A", at(BEGAN))]
    await world.poll()
    assert only(world).since == BEGAN * 1000
    return world


def up(*away: tuple[float, float]) -> Callable[[float], float | None]:
    """A server that was there, but for these stretches."""
    return lambda now: None if any(began <= now < ended for began, ended in away) else 1.0


def there(*stretches: tuple[float, float]) -> Callable[[float], float | None]:
    """Active in these stretches only."""
    return lambda now: 1.0 if any(began <= now <= ended for began, ended in stretches) else None


async def test_a_restart_moves_its_time_and_it_is_the_same_alert(firing: World) -> None:
    assert await since(firing, 30, NOW + 20) == BEGAN
    assert await since(firing, 30, NOW + 20) == BEGAN
    assert firing.requests <= 2


async def test_it_is_the_same_when_two_servers_of_a_pair_answer_in_turn(firing: World) -> None:
    for active_at in (BEGAN + 7, BEGAN, BEGAN + 7):
        assert await since(firing, 30, active_at) == BEGAN


async def test_a_server_that_began_anew_waits_once_more_and_that_is_no_end(firing: World) -> None:
    firing.answers.started = at(NOW + 10)
    assert await since(firing, 30, NOW + 20, "pending") == BEGAN
    assert await since(firing, 30, NOW + 20, "pending") == BEGAN
    assert await since(firing, 240, NOW + 20) == BEGAN


@pytest.mark.parametrize("started", ["", at(NOW - HOUR)])
async def test_where_the_server_did_not_begin_anew_one_that_waits_was_seen_not_firing(
    firing: World, started: str
) -> None:
    firing.answers.started = started
    assert await since(firing, 30, NOW + 20, "pending") == NOW + 20
    assert await since(firing, 240, NOW + 20) == NOW + 20


async def test_one_that_was_seen_gone_begins_anew(firing: World) -> None:
    firing.answers.alerts = []
    await firing.after(30)
    assert await since(firing, 30, NOW + 50) == NOW + 50


async def test_after_a_gap_it_is_the_same_where_the_server_remembers_nothing_else(firing: World) -> None:
    assert await since(firing, 9 * HOUR, NOW + 2 * HOUR) == BEGAN
    assert firing.requests <= 5 + 2  # what was not read meanwhile comes in two stretches


async def test_after_a_gap_in_which_the_server_was_away_it_is_the_same(firing: World) -> None:
    back = NOW + 3 * HOUR
    firing.answers.lines["count(up)"] = [({}, up((NOW + HOUR, back)))]
    firing.answers.lines["ALERTS"] = [
        (ON, there((0, NOW + HOUR), (back + 6 * MINUTE, back + 9 * HOUR))),
        (WAITS, there((back + MINUTE, back + 6 * MINUTE))),
    ]
    assert await since(firing, 9 * HOUR, back + MINUTE) == BEGAN


async def test_after_a_gap_in_which_the_server_saw_it_end_it_begins_anew(firing: World) -> None:
    firing.answers.lines["count(up)"] = [({}, up())]
    firing.answers.lines["ALERTS"] = [(ON, there((0, NOW + HOUR), (NOW + 5 * HOUR, NOW + 9 * HOUR)))]
    assert await since(firing, 9 * HOUR, NOW + 5 * HOUR) == NOW + 5 * HOUR
    assert await since(firing, 30, NOW + 5 * HOUR) == NOW + 5 * HOUR


async def test_it_is_remembered_over_a_restart_of_ours(firing: World) -> None:
    firing.source = firing.opened()
    assert await since(firing, 30, NOW + 20) == BEGAN


async def test_who_has_it_keeps_it_over_a_restart_of_the_server(firing: World, tmp_path: Path) -> None:
    with closing(Cache(tmp_path / "key.s1.g0.db")) as cache, State(tmp_path / "state.db") as state:
        cache.declare([SPEC])

        def attention() -> Attention:
            cache.write(SPEC.key, firing.kept.batches[0], round(firing.now * 1000))
            with closing(Reader(tmp_path / "key.s1.g0.db")) as reader:
                (found,) = look(reader, state, Outlook(), now=round(firing.now * 1000)).attentions
            return found

        before = attention()
        noted = Note(id="1", at=NOW * 1000, kind="ack", subject=f"attention/{before.id}", state=before.state)
        state.write_note(noted)
        await since(firing, 30, NOW + 20)
        assert attention().is_quiet
