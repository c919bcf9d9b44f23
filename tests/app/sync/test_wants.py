"""What somebody looks at: what is on the screen at once, the rest at a pace that no server feels."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

import pytest

from quarterdeck.app.errors import SourceError
from quarterdeck.app.records import Batch, SourceSpec, SourceState, Want
from quarterdeck.app.sync.wants import Wants

KEYS = tuple(f"layer{number:04}" for number in range(2_000))


class Server:
    """A source that notes which metrics it was asked for, and the poller before it."""

    spec = SourceSpec(key="k", kind="scripted", name="lab", address="http://lab")

    def __init__(self) -> None:
        self.source = self
        self.state = SourceState(source="k", kind="scripted", name="lab", address="http://lab")
        self.asked: list[tuple[str, tuple[str, ...]]] = []
        self.trouble = False

    async def completed(self, want: Want) -> Want:
        return want

    async def want(self, want: Want) -> AsyncIterator[Batch]:
        self.asked.append((want.kind, want.keys))
        if self.trouble:
            raise SourceError("down", "unreachable")
        yield Batch()

    async def keep(self, batch: Batch) -> None:
        pass

    def poll(self, cursor: Mapping[str, Any]) -> AsyncIterator[Batch]:
        raise NotImplementedError

    sweep = poll

    async def close(self) -> None:
        pass


class Time:
    """A clock that a pause moves. It stops at `until`, so that what comes later does not come."""

    def __init__(self, until: float) -> None:
        self.now = 0.0
        self.until = until

    def __call__(self) -> float:
        return self.now

    async def pause(self, seconds: float) -> None:
        if self.now + seconds > self.until:
            await asyncio.Event().wait()
        self.now += seconds
        await asyncio.sleep(0)


def want(kind: Any, *keys: str, run: str = "r") -> Want:
    return Want(kind=kind, source="k", run_ids=(run,), keys=keys)


async def serve(wants: Wants, act: Callable[[], None] = lambda: None, rounds: int = 400) -> None:
    """Let the hands work for some turns of the loop, after `act`."""
    hands = asyncio.create_task(wants.serve())
    act()
    for _ in range(rounds):
        await asyncio.sleep(0)
    hands.cancel()
    await asyncio.gather(hands, return_exceptions=True)


@pytest.fixture
def server() -> Server:
    return Server()


def wants_on(server: Server, clock: Time) -> Wants:
    return Wants(server, clock=clock, pause=clock.pause)  # type: ignore[arg-type]  # a poller as far as wants use it


async def test_two_thousand_metrics_are_no_burst(server: Server) -> None:
    wants = wants_on(server, Time(until=30))
    await serve(wants, lambda: wants.add(want("history", *KEYS)))
    asked = sum(len(keys) for _, keys in server.asked)
    assert 24 + 40 <= asked <= 24 + 40 + 30 + 8
    assert not wants.is_idle()


async def test_the_first_metrics_of_a_want_are_asked_for_first_and_the_rest_in_their_order(server: Server) -> None:
    wants = wants_on(server, Time(until=5))
    await serve(wants, lambda: wants.add(want("history", *KEYS)))
    assert server.asked[0] == ("history", KEYS[:24])
    assert [key for _, keys in server.asked[1:] for key in keys][:40] == list(KEYS[24:64])


async def test_what_is_on_the_screen_does_not_wait_for_the_rest_of_another_screen(server: Server) -> None:
    clock = Time(until=10)
    wants = wants_on(server, clock)
    await serve(wants, lambda: wants.add(want("history", *KEYS)))
    before = len(server.asked)
    await serve(wants, lambda: wants.add(want("history", "loss", run="other")))
    assert ("history", ("loss",)) in server.asked[before:]


async def test_all_of_it_comes_in_the_end(server: Server) -> None:
    wants = wants_on(server, Time(until=10_000))
    await serve(wants, lambda: wants.add(want("history", *KEYS)), rounds=4_000)
    assert sorted(key for _, keys in server.asked for key in keys) == list(KEYS)
    assert wants.is_idle()


async def test_a_repeated_want_fetches_what_is_on_screen_again_and_the_rest_once_a_minute(server: Server) -> None:
    clock = Time(until=10_000)
    wants = wants_on(server, clock)
    keys = KEYS[:40]
    await serve(wants, lambda: wants.add(want("history", *keys)))
    assert server.asked == [("history", keys[:24]), ("history", keys[24:32]), ("history", keys[32:])]
    clock.now += 5
    await serve(wants, lambda: wants.add(want("history", *keys)))
    assert server.asked[3:] == [("history", keys[:24])]
    clock.now += 60
    await serve(wants, lambda: wants.add(want("history", *keys)))
    assert len(server.asked) == 7


async def test_a_gentle_piece_that_failed_is_tried_when_it_is_asked_for_again(server: Server) -> None:
    wants = wants_on(server, Time(until=10_000))
    server.trouble = True
    await serve(wants, lambda: wants.add(want("extremes", "loss")))
    server.trouble = False
    await serve(wants, lambda: wants.add(want("extremes", "loss")))
    await serve(wants, lambda: wants.add(want("extremes", "loss")))
    assert server.asked == [("extremes", ("loss",))] * 2


async def test_the_newest_extremes_go_first(server: Server) -> None:
    wants = wants_on(server, Time(until=0))

    def ask() -> None:
        wants.add(want("extremes", *KEYS[:100]))
        wants.add(want("extremes", "auc", run="on screen now"))

    await serve(wants, ask)
    assert server.asked[0] == ("extremes", ("auc",))
    assert sum(len(keys) for _, keys in server.asked) <= 40 + 8


async def test_one_want_that_waits_is_not_fetched_twice(server: Server) -> None:
    wants = wants_on(server, Time(until=100))

    def ask() -> None:
        for _ in range(3):
            wants.add(want("history", "loss", "auc"))

    await serve(wants, ask)
    assert server.asked == [("history", ("loss", "auc"))]
