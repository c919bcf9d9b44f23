"""state.db: never lost, never rebuilt, shared by several processes."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from quarterdeck.app.errors import StoreError
from quarterdeck.app.records import Event, EventRef, Gap
from quarterdeck.app.store import state as module
from quarterdeck.app.store import state_file as opening
from quarterdeck.app.store.mounts import file_system, is_network
from quarterdeck.app.store.state import State, state_file, table_name, ulid, view_name

DAMAGE = b"this is not a database, " * 500


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "churn.db"


def test_an_intent_is_in_the_journal_before_there_is_an_outcome(path: Path) -> None:
    with State(path) as state:
        batch = state.ask_acts([("set_tag", "run/4f2c", {"key": "a"}), ("set_tag", "run/5", {})], 1_000)
    with State(path) as state:  # as after a crash: another process finds it
        asked, other = state.open_acts()
        assert (asked.batch, asked.subject, asked.state, asked.outcome) == (batch, "run/4f2c", "asked", None)
        assert state.begin_act(asked.id, {"key": "a", "value": "\ud800"}, 2_000)
        begun = state.batch_of_acts(batch)[0]
        assert (begun.state, begun.begun_at, begun.intent) == ("begun", 2_000, {"key": "a", "value": "\ud800"})
        assert state.finish_act(begun.id, "done", {"read_back": "b"})
        assert [one.id for one in state.open_acts()] == [other.id]
        assert state.acts(2)[1].outcome == {"read_back": "b"}


def test_an_act_is_begun_once_and_has_one_outcome(path: Path) -> None:
    with State(path) as state, State(path) as other:
        state.ask_acts([("set_tag", "run/1", {})], 1)
        (act,) = other.open_acts()
        assert other.begin_act(act.id, {"by": "other"}, 2)
        assert not state.begin_act(act.id, {"by": "state"}, 3)
        assert state.finish_act(act.id, "failed", {"sentence": "first"})
        assert not other.finish_act(act.id, "done", {"sentence": "second"})
        assert state.acts()[0].outcome == {"sentence": "first"}


def test_what_another_process_writes_is_noticed(path: Path) -> None:
    with State(path) as state, State(path) as other:
        before = state.data_version()
        state.mark_seen("mine", 1)
        assert state.data_version() == before
        other.ask_acts([("set_tag", "run/1", {})], 1)
        assert state.data_version() != before


def test_a_long_silence_is_kept_as_a_gap_and_a_short_one_is_not(path: Path) -> None:
    with State(path) as state:
        assert state.note_sync(10_000, longest=5_000) is None  # nothing went before
        assert state.note_sync(14_000, longest=5_000) is None
        assert state.note_sync(60_000, longest=5_000) == Gap(since=14_000, until=60_000)
        assert state.last_sync_at() == 60_000
        assert state.gaps() == [Gap(since=14_000, until=60_000)]
        assert state.gaps(since=60_000) == []


def test_an_event_stays_as_it_was_first_seen(path: Path) -> None:
    event = Event(
        id="e1",
        at=5,
        kind="alias moved",
        title="v1 \ud800 v2",
        refs=(EventRef(subject="model/a", role="of"),),
    )
    with State(path) as state:
        assert state.record_events([event]) == 1
        assert state.record_events([Event(id="e1", at=9, kind="alias moved", title="later")]) == 0
        assert state.events(10) == [event]
        assert state.events(10, since=6) == []


def test_views_and_tables_keep_what_they_were_given(path: Path) -> None:
    name = view_name("runs", "best \ud800")
    with State(path) as state:
        state.save_table(name, {"filter": "metrics.a > 1", "columns": ["name", "params.\ud800"]})
        state.save_table(table_name("runs", "experiment/3"), {"sort": "name"})
    with State(path) as state:
        assert state.get_table(name) == {"filter": "metrics.a > 1", "columns": ["name", "params.\ud800"]}
        assert state.tables("view/") == ["view/runs/best \\ud800"]
        state.delete_table(name)
        assert state.get_table(name) is None


def test_what_was_looked_at_is_remembered(path: Path) -> None:
    with State(path) as state:
        assert state.seen_at("runs") is None
        state.mark_seen("runs", 7)
        assert state.seen_at("runs") == 7
        assert state.last_sync_at() is None


def test_only_the_user_can_read_it(path: Path) -> None:
    with State(path) as state:
        state.mark_seen("runs", 1)
        assert path.parent.stat().st_mode & 0o777 == 0o700
        assert {file.stat().st_mode & 0o777 for file in path.parent.iterdir()} == {0o600}


def test_every_write_waits_for_the_disk(path: Path) -> None:
    with State(path) as state:
        assert state._db.execute("PRAGMA synchronous").fetchone() == (2,)  # FULL
        assert state._db.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_a_network_file_system_gets_no_wal(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "is_network", lambda where: True)
    with State(path) as state:
        assert state._db.execute("PRAGMA journal_mode").fetchone() == ("delete",)


def test_a_newer_file_is_refused_and_left_alone(path: Path) -> None:
    State(path).close()
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA user_version = 99")
    db.close()
    with pytest.raises(StoreError, match=r"churn\.db was written by a newer quarterdeck .*schema is 99"):
        State(path)


def test_a_damaged_file_is_refused_with_the_way_back(path: Path) -> None:
    path.parent.mkdir(mode=0o700)
    path.write_bytes(DAMAGE)
    with pytest.raises(StoreError, match="never rebuilt: there is no copy"):
        State(path)
    copy = path.with_name("churn.db.schema1.1700000000000.backup")
    copy.write_bytes(b"")
    with pytest.raises(StoreError, match=f"put the copy {copy} in its place"):
        State(path)
    assert path.read_bytes() == DAMAGE


def test_a_file_is_copied_before_it_is_migrated(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with State(path) as state:
        state.mark_seen("runs", 7)

    def second(db: sqlite3.Connection) -> None:
        db.execute("ALTER TABLE mark ADD COLUMN who TEXT")

    before = len(module.MIGRATIONS)
    monkeypatch.setattr(module, "MIGRATIONS", (*module.MIGRATIONS, second))
    with State(path) as state:
        assert state._db.execute("SELECT name, at, who FROM mark").fetchall() == [("seen/runs", 7, None)]
    (copy,) = path.parent.glob("*.backup")
    assert copy.stat().st_mode & 0o777 == 0o600
    old = sqlite3.connect(copy)
    assert old.execute("SELECT * FROM mark").fetchall() == [("seen/runs", 7)]
    assert old.execute("PRAGMA user_version").fetchone() == (before,)
    old.close()


def test_the_journal_of_the_first_schema_is_kept(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as first:
        first.setattr(module, "MIGRATIONS", module.MIGRATIONS[:1])
        with State(path) as state:
            for entry, how in (("01A", "done"), ("01B", "begun")):
                row = (entry, 5, "set_tag", "run/1", '{"key": "a"}', None, how)
                state._db.execute("INSERT INTO journal VALUES (?, ?, ?, ?, ?, ?, ?)", row)
    with State(path) as state:
        assert [(act.id, act.batch, act.at, act.begun_at) for act in state.acts()] == [
            ("01B", "01B", 5, 5),
            ("01A", "01A", 5, 5),
        ]
        assert [act.id for act in state.open_acts()] == ["01B"]
        assert len(list(path.parent.glob("*.schema1.*.backup"))) == 1


def test_a_migration_that_fails_changes_nothing(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    State(path).close()

    def broken(db: sqlite3.Connection) -> None:
        db.execute("DROP TABLE gap")
        db.execute("nonsense")

    with monkeypatch.context() as patched:
        patched.setattr(module, "MIGRATIONS", (*module.MIGRATIONS, broken))
        with pytest.raises(StoreError, match="cannot be used"):
            State(path)
    with State(path) as state:
        assert state.gaps() == []


WRITER = """
import sys
from pathlib import Path
from quarterdeck.app.records import Event
from quarterdeck.app.store.state import State
with State(Path(sys.argv[1])) as state:
    for n in range(25):
        state.record_events([Event(id=f"{sys.argv[2]}-{n}", at=n, kind="note", title="x")])
        batch = state.ask_acts([("set_tag", "run/1", {})], n)
        assert state.finish_act(state.batch_of_acts(batch)[0].id, "done", {})
