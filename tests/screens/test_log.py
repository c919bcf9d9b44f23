"""The log of a job on the screen: where it opens, how one moves in it, what follows while it grows."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from textual.pilot import Pilot

from quarterdeck.app.records import Batch, Job, LogPart, Pipeline, PipelineStatus, Step
from quarterdeck.screens.log import LATE, LogScreen
from quarterdeck.widgets.prompt import Prompt

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


def cursor(lines: list[str]) -> str:
    """The line that one stands on."""
    return next(line for line in lines if line.startswith("▸"))[4:]


async def press(pilot: Pilot[Any], settled: Settle, *keys: str) -> list[str]:
    for key in keys:
        await pilot.press(key)
    return await settled(pilot)


async def test_it_opens_at_the_first_error_of_the_step_that_failed(ci: Any, settled: Settle) -> None:
    logs = Logs(ci)
    logs.come(FAILED, is_last=True)
    async with ci.app().run_test(size=(120, 40)) as pilot:
        lines = await opened(logs, pilot, settled)
        assert cursor(lines) == "E       AssertionError: 3.1 % of customer_id is null, the limit is 0.0"
        assert any(line.startswith("  + ● Upload   5 lines   2.0 s") for line in lines)
        assert lines[37].startswith(" line 44 of 70   not following")
        assert lines[1].startswith(" nightly-train #215 › test   ✖ failed   18 s")


async def test_e_and_capital_e_go_from_error_to_error(ci: Any, settled: Settle) -> None:
    logs = Logs(ci)
    logs.come(FAILED, is_last=True)
    async with ci.app().run_test(size=(120, 40)) as pilot:
        await opened(logs, pilot, settled)
        assert cursor(await press(pilot, settled, "e")) == "KeyError: 'customer_id'"
        assert cursor(await press(pilot, settled, "e", "e", "e", "e")) == "Process completed with exit code 1."
        assert cursor(await press(pilot, settled, "E")).startswith("FAILED tests/test_orders.py::test_schema")


async def test_an_error_in_a_folded_step_unfolds_it(ci: Any, settled: Settle) -> None:
    logs = Logs(ci)
    logs.come(FAILED, is_last=True)
    async with ci.app().run_test(size=(120, 40)) as pilot:
        await opened(logs, pilot, settled)
        lines = await press(pilot, settled, "z", "g")
        assert [line[2:].split("   ")[0] for line in lines[3:7]] == [
            "+ ● Set up job", "+ ● Check out", "+ ● Install", "+ ✖ Test",
        ]  # fmt: skip
        assert cursor(await press(pilot, settled, "e")).startswith("E       AssertionError")


async def test_enter_folds_the_section_here_and_unfolds_it(ci: Any, settled: Settle) -> None:
    logs = Logs(ci)
    logs.come(FAILED, is_last=True)
    async with ci.app().run_test(size=(120, 40)) as pilot:
        await opened(logs, pilot, settled)
        folded = await press(pilot, settled, "enter")
        assert cursor(folded).startswith("____")
        assert "10 lines   ✖ 1 error" in cursor(folded)
        assert "E       AssertionError" not in "\n".join(folded)
        assert "    E       AssertionError" not in await press(pilot, settled, "enter")
        assert cursor(await press(pilot, settled, "j")) == ""


async def test_the_keys_of_less_move(ci: Any, settled: Settle) -> None:
    logs = Logs(ci, "passed")
    logs.come(b"".join(b"line %d\n" % number for number in range(1, 1001)), is_last=True)
    async with ci.app().run_test(size=(80, 24)) as pilot:
        assert cursor(await opened(logs, pilot, settled)) == "line 1"
        assert cursor(await press(pilot, settled, "G")) == "line 1000"
        assert cursor(await press(pilot, settled, "g")) == "line 1"
        assert (await press(pilot, settled, "space"))[3] == "▸   line 18"
        assert (await press(pilot, settled, "b"))[3] == "    line 1"
        assert (await press(pilot, settled, "d"))[3] == "    line 10"
        assert (await press(pilot, settled, "u"))[3] == "    line 1"
        assert cursor(await press(pilot, settled, "g", *["j"] * 30)) == "line 31"
        assert cursor(await press(pilot, settled, *["k"] * 29)) == "line 2"


async def test_what_is_looked_for_is_found_in_both_directions(ci: Any, settled: Settle, wait_for: Any) -> None:
    logs = Logs(ci, "passed")
    logs.come(b"".join(b"line %d\n" % number for number in range(1, 200_001)), is_last=True)
    async with ci.app().run_test(size=(80, 24)) as pilot:
        await opened(logs, pilot, settled)
        await press(pilot, settled, "slash", *"9{5}$", "enter")
        assert cursor(await wait_for(pilot, "line 99 999 of")) == "line 99999"
        await press(pilot, settled, "n")
        assert cursor(await wait_for(pilot, "line 199 999 of")) == "line 199999"
        await press(pilot, settled, "n")
        await wait_for(pilot, "line 99 999 of", "it goes on from the beginning")
        await press(pilot, settled, "N")
        await wait_for(pilot, "line 199 999 of", "it goes on from the end")
        await press(pilot, settled, "question_mark", *"LINE 17$", "enter")
        await wait_for(pilot, "“LINE 17$” is nowhere in it")
        await press(pilot, settled, "slash", *"(", "enter")
        await wait_for(pilot, "This regular expression cannot be read")


async def test_only_the_lines_that_match_are_shown_until_nothing_is_asked_for(
    ci: Any, settled: Settle, wait_for: Any
) -> None:
    logs = Logs(ci, "running")
    logs.come(b"".join(b"line %d\n" % number for number in range(1, 1001)))
    async with ci.app().run_test(size=(80, 24)) as pilot:
        await opened(logs, pilot, settled)
        await press(pilot, settled, "g", "ampersand", *"99$", "enter")
        lines = await wait_for(pilot, "10 with 99$")
        assert [line[4:] for line in lines[3:13]] == [f"line {number}" for number in range(99, 1000, 100)]
        assert lines[13] == ""
        assert cursor(await press(pilot, settled, "G")) == "line 999"
        logs.come(b"line 1099\n")
        assert "    line 1099" in await wait_for(pilot, "11 with 99$")
        lines = await press(pilot, settled, "ampersand", "enter")
        assert cursor(lines) == "line 999"
        assert "    line 1000" in lines
        await press(pilot, settled, "ampersand", *"nothing-like-it", "enter")
        await wait_for(pilot, "“nothing-like-it” is nowhere in it")


async def test_while_it_runs_the_end_is_followed_and_the_place_sideways_kept(
    ci: Any, settled: Settle, wait_for: Any
) -> None:
    logs = Logs(ci, "running")
    logs.come(b"".join(b"epoch %d %s\n" % (number, b"x" * 200) for number in range(50)))
    async with ci.app().run_test(size=(80, 24)) as pilot:
        lines = await opened(logs, pilot, settled)
        assert cursor(lines).startswith("epoch 49 ")
        assert "following" in lines[21]
        lines = await press(pilot, settled, "right")
        assert cursor(lines).startswith("xxxxxxx")
        logs.come(b"epoch 50 " + b"y" * 200 + b"\n")
        assert cursor(await wait_for(pilot, "line 51 of 51   following", "from column 17")).startswith("yyyyy")
        await press(pilot, settled, "k")
        logs.come(b"epoch 51 z\n")
        assert cursor(await wait_for(pilot, "line 50 of 52   not following")).startswith("xxxxx")
        assert cursor(await press(pilot, settled, "F")) == ""


async def test_a_line_that_comes_costs_its_own_row_and_not_the_page(ci: Any, settled: Settle, wait_for: Any) -> None:
    logs = Logs(ci, "running")
    logs.come(b"".join(b"epoch %d\n" % number for number in range(50)))
    async with ci.app().run_test(size=(80, 24)) as pilot:
        await opened(logs, pilot, settled)
        pages = []
        for number in range(50, 54):
            logs.come(b"epoch %d\n" % number)
            lines = await wait_for(pilot, f"line {number + 1} of {number + 1}")
            pages.append([line for line in lines if line.startswith("    epoch")])
        assert pages[1:] == [
            [*pages[0], *(f"    epoch {number}" for number in range(50, 50 + more))] for more in (1, 2, 3)
        ]


async def test_the_syncer_is_asked_again_while_the_job_runs(
    ci: Any, settled: Settle, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("quarterdeck.screens.log.ASKS_EVERY", 0.01)
    logs = Logs(ci, "running")
    async with ci.app().run_test(size=(80, 24)) as pilot:
        await pilot.app.push_screen(logs.screen(pilot.app))
        while len([want for want in ci.wants if want.kind == "log"]) < 3:
            await pilot.pause(0.01)
        assert (ci.wants[-1].pipelines, ci.wants[-1].job) == (("9200000",), "77")


async def test_a_log_that_comes_in_parts_is_opened_at_its_failure_when_all_is_there(
    ci: Any, settled: Settle, wait_for: Any
) -> None:
    logs = Logs(ci)
    async with ci.app().run_test(size=(120, 40)) as pilot:
        assert " asked for …" in await opened(logs, pilot, settled)
        logs.come(FAILED[:3000])
        await wait_for(pilot, "Check out")
        logs.come(FAILED[3000:], is_last=True)
        assert cursor(await wait_for(pilot, "line 44 of 70")).startswith("E       AssertionError")


async def test_a_job_that_fails_while_it_is_followed_says_where(ci: Any, settled: Settle, wait_for: Any) -> None:
    logs = Logs(ci, "running")
    logs.come(b"one\nValueError: null\n" + b"more\n" * 50)
    async with ci.app().run_test(size=(80, 24)) as pilot:
        await opened(logs, pilot, settled)
        logs.come(b"", is_last=True)
        ended = replace(logs.job, status="failed", ended_at=AT + 60_000)
        ci.cache.write("c" * 16, Batch(pipelines=(replace(logs.pipeline, jobs=(ended,)),)), ci.now)
        await wait_for(pilot, "it failed in line 2: E leads there", "not following", "✖ failed")
        assert cursor(await press(pilot, settled, "E")) == "ValueError: null"


async def test_after_its_end_the_rest_of_a_log_is_asked_for_some_times(ci: Any, settled: Settle) -> None:
    logs = Logs(ci)
    logs.come(b"one\n")
    async with ci.app().run_test(size=(80, 24)) as pilot:
        await opened(logs, pilot, settled)
        screen = pilot.app.screen
        assert isinstance(screen, LogScreen)
        for _ in range(3 * LATE):
            screen._ask_again()
        assert len([want for want in ci.wants if want.kind == "log"]) == LATE


async def test_whoever_has_moved_is_not_moved_by_what_comes(ci: Any, settled: Settle, wait_for: Any) -> None:
    logs = Logs(ci)
    logs.come(FAILED[:3000])
    async with ci.app().run_test(size=(120, 40)) as pilot:
        await opened(logs, pilot, settled)
        stood = cursor(await press(pilot, settled, "j"))
        logs.come(FAILED[3000:], is_last=True)
        assert cursor(await wait_for(pilot, "of 70")) == stood


async def test_times_are_shown_and_hidden_by_a_key(ci: Any, settled: Settle) -> None:
    logs = Logs(ci)
    logs.come(FAILED, is_last=True)
    async with ci.app().run_test(size=(120, 40)) as pilot:
        await opened(logs, pilot, settled)
        assert cursor(await press(pilot, settled, "t")).startswith("00:59:15 E   ")
        assert cursor(await press(pilot, settled, "t")).startswith("E   ")


async def test_it_is_saved_as_text_in_a_file_of_its_own(
    ci: Any, settled: Settle, wait_for: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    logs = Logs(ci)
    logs.come(FAILED, is_last=True)
    async with ci.app().run_test(size=(120, 40)) as pilot:
        await opened(logs, pilot, settled)
        assert pilot.app.screen.query_one(Prompt).display is False
        await press(pilot, settled, "S")
        assert pilot.app.screen.query_one(Prompt).value == str(tmp_path / "nightly-train-215-test.log")
        await press(pilot, settled, "enter")
        await wait_for(pilot, "saved 4.")
        saved = (tmp_path / "nightly-train-215-test.log").read_text()
        assert "\x1b" not in saved
        assert "2026-03-14T00:59:15.223Z KeyError: 'customer_id'\n" in saved
        await press(pilot, settled, "S")
        prompt = pilot.app.screen.query_one(Prompt)
        assert prompt.value == str(tmp_path / "nightly-train-215-test-2.log")
        prompt.value = "nightly-train-215-test.log"
        await press(pilot, settled, "enter")
        await wait_for(pilot, "is there already")


async def test_a_saved_log_is_named_by_its_whole_path(
    ci: Any, settled: Settle, wait_for: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "churn").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path / "churn")
    logs = Logs(ci)
    logs.come(FAILED, is_last=True)
    async with ci.app().run_test(size=(80, 24)) as pilot:
        await opened(logs, pilot, settled)
        lines = await press(pilot, settled, "S")
        assert "~/churn/nightly-train-215-test.log" in lines[23]
        await press(pilot, settled, "enter")
        await wait_for(pilot, "saved 4.", " in ~/churn/nightly-train-215-test.log")


async def test_a_failed_job_without_a_known_error_opens_at_its_end(ci: Any, settled: Settle) -> None:
    logs = Logs(ci)
    logs.come(b"".join(b"line %d\n" % number for number in range(1, 101)), is_last=True)
    async with ci.app().run_test(size=(80, 24)) as pilot:
        assert cursor(await opened(logs, pilot, settled)) == "line 100"
        assert "no error found in it" in "\n".join(await press(pilot, settled, "e"))
        assert "no error found in it" not in "\n".join(await press(pilot, settled, "k"))
        assert "no error found in it" in "\n".join(await press(pilot, settled, "E"))


async def test_behind_the_last_error_and_before_the_first_it_says_so(ci: Any, settled: Settle) -> None:
    logs = Logs(ci)
    logs.come(b"fine\nERROR: one\nfine\n", is_last=True)
    async with ci.app().run_test(size=(80, 24)) as pilot:
        assert cursor(await opened(logs, pilot, settled)) == "ERROR: one"
        lines = await press(pilot, settled, "e")
        assert cursor(lines) == "ERROR: one"
        assert "no further error" in "\n".join(lines)
        assert "no error before this line" in "\n".join(await press(pilot, settled, "E"))


async def test_a_log_that_has_ended_is_not_followed(ci: Any, settled: Settle) -> None:
    logs = Logs(ci, "passed")
    logs.come(b"".join(b"line %d\n" % number for number in range(1, 101)), is_last=True)
    async with ci.app().run_test(size=(80, 24)) as pilot:
        lines = await opened(logs, pilot, settled)
        assert "F follow" not in lines[23]
        lines = await press(pilot, settled, "F")
        assert cursor(lines) == "line 100"
        assert "it has ended: nothing more comes" in lines[22]
        assert "not following" in lines[21]


async def test_a_log_without_times_is_not_shifted(ci: Any, settled: Settle) -> None:
    logs = Logs(ci, "passed")
    logs.come(b"one\ntwo\n", is_last=True)
    async with ci.app().run_test(size=(80, 24)) as pilot:
        await opened(logs, pilot, settled)
        lines = await press(pilot, settled, "t")
        assert cursor(lines) == "one"
        assert "this log has no times" in lines[22]


@pytest.mark.parametrize(
    ("status", "read_only", "keys"),
    [
        ("failed", False, " e next error  / search  Enter fold  y copy  o link  Esc back  R re-run  ^p all"),
        ("failed", True, " e next error  / search  Enter fold  y copy  o link  Esc back  w wrap  ^p all"),
        ("passed", False, " e next error  / search  Enter fold  y copy  o link  Esc back  w wrap  ^p all"),
        ("running", False, " F follow  e next error  / search  Enter fold  y copy  o link  Esc back  ^p all"),
    ],
)
async def test_the_most_needed_keys_stand_in_80_columns(
    ci: Any, settled: Settle, status: str, read_only: bool, keys: str
) -> None:
    logs = Logs(ci, status)
    logs.come(b"one\n", is_last=status != "running")
    async with ci.app(read_only=read_only).run_test(size=(80, 24)) as pilot:
        assert (await opened(logs, pilot, settled))[23] == keys


async def test_how_long_a_job_has_run_is_told_in_seconds_until_it_ends(ci: Any, settled: Settle, wait_for: Any) -> None:
    logs = Logs(ci, "running")
    logs.come(b"one\n")
    app = ci.app()
    clock = [AT + 16_400]
    app.deck.now = lambda: clock[0]
    async with app.run_test(size=(80, 24)) as pilot:
        lines = await opened(logs, pilot, settled)
        assert lines[1].startswith(" nightly-train #215 › test   ▶ running   runs 16 s")
        screen = pilot.app.screen
        assert isinstance(screen, LogScreen)
        assert screen._ticker is not None
        clock[0] += 49_000
        screen._tick()
        await wait_for(pilot, "runs 1 m 05 s")
        ended = replace(logs.job, status="passed", ended_at=AT + 70_000)
        ci.cache.write("c" * 16, Batch(pipelines=(replace(logs.pipeline, jobs=(ended,)),)), ci.now)
        lines = await wait_for(pilot, "● passed   1 m 10 s")
        assert "runs" not in lines[1]
        assert screen._ticker is None


async def test_the_line_the_screen_and_the_job_can_be_copied(ci: Any, settled: Settle) -> None:
    logs = Logs(ci)
    logs.come(FAILED, is_last=True)
    async with ci.app().run_test(size=(120, 40)) as pilot:
        await opened(logs, pilot, settled)
        screen = pilot.app.screen
        assert isinstance(screen, LogScreen)
        forms = {copy.label: copy.text for copy in screen.copies()}
        assert forms["line"].startswith("E       AssertionError: 3.1 %")
        assert "KeyError" in forms["lines on the screen"]
        assert forms["command for its log"] == "quarterdeck pipeline log 77"
        assert forms["address of the job"] == "https://github.acme/jobs/77"


async def test_escape_sequences_of_a_log_reach_no_terminal(ci: Any, settled: Settle) -> None:
    logs = Logs(ci, "passed")
    logs.come(b"a\x1b]52;c;aGk=\x07b\x1b[2Jc\x9b31m\xe2\x80\xaed\n[bold]e[/]\n", is_last=True)
    async with ci.app().run_test(size=(80, 24)) as pilot:
        lines = await opened(logs, pilot, settled)
        assert lines[3] == "▸   abc\\x9b31m\\u{202e}d"
        assert lines[4] == "    [bold]e[/]"


async def test_one_line_of_ten_megabytes_is_read_like_any_other(ci: Any, settled: Settle) -> None:
    logs = Logs(ci, "passed")
    logs.come(b"before\n" + b"0123456789" * 1_000_000 + b"\nafter\n", is_last=True)
    async with ci.app().run_test(size=(80, 24)) as pilot:
        lines = await opened(logs, pilot, settled)
        assert [line[4:9] for line in lines[3:6]] == ["befor", "01234", "after"]
        lines = await press(pilot, settled, "j", *["right"] * 10)
        assert lines[4].startswith("▸   0123456789")
        await press(pilot, settled, "w", "G")
        assert cursor(await press(pilot, settled, "k", "k")) == "before"
