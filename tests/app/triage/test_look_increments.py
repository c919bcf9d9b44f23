"""A look that goes on from the one before sees what a look from scratch sees, whatever happened in between."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from quarterdeck.app.triage import Outlook, kept_sight, sight_from_json, sight_to_json
from tests.app.promotion.evidence import CI, DAY, HOUR, MINUTE, REGISTRY
from tests.app.triage.test_signals_data import daily
from tests.app.triage.test_signals_runs import logs
from tests.app.triage.watched import MONITORS, Watched

Deed = Callable[[Watched, int], Any]

_number = count(1)


def _checked(outcome: str, **rest: Any) -> Deed:
    return lambda world, _: world.checked(
        {"not_null(id)": outcome}, environment="prod", at=world.now - MINUTE, **rest
    )  # fmt: skip


def _acknowledge(world: Watched, number: int) -> None:
    found = world.look().attentions
    if found:
        world.acknowledge(found[number % len(found)], "unack" if number % 3 == 0 else "ack")


DEEDS: Final[dict[str, Deed]] = {
    "time passes": lambda world, number: world.later((number + 1) * 7 * MINUTE),
    "a day passes": lambda world, number: world.later(DAY + number),
    "nobody reads for a while": lambda world, number: setattr(world, "now", world.now + (number + 1) * 25 * MINUTE),
    "good": lambda world, _: world.precision(0.83, 0.84),
    "bad": lambda world, number: world.precision(0.83, 0.7 + number / 100),
    "other version": lambda world, _: world.precision(0.7, version="12"),
    "alert": lambda world, number: world.alert(since=world.now - number * MINUTE),
    "alert over": lambda world, _: world.write("p", alerts=()),
    "champion 14": lambda world, _: world.aliases(champion="14", challenger="14"),
    "champion 13": lambda world, _: world.aliases(champion="13"),
    "champion gone": lambda world, _: world.aliases(challenger="14"),
    "entry": lambda world, number: world.entry(20 + next(_number), "14", "13", at=world.now, gates={"ci": "waived"}),
    "red": lambda world, _: world.ran(f"p{next(_number)}", "failed", at=world.now - MINUTE),
    "green": lambda world, _: world.ran(f"p{next(_number)}", "passed", at=world.now - MINUTE),
    "waits": lambda world, _: world.ran(f"p{next(_number)}", "waiting", at=world.now - MINUTE, name="deploy"),
    "watched": lambda world, number: world.refs(*("main", "release")[: number % 3]),
    "check fails": _checked("fail"),
    "check passes": _checked("pass"),
    "other check fails": _checked("fail", dataset="weather"),
    "run fails": lambda world, _: world.trains(f"r{next(_number)}", "failed", started_at=world.now, ended_at=world.now),
    "run finishes": lambda world, _: world.trains(f"r{next(_number)}", started_at=world.now),
    "run runs": lambda world, _: logs(world, f"r{next(_number)}", world.now, 5, started_at=world.now - HOUR),
    "drift": lambda world, _: world.drifted("aws_lb.api"),
    "in step": lambda world, _: world.stack(),
    "unreachable": lambda world, number: world.source(
        (CI, MONITORS, REGISTRY)[number % 3], "unreachable", last_ok_at=world.now - number * MINUTE
    ),
    "reachable": lambda world, number: world.source((CI, MONITORS, REGISTRY)[number % 3], last_ok_at=world.now),
    "data": lambda world, number: daily(world, 6, world.now - number * HOUR),
    "acknowledge": _acknowledge,
    "seen": lambda world, _: world.state.mark_seen("watch", world.now),
    "other settings": lambda world, number: setattr(
        world, "outlook", Outlook(environment=("", "prod", "dev")[number % 3])
    ),
}  # fmt: skip


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(st.sampled_from(sorted(DEEDS)), st.integers(0, 9)), min_size=1, max_size=14))
def test_step_by_step_and_at_once_see_the_same(deeds: list[tuple[str, int]]) -> None:
    with TemporaryDirectory() as folder, closing(Watched(Path(folder) / "cache.db")) as world:
        sight = world.look()
        for name, number in deeds:
            DEEDS[name](world, number)
            sight = world.look(sight)
            assert sight_to_json(sight, {}) == sight_to_json(world.look(), {}), name


def test_looking_twice_sees_the_same(world: Watched) -> None:
    world.precision(0.71)
    world.checked({"a": "fail", "b": "error"}, environment="prod")
    world.ran("1", "failed")
    assert sight_to_json(world.look(), {}) == sight_to_json(world.look(), {})


def test_nothing_is_read_again_where_nothing_changed(world: Watched) -> None:
    world.precision(0.71)
    world.ran("1", "failed")
    first = world.look()
    world.later(MINUTE)
    second = world.look(first)
    kept = [name for name, known in first.memory.kept.items() if second.memory.kept[name] is known]
    assert set(first.memory.kept) - set(kept) == {"sources"}


def test_a_cache_that_was_begun_anew_is_looked_at_from_scratch(world: Watched, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    with closing(Watched(tmp_path / "other" / "cache.db")) as other:
        world.precision(0.71)
        other.precision(0.83)
        assert other.look(world.look()).attentions == ()


# -- as it is kept


def test_a_sight_survives_being_kept(world: Watched) -> None:
    world.precision(0.71)
    (one,) = world.attentions()
    world.acknowledge(one)
    sight = world.look()
    world.state.keep_sight(sight_to_json(sight, {}), world.now)
    kept = kept_sight(world.state)
    assert kept is not None
    assert (kept[0], kept[1].attentions, kept[1].next_due, kept[2]) == (
        world.now, sight.attentions, sight.next_due, {},
    )  # fmt: skip


def test_one_of_another_program_is_nothing_to_go_by(world: Watched) -> None:
    assert kept_sight(world.state) is None
    world.state.keep_sight(sight_to_json(world.look(), {}) | {"form": 99}, world.now)
    assert kept_sight(world.state) is None


def test_a_kept_sight_says_nothing_of_the_memory(world: Watched) -> None:
    kept = sight_to_json(world.look(), {})
    assert "memory" not in kept
    assert sight_from_json(kept)[0].memory is None
