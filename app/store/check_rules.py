"""Whether a rule asks more or less than the one before. Pure: two rules in, a word out."""

from __future__ import annotations

import re
from functools import lru_cache
from math import isnan
from typing import Final, NamedTuple

from ..records import Limit, RuleChange

_NUMBER: Final = re.compile(r"(?<![\w.])[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
_LONGEST: Final = 20_000
"""Characters of a definition in which limits are looked for: longer ones are compared as they are."""


class Rule(NamedTuple):
    """What a check demands. The empty definition is that of a tool that does not tell."""

    definition: str = ""
    limits: tuple[Limit, ...] = ()


@lru_cache(maxsize=4096)
def change_between(before: Rule, after: Rule) -> RuleChange | None:
    """What became of the rule; None where it is the same, or where one of the two is not known.

    Looser or tighter is told only where nothing but limits differs, and all of them the same way.
    """
    if before.definition == after.definition or not before.definition or not after.definition:
        return None
    ways = _ways(before, after)
    if ways is None or len(ways) != 1 or _without_limits(before) != _without_limits(after):
        return "changed"
    return "tightened" if ways.pop() else "loosened"


def _ways(before: Rule, after: Rule) -> set[bool] | None:
    """Of each limit that differs whether it is stricter now; None where the limits are not the same ones."""
    old, new = sorted(before.limits, key=_name), sorted(after.limits, key=_name)
    if [_name(one) for one in old] != [_name(one) for one in new]:
        return None
    pairs = [(one.value, other.value, one.strict) for one, other in zip(old, new, strict=True)]
    if any(isnan(value) for one, other, _ in pairs for value in (one, other)):
        return None
    return {(other > one) == (strict == "higher") for one, other, strict in pairs if one != other}


def _name(limit: Limit) -> tuple[str, str]:
    return limit.name, limit.strict


def _without_limits(rule: Rule) -> str:
    """The definition with a sign in the place of each limit: of what is written `name=value`, else of that number."""
    text = rule.definition
    if len(text) > _LONGEST:
        return text
    values = set()
    for limit in rule.limits:
        before, text = text, _without_value(text, limit.name)
        if text == before:
            values.add(limit.value)  # it is not written by its name: the same number elsewhere may be another thing
    return _NUMBER.sub(lambda found: "#" if float(found[0]) in values else found[0], text)


def _without_value(text: str, name: str) -> str:
    named = rf'(?<![\w.])({re.escape(name)}"?\s*(?:[=:]|<=?|>=?)\s*)(?:"[^"]*"|[^\s,;()\[\]{{}}]+)'
    return re.sub(named, lambda found: f"{found[1]}#", text)
