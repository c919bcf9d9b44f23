"""Results of dbt's tests and unit tests, as records."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

from ....records import CheckResult
from ....records.check import Outcome
from ..documents import count, text
from ..invocations import judged, without_colours
from ..masking import masked, masked_line
from .manifest import Manifest, Node
from .names import Asserted
from .rules import definition, limits, severity, wanted
from .shapes import Result

OUTCOMES: Final[Mapping[str, Outcome]] = {
    "pass": "pass", "success": "pass", "warn": "warn", "fail": "fail", "error": "error", "runtime error": "error",
    "skipped": "skipped", "reused": "skipped", "no-op": "skipped",
}  # fmt: skip
BROKEN: Final = ("error", "fail", "partial success", "runtime error")
_GOT: Final = re.compile(r"Got (\d{1,18}) results?, configured to (?:fail|warn) if (.{1,200})")
_HEADER: Final = re.compile(r"\s*[A-Z]\w+(?: \w+)? Error in (?:unit_)?\w+ .*\(.*\)\s*$")
_MOST_STEPS: Final = 200


class Graph:
    """Which nodes of the file could not be built, and what depends on them."""

    def __init__(self, results: Iterable[Result], manifest: Manifest) -> None:
        self._status = {result.unique_id: result.status.strip().casefold() for result in results}
        self._manifest = manifest
        self._known: dict[str, tuple[str, ...]] = {}

    @property
    def broken(self) -> list[str]:
        """Ids of the models, seeds and snapshots that could not be built."""
        return [uid for uid, status in self._status.items() if status in BROKEN and not is_test(uid)]

    def reason(self, uid: str) -> str:
        """Why a test was skipped, as far as the manifest tells it."""
        seen, waiting, skipped = {uid}, [uid], ""
        while waiting and len(seen) < _MOST_STEPS:
            for parent in self._parents(waiting.pop()):
                status = self._status.get(parent)
                if status in BROKEN:
                    return f"not run: {short(parent)} could not be built"
                skipped = parent if status == "skipped" else skipped
                if parent not in seen:
                    seen.add(parent)
                    waiting.append(parent)
        return f"not run: {short(skipped)} was skipped" if skipped else ""

    def _parents(self, uid: str) -> tuple[str, ...]:
        if uid not in self._known:
            node = self._manifest.node(uid)
            self._known[uid] = node.parents if node else ()
        return self._known[uid]


def is_test(uid: str) -> bool:
    """Whether a node is a test; of models, seeds, snapshots and exposures nothing is checked."""
    return uid.startswith(("test.", "unit_test."))


def short(uid: str) -> str:
    """A node by its own name: orders of model.shop.orders."""
    return masked(uid.split(".", 2)[-1])[:80]


def check_result(result: Result, node: Node | None, what: Asserted, ordinal: int, graph: Graph) -> CheckResult:
    """What one test said. Messages are masked; rows of unit tests and of failures are never read."""
    outcome, trouble = judged(result.status, OUTCOMES)
    message = without_colours(text(result.message, 4_000))
    failed = _failures(result, message)
    is_unit = result.unique_id.startswith("unit_test.")
    return CheckResult(
        name=what.name, dataset=what.dataset, column=what.column, outcome=outcome,
        severity=severity(node.config) if node else "", definition=definition(node, is_unit) if node else "",
        limits=limits(node) if node and not is_unit else (),
        observed=None if is_unit or failed is None else f"{failed} failing row{'s' * (failed != 1)}",
        expected=None if is_unit else _expected(outcome, message, node),
        failed_rows=failed if not is_unit and _counts_rows(node) else None,
        message=trouble or _message(outcome, message, result.unique_id, what, graph), ordinal=ordinal,
    )  # fmt: skip


def _failures(result: Result, message: str) -> int | None:
    """dbt 0.19 says it in the message, as a number or in words."""
    failed = count(result.failures)
    if failed is not None:
        return failed
    got = _GOT.match(message)
    return int(got[1]) if got else count(result.message)


def _counts_rows(node: Node | None) -> bool:
    calc = (node.config.fail_calc or "count(*)") if node else "count(*)"
    return calc.strip().lower().startswith(("count(", "sum("))


def _expected(outcome: Outcome, message: str, node: Node | None) -> str | None:
    if got := _GOT.match(message):
        return wanted(got[2])
    if node is None or node.config.error_if is None:
        return None
    is_error = outcome == "fail" or (outcome == "error" and severity(node.config) != "warn")
    return wanted(node.config.error_if if is_error else node.config.warn_if)


def _message(outcome: Outcome, message: str, uid: str, what: Asserted, graph: Graph) -> str:
    if outcome == "skipped":
        return graph.reason(uid) or masked_line(message)
    if uid.startswith("unit_test.") and outcome == "fail":
        return "actual differs from expected"  # the rows below these words are data
    if _GOT.match(message) or message.strip().isdigit() or outcome == "pass":
        return ""
    return masked_line(told(message), {what.column, what.dataset.rpartition(".")[2]})


def told(message: str) -> str:
    """What an error says, without dbt's line above it that says where."""
    first, _, rest = message.strip().partition("\n")
    return rest if rest.strip() and _HEADER.match(first) else message
