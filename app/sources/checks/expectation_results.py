"""What one expectation said, as a result of a check. Lists of unexpected values are never decoded."""

from __future__ import annotations

import msgspec

from ...records import Outcome
from ...records.check import CheckResult
from . import expectations as rules
from .documents import ABSENT, Raw, count, flag, number, part, plain, table, text
from .expectation_files import Result
from .masking import cut, masked_line, without_addresses
from .wording import unexpected

LONGEST_NOTE = 300


class _Config(msgspec.Struct):
    type: Raw = ABSENT
    expectation_type: Raw = ABSENT
    kwargs: Raw = ABSENT
    severity: Raw = ABSENT
    description: Raw = ABSENT
    notes: Raw = ABSENT
    meta: Raw = ABSENT
    id: Raw = ABSENT


class _Meta(msgspec.Struct):
    notes: Raw = ABSENT


class _Notes(msgspec.Struct):
    content: Raw = ABSENT


class _Observation(msgspec.Struct):
    """Counts only."""

    element_count: Raw = ABSENT
    unexpected_count: Raw = ABSENT
    unexpected_percent: Raw = ABSENT
    observed_value: Raw = ABSENT


class _Exception(msgspec.Struct):
    raised_exception: Raw = ABSENT
    exception_message: Raw = ABSENT


def check_result(result: Result, dataset: str) -> CheckResult | None:
    """The result with ordinal 0; None where it does not name its expectation."""
    config = part(result.expectation_config, _Config) or _Config()
    type_ = _type(config, result)
    if not type_:
        return None
    kwargs = table(config.kwargs if len(config.kwargs) else result.kwargs)
    column = rules.columns(type_, kwargs)
    severity = without_addresses((text(config.severity, 40) or text(result.severity, 40)).lower())
    seen = part(result.result, _Observation) or _Observation()
    failed, total = count(seen.unexpected_count), count(seen.element_count)
    raised = _raised(result.exception_info)
    outcome, why = _outcome(flag(result.success), severity, raised, column)
    return CheckResult(
        name=rules.name(type_, kwargs), dataset=dataset, column=column, outcome=outcome,
        severity=severity, definition=rules.definition(type_, kwargs, severity),
        limits=rules.limits(type_, kwargs, severity), observed=_observed(type_, seen, failed, total),
        expected=rules.expected(type_, kwargs), failed_rows=failed, total_rows=total, message=why or _note(config),
    )  # fmt: skip


def _type(config: _Config, result: Result) -> str:
    """In lower case: 0.x has a_to_be_greater_than_b with capitals."""
    known = (config.type, config.expectation_type, result.expectation_type)
    return next((word for raw in known if (word := text(raw, 200))), "").lower()


def expectation_id(result: Result) -> str:
    """What the tool calls it, from 1.0 on; "" before. It stays when the rule is changed."""
    return text((part(result.expectation_config, _Config) or _Config()).id, 80)


def _outcome(success: bool | None, severity: str, raised: str | None, column: str) -> tuple[Outcome, str]:
    """The outcome, and why it could not run."""
    if raised is not None:
        return "error", masked_line(raised, known=(column, *column.split(", "))) or "It raised an exception."
    if success is None:
        return "error", "The file does not say whether it passed."
    if success:
        return "pass", ""
    return ("warn" if severity in ("warning", "info") else "fail"), ""


def _raised(info: Raw) -> str | None:
    """The message of the exception; None where none was raised. Said of the whole, or by the ids of metrics."""
    flat = part(info, _Exception)
    if flat is None:
        return None
    if len(flat.raised_exception):
        return text(flat.exception_message) if flag(flat.raised_exception) else None
    by_metric = part(info, dict[str, _Exception]) or {}
    messages = [text(one.exception_message) for one in by_metric.values() if flag(one.raised_exception)]
    return next(filter(None, messages), "") if messages else None


def _observed(type_: str, seen: _Observation, failed: int | None, total: int | None) -> str | None:
    value = rules.observed(type_, plain(seen.observed_value))
    name = "not_null" if type_.endswith("_to_not_be_null") else ""
    return value if value is not None else unexpected(name, failed, total, number(seen.unexpected_percent))


def _note(config: _Config) -> str:
    """What its author wrote beside the rule."""
    if said := text(config.description):
        return cut(without_addresses(said), LONGEST_NOTE)
    notes = config.notes if len(config.notes) > len(b"null") else (part(config.meta, _Meta) or _Meta()).notes
    content = plain((part(notes, _Notes) or _Notes()).content) or plain(notes)
    lines = content if isinstance(content, list) else [content]
    return cut(without_addresses(" ".join(line for line in lines if isinstance(line, str))), LONGEST_NOTE)
