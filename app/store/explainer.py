"""Whether a ledger explains that an alias moved."""

from __future__ import annotations

import tomllib
from collections import defaultdict
from fnmatch import fnmatchcase
from typing import Any, Final

from ..errors import SettingsError
from ..records import AliasMove, LedgerEntry, Millis, PolicyText, SourceState
from ..settings.files import check_depth
from .explanations import Explanation, explanation
from .reading import Reader
from .state import State

_ALWAYS: Final = 2**62


class Explainer:
    """Says of moves of aliases whether a ledger explains them."""

    def __init__(
        self, entries: tuple[LedgerEntry, ...] = (), policy: PolicyText | None = None, as_of: Millis | None = None
    ) -> None:
        self._as_of = as_of
        self._governed = governed(policy)
        self._entries: dict[tuple[str, str], list[LedgerEntry]] = defaultdict(list)
        for entry in entries:
            self._entries[entry.model, entry.alias].append(entry)

    @classmethod
    def of(cls, reader: Reader | None, state: State) -> Explainer:
        """By the ledger in Git, and by the one of a project without a remote."""
        local = tuple(state.local_entries())
        if reader is None:
            return cls(local)
        promotions = reader.promotions()
        is_local = promotions.policy is not None and promotions.policy.is_local
        as_of = _ALWAYS if is_local else _as_of(reader.source_states())
        return cls((*promotions.entries, *local), promotions.policy, as_of)

    def __call__(self, move: AliasMove) -> Explanation:
        """What the ledger says of a move."""
        own = self._entries.get((move.model, move.alias), [])
        is_kept = bool(own) or any(
            fnmatchcase(move.model, pattern) and alias == move.alias for pattern, alias in self._governed
        )
        return explanation(move, own, is_kept=is_kept, as_of=self._as_of)


def _as_of(states: list[SourceState]) -> Millis | None:
    """How old the oldest copy of a repository is: where there is none, nothing has to be waited for."""
    read = [state.as_of if state.as_of is not None else state.last_ok_at for state in states if state.kind == "git"]
    if None in read:
        return None
    return min((at for at in read if at is not None), default=_ALWAYS)


def governed(policy: PolicyText | None) -> list[tuple[str, str]]:
    """The models, as patterns, and aliases that a policy speaks of. One that cannot be read speaks of none here."""
    if policy is None or policy.text is None:
        return []
    try:
        check_depth(policy.text, policy.path)
        tables: Any = tomllib.loads(policy.text).get("promotion", {})
    except (SettingsError, ValueError, RecursionError):
        return []
    rules = tables.items() if isinstance(tables, dict) else ()
    return [(name, str(rule.get("to", ""))) for name, rule in rules if isinstance(rule, dict)]
