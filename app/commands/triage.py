"""`quarterdeck triage`: what needs attention, worst first, and what may have caused it."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import click

from ..query import ATTENTIONS, Node, matches_attention
from ..records import Attention, Changes, Millis, Severity, Subject, Suspect, WayBack
from ..store.model_events import called
from ..store.reading import Reader
from ..store.state import State
from ..triage import Outlook, Sight, explain, look, outlook
from ..triage.attention_json import attention_json
from .boundary import say
from .filters import filter_of
from .naming import meant
from .options import Options
from .place import settings_of, state_of, synced
from .printing import ago, iso, print_json, print_text

EXPLAINED: Final = 25
"""Attentions, the worst first, for which suspects are looked for: each costs a few tens of milliseconds."""
SUSPECTS: Final = 3
"""Suspects that are printed of each where several attentions are."""
_GLYPHS: Final[Mapping[Severity, str]] = {"critical": "✖", "high": "▲", "medium": "▲", "low": "·"}


@click.command("triage", short_help="What needs attention, worst first, and what may have caused it.")
@click.argument("subject", required=False)
@click.option(
    "--filter",
    "text",
    metavar="TEXT",
    default="",
    help="Only those for which this holds, in the grammar of the screens.",
)
@click.option("--limit", type=click.IntRange(min=0), metavar="N", help="At most so many.")
@click.option("--exit-code", is_flag=True, help="End with 1 when there is one that nobody has, or nothing is known.")
@click.option("--json", "as_json", is_flag=True, help="A JSON array with every field; strings exact.")
@click.pass_obj
def triage_command(
    options: Options, subject: str | None, text: str, limit: int | None, exit_code: bool, as_json: bool
) -> int:  # fmt: skip
    """List what needs attention by what it endangers, each with suspects, their evidence, and the way back.

    With SUBJECT only what is about it, all of it where somebody has it already: attention/ID or the beginning of the
    id, alias/churn@champion, check/ID, pipeline/ID ...

    \b
      quarterdeck triage
      quarterdeck triage 9b8e
      quarterdeck triage alias/churn@champion
      quarterdeck triage --filter 'severity:critical,high and not acknowledged' --exit-code || page-somebody
      quarterdeck triage --json | jq -r '.[] | [.severity, .title, .suspects[0].title] | @tsv'

    Written rules, in docs/watch.md and docs/triage.md: the same cache gives the same answer. Reads the cache only, and
    says how old the oldest answer in it is. With --exit-code what --limit cuts off counts too.
    """
    settings, now = settings_of(options), time.time_ns() // 1_000_000
    where, own = filter_of(text, settings.zone, vocabulary=ATTENTIONS), outlook(settings)
    with synced(options, settings) as reader, state_of(settings) as state:
        if reader is None:
            if subject is not None:
                meant(subject, (), None, settings)  # what names nothing is refused, whatever is known
            if as_json:
                print_json([])
            return int(exit_code)
        sight = look(reader, state, own, now=now)
        ids = [one.id for one in sight.attentions]
        thing = None if subject is None else meant(subject, ids, reader, settings)
        found = [one for one in sight.attentions if _is_asked_for(one, thing, where)]
        changes = _explained(reader, state, found[:limit], own, now, is_one=thing is not None)
    if as_json:
        print_json(attention_json(one, changes.get(one.id)) for one in found[:limit])
        say(_age(sight))
    else:
        for line in _lines(sight, found, changes, asked=_asked(thing, text), limit=limit):
            print_text(line)
    return int(exit_code and any(not one.is_quiet for one in found))


def _is_asked_for(one: Attention, thing: Subject | None, where: Node | None) -> bool:
    if where is not None and not matches_attention(where, one):
        return False
    return thing is None or _speaks_of(one, str(thing))


def _speaks_of(one: Attention, subject: str) -> bool:
    """Also where it is written as the beginning: model/churn of model/churn/14."""
    subjects = {f"attention/{one.id}", one.subject, *(signal.subject for signal in one.signals)}
    subjects |= {ref.subject for signal in one.signals for ref in signal.refs}
    subjects |= {f"model/{signal.model}" for signal in one.signals if signal.model}
    return subject in subjects


def _explained(
    reader: Reader, state: State, found: Sequence[Attention], own: Outlook, now: Millis, *, is_one: bool
) -> dict[str, Changes]:
    """What changed before each. `is_one`: one thing was asked for, so that what somebody has is explained as well."""
    asked = [one for one in found if is_one or len(found) == 1 or not one.is_quiet]
    return {one.id: explain(reader, state, one, own, now=now) for one in asked[:EXPLAINED]}


# -- for people -----------------------------------------------------------------------------------------------------


def _asked(thing: Subject | None, text: str) -> str:
    """What was asked for, as the end of a sentence; empty: everything."""
    about = [f" about {thing}"] if thing is not None else []
    return "".join([*about, *([f" for which “{text}” holds"] if text.strip() else [])])


def _lines(
    sight: Sight, found: Sequence[Attention], changes: Mapping[str, Changes], *, asked: str, limit: int | None
) -> Iterator[str]:
    told = found[:limit]
    most = SUSPECTS if len(told) > 1 else 100
    for one in sorted(told, key=lambda one: one.is_quiet):
        yield from _folded(one) if one.is_quiet and one.id not in changes else _attention(
            one, changes.get(one.id), sight.at, most
        )  # fmt: skip
    yield from _rest(sight, found, len(told), asked)
    if not asked and sight.happened:
        kinds = ", ".join(f"{number} × {kind}" for kind, number in sight.happened)
        yield f"since {iso(sight.since)}: {kinds}"
    yield _watched(sight)
    yield _age(sight)


def _rest(sight: Sight, found: Sequence[Attention], told: int, asked: str) -> Iterator[str]:
    """What was not told: how much the limit cut off, that nothing else is wrong, and what is wrong elsewhere."""
    if len(found) > told:
        yield f"and {len(found) - told} more: --limit cut them off"
    if all(one.is_quiet for one in found):
        yield (
            "● all is well"
            if not asked and not found
            else f"● nothing{' else' if found else ''}{asked} needs attention"
        )
    known = {one.id for one in found}
    elsewhere = sum(one.id not in known and not one.is_quiet for one in sight.attentions)
    if elsewhere:
        yield f"elsewhere {elsewhere} need{'s' if elsewhere == 1 else ''} attention: `quarterdeck triage` lists all"


def _folded(one: Attention) -> Iterator[str]:
    yield f"– {one.title}  since {iso(one.since)}  {_whose(one)}"
    yield f"  attention/{one.id}"


def _whose(one: Attention) -> str:
    assert one.ack is not None
    return f"{one.ack.author or 'somebody'} has it (claimed){f': {one.ack.text}' if one.ack.text else ''}"


def _attention(one: Attention, changes: Changes | None, now: Millis, most: int) -> Iterator[str]:
    whose = _whose(one) if one.is_quiet else one.owner or "no owner"
    back = f"   {one.acked_before.author or 'somebody'} had it: it came back" if one.acked_before else ""
    glyph = "–" if one.is_quiet else _GLYPHS[one.severity]
    yield f"{glyph} {one.title}   since {iso(one.since)} ({ago(one.since, now)})   {whose}{back}"
    yield f"  {one.severity}: {one.reason}" if one.reason else f"  {one.severity}"
    yield from (f"  also  {signal.title}   since {iso(signal.since)}" for signal in one.signals[1:][:most])
    if changes is None:
        yield f"  attention/{one.id}"
        return
    if changes.sentence:
        yield f"  {changes.sentence}"
    for suspect in changes.suspects[:most]:
        yield from _suspect(suspect)
    if changes.way_back is not None:
        yield _way_back(changes.way_back)
    yield f"  attention/{one.id}"


def _suspect(one: Suspect) -> Iterator[str]:
    actor = f"  {one.actor}" if one.actor else ""
    when = iso(one.at) if one.not_before in (None, one.at) else f"{iso(one.not_before)} to {iso(one.at)}"
    yield f"  {one.strength:<9} {one.kind:<15} {one.title}  {when}{actor}"
    yield from (f"            {reason}" for reason in [each for each in one.reasons if each != one.title][:1])
    yield from (f"            → {item.subject}  {item.text}" for item in one.evidence[:1] if item.subject)


def _way_back(back: WayBack) -> str:
    if not back.version:
        return f"  way back: none. {back.sentence}".rstrip()
    gates = ", ".join(f"{number} {state}" for state, number in back.gates)
    told = ", ".join((f"way back: {called(back.version)}", *back.figures))
    return f"  {told}{f'; own gates now: {gates}' if gates else ''}{f'. {back.sentence}' if back.sentence else ''}"


def _watched(sight: Sight) -> str:
    found = ", ".join(f"{number} {_one(name) if number == 1 else name}" for name, number in sight.watched if number)
    return f"watched: {found}" if found else "there is nothing to watch yet"


def _one(name: str) -> str:
    return name if name == "series" else name.removesuffix("s")


def _age(sight: Sight) -> str:
    if sight.oldest is None:
        return "no source has answered yet"
    return f"oldest answer: {ago(sight.oldest, sight.at)} ({sight.oldest_source})"
