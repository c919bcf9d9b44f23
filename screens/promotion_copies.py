"""What can be copied of a plan: its id, the command line, Markdown and JSON. Pure functions."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator

from ..app.comparison.forms import code
from ..app.copies import Copy
from ..app.promotion import Plan, ordered, plan_json
from ..app.promotion.words import called, sworn
from ..app.records import Millis
from ..widgets.figures import age


def plan_copies(plan: Plan, now: Millis) -> list[Copy]:
    """The forms of a plan. What others need to approve it is its id."""
    return [
        Copy("plan id", plan.id),
        Copy("command", command(plan)),
        Copy("Markdown", "\n".join(_markdown(plan, now)) + "\n"),
        Copy("JSON", json.dumps(plan_json(plan, now), allow_nan=False, indent=2) + "\n"),
    ]


def command(plan: Plan) -> str:
    """The same on the command line, which asks as well."""
    verb, option = ("rollback", "--to") if plan.kind == "rollback" else ("promote", "--version")
    words = ["quarterdeck", verb, f"{plan.model}@{plan.alias}", *([option, plan.to_version] if plan.to_version else [])]
    return shlex.join(words)


def _markdown(plan: Plan, now: Millis) -> Iterator[str]:
    verb = "Roll back" if plan.kind == "rollback" else "Promote"
    yield f"### {verb} {code(plan.model)} {code(plan.alias)}: {called(plan.from_version)} → {called(plan.to_version)}"
    yield ""
    policy = f", policy {code(plan.policy_commit[:12])}" if plan.policy_commit else ""
    yield f"Plan {code(plan.id)}{policy}, asked for by {code(sworn(plan.requester))}."
    yield ""
    yield "| gate | state | found | demanded | age |"
    yield "| --- | --- | --- | --- | --- |"
    for gate in ordered(plan.gates):
        bound = code(gate.bound) if gate.bound else ""
        yield f"| {code(gate.id)} | {gate.state} | {code(gate.sentence)} | {bound} | {age(gate.at, now)} |"
    yield ""
    yield from (f"- {code(call)}" for call in plan.calls)
    if not plan.applicable:
        yield ""
        yield f"Blocked: {code(plan.blocked)}."
