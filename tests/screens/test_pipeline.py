"""The page of a pipeline, the log of a job, and a pipeline that is spoken of."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from quarterdeck.app.records import Approval, CommitCheck, Subject
from quarterdeck.screens.pipeline import PipelineScreen
from quarterdeck.screens.run import RunScreen

from .pipelining import HOUR, MINUTE, SIZE, row_of, type_text, write

# -- one pipeline


async def test_enter_opens_a_pipeline_on_the_job_that_failed(ci: Any, wait_for: Any) -> None:
    app = ci.app()
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("5", "j", "j", "enter")
        lines = await wait_for(pilot, "github › nightly-train #212", "Train the model", "3 steps passed", "attempt 1")
        assert "▸ ▾ train" in row_of(lines, "✖ failed         43 s")
        await pilot.press("escape")
        await wait_for(pilot, "▸  nightly-train #212")


async def test_t_unfolds_the_steps_of_a_job(ci: Any, wait_for: Any) -> None:
    app = ci.app()
    async with app.run_test(size=(80, 40)) as pilot:
        await pilot.press("5", "j", "j", "enter")
        await wait_for(pilot, "3 steps passed")
        await pilot.press("t")
        await wait_for(pilot, "▸ ▸ train", gone=["Train the model"])


async def test_a_test_that_failed_says_what_it_said(ci: Any, wait_for: Any) -> None:
    app = ci.app()
    async with app.run_test(size=(80, 40)) as pilot:
        await pilot.press("5", "j", "j", "enter")
        await wait_for(pilot, "test_nulls_are_refused")
        await pilot.press("tab", "enter")
        await wait_for(pilot, "E  assert 0.031 <= 0.0", "tests/test_orders.py")


async def test_the_page_leads_to_the_runs_of_its_commit(ci: Any, wait_for: Any) -> None:
    app = ci.app()
    async with app.run_test(size=(120, 60)) as pilot:
        await pilot.press("5", "j", "j", "enter")
        await wait_for(pilot, "runs of this commit")
        screen = app.screen
        assert isinstance(screen, PipelineScreen)
        first = next(row for row in screen.outline.entries if row.kind == "run")
        screen.outline.go_to(first.id)
        await pilot.press("enter")
        await wait_for(pilot, "metrics", "params")
        assert isinstance(app.screen, RunScreen)


async def test_a_run_leads_to_the_pipelines_of_its_commit(ci: Any, wait_for: Any) -> None:
    app = ci.app()
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("j", "enter")
        await wait_for(pilot, "nightly-train #212")
        screen = app.screen
        assert isinstance(screen, RunScreen)
        first = next(row for row in screen.outline.entries if row.kind == "pipeline")
        screen.outline.go_to(first.id)
        await pilot.press("enter")
        await wait_for(pilot, "github › nightly-train #212")


async def test_the_page_is_narrowed_by_words(ci: Any, wait_for: Any) -> None:
    app = ci.app()
    async with app.run_test(size=(80, 40)) as pilot:
        await pilot.press("5", "j", "j", "enter", "slash")
        await type_text(pilot, "schema")
        await wait_for(pilot, "test_schema", gone=["test_nulls", "jobs  4"])


async def test_an_approval_is_the_first_thing_on_the_page(ci: Any, wait_for: Any) -> None:
    app = ci.app()
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("5", "j", "enter")
        lines = await wait_for(pilot, "‖ production   since 1 h   you may  reviewers ml-leads")
        assert "▸ ‖ production" in "\n".join(lines)


SAID = (
    CommitCheck(
        name="codecov/patch", status="failed", raw_status="failure", app="codecov", text="61.5% of diff hit",
        started_at=1_000, ended_at=2_000, url="https://codecov.acme/31",
    ),
    CommitCheck(name="a \x1b[31mred\x1b]0;t\x07\u202e check", status="unknown", raw_status="exploded", app="b\nad"),
    CommitCheck(name="ci/circleci: build", status="queued", raw_status="pending", text="Waits \x1b[2J for others"),
)  # fmt: skip


async def test_the_page_says_what_other_apps_said_of_the_commit(ci: Any, wait_for: Any, make_pipeline: Any) -> None:
    first = msgspec.structs.replace(SAID[0], started_at=ci.now - HOUR, ended_at=ci.now - 5 * MINUTE)
    third = msgspec.structs.replace(SAID[2], started_at=ci.now - 3 * HOUR)
    write(ci, make_pipeline(-1, created_at=ci.now, checks=(first, SAID[1], third)))
    app = ci.app()
    async with app.run_test(size=(120, 60)) as pilot:
        await pilot.press("5", "enter")
        lines = await wait_for(pilot, "other checks of this commit  3")
        assert "✖ failed      5 m   codecov" in row_of(lines, "codecov/patch")
        assert "◌ unknown" in row_of(lines, "red")
        assert "○ queued      3 h" in row_of(lines, "ci/circleci: build")
        assert not any(set(line) & {"\x1b", "\x07", "\u202e"} for line in lines)
        screen = app.screen
        assert isinstance(screen, PipelineScreen)
        screen.outline.go_to(next(row.id for row in screen.outline.entries if row.kind == "check"))
        await wait_for(pilot, "61.5% of diff hit", "their word  failure", "(5 m)")
        await pilot.press("o")
        await wait_for(pilot, "https://codecov.acme/31")
        await pilot.press("escape", "slash")
        await type_text(pilot, "unknown")
        await wait_for(pilot, "◌ unknown", gone=["codecov/patch", "runs of this commit"])


async def test_a_pipeline_without_jobs_is_never_called_green(ci: Any, wait_for: Any, make_pipeline: Any) -> None:
    write(ci, make_pipeline(-1, jobs=(), status="unknown", raw_status="??", created_at=ci.now))
    app = ci.app()
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("5", "enter")
        await wait_for(pilot, "◌ no job: nothing was tried", "◌ unknown", "their word      ??")


async def test_hostile_words_leave_the_lines_where_they_are(ci: Any, wait_for: Any, make_pipeline: Any, make_job: Any
) -> None:  # fmt: skip
    bad = "[bold]x[/]\x1b[31mred\x1b]0;t\x07\u202egnp\nnext"
    write(ci, make_pipeline(-1, name=bad, title=bad, branch=bad, actor=bad, event=bad, number=bad, commit=bad,
                            approvals=(Approval(id=bad, name=bad, reviewers=(bad,)),), created_at=ci.now,
                            jobs=(make_job(bad, "failed", reason=bad, stage=bad, needs=(bad,)),)))  # fmt: skip
    app = ci.app()
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("5")
        lines = await wait_for(pilot, "[bold]x[/]\\u{1b}")
        assert len(lines) == 40
        await pilot.press("enter")
        lines = await wait_for(pilot, "waits for approval")
        assert not any("\x1b" in line or "\u202e" in line or "\n" in line for line in lines)


async def test_the_forms_of_a_pipeline_are_offered(ci: Any, settled: Any) -> None:
    app = ci.app()
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("5", "j", "j", "y")
        lines = await settled(pilot)
        text = "\n".join(lines)
        for form in ("9099998", "https://github.acme/churn/runs/9099998", "quarterdeck open pipeline/9099998",
                     "quarterdeck pipeline rerun 9099998", "Markdown", "JSON"):  # fmt: skip
            assert form in text


async def test_o_shows_the_address(ci: Any, wait_for: Any) -> None:
    app = ci.app()
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("5", "o")
        await wait_for(pilot, "https://github.acme/churn/runs/9100000")


# -- logs


@pytest.mark.parametrize(
    "keys", [["5", "j", "j", "l"], ["5", "j", "j", "enter", "enter"], ["5", "j", "j", "enter", "l"]]
)
async def test_the_log_of_what_failed_is_near(ci: Any, wait_for: Any, keys: list[str]) -> None:
    app = ci.app()
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press(*keys)
        await wait_for(pilot, "nightly-train #212 › train")
        log = next(want for want in ci.wants if want.kind == "log")
        assert (log.pipelines, log.job) == (("9099998",), "train-a2")


async def test_a_pipeline_whose_jobs_nobody_has_read_has_no_log_yet(ci: Any, wait_for: Any) -> None:
    app = ci.app()
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("5", "j", "j", "j", "l")
        await wait_for(pilot, "its jobs were asked for")


async def test_a_job_that_is_spoken_of_is_its_log_on_its_page(ci: Any, wait_for: Any) -> None:
    app = ci.app()
    app._subject = Subject(kind="job", parts=("train-a2",))
    async with app.run_test(size=SIZE) as pilot:
        await wait_for(pilot, "nightly-train #212 › train")
        await pilot.press("escape")
        lines = await wait_for(pilot, "github › nightly-train #212")
        assert "▸ ▾ train" in "\n".join(lines)


# -- what is spoken of


async def test_a_pipeline_is_opened_by_its_name_and_escape_leads_to_the_list(ci: Any, wait_for: Any) -> None:
    app = ci.app()
    app._subject = Subject(kind="pipeline", parts=("9099998",))
    async with app.run_test(size=SIZE) as pilot:
        await wait_for(pilot, "github › nightly-train #212")
        await pilot.press("escape")
        await wait_for(pilot, "#213", "#214")


async def test_what_the_cache_does_not_know_is_a_sentence(ci: Any, wait_for: Any) -> None:
    app = ci.app()
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("colon")
        await type_text(pilot, "pipeline/nope")
        await pilot.press("enter")
        await wait_for(pilot, "the cache has no pipeline with this id")
