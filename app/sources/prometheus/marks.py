"""Where a sync of Prometheus stands: the cursor, as typed marks. Each query has its own: none waits for another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import Any, ClassVar, Final

import msgspec

from ...monitoring import COARSE
from ...records import Millis
from ...settings.sections import Series
from ..monitored import KEPT
from .client import Span
from .standing import Standing

FINE: Final[Millis] = 6 * 3_600_000
"""How much of the past is read as finely as what comes: the longer of the urgent windows of a budget."""
MOST_POINTS: Final = 10_000
"""Of a line in one answer. Prometheus refuses more than 11,000."""
_MOST_SPANS: Final = 40


class KnownLine(msgspec.Struct):
    """A set of labels that was met."""

    labels: dict[str, str]
    last: Millis
    """Its newest point."""
    has_good: bool = False
    """Whether there was ever anything good of it: then nothing good is a zero, and no misspelt query."""


class QueryMarks(msgspec.Struct):
    """One series of the settings."""

    digest: str = ""
    """Of what is asked. Another one: it is begun anew."""
    upto: Millis | None = None
    """The end of what was asked for. None: nothing yet."""
    asked_at: Millis = 0
    """When it was last asked to the end. 0: its first sync is not done."""
    spans: list[Span] = msgspec.field(default_factory=list)
    """What was asked for, oldest first: a sweep asks for the same once more."""
    lines: list[KnownLine] = msgspec.field(default_factory=list)
    trouble: str = ""
    """What is wrong with it, as a sentence ..."""
    state: str = ""
    """... and as a source's state."""

    def due(self, now: Millis, step: Millis) -> list[Span]:
        """What is to be asked for, the oldest first; nothing as long as no new point can be there."""
        oldest = now - KEPT
        if self.upto is None or self.upto < oldest:
            return stretches(oldest, now, step)
        if now // step * step <= self.upto:
            return []
        # the last two points once more: when they were asked for, not everything had arrived
        is_fine = bool(self.spans) and self.spans[-1].step == step
        return stretches(self.upto - step if is_fine else self.upto + 1, now, step)

    def advance(self, span: Span) -> None:
        """A stretch was read."""
        self.upto = max(self.upto or 0, span.end)
        last = self.spans[-1] if self.spans else None
        if last is not None and last.step == span.step and last.start <= span.start <= last.end + span.step:
            self.spans[-1] = Span(last.start, max(last.end, span.end), span.step)
        else:
            self.spans.append(span)
        self.spans = [one for one in self.spans if one.end > span.end - KEPT][-_MOST_SPANS:]


class Marks(msgspec.Struct):
    """The cursor."""

    VERSION: ClassVar[int] = 1

    version: int = 0
    alerts_upto: Millis | None = None
    """When the alerts were last looked at. None: never."""
    standing: dict[str, Standing] = msgspec.field(default_factory=dict)
    """Those that fired then, by fingerprint."""
    queries: dict[str, QueryMarks] = msgspec.field(default_factory=dict)
    """By the name of the settings."""

    @classmethod
    def load(cls, cursor: Mapping[str, Any]) -> Marks:
        """The marks of a cursor; fresh ones where it is empty or of another version."""
        try:
            marks = msgspec.convert(dict(cursor), cls)
        except msgspec.ValidationError:
            marks = cls()
        return marks if marks.version == cls.VERSION else cls(version=cls.VERSION)

    def dump(self) -> dict[str, Any]:
        """As a cursor: JSON values only."""
        built: dict[str, Any] = msgspec.to_builtins(self)
        return built

    def meet(self, sections: Sequence[Series], step: Millis, now: Millis) -> bool:
        """Let go of what the settings want no more, and of lines that said nothing for long; whether there was any."""
        wanted = {section.name: digest(section, step) for section in sections}
        kept = {name: one for name, one in self.queries.items() if wanted.get(name) == one.digest}
        is_less = len(kept) < len(self.queries) or not self.queries
        for one in kept.values():
            heard = [line for line in one.lines if line.last > now - KEPT]
            is_less = is_less or len(heard) < len(one.lines)
            one.lines = heard
        self.queries = {name: kept.get(name) or QueryMarks(digest=wanted[name]) for name in wanted}
        return is_less


def digest(section: Series, step: Millis) -> str:
    """Eight hex digits of what a section asks: other points come of another text."""
    words = "\0".join((section.query, section.good, section.total, str(section.objective is None), str(step)))
    return blake2b(words.encode("utf-8", "surrogatepass"), digest_size=4).hexdigest()


def stretches(since: Millis, now: Millis, step: Millis) -> list[Span]:
    """What of the time from `since` (included) to `now` is asked for: far away coarsely, the last hours finely."""
    found: list[Span] = []
    coarse, near = max(COARSE, step), now - FINE
    if coarse > step and near - since > coarse:
        far = Span(-(-since // coarse) * coarse, near // coarse * coarse, coarse)
        if far.start <= far.end:
            found.append(far)
            since = far.end + 1
    for_points = step * max(1, -(-(now - since) // (step * MOST_POINTS)))
    fine = Span(-(-since // for_points) * for_points, now // for_points * for_points, for_points)
    return [*found, fine] if fine.start <= fine.end else found


def chunks(span: Span, most: int = MOST_POINTS) -> list[Span]:
    """A stretch in pieces of at most so many points."""
    length = most * span.step
    return [
        Span(start, min(start + length - span.step, span.end), span.step)
        for start in range(span.start, span.end + 1, length)
    ]
