"""What needs attention, and what may have caused it: signals, their grouping, suspects and the way back.

Written rules over what the cache knows; no model, no network, and the clock is passed in: the same cache gives the same
answer. docs/triage.md says the rules in words.
"""

from __future__ import annotations

from .attention import attention_id
from .changed import Happened, Upstream, changed
from .changes_json import changes_json, suspect_json
from .explain import explain
from .look import look
from .outlook import Outlook, outlook
from .severity import RULES
from .sight import Sight, kept_sight, sight_from_json, sight_to_json
from .way_back import way_back

__all__ = [
    "RULES", "Happened", "Outlook", "Sight", "Upstream", "attention_id", "changed", "changes_json", "explain",
    "kept_sight", "look", "outlook", "sight_from_json", "sight_to_json", "suspect_json", "way_back",
]  # fmt: skip
