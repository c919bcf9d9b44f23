"""`quarterdeck handover`: the shift in Markdown, for whoever comes next."""

from __future__ import annotations

import sys
import time
from typing import Any

import click
import msgspec

from ..deeds import is_note, what
from ..handover import Shift, the_shift
from ..noting import handed_over
from ..records import Attention, Changes
from ..store.state import Act
from ..text import safe_lines
from .boundary import say
from .events import event_json, moment
from .note import keep, note_json
from .options import Options
from .place import settings_of, state_of, synced
from .printing import iso, print_object


@click.command("handover", short_help="The shift in Markdown: what is open, what happened, what was done.")
@click.option(
    "--since", metavar="TIME", help="From then on: 8h, 2026-03-07T19:00. Default: the last hand-over, or 12 h."
)
@click.option("--note", "keeps", is_flag=True, help="Keep it, and share it with the team: the next begins here.")
@click.option("--json", "as_json", is_flag=True, help="A JSON object; the Markdown is in it.")
@click.pass_obj
def handover_command(options: Options, since: str | None, keeps: bool, as_json: bool) -> int:
    """Print what is open, what happened, what was done and by whom, and when nobody looked, as Markdown.

    \b
      quarterdeck handover                      since the last hand-over of anybody, else of the last 12 hours
      quarterdeck handover --since 8h --note    and keep it where the team sees it
      quarterdeck handover | gh issue comment 12 --body-file -

    What other people wrote stands in it as words: no markup, no link, nobody is called.
    """
    settings, now = settings_of(options), time.time_ns() // 1_000_000
    start = None if since is None else moment(since, now, settings.zone)
    with synced(options, settings) as reader, state_of(settings) as state:
        shift = the_shift(settings, reader, state, now=now, since=start)
        names = {} if reader is None else {one.source: one.name for one in reader.source_states()}
        text = shift.markdown(settings)
        note = handed_over(settings, text) if keeps else None
        is_shared, sentence = keep(options, settings, state, note) if note is not None else (False, "")
    if as_json:
        made = None if note is None else note_json(note, is_shared=is_shared)
        print_object(shift_json(shift, names) | {"markdown": text, "note": made})
    else:
        sys.stdout.write(safe_lines(text))
    if note is not None:
        say("Kept and shared with the team." if is_shared else f"Kept, only here. {sentence}")
    return 0


def shift_json(shift: Shift, names: dict[str, str]) -> dict[str, Any]:
    """The shift as scripts get it; strings are exact."""
    attentions = () if shift.sight is None else shift.sight.attentions
    return {
        "since": iso(shift.since), "until": iso(shift.until), "who": shift.who,
        "seen_at": None if shift.sight is None else iso(shift.sight.at),
        "open": [_open(one, shift.changes.get(one.id)) for one in attentions],
        "happened": [event_json(event, names) for event in shift.events],
        "done": [_done(act) for act in shift.acts if not is_note(act)],
        "notes": [note_json(note, is_shared=not note.is_here_only) for note in shift.notes],
        "gaps": [{"since": iso(gap.since), "until": iso(gap.until)} for gap in shift.gaps],
    }  # fmt: skip


def _open(one: Attention, changes: Changes | None) -> dict[str, Any]:
    suspects = () if changes is None else changes.suspects
    return {
        "id": one.id, "subject": one.subject, "severity": one.severity, "since": iso(one.since), "title": one.title,
        "reason": one.reason, "state": one.state, "acknowledged_by": None if one.ack is None else one.ack.author,
        "suspects": [
            {"subject": each.subject, "strength": each.strength, "title": each.title, "reasons": list(each.reasons)}
            for each in suspects
        ],
    }  # fmt: skip


def _done(act: Act) -> dict[str, Any]:
    outcome: dict[str, Any] = msgspec.to_builtins(act.outcome) if act.outcome is not None else {}
    return {
        "at": iso(act.at), "act": act.act, "what": what(act), "subject": act.subject, "state": act.state,
        "sentence": outcome.get("sentence"),
    }  # fmt: skip
