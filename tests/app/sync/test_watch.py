"""The syncer as a real process over scripted sources."""

from __future__ import annotations

import os
import pty
import random
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from quarterdeck.app.channel import ask, read_holder, request_pass, wait_until_listening
from quarterdeck.app.errors import UsageError
from quarterdeck.app.records import Want
from quarterdeck.app.store.state import State, state_file
from quarterdeck.app.sync.locks import Presence, syncer_alive
from tests.app.sync.conftest import REPOSITORY, Ship, terminate, wait_for
from tests.app.sync.scripted import STEP


def listens(ship: Ship) -> bool:
    # by its socket: until a syncer says where it listens, the lock file still names the place of the one before
    return syncer_alive(ship.cache) and wait_until_listening(ship.cache, 0.05)


def test_it_fills_the_cache_and_ends_cleanly_when_told(ship: Ship) -> None:
    ship.world().set(runs=60)
    process = ship.start()
    wait_for(lambda: ship.state() == ("ok", ""))
    assert ship.runs() == 60
    ship.world().set(runs=70)
    wait_for(lambda: ship.runs() == 70)
    assert terminate(process) == 0
    assert not syncer_alive(ship.cache)
    assert "ended" in ship.log.read_text()


def test_of_two_syncers_one_wins_and_the_other_leaves_quietly(ship: Ship) -> None:
    processes = [ship.start(stderr=subprocess.PIPE) for _ in range(2)]
    wait_for(lambda: sum(process.poll() is not None for process in processes) == 1)
    (loser,) = [process for process in processes if process.poll() is not None]
    (winner,) = [process for process in processes if process.poll() is None]
    assert loser.returncode == 9
    assert loser.communicate()[1] == b""
    wait_for(lambda: listens(ship))
    holder = read_holder(ship.cache)
    assert holder is not None
    assert holder.pid == winner.pid
    assert terminate(winner) == 0
    assert winner.communicate()[1] == b""


def test_it_lingers_after_the_last_terminal_and_then_ends(ship: Ship) -> None:
    with Presence(ship.cache):
        process = ship.start(linger=0.4)
        wait_for(lambda: ship.world().asked().count("poll") >= 3)  # outlives its linger while somebody looks
        assert process.poll() is None
    assert process.wait(20) == 0


def test_one_that_was_started_to_stay_stays(ship: Ship) -> None:
    process = ship.start()
    wait_for(lambda: ship.world().asked().count("poll") >= 3)
    assert process.poll() is None


def test_a_terminals_hangup_leaves_the_syncer_alive(ship: Ship) -> None:
    """A shell on a pseudo-terminal starts a syncer as a terminal does; then its line is cut."""
    ship.world().set(runs=30)
    code = (
        "import subprocess, sys, time\n"
        "from pathlib import Path\n"
        "from quarterdeck.app.sync import life\n"
        "from quarterdeck.app.sync.locks import Presence\n"
        "cache, key, *words = sys.argv[1:]\n"
        "life.command = lambda arguments=(): words\n"
        "here = Presence(Path(cache))\n"
        "assert life.start_syncer(Path(cache), key)\n"
        "print('started', flush=True)\n"
        "sys.stdin.read()\n"
    )
    wrapped = [sys.executable, "-c", f"import os, sys; os.chdir({str(REPOSITORY)!r}); sys.path.insert(0, '.')\n"
               "from tests.app.sync.syncer import main; from pathlib import Path\n"
               f"main(*map(Path, {ship.command()[3:]!r}), 30.0)"]  # fmt: skip
    pid, line = pty.fork()
    if pid == 0:
        signal.signal(signal.SIGHUP, signal.SIG_DFL)  # under nohup it would be passed on as ignored
        os.chdir(REPOSITORY)
        os.execv(sys.executable, [sys.executable, "-c", code, str(ship.cache), ship.key, *wrapped])
    assert b"started" in os.read(line, 100)
    wait_for(lambda: ship.runs() == 30)
    holder = read_holder(ship.cache)
    assert holder is not None
    try:
        os.close(line)  # the kernel sends SIGHUP to the session behind it
        assert os.WIFSIGNALED(os.waitpid(pid, 0)[1])
        ship.world().set(runs=45)
        wait_for(lambda: ship.runs() == 45)
        assert os.getsid(holder.pid) == holder.pid
    finally:
        os.kill(holder.pid, signal.SIGKILL)
        wait_for(lambda: not syncer_alive(ship.cache))


