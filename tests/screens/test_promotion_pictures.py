"""Pictures of a plan: blocked, ready, confirmed, done, refused, and the way back."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from quarterdeck.app.main import Quarterdeck
from quarterdeck.screens import promotion_deed
from quarterdeck.widgets import field
from tests.app.promotion.evidence import ANN, CY, HOUR, MLFLOW, NEW, NOW, policy
from tests.screens.promoting import Stage, page

SIZES = [pytest.param((80, 24), id="80x24"), pytest.param((120, 40), id="120x40")]

Shot = Callable[..., bool]


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(field, "APART", 0.0)
    monkeypatch.setattr(promotion_deed, "LOOK", 0.01)


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with ExitStack() as stack:
        yield Stage(tmp_path, stack)


def spoil(stage: Stage) -> Stage:
    """Some of everything: what fails, what nobody knows, what is too old, what is waived, what is pending."""
    world = stage.world
    checks = 'ci = ["unit", "integration", "e2e *"]\ndata = ["orders.*"]\nmax_age = "6h"'
    waivers = 'gates = ["metric", "data"]\nfrom = ["team:ml-leads"]\nmax = "24h"'
    world.rule(policy(waivers=waivers, required_checks=checks))
    world.run("14", 0.9391, 131.0, user="bo", commit=NEW, ended_at=NOW - 9 * HOUR)
    world.pipeline(2, status="failed", jobs={"unit": "passed", "integration": "failed"})
    world.waive("data:orders.*", CY)
    world.approve(ANN, at=NOW - 9 * HOUR)
    world.source(MLFLOW)
    return stage


def approve(stage: Stage) -> Stage:
    """Everything passes."""
    stage.world.ask(CY)
    stage.world.approve(ANN)
    return stage


@pytest.fixture
def shot(snap_compare: Any, settled: Any) -> Shot:
    """Open the page, press keys, do more, and compare the picture with the one that is kept."""

    def take(
        app: Quarterdeck, size: tuple[int, int], *keys: str, then: Callable[[Any], Awaitable[None]] | None = None,
        **wanted: Any,
    ) -> bool:  # fmt: skip
        async def before(pilot: Any) -> None:
            await settled(pilot)
            app.push_screen(page(app, **wanted))
            await settled(pilot)
            for key in keys:
                await pilot.press(key)
                await settled(pilot)
            if then is not None:
                await then(pilot)
            await settled(pilot)

        return bool(snap_compare(app, terminal_size=size, run_before=before))

    return take


@pytest.mark.parametrize(("size", "theme"), [
    pytest.param((80, 24), "dark", id="80x24"), pytest.param((80, 24), "light", id="80x24-light"),
    pytest.param((120, 40), "light", id="120x40"), pytest.param((200, 60), "dark", id="200x60"),
])  # fmt: skip
def test_one_that_is_blocked(stage: Stage, shot: Shot, size: tuple[int, int], theme: str) -> None:
    assert shot(spoil(stage).app(theme), size)


@pytest.mark.parametrize("theme", ["ansi", "colour-blind"])
def test_one_in_other_colours(stage: Stage, shot: Shot, theme: str) -> None:
    assert shot(spoil(stage).app(theme), (80, 24), "right")


@pytest.mark.parametrize("size", SIZES)
def test_one_whose_name_is_typed(stage: Stage, shot: Shot, size: tuple[int, int]) -> None:
    assert shot(approve(stage).app(), size, "p", "c", "h", "u")


def test_one_with_all_its_gates(stage: Stage, shot: Shot) -> None:
    assert shot(approve(stage).app("light"), (120, 40), "enter", "j", "j")


def test_the_way_back(stage: Stage, shot: Shot) -> None:
    assert shot(stage.app(), (80, 24), kind="rollback")


def test_one_that_runs(stage: Stage, shot: Shot, wait_for: Any) -> None:
    async def confirm(pilot: Any) -> None:
        await pilot.press("p", *"churn", "enter")
        await wait_for(pilot, "reading the evidence anew")
        with stage.carrying_out() as reached:
            reached("pushed", "12")
            await wait_for(pilot, "ledger ● 12 pushed")

    assert shot(approve(stage).app(), (80, 24), then=confirm)


@pytest.mark.parametrize("size", SIZES)
def test_one_that_is_done(stage: Stage, shot: Shot, wait_for: Any, size: tuple[int, int]) -> None:
    async def confirm(pilot: Any) -> None:
        await pilot.press("tab", *"better", "tab", *"ML-7", "tab", *"churn", "enter")
        await wait_for(pilot, "reading the evidence anew")
        with stage.carrying_out() as reached:
            reached("pushed", "12")
            stage.ended("done", "churn@champion: v13 → v14 (entry 12).", number=12)
        await wait_for(pilot, "evidence ●")

    assert shot(approve(stage).app(), size, then=confirm)


def test_one_that_was_refused(stage: Stage, shot: Shot, wait_for: Any) -> None:
    async def confirm(pilot: Any) -> None:
        await pilot.press("p", *"churn", "enter")
        await wait_for(pilot, "reading the evidence anew")
        with stage.carrying_out() as reached:
            reached("ledger")
            sentence = "churn@champion shows v15 now, not v13: ann promoted it 4 s ago (entry 12). Nothing was changed."
            stage.ended("failed", sentence, is_refused=True)
        await wait_for(pilot, "refused")

    assert shot(approve(stage).app("light"), (80, 24), then=confirm)
