"""Pictures of a log: opened where a job failed, folded, wrapped, with times, while it runs, and where there is none."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from quarterdeck.app.main import Quarterdeck
from quarterdeck.app.records import Batch, Job, LogPart, Pipeline, PipelineStatus, Step
from quarterdeck.screens.log import LogScreen

PAYLOADS = Path(__file__).parents[1] / "payloads" / "logs"
SIZES = [pytest.param((80, 24), id="80x24"), pytest.param((120, 40), id="120x40")]
AT = 1_773_449_940_000  # 14 March 2026, 00:59 UTC
STEPS: tuple[tuple[str, PipelineStatus, int], ...] = (
    ("Set up job", "passed", 0), ("Check out", "passed", 2), ("Install", "passed", 5), ("Test", "failed", 12),
    ("Upload the report", "passed", 15),
)  # fmt: skip

Shot = Callable[..., bool]


@pytest.fixture
def shot(ci: Any, snap_compare: Any, settled: Any) -> Shot:
    """Open the log of a job, press keys, each when the one before is answered, and compare with the kept picture."""

    def take(
        size: tuple[int, int], status: PipelineStatus, data: bytes, *keys: str, theme: str = "dark", **part: Any
    ) -> bool:
        steps = tuple(
            Step(name=name, status=how, number=at + 1, started_at=AT + begins * 1000, ended_at=AT + (begins + 2) * 1000)
            for at, (name, how, begins) in enumerate(STEPS)
        )
        job = Job(
            id="77", name="test", status=status, started_at=AT, ended_at=None if status == "running" else AT + 18_000,
            url="https://github.acme/churn/jobs/77", steps=steps if b"##[" in data else (),
        )  # fmt: skip
        pipeline = Pipeline(
            source="c" * 16, id="9200000", name="nightly-train", number="215", status=status, branch="main",
            commit="4f2c91a" + 33 * "0", created_at=AT, jobs=(job,),
        )  # fmt: skip
        facts: dict[str, Any] = {"source": "c" * 16, "pipeline": "9200000", "job": "77", "start": 0, "data": data}
        parts = (LogPart(**(facts | {"is_last": status != "running"} | part)),)
        ci.cache.write("c" * 16, Batch(pipelines=(pipeline,), log_parts=parts), ci.now - 240_000)
        app: Quarterdeck = ci.app(theme)

        async def before(pilot: Any) -> None:
            await settled(pilot)
            await app.push_screen(LogScreen(app.deck, pipeline, job))
            await settled(pilot)
            for key in keys:
                await pilot.press(*key.split())
                await settled(pilot)

        return bool(snap_compare(app, terminal_size=size, run_before=before))

    return take


def payload(name: str) -> bytes:
    return (PAYLOADS / name).read_bytes()


@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize("size", SIZES)
def test_a_github_log_opens_at_its_failure(shot: Shot, size: tuple[int, int], theme: str) -> None:
    assert shot(size, "failed", payload("github-failed.log"), theme=theme)


@pytest.mark.parametrize("size", SIZES)
def test_a_gitlab_log_opens_at_its_failure(shot: Shot, size: tuple[int, int]) -> None:
    assert shot(size, "failed", payload("gitlab-failed.log"))


@pytest.mark.parametrize("size", SIZES)
def test_all_steps_are_folded_to_one_line_each(shot: Shot, size: tuple[int, int]) -> None:
    assert shot(size, "failed", payload("github-failed.log"), "z", "g")


def test_times_stand_before_the_lines(shot: Shot) -> None:
    assert shot((120, 40), "failed", payload("github-failed.log"), "t")


def test_long_lines_are_wrapped(shot: Shot) -> None:
    line = b"a long line of " + b"many words, all of them the same; " * 40 + "日本語の長い行".encode() * 30
    assert shot((80, 24), "passed", b"first\n" + line + b"\nlast\n", "w", "j")


def test_what_was_looked_for_is_bright(shot: Shot) -> None:
    assert shot((80, 24), "failed", payload("github-failed.log"), "g", "slash", "c u s t o m e r enter")


@pytest.mark.parametrize("size", SIZES)
def test_a_job_that_runs_is_followed(shot: Shot, size: tuple[int, int]) -> None:
    lines = b"".join(b"epoch %3d  loss %.4f  val_auc %.4f\n" % (n, 1 / (n + 1), 1 - 0.4 / (n + 1)) for n in range(90))
    assert shot(size, "running", lines, start=3_200_000, dropped=3_200_000)


def test_a_log_that_is_gone_says_why(shot: Shot) -> None:
    assert shot((80, 24), "failed", b"", sentence="GitHub has deleted this log: it keeps logs for 90 days.")
