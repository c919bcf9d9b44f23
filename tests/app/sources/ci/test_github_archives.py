"""JUnit files out of archives, well-meant and hostile ones."""

from __future__ import annotations

import io
import random
import struct
import tracemalloc
import zipfile
from pathlib import Path

import pytest

from quarterdeck.app.records import CaseReport
from quarterdeck.app.sources import zips
from quarterdeck.app.sources.github import archives
from quarterdeck.app.sources.github.archives import ArchiveError, files, report_of
from tests.servers.github_artifacts import junit, zipped

MEGABYTE = 1024 * 1024


def said(report: CaseReport | None) -> list[str]:
    """What stands among the failures without being counted."""
    assert report is not None
    return [case.message for case in report.failures if case.suite == "junit"]


def test_the_files_of_an_archive_are_one_report() -> None:
    report = report_of("junit", zipped({
        "junit/cpu.xml": junit(3, 1, "cpu"), "junit/deep/in/it/GPU.XML": junit(2, 0, "gpu"), "log.txt": b"no matter",
        "coverage.xml": b"<coverage line-rate='0.9'/>", "broken.xml": b"<",
    }))  # fmt: skip
    assert report is not None
    assert (report.total, report.passed, report.failed) == (6, 5, 1)
    assert [(case.suite, case.name, case.message) for case in report.failures] == [
        ("cpu", "bad_0", "worse than before")
    ]


def test_recorded_junit_files_are_counted_out_of_an_archive(contracts: Path) -> None:
    recorded = sorted((contracts / "results" / "junit").glob("*.xml"))
    report = report_of("junit", zipped({f"reports/{path.name}": path.read_bytes() for path in recorded}))
    assert report is not None
    assert (report.total, report.failed, report.errors) == (164, 18, 5)


def test_what_holds_no_junit_is_no_report() -> None:
    assert report_of("test-report", zipped({"index.html": b"<html/>", "coverage.xml": b"<coverage/>"})) is None
    assert report_of("test-report", zipped({})) is None
    assert report_of("report.html", b"<!doctype html><html></html>") is None
    assert report_of("test", b"") is None


def test_a_suite_without_a_test_is_a_report_that_holds_none() -> None:
    assert report_of("junit", zipped({"a.xml": b"<testsuites/>"})) == CaseReport(total=0, passed=0, failed=0)


def test_a_file_that_was_uploaded_without_an_archive_is_read() -> None:
    report = report_of("junit.xml", junit(2, 1))
    assert report is not None
    assert (report.total, report.failed) == (3, 1)


def test_a_file_that_breaks_off_counts_as_far_as_it_goes_and_says_so() -> None:
    report = report_of("junit", zipped({"whole.xml": junit(4), "killed.xml": junit(9)[:-200]}))
    assert report is not None
    assert 4 < report.total < 13
    assert report.failed == report.errors == 0
    assert [case.name for case in report.failures] == ["killed.xml"]
    (why,) = said(report)
    assert "breaks off" in why


def test_no_name_in_an_archive_is_a_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    names = ["../../up.xml", "/etc/passwd.xml", "C:\\x\\y.xml", "a/../b.xml", "\u202e.xml", "x" * 9_000 + ".xml"]
    report = report_of("junit", zipped({name: junit(1)[:-20] for name in names}))
    assert report is not None
    assert report.total == len(names)
    assert [case.name for case in report.failures[:4]] == ["up.xml", "passwd.xml", "y.xml", "b.xml"]
    assert max(len(case.name) for case in report.failures) <= 200
    assert list(tmp_path.iterdir()) == []


def test_a_zip_bomb_costs_no_more_than_the_largest_file() -> None:
    bomb = zipped({"junit.xml": junit(2)[:-25] + b" " * (100 * MEGABYTE) + b"</testsuite></testsuites>"})
    assert len(bomb) < MEGABYTE
    tracemalloc.start()
    try:
        report = report_of("junit", bomb)
        assert tracemalloc.get_traced_memory()[1] < 4 * archives.LARGEST_FILE
    finally:
        tracemalloc.stop()
    assert report is not None
    assert report.total == 2
    assert said(report) == ["The file has more than 16 MB: what stands in those is counted."]


def test_a_bomb_of_many_files_is_put_out_when_all_have_grown_too_large() -> None:
    one = junit(1) + b" " * (15 * MEGABYTE)
    report = report_of("junit", zipped({f"{n:02}.xml": one for n in range(12)}))
    assert report is not None
    assert report.total == 4
    assert "its files have more than 48 MB" in said(report)[-1]


def test_a_size_that_an_archive_claims_is_not_believed() -> None:
    honest = zipped({"a.xml": junit(5)})
    huge = honest.replace(struct.pack("<L", len(junit(5))), struct.pack("<L", 0xFFFFFFF0))
    assert huge != honest
    report = report_of("junit", huge)
    assert report is not None
    assert report.total == 5


def test_files_that_share_their_bytes_are_not_unpacked() -> None:
    archive = zipfile.ZipFile(io.BytesIO(zipped({"a.xml": junit(500)})))
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as copy:
        copy.writestr("a.xml", junit(500))
        for n in range(50):  # fifty more entries of the table that lead to the same bytes
            entry = archive.getinfo("a.xml")
            again = zipfile.ZipInfo(f"{n}.xml")
            for name in ("compress_type", "CRC", "compress_size", "file_size", "header_offset", "flag_bits"):
                setattr(again, name, getattr(entry, name))
            copy.filelist.append(again)
    with pytest.raises(ArchiveError, match="its files overlap"):
        list(files("junit", made.getvalue()))
    assert report_of("junit", made.getvalue()) is None


def test_an_archive_of_countless_files_is_not_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zips, "MOST_FILES", 20)
    with pytest.raises(ArchiveError, match="more than 20 files"):
        list(files("junit", zipped({f"{n}.xml": junit(1) for n in range(21)})))
    assert report_of("junit", zipped({f"{n}.xml": junit(1) for n in range(20)})) is not None


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_packings_that_unpack_without_a_bound_are_left_alone(method: int) -> None:
    assert report_of("junit", zipped({"a.xml": junit(1)}, method)) is None


def test_an_encrypted_file_is_left_alone() -> None:
    locked = bytearray(zipped({"a.xml": junit(1), "b.xml": junit(2)}))
    for signature, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        locked[locked.index(signature) + at] |= 1
    report = report_of("junit", bytes(locked))
    assert report is not None
    assert report.total == 2


def test_damage_of_any_kind_raises_nothing() -> None:
    whole = zipped({"a.xml": junit(40, 3), "b/c.xml": junit(20)})
    rolled = random.Random(214)
    for _ in range(600):
        hurt = bytearray(whole)
        for _ in range(rolled.randint(1, 6)):
            hurt[rolled.randrange(len(hurt))] = rolled.randrange(256)
        hurt = hurt[: rolled.choice([len(hurt), rolled.randrange(len(hurt))])]
        found = report_of("junit", bytes(hurt))
        assert found is None or found.total <= 63
    assert report_of("junit", whole) is not None


@pytest.mark.parametrize("field", range(0, 64, 2))
def test_numbers_beyond_all_bounds_raise_nothing(field: int) -> None:
    whole = bytearray(zipped({"a.xml": junit(2)}))
    for start in (whole.index(b"PK\x01\x02"), whole.index(b"PK\x05\x06")):
        hurt = bytearray(whole)
        hurt[start + 4 + field : start + 12 + field] = b"\xff" * 8
        report_of("junit", bytes(hurt))
