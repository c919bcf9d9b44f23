"""Moving an alias against a real MLflow server and a real Git remote, with others at it, and cut off anywhere."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest

from quarterdeck.app.errors import RefusedError, SourceError
from quarterdeck.app.promotion import apply as applying
from quarterdeck.app.promotion.apply import EVIDENCE, FINISH_SECONDS, Applied, apply, resume
from quarterdeck.app.records import LedgerEntry
from tests.app.promotion.worlds import Server, close_all, draft, git, ledger, make_remote, now, silent

_names = (f"model {number}" for number in range(10_000))


@pytest.fixture
def remote(tmp_path: Path) -> Path:
    return make_remote(tmp_path, {"readme": "hello"})[0]


@pytest.fixture
def server(mlflow_rest: Any) -> Server:
    return Server(mlflow_rest)


@pytest.fixture
def model(server: Server) -> str:
    """A model with four versions, whose champion is the first."""
    name = next(_names)
    server.make(name, 4)
    server.move(name, "champion", "1")
    return name


def entries_of(remote: Path, model: str) -> list[LedgerEntry]:
    return ledger(remote).entries(model, "champion")


def promote(remote: Path, server: Server, model: str, version: str, previous: str, who: str = "ann") -> Applied:
    return asyncio.run(apply(draft(model, version, previous, who), ledger(remote), server, now, silent))


def in_whole(remote: Path, server: Server, model: str) -> None:
    """The alias shows what the highest entry says, and the entries have neither gap nor double."""
    entries = entries_of(remote, model)
    assert [one.number for one in entries] == list(range(1, len(entries) + 1))
    assert [one.before for one in entries] == ["", *(one.id for one in entries)][: len(entries)]
    assert server.aliases(model)["champion"] == (entries[-1].version if entries else "1")


def test_a_promotion_writes_its_entry_and_moves_the_alias(remote: Path, server: Server, model: str) -> None:
    done = promote(remote, server, model, "2", "1")
    assert (done.state, done.sentence) == ("done", f"{model}@champion: v1 → v2 (entry 1).")
    in_whole(remote, server, model)
    assert '"entry":1' in server.tags(model, "2")[EVIDENCE]


def test_who_comes_second_is_told_who_was_first(remote: Path, server: Server, model: str) -> None:
    promote(remote, server, model, "2", "1", "bo")
    with pytest.raises(RefusedError, match=r"shows v2 now, not v1: bo promoted it .* ago \(entry 1\)"):
        promote(remote, server, model, "3", "1")
    assert server.aliases(model)["champion"] == "2"


def test_an_alias_that_a_plain_client_moved_is_not_what_was_planned(remote: Path, server: Server, model: str) -> None:
    promote(remote, server, model, "2", "1")
    server.move(model, "champion", "4")
    with pytest.raises(RefusedError, match="moved outside quarterdeck"):
        promote(remote, server, model, "3", "2")
    assert len(entries_of(remote, model)) == 1


def test_what_somebody_is_doing_right_now_is_waited_for(remote: Path, server: Server, model: str) -> None:
    with pytest.raises(Cut):
        asyncio.run(apply(draft(model, "2", "1", "bo"), ledger(remote), server, now, cut_at("pushed")))
    with pytest.raises(RefusedError, match=r"bo promotes v2 since .*: wait for that"):
        promote(remote, server, model, "3", "1")


def test_what_somebody_does_by_a_clock_that_is_ahead_is_waited_for_as_well(
    remote: Path, server: Server, model: str
) -> None:
    def ahead() -> int:
        return now() + 5_000

    with pytest.raises(Cut):
        asyncio.run(apply(draft(model, "2", "1", "bo"), ledger(remote), server, ahead, cut_at("pushed")))
    with pytest.raises(RefusedError, match=r"bo promotes v2 since .*: wait for that"):
        promote(remote, server, model, "3", "1")


def test_a_name_without_end_does_not_fill_the_sentence(remote: Path, server: Server, model: str) -> None:
    promote(remote, server, model, "2", "1", "bo" * 5_000)
    with pytest.raises(RefusedError) as refused:
        promote(remote, server, model, "3", "1")
    assert len(str(refused.value)) < 200


def test_an_entry_that_the_remote_takes_and_does_not_show_moves_nothing(
    remote: Path, server: Server, model: str
) -> None:
    git(remote, "config", "uploadpack.hideRefs", "refs/quarterdeck")
    with pytest.raises(SourceError, match="entry 1 was written, and the ledger does not show it"):
        promote(remote, server, model, "2", "1")
    assert server.aliases(model)["champion"] == "1"


# -- two at once ------------------------------------------------------------------------------------------------


async def both(
    remote: Path, server: Server, model: str, previous: str, stall: Callable[[str, str], Callable[..., Awaitable[None]]]
) -> Sequence[Applied | RefusedError]:
    async def one(who: str, version: str) -> Applied | RefusedError:
        try:
            return await apply(draft(model, version, previous, who), ledger(remote), server, now, stall(who, version))
        except RefusedError as error:
            return error

    return await asyncio.gather(one("ann", "2"), one("bo", "3"))


def test_of_two_at_once_one_wins_and_the_other_is_told_a_hundred_times(
    remote: Path, server: Server, model: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With stalls between all steps. An entry counts as given up at once, so that each may go on past the other."""
    chance = random.Random(7)  # the same stalls every time
    monkeypatch.setattr(applying, "LIMIT_SECONDS", 0.0)

    def stall(who: str, version: str) -> Callable[..., Awaitable[None]]:
        async def say(point: str, detail: str) -> None:
            await asyncio.sleep(chance.choice((0, 0, 0.02, 0.08)))

        return say

    for _ in range(100):
        previous = server.aliases(model)["champion"]
        if previous in ("2", "3"):
            server.move(model, "champion", previous := "1")
        before = len(entries_of(remote, model))
        ends = asyncio.run(both(remote, server, model, previous, stall))
        in_whole(remote, server, model)
        entries = entries_of(remote, model)
        close_all()
        won = {one.by.name for one in entries[before:]}
        assert won
        for who, end in zip(("ann", "bo"), ends, strict=True):
            if isinstance(end, RefusedError) or end.state != "done":
                told = str(end) if isinstance(end, RefusedError) else end.sentence
                other = {"ann": "bo", "bo": "ann"}[who]
                assert other in told, told
                assert isinstance(end, RefusedError) or end.is_refused
            else:
                assert who in won
        assert any(isinstance(end, Applied) and end.state == "done" for end in ends)


