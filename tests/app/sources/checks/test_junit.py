"""JUnit XML as checks: names that stay, outcomes, times, and files that are wrong in every way."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from xml.sax.saxutils import quoteattr

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quarterdeck.app.records import Invocation
from quarterdeck.app.records.check import check_id
from quarterdeck.app.sources.checks.junit import read
from quarterdeck.app.sources.checks.reading import UnreadableError

from .readers import JUNK, MEGABYTE, PAYLOADS, WRITTEN, a_file, answered, counted, encoded, refused_cheaply, rows

OURS = PAYLOADS / "junit"
THEIRS = "results/junit"


def millis(text: str) -> int:
    when = datetime.fromisoformat(text)
    return round((when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp() * 1000)


def recorded(contracts: Path, name: str) -> Invocation:
    (one,) = read(a_file((contracts / THEIRS / name).read_bytes(), name))
    return one


def one(xml: str) -> Invocation:
    (found,) = read(a_file(xml.encode()))
    return found


def names(xml: str) -> list[str]:
    return [result.name for result in one(xml).results]


@pytest.mark.parametrize(
    ("name", "suite", "expected", "at"),
    [
        ("dorny.jest-junit.xml", "jest tests", {"pass": 1, "fail": 4, "skipped": 1}, "2020-10-27T21:39:41"),
        (
            "dorny.python-xunit-pytest.xml",
            "pytest",
            {"pass": 6, "fail": 2, "skipped": 2},
            "2025-11-15T11:51:49.548396-05:00",
        ),
        (
            "dorny.python-xunit-unittest.xml",
            "TestAcme",
            {"pass": 4, "fail": 1, "error": 1, "skipped": 2},
            "2025-11-14T21:49:22",
        ),
        ("enricomi.empty-system-out-err.xml", "Suite", {"pass": 1}, "2020-09-10T13:34:55"),
        ("enricomi.jest.jest-junit.xml", "jest tests", {"pass": 2}, "2022-12-29T15:34:28"),
        (
            "enricomi.pytest.junit.fail.xml",
            "pytest",
            {"pass": 3, "fail": 1, "skipped": 1},
            "2020-09-04T16:18:04.966371",
        ),
        (
            "enricomi.pytest.junit.gloo.standalone.xml",
            "pytest",
            {"pass": 80, "skipped": 17},
            "2020-08-31T09:24:41.605653",
        ),
        ("enricomi.testsuite-root.xml", "Project Test Suite", {"pass": 5}, ""),
        ("enricomi.xunit.xunit.xml", "Test results", {"pass": 2}, "2021-03-05"),
        (
            "pytest-9.2.0.xdist.xml",
            "pytest",
            {"pass": 5, "fail": 5, "error": 2, "skipped": 2},
            "2026-11-22T09:34:16.687833",
        ),
        (
            "pytest-9.2.0.xunit2.xml",
            "pytest",
            {"pass": 5, "fail": 5, "error": 2, "skipped": 2},
            "2026-11-22T09:34:15.148439",
        ),
    ],
)
def test_recorded_files_have_these_results_at_this_time(
    contracts: Path, name: str, suite: str, expected: dict[str, int], at: str
) -> None:
    report = recorded(contracts, name)
    assert (report.suite, counted(report)) == (suite, expected)
    assert report.at == (millis(at) if at else WRITTEN)
    assert (report.is_whole, report.complaint) == (False, "")


def test_every_recorded_file_is_in_the_table_above(contracts: Path) -> None:
    assert len(list((contracts / THEIRS).glob("*.xml"))) == 11


def test_a_recorded_run_of_pytest_is_told_test_by_test(contracts: Path) -> None:
    report = recorded(contracts, "pytest-9.2.0.xunit2.xml")
    assert rows(report, "name", "outcome", "message") == [
        ("test_ml_checks.test_ok", "pass", ""),
        ("test_ml_checks.test_fail", "fail", 'AssertionError: row count ≠ 200 <expected> & "…"'),
        ("test_ml_checks.test_setup_error", "error", 'failed on setup with "…"'),
        ("test_ml_checks.test_teardown_error", "error", 'failed on teardown with "…"'),
        ("test_ml_checks.test_skip", "skipped", "no GPU"),
        ("test_ml_checks.test_xfail", "skipped", "known bug"),
        ("test_ml_checks.test_xpass_strict", "fail", "[XPASS(strict)]"),
        ("test_ml_checks.test_param[a/b]", "pass", ""),
        ("test_ml_checks.test_param[x[1]]", "fail", "AssertionError: assert '…' != '…'"),
        ("test_ml_checks.test_param[\\xfcn\\xef]", "pass", ""),
        ("test_ml_checks.test_param[\\x1b[31mred]", "pass", ""),
        ("test_ml_checks.test_props", "pass", ""),
        ("test_ml_checks.TestModel.test_control_chars", "fail", "AssertionError: bad #x00 #x0B chars"),
        ("test_ml_checks.TestModel.test_sub", "fail", "AssertionError: 1 != 0"),
    ]
    assert [result.dataset for result in report.results if result.dataset] == ["trips@v3"]


def test_a_test_is_the_same_check_when_only_its_suite_was_run() -> None:
    first, second = (
        f'<testsuite name="{name}.test.js"><testcase classname="sum" name="adds"/></testsuite>' for name in "ab"
    )
    whole, part = (f'<testsuites name="jest tests">{suites}</testsuites>' for suites in (first + second, second))
    ids = [check_id("s", one(whole), result) for result in one(whole).results]
    assert len(set(ids)) == 2
    assert [check_id("s", one(part), result) for result in one(part).results] == ids[1:]


def test_times_in_names_of_suites_make_no_other_check() -> None:
    xml = '<testsuite name="TestData-{}"><testcase classname="TestData" name="test_rows"/></testsuite>'
    first, second = one(xml.format("20251114214921")), one(xml.format("20251115030000"))
    assert first.suite == second.suite == "TestData"
    assert check_id("s", first, first.results[0]) == check_id("s", second, second.results[0])


def test_the_only_suite_of_a_nameless_root_names_the_file_unless_it_is_a_class() -> None:
    assert (
        one('<testsuites><testsuite name="data"><testcase classname="m" name="t"/></testsuite></testsuites>').suite
        == "data"
    )
    go = one('<testsuites><testsuite name="x/pkg"><testcase classname="x/pkg" name="T"/></testsuite></testsuites>')
    assert (go.suite, go.results[0].name) == ("", "x/pkg.T")
    assert (
        one(
            '<testsuites name="pytest tests"><testsuite name="pytest"><testcase name="t"/></testsuite></testsuites>'
        ).suite
        == "pytest"
    )


def test_nested_suites_stand_in_the_name_of_their_tests() -> None:
    assert names(
        '<testsuite name="All"><testsuite name="Orders"><testcase classname="C" name="t"/></testsuite>'
        '<testcase name="u"/></testsuite>'
    ) == ["Orders › C.t", "u"]


def test_tests_that_are_alike_are_told_apart_by_their_order() -> None:
    report = one('<testsuite><testcase name="t"/><testcase name="t"><failure/></testcase><testcase/></testsuite>')
    assert rows(report, "name", "ordinal", "outcome") == [
        ("t", 0, "pass"), ("t", 1, "fail"), ("(a test without a name)", 0, "pass"),
    ]  # fmt: skip


def test_failed_and_broken_in_its_teardown_is_failed_and_only_broken_is_not() -> None:
    report = one(
        """<testsuite><testcase name="a"><failure message="x"/><error message="y"/></testcase>
        <testcase name="b"><error message="db is down"/></testcase><testcase name="c" status="notrun"/>
        <testcase name="d"><skipped type="pytest.xfail" message="later"/></testcase></testsuite>"""
    )
    assert rows(report, "name", "outcome", "message") == [
        ("a", "fail", "x"), ("b", "error", "db is down"), ("c", "skipped", ""), ("d", "skipped", "later"),
    ]  # fmt: skip


def test_properties_say_what_was_checked_and_where() -> None:
    report = one(
        f"""<testsuite name="data"><properties><property name="Environment" value="prod"/>
        <property name="git_sha" value="{"a" * 40}"/><property name="mlflow_run_id" value="{"b" * 32}"/></properties>
        <testcase name="t"><properties><property name="dataset" value="orders"/><property name="column" value="plan"/>
        <property name="severity" value="high"/><property name="failed_rows" value="3"/>
        <property name="total_rows">120</property></properties></testcase></testsuite>"""
    )
    assert (report.environment, report.commit, report.run_id) == ("prod", "a" * 40, "b" * 32)
    assert rows(report, "dataset", "column", "severity", "failed_rows", "total_rows") == [
        ("orders", "plan", "high", 3, 120)
    ]


@pytest.mark.parametrize(
    ("stamp", "at"),
    [("2026-11-22T09:34:15Z", "2026-11-22T09:34:15"), ("2026-11-22T09:34:15+02:00", "2026-11-22T07:34:15"),
     ("2026-11-22T09:34:15", "2026-11-22T09:34:15"), ("Sat, 03 Dec 2022 10:00:00 GMT", "2022-12-03T10:00:00")],
)  # fmt: skip
def test_times_are_read_with_and_without_a_zone(stamp: str, at: str) -> None:
    assert one(f'<testsuite timestamp="{stamp}"><testcase name="t"/></testsuite>').at == millis(at)


def test_the_newest_time_counts_and_no_time_is_when_the_file_was_written() -> None:
    assert one(
        """<testsuites><testsuite timestamp="2026-01-02T00:00:00"><testcase name="a"/></testsuite>
        <testsuite timestamp="2026-01-01T00:00:00"><testcase name="b"/></testsuite></testsuites>"""
    ).at == millis("2026-01-02")
    assert one('<testsuite timestamp="yesterday"><testcase name="t"/></testsuite>').at == WRITTEN


def test_a_report_without_tests_is_not_green() -> None:
    report = one('<testsuites tests="12" failures="0"><testsuite name="x" tests="12"/></testsuites>')
    assert (report.results, report.complaint) == ((), "The report holds no test.")


def test_no_value_of_the_data_is_told() -> None:
    report = one(
        """<testsuite name="ann@example.com"><properties><property name="env" value="bo@example.com"/></properties>
        <testcase classname="m" name="test_mail[cy@example.com]"><failure message="'dee@example.com' == e@example.com">
        row: fay@example.com</failure><properties><property name="dataset" value="gil@example.com"/>
        <property name="severity" value="hal@example.com"/></properties><system-out>ida@example.com</system-out>
        </testcase>
        <testcase name="b"><skipped>jo@example.com</skipped></testcase></testsuite>"""
    )
    assert "example.com" not in encoded([report])
    assert report.results[0].name.startswith("m.test_mail[")


@pytest.mark.parametrize("name", sorted(path.name for path in OURS.glob("*.xml")))
def test_odd_files_give_an_invocation_or_a_sentence(name: str) -> None:
    answered(read, a_file((OURS / name).read_bytes(), name))


@pytest.mark.parametrize("name", ["entities.xml", "outside.xml"])
def test_entities_are_not_expanded_and_no_file_is_fetched(name: str) -> None:
    with pytest.raises(UnreadableError, match="defines XML entities"):
        read(a_file((OURS / name).read_bytes()))


def test_an_entity_bomb_costs_nothing() -> None:
    bomb = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">' + "".join(
        f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(9)
    )
    refused_cheaply(read, a_file(f'{bomb}]><testsuite><testcase name="&j;"/></testsuite>'.encode()))


def test_a_cut_report_says_after_how_many_tests() -> None:
    with pytest.raises(UnreadableError, match="breaks off or is broken after 2 tests"):
        read(a_file(b'<testsuite><testcase name="a"/><testcase name="b"/><testca'))


def test_control_characters_cost_no_result() -> None:
    report = one(
        '<testsuite><testcase name="a"/><testcase name="b"><failure message="bad \x0b"/></testcase></testsuite>'
    )
    assert counted(report) == {"pass": 1, "fail": 1}


PYTEST = """<?xml version="1.0" encoding="utf-8"?><testsuites name="pytest tests"><testsuite name="pytest" errors="0"
timestamp="2026-11-22T09:34:15.148439+00:00"><properties><property name="env" value="ci"/></properties><testcase
classname="test_data" name="test_rows[a/b]" time="0.001"><failure message="assert 1 == 2">E  assert</failure>
</testcase><testcase classname="test_data" name="test_ok"><skipped type="pytest.xfail" message="x"/></testcase>
</testsuite></testsuites>"""
PIECES = re.findall(r"<[^>]+>|[^<]+", PYTEST)


@given(st.lists(st.sampled_from(PIECES), max_size=12), st.booleans())
@settings(deadline=None, max_examples=200)
def test_pieces_in_any_order_give_an_invocation_or_a_sentence(pieces: list[str], has_root: bool) -> None:
    xml = "".join(pieces)
    answered(read, a_file(f"<testsuites>{xml}</testsuites>".encode() if has_root else xml.encode()))


@given(st.text(max_size=40), st.text(max_size=40), st.text(max_size=40))
@settings(deadline=None, max_examples=100)
def test_any_name_and_time_is_read(name: str, group: str, stamp: str) -> None:
    case = f"<testcase name={quoteattr(name)} classname={quoteattr(group)}/>"
    suite = f"<testsuite name={quoteattr(group)} timestamp={quoteattr(stamp)}>{case}</testsuite>"
    answered(read, a_file(suite.encode("utf-8", "replace")))


@given(st.floats(0, 1))
@settings(deadline=None, max_examples=60)
def test_a_file_that_is_cut_is_refused(share: float) -> None:
    whole = PYTEST.encode()
    with pytest.raises(UnreadableError):
        read(a_file(whole[: int(len(whole) * share * 0.999)]))


@given(st.binary(max_size=200))
@settings(deadline=None, max_examples=60)
def test_anything_else_is_refused(data: bytes) -> None:
    assert answered(read, a_file(data)) == ()


XML_JUNK: list[tuple[str, Callable[[int], bytes]]] = [
    ("open elements", lambda size: b"<testsuite>" * (size // 11)),
    ("tests", lambda size: b"<testsuite>" + b"<testcase/>" * (size // 11) + b"</testsuite>"),
    ("one long name", lambda size: b'<testsuite><testcase name="' + b"a" * size + b'"/></testsuit>'),
    (
        "one long text",
        lambda size: b"<testsuite><testcase><failure>" + b"a" * size + b"</failure></testcase></testsuit>",
    ),
    (
        "properties",
        lambda size: b"<testsuite><properties>" + b'<property name="a"/>' * (size // 200) + b"</properties></x>",
    ),
]


@pytest.mark.parametrize("make", [make for _, make in JUNK + XML_JUNK], ids=[what for what, _ in JUNK + XML_JUNK])
def test_fifty_megabytes_of_junk_are_refused_in_little_memory(make: Callable[[int], bytes]) -> None:
    refused_cheaply(read, a_file(make(50 * MEGABYTE)))
