"""What a check has under a field, and the meaning of its filters in plain Python."""

from __future__ import annotations

from typing import Any

from ..records import Check, Identities, Millis
from .check_sql import FLAPPING, WORDS
from .evaluate import passes
from .tree import Field, Node


def matches_check(node: Node, check: Check, now: Millis, identities: Identities | None = None) -> bool:
    """Whether the check passes at that time. With `identities` a dataset goes by its declared name too."""
    words = [str(one) for name in WORDS for one in check_values(Field("check", name), check, now, identities)]
    return passes(node, lambda field: check_values(field, check, now, identities), words)


def check_values(field: Field, check: Check, now: Millis, identities: Identities | None = None) -> list[Any]:
    """What the check has there: nothing, one value, or of a dataset the tool's name for it and the declared one."""
    value = _value(field.name, check, now)
    found = [] if value in (None, "") else [value]
    if field.name == "dataset" and identities is not None:
        declared = identities.name_of(check.tool, check.dataset)
        found += [declared] if declared is not None else []
    return found


def _value(name: str, check: Check, now: Millis) -> Any:
    newest = check.newest
    if name in ("outcome", "severity", "observed", "expected", "failed_rows", "total_rows"):
        return getattr(newest, name)
    told = {
        "source": check.source_name,
        "share": newest.failing_share,
        "rule": check.rule_change,
        "rule_commit": check.rule_changed_commit,
        "usual": None if check.usual is None else check.usual / 1000,
        "silent": int(check.silent_since(now) is not None),
        "removed": int(check.removed_at is not None),
        "flapping": int(check.flips >= FLAPPING),
    }
    return told[name] if name in told else getattr(check, name)
