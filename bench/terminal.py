"""A terminal program on a real pseudo-terminal, as a person at the far end of an SSH line meets it.

`Terminal` starts a program, keeps its screen with pyte, answers what programs ask of a terminal, sends keys
and counts bytes. The tests drive quarterdeck with it and the benchmark measures with it. Nothing is read
while nobody waits, so a program that writes much stands still then, as it does behind a slow line.
"""

from __future__ import annotations

import base64
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self

import pyte

REPOSITORY = Path(__file__).resolve().parents[1]
QUARTERDECK = (sys.executable, "-m", "quarterdeck.app")
"""How the program of this checkout is started; `environment` sees to it that it is found."""

KEYS: Mapping[str, str] = {
    "up": "\x1b[A", "down": "\x1b[B", "right": "\x1b[C", "left": "\x1b[D", "home": "\x1b[H", "end": "\x1b[F",
    "pgup": "\x1b[5~", "pgdn": "\x1b[6~", "insert": "\x1b[2~", "delete": "\x1b[3~", "enter": "\r",
    "esc": "\x1b", "tab": "\t", "shift+tab": "\x1b[Z", "space": " ", "backspace": "\x7f", "comma": ",",
}  # fmt: skip
"""What a key sends, by name. A single character stands for itself, `ctrl+x` for its control character."""

_SAME_WRITE = 0.001
"""Seconds within which the next piece of one and the same write comes."""
QUIET = 0.040
"""Seconds without output after which a repaint is taken as over."""

PATIENCE = 20.0
"""Seconds that a wait lasts at most. Long, because it is only ever reached by a failure."""

# The query, and what a terminal answers: synchronized output is known, and the rest says "VT220".
_ANSWERS = (
    (b"\x1b[?2026$p", b"\x1b[?2026;2$y"),
    (b"\x1b[6n", b"\x1b[1;1R"),
    (b"\x1b[c", b"\x1b[?62;22c"),
)
# pyte 0.8 would draw the last letter of `CSI < u` (keyboard protocol) and the text of DCS and APC strings.
_UNDRAWN = re.compile(rb"\x1b\[[<=>][0-9;]*[@-~]|\x1b[P_^][^\x1b]*\x1b\\")
_UNFINISHED = re.compile(rb"\x1b(\[[<=>?0-9;]*|[P_^][^\x1b]*\x1b?)?$")
_OSC = re.compile(rb"\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)")
_NOTIFIED = re.compile(rb"\x1b\](?:9;|777;notify;|99;;)([^\x07\x1b]*)(?:\x07|\x1b\\)")
_COPIED = re.compile(rb"\x1b\]52;[^;]*;([A-Za-z0-9+/=]*)(?:\x07|\x1b\\)")
# COLUMNS and LINES would freeze the size; the others change what a program draws or where it copies to.
_HIDDEN = (
    "COLUMNS",
    "LINES",
    "TMUX",
    "TMUX_PANE",
    "STY",
    "NO_COLOR",
    "FORCE_COLOR",
    "CI",
    "BROWSER",
    "DISPLAY",
)
_MARK = "QUARTERDECK_TERMINAL_MARK"


class TerminalTimeoutError(AssertionError):
    """What was waited for did not come. The message shows the screen."""


def environment(changes: Mapping[str, str | None] | None = None) -> dict[str, str]:
    """This process's environment as a terminal program should see it; None in `changes` takes a name away."""
    found = {name: value for name, value in os.environ.items() if name not in _HIDDEN}
    links = str(REPOSITORY / ".links")
    found["PYTHONPATH"] = os.pathsep.join(filter(None, [links, found.get("PYTHONPATH", "")]))
    wanted: dict[str, str | None] = {"TERM": "xterm-256color", "COLORTERM": "truecolor", "LANG": "C.UTF-8"}
    for name, value in (wanted | dict(changes or {})).items():
        found.pop(name, None)
        if value is not None:
            found[name] = value
    return found


def key_bytes(name: str) -> bytes:
    """What the key of this name sends. Raises ValueError when there is none."""
    if name in KEYS:
        return KEYS[name].encode()
    if name.startswith("ctrl+") and len(name) == 6:
        return bytes([ord(name[5].lower()) & 0x1F])
    if len(name) == 1:
        return name.encode()
    raise ValueError(f"no such key: {name!r}. Named keys are {', '.join(KEYS)}, ctrl+x and single characters.")


def _end(pid: int) -> None:
    """Kill a process that need not be our child, and wait until it is gone."""
    with suppress(ProcessLookupError):
        process = os.pidfd_open(pid)
        try:
            signal.pidfd_send_signal(process, signal.SIGKILL)
            select.select([process], [], [], 5)
        finally:
            os.close(process)


