"""A file of DVC's may come from anybody: whatever it holds, it is read or refused, in bounded memory."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quarterdeck.app.records import Commit
from quarterdeck.app.sources.dvc import (
    LARGEST,
    Definition,
    DvcError,
    data_versions,
    read_definition,
    read_lock,
    read_tracked,
)
from quarterdeck.app.sources.dvc.changes import tracked
from quarterdeck.app.sources.dvc.documents import DEEPEST, read_document

PAYLOADS = sorted((Path(__file__).parents[3] / "payloads" / "dvc").iterdir())
CONTENTS = [path.read_bytes() for path in PAYLOADS]
READERS: tuple[Callable[[bytes], Any], ...] = (
    lambda raw: read_tracked(raw, "data/a.dvc"),
    lambda raw: read_lock(raw, "dvc.lock", Definition()),
    lambda raw: read_definition(raw, "sub"),
)
KIB = 1024 if sys.platform == "linux" else 1
COMMIT = Commit(
    source="s", sha="a" * 40, parents=(), author="", email="", authored_at=0, committed_at=0, subject=""
)  # fmt: skip
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


def read_all(raw: bytes) -> None:
    """All three readers: what they give can be written down, what they refuse is a DvcError."""
    for reader in READERS:
        try:
            found = reader(raw)
        except DvcError:
            continue
        if isinstance(found, tuple) and not hasattr(found, "_fields"):
            for version in data_versions(COMMIT, [], tracked(found)):
                msgspec.msgpack.encode(version)
                version.name.encode()


@given(st.sampled_from(CONTENTS), st.integers(0, 2000))
def test_a_file_that_was_cut_off_is_read_or_refused(raw: bytes, end: int) -> None:
    read_all(raw[:end])


@given(st.sampled_from(CONTENTS), st.integers(0, 2000), st.binary(max_size=6))
def test_a_file_with_other_bytes_in_it_is_read_or_refused(raw: bytes, at: int, put: bytes) -> None:
    read_all(raw[:at] + put + raw[at + len(put) :])


@given(st.sampled_from(CONTENTS), st.integers(0, 100), VALUES)
def test_a_value_of_another_type_is_read_or_refused(raw: bytes, at: int, value: object) -> None:
    lines = raw.decode().splitlines()
    line = at % len(lines)
    key, colon, _ = lines[line].partition(":")
    lines[line] = f"{key}{colon} {msgspec.json.encode(value).decode()}"
    read_all("\n".join(lines).encode())


@given(st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_anything_at_all_is_read_or_refused(raw: bytes) -> None:
    read_all(raw)


def bomb(key: str) -> bytes:
    """A billion entries by nine lines of aliases."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 10)]
    return "\n".join([*lines, f"{key}: *a9"]).encode()


def merge_bomb() -> bytes:
    lines = ["a0: &a0 {" + ", ".join(f"k{n}: v" for n in range(100)) + "}"]
    lines += [f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 50)}]}}" for n in range(1, 100)]
    return "\n".join([*lines, "stages: *a99"]).encode()


HOSTILE = {
    "aliases": bomb("outs"),
    "aliases in stages": bomb("stages"),
    "aliases in metrics": bomb("metrics"),
    "repeated lists": b"m: &m [" + b"x, " * 50_000 + b"]\nmetrics: [" + b"{a: *m}, " * 50_000 + b"]\n",
    "repeated stages": b"s: &s {params: [" + b"x, " * 50_000 + b"]}\nstages: {"
    + b", ".join(b"k%d: *s" % n for n in range(5_000)) + b"}\n",
    "merges": merge_bomb(),
    "deep lists": b"outs: " + b"[" * 200_000,
    "deep maps": b"a: {" * 200_000,
    "deep blocks": b"\n".join(b" " * depth + b"a:" for depth in range(3_000)),
    "many values": b"outs:\n" + b"- x\n" * 3_000_000,
    "many outputs": b"outs:\n" + b"- {path: x, md5: y}\n" * 60_000,
    "a long text": b"outs: [{path: '" + b"x" * 10_000_000 + b"', md5: y}]",
    "too large": b"#" * (LARGEST + 1),
    "many documents": b"---\na: b\n" * 300_000,
    "many anchors": b"".join(b"a%d: &a%d x\n" % (n, n) for n in range(200_000)),
}  # fmt: skip


MEASURED = """
import resource, sys
from quarterdeck.app.sources.dvc import Definition, DvcError, read_definition, read_lock, read_tracked
raw = sys.stdin.buffer.read()
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for read in (lambda: read_tracked(raw, "a.dvc"), lambda: read_lock(raw, "dvc.lock", Definition()),
             lambda: read_definition(raw, "")):
    try:
        read()
    except DvcError:
        pass
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


@pytest.mark.parametrize("name", HOSTILE)
def test_an_attack_on_memory_costs_little(name: str) -> None:
    told = subprocess.run([sys.executable, "-c", MEASURED], input=HOSTILE[name], capture_output=True, check=True)
    assert int(told.stdout) * KIB < 150_000_000


@pytest.mark.parametrize("name", ["aliases", "deep lists", "deep maps", "many values", "many outputs", "too large"])
def test_an_attack_is_refused(name: str) -> None:
    with pytest.raises(DvcError):
        read_tracked(HOSTILE[name], "a.dvc")


def test_what_is_as_deep_as_allowed_is_read() -> None:
    read_document(b"[" * DEEPEST + b"]" * DEEPEST)
    with pytest.raises(DvcError, match="deeper"):
        read_document(b"[" * (DEEPEST + 1) + b"]" * (DEEPEST + 1))
