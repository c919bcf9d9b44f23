"""Whatever goes wrong ends in a sentence and a status; a traceback goes to a file."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from quarterdeck.app.commands.boundary import guarded, say
from quarterdeck.app.errors import FilterError, RefusedError, SettingsError, SourceError, StoreError, UntrustedError
from quarterdeck.app.paths import state_dir
from quarterdeck.app.records import Run

MakeRun = Callable[..., Run]


def failing(error: BaseException) -> Callable[[], int]:
    def command() -> int:
        raise error

    return command


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (StoreError("The cache is gone."), 1),
        (SettingsError("quarterdeck.toml:3: no."), 2),
        (FilterError("No.", 3), 2),
        (UntrustedError("Not trusted."), 2),
        (SourceError("mlflow does not answer."), 3),
        (RefusedError("Refused."), 4),
    ],
)
def test_an_error_of_ours_is_its_sentence_and_its_status(
    error: Exception, status: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert guarded(failing(error)) == status
    assert capsys.readouterr().err == f"{error}\n"
    assert not (state_dir() / "errors.log").exists()


def test_any_other_error_is_a_sentence_and_a_traceback_in_a_file(capsys: pytest.CaptureFixture[str]) -> None:
    assert guarded(failing(ZeroDivisionError("oh \ud800"))) == 1
    log = state_dir() / "errors.log"
    assert (
        capsys.readouterr().err == f"quarterdeck failed unexpectedly (ZeroDivisionError). Where and why is in {log}.\n"
    )
    assert "ZeroDivisionError: oh \\ud800" in log.read_text()
    assert log.stat().st_mode & 0o777 == 0o600


def test_the_traceback_is_shown_to_whoever_asks(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QUARTERDECK_DEBUG", "1")
    assert guarded(failing(RefusedError("Refused."))) == 4
    assert "Traceback" in capsys.readouterr().err


def test_the_log_of_errors_is_begun_anew_before_it_is_large(capsys: pytest.CaptureFixture[str]) -> None:
    guarded(failing(ZeroDivisionError()))
    log = state_dir() / "errors.log"
    log.write_text("x" * ((1 << 20) + 1))
    guarded(failing(ZeroDivisionError()))
    assert log.stat().st_size < 10_000
    assert (state_dir() / "errors.log.1").stat().st_size == (1 << 20) + 1


def test_a_log_that_cannot_be_written_is_no_second_error(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    assert guarded(failing(ZeroDivisionError())) == 1
    assert "QUARTERDECK_DEBUG=1" in capsys.readouterr().err


def test_an_interrupt_ends_quietly_with_130(capsys: pytest.CaptureFixture[str]) -> None:
    assert guarded(failing(KeyboardInterrupt())) == 130
    assert capsys.readouterr().err == ""


def test_what_is_said_is_safe_to_look_at(capsys: pytest.CaptureFixture[str]) -> None:
    say("a run called \x1b[31m\u202e\ud800 is gone\nsecond line")
    assert capsys.readouterr().err == "a run called \\u{1b}[31m\\u{202e}\\u{d800} is gone\nsecond line\n"


def test_a_reader_that_leaves_early_is_no_error(project: Path, fill: Callable[..., None], make_run: MakeRun) -> None:
    fill(*(make_run(n, name="x" * 500) for n in range(1_000)))
    writer = subprocess.Popen(
        [sys.executable, "-m", "quarterdeck.app", "runs"], cwd=project, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert writer.stdout is not None
    assert writer.stdout.readline().startswith(b"id ")
    writer.stdout.close()
    assert writer.stderr is not None
    assert (writer.stderr.read(), writer.wait(60)) == (b"", 141)
    writer.stderr.close()


def test_a_full_disk_is_said(project: Path, fill: Callable[..., None], make_run: MakeRun) -> None:
    fill(make_run(1))
    with Path("/dev/full").open("wb") as full:
        said = subprocess.run(
            [sys.executable, "-m", "quarterdeck.app", "runs"],
            cwd=project,
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
        )
    assert said.returncode == 1
    assert b"No space left on device" in said.stderr
    assert b"Traceback" not in said.stderr


def test_a_stdout_that_is_closed_is_no_error(project: Path, fill: Callable[..., None], make_run: MakeRun) -> None:
    fill(make_run(1))
    said = subprocess.run(
        ["/bin/sh", "-c", '"$0" -m quarterdeck.app runs >&-', sys.executable],
        cwd=project,
        capture_output=True,
        check=False,
    )
    assert b"Traceback" not in said.stderr


def test_a_locale_without_the_signs_prints_their_escapes(
    project: Path, fill: Callable[..., None], make_run: MakeRun
) -> None:
    fill(make_run(1, name="名前 ok"))
    said = subprocess.run(
        [sys.executable, "-m", "quarterdeck.app", "runs", "--columns", "name"],
        cwd=project, capture_output=True, check=False, env={**os.environ, "PYTHONIOENCODING": "latin-1"},
    )  # fmt: skip
    assert said.stdout == b"name\n\\u540d\\u524d ok\n"