@pytest.mark.parametrize("point", ["pushed", "alias", "set", "read back"])
def test_who_stalls_while_another_goes_on_leaves_the_alias_to_the_highest_entry(
    remote: Path, server: Server, model: str, point: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(applying, "LIMIT_SECONDS", 0.0)
    gone_on = asyncio.Event

    async def run() -> Applied:
        there, done = gone_on(), gone_on()

        async def slow(at: str, detail: str) -> None:
            if at == point and not there.is_set():
                there.set()
                await done.wait()

        mine = asyncio.create_task(apply(draft(model, "2", "1", "ann"), ledger(remote), server, now, slow))
        await there.wait()
        shown = server.aliases(model)["champion"]
        await apply(draft(model, "3", shown, "bo"), ledger(remote), server, now, silent)
        done.set()
        return await mine

    end = asyncio.run(run())
    in_whole(remote, server, model)
    assert server.aliases(model)["champion"] == "3"
    assert "bo" in end.sentence
    assert end.is_refused == (point in ("pushed", "alias"))  # after that the other one had seen it done


def test_a_number_that_a_tag_and_a_ref_hold_is_read_alike_by_everybody(
    remote: Path, server: Server, model: str
) -> None:
    """Two who read the policy before and after it changed its kind of ledger write under different names."""

    async def run() -> tuple[Applied, Applied]:
        there, done = asyncio.Event(), asyncio.Event()

        async def slow(at: str, detail: str) -> None:
            if at == "push":
                there.set()
                await done.wait()

        old = asyncio.create_task(apply(draft(model, "2", "1", "bo"), ledger(remote), server, now, slow))
        await there.wait()
        new = await apply(draft(model, "3", "1"), ledger(remote, style="tags"), server, now, silent)
        done.set()
        return new, await old

    new, old = asyncio.run(run())
    entries = entries_of(remote, model)
    assert new.state == "done"
    assert [one.number for one in entries] == [1, 1]
    assert server.aliases(model)["champion"] == entries[-1].version
    assert (old.state == "done") == (entries[-1].by.name == "bo")


# -- cut off ----------------------------------------------------------------------------------------------------


class Cut(BaseException):
    """The process is gone."""


def cut_at(point: str) -> Callable[[str, str], Awaitable[None]]:
    async def say(at: str, detail: str) -> None:
        if at == point:
            raise Cut

    return say


POINTS = ["ledger", "push", "pushed", "alias", "set", "read back", "evidence", "end"]


@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize("late", [False, True])
def test_whatever_step_it_is_cut_at_it_ends_wholly_before_or_wholly_after(
    remote: Path, server: Server, model: str, point: str, late: bool
) -> None:
    wish = draft(model, "2", "1", act="the act")
    with pytest.raises(Cut):
        asyncio.run(apply(wish, ledger(remote), server, now, cut_at(point)))
    later = (lambda: now() + round(FINISH_SECONDS * 1000) + 1) if late else now
    end = asyncio.run(resume("the act", model, "champion", ledger(remote), server, later, silent))
    shown = server.aliases(model)["champion"]
    assert (end.state, shown) in {("done", "2"), ("failed", "1")}, end.sentence
    assert end.state == ("done" if point in POINTS[4:] or (point in POINTS[2:4] and not late) else "failed")
    in_whole(remote, server, model)
    again = asyncio.run(resume("the act", model, "champion", ledger(remote), server, later, silent))
    assert (again.state, server.aliases(model)["champion"]) == (end.state, shown)
    back = promote(remote, server, model, "1" if shown == "2" else "3", shown)
    assert back.state == "done"
    in_whole(remote, server, model)


class Lossy:
    """A registry whose line drops at its nth call, before or after the server has heard it."""

    def __init__(self, server: Server, call: int, *, heard: bool) -> None:
        self._server, self._left, self._heard = server, call, heard

    async def get_aliases(self, model: str) -> dict[str, str]:
        return dict(await self._call(self._server.get_aliases, model))

    async def set_alias(self, *words: str) -> None:
        await self._call(self._server.set_alias, *words)

    async def set_version_tag(self, *words: str) -> None:
        await self._call(self._server.set_version_tag, *words)

    async def _call(self, call: Callable[..., Awaitable[Any]], *words: str) -> Any:
        self._left -= 1
        answer = await call(*words) if self._left or self._heard else None
        if self._left <= 0:
            raise SourceError("the line dropped")
        return answer


@pytest.mark.parametrize("heard", [False, True])
@pytest.mark.parametrize("call", [1, 2, 3, 4])
def test_a_line_that_drops_at_any_request_leaves_nothing_half_way(
    remote: Path, server: Server, model: str, call: int, heard: bool
) -> None:
    lossy = Lossy(server, call, heard=heard)
    wish = draft(model, "2", "1", act="the act")
    with contextlib.suppress(SourceError):
        asyncio.run(apply(wish, ledger(remote), lossy, now, silent))
    end = asyncio.run(resume("the act", model, "champion", ledger(remote), server, now, silent))
    assert (end.state, server.aliases(model)["champion"]) in {("done", "2"), ("failed", "1")}
    in_whole(remote, server, model)


def test_what_the_registry_refuses_is_taken_back_in_the_ledger(remote: Path, server: Server, model: str) -> None:
    class Forbidding(Server):
        async def set_alias(self, model: str, alias: str, version: str) -> None:
            raise SourceError("You may not set aliases of this model.", "misconfigured")

    strict = Forbidding(server._rest)
    end = asyncio.run(apply(draft(model, "2", "1"), ledger(remote), strict, now, silent))
    assert end.state == "failed"
    assert end.sentence == "You may not set aliases of this model. Entry 2 takes entry 1 back; v1 stays."
    in_whole(remote, server, model)
    assert promote(remote, server, model, "3", "1").state == "done"


def test_an_alias_that_was_moved_by_hand_after_the_cut_is_not_called_done(
    remote: Path, server: Server, model: str
) -> None:
    with pytest.raises(Cut):
        asyncio.run(apply(draft(model, "2", "1", act="the act"), ledger(remote), server, now, cut_at("pushed")))
    server.move(model, "champion", "4")
    end = asyncio.run(resume("the act", model, "champion", ledger(remote), server, now, silent))
    assert (end.state, server.aliases(model)["champion"]) == ("unknown", "4")
    assert "moved it to v4 outside quarterdeck" in end.sentence


def test_a_version_that_is_not_there_is_refused_and_taken_back(remote: Path, server: Server, model: str) -> None:
    class Answering(Server):
        async def set_alias(self, model: str, alias: str, version: str) -> None:
            answer = httpx.post(
                f"{self._rest.url}/api/2.0/mlflow/registered-models/alias",
                json={"name": model, "alias": alias, "version": version}, trust_env=False,
            )  # fmt: skip
            if answer.is_error:
                error = SourceError(answer.json()["message"], "not_understood")
                error.status = answer.status_code  # type: ignore[attr-defined]  # as AnswerError of the sources has it
                raise error

    end = asyncio.run(apply(draft(model, "99", "1"), ledger(remote), Answering(server._rest), now, silent))
    assert (end.state, server.aliases(model)["champion"]) == ("failed", "1")
    in_whole(remote, server, model)
