"""`quarterdeck changed`: what happened in a window, and what of it may have broken something."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final

import click

from ..errors import QuarterdeckError
from ..records import Changes, Event, Millis, Suspect
from ..store.model_events import called
from ..store.state import State
from ..text import shown
from ..triage import Happened, changed, kept_sight, outlook
from ..triage.changes_json import changes_json
from ..triage.symptom import is_known
from ..triage.window import WEEK, lasting
from .events import event_json, moment
from .naming import meant
from .options import Options
from .place import settings_of, state_of, synced
from .printing import iso, print_object, print_text

_LIMIT: Final = 10


@click.command("changed", short_help="What changed, and what of it may have broken something.")
@click.argument("subject", required=False)
@click.option("--since", metavar="TIME", help="From then on: 3h, 2d, 2026-03-07T03:00Z. Default: of SUBJECT its own "
              "window, from when it was last good; else the last 7 days.")  # fmt: skip
@click.option("--until", metavar="TIME", help="Until then. Default: of SUBJECT when it was first bad; else now.")
@click.option(
    "--limit", type=click.IntRange(min=1, max=10_000), metavar="N",
    help="At most so many suspects (10), or events (1000).",
)  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="One JSON object; strings exact.")
@click.pass_obj
def changed_command(
    options: Options, subject: str | None, since: str | None, until: str | None, limit: int | None, as_json: bool
) -> int:  # fmt: skip
    """Rank what changed around SUBJECT before it broke; without SUBJECT, list what happened upstream of production.

    \b
      quarterdeck changed alias/churn@champion           why is it worse than it was?
      quarterdeck changed pipeline/8812 --json | jq -r '.suspects[0].evidence[].subject'
      quarterdeck changed --since 12h --until 4h         the shift, by what it is upstream of

    Ranked by written rules over what is cached: when it happened, by what it is joined to SUBJECT, and whether such a
    change causes such trouble. docs/triage.md says them. Times without a zone are in the display zone.
    """
    settings, now = settings_of(options), time.time_ns() // 1_000_000
    start = None if since is None else moment(since, now, settings.zone)
    end = None if until is None else moment(until, now, settings.zone)
    with synced(options, settings) as reader, state_of(settings) as state:
        thing = None if subject is None else meant(subject, _attentions(state), reader, settings)
        if reader is None:
            return 3
        if thing is not None and not is_known(reader, state, thing):
            name = shown(str(thing))
            raise QuarterdeckError(f"There is no {name} in the cache; `quarterdeck sync` reads what is new.")
        if thing is not None:
            found: Happened | Changes = changed(
                reader, state, thing, outlook(settings), now=now, since=start, until=end, limit=limit or _LIMIT
            )
        else:
            found = changed(
                reader, state, None, outlook(settings), now=now, since=now - WEEK if start is None else start,
                until=end, limit=limit or 1_000,
            )  # fmt: skip
        names = {one.source: one.name for one in reader.source_states()}
    if as_json:
        print_object(changes_json(found) if isinstance(found, Changes) else _happened_json(found, names))
    else:
        for line in _changes(found) if isinstance(found, Changes) else _happened(found):
            print_text(line)
    return 0


def _attentions(state: State) -> list[str]:
    """Ids of what needs attention, as a syncer saw it last."""
    kept = kept_sight(state)
    return [] if kept is None else [one.id for one in kept[1].attentions]


# -- one thing ------------------------------------------------------------------------------------------------------


def _changes(found: Changes) -> Iterator[str]:
    yield f"{found.subject}  {iso(found.since)} to {iso(found.until)}"
    if found.sentence:
        yield found.sentence
    for suspect in found.suspects:
        yield from _suspect(suspect)
    if back := found.way_back:
        gates = ", ".join(f"{count} {state}" for state, count in back.gates)
        held = f", {back.alias} for {lasting(back.held_for)}" if back.held_for else ""
        told = [f"way back: {called(back.version)}{held}" if back.version else "way back: none", *back.figures]
        yield (
            ", ".join(told)
            + (f"; own gates now: {gates}" if gates else "")
            + (f". {back.sentence}" if back.sentence else "")
        )
    if found.others:
        yield "also: " + ", ".join(f"{count} × {kind}" for kind, count in found.others)
    yield from _gaps(found.gaps)


def _suspect(one: Suspect) -> Iterator[str]:
    yield f"{one.strength:<9} {one.kind:<15} {one.title}  {_when(one.not_before, one.at)}" + (
        f"  {one.actor}" if one.actor else ""
    )
    yield from (f"          {reason}" for reason in one.reasons)
    yield from (f"          → {item.subject}  {item.text}" for item in one.evidence if item.subject)


def _when(low: Millis | None, high: Millis) -> str:
    """`2026-03-07T19:02–20:55Z`: a range where nobody looked in between."""
    if low is None or low == high:
        return str(iso(high))
    ends = [datetime.fromtimestamp(at / 1000, UTC) for at in (low, high)]
    return f"{ends[0]:%Y-%m-%dT%H:%M}–{ends[1]:{'%H:%M' if ends[0].date() == ends[1].date() else '%m-%dT%H:%M'}}Z"


def _gaps(gaps: tuple[tuple[Millis, Millis], ...]) -> Iterator[str]:
    for since, until in gaps:
        yield f"no sync {_when(since, until)}: times in it are ranges"


# -- everything -----------------------------------------------------------------------------------------------------


def _happened(found: Happened) -> Iterator[str]:
    yield f"{iso(found.since)} to {iso(found.until)}"
    for group in found.upstream:
        yield f"upstream of {group.subject}"
        yield from map(_event, group.events)
    if found.others:
        yield "upstream of nothing in production" if found.upstream else "nothing of it is upstream of production"
        yield from map(_event, found.others)
    if not found.upstream and not found.others:
        yield "Nothing happened, as far as is known."
    yield from _gaps(found.gaps)


def _event(event: Event) -> str:
    subject = event.refs[0].subject if event.refs else ""
    return "  " + "  ".join(
        filter(None, [_when(event.not_before, event.at), event.kind, event.title, event.actor, subject])
    )


def _happened_json(found: Happened, names: dict[str, str]) -> dict[str, Any]:
    return {
        "since": iso(found.since), "until": iso(found.until),
        "upstream": [
            {"subject": one.subject, "events": [event_json(event, names) for event in one.events]}
            for one in found.upstream
        ],
        "others": [event_json(event, names) for event in found.others],
        "gaps": [{"since": iso(since), "until": iso(until)} for since, until in found.gaps],
    }  # fmt: skip
