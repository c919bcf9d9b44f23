"""What the tests of all readers of result formats share: shorthands, and files that are wrong in every way."""

from __future__ import annotations

import json
import tracemalloc
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
from hypothesis import strategies as st

from quarterdeck.app.records import Invocation
from quarterdeck.app.records.check import check_id
from quarterdeck.app.sources.checks.reading import ResultFile, UnreadableError

Reader = Callable[[ResultFile], tuple[Invocation, ...]]
PAYLOADS = Path(__file__).parents[3] / "payloads"
WRITTEN = 1_795_339_000_000
"""When the files of the tests were written."""
MEGABYTE = 1024 * 1024


def a_file(data: bytes, path: str = "out/results.json", beside: Mapping[str, bytes] | None = None) -> ResultFile:
    return ResultFile(path=path, data=data, modified_at=WRITTEN, beside=beside or {})


def counted(*invocations: Invocation) -> dict[str, int]:
    """How many results there are of each outcome."""
    return dict(Counter(result.outcome for one in invocations for result in one.results))


def rows(invocation: Invocation, *fields: str) -> list[tuple[object, ...]]:
    return [tuple(getattr(result, field) for field in fields) for result in invocation.results]


def encoded(invocations: Sequence[Invocation]) -> str:
    """All that gets into the cache, as text. Fails for what cannot be stored."""
    return msgspec.json.encode(invocations).decode()


def answered(read: Reader, file: ResultFile) -> tuple[Invocation, ...]:
    """What the reader gives, () where it refuses the file in a sentence; checked to be storable and told apart."""
    try:
        invocations = read(file)
    except UnreadableError as error:
        refusal = str(error)
    else:
        refusal = ""
    if refusal:
        assert refusal.startswith(f"{file.path} cannot be read: ")
        assert refusal.endswith(".")
        assert len(refusal) < 500
        return ()
    assert invocations, "a file that can be read gives an invocation, with a complaint where it holds nothing"
    assert len({one.id for one in invocations}) == len(invocations)
    for one in invocations:
        assert one.results or one.complaint
        ids = {check_id("s", one, result) for result in one.results}
        assert len(ids) == len(one.results)
        for number in (one.at, one.interval_at, *(n for r in one.results for n in (r.failed_rows, r.total_rows))):
            assert number is None or abs(number) < 2**62
    encoded(invocations)
    return invocations


def refused_cheaply(read: Reader, file: ResultFile) -> None:
    """Fails where junk gives a result, or costs more than 200 MB beside the file itself."""
    tracemalloc.start()
    try:
        assert not any(one.results for one in answered(read, file))
        assert tracemalloc.get_traced_memory()[1] < 200 * MEGABYTE
    finally:
        tracemalloc.stop()


ODD: list[object] = [
    None, True, False, 0, -1, 1.5, 10**30, -(10**30), 1e308, float("nan"), float("inf"), "", "x", "\u0000", "\ud800",
    "a" * 5000, "2026-13-45T99:00:00", "0001-01-01T00:00:00", [], {}, [[]], [{}], {"": {"": []}}, ["x", 1, None],
]  # fmt: skip
"""What may stand in the place of anything."""


def places(value: object, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Every place in a JSON value."""
    inner: list[tuple[str | int, object]] = []
    if isinstance(value, dict):
        inner = list(value.items())
    elif isinstance(value, list):
        inner = list(enumerate(value))
    return [path] + [place for key, one in inner for place in places(one, (*path, key))]


def changed(value: object, place: Sequence[str | int], to: object) -> object:
    """A copy with something else in one place."""
    if not place:
        return to
    first, *rest = place
    copy: Any = dict(value) if isinstance(value, dict) else list(value)  # type: ignore[call-overload]  # by its kind
    copy[first] = changed(copy[first], rest, to)
    return copy


def reordered(value: object) -> object:
    """A copy with the keys of every object the other way round."""
    if isinstance(value, dict):
        return {key: reordered(value[key]) for key in reversed(value)}
    return [reordered(one) for one in value] if isinstance(value, list) else value


def written(value: object) -> bytes:
    """As Python's json writes it: with NaN, and with halves of characters as \\ud800."""
    return json.dumps(value).encode()


def mutations(value: object) -> st.SearchStrategy[object]:
    """The value with one or two of its places holding something else."""
    spots = st.sampled_from(places(value))
    one = st.tuples(spots, st.sampled_from(ODD)).map(lambda made: changed(value, *made))
    return one | st.tuples(spots, spots).map(lambda made: _moved(value, *made))


def _moved(value: object, source: Sequence[str | int], target: Sequence[str | int]) -> object:
    moved = value
    for key in source:
        moved = moved[key]  # type: ignore[index]  # the place is in the value
    return changed(value, target, moved)


JUNK: list[tuple[str, Callable[[int], bytes]]] = [
    ("zeroes", lambda size: bytes(size)),
    ("letters", lambda size: b"x" * size),
    ("open lists", lambda size: b"[" * size),
    ("open objects", lambda size: b'{"results":' * (size // 11)),
    ("empty objects", lambda size: b"[" + b"{}," * (size // 3) + b"{}]"),
    ("keys", lambda size: b'{"results":{' + b",".join(b'"%d":0' % n for n in range(size // 48)) + b"}}"),
    ("numbers", lambda size: b'{"results":[' + b"0," * (size // 2) + b"0]}"),
    ("texts with NaN", lambda size: b'{"results":[NaN' + b',"a"' * (size // 4) + b"]}"),
    ("one long text", lambda size: b'{"results":"' + b"a" * size + b'"}'),
    ("escapes", lambda size: b'"' + b'\\"' * (size // 2)),
    ("no UTF-8", lambda size: b'{"results":"' + b"\xff" * size + b'"}'),
]
"""Files of any size that no tool writes."""
