"""Result files in the work tree: which are read, what is new, and what is said of one that cannot be read."""

from __future__ import annotations

import asyncio
import os
import tracemalloc
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

from quarterdeck.app.errors import IncompleteError
from quarterdeck.app.records import CheckResult, Identities, Invocation
from quarterdeck.app.settings.sections import Checks
from quarterdeck.app.sources.checks.files import Files, Taken
from quarterdeck.app.sources.checks.filling import Filling
from quarterdeck.app.sources.checks.reading import ResultFile, UnreadableError
from quarterdeck.app.sources.checks.tree import Place, Tree
from quarterdeck.app.sources.patterns import split

HOUR = 3_600.0


def reader(file: ResultFile) -> tuple[Invocation, ...]:
    """A format of one word: the outcome; what begins with "{" and does not end with "}" is cut."""
    text = file.data.decode()
    if not text or (text[0] == "{" and text[-1] != "}"):
        raise UnreadableError(file.path, "it is cut")
    if text == "bug":
        raise ZeroDivisionError
    outcome: Any = text.strip("{}")
    result = CheckResult(name="unique(id)", outcome=outcome, message=",".join(sorted(file.beside)))
    return (
        Invocation(
            source="", id=f"id-{text}", tool="junit", at=file.modified_at or 0, origin=file.path, results=(result,)
        ),
    )


class World:
    """A folder, and a source of its files that was read some passes ago."""

    def __init__(self, folder: Path, *patterns: str, within: Sequence[Path] | None = None, **more: Any) -> None:
        self.folder = folder
        self.cursor: dict[str, Any] = {}
        held = tuple(within or (folder.resolve(),))
        self.tree = Tree([Place(pattern, folder, held) for pattern in patterns], **more.pop("tree", {}))
        self.files = Files(
            self.tree, reader, Filling("s" * 16, Checks(kind="junit", paths=patterns), Identities()),
            nothing=lambda: "No file matches.", **more,
        )  # fmt: skip

    def write(self, name: str, text: str = "{pass}", age: float = HOUR) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        at = path.stat().st_mtime - age
        os.utime(path, (at, at))
        return path

    def read(self, *, whole: bool = False, most: int | None = None) -> list[str]:
        """One pass, `most` batches of it as if it were killed then; gives what was read, in its order."""
        self.batches: list[Taken[Invocation]] = []
        self.state, self.said = "ok", ""
        try:
            asyncio.run(self._pass(whole, most))
        except IncompleteError as error:
            self.state, self.said = error.state, str(error)
        return [f"{one.origin} {one.results[0].outcome}" for taken in self.batches for one in taken.found]

    async def _pass(self, whole: bool, most: int | None) -> None:
        async for taken in self.files.read(self.cursor, whole=whole):
            self.batches.append(taken)
            self.cursor = msgspec.json.decode(msgspec.json.encode(taken.marks))
            if len(self.batches) == most:
                return


@pytest.fixture
def world(tmp_path: Path) -> World:
    folder = tmp_path / "repo"
    folder.mkdir()
    return World(folder, "out/**/*.json")


def test_the_newest_file_is_read_first_and_none_twice(world: World) -> None:
    world.write("out/a.json", age=3 * HOUR)
    world.write("out/deep/er/b.json", "{fail}", age=HOUR)
    world.write("out/deep/c.json", age=2 * HOUR)
    world.write("out/other.txt")
    assert world.read() == ["out/deep/er/b.json fail", "out/deep/c.json pass", "out/a.json pass"]
    assert (world.read(), world.batches, world.state) == ([], [], "ok")


def test_a_file_that_is_written_over_replaced_or_moved_here_is_new_whatever_its_time_says(world: World) -> None:
    path = world.write("out/a.json", age=2 * HOUR)
    world.read()
    world.write("out/a.json", "{warn}", age=5 * HOUR)
    assert world.read() == ["out/a.json warn"]
    fresh = world.write("elsewhere.json", "{fail}", age=5 * HOUR)
    os.utime(fresh, ns=(path.stat().st_mtime_ns, path.stat().st_mtime_ns))  # same time, same size: another inode
    fresh.replace(path)
    assert world.read() == ["out/a.json fail"]
    assert world.read() == []


def test_a_file_that_comes_back_after_it_was_gone_is_read_again(world: World) -> None:
    path = world.write("out/a.json")
    world.read()
    away = path.rename(world.folder / "away")
    assert (world.read(), world.state) == ([], "stale")
    away.rename(path)
    assert world.read() == ["out/a.json pass"]


