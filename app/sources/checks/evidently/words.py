"""Names, conditions and figures that both kinds of Evidently's files share. Pure functions."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from hashlib import blake2b
from typing import Final, NamedTuple

from ....records.check import Limit, Outcome
from ..masking import cut, figure, without_addresses
from ..wording import percent

OUTCOMES: Final[Mapping[str, Outcome]] = {
    "success": "pass", "fail": "fail", "warning": "warn", "error": "error", "skipped": "skipped",
}  # fmt: skip
SIGNS: Final = {
    "lt": "<",
    "lte": "<=",
    "gt": ">",
    "gte": ">=",
    "eq": "==",
    "not_eq": "!=",
    "is_in": "in",
    "not_in": "not in",
}
ALLOWED: Final = {"<": "less than", "<=": "at most", ">": "more than", ">=": "at least", "==": "", "!=": "not",
                   "in": "one of", "not in": "none of"}  # fmt: skip
_LONGEST: Final = 120
_PLAIN_LABEL: Final = re.compile(r"\d{1,3}|true|false", re.I)


class Condition(NamedTuple):
    """What a figure has to be: `<= 0.05`, `== 300` with a tolerance, `in [1, 2]`."""

    sign: str
    value: float | None
    """None: it is told by the reference data, or it is a list."""
    relative: float | None = None
    absolute: float | None = None
    values: tuple[str, ...] = ()

    @property
    def tolerance(self) -> float:
        """How far it may be off: what is written as 1e-12 is for rounding only."""
        of_value = abs(self.value or 0) * (self.relative or 0)
        found = max(of_value, self.absolute or 0)
        return found if found > 1e-9 else 0


def named(kind: str, column: str, label: str = "", own_name: str = "") -> str:
    """not_null(fare), drift(vendor), unique_values(vendor) [label 3f2a]: without the numbers of the rule."""
    words = [f"{kind}({column})" if column else kind, shown_label(label), without_addresses(own_name)]
    return cut(" ".join(word for word in words if word), _LONGEST)


def shown_label(label: str) -> str:
    """A label is a value out of the data: but for short numbers it is told apart by a hash."""
    if not label:
        return ""
    told = label if _PLAIN_LABEL.fullmatch(label) else _hash(label)
    return f"[label {told}]"


def snake(name: str) -> str:
    """A name of Evidently's as one word: precision_score of Precision Score, mean_error of MeanError."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", without_addresses(name[:200]).strip())
    return cut(re.sub(r"\W+", "_", spaced).strip("_").lower(), 80) or "test"


def told(condition: Condition, is_share: bool) -> str | None:
    """The condition in words: at most 5 %, 300 ± 30, one of 300, 400. None where the reference decides."""
    word = ALLOWED.get(condition.sign, condition.sign)
    if condition.values:
        return cut(f"{word} {', '.join(condition.values)}", 120)
    if condition.value is None:
        return None
    around = f" ± {_shown(condition.tolerance, is_share)}" if condition.tolerance else ""
    return f"{word} {_shown(condition.value, is_share)}{around}".strip()


def rule(condition: Condition) -> str:
    """The condition for a definition: each of its numbers stands in it as it is in the limits."""
    if condition.values:
        return f"{condition.sign} [{', '.join(condition.values)}]"
    words = [condition.sign]
    words += [figure(condition.value) or ""] if condition.value is not None else ["reference"]
    words += [f"{key}={figure(value)}" for key, value in _tolerances(condition)]
    return " ".join(words)


def limits(condition: Condition) -> Iterator[Limit]:
    """The numbers by which it is told to be looser or stricter."""
    if condition.value is not None and condition.sign in ("<", "<="):
        yield Limit(name="threshold", value=condition.value, strict="lower")
    elif condition.value is not None and condition.sign in (">", ">="):
        yield Limit(name="threshold", value=condition.value, strict="higher")
    for key, value in _tolerances(condition):
        yield Limit(name=key, value=value, strict="lower")


def shown(value: float | None, is_share: bool, word: str = "") -> str | None:
    """A figure as it was seen: 300; 3.33 % null."""
    return None if value is None else f"{_shown(value, is_share)} {word}".strip()


def hidden(values: object) -> str:
    """Values that may have been taken out of the data, so that others are another rule."""
    return _hash(repr(values)[:100_000])


def drift_limit(method: str, threshold: float | None) -> tuple[Limit, ...]:
    """The threshold of drift: below it where the method gives p-values, above it where it gives a distance."""
    if threshold is None:
        return ()
    return (Limit(name="threshold", value=threshold, strict="higher" if is_p_value(method) else "lower"),)


def drift_wanted(method: str, threshold: float | None) -> str | None:
    """What is no drift."""
    return None if threshold is None else f"{'at least' if is_p_value(method) else 'less than'} {figure(threshold)}"


def is_p_value(method: str) -> bool:
    """Whether a small score is drift."""
    return "p_value" in method


def _tolerances(condition: Condition) -> Iterator[tuple[str, float]]:
    if condition.tolerance or condition.value is None:
        for key, value in (("relative", condition.relative), ("absolute", condition.absolute)):
            if value is not None and value > 1e-9:
                yield key, value


def _shown(value: float, is_share: bool) -> str:
    return percent(value * 100) if is_share else figure(value) or ""


def _hash(text: str) -> str:
    return blake2b(text.encode("utf-8", "replace"), digest_size=2).hexdigest()
