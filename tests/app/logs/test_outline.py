"""Sections of logs, and where in them somebody who asks why it failed wants to stand."""

from __future__ import annotations

from pathlib import Path

import pytest

from quarterdeck.app.logs import Outline, Scanner, outline
from quarterdeck.app.logs.folding import Folding
from quarterdeck.app.logs.scan import HEAD, MOST, MOST_ERRORS, MOST_FINALS
from quarterdeck.app.records import Job, PipelineStatus, Step

PAYLOADS = Path(__file__).parents[2] / "payloads" / "logs"
RECORDED = Path(__file__).parents[4] / "shared" / "contracts" / "recorded"


def scanned(text: bytes, status: PipelineStatus = "failed", steps: tuple[Step, ...] = ()) -> Outline:
    job = Job(id="1", name="test", status=status, steps=steps)
    return outline(Scanner().feed(text, is_last=True), len(text.splitlines()), job)


def lines_of(text: bytes, found: Outline) -> list[tuple[str, bytes, bytes]]:
    """Kind, first and last line of each section."""
    lines = text.split(b"\n")
    return [(section.kind, lines[section.first], lines[section.last]) for section in found.sections]


def test_the_recorded_gitlab_trace_has_its_sections() -> None:
    path = RECORDED / "gitlab" / "gitlab-foss.trace_with_sections.log"
    if not path.exists():
        pytest.skip("no recorded answers here")
    found = scanned(path.read_bytes(), "passed")
    assert [(section.name, section.first, section.last) for section in found.sections] == [
        ("prepare_script", 5, 6), ("get_sources", 7, 10), ("build_script", 11, 12),
    ]  # fmt: skip
    assert [(section.ended_at or 0) - (section.started_at or 0) for section in found.sections] == [3000, 1000, 1000]
    assert found.failure is None


def test_the_recorded_jenkins_log_fails_nowhere() -> None:
    path = RECORDED / "jenkins" / "node-jenkins.consoleText.txt"
    if not path.exists():
        pytest.skip("no recorded answers here")
    assert scanned(path.read_bytes(), "passed").failure is None


def test_a_github_log_has_the_steps_of_the_job_with_their_names() -> None:
    text = (PAYLOADS / "github-failed.log").read_bytes()
    begins = {"Set up job": 0, "Check out": 2, "Skipped": 3, "Install": 5, "Test": 12, "Upload": 15}
    at = 1_773_449_940_000
    steps = tuple(
        Step(
            name=name, number=number, started_at=at + second * 1000, ended_at=at + second * 1000 + 2000,
            status="skipped" if name == "Skipped" else "failed" if name == "Test" else "passed",
        )
        for number, (name, second) in enumerate(begins.items(), 1)
    )  # fmt: skip
    found = scanned(text, steps=steps)
    assert [section.name for section in found.sections if section.level == 0] == [
        "Set up job", "Check out", "Install", "Test", "Upload", "Post job cleanup", "Cleaning up orphan processes",
    ]  # fmt: skip
    assert found.failing is not None
    assert (found.failing.name, found.failing.first, found.failing.last) == ("Test", 24, 60)
    assert found.failure == 43
    assert [section.kind for section in found.around(52)] == ["step", "head", "part", "traceback"]


def test_what_a_command_is_repeated_as_is_no_error() -> None:
    text = (PAYLOADS / "github-failed.log").read_bytes()
    assert b"echo ERROR: no index" in text.split(b"\n")[17]
    assert 17 not in scanned(text).errors


def test_a_gitlab_log_fails_in_its_script() -> None:
    text = (PAYLOADS / "gitlab-failed.log").read_bytes()
    found = scanned(text)
    assert found.failing is not None
    assert found.failing.name == "step_script"
    assert found.failure is not None
    assert text.split(b"\n")[found.failure].startswith(b"RuntimeError: CUDA out of memory")
    assert found.folded() == {0, 1, 4}


def test_jenkins_stages_are_sections() -> None:
    text = (
        b"Started by user ann\n[Pipeline] Start of Pipeline\n[Pipeline] stage\n[Pipeline] { (Build)\n+ make\nbuilt\n"
        b"[Pipeline] }\n[Pipeline] // stage\n[Pipeline] stage\n[Pipeline] { (Test)\n+ make test\n"
        b"make: *** [Makefile:7: test] Error 1\n[Pipeline] }\n[Pipeline] // stage\n[Pipeline] End of Pipeline\n"
        b"ERROR: script returned exit code 2\nFinished: FAILURE\n"
    )
    found = scanned(text)
    assert [(section.name, section.first, section.last) for section in found.sections] == [
        ("Build", 3, 7), ("Test", 9, 13),
    ]  # fmt: skip
    assert found.failing is not None
    assert (found.failing.name, found.failure) == ("Test", 11)
    built = Job(id="1", name="Build", status="failed")
    of_build = outline(Scanner().feed(text, is_last=True), 17, built).failing
    assert of_build is not None
    assert of_build.name == "Build"


