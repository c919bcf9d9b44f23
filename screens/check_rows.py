"""A window on the list of checks: which lines there are, and the few that are on the screen.

Datasets in trouble come first, each with the checks that want to be looked at; what is well is folded.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from typing import Any, NamedTuple

from ..app.query import Compare, Field, Has, Node, Not, Or, Sort, all_of
from ..app.records import Check, Identities, Millis
from ..app.store.checks import CheckRow, Complaint, DatasetChecks
from ..app.store.reading import Reader
from .check_columns import CheckLine, Dataset, Kind
from .check_strip import Intervals, Unit, intervals, told, unit_for
from .check_words import moved

PAGE = 32
"""Lines read at once."""

LATELY = 7 * 86_400_000
"""A rule that was changed since then is told in any case; one before it while its interval is in sight."""

_HELD = 16
"""Pages kept."""

SAMPLE = 60
"""Checks by whose habits the unit of the columns is chosen."""

FOLDS_FROM = 2
"""So many checks that are well are folded; a single one is no longer than the line that would stand for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked of the list."""

    where: Node | None
    sort: Sort | None
    """None: the worst first, grouped by dataset."""
    now: Millis
    columns: int
    """How many intervals there is room for."""
    unit: Unit | None = None
    """None: the one that suits most checks."""
    zone: tzinfo = UTC
    identities: Identities = field(default_factory=Identities)


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """The checks of one dataset."""

    dataset: Dataset
    names: tuple[tuple[str, str], ...]
    """What its tools call it."""
    trouble: Sequence[int]
    """Row ids of the checks that want to be looked at, the worst first."""
    well: Sequence[int]
    """All others."""

    @property
    def key(self) -> str:
        """What names it among the folds."""
        return f"dataset {self.dataset.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """How all that match stand."""

    total: int = 0
    """Without those that were removed."""
    counts: Mapping[str, int] = field(default_factory=dict)
    silent: int = 0
    datasets: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """An answer."""

    intervals: Intervals
    sections: Sequence[Section] = ()
    ids: Sequence[int] = ()
    """All that match, in a flat list."""
    is_flat: bool = False
    tally: Tally
    """Of those that match."""
    total: int
    """Of all there are."""
    sample: Sequence[Check] = ()
    remarks: frozenset[int] = frozenset()
    """Checks whose rule was changed within the columns."""
    complaints: Sequence[Complaint] = ()


def listed(reader: Reader, question: Question) -> Generator[Listed]:
    """The whole answer: what the list is made of costs a few milliseconds for thousands of checks."""
    reads, now, where, same = reader.checks, question.now, question.where, question.identities
    ids = reads.ids(where, question.sort, now=now, identities=same)
    groups = reads.groups(where, now, same)
    sample = [row.check for row in reads.rows(_spread(ids))]
    newest = [row.check for row in reads.rows(reads.ids(where, _NEWEST, now=now, identities=same, limit=8))]
    unit = question.unit or unit_for(check.usual for check in sample)
    spans = [(check.checked_at, check.interval_at) for check in (*sample, *newest)]
    columns = intervals(unit, question.columns, now, spans, question.zone)

    def those(node: Node | None) -> frozenset[int]:
        return frozenset(reads.ids(all_of(where, node), _NEWEST, now=now, identities=same))

    if question.sort is not None and question.sort.field.name == "outcome":
        ids = _silent_after_bad(ids, those(_BAD), those(Has(Field("check", "silent"))), question.sort)
    lately = min(columns.since, now - LATELY)  # whatever a column is: a narrow table is to say no less
    remarks = those(Compare(Field("check", "rule_changed_at"), ">=", float(lately)))
    is_flat = question.sort is not None
    yield Listed(
        intervals=columns, ids=ids, is_flat=is_flat, tally=tally(groups), sample=sample, remarks=remarks,
        sections=() if is_flat else sections(groups, ids, remarks | those(_NOTED)),
        total=sum(group.total for group in groups) if where is None else reads.count(_PRESENT, now=now),
        complaints=reads.complaints() if where is None else (),
    )  # fmt: skip


_NEWEST = Sort(Field("check", "checked_at"), True)
_BAD = Compare(Field("check", "outcome"), "in", ("fail", "error", "warn"))
_NOTED = Or((Has(Field("check", "silent")), Has(Field("check", "flapping"))))
"""Checks that want to be looked at although their last word was good."""
_PRESENT = Not(Has(Field("check", "removed")))


def tally(groups: Sequence[DatasetChecks]) -> Tally:
    """All groups together."""
    counts: dict[str, int] = {}
    for group in groups:
        for stands, number in counted(group).items():
            counts[stands] = counts.get(stands, 0) + number
    return Tally(
        total=sum(group.total for group in groups), counts=counts, silent=sum(group.silent for group in groups),
        datasets=sum(group.total > 0 for group in groups),
    )  # fmt: skip


def _silent_after_bad(ids: Sequence[int], bad: Collection[int], silent: Collection[int], sort: Sort) -> list[int]:
    """By outcome, what passed and is silent stands between what is bad and what is well: the cache orders by words."""
    back = -1 if sort.descending else 1
    return sorted(ids, key=lambda rowid: back * (0 if rowid in bad else 1 if rowid in silent else 2))


def _spread(ids: Sequence[int]) -> list[int]:
    return list(ids[:: max(1, len(ids) // SAMPLE)])[:SAMPLE]


def sections(groups: Sequence[DatasetChecks], ids: Sequence[int], noted: Collection[int]) -> list[Section]:
    """The groups with their checks: `ids` has those of the first group first, the worst of them first.

    `noted`: checks that want to be looked at although they passed.
    """
    made, at = [], 0
    for group in groups:
        counts = counted(group)
        own = ids[at : at + group.total + group.removed]
        at += len(own)
        bad = sum(counts.get(stands, 0) for stands in ("fail", "error", "warn"))
        trouble = [*own[:bad], *(rowid for rowid in own[bad:] if rowid in noted)]
        held = set(trouble)
        well = [rowid for rowid in own if rowid not in held]
        head = Dataset(name=group.dataset, total=group.total, counts=counts, tools=group.tools)
        made.append(Section(dataset=head, names=group.names, trouble=trouble, well=well))
    return made


def counted(group: DatasetChecks) -> dict[str, int]:
    """How many checks stand in which way; one that passed and is silent is not green."""
    found = {stands: number for stands, number in group.outcomes.items() if number}
    if group.overdue_passes:
        found["pass"] = found.get("pass", 0) - group.overdue_passes
        found["silent"] = group.overdue_passes
    if group.removed:
        found["removed"] = group.removed
    return {stands: number for stands, number in found.items() if number > 0}


# -- which lines there are ----------------------------------------------------------------------------------------


class Entry(NamedTuple):
    """A line, before anything of it is read."""

    kind: Kind
    rowid: int = 0
    """Of the check."""
    section: int = 0
    """Index of the dataset."""


def entries(answer: Listed, toggled: Collection[str], *, unfolds: bool) -> list[Entry]:
    """Every line. `toggled`: keys of what was opened or folded by hand; `unfolds`: nothing is folded by itself."""
    complaints = [Entry("complaint", section=at) for at in range(len(answer.complaints))]
    if answer.is_flat:
        return [*complaints, *(entry for rowid in answer.ids for entry in _of_check(rowid, 0, answer.remarks))]
    made: list[Entry] = []
    calm = [at for at, section in enumerate(answer.sections) if not section.trouble]
    has_trouble = len(calm) < len(answer.sections)
    for at, section in enumerate(answer.sections):
        if section.trouble:
            made += _section(answer, at, toggled, unfolds=unfolds)
    made += complaints
    if not unfolds and has_trouble and len(calm) > 1 and "rest" not in toggled:
        return [*made, Entry("rest")] if calm else made
    for at in calm:
        made += _section(answer, at, toggled, unfolds=unfolds)
    return made


def _section(answer: Listed, at: int, toggled: Collection[str], *, unfolds: bool) -> list[Entry]:
    section = answer.sections[at]
    opened = is_open(section, toggled, unfolds=unfolds)
    made = [Entry("dataset", section=at)]
    if not opened:
        return made
    for rowid in section.trouble:
        made += _of_check(rowid, at, answer.remarks)
    well = section.well
    if section.trouble and not unfolds and len(well) >= FOLDS_FROM and f"well {section.dataset.name}" not in toggled:
        return [*made, Entry("fold", section=at)]
    for rowid in well:
        made += _of_check(rowid, at, answer.remarks)
    return made


def is_open(section: Section, toggled: Collection[str], *, unfolds: bool) -> bool:
    """Whether the checks of a dataset are shown: where some want to be looked at, until it is folded by hand."""
    return (bool(section.trouble) or unfolds) != (section.key in toggled)


def _of_check(rowid: int, section: int, remarks: Collection[int]) -> list[Entry]:
    own = Entry("check", rowid, section)
    return [own, Entry("rule", rowid, section)] if rowid in remarks else [own]


# -- the lines on the screen --------------------------------------------------------------------------------------


class CheckRows:
    """The rows of the table."""

    def __init__(
        self,
        reader: Reader,
        answer: Listed,
        lines: Sequence[Entry],
        now: Millis,
        *,
        feeds: Mapping[str, str],
        is_open: Callable[[Section], bool],
    ) -> None:
        self._reader = reader
        self._answer = answer
        self._entries = lines
        self._now = now
        self._feeds = feeds
        self._is_open = is_open
        self._pages: dict[int, list[CheckLine | None]] = {}

    def count(self) -> int:
        """How many lines there are."""
        return len(self._entries)

    def entry(self, index: int) -> Entry | None:
        """What a line is."""
        return self._entries[index] if 0 <= index < len(self._entries) else None

    def section(self, index: int) -> Section | None:
        """The dataset that a line belongs to; None in a flat list."""
        entry = self.entry(index)
        known = entry is not None and entry.kind != "rest" and entry.section < len(self._answer.sections)
        return self._answer.sections[entry.section] if entry is not None and known else None

    def key(self, index: int) -> str | int | None:
        """The row id of a check, the words of what is none."""
        entry = self.entry(index)
        if entry is None or entry.kind == "check":
            return entry.rowid if entry is not None else None
        if entry.kind == "rule":
            return f"rule {entry.rowid}"
        section = self.section(index)
        return f"{entry.kind} {section.dataset.name if section is not None else entry.section}"

    def depth(self, index: int) -> int:
        """Glyphs say what stands below what."""
        return 0

    def context(self, index: int) -> bool:
        """All of them match."""
        return False

    def rows(self, start: int, stop: int) -> list[CheckLine | None]:
        """The lines of these indexes; None where a check is gone."""
        return [self._row(index) for index in range(start, stop)]

    def _row(self, index: int) -> CheckLine | None:
        page = self._pages.get(index // PAGE)
        if page is None:
            if len(self._pages) >= _HELD:
                self._pages.clear()
            page = self._pages[index // PAGE] = self._read(index // PAGE * PAGE)
        at = index % PAGE
        return page[at] if at < len(page) else None

    def _read(self, start: int) -> list[CheckLine | None]:
        some = self._entries[start : start + PAGE]
        lines = self._checks(list(dict.fromkeys(entry.rowid for entry in some if entry.kind in ("check", "rule"))))
        return [self._line(entry, lines) for entry in some]

    def _line(self, entry: Entry, checks: Mapping[int, dict[str, Any]]) -> CheckLine | None:
        match entry.kind:
            case "check" | "rule":
                found = checks.get(entry.rowid)
                return CheckLine(kind=entry.kind, now=self._now, **found) if found is not None else None
            case "complaint":
                return CheckLine(kind="complaint", complaint=self._answer.complaints[entry.section], now=self._now)
            case "rest":
                calm = [self._head(section) for section in self._answer.sections if not section.trouble]
                return CheckLine(kind="rest", rest=calm, now=self._now)
        section = self._answer.sections[entry.section]
        if entry.kind == "fold":
            return CheckLine(kind="fold", folded=_folded(section), now=self._now)
        return CheckLine(
            kind="dataset", dataset=self._head(section), opened=self._is_open(section), now=self._now
        )  # fmt: skip

    def _head(self, section: Section) -> Dataset:
        one = section.dataset
        return Dataset(
            name=one.name, total=one.total, counts=one.counts, tools=one.tools, feeds=self._feeds.get(one.name, "")
        )

    def _checks(self, rowids: Sequence[int]) -> dict[int, dict[str, Any]]:
        """By row id what the lines of a check need."""
        reads, columns = self._reader.checks, self._answer.intervals
        marks = reads.outcomes(rowids, columns.since, self._now + 1) if rowids else {}
        authors: dict[str, str] = {}
        found = {}
        for row in reads.rows(rowids):
            check = row.check
            found[row.rowid] = {
                "check": check, "told": told(check, marks.get(row.rowid, ()), columns, self._now),
                "was": self._was(row),
                "author": self._author(check.rule_changed_commit, authors) if row.rowid in self._answer.remarks else "",
                "moved": self._moved(row) if row.rowid in self._answer.remarks else "",
            }  # fmt: skip
        return found

    def _was(self, row: CheckRow) -> str | None:
        """What was observed when it passed last: one look by time and check."""
        check = row.check
        if check.newest.outcome not in ("fail", "warn") or check.last_passed_at is None:
            return None
        past = self._reader.checks.history(row.rowid, 1, check.last_passed_at + 1)
        return past[0].result.observed if past else None

    def _moved(self, row: CheckRow) -> str:
        """Which numbers of its rule changed, by the results before and after: one look by time and check."""
        at = row.check.rule_changed_at
        past = self._reader.checks.history(row.rowid, 2, at + 1) if at is not None else []
        return moved(past[1].result, past[0].result) if len(past) > 1 else ""

    def _author(self, sha: str | None, known: dict[str, str]) -> str:
        if sha and sha not in known:
            commit = self._reader.commit(sha)
            known[sha] = commit.author if commit is not None else ""
        return known.get(sha or "", "")


def _folded(section: Section) -> dict[str, int]:
    """What the fold of a dataset stands for: all that is well, without those that are shown."""
    counts = {stands: section.dataset.counts.get(stands, 0) for stands in ("skipped", "removed")}
    rest = len(section.well) - sum(counts.values())
    return {"pass": max(0, rest), **counts}
