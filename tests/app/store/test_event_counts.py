"""Counting what happened says what listing it says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from quarterdeck.app.records import Event, Note
from quarterdeck.app.store.event_counts import event_counts
from quarterdeck.app.store.happened import happened
from tests.app.promotion.evidence import CI, DAY, GIT, HOUR, MINUTE
from tests.app.triage.watched import ALL, Watched


@pytest.fixture
def world(tmp_path: Path) -> Iterator[Watched]:
    with closing(Watched(tmp_path / "cache.db")) as made:
        yield made


def listed(world: Watched, since: int) -> Counter[str]:
    return Counter(event.kind for event in happened(world.reader, world.state, 10_000, since=since))


def busy(world: Watched) -> None:
    """Something of all kinds that sources tell, and of what only we have seen."""
    for place, status in enumerate(("passed", "failed", "failed", "passed", "cancelled")):
        world.ran(str(place), status, at=world.now - (9 - place) * HOUR)
    world.trains("r1", "failed", ended_at=world.now - HOUR)
    world.trains("r2", "running")
    world.precision(0.83, 0.71, 0.84)
    world.alert()
    world.write("p", alerts=())
    world.commit_of("77" * 20, "Change", (), world.now - HOUR)
    world.tracked("c3" * 16, "14" * 20)
    world.aliases(champion="13")
    world.later(MINUTE)
    world.aliases(champion="14")
    world.entry(12, "14", "13", at=world.now)
    note = Note(id="01", at=world.now, subject="run/r1", author="ann")
    world.write("g", notes=(note,))
    world.state.write_note(note)
    world.state.write_note(Note(id="02", at=world.now, subject="run/r1", author="ann", kind="ack"))
    for place, source in enumerate(("c", "gone", None)):
        kind = "check began to fail"
        world.state.record_events([Event(id=str(place), at=world.now, kind=kind, title="", source=source)])


@pytest.mark.parametrize("back", [MINUTE // 2, 2 * HOUR, 3 * DAY, 400 * DAY])
def test_all_kinds_are_counted_as_they_are_listed(world: Watched, back: int) -> None:
    busy(world)
    world.cache.declare([*ALL])
    assert event_counts(world.reader, world.state, world.now - back) == listed(world, world.now - back)


def test_what_left_the_settings_is_not_counted(world: Watched) -> None:
    busy(world)
    world.cache.declare([GIT])
    assert event_counts(world.reader, world.state, 0) == listed(world, 0)
    assert "pipeline finished" not in event_counts(world.reader, world.state, 0)
    assert CI.key not in {state.source for state in world.reader.source_states()}