def test_a_log_without_sections_fails_at_its_first_error() -> None:
    found = scanned(b"fine\nerror_rate=0.1, 0 errors\ngcc: main.c:3: error: no semicolon\nmake: *** [all] Error 1\n")
    assert (found.failure, found.errors, found.failing) == (2, (2, 3), None)


@pytest.mark.parametrize(
    "line",
    [
        b"ERROR: no", b"2026-01-01 10:00:00,1 ERROR train: no", b"[ERROR] no", b"error: no", b"E   assert 1 == 2",
        b"ValueError: no", b"pkg.mod.CustomException: no", b"npm ERR! code 1", b"bash: foo: command not found",
        b"make[2]: *** [x] Error 2", b"fatal: not a git repository", b"tests/test_a.py::test_b FAILED [ 50%]",
        b"--- FAIL: TestX (0.00s)", b"panic: nil", b"error[E0382]: borrow of moved value", b"\x1b[31mERROR\x1b[0m: no",
        b"2026-03-14T00:59:00.1234567Z ERROR: no", b"Segmentation fault (core dumped)", b"##[error]no",
        b"FAIL  orders     fresh-ordered_at  1 of 2345 rows", b"FAIL\tpkg/model 0.1s", b"FAIL", b"[FAIL] 0 of 7 rows",
        b"  FAILED\r", b"ERROR", b"\x1b[31mFAIL\x1b[0m src/a.test.js", b"FAIL: 3", b"ERROR: 0 rows in orders",
        b"7 passed, 10 FAILED", b"5 passed, 0 FAILED, but FAILED in the end",
        b"quarterdeck: It took longer than 2s and was ended.", b"quarterdeck: It was ended by signal 9.",
    ],
)  # fmt: skip
def test_this_is_an_error(line: bytes) -> None:
    assert scanned(b"fine\n" + line + b"\n").errors == (1,)


@pytest.mark.parametrize(
    "line",
    [
        b"0 errors, 0 warnings", b"error_rate=0.2", b"no errors: fine", b"ERRORS_ALLOWED=3", b"collecting errors",
        b"loss=0.1 root_mean_squared_error=0.3", b"terror: a film", b"test_failed_login PASSED",
        b"Error handling works", b"pass  orders  unique-order_id  0 of 2345 rows", b"PASSED", b"0 failed", b"FAIL: 0",
        b"FAIL: 0\r", b"FAILED = 0, PASSED = 7", b"7 PASSED, 0 FAILED", b"FAIL: 0  SKIP: 3", b"FAIL_FAST=1",
        b"FAILOVER ok",
        b"ERROR: 0 | WARNING: 3", b"quarterdeck: The log was cut after 512 MB: 7 bytes are missing.",
    ],
)  # fmt: skip
def test_this_is_none(line: bytes) -> None:
    assert scanned(b"fine\n" + line + b"\n").errors == ()


def test_what_ended_a_job_is_its_failure_where_nothing_else_is() -> None:
    end = b"\nquarterdeck: It took longer than 2s and was ended.\n"
    assert scanned(b"one\n" + end).failure == 2
    assert scanned(b"FAIL  orders\nmore\n" + end).failure == 0
    assert scanned(b"one\n\nquarterdeck: It was cancelled.\n", "cancelled").failure == 2


def test_a_traceback_is_grouped_from_its_title_to_the_exception() -> None:
    text = (
        b"epoch 1\nTraceback (most recent call last):\n  File a\n    b()\nValueError: no\n\n"
        b"During handling of the above exception, another exception occurred:\n\n"
        b"Traceback (most recent call last):\n  File c\nKeyError: 'x'\nafter\n"
    )
    assert lines_of(text, scanned(text)) == [
        ("traceback", b"Traceback (most recent call last):", b"ValueError: no"),
        ("traceback", b"Traceback (most recent call last):", b"KeyError: 'x'"),
    ]
    assert scanned(text).failure == 4


def test_a_job_that_passed_or_runs_has_no_failure_though_errors_are_marked() -> None:
    text = b"ERROR: handled\nfine\n"
    assert (scanned(text, "passed").failure, scanned(text, "running").failure) == (None, None)
    assert scanned(text, "passed").errors == (0,)


