"""Pictures of the Watch in trouble and in calm, and of the page of an attention."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from quarterdeck.app.main import Quarterdeck
from quarterdeck.app.records import Batch, SourceState
from quarterdeck.screens import halves, page
from tests.screens import checking, production
from tests.screens.conftest import CI, GIT, GITLAB, MLFLOW, REGISTRY

SIZES = [
    pytest.param((80, 24), id="80x24"),
    pytest.param((120, 40), id="120x40"),
    pytest.param((200, 60), id="200x60"),
]

Shot = Callable[..., bool]


@pytest.fixture(autouse=True)
def nobody_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """What waits for a person's fingers to rest does not wait here."""
    monkeypatch.setattr(halves, "RESTS", 0.001)
    monkeypatch.setattr(page, "CHANGES_AT_MOST_EVERY", 0.001)


@pytest.fixture
def troubled(checked: Any) -> Any:
    """The small world with checks that fail and a production whose precision fell."""
    production.fill(checked, (GIT, MLFLOW, CI, GITLAB, REGISTRY, checking.GX, checking.DBT))
    return checked


@pytest.fixture
def calm(checked: Any) -> Any:
    """A world in which one thing is watched, and that is well."""
    good = production.LATENCY
    checked.cache.declare([production.PROMETHEUS])  # what else there was is shown no more
    batch = Batch(series=(good,), series_complete=True, alerts=(),
                  samples=(production.points(good, checked.now - 60_000, lambda number, at: 104.0),))  # fmt: skip
    checked.cache.write(production.PROMETHEUS.key, batch, checked.now)
    checked.tables.note_sync(checked.now, 60_000)
    checked.states(SourceState(source=production.PROMETHEUS.key, kind="prometheus", name="prometheus", state="ok",
                               last_ok_at=checked.now - 20_000))  # fmt: skip
    return checked


@pytest.fixture
def shot(snap_compare: Any, settled: Any) -> Shot:
    """Go to the Watch, press keys, each when the one before is answered, and compare with the picture that is kept."""

    def take(world: Any, size: tuple[int, int], *keys: str, theme: str = "dark") -> bool:
        app: Quarterdeck = world.app(theme)

        async def before(pilot: Any) -> None:
            for key in ("1", *keys):
                await pilot.press(key)
                await settled(pilot)

        return bool(snap_compare(app, terminal_size=size, run_before=before))

    return take


@pytest.mark.parametrize("size", SIZES)
def test_picture_of_the_watch(shot: Shot, troubled: Any, size: tuple[int, int]) -> None:
    assert shot(troubled, size)


def test_picture_of_the_watch_in_light(shot: Shot, troubled: Any) -> None:
    assert shot(troubled, (80, 24), theme="light")


@pytest.mark.parametrize("size", SIZES)
def test_picture_of_an_attention(shot: Shot, troubled: Any, size: tuple[int, int]) -> None:
    assert shot(troubled, size, "enter")


def test_picture_of_calm(shot: Shot, calm: Any) -> None:
    assert shot(calm, (80, 24))
