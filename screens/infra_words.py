"""Words for stacks and resources: what a plan would do, what was changed outside the code, and why. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from ..app.records import Commit, Millis, Resource, ResourceAction, SourceState, Stack
from ..app.text import clip, one_line, shown
from ..widgets.figures import age, count
from ..widgets.line import Piece
from ..widgets.status import glyph, sign
from .deck import Deck
from .empty import how_to_begin, nothing_came, nothing_like

STATUSES: Final = ("failed", "drifted", "planned", "unknown", "applied", "in step")
"""How a stack can stand, the worst first."""

ACTIONS: Final[tuple[ResourceAction, ...]] = (
    "delete", "replace", "update", "create", "unknown", "forget", "read", "no-op"
)  # fmt: skip
"""What a plan does, what costs most first."""

COUNTED: Final = ("create", "update", "delete", "replace", "forget", "unknown")
"""What is counted in a row: to read data changes nothing."""

MEANS: Final[Mapping[str, str]] = {
    "in step": "the plan would change nothing",
    "planned": "the plan would change something",
    "drifted": "something was changed outside the code",
    "failed": "plan or apply ended in errors",
    "applied": "the plan was carried out",
    "unknown": "no plan tells how it stands",
}

WHY: Final[Mapping[str, str]] = {
    "replace_because_cannot_update": "an attribute cannot be changed in place",
    "replace_because_tainted": "it is marked as tainted",
    "replace_by_request": "somebody asked for it (-replace)",
    "replace_by_triggers": "something that it is to be replaced with changes",
    "delete_because_no_resource_config": "its code is gone",
    "delete_because_no_module": "its module is gone from the code",
    "delete_because_wrong_repetition": "count or for_each came or went",
    "delete_because_count_index": "count is smaller now",
    "delete_because_each_key": "for_each has its key no more",
    "delete_because_no_move_target": "it was to be moved to where there is nothing",
    "read_because_config_unknown": "what it is read with is known only when applied",
    "read_because_dependency_pending": "what it depends on changes first",
    "read_because_check_nested": "a check reads it",
    "import": "it is there already and is taken over",
}
"""The tool's words on why."""

DRIFTS: Final[Mapping[str, str]] = {
    "update": "changed outside the code",
    "delete": "taken away outside the code",
    "move": "moved outside the code",
    "unknown": "differs from what was applied",
}


NO_VALUES: Final = "values are not kept"


def is_still(resource: Resource) -> bool:
    """Nothing happens to it, and nothing happened: neither has it moved, nor is it taken over or put off."""
    return resource.action == "no-op" and not (resource.drift or resource.moved_from or resource.reason)


def weight(resource: Resource) -> tuple[bool, int, list[str | int]]:
    """The order of resources: what was changed outside the code first, then what costs most."""
    return (not resource.drift, ACTIONS.index(resource.action), by_address(resource))


def by_address(resource: Resource) -> list[str | int]:
    """The order of addresses: worker[2] before worker[10]."""
    parts = re.split(r"([0-9]{1,18})", resource.address)
    return [int(part) if at % 2 else part for at, part in enumerate(parts)]


def status_weight(stack: Stack) -> tuple[int, str]:
    """The order of stacks: the worst first."""
    return (STATUSES.index(stack.status) if stack.status in STATUSES else 0, stack.name)


def counts_said(counts: Mapping[str, int], status: str = "") -> str:
    """`+2 ~1 -1 ±1`; `nothing` where nothing changes, a dash where no plan came to its end."""
    said = [f"{glyph(action)}{count(counts[action])}" for action in COUNTED if counts.get(action)]
    is_known = status not in ("failed", "unknown") and any(counts.values())
    none = "no resource" if status == "planned" else "nothing"  # outputs or addresses only
    return " ".join(said) or (none if is_known else "–")


def counts_in_words(counts: Mapping[str, int]) -> str:
    """`2 create, 1 replace`."""
    return ", ".join(f"{count(counts[action])} {action}" for action in COUNTED if counts.get(action))


def counts_role(counts: Mapping[str, int]) -> str:
    """What deletes or replaces is bright: it cannot be taken back."""
    return "warn" if counts.get("delete") or counts.get("replace") else "text"


