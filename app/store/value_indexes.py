"""The indexes that a first sync does without.

To keep four indexes of values sorted while a store is read for the first time costs a third of the rate, and
nobody sorts by a column of a list that is still arriving. So an empty cache begins without them; they are made when
the first sync is over, or when there are so many runs that a query would feel their absence. The one of texts also
holds that each value is written once a key; until it is there, the writer's memory does, and a writer that does not
remember (it was killed, or a name has too many values) makes the index before it looks one up.
"""

from __future__ import annotations

import re
import sqlite3
from typing import Final

from . import schema

NAMES: Final = ("metric_value", "label_run", "label_number", "label_text")
FELT_FROM: Final = 50_000
"""Runs from which on the indexes are kept: until then a scan takes a tenth of a second."""


def statements() -> dict[str, str]:
    """Name -> the statement of the schema that makes the index, where it is not there yet."""
    found = re.finditer(r"CREATE (UNIQUE |)INDEX (\w+) ([^;]+)", schema.TABLES)
    return {m[2]: f"CREATE {m[1]}INDEX IF NOT EXISTS {m[2]} {m[3]}" for m in found if m[2] in NAMES}


def index_texts(connection: sqlite3.Connection) -> None:
    """Make the index that finds a label by its text, for a writer that has to look one up. Inside a transaction."""
    connection.execute(statements()["label_text"])


class ValueIndexes:
    """Whether a cache has them, and when it gets them."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._absent = self._missing() > 0
        if not self._absent and not self._runs():
            for name in NAMES:
                connection.execute(f"DROP INDEX IF EXISTS {name}")
            self._absent = True

    def _missing(self) -> int:
        marks = ", ".join("?" * len(NAMES))
        sql = f"SELECT count(*) FROM sqlite_master WHERE type = 'index' AND name IN ({marks})"
        return len(NAMES) - int(self._connection.execute(sql, NAMES).fetchone()[0])

    def _runs(self) -> int:
        return int(self._connection.execute("SELECT coalesce(max(id), 0) FROM run").fetchone()[0])

    def grown(self) -> None:
        """After a batch: there may be so many runs by now that they are felt."""
        if self._absent and self._runs() >= FELT_FROM:
            self.make()

    def make(self) -> None:
        """Make them, unless there is nothing yet to look up. Half a second for 50,000 runs."""
        if not self._absent or not self._runs():
            return
        for statement in statements().values():
            self._connection.execute(statement)
        self._absent = False
