"""What differs between two versions of a dataset: columns, figures, size, what it was made from and with. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal, TypeAlias

from ..records import DatasetVersion, DataVersion, Record
from .data_facts import columns, figures, is_told_apart, null_shares

ChangeKind: TypeAlias = Literal["column", "rows", "null rate", "size", "files", "figure", "dep", "param", "command"]


class DataChange(Record, frozen=True, kw_only=True):
    """One thing in which two versions differ. `before` and `after` are exact texts, None where it was not there."""

    kind: ChangeKind
    name: str = ""
    """Of the column, figure, dep or param, exact; "" where the kind says all."""
    before: str | None = None
    after: str | None = None
    difference: float | None = None
    """after - before, of numbers: rows, bytes, a share from 0 to 1."""

    @property
    def words(self) -> str:
        """`column plan: string → long`; `rows 6690 → 7001`; `null rate of plan 0 % → 3.1 %`. Not yet shown."""
        if self.kind == "column":
            return f"column {self.name} {_column_words(self.before, self.after)}"
        called = f"{self.kind} of {self.name}" if self.kind == "null rate" else " ".join(filter(None, _called(self)))
        return f"{called} {self._written(self.before)} → {self._written(self.after)}"

    def _written(self, text: str | None) -> str:
        if text is None:
            return "none"
        if self.kind == "dep":
            return text[:7]
        return f"{float(text) * 100:.3g} %" if self.kind == "null rate" else text


def _called(change: DataChange) -> tuple[str, str]:
    return ("" if change.kind == "figure" else change.kind), change.name


def _column_words(before: str | None, after: str | None) -> str:
    if before is None:
        return f"added ({after})"
    return f"removed (was {before})" if after is None else f"{before} → {after}"


def data_changes(before: DatasetVersion, after: DatasetVersion) -> tuple[DataChange, ...]:
    """From one version to another, the graver first: columns, rows, nulls, size, deps, params, other figures.

    Only what both versions tell can differ: a schema that one of them lacks is no change.
    """
    return (
        *_columns(before.schema, after.schema),
        *_counts(before, after),
        *_profile(before.profile, after.profile),
        *_tracked(before.tracked, after.tracked),
    )


def _columns(before: str | None, after: str | None) -> Iterator[DataChange]:
    old, new = columns(before), columns(after)
    if old and new:
        for name in dict.fromkeys((*old, *new)):
            if old.get(name) != new.get(name):
                yield DataChange(kind="column", name=name, before=old.get(name), after=new.get(name))


def _counts(before: DatasetVersion, after: DatasetVersion) -> Iterator[DataChange]:
    kinds: tuple[tuple[ChangeKind, int | None, int | None], ...] = (
        ("rows", before.rows, after.rows), ("size", before.size, after.size), ("files", before.files, after.files),
    )  # fmt: skip
    for kind, old, new in kinds:
        if old is not None and new is not None and old != new:
            yield DataChange(kind=kind, before=str(old), after=str(new), difference=new - old)


def _profile(before: str | None, after: str | None) -> Iterator[DataChange]:
    old, new = figures(before), figures(after)
    if not old or not new:
        return
    yield from _numbers("null rate", null_shares(old), null_shares(new))
    told = ({key: n for key, n in found.items() if not is_told_apart(key)} for found in (old, new))
    yield from _numbers("figure", *told)


def _numbers(kind: ChangeKind, old: Mapping[str, float], new: Mapping[str, float]) -> Iterator[DataChange]:
    for name in dict.fromkeys((*old, *new)):
        was, is_now = old.get(name), new.get(name)
        if was != is_now:
            gap = None if was is None or is_now is None else is_now - was
            yield DataChange(kind=kind, name=name, before=_number(was), after=_number(is_now), difference=gap)


def _number(value: float | None) -> str | None:
    return None if value is None else f"{value:.15g}"


def _tracked(before: DataVersion | None, after: DataVersion | None) -> Iterator[DataChange]:
    if before is None or after is None:
        return
    if before.command != after.command:
        yield DataChange(kind="command", before=before.command, after=after.command)
    yield from _texts("dep", *({dep.path: dep.digest or "" for dep in one.deps} for one in (before, after)))
    yield from params_changed(before.params, after.params)


def params_changed(before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[DataChange]:
    """What a stage was given otherwise, by FILE:KEY."""
    yield from _texts("param", before, after)


def _texts(kind: ChangeKind, old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[DataChange]:
    for name in sorted({*old, *new}):
        if old.get(name) != new.get(name):
            yield DataChange(kind=kind, name=name, before=old.get(name), after=new.get(name))