def drift_said(counts: Mapping[str, int]) -> str:
    """`▲ 2`; "" where nothing was changed outside the code."""
    return f"{glyph('drifted')} {count(counts['drift'])}" if counts.get("drift") else ""


def why(resource: Resource) -> str:
    """Why the plan does that, in words; what nobody knows as the tool says it."""
    if not resource.reason:
        return ""
    return WHY.get(resource.reason) or one_line(resource.reason[:200]).replace("_", " ")


def action_piece(resource: Resource) -> Piece:
    """`± replace`; of one that only drifted that."""
    if resource.action == "no-op" and resource.drift:
        return f"{glyph('drifted')} {DRIFTS[resource.drift]}", "warn"
    if resource.action == "no-op" and not is_still(resource):
        return f"{glyph('moved')} {in_short(resource)}", "text"
    word = "unchanged" if resource.action == "no-op" else resource.action
    return f"{glyph(resource.action)} {word}", sign(resource.action).role


def changes_said(resource: Resource) -> str:
    """`subnets forces it, tags; outside: tags`: names of attributes, never what they hold."""
    forces = [f"{shown(name)} forces it" for name in resource.forces]
    changed = [shown(name) for name in resource.changed if name not in resource.forces]
    said = ", ".join([*forces, *changed])
    outside = ", ".join(shown(name) for name in resource.drifted)
    lead = "" if resource.action == "no-op" else "outside: "
    parts = [said, f"{lead}{outside}" if outside else "", why(resource) if not forces else "",
             f"moved from {shown(resource.moved_from)}" if resource.moved_from else ""]  # fmt: skip
    return "; ".join(part for part in parts if part)


def in_short(resource: Resource) -> str:
    """What happens to it, in a word or two."""
    if resource.action == "no-op" and resource.drift:
        return "gone outside" if resource.drift == "delete" else "outside"
    if resource.action != "no-op":
        return resource.action
    return "moved" if resource.moved_from else "taken over" if resource.reason == "import" else \
        "put off" if resource.reason else "unchanged"  # fmt: skip


def commit_said(commit: Commit | None, now: Millis) -> str:
    """`4f2c91a bo 9 h`; "" where no commit that is known touched its code."""
    if commit is None:
        return ""
    return f"{shown(commit.sha[:7])} {clip(commit.author, 12)} {age(commit.committed_at, now)}"


def is_newer(commit: Commit | None, stack: Stack) -> bool:
    """Whether the code was changed after the plan: then it says nothing of the code of now."""
    return commit is not None and stack.planned_at is not None and commit.committed_at > stack.planned_at


# -- where there is none ------------------------------------------------------------------------------------------


def infra_states(states: Sequence[SourceState]) -> list[SourceState]:
    """The sources of stacks."""
    return [state for state in states if state.kind == "infra"]


def tally_pieces(stacks: Iterable[Stack]) -> list[Piece]:
    """`✖ 1 failed  ▲ 1 drifted`; where all is well `● 3 in step`."""
    held = [stack.status for stack in stacks]
    made: list[Piece] = [
        (f"   {glyph(status)} {count(held.count(status))} {status}", sign(status).role)
        for status in STATUSES[:4]
        if status in held
    ]
    well = sum(status in ("in step", "applied") for status in held)
    if well and not made:
        made.append((f"   {glyph('in step')} {count(well)} in step", "good"))
    return made


def empty_words(deck: Deck, filter_text: str) -> list[Piece]:
    """What stands in a list without a row: what is so, and what to do next."""
    if filter_text:
        return nothing_like("stack or resource", filter_text)
    states = infra_states(deck.states)
    if not states:
        return _how_to_begin()
    return nothing_came(
        states, deck.now(), reading="plans and states are being", missing="no plan and no state was found",
        hint="`quarterdeck doctor` says where it looked   r looks again",
    )  # fmt: skip


def _how_to_begin() -> list[Piece]:
    written = (
        "[[infra]]",
        'kind = "terraform"           # or opentofu',
        'stack = "serving"',
        'plan = "infra/plan.json"     # terraform show -json plan.bin',
        'state = "infra/state.json"   # terraform show -json',
        'models = ["churn"]',
    )
    return how_to_begin(
        "no infrastructure is known: say in quarterdeck.toml where plans are", written,
        "or ci_artifact, or a command that prints a plan", "names of attributes are read, never their values",
    )  # fmt: skip
