"""Hides what may be a value out of the data, before anything of a result file becomes a record.

Which columns of a table hold people nobody can tell from here. So lists of values, sample rows and failure cases are
never read; texts that tools write (exceptions, messages) go through `masked`, and aggregates through `figure`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection

MASK = "…"
"""Stands for what was hidden."""
LONGEST = 300
"""Characters of a masked text."""

_READ = 4_000  # of a text, before it is masked: enough for LONGEST, and a bound for the expressions below
_QUOTED = re.compile(
    r'"((?:[^"\\]|\\.|\\$)*)(?:"|$)'
    r"|(?<!\w)[bBfFrRuU]{0,2}'((?:[^'\\]|\\.|\\$|'(?=\w))*)(?:'|$)"
    r"|`([^`]*)(?:`|$)|[“„]([^“”]*)(?:[“”]|$)|«([^»]*)(?:»|$)|‹([^›]*)(?:›|$)"
    r"|(?<!\w)[‘‚]((?:[^‘’]|’(?=\w))*)(?:[‘’]|$)"
)  # an apostrophe within a word opens nothing; what is not closed is hidden to its end
_MARKS = {'"': '"', "'": "'", "`": "`", "“": "”", "„": "“", "«": "»", "‹": "›", "‘": "’", "‚": "‘"}
_KEY_VALUE = re.compile(r"=\s?\([^()\n]*(?:\)|$)")  # PostgreSQL: Key (email)=(...) already exists
_ROW = re.compile(r"\b(contains? )\(.*", re.I)  # and: Failing row contains (1, Jane Doe, ...
_NOT_CONVERTED = re.compile(
    r"\b((?:could not convert|invalid (?:input|literal)|(?:cannot|failed to) (?:cast|parse|convert))\b[^:]{0,80}:)"
    r"\s*[^\s\"'…].*",
    re.I,
)
_SECRET = re.compile(r"\b((?:pass(?:word|wd|phrase)?|pwd|secret|token|api[_-]?key)\s?[:=])\s?[^\s…]\S*", re.I)
_VALUES = re.compile(r"\b((?:values?|cases?|rows?|inputs?)[:=])\s*\S.*", re.I)
_WORDS = re.compile(r"""[^\s"'<>(),;\[\]{}|`“”«»]+""")
_AT = re.compile(r"@|%40|\\u0040|&#64;|＠", re.I)
_NUMBERS = re.compile(r"(?<![\d.])\d{5,}|(?<!\d)\+?\d(?:[ /-]?\d){8,}(?!\d)")
_DIALLED = re.compile(r"(?<![\w.])(?:\+\d|\(\d{2,5}\)[ ./-]?\d)(?:[ ()./-]{0,2}\d){4,}(?!\d)")
_DOTTED = re.compile(r"(?<![\w.])\d{2,4}(?:\.\d{2,4}){2,}(?![\w])")  # telephones, cards, most addresses of machines
_FRACTION = re.compile(r"(?<=\d\.)(\d{3})\d{2,}")
_DATE = re.compile(r"\d{4}-\d\d-\d\d(?![\d-])")
_TOKEN = re.compile(r"[A-Za-z0-9_+/=~-]{20,}")
_DOMAIN = re.compile(r"(?:@|%40|\\u0040)\w[\w-]*(?:\.[\w-]+)+", re.I)


def masked(text: str, known: Collection[str] = ()) -> str:
    """A tool's text without what may be data: addresses, quoted texts, long numbers and tokens are "…". One line.

    Names in `known` (of columns, tables) stay where they are quoted. At most `LONGEST` characters; linear time.
    """
    line = " ".join(text[:_READ].split())
    line = _QUOTED.sub(lambda found: _quote(found, known), line)
    line = _ROW.sub(rf"\1({MASK})", _KEY_VALUE.sub(f"=({MASK})", line))
    line = _SECRET.sub(rf"\1{MASK}", _NOT_CONVERTED.sub(rf"\1 {MASK}", _VALUES.sub(rf"\1 {MASK}", line)))
    line = _DOTTED.sub(MASK, _DIALLED.sub(MASK, line))
    line = _WORDS.sub(lambda found: _word(found[0], known), line)
    return cut(_FRACTION.sub(rf"\1{MASK}", _NUMBERS.sub(_number, line)), LONGEST)


def masked_line(text: str, known: Collection[str] = ()) -> str:
    """The first line of an exception that says something, masked; the lines below it show data and code."""
    return masked(next((line for line in text[:_READ].splitlines() if line.strip()), ""), known)


def may_be_addressed(text: str) -> bool:
    """Whether an address may be in it: a quick look."""
    return _AT.search(text) is not None


def without_addresses(text: str) -> str:
    """A text that people wrote (a rule, a note), with e-mail addresses hidden and all else as it is.

    Expressions that match addresses stay what they are: another one is another rule.
    """
    kept, end = [], 0
    for found in _DOMAIN.finditer(text):
        begin = _begin(text, found.start(), end)
        if begin < found.start():
            kept += [text[end:begin], MASK]
            end = found.end()
    return "".join(kept) + text[end:]


def figure(value: object) -> str | None:
    """A finite number as it is shown, 6 significant digits: 200, 36.087, 1e+300. None for all that is none."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if isinstance(value, int):
        return str(value) if abs(value) < 10**18 else figure(float(value)) if abs(value) < 10**300 else None
    if not math.isfinite(value):
        return None
    return str(int(value)) if value.is_integer() and abs(value) < 1e15 else f"{value:.6g}"


def cut(text: str, most: int) -> str:
    """At most so many characters, the last of them "…" where it is longer."""
    return text if len(text) <= most else text[: most - 1] + MASK


def _begin(text: str, at: int, least: int) -> int:
    """Where the name before an @ begins; `at` where there is none."""
    begin = at
    while begin > least and (text[begin - 1].isalnum() or text[begin - 1] in "_.%+-'"):
        begin -= 1
    if at == begin or not (text[at - 1].isalnum() or text[at - 1] == "_"):
        return at
    while text[begin] in ".%+-'":
        begin += 1
    return begin


def _quote(found: re.Match[str], known: Collection[str]) -> str:
    inside = next((group for group in found.groups() if group is not None), "")
    if not inside or inside in known:
        return found[0]
    mark = next(character for character in found[0] if character in _MARKS)
    return f"{mark}{MASK}{_MARKS[mark]}"


def _word(word: str, known: Collection[str]) -> str:
    if word in known:
        return word
    return MASK if _AT.search(word) else _TOKEN.sub(lambda found: _token(found[0]), word)


def _token(token: str) -> str:
    """Keys, hashes and identifiers of rows have digits in them; names of classes have not."""
    return MASK if len(token) >= 60 or any(character.isdigit() for character in token) else token


def _number(found: re.Match[str]) -> str:
    """Dates stay, and what follows them is looked at by itself: a time stays, a number of somebody does not."""
    if date := _DATE.match(found[0]):
        return date[0] + _NUMBERS.sub(MASK, found[0][date.end() :])
    return MASK
