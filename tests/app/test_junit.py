"""JUnit XML of many tools: what is counted, what is said of a failure, and what a broken file still gives."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import pytest

from quarterdeck.app import junit
from quarterdeck.app.junit import NO_CASES, JunitError, merged, parse
from quarterdeck.app.records import CaseReport

OURS = Path(__file__).parents[1] / "payloads" / "junit"


def ours(name: str) -> bytes:
    return (OURS / name).read_bytes()


def counts(report: CaseReport) -> tuple[int, int, int, int, int]:
    return report.total, report.passed, report.failed, report.errors, report.skipped


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("dorny.jest-junit.xml", (6, 1, 4, 0, 1)),
        ("dorny.python-xunit-pytest.xml", (10, 6, 2, 0, 2)),
        ("dorny.python-xunit-unittest.xml", (8, 4, 1, 1, 2)),
        ("enricomi.empty-system-out-err.xml", (1, 1, 0, 0, 0)),
        ("enricomi.jest.jest-junit.xml", (2, 2, 0, 0, 0)),
        ("enricomi.pytest.junit.fail.xml", (5, 3, 1, 0, 1)),
        ("enricomi.pytest.junit.gloo.standalone.xml", (97, 80, 0, 0, 17)),
        ("enricomi.testsuite-root.xml", (5, 5, 0, 0, 0)),
        ("enricomi.xunit.xunit.xml", (2, 2, 0, 0, 0)),
        ("pytest-9.2.0.xdist.xml", (14, 5, 5, 2, 2)),
        ("pytest-9.2.0.xunit2.xml", (14, 5, 5, 2, 2)),
    ],
)
def test_what_tools_wrote_is_counted_by_its_cases(contracts: Path, name: str, expected: tuple[int, ...]) -> None:
    report = parse((contracts / "results" / "junit" / name).read_bytes())
    assert counts(report) == expected
    assert len(report.failures) == report.failed + report.errors


def test_every_recorded_file_is_in_the_table_above(contracts: Path) -> None:
    assert len(list((contracts / "results" / "junit").glob("*.xml"))) == 11


def test_a_recorded_failure_says_what_pytest_said(contracts: Path) -> None:
    report = parse((contracts / "results" / "junit" / "pytest-9.2.0.xunit2.xml").read_bytes())
    first = report.failures[0]
    assert (first.name, first.suite, first.seconds) == ("test_fail", "test_ml_checks", 0.001)
    assert first.message.startswith("AssertionError: row count ≠ 200 <expected>")
    assert first.message.endswith("test_ml_checks.py:3: AssertionError")
    assert "bad #x00 #x0B chars" in report.failures[-2].message


def test_the_cases_count_and_not_what_the_suites_claim() -> None:
    assert counts(parse(ours("rollup.xml"))) == (7, 3, 1, 1, 2)


def test_a_case_that_failed_and_broke_in_its_teardown_counts_once_and_says_both() -> None:
    both = parse(ours("rollup.xml")).failures[0]
    assert (both.name, both.seconds) == ("test_positive", 1204.5)
    assert both.message.startswith("3 rows are negative\nTraceback")
    assert both.message.endswith('failed on teardown with "OSError: disk full"\nOSError: disk full')


def test_a_case_without_a_class_stands_under_the_suite_around_it() -> None:
    broken = parse(ours("rollup.xml")).failures[1]
    assert (broken.name, broken.suite, broken.seconds) == ("test_keys_join", "features.joins", None)
    assert broken.message == "KeyError: 'customer_id'"


def test_a_namespace_changes_nothing() -> None:
    report = parse(ours("namespaced.xml"))
    assert counts(report) == (2, 1, 1, 0, 0)
    assert report.failures[0].message == "status 500"


def test_a_file_that_breaks_off_gives_what_was_read_and_says_where() -> None:
    with pytest.raises(JunitError, match=r"breaks off or is broken at line \d+: the 2 tests before") as caught:
        parse(ours("cut.xml"))
    assert counts(caught.value.report) == (2, 1, 1, 0, 0)
    assert caught.value.report.failures[0].name == "two"


@pytest.mark.parametrize("end", [0, 1, 30, 200, 700, 1200])
def test_a_file_may_break_off_anywhere(end: int) -> None:
    whole = ours("rollup.xml")
    with pytest.raises(JunitError) as caught:
        parse(whole[:end])
    assert caught.value.report.total <= 7


@pytest.mark.parametrize("name", ["entities.xml", "outside.xml"])
def test_entities_are_never_expanded(name: str) -> None:
    with pytest.raises(JunitError, match="entities") as caught:
        parse(ours(name))
    assert caught.value.report == NO_CASES


def test_control_characters_cost_themselves_and_not_the_report() -> None:
    report = parse(ours("control.xml"))
    assert counts(report) == (2, 1, 1, 0, 0)
    assert report.failures[0].name == "colours ?[31mred?[0m"
    assert report.failures[0].message == "bell ? nul ? tab \t end\n?verbatim?"


def test_a_file_in_utf_16_is_read() -> None:
    case = '<testcase name="größe"><failure>ä</failure></testcase>'
    text = f'<?xml version="1.0" encoding="utf-16"?><testsuite>{case}</testsuite>'
    assert parse(text.encode("utf-16")).failures[0].name == "größe"


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "is empty"),
        (b" \n", "is empty"),
        (b"1 failed, 3 passed", "is no XML"),
        (ours("trx.xml"), "no JUnit XML: it begins with <TestRun>"),
        (b"<html><body>Log in</body></html>", "no JUnit XML: it begins with <html>"),
        (ours("unknown-encoding.xml"), "encoding"),
    ],
)
def test_what_is_no_junit_says_so(data: bytes, sentence: str) -> None:
    with pytest.raises(JunitError, match=sentence):
        parse(data)


def test_a_suite_without_cases_is_no_green_one() -> None:
    assert parse(ours("empty-suite.xml")) == NO_CASES


def test_a_file_above_the_limit_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(junit, "LARGEST", 100)
    with pytest.raises(JunitError, match="no more than"):
        parse(b"<testsuite>" + b" " * 100 + b"</testsuite>")


@pytest.mark.parametrize(
    "data",
    [
        b'<testsuite><testcase name="' + b"x" * 2_000_000 + b'"/></testsuite>',
        b'<testsuite><testcase name=">' + b"x" * 2_000_000,
        b"<testsuite " + b" ".join(b'a%d="1"' % number for number in range(150_000)) + b"/>",
    ],
    ids=["a name", "a name that does not end", "attributes"],
)
def test_a_tag_of_megabytes_is_not_read(data: bytes) -> None:
    with pytest.raises(JunitError, match="a tag of more than a megabyte"):
        parse(data)


def test_a_text_of_megabytes_is_read() -> None:
    text = b"x > y " * 500_000
    report = parse(b"<testsuite><testcase><system-out>" + text + b"</system-out></testcase><testcase/></testsuite>")
    assert report.passed == 2


def test_more_elements_than_any_report_has_are_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(junit, "_MOST_ELEMENTS", 100)
    assert parse(b"<testsuite>" + b"<testcase/>" * 99 + b"</testsuite>").passed == 99
    with pytest.raises(JunitError, match="more than 100 elements"):
        parse(b"<testsuite>" + b"<testcase/>" * 100 + b"</testsuite>")


def test_the_first_failures_are_kept_with_the_beginning_of_what_they_say() -> None:
    case = b'<testcase name="one"><failure>' + b"x" * 9_000 + b"</failure></testcase>"
    report = parse(b"<testsuite>" + case * 300 + b"</testsuite>")
    assert (report.failed, len(report.failures), len(report.failures[0].message)) == (300, 200, 4_000)


def test_memory_does_not_grow_with_the_cases() -> None:
    data = (
        b"<testsuite>" + b'<testcase name="one"><system-out>chatter</system-out></testcase>' * 20_000 + b"</testsuite>"
    )
    tracemalloc.start()
    try:
        assert parse(data).passed == 20_000
        assert tracemalloc.get_traced_memory()[1] < 3 * len(data)
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    "hostile",
    [
        b"<testsuite>" + b"<a>" * 50_000,
        b"<testsuite>" + b"<a>" * 50_000 + b"</a>" * 50_000 + b"</testsuite>",
        b"<testsuite><testcase>" + b"<a/>" * 50_000 + b"</testcase></testsuite>",
    ],
    ids=["never closed", "deep", "many in one case"],
)
def test_a_file_that_is_nested_to_cost_gigabytes_is_not_read(hostile: bytes) -> None:
    with pytest.raises(JunitError, match="nested as no test report is"):
        parse(hostile)


def test_a_case_may_have_thousands_of_properties_and_a_suite_any_number() -> None:
    some = b"<properties>" + b"<property name='x'/>" * 5_000 + b"</properties>"
    report = parse(b"<testsuite>" + some * 4 + (b"<testcase>" + some + b"</testcase>") * 3 + b"</testsuite>")
    assert (report.total, report.passed) == (3, 3)


def test_the_reports_of_several_files_are_added_up() -> None:
    one, other = parse(ours("rollup.xml")), parse(ours("namespaced.xml"))
    both = merged([one, other])
    assert counts(both) == (9, 4, 2, 1, 2)
    assert both.failures == one.failures + other.failures
    assert merged([]) == NO_CASES
