"""Logs of jobs in a real cache: what comes in parts is read in windows of lines."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from quarterdeck.app.logs import compiled, outline
from quarterdeck.app.records import Batch, LogPart, SourceSpec
from quarterdeck.app.store import log_writes, logs
from quarterdeck.app.store.cache import Cache
from quarterdeck.app.store.log_search import find_line
from quarterdeck.app.store.logs import LogHead
from quarterdeck.app.store.reading import Reader

CI = SourceSpec(key="c" * 16, kind="gitlab", name="ci", address="https://gitlab.acme")
NOW = 1_700_000_000_000


class World:
    """A cache with one source, and its reader."""

    def __init__(self, path: Path, kept: int = log_writes.KEPT) -> None:
        self.cache = Cache(path, logs=kept)
        self.cache.declare([CI])
        self.reader = Reader(path)

    def write(self, data: bytes = b"", start: int = 0, *, job: str = "7", now: int = NOW, **facts: object) -> None:
        """A part comes."""
        part = LogPart(source=CI.key, pipeline="1", job=job, start=start, data=data, **facts)  # type: ignore[arg-type]  # fields by name
        self.cache.write(CI.key, Batch(log_parts=(part,)), now)

    def head(self, job: str = "7") -> LogHead:
        """What is known of it."""
        head = self.reader.logs.head(CI.key, job)
        assert head is not None
        return head

    def texts(self, first: int = 0, count: int = 100, **how: int) -> list[str]:
        """Lines as they are shown."""
        return [line.text for line in self.reader.logs.lines(self.head().rowid, first, count, **how)]

    def bytes(self, job: str = "7") -> bytes:
        """All of it, as it came."""
        rowid, reads = self.head(job).rowid, self.reader.logs
        found = [reads.block(rowid, number) for number in range(reads.blocks(rowid))]
        return b"".join(block.data for block in found if block is not None and not block.gap)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path / "cache.db")
    with closing(world.cache), closing(world.reader):
        yield world


def test_parts_that_cut_lines_anywhere_are_the_same_lines(world: World) -> None:
    text = "".join(f"line {number} é\n" for number in range(2_000)).encode()
    chance, at = random.Random(7), 0
    while at < len(text):
        size = chance.randrange(1, 3_000)
        world.write(text[at : at + size], at)
        at += size
    assert world.head().lines == 2_000
    assert world.bytes() == text
    assert world.texts(1_998, 10) == ["line 1998 é", "line 1999 é"]


def test_lines_are_found_across_blocks(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_writes, "BLOCK", 100)
    chance = random.Random(3)
    lines = ["x" * chance.choice([0, 1, 30, 99, 100, 101, 350]) + str(number) for number in range(300)]
    world.write("\n".join(lines).encode())
    assert world.head().lines == 300
    for first in range(0, 300, 7):
        assert world.texts(first, 12) == lines[first : first + 12]


def test_a_line_that_is_not_complete_is_shown_and_goes_on(world: World) -> None:
    world.write(b"one\ntw")
    assert (world.head().lines, world.texts()) == (2, ["one", "tw"])
    world.write(b"o\n", 6)
    assert (world.head().lines, world.texts()) == (2, ["one", "two"])


def test_what_is_here_already_is_passed_over(world: World) -> None:
    world.write(b"one\ntwo\n")
    world.write(b"two\nthree\n", 4)
    assert world.texts() == ["one", "two", "three"]


def test_a_log_that_comes_from_its_beginning_again_only_grows(world: World) -> None:
    world.write(b"one\ntwo\n")
    began = world.head().began
    world.write(b"one\n")
    world.write(b"one\ntwo\nthree\n")
    assert (world.texts(), world.head().began) == (["one", "two", "three"], began)


def test_another_log_takes_the_place_of_the_one_before(world: World) -> None:
    world.write(b"one\nERROR: two\n", is_last=True)
    began = world.head().began
    world.write(b"other\n")
    assert world.texts() == ["other"]
    assert world.head().began != began
    assert not world.head().is_whole
    assert world.reader.logs.marks(world.head().rowid) == []


def test_a_sentence_stands_where_there_is_no_log_and_takes_nothing_away(world: World) -> None:
    world.write(sentence="the log has expired", is_last=True)
    assert world.head().sentence == "the log has expired"
    assert world.cache.log_start(CI.key, "1", "7", NOW) == (0, False)
    world.write(b"one\n")
    world.write(sentence="no more of it")
    assert (world.texts(), world.head().sentence) == (["one"], "no more of it")


def test_what_the_vendor_left_out_is_said_where_it_is_missing(world: World) -> None:
    world.write(b"one\ntwo")
    world.write(b"last\n", 3_000_007, dropped=3_000_000)
    assert world.texts() == ["one", "two", "… 3.0 MB of the log are missing here …", "last"]
    assert world.head().dropped == 3_000_000
    assert world.bytes() == b"one\ntwolast\n"
    assert world.head().bytes == 3_000_012
    world.write(b"more\n", 3_000_012)
    assert world.texts()[-1] == "more"


def test_a_log_whose_beginning_was_left_out_says_how_much(world: World) -> None:
    world.write(b"last\n", 5_000_000, dropped=5_000_000)
    assert world.texts() == ["last"]
    assert (world.head().dropped, world.head().bytes) == (5_000_000, 5_000_005)


def test_marks_are_those_of_the_whole_text_however_it_came(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_writes, "BLOCK", 64)
    text = b"ok\nTraceback (most recent call last):\n  File x\n    y()\nValueError: no\nfine\nERROR: end\n" * 5
    for at in range(0, len(text), 17):
        world.write(text[at : at + 17], at)
    world.write(start=len(text), is_last=True)
    marks = world.reader.logs.marks(world.head().rowid)
    assert [mark.line for mark in marks if mark.kind == "error"] == [
        line for step in range(5) for line in (7 * step + 4, 7 * step + 6)
    ]
    assert [(s.first, s.last) for s in outline(marks, world.head().lines).sections if s.kind == "traceback"] == [
        (7 * step + 1, 7 * step + 4) for step in range(5)
    ]


def test_one_line_of_ten_megabytes_is_cut_to_what_is_asked_for(world: World) -> None:
    line = b"a" * 10_000_000
    world.write(b"before\n" + line + b"\nafter\n")
    found = world.reader.logs.lines(world.head().rowid, 0, 10, width=80)
    assert [len(one.text) for one in found] == [6, 80, 5]
    assert (found[1].size, found[1].is_cut) == (10_000_000, True)
    assert world.texts(2, 1) == ["after"]
    assert len(world.texts(1, 1, left=1_000, width=500)[0]) == 500


def test_of_a_progress_bar_of_megabytes_the_last_state_is_left(world: World) -> None:
    bar = b"".join(b"\r%3d%%" % (at % 100) for at in range(200_000))
    world.write(b"load\n" + bar + b"\r100%\ndone\n")
    assert world.texts() == ["load", "100%", "done"]


def test_the_logs_that_were_read_longest_ago_make_room(tmp_path: Path) -> None:
    world = World(tmp_path / "small.db", kept=40_000)
    noise = random.Random(1)
    with closing(world.cache), closing(world.reader):
        for job in ("a", "b", "c"):
            world.write(noise.randbytes(12_000), job=job)
        assert world.cache.log_start(CI.key, "1", "a", NOW + 100_000) == (12_000, False)
        world.write(noise.randbytes(12_000), job="d", now=NOW + 200_000)
        there = [job for job in "abcd" if world.reader.logs.head(CI.key, job) is not None]
        assert there == ["a", "c", "d"]


def test_a_log_that_is_too_long_by_itself_loses_its_beginning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_writes, "BLOCK", 2_000)
    world = World(tmp_path / "small.db", kept=20_000)
    noise, at = random.Random(1), 0
    with closing(world.cache), closing(world.reader):
        for number in range(1_000):
            line = b"%d %s\n" % (number, noise.randbytes(20).hex().encode())
            world.write(line, at)
            at += len(line)
        head = world.head()
        assert head.lines == 1_000
        assert 0 < head.first < 1_000
        assert world.texts(head.first, 1)[0].startswith(f"{head.first} ")
        assert world.texts(999, 1)[0].startswith("999 ")
        assert len(world.bytes()) + head.dropped == at == head.bytes
        assert world.texts(0, 5) == []


def test_what_is_marked_in_a_log_counts_as_much_as_its_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_writes, "BLOCK", 2_000)
    world = World(tmp_path / "small.db", kept=20_000)
    piece = b"##[group]again\n##[endgroup]\n" * 50
    with closing(world.cache), closing(world.reader), closing(sqlite3.connect(tmp_path / "small.db")) as beside:
        for at in range(0, 40 * len(piece), len(piece)):
            world.write(piece, at)
            (taken,) = beside.execute("SELECT sum(length(marks) + length(data)) FROM log_block").fetchone()
            (counted,) = beside.execute("SELECT sum(size) FROM log").fetchone()
            assert taken < counted <= 20_000
        assert 0 < world.head().first < world.head().lines


def test_only_what_changed_is_news(world: World) -> None:
    world.write(b"one\n")
    before = world.reader.content().logs
    world.write(start=4)
    assert world.reader.content().logs == before
    world.write(start=4, is_last=True)
    assert world.reader.content().logs == before + 1
    assert world.cache.log_start(CI.key, "1", "7", NOW) == (4, True)


def test_an_unpacked_block_is_held_for_a_while_only(world: World) -> None:
    world.write(b"".join(b"%d\n" % number for number in range(1_000_000)))
    rowid = world.head().rowid
    for first in range(0, 1_000_000, 40_000):
        assert world.reader.logs.lines(rowid, first, 1)[0].text == str(first)
    assert len(world.reader.logs._held) <= logs.BLOCKS_HELD


def find(world: World, source: str, line: int = 0, *, back: bool = False, until: int | None = None) -> int | None:
    rowid = world.head().rowid
    return find_line(world.reader.logs, rowid, compiled(source), line, until, back=back, stop=lambda: False)


STAMPED = b"".join(b"2026-03-14T00:59:%02d.1234567Z line %d\n" % (number % 60, number) for number in range(500))


def test_a_pattern_is_found_from_a_line_on_and_back(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_writes, "BLOCK", 300)
    world.write(STAMPED)
    assert find(world, "line 4[0-9]$") == 40
    assert find(world, "line 4[0-9]$", 44) == 44
    assert find(world, "line 4[0-9]$", 50) is None
    assert find(world, "line 4[0-9]$", 499, back=True) == 49
    assert find(world, "line 4[0-9]$", 30, back=True) is None
    assert find(world, "line 499", 0, until=100) is None


def test_times_are_no_text_and_lines_begin_behind_them(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_writes, "BLOCK", 300)
    world.write(STAMPED + b"at 00:59 it ended\n")
    assert find(world, "00:59") == 500
    assert find(world, "^at") == 500
    assert find(world, "^line 7$") == 7


def test_what_a_progress_bar_wrote_over_and_colours_are_not_in_the_way(world: World) -> None:
    world.write(b"10%\r20%\n\x1b[31mERR\x1b[0mOR\n")
    assert find(world, "10%") is None
    assert find(world, "20%") == 0
    assert find(world, "error") == 1
    assert find(world, "Error") is None


def test_a_search_ends_when_it_is_told_to(world: World) -> None:
    world.write(b"one\ntwo\n")
    rowid = world.head().rowid
    assert find_line(world.reader.logs, rowid, compiled("two"), 0, stop=lambda: True) is None
