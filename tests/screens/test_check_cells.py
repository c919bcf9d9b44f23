"""What lists and pages say of checks: pure functions of records."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from quarterdeck.app.records import Check, CheckResult, Commit, Limit, Outcome, PastResult
from quarterdeck.app.store.checks import Complaint, DatasetChecks, Mark
from quarterdeck.screens.check_columns import CheckLine, Dataset, across, columns, line_said, name_in, propose
from quarterdeck.screens.check_facts import SUSPECTS, CheckFacts
from quarterdeck.screens.check_outline import Clock, Row, outline
from quarterdeck.screens.check_rows import Listed, Tally, entries, sections, tally
from quarterdeck.screens.check_strip import Intervals, Told, intervals, many, parts, title, told, unit_for, width
from quarterdeck.screens.check_words import (
    against,
    in_words,
    moved,
    rule_said,
    said,
    since_said,
    standing,
    standing_pieces,
    tool,
)
from quarterdeck.widgets.line import Piece

HOUR, DAY = 3_600_000, 86_400_000


def at(text: str) -> int:
    """`21 02:10` of November 2026 in UTC."""
    day, _, clock = text.partition(" ")
    hour, _, minute = (clock or "00:00").partition(":")
    return int(datetime(2026, 11, int(day), int(hour), int(minute), tzinfo=UTC).timestamp() * 1000)


NOW = at("22 03:07")


def check(outcome: str = "pass", **changes: Any) -> Check:
    """not_null(customer_id) of orders, checked every day at two, an hour ago the last time."""
    said_by = {key: changes.pop(key) for key in ("observed", "expected", "message", "failed_rows", "total_rows")
               if key in changes}  # fmt: skip
    newest = CheckResult(name="not_null(customer_id)", outcome=outcome, **said_by)  # type: ignore[arg-type]  # a word of the records
    facts: dict[str, Any] = {
        "source": "d" * 16, "id": "4f2c91ab7d00e1aa", "tool": "great_expectations", "suite": "orders_suite",
        "name": newest.name, "dataset": "orders", "column": "customer_id", "environment": "prod", "newest": newest,
        "newest_id": "4f2c91ab7d00e1aa.77", "checked_at": at("22 02:00"), "interval_at": at("21"), "usual": DAY,
        "results": 40,
    }  # fmt: skip
    return Check(**(facts | changes))


def marks(*outcomes: Outcome | None, until: int = 21, rule: int | None = None) -> list[Mark]:
    """One result a day, of the day before, up to a day; None for a day without. `rule`: the day of another one."""
    first = until - len(outcomes) + 1
    return [
        Mark(at=at(f"{first + index + 1} 02:00"), interval_at=at(str(first + index)), outcome=outcome,
             rule_change="loosened" if first + index == rule else None)
        for index, outcome in enumerate(outcomes) if outcome is not None
    ]  # fmt: skip


def week(**changes: Any) -> Intervals:
    """Seven days up to the 21st."""
    return intervals("day", 7, NOW, [(at("22 02:00"), at("21"))], changes.get("zone", UTC))


def glyphs(found: Sequence[Told]) -> str:
    return "".join(text for text, _ in parts(found))


# -- the strip


def test_a_column_is_a_data_interval_so_rows_line_up_however_late_something_was_checked() -> None:
    columns_of_week = week()
    assert title(columns_of_week) == "15 16 17 18 19 20 21"
    found = told(
        check("fail"), marks("pass", "pass", "pass", "warn", "warn", "fail", "fail", rule=18), columns_of_week, NOW
    )
    assert glyphs(found) == " ●  ●  ● ┊▲  ▲  ✖  ✖"
    assert len(glyphs(found)) == width(columns_of_week)


def test_of_one_interval_the_last_word_counts_and_of_several_in_a_column_the_worst() -> None:
    again = [
        Mark(at=at("21 02:00"), interval_at=at("20"), outcome="fail"),
        Mark(at=at("21 05:00"), interval_at=at("20"), outcome="pass"),
        Mark(at=at("22 01:00"), interval_at=at("21 01:00"), outcome="fail"),
        Mark(at=at("22 02:00"), interval_at=at("21 02:00"), outcome="pass"),
    ]
    assert glyphs(told(check(results=4), again, week(), NOW)).split() == ["●", "✖"]


def test_a_check_that_should_have_spoken_and_did_not_is_silent_in_each_column_since() -> None:
    quiet = check(checked_at=at("18 02:00"), interval_at=at("17"))
    assert glyphs(told(quiet, marks("pass", "pass", "pass", until=17), week(), NOW)) == " ●  ●  ●  ·  ·  ·  ·"


def test_a_day_that_was_left_out_is_a_gap_and_the_days_before_the_first_result_are_none() -> None:
    young = check(results=3)
    assert glyphs(told(young, marks("pass", None, "pass", "pass"), week(), NOW)) == "          ●  ·  ●  ●"


def test_a_weekly_check_is_not_silent_on_the_days_between() -> None:
    weekly = check(usual=7 * DAY, checked_at=at("16 02:00"), interval_at=at("15"))
    assert glyphs(told(weekly, marks("pass", until=15), week(), NOW)).rstrip() == " ●"


def test_nobody_can_say_that_a_check_is_silent_of_which_there_are_two_results() -> None:
    assert glyphs(told(check(usual=None, results=2), marks("pass", until=16), week(), NOW)).strip() == "●"


def test_a_removed_check_ends_with_a_mark_and_is_not_silent_after_it() -> None:
    gone = check(checked_at=at("18 02:00"), interval_at=at("17"), removed_at=at("19 02:00"))
    assert glyphs(told(gone, marks("pass", "pass", "pass", until=17), week(), NOW)).rstrip() == " ●  ●  ●    ┊–"


def test_data_intervals_are_dates_of_their_tools_whatever_the_zone_of_the_screen() -> None:
    west = timezone(timedelta(hours=-5))
    found = told(check(), marks("pass"), week(zone=west), NOW)
    assert title(week(zone=west)).endswith("21")
    assert found[-1].outcome == "pass"


def test_what_names_no_interval_is_told_by_when_it_was_checked_in_the_zone_of_the_screen() -> None:
    east = timezone(timedelta(hours=9))
    late = at("21 20:00")  # there it is the 22nd already
    found = intervals("day", 2, NOW, [(late, None)], east)
    assert title(found) == "21 22"
    assert told(check(), [Mark(at=late, interval_at=None, outcome="fail")], found, NOW)[1].outcome == "fail"


@pytest.mark.parametrize(
    ("unit", "titles", "until"),
    [
        ("hour", "01 02 03", "hours to 22 nov 03:00"),
        ("day", "20 21 22", "days to 22 nov"),
        ("week", "45 46 47", "weeks to that of 16 nov"),
        ("month", "09 10 11", "months to nov 2026"),
    ],
)
def test_a_column_is_an_hour_a_day_a_week_or_a_month(unit: Any, titles: str, until: str) -> None:
    found = intervals(unit, 3, NOW, [(NOW, None)])
    assert (title(found), found.until) == (titles, until)


def test_months_are_counted_over_the_turn_of_a_year() -> None:
    january = int(datetime(2027, 1, 5, tzinfo=UTC).timestamp() * 1000)
    assert title(intervals("month", 3, january, [(january, None)])) == "11 12 01"


@pytest.mark.parametrize(
    ("usual", "unit"),
    [((), "day"), ((None,), "day"), ((HOUR,) * 3, "hour"), ((DAY, DAY, HOUR), "day"), ((7 * DAY,), "week"),
     ((30 * DAY,), "month")],
)  # fmt: skip
def test_the_unit_is_the_one_in_which_most_checks_speak_once(usual: Sequence[int | None], unit: str) -> None:
    assert unit_for(usual) == unit


def test_a_wider_table_shows_more_intervals() -> None:
    assert [many(room) for room in (76, 120, 136, 200)] == [5, 7, 10, 14]


def test_neighbours_of_one_colour_are_one_piece_of_it() -> None:
    roles = [role for _, role in parts([Told("pass")] * 3)]
    assert set(roles) == {"dim", "good"}
    assert roles.count("dim") == 1


# -- words


def test_observed_stands_against_expected_and_what_it_was() -> None:
    newest = CheckResult(name="x", outcome="fail", observed="3.1 % null", expected="at most 1 %")
    assert against(newest, "0 % null") == "3.1 % null, allowed 1 %, was 0 %"
    assert against(CheckResult(name="x", outcome="fail", observed="26 h", expected="at most 24 h"), "6 h") == (
        "26 h, allowed 24 h, was 6 h"
    )
    counted = CheckResult(
        name="x", outcome="fail", failed_rows=31, total_rows=1000, observed="31", expected="at most 1 %"
    )
    assert against(counted) == "31 of 1 000 rows fail, 3.1 %, allowed 1 %"
    for most, words in (("0.01", "1 %"), ("5", "5"), ("0", "0"), ("4 d", "4 d")):
        by_tool = CheckResult(name="x", outcome="fail", failed_rows=31, total_rows=1000, expected=f"at most {most}")
        assert against(by_tool) == f"31 of 1 000 rows fail, 3.1 %, allowed {words}"
    assert against(CheckResult(name="x", outcome="pass", observed="7", expected="between 0 and 9")) == (
        "7, expected between 0 and 9"
    )
    assert against(CheckResult(name="x", outcome="pass")) == ""


@pytest.mark.parametrize(
    ("changes", "stands", "words"),
    [
        ({"outcome": "error", "message": 'no column "plan"'}, "error", 'could not run: no column "plan"'),
        ({"outcome": "error"}, "error", "could not run"),
        ({"outcome": "skipped", "message": "no rows"}, "skipped", "skipped: no rows"),
        ({"checked_at": at("18 02:00")}, "silent", "silent 2 d, last ● 18 nov"),
        ({"outcome": "fail", "checked_at": at("18 02:00"), "observed": "7"}, "fail", "7, silent 2 d"),
        ({"removed_at": at("20 02:00")}, "removed", "no longer in its suite since 20 nov"),
        ({"flips": 6}, "pass", "flaps: 6 turns in its last 20"),
        ({"flips": 3}, "pass", ""),
    ],
)  # fmt: skip
def test_a_row_says_how_a_check_stands(changes: dict[str, Any], stands: str, words: str) -> None:
    one = check(**changes)
    assert standing(one, NOW) == stands
    assert said(one, NOW) == words


def test_the_rule_says_what_became_of_it_when_and_by_whom() -> None:
    changed = check(rule_change="loosened", rule_changed_at=at("18 02:00"), rule_changed_commit="4f2c91abcdef")
    assert rule_said(changed, NOW, UTC, "bo") == "rule loosened 18 nov, 4f2c91a bo"
    assert rule_said(check(), NOW) == ""


def test_of_a_changed_rule_the_numbers_and_the_severity_are_told() -> None:
    before, now = ruled(0.999, "critical"), ruled(0.97, "warning")
    assert moved(before, now) == "mostly 0.999 → 0.97, severity critical → warning"
    assert moved(now, now) == ""


def ruled(mostly: float, severity: str) -> CheckResult:
    limits = (Limit(name="mostly", value=mostly, strict="higher"), Limit(name="severity", value=3, strict="higher"))
    return CheckResult(name="not_null(region)", outcome="pass", limits=limits, severity=severity)


def test_since_when_it_fails_and_when_it_passed_last() -> None:
    failing = check("fail", first_failed_at=at("20 02:10"), last_passed_at=at("19 02:10"))
    assert since_said(failing, NOW) == "fails since 20 nov 02:10 (2 d), passed last 19 nov 02:10"
    never = check("error", first_failed_at=at("22 02:00"))
    assert since_said(never, NOW) == "could not run since 02:00 (1 h), never passed as far as the cache goes back"


def test_an_unknown_tool_goes_by_its_name_and_the_known_ones_by_what_people_say() -> None:
    assert [tool(name) for name in ("great_expectations", "evidently", "pointblank", "toolbench")] == [
        "gx", "evid.", "pb", "toolbe…",
    ]  # fmt: skip


def test_zero_results_are_never_green() -> None:
    assert standing_pieces({}, 0, in_short=False) == []
    assert standing_pieces({"skipped": 3}, 0, in_short=False) == []
    assert standing_pieces({"pass": 3}, 0, in_short=False) == [("   ● 3 pass", "good")]
    assert "".join(text for text, _ in standing_pieces({"fail": 2, "error": 1, "pass": 9}, 38, in_short=False)) == (
        "   ✖ 2   ! 1 could not run   · 38 silent"
    )


@pytest.mark.parametrize(
    ("name", "words"),
    [("not_null(customer_id)", "customer_id is never empty"), ("unique(a, b)", "no a, b occurs twice"),
     ("freshness", "the newest data is young enough"), ("expression_is_true", "")],
)  # fmt: skip
def test_the_common_names_are_said_in_words(name: str, words: str) -> None:
    assert in_words(check(name=name)) == words


# -- columns and lines


def cell(key: str, line: CheckLine) -> Piece:
    return columns(week())[key].cell(line)


def test_a_name_has_its_glyph_and_its_colour_while_it_wants_to_be_looked_at() -> None:
    assert cell("name", CheckLine(check=check("fail"), now=NOW)) == ("✖ not_null(customer_id)", "bad")
    assert cell("name", CheckLine(check=check(), now=NOW)) == ("● not_null(customer_id)", "text")
    assert cell("name", CheckLine(check=check(checked_at=at("10")), now=NOW)) == ("· not_null(customer_id)", "dim")


def test_a_name_out_of_a_file_is_no_markup_and_moves_no_cursor() -> None:
    hostile = CheckLine(check=check(name="[red]\x1b[31m\n" * 9, dataset="\u202egnp"), now=NOW)
    text = cell("name", hostile)[0] + cell("dataset", hostile)[0]
    assert text.isprintable()


def test_the_environment_is_a_column_where_there_is_another_than_the_decks() -> None:
    assert "environment" not in propose([check()], "prod", flat=False)
    assert "environment" in propose([check(), check(environment="dev")], "prod", flat=False)
    assert propose([check()], "prod", flat=True)[1] == "dataset"


def line(pieces: Sequence[Piece] | None) -> str:
    return "".join(text for text, _ in pieces or ())


ORDERS = Dataset(name="orders", total=50, counts={"fail": 2, "error": 1, "pass": 46, "silent": 1},
                 tools={"dbt": 9, "great_expectations": 41}, feeds="churn@champion v14 (declared)")  # fmt: skip


def test_the_head_of_a_dataset_says_who_feeds_on_it_and_by_what_it_is_checked() -> None:
    wide = line(across(CheckLine(kind="dataset", dataset=ORDERS, now=NOW), 115, 24))
    assert wide.startswith("▾ orders ")
    assert "feeds churn@champion v14 (declared)" in wide
    assert wide.endswith("✖ 2  ! 1  · 1   gx 41 · dbt 9")
    assert len(wide) == 115


@pytest.mark.parametrize("room", [55, 60, 75, 115, 190])
def test_lines_across_take_no_more_than_their_room(room: int) -> None:
    some = [Dataset(name=f"dataset-{at}", total=9, counts={"pass": 9}, tools={"dbt": 9}) for at in range(40)]
    complaint = Complaint(source="s", source_name="gx", tool="dbt", suite="nightly" * 9, environment="", at=NOW,
                          sentence="The file holds no result. " * 20, origin="")  # fmt: skip
    changed = check(rule_change="tightened", rule_changed_at=at("18 02:00"), rule_changed_commit="4f2c91abcdef")
    for made in (
        CheckLine(kind="dataset", dataset=ORDERS, now=NOW), CheckLine(kind="rest", rest=some, now=NOW),
        CheckLine(kind="fold", folded={"pass": 46, "skipped": 2}, now=NOW),
        CheckLine(kind="complaint", complaint=complaint, now=NOW),
        CheckLine(kind="rule", check=changed, told=(Told(), Told("pass", "tightened")), now=NOW),
    ):  # fmt: skip
        assert len(line(across(made, room, 24, 40))) <= room


def test_many_datasets_that_are_well_are_one_line() -> None:
    some = [Dataset(name=f"d{at}", total=9, counts={"pass": 9}, tools={}) for at in range(40)]
    assert line(across(CheckLine(kind="rest", rest=some), 40, 24)) == "▸ d0 9 ●    d1 9 ●    38 more ●"


def test_a_remark_on_a_rule_stands_below_the_mark_that_it_is_about() -> None:
    changed = check(rule_change="loosened", rule_changed_at=at("18 02:00"))
    made = CheckLine(kind="rule", check=changed, told=(Told("pass"), Told("warn", "loosened")), now=NOW)
    assert line(across(made, 100, 24, 30)) == " " * 33 + "┊ rule loosened 18 nov"


def test_what_became_of_the_rule_stands_beside_it_where_there_is_room() -> None:
    changed = check(rule_change="loosened", rule_changed_at=at("18 02:00"))
    made = CheckLine(kind="rule", check=changed, told=(Told("pass", "loosened"),), moved="mostly 1 → 0.9", now=NOW)
    assert line(across(made, 100, 24, 30)).endswith("┊ rule loosened 18 nov, mostly 1 → 0.9")
    assert line(across(made, 55, 24, 30)).endswith("┊ rule loosened 18 nov")


@pytest.mark.parametrize(
    ("name", "wide", "shown"),
    [
        ("tests.test_orders.TestNulls.test_region", 22, "…TestNulls.test_region"),
        ("tests.test_orders.TestNulls.test_region", 21, "…test_region"),
        ("tests.test_orders.test_region[0.5-a.b]", 24, "…test_region[0.5-a.b]"),
        ("tests.test_orders.test_region_of_all_customers", 12, "…test_regio…"),
        ("not_null(shop.orders.customer_id)", 20, "not_null(shop.order…"),
        ("tests.test_region", 22, "tests.test_region"),
    ],
)
def test_of_a_long_path_the_end_is_shown_which_tells_it_from_others(name: str, wide: int, shown: str) -> None:
    assert name_in(name, wide) == shown


def test_a_name_that_was_cut_stands_in_full_below_the_table() -> None:
    long = CheckLine(check=check(name="tests.test_orders.TestNulls.test_region"), now=NOW)
    assert line_said(long, UTC, 76)[0] == "tests.test_orders.TestNulls.test_region"
    assert line_said(CheckLine(check=check(), now=NOW), UTC, 76) == ["checked 1 h ago"]


# -- the outline of a page


def commit(number: int) -> Commit:
    moment = at("20 12:00") - number
    return Commit(
        source="git", sha=f"{number:040x}", parents=(), author="bo", email="bo@example.com", authored_at=moment,
        committed_at=moment, subject="A step",
    )  # fmt: skip


def rows(facts: CheckFacts) -> list[Row]:
    return outline(facts, Clock(now=NOW, zone=UTC))


def test_without_a_commit_those_are_named_that_were_made_in_the_time_between() -> None:
    day = {"first_failed_at": at("21 02:00"), "first_failed_not_before": at("20 02:00")}
    rule = {"rule_changed_at": at("21 02:00"), "rule_changed_not_before": at("20 02:00")}
    failing = check("fail", rule_change="loosened", **day, **rule)
    first = PastResult(id="a.1", result=failing.newest, at=at("21 02:00"))
    few = rows(CheckFacts(check=failing, rowid=1, failed=first, while_failing=[commit(1)], while_changing=[commit(2)]))
    assert [(row.name[-1], row.note) for row in few if row.kind == "commit"] == [("1", "since"), ("2", "rule")]
    many = rows(
        CheckFacts(check=failing, rowid=1, failed=first, while_failing=[commit(n) for n in range(SUSPECTS + 1)])
    )
    assert len([row for row in many if row.kind == "commit"]) == SUSPECTS
    told = [row.note for row in many if row.kind == "remark"]
    assert "its commit is not known; in that time came" in told
    assert "and more" in told
    assert "its commit is not known; by their time there is none between" in told


def test_the_rank_of_a_severity_is_no_number_to_be_read() -> None:
    facts = rows(CheckFacts(check=check(newest=ruled(1, "critical")), rowid=1))
    told = [(row.name.partition("\0")[2], row.thing) for row in facts if row.name.startswith("asserts\0")]
    assert ("mostly", "1") in told
    assert [thing for name, thing in told if name == "severity"] == ["critical"]


@pytest.mark.parametrize(
    ("digest", "known", "note"),
    [("77ab", True, ""), ("77ab", False, "known to gx alone"), (None, False, "its content is not known")],
)
def test_data_that_leads_nowhere_is_said_so(digest: str | None, known: bool, note: str) -> None:
    facts = CheckFacts(check=check(dataset_digest=digest), rowid=1, is_data_known=known)
    assert [row.note for row in rows(facts) if row.kind == "data"] == [note]


# -- which lines there are


def group(name: str, removed: int = 0, overdue: int = 0, **outcomes: int) -> DatasetChecks:
    return DatasetChecks(dataset=name, total=sum(outcomes.values()), outcomes=outcomes, silent=overdue,
                         overdue_passes=overdue, removed=removed, tools={"dbt": sum(outcomes.values())})  # fmt: skip


GROUPS = [group("orders", fail=1, warn=1, **{"pass": 5}, overdue=1, removed=1), group("payments", **{"pass": 3}),
          group("users", **{"pass": 2})]  # fmt: skip


def answer(noted: Sequence[int] = (3,), remarks: Sequence[int] = (), **changes: Any) -> Listed:
    ids = list(range(1, 14))
    facts: dict[str, Any] = {
        "intervals": week(), "tally": tally(GROUPS), "total": 12, "sections": sections(GROUPS, ids, set(noted)),
        "remarks": frozenset(remarks), "ids": ids,
    }  # fmt: skip
    return Listed(**(facts | changes))


def kinds(found: Listed, *toggled: str, unfolds: bool = False) -> list[str]:
    return [f"{entry.kind} {entry.rowid}" if entry.rowid else entry.kind
            for entry in entries(found, toggled, unfolds=unfolds)]  # fmt: skip


def test_trouble_is_shown_and_what_is_well_is_folded() -> None:
    assert kinds(answer()) == ["dataset", "check 1", "check 2", "check 3", "fold", "rest"]


def test_a_changed_rule_has_a_line_of_its_own_below_its_check() -> None:
    assert kinds(answer(noted=(3, 5), remarks=(5,)))[3:6] == ["check 3", "check 5", "rule 5"]


def test_folds_are_opened_one_by_one() -> None:
    assert kinds(answer(), "well orders").count("fold") == 0
    assert kinds(answer(), "rest")[-2:] == ["dataset", "dataset"]
    assert kinds(answer(), "dataset orders") == ["dataset", "rest"]
    assert kinds(answer(), "rest", "dataset users")[-2:] == ["check 12", "check 13"]


def test_nothing_that_was_filtered_for_is_folded() -> None:
    assert kinds(answer(), unfolds=True).count("dataset") == 3
    assert sum(kind.startswith("check") for kind in kinds(answer(), unfolds=True)) == 13


def test_a_single_check_that_is_well_is_not_folded() -> None:
    one = answer(sections=sections([group("orders", fail=1, **{"pass": 1})], [1, 2], set()))
    assert kinds(one) == ["dataset", "check 1", "check 2"]


def test_where_nothing_is_wrong_each_dataset_has_its_line() -> None:
    calm = answer(sections=sections(GROUPS[1:], list(range(5)), set()))
    assert kinds(calm) == ["dataset", "dataset"]


def test_a_flat_list_has_neither_heads_nor_folds() -> None:
    assert kinds(answer(is_flat=True, sections=())) == [f"check {rowid}" for rowid in range(1, 14)]


def test_all_groups_together_are_what_the_subject_line_says() -> None:
    assert tally(GROUPS) == Tally(
        total=12, counts={"fail": 1, "warn": 1, "pass": 9, "silent": 1, "removed": 1}, silent=1, datasets=3
    )
