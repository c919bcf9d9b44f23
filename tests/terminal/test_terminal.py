"""The harness itself, on programs of a few lines whose every byte is known."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

import pytest

from bench.terminal import Terminal, TerminalTimeoutError, key_bytes

ECHO = """
import os, sys, termios, tty
tty.setcbreak(0)
sys.stdout.write("\\x1b[2J\\x1b[Hready"); sys.stdout.flush()
while data := os.read(0, 1024):
    if data == b"q":
        sys.exit(3)
    os.write(1, b"\\ngot " + data.hex().encode())
"""


def program(text: str, size: tuple[int, int] = (60, 10)) -> Terminal:
    return Terminal(sys.executable, "-c", text, size=size)


def test_keys_reach_the_program_one_read_at_a_time() -> None:
    with program(ECHO) as echo:
        echo.wait_for("ready")
        echo.press("j", "down", "ctrl+p", "esc")
        assert echo.lines[1:5] == ["got 6a", "got 1b5b42", "got 10", "got 1b"]


def test_text_in_one_piece_arrives_in_one_read() -> None:
    with program(ECHO) as echo:
        echo.wait_for("ready")
        echo.send(b"jk")
        echo.wait_for("got 6a6b")
        echo.paste("x")
        assert "got 1b5b3230307e781b5b3230317e" in echo.text


def test_the_bytes_of_an_answer_are_counted() -> None:
    with program(ECHO) as echo:
        echo.wait_for("ready")
        echo.settle()
        assert echo.press("a") == len("\r\ngot 61")  # the kernel adds the carriage return
        assert echo.watch(0.2) == 0


def test_the_exit_status_is_told() -> None:
    with program(ECHO) as echo:
        echo.wait_for("ready")
        echo.send(b"q")
        assert echo.wait_exit() == 3


def test_a_wait_for_what_never_comes_fails_and_shows_the_screen() -> None:
    with program(ECHO) as echo:
        echo.wait_for("ready")
        with pytest.raises(TerminalTimeoutError, match=r"(?s)waited 0.1 s for 'absent'.*ready"):
            echo.wait_for("absent", deadline=0.1)


def test_a_wait_ends_at_once_when_the_program_has_ended() -> None:
    with (
        program("print('last words')") as short,
        pytest.raises(TerminalTimeoutError, match=r"(?s)ended.*last words"),
    ):
        short.wait_for("absent")


def test_the_programs_last_words_are_read_after_its_end() -> None:
    with program("print('x' * 200_000 + 'end')") as long:
        long.wait_for("end")
        assert long.wait_exit() == 0


def test_the_program_sees_the_size_and_its_changes() -> None:
    size = """
import os, signal, sys
def tell(*_):
    print(os.get_terminal_size(0), flush=True)
signal.signal(signal.SIGWINCH, tell)
tell()
while True:
    signal.pause()
"""
    with program(size, (80, 24)) as told:
        told.wait_for("columns=80, lines=24")
        told.resize(100, 30)
        told.wait_for("columns=100, lines=30")
        assert len(told.lines) == 30


def test_what_a_program_asks_of_a_terminal_is_answered() -> None:
    asks = """
import os, tty
tty.setcbreak(0)
for query in (b"\\x1b[?2026$p", b"\\x1b[6n", b"\\x1b[c"):
    os.write(1, query)
    print(os.read(0, 100).hex(), flush=True)
"""
    with program(asks) as asking:
        asking.wait_for(b"\x1b[?2026;2$y".hex(), b"\x1b[1;1R".hex(), b"\x1b[?62;22c".hex())


def test_sequences_without_a_picture_leave_no_letters_even_when_cut_in_two() -> None:
    parts = r"""
import sys, time
pieces = b"a\x1b[<", b"1u", b"\x1b[>1u", b"b\x1bPzz\x1b\\", b"\x1b_yy\x1b\\c", b"\x1b[?2026hd\x1b[?2026l"
for piece in pieces:
    sys.stdout.buffer.write(piece); sys.stdout.buffer.flush(); time.sleep(0.02)
"""
    with program(parts) as pieces:
        pieces.wait_exit()
        assert pieces.lines[0] == "abcd"


def test_what_a_program_copies_is_kept() -> None:
    with program(r"print('\x1b]52;c;cnVuLzQyZg==\x07', end='')") as copying:
        copying.wait_exit()
        assert copying.copied == ["run/42f"]


def test_colours_can_be_asked_for_at_the_place_of_a_text() -> None:
    with program(r"print('\n  \x1b[31;1mfailed\x1b[0m')") as coloured:
        coloured.wait_exit()
        place = coloured.find("failed")
        assert place == (1, 2)
        assert (coloured.cell(*place).fg, coloured.cell(*place).bold) == ("red", True)


def test_a_hangup_reaches_the_program_as_one() -> None:
    with program(ECHO) as echo:
        echo.wait_for("ready")
        echo.hangup()
        assert echo.wait_exit() == -signal.SIGHUP


def test_kill_ends_the_program_alone_and_close_all_that_it_started() -> None:
    parent = """
import subprocess, sys, time
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], start_new_session=True)
print("started", flush=True)
time.sleep(60)
"""
    with program(parent) as family:
        family.wait_for("started")
        (child,) = family.started_processes()
        family.kill()
        assert family.wait_exit() == -signal.SIGKILL
        assert family.started_processes() == [child]
    assert family.started_processes() == []
    assert not Path(f"/proc/{child}/cmdline").exists() or not Path(f"/proc/{child}/cmdline").read_bytes()


def test_a_key_that_nobody_has_is_refused() -> None:
    with pytest.raises(ValueError, match="no such key: 'hyper'"):
        key_bytes("hyper")