"""


def test_processes_that_begin_at_once_lose_nothing(path: Path) -> None:
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, str(path), str(n)]) for n in range(4)]
    assert [writer.wait(60) for writer in writers] == [0, 0, 0, 0]
    with State(path) as state:
        assert len(state.events(1_000)) == 100
        assert len({act.id for act in state.acts(1_000)}) == 100


def test_a_second_connection_of_one_process_keeps_the_first_one_s_locks(path: Path) -> None:
    with State(path) as state:
        state.mark_seen("before", 1)
        State(path).close()  # as a thread does that asks for an act
        subprocess.run([sys.executable, "-c", WRITER, str(path), "other"], check=True, timeout=60)
        # had the locks been dropped, that process would have taken itself for the last and removed the log
        assert path.with_name(path.name + "-wal").exists()
        state.mark_seen("after", 2)
        assert len(state.acts()) == 25
    with State(path) as state:
        assert (state.seen_at("before"), state.seen_at("after")) == (1, 2)


def test_threads_each_open_their_own(path: Path) -> None:
    def write(name: str) -> None:
        with State(path) as state:
            state.mark_seen(name, 1)

    threads = [threading.Thread(target=write, args=(f"screen{n}",)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with State(path) as state:
        assert [state.seen_at(f"screen{n}") for n in range(8)] == [1] * 8


def test_a_held_file_is_said_to_be_held(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    State(path).close()
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    monkeypatch.setattr(opening, "BUSY_SECONDS", 0.0)
    with State(path) as state, pytest.raises(StoreError, match="held by another process"):
        state.mark_seen("runs", 1)
    holder.close()


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StoreError, match="file"):
        State(tmp_path / "file" / "churn.db")


def test_it_lies_among_the_users_own_state() -> None:
    assert state_file("abc").name == "abc.db"
    assert "quarterdeck" in str(state_file("abc"))


def test_ids_of_later_acts_sort_later() -> None:
    ids = [ulid(at) for at in (0, 1, 1_700_000_000_000, 1_700_000_000_001)]
    assert ids == sorted(ids)
    assert {len(one) for one in ids} == {26}


MOUNTINFO = """\
22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
30 22 0:50 / /home rw - nfs4 server:/home rw
31 30 0:51 / /home/ann/local\\040disk rw shared:9 master:2 - xfs /dev/sdb rw
32 22 0:52 / /mnt rw - ext4 /dev/sdc rw
33 22 0:53 / /mnt rw - fuse.sshfs host:/ rw
"""


@pytest.mark.parametrize(
    ("path", "kind", "network"),
    [
        ("/etc", "ext4", False),
        ("/home/ann/.cache", "nfs4", True),
        ("/homework", "ext4", False),
        ("/home/ann/local disk/x", "xfs", False),
        ("/mnt/x", "fuse.sshfs", True),
    ],
)
def test_the_innermost_and_latest_mount_counts(path: str, kind: str, network: bool, tmp_path: Path) -> None:
    mounts = tmp_path / "mountinfo"
    mounts.write_text(MOUNTINFO)
    assert file_system(Path(path), mounts) == kind
    assert is_network(Path(path), mounts) is network


def test_a_system_without_mountinfo_is_taken_as_local(tmp_path: Path) -> None:
    assert file_system(Path("/"), tmp_path / "absent") is None
    assert not is_network(Path("/"), tmp_path / "absent")
