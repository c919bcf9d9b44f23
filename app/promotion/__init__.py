"""Promotions: which policy covers an alias, how its gates stand, and the plan that is approved and applied.

`read_situation` takes from the cache what is known, `plan_of` judges it at a time that is passed in. What cannot be
known never passes.
"""

from __future__ import annotations

from .changes import differences
from .facts import Kind, Situation, Version
from .gate import GOES_ON, Gate, GateState
from .people import is_named, same_person
from .people_gates import Counted
from .plan import Plan, ordered, plan_of, short_id
from .plan_json import plan_json
from .policy import Policy, alias_of, covering, policy_of
from .situation import read_situation
from .way_back import ways_back

__all__ = [
    "GOES_ON", "Counted", "Gate", "GateState", "Kind", "Plan", "Policy", "Situation", "Version", "alias_of", "covering",
    "differences", "is_named", "ordered", "plan_json", "plan_of", "policy_of", "read_situation", "same_person",
    "short_id", "ways_back",
]  # fmt: skip
