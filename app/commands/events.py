"""`quarterdeck events`: what happened, filtered, newest first."""

from __future__ import annotations

import re
import time
from datetime import datetime, tzinfo
from typing import Any, Final

import click

from ..errors import UsageError
from ..query import EVENTS, Field
from ..records import Event, Millis
from ..settings import seconds
from ..store.event_order import find_events
from .filters import filter_of, sort_of
from .options import Options
from .place import settings_of, state_of, synced
from .printing import Head, iso, print_json, print_table

HEADS: Final = (Head("at"), Head("kind"), Head("actor"), Head("title"), Head("subject"))
_RELATIVE: Final = re.compile(r"-?(\d+(?:\.\d+)?\s*(?:ms|s|m|h|d|w))")


@click.command("events", short_help="What happened, filtered, newest first.")
@click.option(
    "--limit", type=click.IntRange(min=0), default=100, show_default=True, metavar="N", help="At most so many."
)
@click.option(
    "--filter",
    "text",
    metavar="TEXT",
    default="",
    help="Only those for which this holds, in the grammar of the screens.",
)
@click.option("--sort", metavar="at[:desc]", help="at: the oldest first; default at:desc.")
@click.option("--since", metavar="TIME", help="Only from then on: 3h, 2d, 2026-03-07, 2026-03-07T03:00Z.")
@click.option("--until", metavar="TIME", help="Only before then.")
@click.option("--json", "as_json", is_flag=True, help="A JSON array with every field; strings exact.")
@click.pass_obj
def events_command(
    options: Options, limit: int, text: str, sort: str | None, since: str | None, until: str | None, as_json: bool
) -> None:
    """List what happened: commits, runs and pipelines that ended, promotions, aliases that moved, thresholds that were
    crossed, what people wrote, and what else no vendor tells.

    \b
      quarterdeck events --since 8h
      quarterdeck events --filter 'kind:alias,promotion model:churn'
      quarterdeck events --filter 'subject = "commit/4f2c..." or actor:ann' --until 2d
      quarterdeck events --since 2026-03-07T19:00 --json | jq -r '.[] | [.at, .kind, .title] | @tsv'

    Times without a zone are in the display zone; what is printed is UTC.
    """
    settings, now = settings_of(options), time.time_ns() // 1_000_000
    start, end = (None if word is None else moment(word, now, settings.zone) for word in (since, until))
    where, oldest_first = filter_of(text, settings.zone, vocabulary=EVENTS), _is_oldest_first(sort)
    with synced(options, settings) as reader, state_of(settings) as state:
        found = find_events(reader, state, where, limit=limit, since=start, until=end, oldest_first=oldest_first)
        names = {} if reader is None else {one.source: one.name for one in reader.source_states()}
    if as_json:
        print_json(event_json(event, names) for event in found)
    else:
        print_table(HEADS, [_row(event) for event in found])


def _is_oldest_first(sort: str | None) -> bool:
    """Events are ordered by time, from either end. Raises FilterError and UsageError."""
    if sort is None:
        return False
    order = sort_of(sort, vocabulary=EVENTS)
    if order.field != Field("event", "at"):
        raise UsageError(f"--sort: events are ordered by at only, not by {order.field.name}: write at or at:desc.")
    return not order.descending


def moment(text: str, now: Millis, zone: tzinfo) -> Millis:
    """`3h` (ago), a date, or a date and time -> UTC milliseconds. Raises UsageError."""
    if relative := _RELATIVE.fullmatch(text.strip()):
        return now - round(1000 * seconds(relative[1]))
    try:
        when = datetime.fromisoformat(text.strip())
        return round(1000 * (when if when.tzinfo else when.replace(tzinfo=zone)).timestamp())
    except (ValueError, OverflowError) as error:
        raise UsageError(f"“{text}” is no time: write 3h, 2d, 2026-03-07 or 2026-03-07T03:00Z.") from error


def event_json(event: Event, names: dict[str, str]) -> dict[str, Any]:
    """An event as `--json` shows it."""
    return {
        "id": event.id,
        "at": iso(event.at),
        "not_before": iso(event.not_before),
        "seen_at": iso(event.seen_at),
        "kind": event.kind,
        "actor": event.actor,
        "strength": event.strength,
        "title": event.title,
        "source": names.get(event.source or "", event.source),
        "refs": [{"subject": ref.subject, "role": ref.role} for ref in event.refs],
    }


def _row(event: Event) -> list[str]:
    return [
        iso(event.at) or "",
        event.kind,
        event.actor or "",
        event.title,
        event.refs[0].subject if event.refs else "",
    ]
