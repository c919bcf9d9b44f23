"""What every match of a regular expression contains: nothing that would hide one."""

from __future__ import annotations

import sqlite3

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from quarterdeck.app.query import register_functions
from quarterdeck.app.query.conditions import condition
from quarterdeck.app.query.required import required_texts
from quarterdeck.app.query.texts import complaint, search


@pytest.mark.parametrize(("pattern", "texts"), [
    ("fail(ed|ure)", ("fail",)),
    ("^fox.*failed", ("failed",)),
    ("timeout|out of memory", ("timeout", "out of memory")),
    (r"OOM\.kill\d+ of (train|test)", ("OOM.kill",)),
    ("colou?r", ("colo",)),
    ("ab+c", ("ab",)),
    ("x{2,3}yz{0,1}", ()),
    (r"v\[1\]\|2", ("v[1]",)),
    (r"[[:alpha:]]+-owl", ("-owl",)),
    ("(?:fox|owl)-12", ("-12",)),
    ("(?i)failed", ()),
    (r"\x41bc", ()),
    (r"\pLbc", ()),
    ("fox|.*", ()),
    ("|fox", ()),
    ("fox||owl", ()),
    ("a", ()),
    ("", ()),
])  # fmt: skip
def test_what_is_plain_to_see_is_seen(pattern: str, texts: tuple[str, ...]) -> None:
    assert complaint(pattern) is None
    assert required_texts(pattern) == texts


pieces = st.sampled_from(
    ["a", "b", "ab", "a*", "b?", "[ab]", "[^a]", "(a|b)", "(ab)+", "(?:b)*", r"\.", r"\|", "|", ".", "^", "$", "[]a]",
     "[*]", r"\*", "a{0,2}", "b{2}", "ab{1,}", r"\d", "(a(b|)a)", r"[\]b]", "{,2}", r"\[", "[[:digit:]]", "ab+?", r"\\"]
)  # fmt: skip
texts = st.text("ab.|*[]{,2}3\\", max_size=8)


@given(st.lists(pieces, min_size=1, max_size=6).map("".join), st.lists(texts, min_size=1, max_size=8))
def test_whoever_looks_for_it_first_finds_what_the_expression_finds(pattern: str, found: list[str]) -> None:
    assume(complaint(pattern) is None)
    connection = sqlite3.connect(":memory:")
    register_functions(connection)
    connection.execute("CREATE TABLE t (x TEXT)")
    connection.executemany("INSERT INTO t VALUES (?)", [(text,) for text in found])
    test = condition("x", False, "~", pattern)
    rows = [row[0] for row in connection.execute(f"SELECT x FROM t WHERE {test.text}", test.parameters)]
    connection.close()
    assert rows == [text for text in found if search(text, pattern)]
