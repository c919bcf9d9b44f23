"""The indexes that a first sync does without.

To keep three indexes of values sorted while a store is read for the first time costs a quarter of the rate, and
nobody sorts by a column of a list that is still arriving. So an empty cache begins without them; they are made when
the first sync is over, or when there are so many runs that a query would feel their absence.
"""

from __future__ import annotations

import re
import sqlite3
from typing import Final

from . import schema

NAMES: Final = ("metric_value", "label_run", "label_number")
FELT_FROM: Final = 50_000
"""Runs from which on the indexes are kept: until then a scan takes a tenth of a second."""


def statements() -> list[str]:
    """The statements of the schema that make them."""
    return [m[0] for m in re.finditer(r"CREATE INDEX (\w+) [^;]+", schema.TABLES) if m[1] in NAMES]


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
        for statement in statements():
            self._connection.execute(statement.replace("CREATE INDEX", "CREATE INDEX IF NOT EXISTS"))
        self._absent = False
