"""What all CI systems have in common: how far the first sync goes, what a pass asks, what is left alone."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from typing import cast

import pytest
from msgspec.structs import replace

from quarterdeck.app.errors import SettingsError, SourceError
from quarterdeck.app.records import Batch, Job, LogPart, Pipeline, SourceSpec, Want
from quarterdeck.app.sources.ci import Mark, Page, TakesActs, Vendor, book, passes
from quarterdeck.app.sources.ci.engine import CiSource
from quarterdeck.app.sources.trouble import AnswerError

HOUR = 3_600_000
NOW = 1_780_000_000_000
SPEC = SourceSpec(key="e" * 16, kind="plain", name="plain", address="http://plain.example")


class Plain:
    """The plainest vendor: pipelines in memory, ten a page. `asked` has what was asked for."""

    width = 3

    def __init__(self, *pipelines: Pipeline) -> None:
        self.now = {one.id: one for one in pipelines}
        self.asked: list[str] = []
        self.closed = 0
        self.failures: dict[str, SourceError] = {}
        self.reads = 0

    def ordered(self) -> list[Pipeline]:
        return sorted(self.now.values(), key=lambda one: one.created_at or 0, reverse=True)

    async def recent(self, mark: Mark) -> AsyncIterator[Page]:
        self.asked.append("recent")
        yield Page(pipelines=tuple(self.ordered()[:10]), mark={"at": 1})

    async def page(self, token: str | None) -> Page:
        self.asked.append(f"page {token or 0}")
        start, every = int(token or 0), self.ordered()
        following = str(start + 10) if start + 10 < len(every) else None
        return Page(pipelines=tuple(every[start : start + 10]), next=following, total=len(every))

    async def detail(self, pipeline: Pipeline) -> Pipeline:
        self.asked.append(f"detail {pipeline.id}")
        return self._told(pipeline.id)

    async def one(self, pipeline_id: str) -> Pipeline | None:
        self.asked.append(f"one {pipeline_id}")
        return self._told(pipeline_id) if pipeline_id in self.now else None

    async def log(self, pipeline_id: str, job_id: str, start: int) -> AsyncIterator[LogPart]:
        try:
            for at in range(start, start + 3):
                self.reads += 1
                yield LogPart(source=SPEC.key, pipeline=pipeline_id, job=job_id, start=at, data=b"x", is_last=False)
        finally:
            self.closed += 1

    async def close(self) -> None:
        self.closed += 1

    def _told(self, pipeline_id: str) -> Pipeline:
        if pipeline_id in self.failures:
            raise self.failures[pipeline_id]
        if pipeline_id not in self.now:
            raise AnswerError("It is gone.", "misconfigured", 404)
        job = Job(id=f"{pipeline_id}.1", name="build", status=self.now[pipeline_id].status)
        return replace(self.now[pipeline_id], jobs=(job,))


def made(number: int, status: str = "passed", **fields: object) -> Pipeline:
    at = NOW + number * 60_000
    given = {"created_at": at, "updated_at": at, **fields}
    return Pipeline(source=SPEC.key, id=str(number), name="train", status=status, **given)  # type: ignore[arg-type]  # the tests name fields of a pipeline only


class Run:
    """Passes one after the other over a vendor, with the cursor that each left."""

    def __init__(self, vendor: Plain) -> None:
        self.vendor = vendor
        self.hour = 0.0
        self.source = CiSource(SPEC, lambda: cast(Vendor, vendor), clock=lambda: NOW / 1000 + self.hour * 3600)
        self.cursor: dict[str, object] = {}
        self.found: dict[str, Pipeline] = {}

    async def __call__(self, *, whole: bool = False) -> list[str]:
        """One pass: what it asked for."""
        self.hour += 0.01
        before = len(self.vendor.asked)
        async for batch in self.source.sweep(self.cursor) if whole else self.source.poll(self.cursor):
            self.found.update((one.id, one) for one in batch.pipelines)
            for gone in batch.pipelines_gone:
                self.found.pop(gone, None)
            self.cursor = dict(batch.cursor) if batch.cursor is not None else self.cursor
        return self.vendor.asked[before:]


@pytest.fixture
def _shallow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(book, "DEPTH", 20)
    monkeypatch.setattr(book, "_SLACK", 0)
    monkeypatch.setattr(passes, "DEPTH", 20)


@pytest.mark.usefixtures("_shallow")
async def test_the_newest_get_their_jobs_and_all_get_their_rows() -> None:
    run = Run(Plain(*(made(number) for number in range(60))))
    asked = await run()
    assert len(run.found) == 60
    assert {int(one.id) for one in run.found.values() if one.jobs is not None} == set(range(40, 60))
    # down to the depth, then the jobs of those, then the rest: nobody waits for old rows
    assert [word for word in asked if word.startswith("page")] == [f"page {start}" for start in range(0, 60, 10)]
    assert asked.index("detail 59") < asked.index("page 30")
    assert asked.count("detail 59") == 1


@pytest.mark.usefixtures("_shallow")
async def test_an_old_one_that_runs_again_is_followed_to_its_end() -> None:
    run = Run(Plain(*(made(number) for number in range(60))))
    await run()
    run.vendor.now["3"] = made(3, "running", created_at=NOW, updated_at=NOW, attempt=2)
    for _ in range(7):  # the sweep comes by
        await run()
    assert run.found["3"].status == "running"
    assert run.found["3"].jobs
    run.vendor.now["3"] = replace(run.vendor.now["3"], status="failed")
    await run()
    assert str(run.found["3"].status) == "failed"
    assert "one 3" not in await run()


@pytest.mark.usefixtures("_shallow")
async def test_new_ones_push_the_oldest_out_of_the_depth() -> None:
    run = Run(Plain(*(made(number) for number in range(20))))
    await run()
    for number in range(20, 25):
        run.vendor.now[str(number)] = made(number)
    asked = await run()
    assert sorted(word for word in asked if word.startswith("detail")) == [f"detail {n}" for n in range(20, 25)]
    known = cast("dict[str, object]", run.cursor["known"])
    assert sorted(map(int, known)) == list(range(5, 25))


async def test_what_has_waited_for_days_is_asked_about_one_at_a_time() -> None:
    waiting = [made(number, "waiting", raw_status="manual") for number in range(40)]
    run = Run(Plain(*waiting))
    await run()
    run.hour = 48
    asked = [await run() for _ in range(4)]
    looks = [[word for word in words if word.split()[0] in ("one", "detail")] for words in asked]
    assert [len(words) for words in looks] == [1, 1, 1, 1]
    assert len({words[0].split()[1] for words in looks}) == 4  # each time another


async def test_of_many_that_run_a_pass_asks_about_ten() -> None:
    run = Run(Plain(*(made(number, "running") for number in range(40))))
    await run()
    asked = [word.split()[1] for _ in range(4) for word in await run() if word.split()[0] in ("one", "detail")]
    assert len(asked) == 40
    assert set(asked) == {str(number) for number in range(40)}


async def test_a_pass_with_nothing_new_asks_for_the_newest_and_one_page() -> None:
    run = Run(Plain(*(made(number) for number in range(30))))
    await run()
    assert [await run() for _ in range(4)] == [
        ["recent", "page 0"], ["recent", "page 10"], ["recent", "page 20"], ["recent", "page 0"],
    ]  # fmt: skip


async def test_many_that_are_gone_cost_a_pass_two_looks() -> None:
    run = Run(Plain(*(made(number) for number in range(40))))
    await run()
    for number in range(10):
        del run.vendor.now[str(number)]
    costs = [len(await run()) for _ in range(9)]
    assert max(costs) <= 5
    assert len(run.found) == 30


async def test_one_that_fails_alone_is_tried_again_and_holds_nothing_up() -> None:
    run = Run(Plain(*(made(number) for number in range(15))))
    run.vendor.failures["7"] = AnswerError("The server failed.", "unreachable", 500)
    with pytest.raises(SourceError, match="failed"):
        await run()
    assert [key for key, one in run.found.items() if one.jobs is None] == ["7"]
    with pytest.raises(SourceError, match="failed"):
        await run()
    run.vendor.failures.clear()
    await run()
    assert run.found["7"].jobs


async def test_when_all_fail_the_pass_ends_early() -> None:
    vendor = Plain(*(made(number) for number in range(50)))
    vendor.failures = {str(number): SourceError("Odd.", "not_understood") for number in range(50)}
    run = Run(vendor)
    with pytest.raises(SourceError, match="Odd"):
        await run()
    assert len([word for word in vendor.asked if word.startswith("detail")]) <= 5 + vendor.width + 1


async def test_a_server_that_cannot_be_reached_ends_the_pass_at_once() -> None:
    vendor = Plain(*(made(number) for number in range(30)))
    vendor.failures = {"29": SourceError("No way.", "unreachable")}
    run = Run(vendor)
    with pytest.raises(SourceError, match="No way"):
        await run()
    assert len([word for word in vendor.asked if word.startswith("detail")]) <= 2 * vendor.width


async def test_a_cursor_of_another_version_begins_anew() -> None:
    run = Run(Plain(made(1)))
    run.cursor = {"known": "what is this"}
    await run()
    assert set(run.found) == {"1"}


async def test_a_login_that_ran_out_is_read_again() -> None:
    vendors: list[Plain] = []

    def open_now() -> Vendor:
        vendors.append(Plain(made(1)))
        return cast(Vendor, vendors[-1])

    source = CiSource(SPEC, open_now)
    [batch async for batch in source.poll({})]
    vendors[0].failures["1"] = SourceError("The login is taken no more.", "unauthorised")
    with pytest.raises(SourceError):
        await source.one("1")
    assert vendors[0].closed == 1
    assert await source.one("1")
    assert len(vendors) == 2
    await source.close()
    assert vendors[1].closed == 1


async def test_settings_that_give_no_login_are_said_to_be_wrong() -> None:
    def open_now() -> Vendor:
        raise SettingsError("No such file.")

    with pytest.raises(SourceError, match="No such file") as caught:
        await CiSource(SPEC, open_now).one("1")
    assert caught.value.state == "misconfigured"


async def test_a_log_that_nobody_reads_on_is_let_go() -> None:
    vendor = Plain(made(1))
    source = CiSource(SPEC, lambda: cast(Vendor, vendor))
    batches = cast(
        "AsyncGenerator[Batch, None]", source.want(Want(kind="log", source=SPEC.key, pipelines=("1",), job="1.1"))
    )
    first = await anext(batches)
    assert first.log_parts[0].data == b"x"
    await batches.aclose()
    assert (vendor.reads, vendor.closed) == (1, 1)


async def test_a_vendor_that_is_only_read_takes_no_acts() -> None:
    source = CiSource(SPEC, lambda: cast(Vendor, Plain(made(1))))
    assert isinstance(source, TakesActs)
    assert source.abilities == frozenset()
    with pytest.raises(SourceError, match="can be read here and nothing more"):
        await source.cancel("1")


async def test_wants_of_other_kinds_ask_nothing() -> None:
    vendor = Plain(made(1))
    source = CiSource(SPEC, lambda: cast(Vendor, vendor))
    assert [batch async for batch in source.want(Want(kind="run", source=SPEC.key, run_ids=("1",)))] == []
    assert vendor.asked == []
