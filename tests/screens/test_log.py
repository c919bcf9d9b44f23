"""The log of a job on the screen: where it opens, how one moves in it, what follows while it grows."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from textual.pilot import Pilot

from quarterdeck.app.records import Batch, Job, LogPart, Pipeline, PipelineStatus, Step
from quarterdeck.screens.log import LogScreen

PAYLOADS = Path(__file__).parents[1] / "payloads" / "logs"
FAILED = (PAYLOADS / "github-failed.log").read_bytes()
AT = 1_773_449_940_000  # 2026-03-14 00:59:00 UTC
NAMES: dict[str, PipelineStatus] = {
    "Set up job": "passed", "Check out": "passed", "Install": "passed", "Test": "failed", "Upload": "passed",
}  # fmt: skip

Settle = Callable[[Pilot[Any]], Awaitable[list[str]]]


def steps() -> tuple[Step, ...]:
    begins = (0, 2, 5, 12, 15)
    return tuple(
        Step(
            name=name, status=status, number=at + 1, started_at=AT + begins[at] * 1000,
            ended_at=AT + (*begins, 17)[at + 1] * 1000,
        )
        for at, (name, status) in enumerate(NAMES.items())
    )  # fmt: skip


class Logs:
    """A job of the small world and its log, as it comes."""

    def __init__(self, ci: Any, status: str = "failed") -> None:
        self.ci = ci
        ended = AT + 18_000 if status in ("failed", "passed") else None
        facts: Any = {"id": "77", "name": "test", "status": status, "steps": steps() if status == "failed" else ()}
        self.job = Job(started_at=AT, ended_at=ended, url="https://github.acme/jobs/77", **facts)
        self.pipeline = Pipeline(
            source="c" * 16, id="9200000", name="nightly-train", number="215", status="failed", branch="main",
            commit="4f2c91a" + 33 * "0", created_at=AT, jobs=(self.job,),
        )  # fmt: skip
        self.ci.cache.write("c" * 16, Batch(pipelines=(self.pipeline,)), self.ci.now)
        self.at = 0

    def come(self, data: bytes, **facts: Any) -> None:
        """The next piece comes."""
        part = LogPart(source="c" * 16, pipeline="9200000", job="77", start=self.at, data=data, **facts)
        self.ci.cache.write("c" * 16, Batch(log_parts=(part,)), self.ci.now)
        self.at += len(data)

    def screen(self, app: Any) -> LogScreen:
        """Its screen."""
        return LogScreen(app.deck, self.pipeline, self.job)


async def opened(logs: Logs, pilot: Pilot[Any], settled: Settle) -> list[str]:
    await pilot.app.push_screen(logs.screen(pilot.app))
    return await settled(pilot)


async def test_it_opens_at_the_first_error_of_the_step_that_failed(ci: Any, settled: Settle) -> None:
    logs = Logs(ci)
    logs.come(FAILED, is_last=True)
    async with ci.app().run_test(size=(120, 40)) as pilot:
        lines = await opened(logs, pilot, settled)
        assert "▸ ✖ E       AssertionError: 3.1 % of customer_id is null, the limit is 0.0" in lines
        assert any(line.startswith("  + ● Upload   5 lines   2.0 s") for line in lines)
        assert lines[37].startswith(" line 44 of 70   not following")
