"""From signals to what needs attention: those of one cause under the gravest of them, and who has it. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from hashlib import blake2b
from typing import Final

from msgspec.structs import replace

from ..records import SEVERITIES, Attention, Millis, Note, Signal, SignalKind
from .severity import rank
from .signs import Group, Sign, written

_GONE_BAD: Final = frozenset({"threshold", "burn", "alert"})
"""Kinds by which something is known to be wrong, and since when."""
REACH: Final = 7 * 86_400_000
"""Milliseconds for which what went wrong upstream may be why something else goes bad."""
AHEAD: Final = 2 * 60_000
"""Milliseconds that another machine's clock may be ahead of ours."""
SINCE_UNKNOWN: Final = "since unknown"
"""Ends the state of what was so when it was first looked at, or never answered: its time is no new stretch."""

Acks = Mapping[str, Note]
"""Subject -> the newest acknowledgement of it, or word that nobody has it any more."""


def attention_id(kind: SignalKind, subject: str) -> str:
    """Who an attention is: 16 hex digits of its leading signal's kind and subject, the same in every clone."""
    text = f"attention\0{kind}\0{subject}"
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


def attentions(signs: Iterable[Sign], acks: Acks) -> tuple[Attention, ...]:
    """What needs attention, the worst first, of equals what began last; what somebody has at the end."""
    found = [_attention(group, acks) for group in _grouped(signs)]
    found.sort(key=lambda one: (one.is_quiet, rank(one.severity), -one.since, one.id))
    return tuple(found)


def newest_acks(notes: Iterable[Note], now: Millis) -> tuple[dict[str, Note], Millis | None]:
    """Of all notes those by which something is acknowledged, or no more: the newest of each subject; and when the next
    one is to count.

    One of a time to come waits for it: notes are free for all, and nobody could ever take back what is newer than now.
    """
    found: dict[str, Note] = {}
    told = [note for note in notes if note.kind in ("ack", "unack")]
    for note in told:
        if note.at <= now + AHEAD:
            before = found.get(note.subject)
            if before is None or (before.at, before.id) < (note.at, note.id):
                found[note.subject] = note
    return found, min((note.at - AHEAD for note in told if note.at > now + AHEAD), default=None)


# -- one cause ----------------------------------------------------------------------------------------------------


def _grouped(signs: Iterable[Sign]) -> list[list[Signal]]:
    groups: dict[Group, list[Sign]] = defaultdict(list)
    for sign in signs:
        groups[sign.group].append(sign)
    joined: dict[Group, list[Signal]] = {group: [one.signal for one in own] for group, own in groups.items()}
    for group in sorted(groups):
        target = _target(groups[group], groups)
        if target is not None:
            joined[target] += joined.pop(group)
    return list(joined.values())


def _target(own: Sequence[Sign], groups: Mapping[Group, list[Sign]]) -> Group | None:
    """The group that these belong to as well: something there went bad after one of them began."""
    asked = sorted({(join, sign.signal.not_before or sign.signal.since) for sign in own for join in sign.joins})
    for join, began in asked:
        bad = (one.signal.since for one in groups.get(join, ()) if one.signal.kind in _GONE_BAD)
        if any(began <= since <= began + REACH for since in bad):
            return join
    return None


def _attention(signals: list[Signal], acks: Acks) -> Attention:
    signals.sort(key=lambda one: (rank(one.severity), one.since, one.kind, one.subject))
    lead = signals[0]
    made = Attention(
        id=attention_id(lead.kind, lead.subject), subject=lead.subject, severity=lead.severity, since=lead.since,
        not_before=lead.not_before, title=lead.title, reason=lead.reason, owner=lead.owner, signals=tuple(signals),
        state=f"{lead.severity}: {', '.join(sorted({one.kind for one in signals}))}",
    )  # fmt: skip
    return _with_ack(made, acks)


# -- who has it ---------------------------------------------------------------------------------------------------


def _with_ack(one: Attention, acks: Acks) -> Attention:
    subjects = (written("attention", one.id), one.subject)
    found = [note for subject in subjects if (note := acks.get(subject)) is not None]
    newest = max(found, key=lambda note: (note.at, note.id), default=None)
    if newest is None or newest.kind != "ack":
        return one
    return replace(one, ack=newest) if holds(newest, one) else replace(one, acked_before=newest)


def holds(ack: Note, one: Attention) -> bool:
    """Whether an acknowledgement still speaks of what is so: nothing graver, nothing of another kind, no new stretch.

    One without a state, from somewhere else, speaks of whatever it stood on.
    """
    if beginning(one) > ack.at:
        return False
    grave, kinds = _read(ack.state)
    return not ack.state or (rank(one.severity) >= grave and {signal.kind for signal in one.signals} <= kinds)


def _read(state: str) -> tuple[int, set[str]]:
    word, _, kinds = state.partition(": ")
    return (SEVERITIES.index(word) if word in SEVERITIES else len(SEVERITIES)), set(kinds.split(", "))


def beginning(one: Attention) -> Millis:
    """When it began, as what tells one stretch of it from another: 0 where nobody knows that, and `since` is only when
    it was looked at."""
    return _began(one.signals[0]) if one.signals else one.since


def _began(signal: Signal) -> Millis:
    return 0 if signal.state.endswith(SINCE_UNKNOWN) else signal.since


def facts_of(one: Attention) -> tuple[tuple[str, str, Millis, str], ...]:
    """What makes an attention what it is, without figures: when this differs, what caused it is to be looked for anew.

    Kind, subject, beginning and model version of each of its signals.
    """
    return tuple((signal.kind, signal.subject, _began(signal), signal.version) for signal in one.signals)