def test_a_failing_source_stops_no_other_and_recovers(ship: Ship) -> None:
    ship.name_sources("lab", "forge")
    ship.world("forge").set(runs=5)
    ship.world("lab").set(runs=5, fault=["unreachable", "The lab is down. Start it.", None])
    ship.start()
    wait_for(lambda: ship.state("lab") == ("unreachable", "The lab is down. Start it."))
    wait_for(lambda: ship.state("forge") == ("ok", ""))
    ((next_try,),) = ship.query("SELECT next_try_at FROM source WHERE name = 'lab'")
    assert next_try > 0
    ship.world("lab").set(fault=None)
    wait_for(lambda: ship.state("lab") == ("ok", ""))
    assert ship.runs() == 10


def test_a_bug_in_a_source_is_a_state_and_no_end(ship: Ship) -> None:
    ship.world().set(runs=5, fault="bug")
    process = ship.start(stderr=subprocess.PIPE)
    wait_for(lambda: ship.state()[0] == "not_understood")
    assert str(ship.log) in ship.state()[1]
    ship.world().set(fault=None)
    wait_for(lambda: ship.state()[0] == "ok")
    terminate(process)
    assert "hunter2" not in ship.log.read_text() + process.communicate()[1].decode()


def test_a_server_that_asks_for_peace_gets_it_even_from_the_next_syncer(ship: Ship) -> None:
    later = round(time.time() * 1000) + 3_600_000
    ship.world().set(runs=5, fault=["limited", "Asked to wait an hour.", later])
    first = ship.start()
    wait_for(lambda: ship.state()[0] == "limited")
    terminate(first)
    assert ship.world().asked() == ["poll"]
    ship.start()
    wait_for(lambda: listens(ship))
    states = request_pass(ship.cache)
    assert states is not None
    assert (states[0].state, states[0].next_try_at) == ("limited", later)
    assert ship.world().asked() == ["poll"]


def test_a_pass_that_is_asked_for_runs_at_once_and_is_waited_for(ship: Ship) -> None:
    ship.write_settings('[sync]\nevery = "1h"\n')
    ship.start()
    wait_for(lambda: ship.state() == ("ok", "") and listens(ship))
    ship.world().set(runs=40)
    states = request_pass(ship.cache)
    assert states is not None
    assert [state.items for state in states] == [40]
    assert ship.runs() == 40
    assert request_pass(ship.cache, sources=["lab"], full=True) is not None
    assert ship.world().asked().count("sweep") == 1
    with pytest.raises(UsageError, match="lab"):
        request_pass(ship.cache, sources=["lob"])


def test_what_somebody_looks_at_is_fetched_once_and_at_once(ship: Ship) -> None:
    ship.write_settings('[sync]\nevery = "1h"\n')
    ship.world().set(runs=5)
    ship.start()
    wait_for(lambda: ship.state() == ("ok", "") and listens(ship))
    want = Want(kind="history", source="key-lab", run_ids=("run000001",), keys=("m0",))
    for _ in range(5):
        assert ask(ship.cache, want)
    assert wait_for(lambda: ship.query("SELECT history FROM history")) == [("complete",)]
    # five asked while the first may have been done already: never more than was asked for at different times
    assert 1 <= sum(line.startswith("want history") for line in ship.world().asked()) <= 5


def test_a_want_that_fails_disturbs_nobody(ship: Ship) -> None:
    ship.write_settings('[sync]\nevery = "1h"\n')
    ship.world().set(runs=5)
    ship.start()
    wait_for(lambda: ship.state() == ("ok", "") and listens(ship))
    ship.world().set(fault="bug")
    want = Want(kind="history", source="key-lab", run_ids=("run000001",), keys=("m0",))
    ask(ship.cache, want)
    wait_for(lambda: any(line.startswith("want") for line in ship.world().asked()))
    ship.world().set(fault=None)
    ask(ship.cache, Want(kind="history", source="key-lab", run_ids=("run000002",), keys=("m0",)))
    wait_for(lambda: len(ship.query("SELECT 1 FROM history")) == 1)
    assert ship.state() == ("ok", "")


