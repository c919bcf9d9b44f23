"""Starting a syncer, keeping it, installing it."""

from __future__ import annotations

import shlex
import stat
import sys
from itertools import pairwise
from pathlib import Path

import pytest

from quarterdeck.app.sync import life
from quarterdeck.app.sync.locks import SyncerLock
from quarterdeck.app.sync.log import LOGGER, account, close_log, open_log


class Clock:
    def __init__(self) -> None:
        self.now = 1_000.0
        self.starts: list[float] = []

    def monotonic(self) -> float:
        return self.now

    def start(self) -> bool:
        self.starts.append(self.now)
        return True


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("quarterdeck.app.sync.life.time.monotonic", clock.monotonic)
    return clock


def test_a_dead_syncer_is_replaced_at_once(clock: Clock) -> None:
    keeper = life.Keeper(clock.start, lambda: len(clock.starts) == 1)
    assert keeper.look()
    assert keeper.look()
    assert clock.starts == [1_000.0]


def test_one_that_keeps_dying_is_started_less_and_less_often(clock: Clock) -> None:
    keeper = life.Keeper(clock.start, lambda: False)
    for _ in range(400):
        keeper.look()
        clock.now += 5
    pauses = [later - before for before, later in pairwise(clock.starts)]
    assert pauses[0] <= 10
    assert max(pauses) == 300
    assert pauses == sorted(pauses)
    assert len(clock.starts) < 15


def test_one_that_lived_long_is_replaced_at_once_again(clock: Clock) -> None:
    alive = False
    keeper = life.Keeper(clock.start, lambda: alive)
    keeper.look()
    alive = True
    clock.now += 4_000
    assert keeper.look()
    alive = False
    assert keeper.look()
    assert len(clock.starts) == 2


def test_no_second_syncer_is_started_where_one_lives(cache: Path) -> None:
    lock = SyncerLock.acquire(cache)
    assert lock is not None
    assert not life.start_syncer(cache, "abc")
    lock.release()


def test_the_way_back_to_a_project_is_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert life.same_project() == ["--project", str(tmp_path)]
    assert life.same_project(project=Path("x")) == ["--project", str(tmp_path / "x")]
    assert life.same_project(name="churn", cache=Path("c.db")) == ["-p", "churn", "--cache", str(tmp_path / "c.db")]


def test_the_folder_that_it_is_started_in_is_not_imported_from() -> None:
    assert life.command()[1] == "-P"


def test_install_gives_a_line_that_cron_and_the_shell_read_back(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    done = life.install(cache, ["--project", "/srv/50% off/o'clock"])
    assert done.unit is None
    schedule, line = done.text[:9], done.text[10:]
    assert schedule == "* * * * *"
    assert shlex.split(line.replace(r"\%", "%"))[-5:-2] == ["--project", "/srv/50% off/o'clock", "sync"]
    assert "%" not in line.replace(r"\%", "")


@pytest.mark.parametrize("runs", [True, False], ids=["unit", "cron"])
def test_with_notify_it_is_a_syncer_that_stays_and_tells(
    cache: Path, monkeypatch: pytest.MonkeyPatch, runs: bool
) -> None:
    monkeypatch.setattr(life, "_systemd_runs", lambda: runs)
    done = life.install(cache, ["--project", "/srv/x"], notify=True)
    line = done.text if done.unit is None else done.unit.read_text()
    assert ("sync --watch --notify" if done.unit is None else '"sync" "--watch" "--notify"') in line


def test_install_writes_a_unit_where_systemd_runs(cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake = tmp_path / "systemctl"
    fake.write_text(f"#!{sys.executable}\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    done = life.install(cache, ["--project", '/srv/$x 50% "q"'])
    assert done.unit == tmp_path / "config" / "systemd" / "user" / "quarterdeck-abc-s1.service"
    text = done.unit.read_text()
    assert r'"--project" "/srv/$$x 50%% \"q\"" "sync" "--watch"' in text
    assert "Restart=always" in text
    assert f"enable --now {done.unit.name}" in done.text


def test_the_log_is_bounded_private_and_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "state" / "x.sync.log"
    log = open_log(path)
    try:
        LOGGER.warning("first")
        log.cap(1_000_000)
        assert "first" in path.read_text()
        log.cap(3)
        LOGGER.warning("second")
        assert "second" in path.read_text()
        assert "first" not in path.read_text()
        assert "first" in path.with_name("x.sync.log.1").read_text()
        path.unlink()
        log.cap(1_000_000)
        LOGGER.warning("third")
        assert "third" in path.read_text()
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    finally:
        close_log(log)


def test_an_account_of_an_error_names_places_and_no_data() -> None:
    password = "hunter2"
    try:
        try:
            int(password)
        except ValueError as error:
            raise KeyError("status") from error
    except KeyError as error:
        text = account(error)
    assert "test_life.py" in text
    assert "KeyError: 'status'" in text
    assert "ValueError" in text
    assert password not in text.replace('password = "hunter2"', "")
