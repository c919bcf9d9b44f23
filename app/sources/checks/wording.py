"""How rules and what was seen are told, alike for all tools. Pure functions."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from hashlib import blake2b

import msgspec

from .masking import MASK, cut, figure, without_addresses

LONGEST_RULE = 2_000
"""Characters of a definition; what is longer ends in a digest of all of it."""
_DEEPEST = 20


def rule_text(type_: str, parts: Mapping[str, object], sets: Collection[str] = ()) -> str:
    """A rule as canonical JSON: the order of keys, of what is in `sets`, and 100 for 100.0 make no other rule."""
    rule = {key: _canonical(value, is_set=key in sets) for key, value in parts.items() if value is not None}
    told = msgspec.json.encode({"type": type_, **rule}, order="sorted").decode("utf-8", "replace")
    told = without_addresses(told)
    if len(told) <= LONGEST_RULE:
        return told
    return f"{told[: LONGEST_RULE - 20]}{MASK} {blake2b(told.encode('utf-8', 'replace'), digest_size=6).hexdigest()}"


def unexpected(name: str, failed: int | None, total: int | None, share: float | None) -> str | None:
    """12 unexpected of 200 (6 %); 3.1 % null where that is what `name` asks. The share, in percent, is the tool's own
    where it tells one: some leave out rows without a value."""
    if share is None and failed is not None and total:
        share = failed / total * 100
    if share is not None and name.startswith("not_null"):
        return f"{percent(share)} null"
    if failed is None:
        return None if share is None else f"{percent(share)} unexpected"
    of_all = "" if total is None else f" of {total}"
    return f"{failed} unexpected{of_all}" + (f" ({percent(share)})" if share is not None else "")


def percent(share: float) -> str:
    """6 %; 0.503 %."""
    return f"{share:.3g} %" if abs(share) < 1e6 else "1e+06 % and more"


def listed(value: object) -> str:
    """The first values of a list: A, B, C and 12 more; one that is no list by itself."""
    if not isinstance(value, list):
        return value_text(value)
    first = ", ".join(value_text(one) for one in value[:6])
    return f"{first} and {len(value) - 6} more" if len(value) > 6 else first


def value_text(value: object) -> str:
    """One value of a rule."""
    if isinstance(value, dict | list):
        return "a parameter" if "$PARAMETER" in value else MASK
    return figure(value) or cut(str(value)[:400], 80)


def _canonical(value: object, depth: int = 0, *, is_set: bool = False) -> object:
    if depth > _DEEPEST:
        return MASK
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return int(value)
    if isinstance(value, dict):
        return {key: _canonical(one, depth + 1) for key, one in value.items()}
    if not isinstance(value, list):
        return value
    plain = [_canonical(one, depth + 1) for one in value]
    return sorted(plain, key=lambda one: (type(one).__name__, str(one))) if is_set else plain
