"""The sections of a log, and where in it somebody who asks "why did it fail" wants to stand."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

from ..records import Job, Millis, Step
from .scan import Mark

SectionKind = Literal["step", "group", "head", "part", "traceback"]
_TOTALS: Final = re.compile(
    r"(?:\d+ (?:passed|failed|errors?|skipped|deselected|xfailed|xpassed|warnings?|rerun)|no tests)\b"
)
_SCRIPTS: Final = ("step_script", "build_script")
_RANK: Final = {"step": 0, "group": 1, "head": 2, "part": 3, "traceback": 4}


@dataclass(frozen=True, slots=True)
class Section:
    """Lines that belong together, the first of which is their title."""

    first: int
    last: int
    """Inclusive."""
    name: str
    kind: SectionKind
    level: int
    """0: in no other section."""
    started_at: Millis | None = None
    ended_at: Millis | None = None
    errors: int = 0
    """Errors that are marked in it."""
    status: str = ""
    """A pipeline's status where the vendor or the log says one."""


@dataclass(frozen=True, slots=True)
class Outline:
    """What a log holds, by its line numbers."""

    sections: tuple[Section, ...] = ()
    """In the order of their first lines, the outer before the inner."""
    errors: tuple[int, ...] = ()
    """Lines where something went wrong."""
    failing: Section | None = None
    """The step that failed."""
    failure: int | None = None
    """The first error of it: None where nothing did, or nobody can tell."""

    def around(self, line: int) -> list[Section]:
        """The sections that hold this line, the outer before the inner."""
        return [section for section in self.sections if section.first <= line <= section.last]

    def folded(self) -> set[int]:
        """Places of the sections that are one line at first: steps that did not fail, and groups in the other."""
        open_at = self.failing.first if self.failing else None
        return {
            at
            for at, section in enumerate(self.sections)
            if section.kind in ("step", "group")
            and not (section.level == 0 and section.first == open_at)
            and not (open_at is not None and self.failure is not None and section.first <= self.failure <= section.last)
        }


@dataclass(slots=True)
class _Open:
    first: int
    name: str
    kind: SectionKind
    at: Millis | None
    place: int
    level: int
    errors: int = 0
    is_final: bool = False


@dataclass(slots=True)
class _Builder:
    """Marks in their order become sections."""

    stack: list[_Open] = field(default_factory=list)
    made: list[tuple[int, Section, bool]] = field(default_factory=list)
    errors: list[int] = field(default_factory=list)
    places: int = 0

    def begin(self, mark: Mark, kind: SectionKind) -> None:
        rank = _RANK[kind]
        while self.stack and kind != "group" and _RANK[self.stack[-1].kind] >= rank:
            self.end(mark.line - 1, mark.at)
        while self.stack and kind == "group" and self.stack[-1].kind in ("head", "part", "traceback"):
            self.end(mark.line - 1, mark.at)
        self.stack.append(_Open(mark.line, mark.name, kind, mark.at, self.places, len(self.stack)))
        self.places += 1

    def end(self, last: int, at: Millis | None) -> None:
        one = self.stack.pop()
        if self.stack:
            self.stack[-1].errors += one.errors
            self.stack[-1].is_final |= one.is_final
        if last >= one.first and (last > one.first or one.kind in ("step", "group")):
            section = Section(one.first, last, one.name, one.kind, one.level, one.at, at, one.errors)
            self.made.append((one.place, section, one.is_final))

    def end_named(self, mark: Mark) -> None:
        """GitLab names what it ends; elsewhere it is what was begun last."""
        kinds = ("traceback",) if mark.name == "Traceback" else ("group",)
        for at in range(len(self.stack) - 1, -1, -1):
            one = self.stack[at]
            if one.kind in kinds and (mark.kind == "last" or one.name == mark.name):
                while len(self.stack) > at:
                    self.end(mark.line - (mark.kind == "close"), mark.at)
                return

    def head(self, mark: Mark) -> None:
        if _TOTALS.match(mark.name):
            while self.stack and _RANK[self.stack[-1].kind] >= _RANK["head"]:
                self.end(mark.line, mark.at)
        else:
            self.begin(mark, "head")

    def take(self, mark: Mark) -> None:
        kind = mark.kind
        if kind == "step":
            self.begin(mark, "step")
        elif kind == "open":
            self.begin(mark, "group")
        elif kind in ("close", "last"):
            self.end_named(mark)
        elif kind == "head":
            self.head(mark)
        elif kind == "part":
            if any(one.kind == "head" for one in self.stack):
                self.begin(mark, "part")
        elif kind == "traceback":
            self.begin(mark, "traceback")
        else:
            self.note(mark)

    def note(self, mark: Mark) -> None:
        if mark.kind == "error":
            self.errors.append(mark.line)
        if self.stack:
            self.stack[-1].errors += mark.kind == "error"
            self.stack[-1].is_final |= mark.kind == "final"