def test_all_is_read_once_more_by_a_sweep(world: World) -> None:
    world.write("out/a.json")
    world.read()
    assert world.read(whole=True) == ["out/a.json pass"]
    assert world.read() == []


def test_where_nothing_is_nothing_is_green_and_nothing_is_red(world: World) -> None:
    assert (world.read(), world.state, world.said) == ([], "never", "No file matches.")


def test_one_wrong_file_is_said_after_all_good_ones_were_read_and_until_it_is_mended(world: World) -> None:
    world.write("out/a.json", age=3 * HOUR)
    world.write("out/b.json", '{"cut', age=2 * HOUR)
    world.write("out/c.json", age=HOUR)
    assert world.read() == ["out/c.json pass", "out/a.json pass"]
    said = (world.state, world.said)
    assert said == ("not_understood", "out/b.json cannot be read: it is cut.")
    assert (world.read(), (world.state, world.said)) == ([], said)
    world.write("out/b.json", "{fail}", age=HOUR)
    assert (world.read(), world.state) == (["out/b.json fail"], "ok")


def test_a_wrong_file_that_is_gone_is_spoken_of_no_more(world: World) -> None:
    world.write("out/a.json")
    path = world.write("out/b.json", '{"cut')
    world.write("out/c.json", '{"cut')
    world.read()
    assert world.said.endswith("it is cut. 1 more cannot be read either.")
    path.unlink()
    world.read()
    assert world.said == "out/c.json cannot be read: it is cut."


def test_what_is_cut_while_it_is_written_is_tried_again_before_anybody_hears_of_it(world: World) -> None:
    world.write("out/a.json", '{"cut', age=0)
    assert (world.read(), world.state) == ([], "ok")
    world.write("out/a.json", "{pass}", age=0)
    assert (world.read(), world.state) == (["out/a.json pass"], "ok")
    world.write("out/a.json", '{"cut again', age=0)
    world.read()
    assert (world.read(), world.state) == ([], "not_understood")


