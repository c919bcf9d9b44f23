"""Rows of the cache that tell an event each, where they may be many: runs, commits, pipelines."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Final, NamedTuple

from ..query.event_sql import Column, Columns
from ..records import Event
from .code_events import CODE, COMMIT, CommitEvents
from .events import BEFORE, PIPELINE, RUN, VOUCHED, pipeline_event, run_event
from .schema import odd

Make = Callable[..., Event]
"""An event out of the columns of `Rows.select`."""


class Rows(NamedTuple):
    """One table, and what its rows say of their events."""

    table: str
    """With the letter that stands for it."""
    letter: str
    at: str
    by_time: str
    """The index by `at`."""
    is_older_first: bool
    """Of equal times the smaller row id is the newer."""
    tells: str
    """The condition under which a row tells of anything."""
    written: str
    """What grows with every row that is written, and with every change of one."""
    is_by_clock: bool
    """It is a time, in milliseconds: when it was written."""
    silent: str
    """The condition under which a row tells nothing any more, of those that came to it without being `written`."""
    counts: tuple[str, ...]
    """The counts of `Content` that are raised when what rows tell may have changed."""
    is_alone: bool
    """What a row tells depends on no other row: no filter passes or leaves it out for what another one says."""
    identity: tuple[str, str]
    """Of what an event's id is made: a word, and an expression (see `event_id`)."""
    odd: str
    """Those whose names are not written in a subject as they are, found by an index; "" where there are none."""
    columns: Callable[[str], Columns]
    """By the condition under which a row is not odd."""
    select: str
    """With `s` for the source."""
    make: Callable[[sqlite3.Connection], Make]


def _label(letter: str) -> Column:
    return Column(f"(SELECT l.name FROM source AS l WHERE l.id = {letter}.source)")


_NOBODY: Final[tuple[Column, ...]] = ()
_FORGE: Final = ", ".join(f"'{kind}'" for kind in VOUCHED)

RUNS: Final = Rows(
    table="run AS r", letter="r", at="r.ended_at", by_time="run_ended", is_older_first=False,
    tells="r.status IN ('finished', 'failed', 'killed')", written="r.seen_at", is_by_clock=True,
    silent="r.status = 'deleted'", counts=("runs",), is_alone=True, identity=("run finished", "r.native"),
    odd="SELECT o.id FROM run AS o INDEXED BY run_odd WHERE " + odd("o.native", "o.git_commit"),
    columns=lambda exact: Columns(
        {"run finished": "1"},
        {
            "title": (Column("r.name || ' ' || r.status"),),
            "actor": (Column("r.user", may_be_empty=True),),
            "strength": (Column("CASE WHEN r.user <> '' THEN 'claimed' END"),),
            "source": (_label("r"),),
            "subject": (Column("r.native", exact, "run"), Column("r.git_commit", exact, "commit", may_be_empty=True)),
            "model": _NOBODY, "not_before": _NOBODY, "seen_at": _NOBODY, "at": (Column("r.ended_at"),),
        },
    ),
    select=RUN,
    make=lambda connection: run_event,
)  # fmt: skip

COMMITS: Final = Rows(
    table="git_commit AS c", letter="c", at="c.committed_at", by_time="git_commit_at", is_older_first=True, tells="1",
    written="c.id", is_by_clock=False, silent="0", counts=("commits", "infra"), is_alone=False,
    identity=("commit", "c.sha"), odd="",
    columns=lambda exact: Columns(
        {"commit": "NOT c.is_infra", CODE: "c.is_infra"},
        {
            "title": (Column("c.subject", may_be_empty=True),),
            "actor": (Column("c.author", may_be_empty=True),),
            "strength": (Column("'claimed'"),),
            "source": (_label("c"),),
            # those of infrastructure speak of stacks, too
            "subject": (Column("c.sha", "1", "commit"), Column("NULL", "(NOT c.is_infra)")),
            "model": _NOBODY, "not_before": _NOBODY, "seen_at": _NOBODY, "at": (Column("c.committed_at"),),
        },
    ),
    select=COMMIT,
    make=lambda connection: CommitEvents(connection).event,
)  # fmt: skip

_BROKE: Final = f"(p.status = 'failed' AND {BEFORE} IS 'passed')"
_RECOVERED: Final = f"(p.status = 'passed' AND {BEFORE} IS 'failed')"

PIPELINES: Final = Rows(
    table="pipeline AS p", letter="p", at="p.ended_at", by_time="pipeline_ended", is_older_first=False,
    tells="p.status IN ('passed', 'failed', 'cancelled')", written="p.changed_at", is_by_clock=True, silent="0",
    counts=("pipelines",), is_alone=False, identity=("pipeline", "p.native || '#' || p.attempt"),
    odd="SELECT o.id FROM pipeline AS o INDEXED BY pipeline_odd WHERE " + odd("o.native", 'o."commit"'),
    columns=lambda exact: Columns(
        {
            "pipeline broke": _BROKE,
            "pipeline recovered": _RECOVERED,
            "pipeline finished": f"NOT {_BROKE} AND NOT {_RECOVERED}",
        },
        {
            "title": (
                Column(
                    "p.name || CASE WHEN p.number <> '' THEN ' #' || p.number ELSE '' END || ' ' || p.status"
                    " || CASE WHEN p.branch <> '' THEN ' on ' || p.branch ELSE '' END"
                ),
            ),
            "actor": (Column("p.actor", may_be_empty=True),),
            "strength": (
                Column(
                    f"CASE WHEN p.actor = '' THEN NULL WHEN (SELECT l.kind FROM source AS l WHERE l.id = p.source)"
                    f" IN ({_FORGE}) THEN 'forge' ELSE 'claimed' END"
                ),
            ),
            "source": (_label("p"),),
            "subject": (
                Column("p.native", exact, "pipeline"),
                Column('p."commit"', exact, "commit", may_be_empty=True),
            ),
            "model": _NOBODY, "not_before": _NOBODY, "seen_at": _NOBODY, "at": (Column("p.ended_at"),),
        },
    ),
    select=PIPELINE,
    make=lambda connection: pipeline_event,
)  # fmt: skip
