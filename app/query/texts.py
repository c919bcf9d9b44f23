"""How texts compare, written down once in Python; the SQL of `sql.py` does the same in C.

Letters: with a pattern of ASCII letters only ASCII letters lose their case, because that is what SQLite's LIKE
does without calling back into Python (0.1 µs a row instead of 0.8); any other pattern folds as Unicode says.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

_LOWER = {code: code + 32 for code in range(ord("A"), ord("Z") + 1)}


def as_number(text: str) -> float | None:
    """The text as a finite number, or None: what `label.number` holds. ` 5` and `1e-3` are, `0x10` and `１` are not."""
    if not text.isascii():
        return None
    try:
        number = float(text.strip())
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def folded(text: str, *, ascii_only: bool) -> str:
    """The text without its case."""
    return text.translate(_LOWER) if ascii_only else text.casefold()


def contains(text: str, part: str) -> bool:
    """`part` occurs in `text`, whatever the case."""
    simple = part.isascii()
    return folded(part, ascii_only=simple) in folded(_visible(text), ascii_only=simple)


def like(text: str, pattern: str) -> bool:
    """SQL's LIKE, minding the case: % is any text, _ any one character, and there is no escape."""
    return _wild(_visible(text), pattern)


def ilike(text: str, pattern: str) -> bool:
    """SQL's LIKE, whatever the case."""
    simple = pattern.isascii()
    return _wild(folded(_visible(text), ascii_only=simple), folded(pattern, ascii_only=simple))


def search(text: str, pattern: str) -> bool:
    """The RE2 regular expression matches somewhere in the text."""
    try:
        return bool(expression(pattern).Match(text))
    except UnicodeEncodeError:  # half a surrogate pair, which state.db can hold
        return bool(expression(pattern).Match(text.encode("utf-8", "backslashreplace").decode()))


def search_all(texts: Sequence[str], pattern: str) -> list[bool]:
    """`search` for each. A rare pattern costs one call for all: 0.05 µs a text instead of 0.8.

    Joined by newlines, with ^ and $ at each line, a pattern finds at least what it finds in one text alone. Not
    so where it speaks of the text's very ends or sets flags itself: there each is searched.
    """
    joinable = not any(special in pattern for special in ("\\A", "\\z", "(?"))
    if joinable and not search("\n".join(texts), f"(?m){pattern}"):
        return [False] * len(texts)
    return [search(text, pattern) for text in texts]


@lru_cache(maxsize=64)
def expression(pattern: str) -> Any:
    """A compiled RE2 set of one pattern: its Match answers yes or no in half the time of a search.

    Raises re2.error; its argument is RE2's own sentence as bytes.
    """
    import re2  # 15 ms that only a filter with ~ needs

    options = re2.Options()
    options.log_errors = False  # it would write to the terminal
    re2.compile(pattern, options)
    matcher = re2.Set.SearchSet(options)
    matcher.Add(pattern)
    matcher.Compile()
    return matcher


def complaint(pattern: str) -> str | None:
    """What RE2 has against a regular expression; None where it takes it."""
    import re2  # as above

    try:
        expression(pattern)
    except re2.error as wrong:
        said = wrong.args[0]
        return said.decode(errors="replace") if isinstance(said, bytes) else str(said)
    return None


def _visible(text: str) -> str:
    # SQLite's LIKE and GLOB end at the first NUL; no server lets one into a name, so this is only for agreement
    return text.partition("\0")[0]


def _wild(text: str, pattern: str) -> bool:
    """Two pointers and the last %: linear in practice, where a regular expression of many % would explode."""
    at = here = 0
    star, mark = -1, 0
    while at < len(text):
        if here < len(pattern) and pattern[here] == "%":
            star, mark = here, at
            here += 1
        elif here < len(pattern) and pattern[here] in ("_", text[at]):
            at, here = at + 1, here + 1
        elif star >= 0:
            mark += 1
            at, here = mark, star + 1
        else:
            return False
    return all(character == "%" for character in pattern[here:])
