"""What is known of an attention or a suspect, as lines beside the list or on a page. Pure functions."""

from __future__ import annotations

from ..app.records import Attention, Changes, Evidence, Signal, Suspect
from ..app.text import clip, fit, one_line
from ..widgets.figures import age, moment
from ..widgets.line import Piece
from ..widgets.status import glyph, sign
from .run_details import Lines, Sight, pairs, wrap
from .watch_rows import SIGN, STRENGTHS, span_said, way_back_pieces


def title_lines(text: str, sight: Sight) -> Lines:
    """A heading, on as many lines as it needs."""
    return [[(f" {line}", "bright")] for line in wrap(one_line(text), max(10, sight.width - 2))]


def said_lines(text: str, sight: Sight, role: str = "text") -> Lines:
    """A sentence, on as many lines as it needs."""
    return [[(f" {line}", role)] for line in wrap(one_line(text), max(10, sight.width - 2))]


def suspect_lines(suspect: Suspect, sight: Sight) -> Lines:
    """Why it may be the cause, and what proves it."""
    facts = [
        ("strength", suspect.strength),
        ("kind", suspect.kind),
        ("when", when_said(suspect, sight)),
        ("by", suspect.actor),
        ("subject", suspect.subject),
    ]
    lines = [*title_lines(suspect.title, sight), []]
    lines += pairs([(name, text) for name, text in facts if text], sight.width)
    lines += [[], [(" why", "bright")]] if suspect.reasons else []
    for reason in suspect.reasons:
        lines += _point(reason, sight)
    lines += [[], [(" evidence", "bright")]] if suspect.evidence else []
    return [*lines, *(evidence_pieces(one, sight) for one in suspect.evidence), [], [(" Enter opens it", "dim")]]


def _point(reason: str, sight: Sight) -> Lines:
    """What speaks against it is dim, and begins with another sign."""
    against = reason.startswith("but ")
    mark, role = (" –", "dim") if against else (" +", "text")
    first, *more = wrap(one_line(reason), max(10, sight.width - 4)) or [""]
    return [[(f"{mark} {first}", role)], *([(f"   {line}", role)] for line in more)]


def when_said(suspect: Suspect, sight: Sight) -> str:
    """`16:48 (11 h)`, or a range where nobody looked."""
    said = span_said(suspect.not_before, suspect.at, sight.now, sight.zone)
    return f"{said} ({age(suspect.at, sight.now)})"


def evidence_pieces(evidence: Evidence, sight: Sight) -> list[Piece]:
    """`16:48  not_null(customer_id) asks 97 % now, 99 % before`."""
    at = f"{moment(evidence.at, sight.now, sight.zone)}  " if evidence.at is not None else ""
    return [(f" {at}", "dim"), (fit(one_line(evidence.text), max(4, sight.width - len(at) - 2)), "text")]


def attention_lines(attention: Attention, changes: Changes | None, sight: Sight) -> Lines:
    """Its signals, and what is known of the cause."""
    lines = [*title_lines(attention.title, sight), []]
    since = span_said(attention.not_before, attention.since, sight.now, sight.zone)
    lines += pairs(
        [
            ("severity", attention.severity),
            ("since", f"{since} ({age(attention.since, sight.now)})"),
            ("owner", attention.owner or "nobody"),
            ("subject", attention.subject),
        ],
        sight.width,
    )
    if attention.ack is not None:
        said = f"{attention.ack.author or 'somebody'} has it (claimed: anybody can write this name)"
        lines += said_lines(f"{said}: {attention.ack.text}".rstrip(": "), sight)
    lines += [[], [(" signals", "bright")]]
    for signal in attention.signals:
        lines.append(signal_pieces(signal, sight))
        lines += said_lines(f"  {signal.reason}", sight, "dim") if signal.reason else []
    if changes is not None and changes.way_back is not None:
        lines += [[], way_back_pieces(changes.way_back, sight.width)]
    return lines


def signal_pieces(signal: Signal, sight: Sight) -> list[Piece]:
    """`✖ precision 0.71, floor 0.78   since 21:40`."""
    status = SIGN[signal.severity]
    since = f"  {moment(signal.since, sight.now, sight.zone)}"
    room = max(10, sight.width - len(since) - 4)
    return [
        (f" {glyph(status)} ", sign(status).role),
        (clip(one_line(signal.title), room), "text"),
        (since, "dim"),
    ]


def strength_piece(suspect: Suspect) -> Piece:
    """The word and its colour."""
    return suspect.strength, STRENGTHS[suspect.strength]
