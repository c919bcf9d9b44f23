"""The clipboard: by OSC 52 or through a real tmux, and never anything that a terminal would obey."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quarterdeck.app import clipboard
from quarterdeck.app.clipboard import TEXT_MOST, copy
from quarterdeck.app.errors import QuarterdeckError
from quarterdeck.app.text import safe_lines


def test_outside_tmux_the_terminal_is_sent_the_text() -> None:
    sent: list[str] = []
    assert copy("two\nlines\r\nand 名前", {}, sent.append) == "OSC 52"
    assert sent == ["two\nlines\nand 名前"]


@given(st.text())
def test_nothing_that_a_terminal_obeys_is_sent_and_it_can_be_encoded(text: str) -> None:
    sent: list[str] = []
    copy(text, {}, sent.append)
    assert all(sign == "\n" or sign.isprintable() or sign in "\xa0\u3000" or sign.isspace() for sign in sent[0])
    assert not [sign for sign in sent[0] if sign != "\n" and (ord(sign) < 32 or 0x7F <= ord(sign) < 0xA0)]
    sent[0].encode("utf-8")


def test_a_printable_text_is_sent_as_it_is() -> None:
    assert safe_lines("{\n  “a”: \\u{1b}\n}\n") == "{\n  “a”: \\u{1b}\n}\n"


def test_what_is_larger_than_terminals_take_is_refused_and_not_cut() -> None:
    sent: list[str] = []
    assert copy("x" * TEXT_MOST, {}, sent.append) == "OSC 52"
    with pytest.raises(QuarterdeckError, match="more than terminals take"):
        copy("x" * (TEXT_MOST + 1), {}, sent.append)
    with pytest.raises(QuarterdeckError, match="150 kB are more"):
        copy("é" * 75_000, {}, sent.append)
    assert len(sent) == 1


@pytest.fixture
def tmux(tmp_path: Path) -> Iterator[Callable[..., str]]:
    """A tmux server of its own; call it with a tmux command."""
    if shutil.which("tmux") is None:
        pytest.skip("needs tmux")
    socket = str(tmp_path / "tmux")

    def call(*words: str) -> str:
        done = subprocess.run(["tmux", "-S", socket, "-f", "/dev/null", *words], capture_output=True, timeout=20)
        assert done.returncode == 0, done.stderr
        return done.stdout.decode()

    call("new-session", "-d", "-x", "80", "-y", "24", "cat")
    yield call
    call("kill-server")


def test_inside_tmux_it_is_tmux_that_gets_the_text(tmux: Callable[..., str], tmp_path: Path) -> None:
    pid = tmux("display-message", "-p", "#{pid}").strip()
    environ = {**os.environ, "TMUX": f"{tmp_path / 'tmux'},{pid},0"}
    text = "### run `a`\n| 名 |\n" + "x" * (TEXT_MOST + 1)  # a pipe has no cap
    assert copy(text, environ, pytest.fail) == "tmux"
    assert tmux("show-buffer") == text


def test_a_tmux_that_is_gone_is_a_sentence(tmp_path: Path) -> None:
    if shutil.which("tmux") is None:
        pytest.skip("needs tmux")
    with pytest.raises(QuarterdeckError, match=r"tmux did not take it: .*gone"):
        copy("x", {**os.environ, "TMUX": f"{tmp_path / 'gone'},1,0"}, pytest.fail)


def test_a_tmux_that_hangs_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stopped = tmp_path / "tmux"
    stopped.write_text("#!/bin/sh\nexec tail -f /dev/null\n")
    stopped.chmod(0o700)
    monkeypatch.setattr(clipboard, "TMUX_SECONDS", 0.1)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    with pytest.raises(QuarterdeckError, match="did not take it within"):
        copy("x", {**os.environ, "TMUX": "x"}, pytest.fail)


def test_without_a_tmux_to_call_it_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(QuarterdeckError, match="no `tmux` on the PATH"):
        copy("x", {"TMUX": "x", "PATH": str(tmp_path)}, pytest.fail)