def outline(marks: Iterable[Mark], lines: int, job: Job | None = None, *, first: int = 0) -> Outline:
    """Marks in the order of their lines -> the outline of a log of so many lines, of which `first` is the first kept.

    `job`: its steps give names, times and statuses where the log's own are none (GitHub), and say which failed.
    """
    builder, finals = _Builder(), []
    marks = [mark for mark in marks if mark.line >= first]
    if any(mark.kind == "step" for mark in marks) and marks[0].line >= first:
        builder.begin(Mark(first, "step", "Set up job", next((mark.at for mark in marks if mark.at), None)), "step")
    for mark in marks:
        if mark.kind == "final":
            finals.append(mark.line)
        builder.take(mark)
    while builder.stack:
        builder.end(lines - 1, None)
    found = sorted(builder.made, key=lambda one: one[0])
    sections = tuple(_named([section for _, section, _ in found], job.steps if job else ()))
    is_final = {section.first for _, section, final in found if final and section.level == 0}
    errors = tuple(sorted({*builder.errors, *finals}))
    if not _has_failed(job, finals):
        return Outline(sections, errors)
    failing = _failing(sections, is_final, job.name if job else "")
    failure = _failure(sections, builder.errors, finals, failing)
    return Outline(sections, errors, failing, failure)


def _has_failed(job: Job | None, finals: Sequence[int]) -> bool:
    if job is None or job.status == "unknown":
        return bool(finals)
    return job.status == "failed" or (job.status in ("running", "cancelled") and bool(finals))


def _named(sections: Sequence[Section], steps: Sequence[Step]) -> Iterator[Section]:
    """GitHub's steps in the log with the names that the vendor gives them, matched by their times in order."""
    waiting = [step for step in steps if step.status not in ("skipped", "queued")]
    for section in sections:
        if section.kind != "step" or not waiting:
            yield section
            continue
        at = next((at for at, step in enumerate(waiting) if _is_of(section, step)), None)
        if at is None:
            yield section
            continue
        step = waiting[at]
        del waiting[: at + 1]
        yield Section(
            section.first, section.last, step.name, "step", section.level,
            step.started_at or section.started_at, step.ended_at or section.ended_at, section.errors, step.status,
        )  # fmt: skip


def _is_of(section: Section, step: Step) -> bool:
    # steps have whole seconds, lines of a log ten millionths
    if section.name == "Set up job":
        return step.number <= 1
    if section.started_at is None or step.started_at is None or step.number == 1:
        return False
    return step.started_at - 1_000 <= section.started_at <= (step.ended_at or section.started_at) + 1_000


def _failing(sections: Sequence[Section], is_final: set[int], job: str) -> Section | None:
    outer = [section for section in sections if section.level == 0 and section.kind in ("step", "group")]
    said = [section for section in outer if section.status == "failed"]
    own = [section for section in outer if section.name == job]  # Jenkins has one log for all stages
    final = [section for section in outer if section.first in is_final]
    script = [section for section in outer if section.name in _SCRIPTS]
    wrong = [section for section in outer if section.errors]
    return next((found[0] for found in (said, own, final, script) if found), wrong[-1] if wrong else None)


def _failure(
    sections: Sequence[Section], errors: Sequence[int], finals: Sequence[int], failing: Section | None
) -> int | None:
    """The first error of the failing step; where pytest sums up what failed, the first error there."""
    low, high = (failing.first, failing.last) if failing else (-1, 2**62)
    within = [line for line in errors if low <= line <= high]
    for section in sections:
        if section.kind == "head" and low <= section.first <= high and section.name in ("FAILURES", "ERRORS"):
            return next((line for line in within if section.first <= line <= section.last), section.first)
    if within:
        return within[0]
    last = [line for line in finals if low <= line <= high] or list(finals)
    return last[0] if last else failing.last if failing else None
