"""What is different between two plans, in sentences."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from ..text import clip
from .plan import Plan
from .words import NAME, abbreviated, called


def differences(old: str, new: Plan) -> tuple[str, ...]:
    """What is different between the text of an older plan and a new one, in sentences; () where nothing is."""
    try:
        before, after = json.loads(old), json.loads(new.text)
        return tuple(_differences(before, after))
    except (ValueError, TypeError, KeyError, AttributeError):
        return ("the older plan cannot be read",)


def _differences(before: dict[str, Any], after: dict[str, Any]) -> Iterator[str]:
    for name in ("v", "registry", "model", "alias", "kind"):
        if before[name] != after[name]:
            yield f"{name}: {clip(str(before[name]), NAME)} → {clip(str(after[name]), NAME)}"
    for name in ("from", "to"):
        if before[name] != after[name]:
            yield f"{name} {called(before[name])} → {called(after[name])}"
    if before["policy"]["digest"] != after["policy"]["digest"]:
        yield "the policy demands something else"
    if before["policy"]["commit"] != after["policy"]["commit"]:
        yield f"policy {_commit(before['policy']['commit'])} → {_commit(after['policy']['commit'])}"
    yield from _gate_differences({g["id"]: g for g in before["gates"]}, {g["id"]: g for g in after["gates"]})


def _commit(commit: str) -> str:
    return abbreviated(commit) or "none"


def _gate_differences(before: dict[str, Any], after: dict[str, Any]) -> Iterator[str]:
    for name in [*before, *(name for name in after if name not in before)]:
        gate, old, new = f"gate {clip(name, 2 * NAME)}", before.get(name), after.get(name)
        if old is None or new is None:
            yield f"{gate} is new" if old is None else f"{gate} is gone"
            continue
        for key, said in (("state", ""), ("value", " found"), ("against", " is compared with"), ("waiver", " waiver")):
            if old.get(key) != new.get(key):
                yield f"{gate}{said}: {_word(old.get(key))} → {_word(new.get(key))}"
        if old["evidence"] != new["evidence"]:
            yield f"{gate}: by other evidence"


def _word(value: Any) -> str:
    return "nothing" if value is None else clip(str(value), NAME)
