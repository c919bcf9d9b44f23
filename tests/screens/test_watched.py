"""Marking a run that still runs watches it: what is told on the screen, how, and what is kept."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from quarterdeck.app.records import Metric, Run
from quarterdeck.screens import telling
from quarterdeck.screens.runs import RunsScreen
from quarterdeck.screens.watched import TABLE

MINUTE = 60_000
SIZES = [(80, 24), (120, 40), (200, 60)]


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(telling, "SOON", 0.001)


class Desk:
    """What a terminal was sent beside the screen."""

    def __init__(self, app: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        self.sent: list[str] = []
        monkeypatch.setattr(type(app), "is_headless", False)
        monkeypatch.setattr(app._driver, "write", self.sent.append)

    @property
    def rung(self) -> list[str]:
        """Whatever held a bell."""
        return [data for data in self.sent if "\x07" in data]


def ended(run: Run, status: str = "finished", **changes: Any) -> Run:
    assert run.started_at is not None
    return msgspec.structs.replace(run, **({"status": status, "ended_at": run.started_at + 17 * MINUTE} | changes))


def line_of(lines: list[str], name: str) -> str:
    return next(line for line in lines[3:] if name in line)


@pytest.mark.parametrize("size", SIZES)
async def test_marking_a_running_run_watches_it_and_the_eye_says_so(world: Any, settled: Any, size: Any) -> None:
    app = world.fill().app()
    async with app.run_test(size=size) as pilot:
        await settled(pilot)
        await pilot.press("space")
        lines = await settled(pilot)
        assert "brave-cod-214 is watched" in lines[-2]
        assert "◉ running" in line_of(lines, "brave-cod-214")
        assert "●" in line_of(lines, "calm-ox-213")
        await pilot.press("k", "space")
        lines = await settled(pilot)
        assert "brave-cod-214 is watched no more" in lines[-2]
        assert "▶ running" in line_of(lines, "brave-cod-214")
        assert world.tables.get_table(TABLE) == {"runs": {}}


async def test_what_is_told_of_a_watched_run_fits_in_80_columns(world: Any, settled: Any, make_run: Any) -> None:
    app = world.fill([make_run(0, name="long-" * 20, status="running", ended_at=None)]).app()
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("space")
        said = (await settled(pilot))[-2]
        assert "is watched: end, NaN, stall, beaten baseline are told" in said


async def test_marking_a_run_that_has_ended_is_only_a_mark(world: Any, settled: Any) -> None:
    app = world.fill().app()
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        await pilot.press("j", "space")
        lines = await settled(pilot)
        assert "1 marked" in lines[1]
        assert "watched" not in "\n".join(lines)
        assert app.deck.watched.seen == {}


@pytest.mark.parametrize("size", SIZES)
async def test_the_end_of_a_watched_run_is_said_rung_and_listed(
    world: Any, wait_for: Any, settled: Any, make_run: Any, monkeypatch: pytest.MonkeyPatch, size: Any
) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("TMUX", raising=False)
    app = world.fill().app()
    async with app.run_test(size=size) as pilot:
        await settled(pilot)
        desk = Desk(app, monkeypatch)
        await pilot.press("space")
        world.write(ended(make_run(0)))
        lines = await wait_for(pilot, "● brave-cod-214 finished after 17 m 00 s, val_auc 0.9412")
        assert "● finished" in line_of(lines, "brave-cod-214")
        assert desk.rung == ["\x07\x1b]9;quarterdeck: brave-cod-214 finished after 17 m 00 s, val_auc 0.9412\x07"]
        assert world.tables.get_table(TABLE) == {"runs": {}}
        await pilot.press("colon", *"notices", "enter")
        await wait_for(pilot, "notices ─", "● brave-cod-214 finished after", "03:07")
        await pilot.press("enter")
        await wait_for(pilot, "churn-train › brave-cod-214")


async def test_a_notice_stays_until_it_was_read(world: Any, wait_for: Any, settled: Any, make_run: Any) -> None:
    app = world.fill().app()
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        await pilot.press("space", "enter")
        world.write(ended(make_run(0), "failed"))
        lines = await wait_for(pilot, "✖ brave-cod-214 failed")
        assert "›" in lines[1]  # on whatever screen is on top
        await pilot.press("j")  # was on its way already
        assert "brave-cod-214 failed" in (await settled(pilot))[-2]
        world.now += 2_000
        await pilot.press("escape")
        lines = await wait_for(pilot, "60 runs", gone=["brave-cod-214 failed"])


async def test_several_notices_queue(world: Any, wait_for: Any, settled: Any, make_run: Any) -> None:
    runs = [make_run(index, status="running", ended_at=None) for index in range(3)]
    app = world.fill(runs).app()
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("space", "space", "space")
        world.write(*[ended(run) for run in runs])
        await wait_for(pilot, "finished after 17 m 00 s", "+2 more, :notices")


async def test_a_run_is_watched_on_in_another_experiment_and_after_a_restart(
    world: Any, wait_for: Any, settled: Any, make_run: Any
) -> None:
    app = world.fill().app()
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        await pilot.press("space", "right_square_bracket")
        await wait_for(pilot, "uplift")
        await pilot.press("colon", *"watched", "enter")
        await wait_for(pilot, "watched runs ─", "brave-cod-214", "running  churn-train")
    world.write(ended(make_run(0), "killed"))  # while nobody had a terminal open
    again = world.app()
    async with again.run_test(size=(120, 40)) as pilot:
        await wait_for(pilot, "– brave-cod-214 was killed after 17 m 00 s")
    once_more = world.app()
    async with once_more.run_test(size=(120, 40)) as pilot:
        assert "was killed" not in "\n".join(await settled(pilot))


async def test_escape_takes_the_marks_and_leaves_what_is_watched(world: Any, settled: Any) -> None:
    app = world.fill().app()
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        await pilot.press("space", "space", "escape")
        lines = await settled(pilot)
        assert "marked" not in lines[1]
        assert "1 run stays watched; :watched changes that" in lines[-2]
        assert "◉ running" in line_of(lines, "brave-cod-214")


async def test_the_list_of_watched_runs_ends_the_watch_of_those_that_lose_their_tick(
    world: Any, settled: Any, wait_for: Any, make_run: Any
) -> None:
    runs = [make_run(index, status="running", ended_at=None) for index in range(3)]
    app = world.fill(runs).app()
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("space", "space", "space", "colon", *"watched", "enter")
        await wait_for(pilot, "● brave-cod-214", "● calm-ox-213", "● plain-fox-212")
        await pilot.press("down", "space", "enter")
        lines = await wait_for(pilot, "calm-ox-213 is watched no more")
        assert "▶ running" in line_of(lines, "calm-ox-213")
        assert set(app.deck.watched.seen) == {runs[0].id, runs[2].id}
        await pilot.press("colon", *"watched", "enter", "space", "escape")
        await settled(pilot)
        assert len(app.deck.watched.seen) == 2  # Escape changes nothing


@pytest.mark.parametrize(("word", "said"), [("watched", "no run is watched"), ("notices", "nothing was told yet")])
async def test_an_empty_list_says_how_to_fill_it(world: Any, settled: Any, wait_for: Any, word: str, said: str) -> None:
    app = world.fill().app()
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("colon", *word, "enter")
        await wait_for(pilot, f"{said}", "Space on a running run")


async def test_a_nan_and_a_stall_are_told(
    world: Any, wait_for: Any, settled: Any, make_run: Any, state_of: Any, mlflow: Any
) -> None:
    app = world.fill().app()
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        await pilot.press("space")
        running = {"status": "running", "ended_at": None}
        for step in range(1, 5):  # one metric a pass
            world.now += 30_000
            metrics = {"loss": Metric(value=0.5, step=step, at=step * 30_000)}
            world.write(make_run(0, **running, metrics=metrics))
            world.states(state_of(mlflow, last_ok_at=world.now))
            seen = step  # the app looks before the next pass
            while app.deck.watched.seen[f"{0:032x}"].newest != (step * 30_000, seen):
                await pilot.pause(0.01)
        world.write(make_run(0, **running, metrics={"loss": Metric(value=float("nan"), step=5, at=150_000)}))
        await wait_for(pilot, "! brave-cod-214 turned NaN at step 5: loss")
        world.now += 2_000
        await pilot.press("j")
        for _ in range(4):
            world.now += 30_000
            world.states(state_of(mlflow, last_ok_at=world.now))
            while app.deck.watched.seen[f"{0:032x}"].looked_at != world.now:
                await pilot.pause(0.01)
        await wait_for(pilot, "▲ brave-cod-214 is running and has logged nothing for", "usually every")


async def test_the_prompt_keeps_what_is_typed_and_the_notice_stays(
    world: Any, wait_for: Any, settled: Any, make_run: Any
) -> None:
    app = world.fill().app()
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        await pilot.press("space", "slash", *"calm")
        world.write(ended(make_run(0)))
        await wait_for(pilot, "of 60", "brave-cod-214 finished after")
        world.now += 5_000
        await pilot.press("minus")
        assert "brave-cod-214 finished after" in (await settled(pilot))[-2]


async def test_silence_is_kept_where_it_is_wanted(
    world: Any, wait_for: Any, settled: Any, make_run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = world.fill().app(notify=())
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        desk = Desk(app, monkeypatch)
        await pilot.press("space")
        world.write(ended(make_run(0)))
        await wait_for(pilot, "brave-cod-214 finished after")
        assert desk.rung == []


async def test_the_syncer_is_asked_after_watched_runs_while_they_run(world: Any, settled: Any, mlflow: Any) -> None:
    app = world.fill().app()
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        assert app.deck.watched.wants(app.deck) == []
        await pilot.press("space")
        await settled(pilot)
        (want,) = app.deck.watched.wants(app.deck)
        assert (want.kind, want.source, want.run_ids) == ("run", mlflow.key, (f"{0:032x}",))


async def test_a_hostile_name_is_told_in_one_safe_line(
    world: Any, wait_for: Any, settled: Any, make_run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "esc \x1b]52;c;aGk=\x07 [bold]x[/]\nnext"
    run = make_run(0, name=name, status="running", ended_at=None)
    app = world.fill([run]).app()
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        desk = Desk(app, monkeypatch)
        await pilot.press("space")
        world.write(ended(run))
        lines = await wait_for(pilot, "finished after")
        assert "\\u{1b}]52" in lines[-2]
        assert all("\x1b]52" not in data for data in desk.sent)


async def test_nothing_is_looked_at_while_nothing_is_watched(
    world: Any, settled: Any, make_run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = world.fill().app()
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        monkeypatch.setattr(app.deck.watched, "look", lambda deck: pytest.fail("looked"))
        world.write(ended(make_run(0)))
        await settled(pilot)
        assert isinstance(app.screen, RunsScreen)
