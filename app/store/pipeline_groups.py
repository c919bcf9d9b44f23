"""Pipelines by branch or by commit: of each the newest of every name, read without their jobs."""

from __future__ import annotations

import sqlite3
from typing import Final, Literal

from ..query import Node, pipeline_sql
from ..records import Millis, Record
from .pipelines import WORST_FIRST

By = Literal["branch", "commit"]


class PipelineGroup(Record, frozen=True, kw_only=True):
    """What ran on a branch, or on a commit: of each name the newest."""

    by: By
    name: str
    """The branch, or the whole sha; "" for pipelines that name none."""
    at: Millis
    """When the newest of them came."""
    commit: str | None = None
    """That of the newest."""
    title: str = ""
    members: tuple[tuple[str, str, int], ...] = ()
    """Name, status and row id of each, newest first."""

    @property
    def status(self) -> str:
        """The worst of them."""
        found = {status for _, status, _ in self.members}
        return next((status for status in WORST_FIRST if status in found), "unknown")


_COLUMN: Final = {"branch": "branch", "commit": "coalesce(\"commit\", '')"}


def pipeline_groups(connection: sqlite3.Connection, where: Node | None, by: By) -> list[PipelineGroup]:
    """Groups of the pipelines that pass the filter, the one in which something ran last first.

    Reads a line of each pipeline: some 25 ms for 10,000. For a reader's thread.
    """
    test = pipeline_sql.test(where)
    sql = (
        f'SELECT {_COLUMN[by]}, source, name, status, id, at, "commit", title FROM pipeline'
        f" WHERE +source IN (SELECT id FROM source WHERE NOT hidden) AND {test.text} ORDER BY at DESC, id DESC"
    )
    heads: dict[str, tuple[int, str | None, str]] = {}
    members: dict[str, dict[tuple[int, str], tuple[str, str, int]]] = {}
    for group, source, name, status, rowid, at, commit, title in connection.execute(sql, test.parameters):
        heads.setdefault(group, (at, commit, title))
        members.setdefault(group, {}).setdefault((source, name), (name, status, rowid))
    return [
        PipelineGroup(by=by, name=name, at=at, commit=commit, title=title, members=tuple(members[name].values()))
        for name, (at, commit, title) in heads.items()
    ]
