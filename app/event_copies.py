"""What can be copied of events: id, title, command, Markdown, JSON. Pure: records in, text out."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .comparison.forms import code
from .copies import Copy
from .exact import iso
from .records import Event, Subject


def event_copies(events: Sequence[Event], sources: Mapping[str, str] | None = None) -> list[Copy]:
    """The forms of one event, or of several at once; none where there is none. `sources`: labels by their keys."""
    if not events:
        return []
    several = "s" if len(events) > 1 else ""
    made = [event_json(event, sources or {}) for event in events]
    commands = [f"quarterdeck open {shlex.quote(_subject(event))}" for event in events]
    subjects = [event.refs[0].subject for event in events if event.refs]
    return [
        *([Copy(f"subject{several}", "\n".join(subjects))] if subjects else []),
        Copy(f"id{several}", "\n".join(event.id for event in events)),
        Copy(f"command{several}", "\n".join(commands)),
        Copy("Markdown", "\n".join(_markdown(event) for event in events) + "\n"),
        Copy("JSON", json.dumps(made if len(made) > 1 else made[0], allow_nan=False, indent=2) + "\n"),
    ]


def event_json(event: Event, sources: Mapping[str, str]) -> dict[str, Any]:
    """An event as `quarterdeck events --json` gives it; docs/commands.md explains the fields."""
    return {
        "id": event.id,
        "at": iso(event.at),
        "not_before": iso(event.not_before),
        "seen_at": iso(event.seen_at),
        "kind": event.kind,
        "actor": event.actor,
        "strength": event.strength,
        "title": event.title,
        "source": sources.get(event.source or "", event.source),
        "refs": [{"subject": ref.subject, "role": ref.role} for ref in event.refs],
    }


def _markdown(event: Event) -> str:
    """One line: what is pasted into the account of an incident."""
    when = iso(event.at) or "?"
    begins = f"{iso(event.not_before)} to " if event.not_before is not None else ""
    who = f", {code(event.actor)} ({event.strength})" if event.actor and event.strength else \
        f", {code(event.actor)}" if event.actor else ""  # fmt: skip
    about = f" {', '.join(code(subject) for subject in _subjects(event))}" if event.refs else ""
    return f"- {begins}{when} {event.kind}: {code(event.title)}{who}{about}"


def _subjects(event: Event) -> Iterable[str]:
    return dict.fromkeys(ref.subject for ref in event.refs[:4])


def _subject(event: Event) -> str:
    return str(Subject(kind="event", parts=(event.id,)))