@pytest.mark.parametrize("size", [1, 7, 64, 1000])
def test_the_marks_do_not_depend_on_how_the_log_came(size: int) -> None:
    for name in ("github-failed.log", "gitlab-failed.log"):
        text = (PAYLOADS / name).read_bytes()
        kept, marks = b"", []
        for at in range(0, len(text), size):
            scanner = Scanner(kept)
            marks += scanner.feed(text[at : at + size], is_last=at + size >= len(text))
            kept = scanner.kept()
        assert marks == Scanner().feed(text, is_last=True)


def test_a_million_errors_are_bounded_and_the_next_section_has_its_own() -> None:
    noise = b"ERROR: no\n" * 50_000
    marks = Scanner().feed(noise + b"##[group]Run the next\n" + b"##[endgroup]\nERROR: here\n", is_last=True)
    assert [mark.line for mark in marks if mark.kind == "error"] == [*range(MOST_ERRORS), 50_002]


def test_errors_are_found_behind_many_totals_of_nothing_until_there_are_too_many_of_those() -> None:
    marks = Scanner().feed(b"7 passed, 0 FAILED\n" * MOST + b"ERROR: here\n", is_last=True)
    assert [mark.line for mark in marks] == [MOST]
    more = b"7 passed, 0 FAILED\n" * (MOST + MOST_ERRORS)
    marks = Scanner().feed(more + b"ERROR: here\n##[group]Run the next\n##[endgroup]\nERROR: there\n", is_last=True)
    assert [mark.line for mark in marks if mark.kind == "error"] == [MOST + MOST_ERRORS + 3]


@pytest.mark.parametrize(
    "line",
    [b"Finished: FAILURE", b"ERROR: script returned exit code 1", b"\x1b[31;1mERROR: Job failed", b"##[error]no"],
)
def test_marks_are_bounded_whatever_a_log_repeats(line: bytes) -> None:
    marks = Scanner().feed((line + b"\n") * 20_000, is_last=True)
    assert MOST_ERRORS <= len(marks) <= MOST_ERRORS + MOST_FINALS


def test_a_log_of_too_many_sections_still_says_that_it_failed() -> None:
    sections = b"##[group]again\n##[endgroup]\nERROR: no\n" * MOST
    marks = Scanner().feed(sections + b"##[error]Process completed with exit code 1.\n" * 1_000, is_last=True)
    assert len(marks) == MOST + MOST_FINALS
    assert (marks[-MOST_FINALS].kind, marks[-MOST_FINALS].line) == ("final", 3 * MOST)


def test_a_line_without_end_is_held_in_part_only() -> None:
    scanner = Scanner()
    for _ in range(100):
        scanner.feed(b"x" * 100_000)
    assert len(scanner.kept()) < HEAD + 100
    assert scanner.feed(b"\nERROR: here\n")[0].line == 1


class TestFolding:
    """Rows and lines."""

    TEXT = (PAYLOADS / "github-failed.log").read_bytes()

    def folding(self) -> Folding:
        found = scanned(self.TEXT)
        return Folding(found, 70, 0, found.folded())

    def test_every_row_is_a_line_and_back(self) -> None:
        folding = self.folding()
        lines = [folding.line(row) for row in range(folding.rows)]
        assert [folding.row(line) for line in lines] == list(range(folding.rows))
        assert lines == sorted(set(lines))
        assert folding.rows < 70

    def test_a_line_in_a_fold_is_in_the_row_of_its_title(self) -> None:
        folding = self.folding()
        assert folding.row(3) == folding.row(0) == 0
        hidden = folding.hidden(0)
        assert hidden is not None
        assert (hidden.first, hidden.last) == (0, 6)

    def test_showing_a_line_unfolds_what_hides_it_and_nothing_else(self) -> None:
        folding = self.folding()
        before = folding.rows
        folding.show(3)
        assert folding.line(folding.row(3)) == 3
        assert folding.rows == before + 6

    def test_all_and_none(self) -> None:
        folding = self.folding()
        folding.fold_all()
        assert [folding.line(row) for row in range(folding.rows)] == [0, 7, 16, 24, 61, 66, 69]
        folding.fold_all()
        assert folding.rows == 70

    def test_what_was_folded_stays_so_while_the_log_grows(self) -> None:
        folding = self.folding()
        more = self.TEXT + b"##[group]Run the next\n##[endgroup]\nits output\n"
        grown = folding.grown(scanned(more), 73, 0)
        assert grown.rows == folding.rows + 3
        assert grown.hidden(0) is not None

    def test_without_sections_rows_are_lines(self) -> None:
        folding = Folding(Outline(), 10, 3)
        assert (folding.rows, folding.line(0), folding.row(9)) == (7, 3, 6)
        assert folding.toggle(5) == 5
