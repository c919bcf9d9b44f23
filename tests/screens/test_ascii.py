"""Where only ASCII is drawn, nothing of ours is painted outside it; foreign text is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from rich.cells import cell_len

from quarterdeck.widgets.stand_ins import STAND_INS
from quarterdeck.widgets.status import use_ascii

Settled = Callable[..., Any]


@pytest.fixture(autouse=True)
def ascii_only() -> Iterator[None]:
    use_ascii(True)
    yield
    use_ascii(False)


def test_every_stand_in_is_ascii_and_as_wide_as_its_sign() -> None:
    assert {cell_len(sign) for sign in STAND_INS} == {1}
    assert all(stand_in.isascii() and len(stand_in) == 1 for stand_in in STAND_INS.values())


@pytest.mark.parametrize(
    "keys", [["t", "j"], ["slash", "s", ">"], ["s"], ["c", "space"], ["enter"], ["question_mark", "b", "a", "c", "k"]]
)
@pytest.mark.parametrize("size", [(80, 24), (170, 40)])
async def test_nothing_of_ours_is_outside_ascii(
    keys: list[str], size: tuple[int, int], world: Any, settled: Settled
) -> None:
    async with world.fill().app().run_test(size=size) as pilot:
        await settled(pilot)
        await pilot.press(*keys)
        lines = await settled(pilot)
    assert [line for line in lines if not line.isascii()] == []
    assert any(set(line.strip()) == {"-"} for line in lines)


@pytest.mark.parametrize("keys", [["5", "j", "j"], ["5", "t"], ["5", "j", "j", "enter"], ["5", "j", "enter"]])
@pytest.mark.parametrize("size", [(80, 24), (170, 40)])
async def test_nothing_of_pipelines_is_outside_ascii(
    keys: list[str], size: tuple[int, int], ci: Any, settled: Settled
) -> None:
    async with ci.app().run_test(size=size) as pilot:
        await settled(pilot)
        await pilot.press(*keys)
        lines = await settled(pilot)
    assert [line for line in lines if not line.isascii()] == []


async def test_foreign_text_stays_as_it_is(
    world: Any, settled: Settled, make_run: Callable[..., Any], experiment: Callable[..., Any]
) -> None:
    world.fill([make_run(0, name="naïve-名前")])
    async with world.app().run_test(size=(120, 24)) as pilot:
        lines = await settled(pilot)
    (line,) = [line for line in lines if "naïve-名前" in line]
    assert line.replace("naïve-名前", "").isascii()
    assert ">" in line
