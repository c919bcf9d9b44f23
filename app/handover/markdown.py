"""The shift in Markdown: what is open, what happened, what was done and by whom, and when nobody looked. Pure.

Whoever comes next reads it in a chat, a ticket or a terminal: other people's words in it are words and nothing else.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from typing import Final

from msgspec.structs import replace

from ..deeds import is_note, what
from ..exact import span
from ..records import SEVERITIES, Attention, Changes, Event, Gap, Millis, Note, Suspect
from ..store.state import Act
from ..text import markdown
from ..triage.sight import Sight

MOST: Final = 40
"""Lines of a part; of more it says how many."""
_SUSPECTS: Final = 3
_LONGEST: Final = 400
"""Characters of somebody's words."""

_TOLD: Final = frozenset({
    "promotion", "rollback", "alias moved", "version registered", "pipeline broke", "pipeline recovered",
    "check began to fail", "check recovered", "check fell silent", "rule loosened", "rule tightened", "rule removed",
    "threshold crossed", "threshold recovered", "alert firing", "alert over", "infrastructure changed",
    "infrastructure drifted", "infrastructure code changed", "data changed",
})  # fmt: skip
"""Kinds of events that are told one by one; others are counted."""
_WRITTEN: Final = frozenset({"note", "acknowledgement", "handover"})
"""Kinds that stand among what was done."""


def handover_markdown(
    sight: Sight | None,
    changes: Mapping[str, Changes],
    events: Sequence[Event],
    notes: Sequence[Note],
    acts: Sequence[Act],
    *,
    since: Millis,
    until: Millis,
    zone: tzinfo = UTC,
    project: str,
    who: str,
    environment: str = "",
    gaps: Sequence[Gap] = (),
    names: Mapping[str, str] | None = None,
) -> str:
    """The hand-over of the stretch from `since` until `until`, with times in the zone, which is named once.

    `sight` is what was seen last, None where nobody looked; `changes` what changed before an attention, by its id;
    `acts` are those of this machine's journal, and `who` did them. `names`: what people call a subject, by that.
    """
    clock = _Clock(zone, until)
    title = f"# Hand-over: {_words(project)}" + (f" ({_words(environment)})" if environment else "")
    parts = [
        [title, "", f"{clock.whole(since)} to {clock.whole(until)} {clock.name}, by {_words(who)}"],
        _open(sight, changes, clock),
        _happened(_within(events, since, until), clock),
        _done(acts, [_named(note, names or {}) for note in notes], since, until, who, clock),
        _unseen(gaps, since, until, clock),
    ]
    return "\n\n".join("\n".join(part) for part in parts if part) + "\n"


class _Clock:
    """Times as they are told: with the day where that is not the day of the hand-over."""

    def __init__(self, zone: tzinfo, now: Millis) -> None:
        self._zone = zone
        self._today = self._moment(now).date()
        self.name = f"{self._moment(now):%Z}"

    def __call__(self, at: Millis | None) -> str:
        if at is None:
            return "?"
        when = self._moment(at)
        return f"{when:%H:%M}" if when.date() == self._today else f"{when.day} {when:%b %H:%M}"

    def whole(self, at: Millis) -> str:
        """With the date."""
        when = self._moment(at)
        return f"{when:%a} {when.day} {when:%b %Y %H:%M}"

    def _moment(self, at: Millis) -> datetime:
        try:
            return datetime.fromtimestamp(at / 1000, self._zone)
        except (OverflowError, ValueError, OSError):  # a time of somebody's own making
            return datetime(1970, 1, 1, tzinfo=UTC)


def _within(events: Sequence[Event], since: Millis, until: Millis) -> list[Event]:
    return sorted((one for one in events if since <= one.at <= until), key=lambda one: (one.at, one.id))


def _words(exact: str) -> str:
    cut = exact if len(exact) <= _LONGEST else f"{exact[: _LONGEST - 1]}…"
    return markdown(cut) or "nobody"


def _listed(lines: Sequence[str], thing: str) -> list[str]:
    left = len(lines) - MOST
    return [*lines[:MOST], *([f"- and {left} more {thing}"] if left > 0 else [])]


# -- open ---------------------------------------------------------------------------------------------------------


def _open(sight: Sight | None, changes: Mapping[str, Changes], clock: _Clock) -> list[str]:
    if sight is None:
        return ["## Open", "", "Not known: no syncer has looked yet."]
    if not sight.attentions and sight.is_blind:
        return ["## Open", "", "Not known: nothing of production is watched yet."]
    if not sight.attentions:
        return ["## Open", "", f"Nothing needs attention (seen {clock(sight.at)}{_oldest(sight, clock)})."]
    gravest = sorted(sight.attentions, key=lambda one: (SEVERITIES.index(one.severity), one.is_quiet))
    lines = [line for one in gravest[:MOST] for line in _attention(one, changes.get(one.id), clock)]
    left = len(gravest) - MOST
    more = [f"- and {left} more"] if left > 0 else []
    return [f"## Open ({len(gravest)})", "", *lines, *more, "", f"Seen {clock(sight.at)}{_oldest(sight, clock)}."]


