"""From signals to attentions: one cause under the gravest of its signals."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from quarterdeck.app.records import SEVERITIES, Signal
from quarterdeck.app.triage import RULES, attention_id
from quarterdeck.app.triage.attention import attentions, facts_of
from quarterdeck.app.triage.signs import Sign
from tests.app.promotion.evidence import DAY, HOUR, NOW

MODEL = ("model", "churn@champion", "13")


def sign(subject: str, group: tuple[str, ...] = MODEL, joins: tuple[Any, ...] = (), **facts: Any) -> Sign:
    given: dict[str, Any] = {"kind": "threshold", "severity": "critical", "since": NOW, "title": subject}
    return Sign(Signal(subject=subject, **(given | facts)), group, joins)


def test_the_gravest_leads_and_of_equals_what_began_first() -> None:
    (one,) = attentions(
        [
            sign("series/late"),
            sign("series/mild", severity="high", since=NOW - DAY),
            sign("series/early", since=NOW - HOUR),
        ],
        {},
    )
    assert [signal.subject for signal in one.signals] == ["series/early", "series/late", "series/mild"]
    assert (one.subject, one.since, one.id) == ("series/early", NOW - HOUR, attention_id("threshold", "series/early"))


def test_the_order_in_which_signals_come_makes_no_difference() -> None:
    signs = [
        sign("series/a"),
        sign("check/b", ("data", "orders"), (MODEL,), kind="check failing", severity="high", since=NOW - HOUR),
        sign("pipeline/c", ("commit", "1"), kind="pipeline failed", severity="medium"),
        sign("pipeline/d", ("commit", "1"), kind="pipeline failed", severity="medium"),
    ]
    assert attentions(signs, {}) == attentions(reversed(signs), {})


def test_the_worst_comes_first_and_of_equals_what_began_last() -> None:
    found = attentions(
        [
            sign("a", ("a",), severity="low"),
            sign("b", ("b",), since=NOW - DAY),
            sign("c", ("c",)),
            sign("d", ("d",), severity="high"),
        ],
        {},
    )
    assert [one.subject for one in found] == ["c", "b", "d", "a"]


def check(**facts: Any) -> Sign:
    given: dict[str, Any] = {"kind": "check failing", "severity": "high", "since": NOW - HOUR}
    return sign("check/b", ("data", "orders"), (MODEL,), **(given | facts))


def test_what_went_wrong_upstream_joins_what_went_bad_after_it() -> None:
    assert len(attentions([sign("series/a"), check()], {})) == 1


def test_what_may_have_begun_before_joins_too() -> None:
    """The check ran at night: the truth lies between its last pass and its first failure."""
    assert len(attentions([sign("series/a"), check(since=NOW + HOUR, not_before=NOW - DAY)], {})) == 1


def test_what_began_after_or_long_before_does_not() -> None:
    assert len(attentions([sign("series/a"), check(since=NOW + HOUR)], {})) == 2
    assert len(attentions([sign("series/a"), check(since=NOW - 8 * DAY)], {})) == 2


def test_silence_is_nothing_that_went_bad() -> None:
    assert len(attentions([sign("series/a", kind="series stale", severity="high"), check()], {})) == 2


def test_a_group_joins_as_a_whole() -> None:
    late = sign("check/c", ("data", "orders"), (MODEL,), kind="check silent", severity="medium", since=NOW + HOUR)
    (one,) = attentions([sign("series/a"), check(), late], {})
    assert len(one.signals) == 3


def test_figures_make_no_difference_and_other_signals_do() -> None:
    (before,) = attentions([sign("a", title="0.71")], {})
    (figures,) = attentions([sign("a", title="0.70")], {})
    (more,) = attentions([sign("a"), sign("b")], {})
    assert facts_of(before) == facts_of(figures) != facts_of(more)


def test_each_case_of_the_table_is_there_once() -> None:
    cases = [(rule.kind, rule.case) for rule in RULES]
    assert len(cases) == len(set(cases))
    assert {rule.severity for rule in RULES} == set(SEVERITIES)


DOCS = Path(__file__).resolve().parents[3] / "docs"


def test_the_table_is_shown_as_it_is() -> None:
    told = (DOCS / "watch.md").read_text()
    assert [rule for rule in RULES if f"| {rule.kind} | {rule.severity} | {rule.words} |" not in told] == []
