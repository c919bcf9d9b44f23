"""At night: no terminal is open, and the installed syncer sees what fails, keeps it, and tells the chat once."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest

from bench.terminal import QUARTERDECK
from quarterdeck.app import trust
from quarterdeck.app.settings import load
from quarterdeck.app.store.files import cache_file
from quarterdeck.app.store.state import State, state_file
from quarterdeck.app.sync.locks import syncer_alive
from quarterdeck.app.triage import kept_sight
from tests.app.promotion.worlds import commit, git
from tests.servers.chat import Chat

Found = TypeVar("Found")

SETTINGS = """
[project]
name = "churn"
environment = "prod"
[git]
branches = ["main"]
[[ci]]
kind = "local"
jobs = [{ name = "test", run = "sh job.sh" }]
[sync]
every = "5s"
"""


def wait_for(condition: Callable[[], Found], seconds: float = 90.0) -> Found:
    """The condition's first true answer."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, f"not within {seconds} s"
        time.sleep(0.05)
    return found


@pytest.fixture
def chat() -> Iterator[Chat]:
    made = Chat()
    yield made
    made.close()


class Night:
    """A project on a machine where nobody is logged in; what systemd or cron starts is ended with the test."""

    def __init__(self, folder: Path, chat: Chat) -> None:
        self.project = folder / "churn"
        self.project.mkdir()
        git(self.project, "init", "--quiet", "--initial-branch=main")
        commit(self.project, "begin", {"quarterdeck.toml": SETTINGS, "job.sh": "echo fine\n"})
        config = Path(os.environ["XDG_CONFIG_HOME"]) / "quarterdeck"
        config.mkdir(parents=True, exist_ok=True)
        (config / "config.toml").write_text('[[webhooks]]\nurl_env = "CHAT_URL"\n')
        self.settings = load(directory=self.project)
        trust.record_trust(self.settings)
        self.cache = cache_file(None, self.settings.project_key)
        self.address = f"CHAT_URL={chat.url}/services/T0/secret"
        self._folder = folder
        self._running: list[subprocess.Popen[bytes]] = []

    def __call__(self, *words: str, status: int = 0, env: dict[str, str] | None = None) -> str:
        """quarterdeck, as somebody or a job would call it."""
        done = subprocess.run(
            [*QUARTERDECK, *words], cwd=self.project, capture_output=True, text=True, timeout=120, env=env
        )
        assert done.returncode == status, done.stdout + done.stderr
        return done.stdout

    def installed(self, by: str) -> str:
        """The line that cron, or systemd, was told to start, for a shell."""
        path = self._folder / "bin"
        path.mkdir()
        (path / "systemctl").write_text(f"#!/bin/sh\nexit {0 if by == 'systemd' else 1}\n")
        (path / "systemctl").chmod(0o755)
        env = {**os.environ, "PATH": f"{path}:{os.environ['PATH']}"}
        said = self("sync", "--install", "--notify", env=env)
        if by == "cron":
            assert said.startswith("* * * * * ")
            return said.removeprefix("* * * * * ").replace(r"\%", "%")
        (unit,) = (Path(os.environ["XDG_CONFIG_HOME"]) / "systemd" / "user").iterdir()
        (line,) = (one for one in unit.read_text().splitlines() if one.startswith("ExecStart="))
        words = shlex.split(line.removeprefix("ExecStart=").replace("%%", "%").replace("$$", "$"))
        return f"exec {shlex.join(words)} >/dev/null 2>&1"

    def start(self, line: str) -> subprocess.Popen[bytes]:
        """As cron does: a shell, hardly any environment, no terminal, a session of its own."""
        kept = {name: value for name, value in os.environ.items() if name.startswith(("XDG_", "GIT_CONFIG"))}
        name, _, value = self.address.partition("=")
        env = {"HOME": os.environ["HOME"], "PATH": "/usr/bin:/bin", name: value, **kept}
        process = subprocess.Popen(
            ["/bin/sh", "-c", line], cwd=os.environ["HOME"], env=env, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
        self._running.append(process)
        return process

    def seen(self) -> tuple[int, list[str]]:
        """When the syncer last looked, and what it saw."""
        with State(state_file(self.settings.project_key)) as state:
            kept = kept_sight(state)
        return (0, []) if kept is None else (kept[0], [one.title for one in kept[1].attentions])

    def wait_for(self, condition: Callable[[], Found]) -> Found:
        """The condition's first true answer; where it does not come, what the syncer says of itself."""
        try:
            return wait_for(condition)
        except AssertionError as error:
            alive = [process.poll() for process in self._running]
            raise AssertionError(f"{error}; ended: {alive}; {self.seen()}\n{self.logs()}") from None

    def logs(self) -> str:
        """All that the syncers wrote down."""
        return "".join(path.read_text() for path in Path(os.environ["XDG_STATE_HOME"]).rglob("*.log*"))

    def end(self) -> None:
        for process in self._running:
            if process.poll() is None:
                os.killpg(process.pid, 15)
                process.wait(30)


@pytest.fixture
def night(tmp_path: Path, chat: Chat) -> Iterator[Night]:
    made = Night(tmp_path, chat)
    yield made
    made.end()


@pytest.mark.parametrize("by", ["cron", "systemd"])
def test_what_fails_at_night_is_seen_kept_and_told_once(night: Night, chat: Chat, by: str) -> None:
    night("pipeline", "run")
    line = night.installed(by)
    syncer = night.start(line)
    night.wait_for(lambda: night.seen()[0])
    assert chat.taken == []

    commit(night.project, "break it", {"job.sh": "echo no such column: store >&2\nexit 1\n"})
    night("pipeline", "run", status=1)

    (text,) = night.wait_for(lambda: chat.taken)
    assert text.startswith("churn (prod): 1 thing needs attention")
    assert "main" in text
    night.wait_for(lambda: night.seen()[1])
    assert any(event["kind"].startswith("pipeline") for event in json.loads(night("events", "--json")))

    second = night.start(line)  # cron's next minute: it runs already
    assert second.wait(60) == 0
    os.killpg(syncer.pid, 15)
    syncer.wait(30)
    night.wait_for(lambda: not syncer_alive(night.cache))
    before = night.seen()[0]
    night.start(line)  # and when it died, the minute after
    night.wait_for(lambda: night.seen()[0] > before)
    assert len(chat.taken) == 1
    assert "webhook $CHAT_URL" in night.logs()
    assert "secret" not in night.logs()


def test_without_a_webhook_there_is_nobody_to_tell(night: Night) -> None:
    (Path(os.environ["XDG_CONFIG_HOME"]) / "quarterdeck" / "config.toml").write_text("")
    for words in (("--watch",), ("--install",)):
        done = subprocess.run(
            [*QUARTERDECK, "sync", *words, "--notify"], cwd=night.project, capture_output=True, text=True, timeout=60
        )
        assert done.returncode == 2
        assert "[[webhooks]]" in done.stderr
