"""What can be copied of checks: id, command, Markdown, JSON. Pure: records in, text out."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable, Sequence
from typing import Any

from .comparison.forms import code
from .copies import Copy
from .exact import iso, number
from .records import Check, CheckResult, Millis, PastResult, Subject
from .text import shown


def check_copies(checks: Sequence[Check], now: Millis) -> list[Copy]:
    """The forms of one check, or of several at once; none where there is none."""
    if not checks:
        return []
    several = "s" if len(checks) > 1 else ""
    made = [check_json(check, now) for check in checks]
    return [
        Copy(f"id{several}", "\n".join(check.id for check in checks)),
        Copy(f"command{several}", "\n".join(_command("check", check.id) for check in checks)),
        Copy("Markdown", "\n".join(_markdown(check, now) for check in checks)),
        Copy("JSON", _json(made)),
    ]


def result_copies(past: PastResult) -> list[Copy]:
    """What one result of a check's history is worth copying for."""
    return [
        Copy("id of the result", past.id),
        Copy("command for the result", _command("result", past.id)),
        Copy("JSON of the result", _json([result_json(past)])),
    ]


def check_json(check: Check, now: Millis) -> dict[str, Any]:
    """A check as `quarterdeck checks --json` gives it; docs/commands.md explains the fields."""
    newest = check.newest
    return {
        "id": check.id,
        "subject": str(Subject(kind="check", parts=(check.id,))),
        "tool": check.tool,
        "suite": check.suite,
        "name": check.name,
        "shown": shown(check.name),
        "dataset": check.dataset,
        "dataset_digest": check.dataset_digest,
        "column": check.column,
        "severity": newest.severity,
        "environment": check.environment,
        "data_interval": check.interval,
        **_said(newest),
        "checked_at": iso(check.checked_at),
        "commit": check.commit,
        "run_id": check.run_id,
        "pipeline_id": check.pipeline_id,
        "first_failed_at": iso(check.first_failed_at),
        "first_failed_not_before": iso(check.first_failed_not_before),
        "first_failed_commit": check.first_failed_commit,
        "last_passed_at": iso(check.last_passed_at),
        "last_passed_commit": check.last_passed_commit,
        "silent_since": iso(check.silent_since(now)),
        "removed_at": iso(check.removed_at),
        "results": check.results,
        "flips": check.flips,
        "rule_change": _rule_change(check),
        "source": check.source_name or check.source,
        "origin": check.origin,
    }


def result_json(past: PastResult) -> dict[str, Any]:
    """One result of a history."""
    return {
        "id": past.id,
        "subject": str(Subject(kind="result", parts=(past.id,))),
        "checked_at": iso(past.at),
        "data_interval": past.interval,
        **_said(past.result),
        "commit": past.commit,
        "run_id": past.run_id,
        "pipeline_id": past.pipeline_id,
        "dataset_digest": past.dataset_digest,
        "origin": past.origin,
    }


def _said(result: CheckResult) -> dict[str, Any]:
    """What one result says, and of which rule."""
    return {
        "outcome": result.outcome,
        "definition": result.definition,
        "definition_hash": result.definition_hash,
        "observed": result.observed,
        "expected": result.expected,
        "failed_rows": result.failed_rows,
        "total_rows": result.total_rows,
        "failing_share": number(result.failing_share),
        "message": result.message,
    }


def _rule_change(check: Check) -> dict[str, Any] | None:
    if check.rule_change is None:
        return None
    return {
        "kind": check.rule_change,
        "at": iso(check.rule_changed_at),
        "not_before": iso(check.rule_changed_not_before),
        "commit": check.rule_changed_commit,
        "before": check.rule_before,
    }


def _command(kind: str, native: str) -> str:
    # a subject is percent-encoded: nothing in it is special to a shell, whatever a file calls an id
    return f"quarterdeck open {shlex.quote(str(Subject(kind=kind, parts=(native,))))}"


def _json(made: Sequence[dict[str, Any]]) -> str:
    """An object for one, an array for several, in ASCII."""
    return json.dumps(made if len(made) > 1 else made[0], allow_nan=False, indent=2) + "\n"


def _markdown(check: Check, now: Millis) -> str:
    newest = check.newest
    changed = f"{check.rule_change} {iso(check.rule_changed_at)} {check.rule_changed_commit or ''}".rstrip()
    facts = {
        "dataset": check.dataset, "column": check.column, "tool": check.tool, "suite": check.suite,
        "environment": check.environment, "rule": newest.definition, "observed": newest.observed,
        "expected": newest.expected, "data interval": check.interval, "checked": iso(check.checked_at),
        "first failed": iso(check.first_failed_at), "last passed": iso(check.last_passed_at),
        "silent since": iso(check.silent_since(now)), "rule changed": changed if check.rule_change else "",
        "commit": check.commit, "run": check.run_id, "pipeline": check.pipeline_id, "message": newest.message,
    }  # fmt: skip
    lines = [f"### check {code(check.name)}: {newest.outcome}", "", _row(("", "check")), _row(("---", "---"))]
    lines += [_row(("id", code(check.id))), *(_row((name, code(value))) for name, value in facts.items() if value)]
    return "\n".join(lines) + "\n"


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"
