"""state.db: what nobody can give again: the journal of acts, gaps, events of no vendor, where
aliases were, when checks turned, a ledger that has no remote, what people wrote here, table settings.

One file a project, in the XDG state folder, 0600 in a 0700 folder, `synchronous=FULL`. Several processes
write it, each waits for the others. It is never rebuilt: a damaged or newer file is refused with a sentence,
and it is copied before every migration.

Texts are kept as JSON in ASCII, because SQLite takes no lone surrogates and foreign text may hold them.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from ..paths import state_dir
from ..records import Gap, Millis, Record
from ..records.ids import ulid as ulid  # here as well, for those who write acts down
from .alias_history import AliasHistory, alias_tables
from .check_memory import CheckMemory, check_tables
from .kept_events import KeptEvents, kept_event_indexes
from .local_ledger import LocalLedger, local_ledger_tables
from .own_notes import OwnNotes, own_notes_tables
from .state_file import Migration, kept
from .watch_memory import WatchMemory

ActState = Literal["asked", "begun", "done", "failed", "unknown"]
"""asked: somebody said yes, nothing was tried yet; begun: the outside world may have heard of it; unknown: looked for
after a crash, and the server could not say."""


class Act(Record, frozen=True):
    """One entry of the journal: what was to be changed in the outside world, and what came of it."""

    id: str
    at: Millis
    """When it was asked for."""
    batch: str
    """Shared by all that was asked for at once; one process does them."""
    begun_at: Millis | None
    act: str
    """What was done: set_tag ..."""
    subject: str
    """To what, as a written subject: run/ID."""
    intent: Mapping[str, Any]
    outcome: Mapping[str, Any] | None
    state: str


def state_file(project_key: str) -> Path:
    """Where the state of a project lies."""
    return state_dir() / f"{project_key}.db"


def table_name(screen: str, subject: str) -> str:
    """The name under which a screen keeps how its table of `subject` (`experiment/3`) looked."""
    return f"table/{screen}/{subject}"


def view_name(screen: str, name: str) -> str:
    """The name under which `:view save NAME` keeps a view: filter, sort, columns, experiment, tree."""
    return f"view/{screen}/{name}"


def _first_tables(connection: sqlite3.Connection) -> None:
    for statement in (
        "CREATE TABLE journal (id TEXT PRIMARY KEY, at INTEGER NOT NULL, act TEXT NOT NULL,"
        " subject TEXT NOT NULL, intent TEXT NOT NULL, outcome TEXT, state TEXT NOT NULL)",
        "CREATE INDEX journal_begun ON journal (state) WHERE state = 'begun'",
        "CREATE TABLE gap (since INTEGER PRIMARY KEY, until INTEGER NOT NULL)",
        "CREATE TABLE event (id TEXT PRIMARY KEY, at INTEGER NOT NULL, record TEXT NOT NULL)",
        "CREATE INDEX event_at ON event (at, id)",
        "CREATE TABLE look (name TEXT PRIMARY KEY, settings TEXT NOT NULL)",
        "CREATE TABLE mark (name TEXT PRIMARY KEY, at INTEGER NOT NULL)",
    ):
        connection.execute(statement)


def _acts_that_are_asked_for(connection: sqlite3.Connection) -> None:
    for statement in (
        "ALTER TABLE journal ADD COLUMN batch TEXT",
        "ALTER TABLE journal ADD COLUMN begun_at INTEGER",
        "UPDATE journal SET batch = id, begun_at = at",  # until now an act was begun in the moment it was asked for
        "DROP INDEX journal_begun",
        "CREATE INDEX journal_open ON journal (state) WHERE state IN ('asked', 'begun')",
        "CREATE INDEX journal_batch ON journal (batch)",
    ):
        connection.execute(statement)


def _aliases_and_ledger(connection: sqlite3.Connection) -> None:
    alias_tables(connection)
    local_ledger_tables(connection)


MIGRATIONS: tuple[Migration, ...] = (
    _first_tables,
    _acts_that_are_asked_for,
    _aliases_and_ledger,
    check_tables,
    own_notes_tables,
    kept_event_indexes,
)
"""Number n brings a file of schema n-1 to n. Only ever appended to."""


class State(AliasHistory, CheckMemory, KeptEvents, LocalLedger, OwnNotes, WatchMemory):
    """The state of one project. One connection: each thread opens its own. Every method raises StoreError."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, MIGRATIONS)

    # The journal: written before an act and after it (see actions.py).

    def ask_acts(self, acts: Sequence[tuple[str, str, Mapping[str, Any]]], at: Millis) -> str:
        """Write down what is to be done, as (act, subject, intent); gives the batch. On the disk when this returns."""
        entries = [ulid(at) for _ in acts]
        batch = min(entries)
        rows = [
            (entry, at, act, kept(subject), json.dumps(intent), batch)
            for entry, (act, subject, intent) in zip(entries, acts, strict=True)
        ]
        statement = (
            "INSERT INTO journal (id, at, act, subject, intent, outcome, state, batch)"
            " VALUES (?, ?, ?, ?, ?, NULL, 'asked', ?)"
        )
        with self._transaction():
            self._db.executemany(statement, rows)
        return batch

    def begin_act(self, entry: str, intent: Mapping[str, Any], at: Millis) -> bool:
        """Write down that it is tried now, and what was found before. False when it is not asked for any more."""
        statement = "UPDATE journal SET state = 'begun', intent = ?, begun_at = ? WHERE id = ? AND state = 'asked'"
        return self._write(statement, (json.dumps(intent), at, entry)) == 1

    def learn_act(self, entry: str, intent: Mapping[str, Any]) -> bool:
        """Write down what the server's answer told of an act that was begun. False when it has its outcome already."""
        statement = "UPDATE journal SET intent = ? WHERE id = ? AND state = 'begun'"
        return self._write(statement, (json.dumps(intent), entry)) == 1

    def finish_act(self, entry: str, state: ActState, outcome: Mapping[str, Any]) -> bool:
        """Write down what came of it. What has an outcome keeps it: then this gives False."""
        statement = "UPDATE journal SET state = ?, outcome = ? WHERE id = ? AND state IN ('asked', 'begun')"
        return self._write(statement, (state, json.dumps(outcome), entry)) == 1

    def open_acts(self) -> list[Act]:
        """The acts without an outcome, oldest first: under way somewhere, or cut off by a crash."""
        return self._acts("WHERE state IN ('asked', 'begun') ORDER BY rowid")

    def batch_of_acts(self, batch: str) -> list[Act]:
        """What was asked for at once, in its order."""
        return self._acts("WHERE batch = ? ORDER BY rowid", batch)

    def acts_since(self, at: Millis) -> list[Act]:
        """What was asked for after `at`, oldest first."""
        return self._acts("WHERE at > ? ORDER BY rowid", at)

    def acts(self, limit: int = 100) -> list[Act]:
        """The journal, newest first."""
        return self._acts("ORDER BY rowid DESC LIMIT ?", limit)

    def data_version(self) -> int:
        """A number that changes when another process, or another thread, has written. Microseconds."""
        return int(self._rows("PRAGMA data_version")[0][0])

    # When somebody looked, and when nobody did.

    def note_sync(self, at: Millis, longest: int) -> Gap | None:
        """A pass ended at `at`. If the one before is more than `longest` ms ago, keeps and gives the gap."""
        with self._transaction():
            before = self.last_sync_at()
            self._mark("sync", at)
            if before is None or at - before <= longest:
                return None
            self._db.execute("INSERT OR REPLACE INTO gap VALUES (?, ?)", (before, at))
        return Gap(since=before, until=at)

    def last_sync_at(self) -> Millis | None:
        """When the last pass ended; None before the first."""
        return self._marked("sync")

    def gaps(self, since: Millis = 0, limit: int = 100) -> list[Gap]:
        """The stretches without a sync that ended after `since`, newest first."""
        rows = self._rows("SELECT since, until FROM gap WHERE until > ? ORDER BY since DESC LIMIT ?", since, limit)
        return [Gap(since=row[0], until=row[1]) for row in rows]

    def mark_seen(self, name: str, at: Millis) -> None:
        """Remember that the user looked at `name` (a screen, a subject) at `at`."""
        with self._guarded():
            self._mark(f"seen/{kept(name)}", at)

    def seen_at(self, name: str) -> Millis | None:
        """When the user last looked at `name`."""
        return self._marked(f"seen/{kept(name)}")

    # How tables looked, and saved views (names: table_name, view_name).

    def get_table(self, name: str) -> dict[str, Any] | None:
        """The settings kept under `name`, None when there are none."""
        rows = self._rows("SELECT settings FROM look WHERE name = ?", kept(name))
        return dict(json.loads(rows[0][0])) if rows else None

    def save_table(self, name: str, settings: Mapping[str, Any]) -> None:
        """Keep JSON values under `name`, in place of what was there."""
        self._write("INSERT OR REPLACE INTO look VALUES (?, ?)", (kept(name), json.dumps(dict(settings))))

    def delete_table(self, name: str) -> None:
        """Forget what is kept under `name`."""
        self._write("DELETE FROM look WHERE name = ?", (kept(name),))

    def tables(self, prefix: str = "") -> list[str]:
        """The names under which settings are kept, those that begin with `prefix`, in order."""
        return [row[0] for row in self._rows("SELECT name FROM look ORDER BY name") if row[0].startswith(prefix)]

    def _acts(self, which: str, *values: object) -> list[Act]:
        columns = "id, at, batch, begun_at, act, subject, intent, outcome, state"
        return [_act(row) for row in self._rows(f"SELECT {columns} FROM journal {which}", *values)]

    def _mark(self, name: str, at: Millis) -> None:
        self._db.execute("INSERT OR REPLACE INTO mark VALUES (?, ?)", (name, at))

    def _marked(self, name: str) -> Millis | None:
        rows = self._rows("SELECT at FROM mark WHERE name = ?", name)
        return int(rows[0][0]) if rows else None


def _act(row: tuple[Any, ...]) -> Act:
    entry, at, batch, begun_at, act, subject, intent, outcome, state = row
    return Act(
        id=entry, at=at, batch=batch, begun_at=begun_at, act=act, subject=subject, intent=json.loads(intent),
        outcome=json.loads(outcome) if outcome else None, state=state,
    )  # fmt: skip