def test_new_settings_are_taken_up_and_wrong_ones_said(ship: Ship) -> None:
    ship.start(linger=0.4)
    with Presence(ship.cache):
        wait_for(lambda: ship.state() == ("ok", ""))
        ship.write_settings('[sync]\nevry = "1s"\n')
        wait_for(lambda: "New settings cannot be used" in ship.state()[1])
        assert ship.state()[0] == "ok"
        polls = ship.world().asked().count("poll")
        wait_for(lambda: ship.world().asked().count("poll") > polls + 1)  # goes on with those from before
        assert "every" in ship.state()[1]
        ship.name_sources("lab", "forge")
        ship.write_settings('[project]\nname = "new"\n[sync]\nevery = "1s"\n')
        wait_for(lambda: ship.state("forge") == ("ok", ""))
        wait_for(lambda: ship.state("lab") == ("ok", ""))
        assert (ship.worlds / "built").read_text().splitlines()[-1] == "new"


def test_settings_that_come_back_as_they_were_start_nothing_over(ship: Ship) -> None:
    good = (ship.project / "quarterdeck.toml").read_text()
    ship.start(linger=0.4)
    with Presence(ship.cache):
        wait_for(lambda: ship.state() == ("ok", ""))
        ship.write_settings("nonsense")
        wait_for(lambda: "New settings" in ship.state()[1])
        ship.write_settings(good)
        wait_for(lambda: ship.state() == ("ok", ""))
        assert len((ship.worlds / "built").read_text().splitlines()) == 1


def test_a_source_that_left_the_settings_is_hidden(ship: Ship) -> None:
    ship.name_sources("lab", "forge")
    first = ship.start()
    wait_for(lambda: ship.state("forge") == ("ok", "") and ship.state("lab") == ("ok", ""))
    terminate(first)
    ship.name_sources("lab")
    ship.start()
    wait_for(lambda: ship.state("forge") == ("", ""))


def test_a_swept_away_socket_is_made_again(ship: Ship) -> None:
    ship.start(linger=0.4)
    with Presence(ship.cache):
        wait_for(lambda: listens(ship))
        holder = read_holder(ship.cache)
        assert holder is not None
        Path(holder.socket).unlink()
        wait_for(lambda: request_pass(ship.cache))


def test_a_syncer_whose_cache_folder_was_emptied_gives_up_its_post(ship: Ship) -> None:
    process = ship.start(linger=0.4)
    here = Presence(ship.cache)
    wait_for(lambda: ship.state() == ("ok", ""))
    for path in ship.cache.parent.iterdir():
        path.unlink()
    assert process.wait(20) == 0
    here.close()


def test_a_killed_syncers_gap_is_recorded(ship: Ship) -> None:
    long_ago = round(time.time() * 1000) - 7_200_000
    with State(state_file(ship.key)) as state:
        state.note_sync(long_ago, 120_000)
    ship.start()
    wait_for(lambda: ship.state() == ("ok", ""))
    with State(state_file(ship.key)) as state:
        assert [gap.since for gap in wait_for(state.gaps)] == [long_ago]


def test_a_syncer_killed_at_random_moments_loses_and_doubles_nothing(ship: Ship, dice: random.Random) -> None:
    total = 40 * STEP * 21
    ship.world().set(runs=total)
    before = 0
    for number in range(20):
        process = ship.start(stderr=subprocess.DEVNULL)
        moment = before + dice.randrange(1, 39 * STEP)
        # half of the time before anything was written, in whatever it does then
        wait_for(lambda moment=moment, number=number: ship.runs() >= moment or number % 5 == 4)  # type: ignore[misc]
        process.kill()
        process.wait()
        connection = sqlite3.connect(ship.cache)
        if ship.query("SELECT 1 FROM source"):
            assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            count, cursor = connection.execute("SELECT count(*), (SELECT cursor FROM source) FROM run").fetchone()
            assert cursor in (f'{{"at":{count}}}', "{}")
            before = count
        connection.close()
    ship.start()
    wait_for(lambda: ship.state() == ("ok", ""))
    assert ship.query("SELECT count(*), count(DISTINCT native) FROM run") == [(total, total)]
    assert ship.query("SELECT count(*) FROM metric") == [(total * 4,)]
    assert ship.query("SELECT count(*) FROM run_label") == [(total * 6,)]
