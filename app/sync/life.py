"""How a syncer comes to life: started by a terminal, kept alive by it, or installed for good."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import msgspec

from ..channel import lock_file
from ..paths import make_private
from .locks import syncer_alive
from .log import log_file

LINGER: Final = 60.0
"""Seconds that a syncer which a terminal started stays after the last terminal."""

_YOUNG: Final = 60.0
"""Seconds. A syncer that is missed again sooner died early: the next one waits longer."""

_LONGEST_WAIT: Final = 300.0

_started: list[subprocess.Popen[bytes]] = []
"""Syncers that this process started: held so that they are reaped when they end."""


def command(arguments: Sequence[str] = ()) -> list[str]:
    """How quarterdeck is called again: this interpreter, and `arguments` before the command.

    `-P` keeps the folder that it is started in off the import path: it may be somebody else's repository.
    """
    return [sys.executable, "-P", "-m", __name__.removesuffix(".sync.life"), *arguments]


def same_project(
    *, project: Path | None = None, name: str | None = None, config: Path | None = None, cache: Path | None = None
) -> list[str]:
    """The options before a command that lead another process, in another folder, to the same project and cache."""
    words = ["-p", name] if name else ["--project", str((project or Path()).absolute())]
    for option, path in (("--config", config), ("--cache", cache)):
        if path is not None:
            words += [option, str(path.absolute())]
    return words


def start_syncer(cache: Path, project_key: str, arguments: Sequence[str] = (), *, linger: float = LINGER) -> bool:
    """Start a syncer in a session of its own unless there is one; whether one was started. Milliseconds.

    `arguments` are the options before the command, as `same_project` gives them. What it prints
    goes to its log. Two that start one at once are both right: the second finds the lock taken and leaves.
    """
    for ended in [syncer for syncer in _started if syncer.poll() is not None]:
        _started.remove(ended)
    if syncer_alive(cache):
        return False
    log = log_file(project_key)
    make_private(log.parent)
    output = os.open(log, os.O_CREAT | os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC, 0o600)
    try:
        _started.append(
            subprocess.Popen(
                [*command(arguments), "sync", "--watch", "--linger", f"{linger:g}"],
                stdin=subprocess.DEVNULL, stdout=output, stderr=output, cwd="/", start_new_session=True,
            )
        )  # fmt: skip
    finally:
        os.close(output)
    return True


class Keeper:
    """A terminal's care for its syncer: call `look` every five seconds or less.

    A syncer that dies young again and again is started less and less often, up to every five minutes.
    """

    def __init__(self, start: Callable[[], bool], alive: Callable[[], bool]) -> None:
        self._start = start
        self._alive = alive
        self._begun = -_YOUNG
        self._wait = 0.0

    def look(self) -> bool:
        """Start a syncer if there is none and it is time; whether one is alive or was started now."""
        if self._alive():
            return True
        age = time.monotonic() - self._begun
        if age < self._wait:
            return False
        self._wait = min(max(2 * self._wait, 5.0), _LONGEST_WAIT) if age < _YOUNG + self._wait else 0.0
        self._begun = time.monotonic()
        return self._start()


def keep_syncer(cache: Path, project_key: str, arguments: Sequence[str] = ()) -> Keeper:
    """What a terminal uses: `start_syncer` whenever nobody syncs this cache."""
    return Keeper(lambda: start_syncer(cache, project_key, arguments), lambda: syncer_alive(cache))


class Installed(msgspec.Struct, frozen=True, kw_only=True):
    """What `install` did, and what is left to do."""

    unit: Path | None
    """The systemd unit that was written; None where systemd does not run for this user."""
    text: str
    """To print: the commands that begin it, or the line for the crontab."""


def install(cache: Path, arguments: Sequence[str] = (), *, notify: bool = False) -> Installed:
    """Write a systemd user unit that keeps a syncer running, or give the cron line that runs a pass a minute.

    With `notify` the syncer tells webhooks, which takes one that stays: then cron starts it, unless it runs already.
    Raises OSError when the unit cannot be written.
    """
    stays = ["sync", "--watch", *(["--notify"] if notify else [])]
    if not _systemd_runs():
        words = [*command(arguments), *(stays if notify else ["sync"])]
        line = " ".join(shlex.quote(word) for word in words).replace("%", r"\%")
        return Installed(unit=None, text=f"* * * * * {line} >/dev/null 2>&1")
    name = _unit_name(cache)
    unit = _units_folder() / name
    unit.parent.mkdir(parents=True, exist_ok=True)
    unit.write_text(_unit([*command(arguments), *stays]), encoding="utf-8")
    return Installed(
        unit=unit,
        text=f"systemctl --user daemon-reload\nsystemctl --user enable --now {name}\n"
        "loginctl enable-linger   # only if it is to go on when nobody is logged in",
    )


def _systemd_runs() -> bool:
    """Whether a systemd of this user answers."""
    try:
        asked = subprocess.run(
            ["systemctl", "--user", "show-environment"],  # noqa: S607  found on the user's own PATH
            stdin=subprocess.DEVNULL, capture_output=True, timeout=5, check=False,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return False
    return asked.returncode == 0


def _units_folder() -> Path:
    configured = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    return Path(configured) / "systemd" / "user"


def _unit_name(cache: Path) -> str:
    return f"quarterdeck-{re.sub(r'[^A-Za-z0-9]+', '-', lock_file(cache).stem).strip('-')}.service"


def _unit(words: Sequence[str]) -> str:
    # systemd.service(5), "Command lines": % and $ are doubled, quotes and backslashes escaped
    quoted = " ".join(
        '"' + word.replace("\\", r"\\").replace('"', r"\"").replace("%", "%%").replace("$", "$$") + '"'
        for word in words
    )
    return (
        "# Written by `quarterdeck sync --install`.\n"
        "[Unit]\nDescription=quarterdeck syncer\n\n"
        "[Service]\n"
        "# Tokens and MLFLOW_TRACKING_URI, one NAME=value a line: a unit does not see your shell's environment.\n"
        "EnvironmentFile=-%E/quarterdeck/environment\n"
        f"ExecStart={quoted}\n"
        # always: it leaves at once where a terminal's syncer is at work, and has to come back when that has gone
        "Restart=always\nRestartSec=30\nNice=5\n\n"
        "[Install]\nWantedBy=default.target\n"
    )
