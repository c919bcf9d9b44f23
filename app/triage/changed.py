"""All that happened in a window, sorted by what it lies upstream of in production."""

from __future__ import annotations

from collections.abc import Iterator

from ..records import Changes, Event, Millis, Record, Subject
from ..store.happened import happened
from ..store.reading import Reader
from ..store.state import State
from .candidates import written
from .case import Case
from .explain import candidates, explain
from .outlook import Outlook
from .window import WEEK, Symptom


class Upstream(Record, frozen=True, kw_only=True):
    """What happened upstream of one alias in production."""

    subject: str
    """alias/NAME@ALIAS; "" for what is upstream of none."""
    events: tuple[Event, ...] = ()
    """Newest first."""


class Happened(Record, frozen=True, kw_only=True):
    """What happened in a window. An event that lies upstream of several stands with each of them."""

    since: Millis
    until: Millis
    upstream: tuple[Upstream, ...] = ()
    """Of each alias in production that something happened to, by name."""
    others: tuple[Event, ...] = ()
    """What is upstream of nothing in production, newest first."""
    gaps: tuple[tuple[Millis, Millis], ...] = ()
    """Stretches in it without a sync, oldest first."""


def changed(
    reader: Reader, state: State, subject: Subject | None, outlook: Outlook, *, now: Millis,
    since: Millis | None = None, until: Millis | None = None, limit: int = 1_000,
) -> Happened | Changes:  # fmt: skip
    """What changed around a subject, ranked; without one all events of the window by what they are upstream of.

    `limit`: suspects, or events. 50 ms for each model in production. Raises UsageError as `explain` does.
    """
    if subject is not None:
        return explain(reader, state, subject, outlook, now=now, since=since, until=until, limit=limit)
    end = now if until is None else until
    since = end - WEEK if since is None else since
    with reader.at_one_moment():
        events = happened(reader, state, limit, since=since, until=end)
        found = tuple(_upstream(reader, state, outlook, events, now, since, end))
    told = {event.id for one in found for event in one.events}
    gaps = tuple((gap.since, gap.until) for gap in reversed(state.gaps(since=since)) if gap.since < end)
    others = tuple(event for event in events if event.id not in told)
    return Happened(since=since, until=end, upstream=found, others=others, gaps=gaps)


def _upstream(
    reader: Reader, state: State, outlook: Outlook, events: list[Event], now: Millis, since: Millis, until: Millis
) -> Iterator[Upstream]:
    for model, alias in in_production(reader, outlook):
        symptom = Symptom(
            subject=written("alias", model, alias), family="any", since=since, until=until, is_wrong=False,
            model=model, alias=alias,
        )  # fmt: skip
        case = Case(reader, state, outlook, symptom, now)
        joined = [one for one in candidates(case) if one.link not in ("none", "unknown")]
        subjects = {one.subject for one in joined} | {written("commit", sha) for one in joined for sha in one.commits}
        if case.bad is not None and case.bad.run is not None:
            subjects.add(written("run", case.bad.run.id))
        ids = {one.event for one in joined if one.event}
        own = tuple(
            event for event in events
            if event.id in ids or any(one in subjects or _is_own(one, model) for one in _about(event))
        )  # fmt: skip
        if own:
            yield Upstream(subject=symptom.subject, events=own)


def _about(event: Event) -> list[str]:
    """What an event is about: what ran on a commit says nothing of that commit."""
    refs = event.refs[:1] if event.kind.startswith(("run ", "pipeline ")) else event.refs
    return [ref.subject for ref in refs]


def in_production(reader: Reader, outlook: Outlook) -> list[tuple[str, str]]:
    """Model and alias of all that is in production, by name."""
    rows = reader.models.models()
    return [(row.model.name, one) for row in rows for one in outlook.aliases if one in row.model.aliases]


def _is_own(subject: str, model: str) -> bool:
    return subject.startswith((f"{written('model', model)}/", written("alias", model, "")))
