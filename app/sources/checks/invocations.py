"""What the invocations of all tools share: an id by content, checks that are alike told apart, words to outcomes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from hashlib import blake2b
from pathlib import PurePosixPath
from typing import Final

import msgspec

from ...records import CheckResult
from ...records.check import Outcome
from .masking import MASK, figure, masked, without_addresses
from .reading import ResultFile, UnreadableError
from .wording import LONGEST_RULE

MOST_RESULTS: Final = 50_000
"""Results of one file that become records, 1 to 4 kB each: five times what the largest projects have."""
_STAMPS: Final = re.compile(
    r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
    r"|\d{4}-\d\d-\d\d(?:[T _-]?\d\d[:_-]?\d\d(?:[:_-]?\d\d)?(?:\.\d+)?Z?)?"
    r"|(?<![0-9a-zA-Z])(?=[0-9a-fA-F]*\d)[0-9a-fA-F]{12,40}(?![0-9a-zA-Z])"
    r"|\d{8,}(?:[T_-]?\d{6})?Z?"
)
_COLOURS: Final = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


def content_id(data: bytes, number: int = 0) -> str:
    """Names what a file holds: 16 hex digits, with `-1` for the second invocation in it."""
    name = blake2b(data, digest_size=8).hexdigest()
    return f"{name}-{number}" if number else name


def numbered(results: Iterable[CheckResult]) -> tuple[CheckResult, ...]:
    """The results with ordinals: those that are alike in dataset, column and name count up in their order."""
    seen: dict[tuple[str, str, str], int] = {}
    told_apart = []
    for result in results:
        who = (result.dataset, result.column, result.name)
        seen[who] = ordinal = seen.get(who, -1) + 1
        told_apart.append(msgspec.structs.replace(result, ordinal=ordinal) if ordinal else result)
    return tuple(told_apart)


def check_count(file: ResultFile, results: int) -> None:
    """Raises UnreadableError where a file holds more results than one may."""
    if results > MOST_RESULTS:
        raise UnreadableError(file.path, f"it holds {results:,} results, and at most {MOST_RESULTS:,} are read")


def judged(word: str, known: Mapping[str, Outcome]) -> tuple[Outcome, str]:
    """A tool's word as an outcome, and a sentence where nobody here knows the word: then it could not run."""
    outcome = known.get(word.strip().casefold())
    return (outcome, "") if outcome else ("error", f"It says {masked(word)[:40]}, which nobody here knows.")


def bounded(rule: str) -> str:
    """A rule in one line without addresses. Long ones end in a hash of all of it: equal texts are equal rules."""
    rule = without_addresses(" ".join(rule.split()))
    if len(rule) <= LONGEST_RULE:
        return rule
    return f"{rule[: LONGEST_RULE - 20]}{MASK} {blake2b(rule.encode('utf-8', 'replace'), digest_size=6).hexdigest()}"


def age(hours: float) -> str:
    """How old something is: 40 min, 26 h, 12 d."""
    if abs(hours) < 2 and hours != 1:
        return f"{hours * 60:.0f} min"
    return (
        f"{figure(round(hours, 1 if abs(hours) < 10 else 0))} h"
        if abs(hours) < 96
        else f"{figure(round(hours / 24))} d"
    )


def without_stamps(name: str) -> str:
    """A name without times, dates and ids that change with each run: TestAcme of TestAcme-20251114214921."""
    bare = _STAMPS.sub("", name)
    return name.strip() if bare == name else bare.strip(" -_.:/")


def stem(path: str) -> str:
    """What a file is called beside its folder, ending and time: drift of reports/drift-2026-11-22.json."""
    return without_stamps(PurePosixPath(path.replace("\\", "/")).stem)


def without_colours(text: str) -> str:
    """A text for a terminal, without the sequences that colour it."""
    return _COLOURS.sub("", text) if "\x1b" in text else text
