"""What is read in a shorter way is what YAML's own parser reads."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from quarterdeck.app.sources.dvc import Definition, DvcError, Output, Stages, read_lock
from quarterdeck.app.sources.dvc.documents import _parsed as parsed_by_yaml
from quarterdeck.app.sources.dvc.documents import read_document
from quarterdeck.app.sources.dvc.lock import _by_stage as by_stage
from quarterdeck.app.sources.dvc.plain import plain_document
from quarterdeck.app.sources.dvc.stages import stage_texts

PAYLOADS = Path(__file__).parents[3] / "payloads" / "dvc"
LOCK = (PAYLOADS / "lock-2.yaml").read_text()
FILES = [
    (PAYLOADS / name).read_text() for name in ("file.dvc", "folder.dvc", "import.dvc", "lock-1.yaml", "lock-2.yaml")
]
WORDS = st.sampled_from([
    "a", "md5", "null", "-", "--", "- ", "...", "---", "~", "1", "1.0", "yes", "a b", "a  b", "x.csv", "../x", "=",
    "<<", "@a", "a: b", "a:", "#a", "a #b", "'a'", '"', "[", "{}", "|", ">", "&a", "*a", "!a", "%a", "", " ", "a ",
    ".5", "0x1", ",", "+",
])  # fmt: skip
NESTED = st.recursive(
    st.text("ab1._/ -", min_size=1, max_size=6) | st.none(),
    lambda inner: st.dictionaries(st.text("ab._/", min_size=1, max_size=4), inner, min_size=1, max_size=3)
    | st.lists(st.dictionaries(st.sampled_from(["path", "md5", "size"]), inner, min_size=1), min_size=1, max_size=3),
    max_leaves=12,
)  # fmt: skip
LINES = st.lists(
    st.builds(
        lambda indent, dash, key, value: f"{' ' * indent}{dash}{key}:{value}",
        st.integers(0, 6), st.sampled_from(["", "- "]), WORDS, WORDS.map(lambda word: f" {word}" if word else ""),
    ),
    max_size=8,
).map(lambda lines: "\n".join(lines) + "\n")  # fmt: skip


def check(text: str) -> bool:
    """Whether it went the short way; fails where that gives something else."""
    short = plain_document(text.encode())
    if short is not None:
        assert short == parsed_by_yaml(text.encode(), aliases=False)
    return short is not None


@given(LINES)
def test_lines_that_are_read_the_short_way_are_what_yaml_says(text: str) -> None:
    check(text)


@given(st.dictionaries(st.text("ab._/", min_size=1, max_size=4), NESTED, min_size=1, max_size=4), st.booleans())
def test_what_yaml_writes_is_read_back(content: dict[str, Any], is_indented: bool) -> None:
    check(yaml.safe_dump(content, default_flow_style=False, sort_keys=False, indent=4 if is_indented else 2))


@given(st.sampled_from(FILES), st.integers(0, 60), st.integers(0, 60), WORDS)
def test_a_file_of_dvc_with_a_line_moved_or_replaced_is_what_yaml_says(text: str, at: int, to: int, word: str) -> None:
    lines = text.splitlines()
    line = lines.pop(at % len(lines))
    lines.insert(to % (len(lines) + 1), line)
    check("\n".join(lines) + "\n")
    lines[at % len(lines)] = word
    check("\n".join(lines) + "\n")


@pytest.mark.parametrize(
    "text",
    [
        (PAYLOADS / "file.dvc").read_text(),
        "outs:\n- md5: a\n  path: b\n- md5: c\n  path: d\nmeta:\n  a: b\n",
        "  a:\n    cmd: python a.py --lr 0.1\n    outs:\n      - path: a/b\n        md5: c\n    deps:\n",
    ],
)
def test_the_usual_files_go_the_short_way(text: str) -> None:
    assert check(text)


@pytest.mark.parametrize(
    "text", ["", "\n", "a: b", "a: b\n\n", "a: b\na: c\n", "a: b\r\n", "a: 'b'\n", "a: [b]\n", "- a\n"]
)
def test_everything_else_goes_the_long_way(text: str) -> None:
    assert not check(text)


def lock_as_a_whole(raw: bytes) -> tuple[Output, ...] | None:
    try:
        return tuple(
            one for outputs in by_stage(read_document(raw), "dvc.lock", Definition()).values() for one in outputs
        )
    except DvcError:
        return None


def lock_by_stages(raw: bytes, known: Stages) -> tuple[Output, ...] | None:
    try:
        return read_lock(raw, "dvc.lock", Definition(), known)
    except DvcError:
        return None


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60), st.none() | WORDS), max_size=3))
def test_a_lock_that_is_read_by_its_stages_says_what_it_says_as_a_whole(
    edits: list[tuple[int, int, str | None]],
) -> None:
    lines, known = LOCK.splitlines(), Stages()
    lock_by_stages(LOCK.encode(), known)
    for at, to, word in edits:
        line = lines.pop(at % len(lines))
        lines.insert(to % (len(lines) + 1), line if word is None else word)
        raw = ("\n".join(lines) + "\n").encode()
        assert lock_by_stages(raw, known) == lock_as_a_whole(raw)


def test_of_a_second_lock_only_the_new_stages_are_read() -> None:
    known = Stages()
    first = read_lock(LOCK.encode(), "dvc.lock", Definition(), known)
    changed = LOCK.replace("9b2cf535", "00000000").encode()
    second = read_lock(changed, "dvc.lock", Definition(), known)
    texts = stage_texts(changed)
    assert texts is not None
    assert [known.get(text) is not None for text in texts] == [True, True]
    assert second[0] is first[0]
    assert second[-1].digest.startswith("00000000")
