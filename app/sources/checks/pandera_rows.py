"""Failure cases of pandera, one row a bad value, as people write `failure_cases` to a file: JSON as a list of records,
as lines, or by columns, and CSV. Values are looked at where they name a column or an exception, and not kept."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import msgspec

from .documents import ABSENT, MOST_ROWS, Raw, number, part, plain_bytes, streamed, text
from .masking import without_addresses
from .reading import ResultFile, UnreadableError

_RAISED = re.compile(r"([A-Z]\w{0,60}(?:Error|Exception|Interrupt|Warning|Exit))\(")
_OF_COLUMNS = ("column_in_dataframe", "column_in_schema")
_LARGEST_BY_COLUMNS = 2 * 1024 * 1024  # nothing of this form can be read without holding all of it
_NO_ROW = (b"", b"null")
_MOST_KNOWN = 10_000
_FIELDS = ("schema_context", "column", "check", "check_number", "failure_case", "index")


class Case(NamedTuple):
    """What is said of one bad value, without it."""

    context: str
    column: str
    check: str
    number: int = -1
    """Which of the checks of its column; -1 where it has no number."""
    raised: str = ""
    """The exception that came instead of a result: ValueError."""

    @property
    def is_of_table(self) -> bool:
        """Whether the whole table was checked: then each column of a bad row has a case."""
        return self.context == "DataFrameSchema" and self.check not in _OF_COLUMNS


Cases = Iterator[tuple[Case, int | None]]
"""Each case with what tells its row apart; None where it is of no row."""


class Row(msgspec.Struct):
    """A row as records have it; by columns, each field holds all values of its column."""

    schema_context: Raw = ABSENT
    column: Raw = ABSENT
    check: Raw = ABSENT
    check_number: Raw = ABSENT
    failure_case: Raw = ABSENT
    index: Raw = ABSENT


def cases_of_records(file: ResultFile) -> Cases:
    """Of a JSON list, or of lines with an object each. Raises UnreadableError."""
    return _cases(streamed(file, Row))


def cases_by_columns(file: ResultFile, top: Row) -> Cases:
    """Of what `to_json()` writes unasked: for each column the values of all rows. Raises UnreadableError."""
    if len(file.data) > _LARGEST_BY_COLUMNS:
        raise UnreadableError(file.path, "it has more than 2 MB by columns: write it with orient=“records”")
    columns = [part(getattr(top, name), dict[str, Raw]) or {} for name in _FIELDS]
    return _cases(Row(*(column.get(key, ABSENT) for column in columns)) for key in columns[2])


def cases_of_csv(file: ResultFile) -> Cases:
    """Of CSV with the names of the columns in its first line. Raises UnreadableError."""
    data = plain_bytes(file)
    if data.count(b"\n") > MOST_ROWS:
        raise UnreadableError(file.path, f"it has more than {MOST_ROWS:,} lines")
    rows = csv.reader(io.TextIOWrapper(io.BytesIO(data), encoding="utf-8", errors="replace", newline=""), strict=True)
    try:
        names = next(rows)
        places = [names.index(name) if name in names else len(names) for name in _FIELDS]
        for row in rows:
            values = [*row, *[""] * (len(names) + 1 - len(row))]
            yield _of_csv(*(values[place][:2_000] for place in places))
    except csv.Error as error:
        raise UnreadableError(file.path, f"it is no CSV ({str(error)[:80]})") from error


def is_csv(data: bytes) -> bool:
    """Whether it begins as CSV of failure cases does."""
    names = data[:400].split(b"\n", 1)[0].strip().split(b",")
    return {b"check", b"failure_case"} <= {name.strip(b'" ') for name in names}


def _cases(rows: Iterable[Row]) -> Cases:
    """Most rows say the same as the one before but for the value: only what is new is decoded."""
    known: dict[tuple[bytes, ...], Case] = {}
    for row in rows:
        place = bytes(row.index)
        is_of_row = place not in _NO_ROW
        key = tuple(bytes(raw) for raw in (row.schema_context, row.column, row.check, row.check_number))
        case = known.get(key) if is_of_row else None
        if case is None:
            case = _case(row, is_of_row)
            if is_of_row and case.check not in _OF_COLUMNS and len(known) < _MOST_KNOWN:
                known[key] = case
        yield case, hash(place) if is_of_row else None


def _case(row: Row, is_of_row: bool) -> Case:
    check, said, which = text(row.check, 2_000), text(row.failure_case, 200), number(row.check_number)
    return Case(
        text(row.schema_context, 80), _column(text(row.column, 200), check, said), check,
        -1 if which is None else int(which), "" if is_of_row else _raised(said),
    )  # fmt: skip


def _of_csv(context: str, column: str, check: str, which: str, said: str, place: str) -> tuple[Case, int | None]:
    which = which.partition(".")[0]
    number = int(which) if which.isdecimal() and len(which) < 9 else -1
    case = Case(context[:80], _column(column[:200], check, said[:200]), check, number, "" if place else _raised(said))
    return case, hash(place) if place else None


def _column(column: str, check: str, said: str) -> str:
    """The column; of one that should be there or should not, its name is the failure case."""
    return without_addresses(said)[:100] if check in _OF_COLUMNS and said else column


def _raised(said: str) -> str:
    found = _RAISED.match(said)
    return found[1] if found else ""
