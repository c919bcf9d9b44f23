"""What people keep of pandera's SchemaErrors: its failure cases, its message, or its text. pandera has no report."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import chain

import msgspec

from ...records.check import Invocation
from .documents import ABSENT, Raw, decoded, part, plain_bytes, text
from .invocations import check_count, content_id, numbered, stem
from .masking import without_addresses
from .pandera_checks import Failure, check_result
from .pandera_rows import Case, Cases, Row, cases_by_columns, cases_of_csv, cases_of_records, is_csv
from .reading import ResultFile, UnreadableError

ONLY_FAILURES = "pandera tells of failures only: checks that passed are not in the file."
_NO_FAILURE = "It names no failure, and pandera does not tell which checks passed."
_MOST_ERRORS = 50_000
_IN_TEXT = re.compile(rb"\{\s*\"(?:SCHEMA|DATA)\"\s*:")
_NUMBER = re.compile(r" validator (?:number )?(\d{1,4})")
_CHECK = re.compile(r"<Check ((?:<lambda>|[^:<>\n]){1,100})[:>]")
_COLUMN = re.compile(r"^column '([^'\n]{1,100})' not in ")
_RAISED = re.compile(r"^Error while executing check function: (\w{1,60})\(")
_TOGETHER = re.compile(r"^columns '\(([^()\n]{1,300})\)' not unique")
_TYPE = re.compile(r", got ([A-Za-z_][\w\[\].]{0,40})$")


class _Message(msgspec.Struct):
    schema: Raw = msgspec.field(default=ABSENT, name="SCHEMA")
    data: Raw = msgspec.field(default=ABSENT, name="DATA")
    check: Raw = ABSENT
    """It is no message, but a failure case ..."""
    failure_case: Raw = ABSENT


class _Error(msgspec.Struct):
    schema: Raw = ABSENT
    column: Raw = ABSENT
    check: Raw = ABSENT
    error: Raw = ABSENT


def read(file: ResultFile) -> tuple[Invocation, ...]:
    """The one invocation that the file tells of: its failures. Raises UnreadableError."""
    failures = list(_failures(file))
    check_count(file, len(failures))
    schemas = {failure.dataset for failure in failures} - {""}
    return (
        Invocation(
            source="", id=content_id(file.data), tool="pandera", origin=file.path, at=file.modified_at or 0,
            suite=schemas.pop() if len(schemas) == 1 else stem(file.path),
            complaint=ONLY_FAILURES if failures else _NO_FAILURE, results=numbered(map(check_result, failures)),
        ),
    )  # fmt: skip


def _failures(file: ResultFile) -> Iterable[Failure]:
    data = plain_bytes(file).strip()
    if data[:1] == b"[":
        return _counted(file, cases_of_records(file))
    if is_csv(data):
        return _counted(file, cases_of_csv(file))
    if data[:1] != b"{":
        return _of_message(file, decoded(file, _message_in(file, data), _Message))
    first = data.partition(b"\n")[0].rstrip()
    if first.endswith(b"}") and len(first) < len(data):
        return _counted(file, cases_of_records(file))  # an object a line
    if data.count(b"{") > _MOST_ERRORS:
        raise UnreadableError(file.path, f"it holds more than {_MOST_ERRORS:,} objects")
    message = decoded(file, data, _Message)
    if len(message.check):
        is_lines = bytes(message.check)[:1] != b"{"
        return _counted(file, cases_of_records(file) if is_lines else cases_by_columns(file, decoded(file, data, Row)))
    if not (len(message.schema) or len(message.data) or data.translate(None, b" \t\r\n") == b"{}"):
        raise UnreadableError(file.path, "it holds no failures of pandera")
    return _of_message(file, message)


def _message_in(file: ResultFile, data: bytes) -> bytes:
    """The message in a log or a traceback: from where it begins to the last brace."""
    found, end = _IN_TEXT.search(data), data.rfind(b"}")
    if found is None or end < found.start():
        raise UnreadableError(file.path, "it holds no failures of pandera")
    return data[found.start() : end + 1]


def _counted(file: ResultFile, cases: Cases) -> Iterator[Failure]:
    """A failure for each check that has failure cases, with its rows counted, in an order that does not change."""
    rows: Counter[Case] = Counter()
    of_table: dict[Case, set[int]] = {}
    total = 0
    for case, row in cases:
        total += 1
        if not case.check:
            continue
        if case.is_of_table:
            case = case._replace(column="")
            of_table.setdefault(case, set()).update(() if row is None else (row,))
        rows[case] += row is not None
        if len(rows) > _MOST_ERRORS:
            raise UnreadableError(file.path, f"it holds more than {_MOST_ERRORS:,} checks")
    if total and not rows:
        raise UnreadableError(file.path, "its rows are no failure cases of pandera")
    for case, found in sorted(rows.items()):
        count = len(of_table[case]) if case in of_table else found
        yield Failure(
            column=case.column, check=case.check, number=case.number, raised=case.raised, rows=count or None
        )  # fmt: skip


def _of_message(file: ResultFile, message: _Message) -> Iterator[Failure]:
    """By reason; of an error's text only what names check, column, type and exception is read, and no failure case."""
    for group in (message.schema, message.data):
        reasons = part(group, dict[str, list[_Error]])
        if reasons is None and len(group):
            raise UnreadableError(file.path, "its errors are none of pandera")
        for error in chain.from_iterable((reasons or {}).values()):
            if (failure := _of_error(error)) is not None:
                yield failure


def _of_error(error: _Error) -> Failure | None:
    said, schema, column = text(error.error, 4_000), text(error.schema, 200), text(error.column, 200)
    check = text(error.check, 2_000) or _first(_CHECK, said) or ("check" if said else "")
    if not check:
        return None
    if named := _first(_COLUMN, said):
        column = without_addresses(named)
    elif together := _TOGETHER.match(said):
        column = ", ".join(name.strip(" '\"") for name in together[1].split(",") if name.strip())
    elif said.startswith("DataFrameSchema "):
        column = ""
    number = _first(_NUMBER, said)
    return Failure(
        dataset=schema, column=column, check=check, number=int(number) if number else -1,
        raised=_first(_RAISED, said) or ("Exception" if said.startswith("Error while executing check") else ""),
        observed=_first(_TYPE, said) or None,
    )  # fmt: skip


def _first(pattern: re.Pattern[str], said: str) -> str:
    found = pattern.search(said)
    return found[1] if found else ""