def test_a_file_that_grows_while_it_is_read_is_read_in_the_next_pass(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = world.write("out/a.json", "{pass")
    look = world.tree.look

    def then_written() -> list[object]:
        found = look()
        path.write_text("{pass}")
        return found  # type: ignore[return-value]  # of candidates

    monkeypatch.setattr(world.tree, "look", then_written)
    assert (world.read(), world.state) == ([], "ok")
    monkeypatch.undo()
    assert world.read() == ["out/a.json pass"]


def test_a_reader_that_stumbles_stops_no_other_file(world: World) -> None:
    world.write("out/a.json", "bug")
    world.write("out/b.json", age=2 * HOUR)
    assert world.read() == ["out/b.json pass"]
    assert (world.state, "ZeroDivisionError" in world.said) == ("not_understood", True)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_nobody_may_read_is_read_as_soon_as_one_may(world: World) -> None:
    path = world.write("out/a.json")
    path.chmod(0)
    assert (world.read(), world.state) == ([], "forbidden")
    path.chmod(0o600)
    assert (world.read(), world.state) == (["out/a.json pass"], "ok")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_folder_that_nobody_may_look_into_is_said(world: World) -> None:
    world.write("out/a.json")
    world.write("out/shut/b.json").parent.chmod(0)
    try:
        assert world.read() == ["out/a.json pass"]
        assert (world.state, world.said.endswith("shut cannot be looked into: permission denied.")) == (
            "forbidden",
            True,
        )
    finally:
        (world.folder / "out/shut").chmod(0o700)


def test_what_is_no_file_and_what_leads_out_of_the_repository_is_not_read(world: World, tmp_path: Path) -> None:
    (tmp_path / "secret.json").write_text("{pass}")
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets/one.json").write_text("{pass}")
    out = world.folder / "out"
    out.mkdir()
    os.mkfifo(out / "pipe.json")
    (out / "folder.json").mkdir()
    (out / "nothing.json").symlink_to("nowhere")
    (out / "link.json").symlink_to(tmp_path / "secret.json")
    (out / "folder").symlink_to(tmp_path / "secrets")
    (out / "circle").symlink_to(out)
    assert (world.read(), world.state) == ([], "never")
    named = World(world.folder, "out/*/*.json", "out/folder/one.json", "../secret.json")
    assert (named.read(), named.state) == ([], "never")


def test_a_link_inside_the_repository_is_followed_once(world: World) -> None:
    world.write("kept/a.json")
    (world.folder / "out").symlink_to("kept")
    named = World(world.folder, "out/*.json", "kept/*.json")
    assert named.read() == ["out/a.json pass"]


def test_a_folder_that_becomes_a_link_out_between_look_and_reading_gives_nothing(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = world.write("out/a.json")
    (tmp_path / "secret.json").write_text("{fail}")
    look = world.tree.look

    def then_swapped() -> list[object]:
        found = look()
        path.unlink()
        path.symlink_to(tmp_path / "secret.json")
        return found  # type: ignore[return-value]  # of candidates

    monkeypatch.setattr(world.tree, "look", then_swapped)
    assert world.read() == []


def test_stars_go_into_folders_as_deep_as_real_ones_are(tmp_path: Path) -> None:
    world = World(tmp_path, "**/**/**/*.json")
    for depth in (0, 30, 70):
        world.write("d/" * depth + "a.json")
    assert sorted(map(len, world.read())) == sorted([len("a.json pass"), len("d/" * 30 + "a.json pass")])
    assert split("a/**/**/**/b") == ("a", "**", "b")  # more of them cost a look into each folder each


def test_what_somebody_agreed_to_outside_is_read(world: World, tmp_path: Path) -> None:
    (tmp_path / "lake").mkdir()
    (tmp_path / "lake/a.json").write_text("{pass}")
    agreed = World(world.folder, str(tmp_path / "lake/*.json"), within=((tmp_path / "lake").resolve(),))
    assert agreed.read() == [f"{tmp_path}/lake/a.json pass"]


def test_a_file_of_more_than_64_mb_is_said_and_not_read(world: World) -> None:
    with world.write("out/a.json", "{").open("ab") as stream:
        stream.truncate(65 << 20)  # a hole: takes no room
    os.utime(world.folder / "out/a.json", (1, 1))
    assert (world.read(), world.said) == ([], "out/a.json cannot be read: it has more than 64 MB.")


def test_a_file_of_50_mb_takes_no_more_than_it_is_long(world: World) -> None:
    world.write("out/a.json", "{pass}" + " " * (50 << 20))
    seen: list[int] = []
    world.files._reader = lambda file: seen.append(len(file.data)) or ()  # type: ignore[func-returns-value]  # for short
    tracemalloc.start()
    try:
        world.read()
        assert tracemalloc.get_traced_memory()[1] < 120 << 20
    finally:
        tracemalloc.stop()
    assert seen == [(50 << 20) + 6]


def test_thousands_of_files_come_in_batches_and_a_killed_sync_goes_on(world: World) -> None:
    for number in range(3_000):
        world.write(f"out/{number % 30}/{number}.json", age=number)
    first = world.read(most=3)
    assert (len(world.batches), world.batches[-1].total) == (3, 3_000)
    assert world.batches[-1].done == len(first)
    rest = world.read()
    assert len(first) + len(rest) == 3_000
    assert not set(first) & set(rest)
    assert first[0] == "out/0/0.json pass"
    assert len(msgspec.json.encode(world.cursor)) < 40_000
    assert world.read() == []


def test_the_file_that_explains_dbts_results_goes_along_and_is_none_itself(tmp_path: Path) -> None:
    more = {"beside": ("sources.json",), "left_out": frozenset({"manifest.json"})}
    dbt = World(tmp_path, "target/*.json", tree=more, beside="manifest.json")
    for name in ("run_results.json", "manifest.json", "sources.json"):
        dbt.write(f"target/{name}")
    assert sorted(dbt.read()) == ["target/run_results.json pass", "target/sources.json pass"]
    assert {one.results[0].message for taken in dbt.batches for one in taken.found} == {"manifest.json"}


def test_the_same_content_later_is_another_look_where_the_format_has_no_time(world: World) -> None:
    world.write("out/a.json", age=2 * HOUR)
    world.read()
    (first,) = [one.id for taken in world.batches for one in taken.found]
    world.write("out/a.json", age=HOUR)
    world.read()
    (second,) = [one.id for taken in world.batches for one in taken.found]
    assert first != second
    assert first.startswith("id-{pass}-")


def test_a_cursor_that_cannot_be_read_begins_anew(world: World) -> None:
    world.write("out/a.json")
    world.cursor = {"read": "not base64!", "wrong": 7}
    assert world.read() == ["out/a.json pass"]
