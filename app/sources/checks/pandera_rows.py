"""Failure cases of pandera, one row a bad value, as people write `failure_cases` to a file: JSON as a list of records,
as lines, or by columns, and CSV. Values are looked at where they name a column or an exception, and not kept."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from typing import NamedTuple

import msgspec

from .documents import ABSENT, Raw, number, part, plain_bytes, streamed, text
from .reading import ResultFile, UnreadableError

_RAISED = re.compile(r"([A-Z]\w{0,60}(?:Error|Exception|Interrupt|Warning|Exit))\(")
_OF_COLUMNS = ("column_in_dataframe", "column_in_schema")
_LARGEST_BY_COLUMNS = 2 * 1024 * 1024  # nothing of this form can be read without holding all of it
_FIELDS = ("schema_context", "column", "check", "check_number", "failure_case", "index")


class Case(NamedTuple):
    """What is said of one bad value, without it."""

    context: str
    column: str
    check: str
    number: int | None = None
    """Which of the checks of its column."""
    row: int | None = None
    """Tells rows apart; None where it is of no row."""
    raised: str = ""
    """The exception that came instead of a result: ValueError."""

    @property
    def is_of_column(self) -> bool:
        """Whether the column stands for itself: of a check of the whole table, each column of a bad row has a case."""
        return self.context != "DataFrameSchema" or self.check in _OF_COLUMNS


class Row(msgspec.Struct):
    """A row as records have it; by columns, each field holds all values of its column."""

    schema_context: Raw = ABSENT
    column: Raw = ABSENT
    check: Raw = ABSENT
    check_number: Raw = ABSENT
    failure_case: Raw = ABSENT
    index: Raw = ABSENT


def cases_of_records(file: ResultFile) -> Iterator[Case]:
    """Of a JSON list, or of lines with an object each. Raises UnreadableError."""
    return map(_case, streamed(file, Row))


def cases_by_columns(file: ResultFile, top: Row) -> Iterator[Case]:
    """Of what `to_json()` writes unasked: for each column the values of all rows. Raises UnreadableError."""
    if len(file.data) > _LARGEST_BY_COLUMNS:
        raise UnreadableError(file.path, "it has more than 2 MB by columns: write it with orient=“records”")
    columns = [part(getattr(top, name), dict[str, Raw]) or {} for name in _FIELDS]
    for key in columns[2]:
        yield _case(Row(*(column.get(key, ABSENT) for column in columns)))


def cases_of_csv(file: ResultFile) -> Iterator[Case]:
    """Of CSV with the names of the columns in its first line. Raises UnreadableError."""
    lines = io.TextIOWrapper(io.BytesIO(plain_bytes(file)), encoding="utf-8", errors="replace", newline="")
    try:
        for row in csv.DictReader(lines, strict=True):
            yield _of_csv(row)
    except csv.Error as error:
        raise UnreadableError(file.path, f"it is no CSV ({str(error)[:80]})") from error


def is_csv(data: bytes) -> bool:
    """Whether it begins as CSV of failure cases does."""
    names = data[:400].split(b"\n", 1)[0].strip().split(b",")
    return {b"check", b"failure_case"} <= {name.strip(b'" ') for name in names}


def _case(row: Row) -> Case:
    check, place = text(row.check, 2_000), bytes(row.index)
    said = text(row.failure_case, 200)
    which = number(row.check_number)
    return Case(
        text(row.schema_context, 80), _column(text(row.column, 200), check, said), check,
        None if which is None else int(which), None if place in (b"", b"null") else hash(place),
        _raised(said) if place in (b"", b"null") else "",
    )  # fmt: skip


def _of_csv(row: dict[str, str | None]) -> Case:
    check, said, place = ((row.get(name) or "")[:2_000] for name in ("check", "failure_case", "index"))
    which = (row.get("check_number") or "").partition(".")[0]
    return Case(
        (row.get("schema_context") or "")[:80], _column((row.get("column") or "")[:200], check, said), check,
        int(which) if which.isdecimal() and len(which) < 9 else None, hash(place) if place else None,
        "" if place else _raised(said),
    )  # fmt: skip


def _column(column: str, check: str, said: str) -> str:
    """The column; of one that should be there or should not, its name is the failure case."""
    return said[:100] if check in _OF_COLUMNS and said else column


def _raised(said: str) -> str:
    found = _RAISED.match(said)
    return found[1] if found else ""
