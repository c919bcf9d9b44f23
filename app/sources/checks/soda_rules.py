"""What a check of Soda 3 demands, by its text in SodaCL: what it is called, its rule in one line, what passes. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from ...records.check import Limit
from .documents import Raw, number
from .invocations import age, bounded
from .masking import cut, figure, without_addresses

_LONGEST: Final = 120
_READ: Final = 20_000  # characters of a definition that are looked at
_METRIC: Final = re.compile(
    r"([A-Za-z_][\w ]{0,60}?)\s*(?:\(([^()]{0,200})\))?\s*(?:(?:not )?between\b|[<>=!]=?|warn\b|fail\b|$)"
)
_REFERENCE: Final = re.compile(r"values in \(?([^()]{1,200}?)\)? must (?:not )?exist in")
_CHANGE: Final = re.compile(
    r"(?:change|same day last week change|anomaly (?:score|detection))\b[\w ]{0,60}? for (.{1,200})"
)
_DURATION: Final = re.compile(r"(?<![\w.])(?=\d)(?:(\d{1,6})d)?(?:(\d{1,6})h)?(?:(\d{1,6})m)?(?:(\d{1,6})s)?(?![\w.])")
_LEVEL: Final = re.compile(r"\([^()]{1,200},\s*(0?\.\d{1,6})\s*\)")
_NUMBER: Final = re.compile(r"[-+]?\d+(?:\.\d+)?")
_ROWS: Final = re.compile(
    r"((?:missing|invalid|duplicate)_(?:count|percent)\b[^<>=]{0,250}?)\s*(<=?|=)\s*(\d{1,12})(?=\s*(?:%\s*)?(?:;|$))"
)
_PARTITION: Final = re.compile(r"checks for [^\n\[]{1,300}\[([^\]\n]{1,80})\]")
_NAME: Final = re.compile(r"\n\s*name:[ \t]*(\S[^\n]{0,200})")
_NO_RULE: Final = (
    "name",
    "attributes",
    "samples limit",
    "samples columns",
    "collect failed rows",
    "group_value",
    "title",
)
_SAME: Final = {"avg": "mean", "stddev": "stdev", "failed rows": "failed_rows"}
_LEVELS: Final = ("fail", "warn")
_BOUNDS: Final = (
    ("greaterThan", "lower"), ("greaterThanOrEqual", "lower"), ("lessThan", "higher"), ("lessThanOrEqual", "higher"),
)  # fmt: skip


class Text:
    """The definition of one check, as Soda repeats it: `checks for orders:`, then the check and what it was given."""

    def __init__(self, definition: str, name: str) -> None:
        head, _, rest = definition[:_READ].partition("\n")
        lines = (rest or definition[:_READ]).splitlines() or [name]
        self._partition = found[1] if (found := _PARTITION.match(head)) else ""
        self._lines = [line.strip().removeprefix("- ").strip() if not at else line for at, line in enumerate(lines)]
        self.head = self._lines[0].removesuffix(":").strip()
        self._rest = "\n" + "\n".join(self._lines[1:])

    @property
    def own_name(self) -> str:
        """What somebody called it; "" where Soda did, with the numbers of the rule."""
        found = _NAME.match(self._rest) or _NAME.search(self._rest)
        return without_addresses(found[1].strip("'\" ")) if found else ""

    @property
    def is_filtered(self) -> bool:
        """It is about a part of the table."""
        return bool(self._partition)

    @property
    def kind(self) -> str:
        """The metric: missing_count, row_count, freshness, schema, failed rows ..."""
        return self._metric[0]

    @property
    def columns(self) -> str:
        """The columns that it names: order_id, customer_id."""
        return self._metric[1]

    def name(self, group: str = "") -> str:
        """not_null(email), row_count [daily], unique(order_id) ids are there: without the numbers of the rule."""
        kind, columns = self._metric
        short = self._word(kind)
        own = self.own_name
        if kind == "percentile" and (level := _LEVEL.search(self.head)):
            columns = f"{columns}, {level[1]}"  # which percentile it is, and not what it is to be
        about = f"{short}({columns})" if columns else short
        words = [own if own and kind == "failed rows" else about, own if kind != "failed rows" else ""]
        words += [f"[{self._partition}]" if self._partition else "", group]
        return cut(" ".join(word for word in words if word), _LONGEST)

    @property
    def definition(self) -> str:
        """The rule in one line, without what says nothing of the data; durations in hours."""
        lines = [f"[{self._partition}]"] if self._partition else []
        first, *rest = list(self._kept()) or [""]
        told = "; ".join([_ROWS.sub(_at_most, first), *rest])
        return bounded(" ".join([*lines, _DURATION.sub(_hours, told) if self.kind == "freshness" else told]))

    def durations(self) -> Iterator[tuple[str, float]]:
        """The ages of a freshness check, in hours: by level."""
        for line in self._kept():
            level = "warn" if line.startswith("warn") else "fail"
            for found in _DURATION.finditer(line) if self.kind == "freshness" else ():
                if any(found.groups()):
                    yield level, float(_hours(found).removesuffix(" h"))

    @property
    def _metric(self) -> tuple[str, str]:
        if found := _REFERENCE.match(self.head):
            return "relationships", _columns(found[1])
        if found := _CHANGE.match(self.head):
            inner = _METRIC.match(found[1])
            said = f"{inner[1]}({_columns(inner[2])})" if inner and _columns(inner[2]) else inner[1] if inner else ""
            return "anomaly" if self.head.startswith("anomaly") else "change", said
        found = _METRIC.match(self.head)
        return (found[1].strip(), _columns(found[2])) if found else (re.sub(r"\d+(?:\.\d+)?", "#", self.head)[:60], "")

    def _word(self, kind: str) -> str:
        if kind in ("missing_count", "missing_percent"):
            return "not_null"
        if kind in ("duplicate_count", "duplicate_percent"):
            return "unique"
        if kind in ("invalid_count", "invalid_percent"):
            return self._validity()
        return _SAME.get(kind, kind)

    def _validity(self) -> str:
        for word, name in (
            ("valid values:", "accepted_values"),
            ("valid m", "between"),
            ("valid regex:", "match_regex"),
        ):
            if any(line.strip().startswith(word) for line in self._lines[1:]):
                return name
        return "valid"

    def _kept(self) -> Iterator[str]:
        left_out: int | None = None
        for at, line in enumerate(self._lines):
            depth = len(line) - len(line.lstrip())
            if left_out is not None and depth > left_out:
                continue
            is_rule = not at or line.strip().partition(":")[0] not in _NO_RULE
            left_out = None if is_rule else depth
            if is_rule and line.strip():
                yield line.strip().removesuffix(":")


def limits(levels: Mapping[str, Mapping[str, Raw]], text: Text) -> tuple[Limit, ...]:
    """The numbers by which the rule is told to be looser or stricter: of what fails and of what warns."""
    if (told := _ROWS.search(text.definition)) is not None and told[2] == "<=":
        return (Limit(name="fail.greaterThan", value=float(told[3]), strict="lower"),)
    return tuple(_told(levels)) or tuple(
        Limit(name=f"{level}.greaterThan", value=hours, strict="lower") for level, hours in text.durations()
    )


def expected(levels: Mapping[str, Mapping[str, Raw]], text: Text, outcome: str) -> str | None:
    """What would have passed: at most 0; 100 to 300; less than 5 %; at most 6.5 h."""
    ages = dict(text.durations())
    if ages:
        level = "fail" if outcome == "fail" and "fail" in ages else "warn"
        return f"at most {age(ages[level] if level in ages else ages['fail'])}"
    level = "fail" if outcome == "fail" or not levels.get("warn") else "warn"
    allowed = _allowed({key: number(raw) for key, raw in levels.get(level, {}).items()})
    return f"{allowed} %" if allowed and text.kind.endswith("percent") else allowed


def _told(levels: Mapping[str, Mapping[str, Raw]]) -> Iterator[Limit]:
    for level in _LEVELS:
        for bound, strict in _BOUNDS:
            value = number(levels.get(level, {}).get(bound, Raw(b"")))
            if value is not None:
                yield Limit(name=f"{level}.{bound}", value=value, strict="lower" if strict == "lower" else "higher")


def _allowed(fails: Mapping[str, float | None]) -> str | None:
    """The other way round of what fails."""
    above, below = fails.get("greaterThan"), fails.get("lessThan")
    least, most = fails.get("greaterThanOrEqual"), fails.get("lessThanOrEqual")
    if above is not None and below is not None:
        return figure(above) if above == below else f"{figure(below)} to {figure(above)}"
    if least is not None and most is not None:
        return f"not {figure(least)} to {figure(most)}"
    words = (("at most", above), ("at least", below), ("less than", least), ("more than", most))
    return next((f"{word} {figure(value)}" for word, value in words if value is not None), None)


def _columns(arguments: str | None) -> str:
    """Without the numbers: amount of percentile(amount, 0.95)."""
    return ", ".join(_names((arguments or "").split(",")))[:_LONGEST]


def _names(words: Iterable[str]) -> Iterator[str]:
    for word in words:
        name = without_addresses(word.strip().strip("\"'`"))
        if name and not _NUMBER.fullmatch(name):
            yield name


def _at_most(found: re.Match[str]) -> str:
    """Rows that are wrong are counted from nothing: `= 0` is `<= 0`, and `< 5` of a count is `<= 4`."""
    metric, sign, value = found.groups()
    if (sign == "=" and int(value)) or (sign == "<" and "_percent" in metric):
        return found[0]
    return f"{metric} <= {int(value) - (sign == '<')}"


def _hours(found: re.Match[str]) -> str:
    if not any(found.groups()):
        return found[0]
    days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return f"{figure(round(days * 24 + hours + minutes / 60 + seconds / 3600, 4))} h"
