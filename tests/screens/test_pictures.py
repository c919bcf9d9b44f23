"""Pictures of the screens: what they look like, in each condition, at the sizes that count.

`make snapshots` takes them anew after a change that was meant; the differences are then looked at one by one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from quarterdeck.app.main import Quarterdeck

SIZES = [pytest.param((80, 24), id="80x24"), pytest.param((120, 40), id="120x40")]
ALL_SIZES = [*SIZES, pytest.param((200, 60), id="200x60")]
HOUR = 3_600_000
HOSTILE = [
    "[bold]x[/]", "esc \x1b[31mred\x1b[0m\x1b]0;t\x07", "x" * 4_000, "日本語の実験の名前" * 20, "שלום עולם", "مرحبا",
    "bidi \u202egnp.exe", "two\nlines\tand a tab", "e" + "\u0301" * 40, "👩\u200d👩\u200d👧", "",
]  # fmt: skip

Shot = Callable[..., bool]


@pytest.fixture
def shot(snap_compare: Any, settled: Any) -> Shot:
    """Press keys, each when the one before is answered, and compare the picture with the one that is kept."""

    def take(app: Quarterdeck, size: tuple[int, int], *keys: str) -> bool:
        async def before(pilot: Any) -> None:
            await settled(pilot)
            for key in keys:
                for one in [key] if key in NAMED or len(key) == 1 else list(key):
                    await pilot.press({" ": "space"}.get(one, one))
                    await settled(pilot)

        return bool(snap_compare(app, terminal_size=size, run_before=before))

    return take


NAMED = ("enter", "slash", "space", "colon", "question_mark", "down")


@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize("size", ALL_SIZES)
def test_runs(world: Any, shot: Shot, size: tuple[int, int], theme: str) -> None:
    assert shot(world.fill().app(theme), size, "j")


@pytest.mark.parametrize("theme", ["colour-blind", "ansi"])
def test_runs_in_other_colours(world: Any, shot: Shot, theme: str) -> None:
    assert shot(world.fill().app(theme), (120, 40), "j")


def test_runs_without_colours(world: Any, shot: Shot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    assert shot(world.fill().app("plain"), (120, 40), "j")


@pytest.mark.parametrize("size", SIZES)
def test_sorted_filtered_and_marked(world: Any, shot: Shot, size: tuple[int, int]) -> None:
    app = world.fill().app()
    keys = ["slash", "metrics.val_auc > 0.92 and status:finished", "enter", "s", "val_auc", "enter", "space", "space"]
    assert shot(app, size, *keys)


@pytest.mark.parametrize("size", SIZES)
def test_a_mistake_in_a_filter(world: Any, shot: Shot, size: tuple[int, int]) -> None:
    assert shot(world.fill().app(), size, "slash", "status:failed and (user = bo")


@pytest.mark.parametrize("size", SIZES)
def test_a_filter_without_a_match(world: Any, shot: Shot, size: tuple[int, int]) -> None:
    assert shot(world.fill().app(), size, "slash", "zeppelin", "enter")


@pytest.mark.parametrize("size", SIZES)
def test_no_source(world: Any, shot: Shot, size: tuple[int, int]) -> None:
    assert shot(world.app(environment="", found=("a Git repository: /home/ann/churn, no remote",)), size)


@pytest.mark.parametrize("size", SIZES)
def test_no_runs_yet(world: Any, shot: Shot, state_of: Any, mlflow: Any, size: tuple[int, int]) -> None:
    world.cache.declare([mlflow])
    world.write()
    world.states(state_of(mlflow))
    assert shot(world.app(), size)


@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize("size", SIZES)
def test_the_first_sync(
    world: Any, shot: Shot, make_run: Any, state_of: Any, mlflow: Any, size: tuple[int, int], theme: str
) -> None:
    world.cache.declare([mlflow])
    world.write(*[make_run(index) for index in range(7)])
    world.states(state_of(mlflow, "never", last_ok_at=None, done=3_200, total=5_012))
    assert shot(world.app(theme), size)


def test_before_the_first_answer(world: Any, shot: Shot, state_of: Any, mlflow: Any) -> None:
    world.cache.declare([mlflow])
    world.states(state_of(mlflow, "never", last_ok_at=None))
    assert shot(world.app(), (80, 24))


DOWN = "Nothing listens at mlflow.acme:5000: the server is down, or the port is wrong."


@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize("size", ALL_SIZES)
def test_a_server_that_is_down(
    world: Any, shot: Shot, state_of: Any, mlflow: Any, size: tuple[int, int], theme: str
) -> None:
    world.fill()
    facts = {"last_ok_at": world.now - 2 * HOUR, "sentence": DOWN, "next_try_at": world.now + 60_000}
    world.states(state_of(mlflow, "unreachable", **facts))
    assert shot(world.app(theme), size)


@pytest.mark.parametrize("size", SIZES)
def test_a_server_that_never_answered(
    world: Any, shot: Shot, state_of: Any, mlflow: Any, size: tuple[int, int]
) -> None:
    world.cache.declare([mlflow])
    facts = {"last_ok_at": None, "sentence": DOWN, "next_try_at": world.now + 60_000}
    world.states(state_of(mlflow, "unreachable", **facts))
    assert shot(world.app(), size)


@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize("size", SIZES)
def test_stale(world: Any, shot: Shot, state_of: Any, mlflow: Any, size: tuple[int, int], theme: str) -> None:
    world.fill()
    world.states(state_of(mlflow, last_ok_at=world.now - 3 * HOUR))
    assert shot(world.app(theme), size)


@pytest.mark.parametrize("size", SIZES)
def test_a_tree(world: Any, shot: Shot, size: tuple[int, int]) -> None:
    assert shot(world.fill().app(), size, "t")


@pytest.mark.parametrize("size", SIZES)
def test_experiments_to_choose_from(world: Any, shot: Shot, size: tuple[int, int]) -> None:
    assert shot(world.fill().app(), size, "e", "down")


@pytest.mark.parametrize("size", SIZES)
def test_columns_to_choose(world: Any, shot: Shot, size: tuple[int, int]) -> None:
    assert shot(world.fill().app(), size, "c", "down", "space")


@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize("size", SIZES)
def test_help(world: Any, shot: Shot, size: tuple[int, int], theme: str) -> None:
    assert shot(world.fill().app(theme), size, "question_mark")


@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize("size", ALL_SIZES)
def test_a_run(world: Any, shot: Shot, size: tuple[int, int], theme: str) -> None:
    assert shot(world.fill().app(theme), size, "enter")


@pytest.mark.parametrize("size", SIZES)
def test_sources(world: Any, shot: Shot, state_of: Any, mlflow: Any, size: tuple[int, int]) -> None:
    world.fill()
    world.states(state_of(mlflow, "unreachable", last_ok_at=world.now - 2 * HOUR, sentence=DOWN))
    assert shot(world.app(), size, "colon", "sources", "enter", "down")


@pytest.mark.parametrize("size", ALL_SIZES)
def test_hostile_names(world: Any, shot: Shot, make_run: Any, size: tuple[int, int]) -> None:
    runs = [make_run(index, name=text, user=text, params={"p": text}) for index, text in enumerate(HOSTILE)]
    assert shot(world.fill(runs).app(), size, "j", "j")


@pytest.mark.parametrize("size", ALL_SIZES)
def test_runs_beside_a_baseline(world: Any, shot: Shot, size: tuple[int, int]) -> None:
    assert shot(world.fill().app(), size, "j", "j", "b", "s", "val_auc", "enter", "j")


@pytest.mark.parametrize("size", SIZES)
def test_a_watched_run_that_ended(world: Any, shot: Shot, make_run: Any, size: tuple[int, int]) -> None:
    runs = [make_run(index, status="running", ended_at=None) for index in range(3)]
    world.fill([*runs, *[make_run(index) for index in range(3, 30)]])
    app = world.app()
    watched = app.deck.watched
    watched.watch(app.deck, runs)
    world.write(make_run(0, status="failed"), make_run(1))
    assert len(watched.look(app.deck)) == 2
    assert shot(app, size)
