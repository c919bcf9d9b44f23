"""Status -> glyph, word and role of colour, in one place. Meaning never rests on the colour alone."""

from __future__ import annotations

from typing import Final, NamedTuple


class Sign(NamedTuple):
    """How a status looks: the glyph, its stand-in where only ASCII is drawn, and the role of its colour."""

    glyph: str
    ascii: str
    role: str


GOOD: Final = Sign("●", "*", "good")
WARNING: Final = Sign("▲", "!", "warn")
FAILED: Final = Sign("✖", "X", "bad")
COULD_NOT_RUN: Final = Sign("!", "?", "bad")
MISSING: Final = Sign("◌", "o", "dim")
SILENT: Final = Sign("·", ".", "dim")
RUNNING: Final = Sign("▶", ">", "run")
QUEUED: Final = Sign("○", "o", "dim")
WAITING: Final = Sign("‖", "|", "warn")
SKIPPED: Final = Sign("–", "-", "dim")
WATCHED: Final = Sign("◉", "@", "run")
CREATE: Final = Sign("+", "+", "good")
UPDATE: Final = Sign("~", "~", "warn")
DELETE: Final = Sign("-", "-", "bad")
REPLACE: Final = Sign("±", "#", "bad")
READ: Final = Sign("→", ">", "dim")

ALL_SIGNS: Final = (
    GOOD, WARNING, FAILED, COULD_NOT_RUN, MISSING, SILENT, RUNNING, QUEUED, WAITING, SKIPPED, WATCHED,
    CREATE, UPDATE, DELETE, REPLACE, READ,
)  # fmt: skip

SIGNS: Final[dict[str, Sign]] = {
    # runs
    "scheduled": QUEUED, "running": RUNNING, "finished": GOOD, "failed": FAILED, "killed": SKIPPED,
    "deleted": SKIPPED,
    "watched": WATCHED,
    # pipelines, jobs and steps
    "queued": QUEUED, "waiting": WAITING, "passed": GOOD, "cancelled": SKIPPED, "skipped": SKIPPED, "unknown": MISSING,
    # gates of a promotion
    "pass": GOOD, "warn": WARNING, "fail": FAILED, "missing": MISSING, "inconclusive": MISSING, "waived": SKIPPED,
    # data checks, beside the words of gates
    "error": COULD_NOT_RUN, "silent": SILENT, "removed": SKIPPED,
    # versions of models; alerts that wait for their time to pass
    "ready": GOOD, "pending": QUEUED,
    # lines of production, and alerts
    "good": GOOD, "bad": FAILED, "burning": FAILED, "nan": COULD_NOT_RUN, "no data": MISSING,
    "firing": FAILED, "over": SKIPPED,
    # stacks, and what a plan does to a resource
    "in step": GOOD, "planned": QUEUED, "drifted": WARNING, "applied": GOOD,
    "create": CREATE, "update": UPDATE, "delete": DELETE, "replace": REPLACE, "read": READ, "forget": SKIPPED,
    "no-op": GOOD, "moved": READ, "move": READ,
    # sources
    "ok": GOOD, "stale": WARNING, "unauthorised": FAILED, "forbidden": FAILED, "limited": WARNING,
    "unreachable": FAILED, "tls": FAILED, "not_understood": COULD_NOT_RUN, "misconfigured": COULD_NOT_RUN,
    "untrusted": WAITING, "never": MISSING,
}  # fmt: skip

CURVES: Final = ("●▲■◆▼★◀▶○△□◇▽☆◁▷", "o^#*v+<>OAHDVXCE")
"""Marks of curves, so that they are told apart without their colours, and the stand-ins."""

_ascii_only = False


def use_ascii(only: bool) -> None:
    """Draw stand-ins instead of glyphs: for terminals whose locale is not UTF-8."""
    global _ascii_only
    _ascii_only = only


def is_ascii_only() -> bool:
    """Whether stand-ins are drawn."""
    return _ascii_only


def mark_of(number: int) -> str:
    """The mark of the curve or run of this number, one character; after sixteen they repeat."""
    marks = CURVES[_ascii_only]
    return marks[number % len(marks)]


def sign(status: str) -> Sign:
    """How a status looks. One that nobody knows looks missing, never green."""
    return SIGNS.get(status, MISSING)


def glyph(status: str) -> str:
    """The status as one character that this terminal can draw."""
    found = sign(status)
    return found.ascii if _ascii_only else found.glyph


def worded(status: str) -> tuple[str, str]:
    """Glyph and word, and their role: `● finished`."""
    return f"{glyph(status)} {status.replace('_', ' ')}", sign(status).role


def watched_words(status: str) -> tuple[str, str]:
    """The same for a run that somebody is told of: an eye in the place of the sign, the word says the rest."""
    word, role = worded(status)
    return f"{glyph('watched')}{word[1:]}", role