class Terminal:
    """A program on a pseudo-terminal of `columns` x `rows` cells. Use it in a `with`, which ends the program.

    `text`, `lines` and `cell` show the screen as it was when somebody last waited. `received` counts the
    program's bytes since its start. A wait fails with TerminalTimeoutError, at once if the program has ended.
    """

    def __init__(
        self,
        *argv: str | Path,
        size: tuple[int, int] = (120, 40),
        cwd: Path | None = None,
        env: Mapping[str, str | None] | None = None,
    ) -> None:
        self.columns, self.rows = size
        self.received = 0
        self.copied: list[str] = []
        """What the program copied to the clipboard (OSC 52), oldest first."""
        self.notified: list[str] = []
        """What the program asked the desktop to show (OSC 9, 777 or 99), oldest first."""
        self.rung = 0
        """How often the program rang the bell."""
        self._screen = pyte.Screen(self.columns, self.rows)
        self._stream = pyte.ByteStream(self._screen)
        self._held = b""
        self._open = True
        # Our own hold on the far end: without one, a read before the program has opened it fails.
        self._master, self._slave = pty.openpty()
        self._set_size()
        self._marked = f"{os.getpid()}.{time.monotonic_ns()}"
        self.started = time.perf_counter()
        """When the program was started, by time.perf_counter() ..."""
        self.last_read = self.started
        """... and when the latest piece of its output was read, before pyte drew it."""
        self.process = self._start([str(word) for word in argv], os.ttyname(self._slave), cwd, env)

    def _start(
        self, argv: Sequence[str], tty: str, cwd: Path | None, env: Mapping[str, str | None] | None
    ) -> subprocess.Popen[bytes]:
        # A session leader that opens a terminal gets it as its controlling one; that is all the shell does.
        line = ["/bin/sh", "-c", 'tty=$1; shift; exec "$@" <"$tty" >"$tty" 2>&1', "sh", tty, *argv]
        marked = environment(env) | {_MARK: self._marked}
        # under nohup a hangup would be passed on as ignored
        default = partial(signal.signal, signal.SIGHUP, signal.SIG_DFL)
        return subprocess.Popen(line, cwd=cwd, env=marked, start_new_session=True, preexec_fn=default)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # -- the screen

    @property
    def lines(self) -> list[str]:
        """The rows of the screen, without the blanks at their ends."""
        return [line.rstrip() for line in self._screen.display]

    @property
    def text(self) -> str:
        """The screen as one text."""
        return "\n".join(self.lines)

    @property
    def title(self) -> str:
        """The window title that the program has set."""
        return str(self._screen.title)

    def cell(self, row: int, column: int) -> pyte.screens.Char:
        """One cell with its `data`, `fg`, `bg`, `bold`, `reverse` ...; counted from 0."""
        return self._screen.buffer[row][column]

    def find(self, text: str) -> tuple[int, int] | None:
        """Row and column where this text first stands on the screen, counted from 0."""
        places = ((row, line.find(text)) for row, line in enumerate(self._screen.display))
        return next((place for place in places if place[1] >= 0), None)

    # -- what a person does

    def press(self, *keys: str) -> int:
        """Press keys one after another, each once the answer to the one before has been drawn.

        Names are those of KEYS, `ctrl+x`, or single characters. Gives the bytes that came back.
        """
        before = self.received
        for key in keys:
            self.send(key_bytes(key))
            self.take(0.5)
            self.settle()
        return self.received - before

    def type(self, text: str) -> int:
        """Type text, one key at a time. Gives the bytes that came back."""
        return self.press(*text)

    def paste(self, text: str) -> int:
        """Paste text as a terminal does, in brackets and in one piece. Gives the bytes that came back."""
        before = self.received
        self.send(b"\x1b[200~" + text.encode() + b"\x1b[201~")
        self.take(0.5)
        self.settle()
        return self.received - before

    def send(self, data: bytes) -> None:
        """Send raw bytes in one write and wait for nothing."""
        os.write(self._master, data)

    def scribble(self, data: str) -> None:
        """Write on the screen what is not the program's: another's message, say."""
        self._draw(data.encode())

    def resize(self, columns: int, rows: int) -> None:
        """Change the window's size; the program gets its SIGWINCH."""
        self.columns, self.rows = columns, rows
        self._screen.resize(rows, columns)
        self._set_size()

    def hangup(self) -> None:
        """The line drops: the kernel sends SIGHUP, and nothing can be written any more."""
        if self._open:
            self._open = False
            os.close(self._master)
            os.close(self._slave)

    def kill(self) -> None:
        """`kill -9` of the program, and of nothing that it started."""
        self.process.kill()

    # -- waiting

    def wait_for(self, *texts: str, deadline: float = PATIENCE) -> float:
        """Wait until all these texts are on the screen. Gives the seconds from the start of the program to then."""
        self.wait_until(lambda: all(text in self.text for text in texts), " and ".join(map(repr, texts)), deadline)
        return self.last_read - self.started

    def wait_gone(self, text: str, deadline: float = PATIENCE) -> None:
        """Wait until this text is on the screen no more."""
        self.wait_until(lambda: text not in self.text, f"{text!r} to go", deadline)

    def wait_until(self, condition: Callable[[], bool], what: str, deadline: float = PATIENCE) -> None:
        """Read what the program writes until `condition` holds; it is asked after each piece and every 20 ms.

        `what` names it in the TerminalTimeoutError, raised after `deadline` seconds or when the program ends.
        """
        end = time.perf_counter() + deadline
        while not condition():
            if time.perf_counter() > end:
                raise TerminalTimeoutError(f"waited {deadline:g} s for {what}. The screen:\n{self.text}")
            if not self.take(0.02) and self._ended():
                if condition():
                    return
                raise TerminalTimeoutError(f"the program ended, waiting for {what}. The screen:\n{self.text}")

    def settle(self, quiet: float = QUIET, deadline: float = PATIENCE) -> int:
        """Read until nothing came for `quiet` seconds: the repaint is over. Gives the bytes that came."""
        before, end = self.received, time.perf_counter() + deadline
        while self.take(quiet):
            if time.perf_counter() > end:
                raise TerminalTimeoutError(f"the screen was never quiet for {quiet:g} s. The screen:\n{self.text}")
        return self.received - before

    def watch(self, seconds: float) -> int:
        """Read for so many seconds. Gives the bytes that came: 0 when an idle program is truly idle."""
        before, end = self.received, time.perf_counter() + seconds
        while (left := end - time.perf_counter()) > 0 and not self._ended():
            self.take(min(left, 0.1))
        return self.received - before

    def take(self, timeout: float) -> bool:
        """Read one piece of output if it comes within `timeout` seconds; whether one came."""
        if not self._open:
            time.sleep(timeout)  # nothing to select on; only wait_exit after a hangup comes here
            return False
        if not self._readable(timeout):
            return False
        data = os.read(self._master, 65536)
        self.last_read = time.perf_counter()
        # the kernel gives 4 kB at a time: drawn only when all of it is here, or our own 4 ms a piece would be measured
        while data and len(data) < 65536 and self._readable(_SAME_WRITE):
            data += os.read(self._master, 65536)
            self.last_read = time.perf_counter()
        self.received += len(data)
        self._answer(data)
        self._draw(data)
        return True

    def wait_exit(self, deadline: float = PATIENCE) -> int:
        """Wait until the program ends. Gives its exit status, negative for a signal."""
        end = time.perf_counter() + deadline
        while not self._ended():
            if time.perf_counter() > end:
                raise TerminalTimeoutError(f"the program still runs after {deadline:g} s. The screen:\n{self.text}")
            self.take(0.02)
        return self.process.wait()

    # -- the end

    def started_processes(self) -> list[int]:
        """Living processes that the program started, in whatever session: known by their environment."""
        mark = f"{_MARK}={self._marked}".encode()
        found = []
        for folder in Path("/proc").iterdir():
            with suppress(OSError, ValueError):
                if mark in (folder / "environ").read_bytes().split(b"\0") and int(folder.name) != self.process.pid:
                    found.append(int(folder.name))
        return found

    def close(self) -> None:
        """End the program and all that it started, and let go of the terminal."""
        self.hangup()
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(timeout=2)
        for pid in self.started_processes():
            _end(pid)
        self.process.kill()
        self.process.wait()

    # -- inside

    def _set_size(self) -> None:
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", self.rows, self.columns, 0, 0))

    def _ended(self) -> bool:
        """Whether the program has ended and its last words are read."""
        return self.process.poll() is not None and (not self._open or not self._readable(0))

    def _readable(self, timeout: float) -> bool:
        return bool(select.select([self._master], [], [], timeout)[0])

    def _answer(self, data: bytes) -> None:
        for query, answer in _ANSWERS:
            if query in data:
                os.write(self._master, answer)

    def _draw(self, data: bytes) -> None:
        self.copied += [base64.b64decode(word).decode() for word in _COPIED.findall(data)]
        self.notified += [word.decode() for word in _NOTIFIED.findall(data)]
        self.rung += _OSC.sub(b"", data).count(b"\x07")
        data = _UNDRAWN.sub(b"", self._held + data)
        cut = _UNFINISHED.search(data)
        self._held = data[cut.start() :] if cut else b""
        self._stream.feed(data[: cut.start()] if cut else data)