def _oldest(sight: Sight, clock: _Clock) -> str:
    if sight.oldest is None or not sight.oldest_source:
        return ""
    return f"; the oldest answer is that of {_words(sight.oldest_source)}, {clock(sight.oldest)}"


def _attention(one: Attention, changes: Changes | None, clock: _Clock) -> Iterator[str]:
    owner = f", {_words(one.owner)}'s" if one.owner else ""
    yield f"- **{one.severity}** {_words(one.title)}, since {clock(one.since)}{owner}"
    if one.reason:
        yield f"  - {_words(one.reason)}"
    if one.ack is not None:
        yield f"  - {_had(one.ack, clock)}"
    elif one.acked_before is not None:
        yield f"  - came back: {_had(one.acked_before, clock)}"
    for suspect in changes.suspects[:_SUSPECTS] if changes is not None else ():
        yield f"  - {_suspect(suspect, clock)}"
    back = changes.way_back if changes is not None else None
    if back is not None and back.version:
        figures = f" ({_words(', '.join(back.figures))})" if back.figures else ""
        yield f"  - way back: {_words(f'{back.model}@{back.alias}')} to v{_words(back.version)}{figures}"
    yield f"  - `quarterdeck open attention/{_plain(one.id)}`"


def _had(ack: Note, clock: _Clock) -> str:
    text = f": {_words(ack.text)}" if ack.text else ""
    return f"{_words(ack.author)} has it since {clock(ack.at)}{text}"


def _suspect(suspect: Suspect, clock: _Clock) -> str:
    told = next((reason for reason in suspect.reasons if reason != suspect.title), "")
    reason = f": {_words(told)}" if told else ""
    return f"{suspect.strength} suspect: {_words(suspect.title)} ({clock(suspect.at)}){reason}"


def _plain(text: str) -> str:
    return "".join(sign for sign in text if sign.isalnum())


# -- what happened ------------------------------------------------------------------------------------------------


def _happened(events: Sequence[Event], clock: _Clock) -> list[str]:
    told = [one for one in events if one.kind in _TOLD]
    others = Counter(one.kind for one in events if one.kind not in _TOLD | _WRITTEN)
    lines = _listed([_event(one, clock) for one in told], "events")
    counted = ", ".join(f"{_words(kind)} {number}" for kind, number in sorted(others.items()))
    if counted:
        lines = [*lines, *([""] if lines else []), f"Besides: {counted}."]
    return ["## What happened", "", *(lines or ["Nothing."])]


def _event(one: Event, clock: _Clock) -> str:
    when = f"{clock(one.not_before)} to {clock(one.at)}" if one.not_before is not None else clock(one.at)
    actor = f", by {_words(one.actor)}" if one.actor else ""
    return f"- {when} {one.kind}: {_words(one.title)}{actor}"


# -- what was done ------------------------------------------------------------------------------------------------


def _done(
    acts: Sequence[Act], notes: Sequence[Note], since: Millis, until: Millis, who: str, clock: _Clock
) -> list[str]:
    ours = [(act.at, act.id, _act(act, who, clock)) for act in acts if since <= act.at <= until and not is_note(act)]
    said = [(note.at, note.id, _note(note, clock)) for note in notes if since <= note.at <= until]
    lines = [line for *_, line in sorted([*ours, *said])]
    return ["## What was done", "", *(_listed(lines, "lines") or ["Nothing."])]


def _act(act: Act, who: str, clock: _Clock) -> str:
    sentence = str((act.outcome or {}).get("sentence", ""))
    name = str(act.intent.get("name") or act.subject)
    state = {"done": "", "failed": " failed", "unknown": ": what came of it is not known"}.get(act.state, " under way")
    told = f": {_words(sentence)}" if sentence and act.state != "done" else ""
    return f"- {clock(act.at)} **{_words(who)}** {_words(what(act))} on {_words(name)}{state}{told}"


def _named(note: Note, names: Mapping[str, str]) -> Note:
    """With what people call that which it is on, where it does not say so itself."""
    return replace(note, about=note.about or names.get(note.subject, ""))


def _note(note: Note, clock: _Clock) -> str:
    here = " (only here)" if note.is_here_only else ""
    text = f": {_words(note.text)}" if note.text else ""
    about = _words(note.about or note.subject)
    did = {
        "ack": f"has {about}{text}", "unack": f"let go of {about}{text}", "handover": "handed over",
        "note": f"on {about}{text}",
    }[note.kind]  # fmt: skip
    return f"- {clock(note.at)} **{_words(note.author)}** {did}{here}"


# -- when nobody looked -------------------------------------------------------------------------------------------


def _unseen(gaps: Sequence[Gap], since: Millis, until: Millis, clock: _Clock) -> list[str]:
    within = sorted((gap for gap in gaps if gap.until > since and gap.since < until), key=lambda gap: gap.since)
    lines = [f"- {clock(gap.since)} to {clock(gap.until)} ({span(gap.until - gap.since)})" for gap in within]
    return ["## Without a sync", "", *_listed(lines, "stretches")] if lines else []
