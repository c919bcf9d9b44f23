"""All gates of a situation, in the order in which a policy is read."""

from __future__ import annotations

from collections.abc import Iterator

from ..records import Millis
from .alias_gates import alias_gates
from .check_gates import ci_gates
from .data_gates import data_gates
from .facts import Situation
from .gate import Gate
from .metric_gates import metric_gates
from .people_gates import with_waivers
from .policy import policy_gate


def planned_gates(situation: Situation, now: Millis) -> tuple[Gate, ...]:
    """Those that a plan is made of, and that whoever approves it agrees to: policy to data.

    Of a rollback all but `version` are shown only: the way back is open whatever they say.
    """
    gates = tuple(_gates(situation, now))
    if situation.kind == "rollback":
        return tuple(gate.but(binds=gate.id == "version") for gate in gates)
    return with_waivers(situation, gates, now)


def _gates(situation: Situation, now: Millis) -> Iterator[Gate]:
    rules = situation.policy.rules
    yield policy_gate(situation.policy, situation.model, situation.alias, situation.repository)
    yield from alias_gates(situation, rules)
    if rules is not None:
        yield from metric_gates(situation, rules.metric, now)
        yield from ci_gates(situation, rules.required_checks, now)
        yield from data_gates(situation, rules.required_checks, now)
