"""How old dbt found its sources: one check a source."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

import msgspec

from ....records import CheckResult
from ....records.check import Limit, Outcome
from ..documents import number, small, text
from ..invocations import age, judged, without_colours
from ..masking import figure, masked_line, without_addresses
from .names import dataset_of
from .results import told
from .shapes import Result

OUTCOMES: Final[Mapping[str, Outcome]] = {"pass": "pass", "warn": "warn", "error": "fail", "runtime error": "error"}
"""error: it is older than error_after, which says something of the data. runtime error: nobody could look."""
_HOURS: Final = {"minute": 1 / 60, "hour": 1.0, "day": 24.0}


class _After(msgspec.Struct, frozen=True):
    count: int | None = None
    period: str | None = None

    @property
    def hours(self) -> float | None:
        """How old it may be; None where nothing is demanded."""
        unit = _HOURS.get((self.period or "").lower())
        return None if unit is None or self.count is None or abs(self.count) > 10**9 else round(self.count * unit, 6)


class _Criteria(msgspec.Struct, frozen=True):
    warn_after: _After | None = None
    error_after: _After | None = None
    filter: str | None = None


def freshness(result: Result) -> CheckResult:
    """What is known of the age of one source. Ages are in hours, long ones in days."""
    outcome, trouble = judged(result.status, OUTCOMES)
    criteria = small(result.criteria, _Criteria) or _Criteria()
    demands = dict(_demands(criteria))
    old = number(result.max_loaded_at_time_ago_in_s)
    wanted = demands.get("error_after") if outcome == "fail" else demands.get("warn_after", demands.get("error_after"))
    return CheckResult(
        name="freshness", dataset=dataset_of(result.unique_id), outcome=outcome,
        definition=_definition(criteria, demands), limits=tuple(_limits(demands)),
        observed=None if old is None else age(old / 3600),
        expected=None if wanted is None else f"at most {age(wanted)}",
        message=trouble or _error(result),
    )  # fmt: skip


def _demands(criteria: _Criteria) -> Iterator[tuple[str, float]]:
    for name, after in (("warn_after", criteria.warn_after), ("error_after", criteria.error_after)):
        if after is not None and after.hours is not None:
            yield name, after.hours


def _limits(demands: Mapping[str, float]) -> Iterator[Limit]:
    return (Limit(name=name, value=hours, strict="lower") for name, hours in demands.items())


def _definition(criteria: _Criteria, demands: Mapping[str, float]) -> str:
    words = [f"{name}={figure(hours)} h" for name, hours in demands.items()]
    if criteria.filter:
        words.append(f"filter={without_addresses(criteria.filter[:1_000])}")
    return f"freshness {' '.join(words)}" if words else ""


def _error(result: Result) -> str:
    said = text(result.error, 4_000) or text(result.message, 4_000)
    return masked_line(told(without_colours(said)), {result.unique_id.rpartition(".")[2]})
