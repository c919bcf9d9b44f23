"""Validation results of Great Expectations, 0.x and 1.x: files of the validations store, what `to_json_dict` and
`describe` give, results of checkpoints, and of single expectations."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import PurePosixPath

import msgspec

from ...records import Millis
from ...records.check import CheckResult, Invocation
from .documents import ABSENT, Raw, part, table, text
from .expectation_files import Found, Result, batch_id, evaluated, validations, version
from .expectation_results import check_result, expectation_id
from .intervals import NONE, Interval, interval, interval_in_name, interval_of_batch
from .invocations import check_count, content_id, numbered
from .reading import ResultFile, UnreadableError
from .times import moment

MOST_VALIDATIONS = 2_000
"""Of one file: each is an invocation."""
_STORED = re.compile(r"(?:^|/)(?:validations/|ValidationResultIdentifier::)(.+)/([^/]+)/(\d{8}T[\d.]+Z)/([^/]+)$")
_BATCH = re.compile(r"[^-]+-(.+?)((?:-(?:year|month|day|hour|path|date)_[^-]+)*)")
_NOWHERE = ("__none__", "None")


class _Meta(msgspec.Struct):
    suite: Raw = msgspec.field(default=ABSENT, name="expectation_suite_name")
    run_id: Raw = ABSENT
    validation_time: Raw = ABSENT
    batch: Raw = msgspec.field(default=ABSENT, name="active_batch_definition")
    batch_markers: Raw = ABSENT
    batch_spec: Raw = ABSENT
    batch_kwargs: Raw = ABSENT
    batch_parameters: Raw = ABSENT
    data_asset_name: Raw = ABSENT


class _Run(msgspec.Struct):
    run_name: Raw = ABSENT
    run_time: Raw = ABSENT


class _Batch(msgspec.Struct):
    """What is said of a batch in its definition, specification, markers or (before 0.13) kwargs."""

    data_asset_name: Raw = ABSENT
    batch_identifiers: Raw = ABSENT
    table_name: Raw = ABSENT
    table: Raw = ABSENT
    path: Raw = ABSENT
    pandas_data_fingerprint: Raw = ABSENT
    ge_load_time: Raw = ABSENT


class _Told(msgspec.Struct):
    """What a file says of one validation beside its results."""

    meta: _Meta
    run: _Run
    batch: _Batch
    spec: _Batch
    markers: _Batch
    place: tuple[str, str, str, str]
    """In the validations store: suite, name and time of the run, batch; "" where it is none of its files."""
    batch_id: str


def read(file: ResultFile) -> tuple[Invocation, ...]:
    """An invocation for each validation in the file. Raises UnreadableError."""
    found = validations(file)
    check_count(file, sum(len(one.results) for one in found))
    if len(found) > MOST_VALIDATIONS:
        raise UnreadableError(
            file.path, f"it holds {len(found):,} validations, and at most {MOST_VALIDATIONS:,} are read"
        )
    told = [_told(file, one) for one in found]
    id_ = content_id(file.data)
    return tuple(
        _invocation(file, one, about, f"{id_}-{number}" if number else id_, results)
        for number, (one, about, results) in enumerate(zip(found, told, _results(found, told), strict=True))
    )


def _results(found: Sequence[Found], told: Sequence[_Told]) -> Iterable[tuple[CheckResult, ...]]:
    """Of each validation. Those that name no suite are numbered through: they may be of several."""
    known = [
        [(raw, result) for raw in one.results if (result := check_result(raw, _dataset(about))) is not None]
        for one, about in zip(found, told, strict=True)
    ]
    pairs = zip(found, known, strict=True)
    through = iter(_numbered([pair for one, own in pairs if not one.is_suite for pair in own]))
    for one, own in zip(found, known, strict=True):
        yield _numbered(own) if one.is_suite else tuple(next(through) for _ in own)


def _numbered(known: Sequence[tuple[Result, CheckResult]]) -> tuple[CheckResult, ...]:
    """Alike checks are counted by their ids, else by their rules: one that raises stands first in the file."""
    alike = Counter((one.dataset, one.column, one.name) for _, one in known)
    ranks = [
        (expectation_id(raw), one.definition) if alike[one.dataset, one.column, one.name] > 1 else ("", "")
        for raw, one in known
    ]
    order = sorted(range(len(known)), key=ranks.__getitem__)
    told_apart = dict(zip(order, numbered(known[place][1] for place in order), strict=True))
    return tuple(told_apart[place] for place in range(len(known)))


def _told(file: ResultFile, found: Found) -> _Told:
    meta = part(found.validation.meta, _Meta) or _Meta()
    return _Told(
        meta=meta, run=part(meta.run_id, _Run) or part(found.run_id, _Run) or _Run(),
        batch=part(meta.batch, _Batch) or _Batch(),
        spec=part(meta.batch_spec, _Batch) or part(meta.batch_kwargs, _Batch) or _Batch(),
        markers=part(meta.batch_markers, _Batch) or _Batch(),
        place=_place(found.key) or _place(file.path.replace("\\", "/")) or ("", "", "", ""),
        batch_id=batch_id(found),
    )  # fmt: skip


def _invocation(file: ResultFile, found: Found, told: _Told, id_: str, results: tuple[CheckResult, ...]) -> Invocation:
    at = _time(told) or file.modified_at
    complaint = _complaint(found, len(results))
    when, begins = _interval(told)
    return Invocation(
        source="", id=id_, tool="great_expectations", version=version(found.validation.meta),
        suite=text(found.validation.suite_name, 200) or text(told.meta.suite, 200) or told.place[0],
        at=at or 0, interval=when, interval_at=begins, origin=file.path,
        dataset_digest=text(told.markers.pandas_data_fingerprint, 80) or None,
        is_whole=found.is_suite and not complaint,
        complaint=complaint or ("" if at else "Nobody knows when it was written."), results=results,
    )  # fmt: skip


def _place(path: str) -> tuple[str, str, str, str] | None:
    found = _STORED.search(path)
    if found is None:
        return None
    return found[1].replace("/", "."), "" if found[2] in _NOWHERE else found[2], found[3], PurePosixPath(found[4]).stem


def _time(told: _Told) -> Millis | None:
    written = (
        text(told.meta.validation_time), text(told.run.run_time), text(told.meta.run_id),
        told.place[2], text(told.markers.ge_load_time),
    )  # fmt: skip
    return next((at for word in written if (at := moment(word)) is not None), None)


def _dataset(told: _Told) -> str:
    """The asset; where there is none the table, file or batch."""
    names = (told.batch.data_asset_name, told.spec.data_asset_name, told.meta.data_asset_name)
    tables = (told.spec.table_name, told.spec.table)
    name = next((name for raw in (*names, *tables) if (name := text(raw, 200))), "")
    if name or (path := text(told.spec.path, 400)) == "":
        return name or _asset(told.batch_id or told.place[3])[0]
    return PurePosixPath(path).stem


def _asset(batch: str) -> tuple[str, str]:
    """Asset and partition of a batch's id, `datasource-asset-year_2026`; the whole id where it is of another make."""
    found = _BATCH.fullmatch(batch)
    return (found[1], found[2]) if found else (batch, "")


def _interval(told: _Told) -> Interval:
    """Of the batch, else of the file that it is, else of the run's name where that is a time."""
    identifiers = table(told.batch.batch_identifiers) or table(told.meta.batch_parameters)
    parts = (word.partition("_") for word in _asset(told.batch_id or told.place[3])[1].split("-"))
    known = (
        interval_of_batch(identifiers), interval_of_batch({key: value for key, _, value in parts}),
        interval_in_name(PurePosixPath(text(told.spec.path, 400)).name),
        interval(text(told.run.run_name, 200)), interval(told.place[1]),
    )  # fmt: skip
    return next((one for one in known if one != NONE), NONE)


def _complaint(found: Found, results: int) -> str:
    """What is missing in the file."""
    if not found.results:
        return "The suite holds no expectations."
    if results < len(found.results):
        return f"{len(found.results) - results} of {len(found.results)} results do not name their expectation."
    total = evaluated(found.validation)
    if total is not None and total > results:
        return f"It holds {results} of {total} results: the others were left out when it was written."
    return ""
