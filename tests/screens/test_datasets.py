"""Datasets on the screen: the list, the page of a version and what differs in it, and the page of a commit."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from msgspec.structs import replace

from quarterdeck.app.records import Batch, Identities
from quarterdeck.screens import datasets, halves, lineage, page
from quarterdeck.widgets.status import use_ascii
from tests.screens import data_world
from tests.screens.test_lineage import here, type_text, walk

SIZE = (120, 40)


@pytest.fixture(autouse=True)
def nobody_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """What waits for a person's fingers to rest does not wait here."""
    monkeypatch.setattr(halves, "RESTS", 0.001)
    for module in (lineage, page, datasets):
        monkeypatch.setattr(module, "CHANGES_AT_MOST_EVERY", 0.001)


@pytest.fixture
def data(checked: Any, make_run: Any) -> Any:
    """The small world with data in it."""
    data_world.fill(checked, make_run)
    return checked


def app(world: Any, theme: str = "dark", **changes: Any) -> Any:
    return world.app(theme, **{"identities": data_world.ORDERS, **changes})


async def command(pilot: Any, settled: Any, text: str) -> list[str]:
    """Type a command; gives the screen after it."""
    await settled(pilot)
    await type_text(pilot, text)
    return await walk(pilot, settled, "enter")


def row_of(lines: list[str], text: str) -> str:
    (line,) = [line for line in lines if text in line]
    return line


def part(lines: list[str], title: str) -> list[str]:
    """The lines of a part of a page, up to the next one."""
    at = next(at for at, line in enumerate(lines) if line.startswith(f" {title}"))
    found = []
    for line in lines[at + 1 :]:
        if not line.startswith("  ") and not line.startswith(" ▸ "):
            break
        found.append(line[3:].split("│")[0].rstrip())
    return found


async def test_every_dataset_stands_once_with_its_checks_its_newest_version_and_whom_it_feeds(
    data: Any, settled: Any
) -> None:
    async with app(data).run_test(size=(160, 40)) as pilot:
        lines = await command(pilot, settled, ":datasets")
        assert "datasets   5   1 with failing checks" in lines[1]
        first = row_of(lines, " orders ")
        assert here(lines).startswith("orders")  # trouble first
        for said in ("✖ 2 of 13", "77ab01", "9 h", "  3 ", "churn@champion +2", "dbt dvc gx mlflow"):
            assert said in first
        assert "● 9" in row_of(lines, "customers")
        assert "bbbb33334444" in row_of(lines, "features")
        assert "data/orders.csv" not in "\n".join(lines)


async def test_without_a_declaration_what_is_called_alike_is_one_and_a_path_is_another(data: Any, settled: Any) -> None:
    async with app(data, identities=Identities()).run_test(size=(160, 40)) as pilot:
        lines = await command(pilot, settled, ":datasets")
        assert "dvc" in row_of(lines, "data/orders.csv")


@pytest.mark.parametrize(
    ("words", "left"),
    [
        ("feat", ["features"]),
        ("outcome:fail", ["orders"]),
        ("checks:fail", ["orders"]),
        ("tool:dvc", ["orders"]),
        ("csv", ["orders"]),  # as a tool calls it
        ("digest:bbbb33334444", ["features"]),
        ("rows > 1000", ["features"]),
        ("tool:dbt and not outcome:fail", ["customers", "events_of_the_web_s…", "payments"]),
    ],
)
async def test_words_leave_what_holds_them(data: Any, settled: Any, words: str, left: list[str]) -> None:
    async with app(data).run_test(size=SIZE) as pilot:
        lines = await command(pilot, settled, f":datasets {words}")
        rows = [line[4:].split()[0] for line in lines[4:] if line.startswith((" ▸", "    ")) and line.strip()]
        assert rows == left


async def test_a_field_that_there_is_not_is_refused(data: Any, settled: Any, wait_for: Any) -> None:
    async with app(data).run_test(size=SIZE) as pilot:
        await command(pilot, settled, ":datasets")
        await walk(pilot, settled, "slash")
        await type_text(pilot, "weight:3")
        await wait_for(pilot, "▲ at 1: ")


async def test_what_differs_stands_first_on_the_page_of_a_version(data: Any, settled: Any) -> None:
    async with app(data).run_test(size=SIZE) as pilot:
        lines = await command(pilot, settled, ":dataset/features@bbbb")
        assert lines[1].startswith(" data features@bbbb33334444")
        assert "from aaaa11112222" in row_of(lines, "what differs")
        differs = [" ".join(line.split()) for line in part(lines, "what differs")]
        assert differs == [
            "column plan string → long",
            "column recency – → double",
            "rows 41 000 → 42 271 +1 271",
            "null rate of plan 0 % → 3.01 % +3.01 %",
        ]
        assert [line.split()[0] for line in part(lines, "runs")] == ["on-new-features"]
        assert [line.split()[0] for line in part(lines, "columns")] == ["plan", "age", "recency"]
        assert [line.split()[0] for line in part(lines, "versions")] == ["bbbb33334444", "aaaa11112222"]


async def test_of_a_file_that_dvc_tracks_it_is_said_who_wrote_it_of_what_and_who_is_trained_on_it(
    data: Any, settled: Any
) -> None:
    async with app(data).run_test(size=(120, 80)) as pilot:
        lines = await command(pilot, settled, ":dataset/orders@77ab01")
        whole = "\n".join(lines)
        assert "12.9 MB" in lines[3]
        assert "✖ 2 checks fail   ▲ churn@challenger +1 at risk   ! 1 could not run" in lines[1]
        assert [" ".join(line.split()) for line in part(lines, "what differs")] == [
            "size 12.4 MB → 12.9 MB +500 kB",
            "dep raw/orders.csv 36973f59c1e… → 36973f577ab…",
            "param params.yaml:prepare.days 90 → 120",
        ]
        checks = part(lines, "checks")
        assert any("not_null(customer_id)" in line and "(digest)" in line for line in checks)
        assert any("freshness" in line and "(declared)" in line for line in checks)
        assert any("churn v15" in line and "challenger" in line for line in part(lines, "trained on it"))
        made = part(lines, "made by")
        assert [line.split()[0] for line in made] == ["1f2c91a", "prepare", "raw/orders.csv", "params.yaml:prepare.d…"]
        assert "51c2ee" in whole


async def test_a_check_by_name_alone_says_so(data: Any, settled: Any) -> None:
    async with app(data, identities=Identities()).run_test(size=SIZE) as pilot:
        lines = await command(pilot, settled, ":dataset/orders@51c2ee")
        assert any("(name)" in line for line in part(lines, "checks"))


async def test_enter_walks_from_version_to_version_and_to_all_that_hangs_on_one(data: Any, settled: Any) -> None:
    async with app(data).run_test(size=SIZE) as pilot:
        lines = await command(pilot, settled, ":datasets features")
        lines = await walk(pilot, settled, "enter", "G")
        assert here(lines).startswith("aaaa11112222")
        lines = await walk(pilot, settled, "enter")
        assert lines[1].startswith(" data features@aaaa11112222")
        assert "no version before this one is known here" in "\n".join(lines)
        lines = await walk(pilot, settled, "g", "enter")
        assert "on-old-features" in lines[1]
        lines = await walk(pilot, settled, "escape", "escape", "w", "w")
        assert "lineage of features@aaaa11112222" in lines[1]
        lines = await walk(pilot, settled, "escape", "escape", "escape")
        assert lines[1].startswith(" datasets")


async def test_enter_on_the_data_of_a_run_opens_its_page_and_w_twice_its_lineage(data: Any, settled: Any) -> None:
    async with app(data).run_test(size=(120, 40)) as pilot:
        lines = await walk(pilot, settled, "enter")
        while not here(lines).startswith("orders@77ab01"):
            lines = await walk(pilot, settled, "j")
        lines = await walk(pilot, settled, "enter")
        assert lines[1].startswith(" data orders@77ab01")
        lines = await walk(pilot, settled, "escape", "w", "w")
        assert "lineage of orders@77ab01" in lines[1]


async def test_a_dataset_that_is_only_checked_has_a_page_without_a_version(data: Any, settled: Any) -> None:
    async with app(data).run_test(size=SIZE) as pilot:
        await command(pilot, settled, ":datasets customers")
        lines = await walk(pilot, settled, "enter")
        assert "no version of it is known: only that it is checked" in "\n".join(lines)
        assert any("unique(id_0)" in line for line in part(lines, "checks"))


async def test_a_commit_tells_what_it_brought_and_what_came_of_it(data: Any, settled: Any) -> None:
    async with app(data).run_test(size=(120, 60)) as pilot:
        lines = await command(pilot, settled, ":commit/1f2c91a")
        assert lines[3].startswith(" Step 0   Ann")
        assert [" ".join(line.split()) for line in part(lines, "data")] == [
            "data/orders.csv 9c1e02 → 77ab01 12.9 MB prepare"
        ]
        assert [" ".join(line.split()) for line in part(lines, "files")] == ["A features/recency.py", "M train.py"]
        assert any("not_null(customer_id)" in line for line in part(lines, "checks"))
        assert any("nightly-train" in line for line in part(lines, "ci"))
        assert any("brave-cod-214" in line for line in part(lines, "runs"))
        lines = await walk(pilot, settled, "enter")
        assert lines[1].startswith(" data orders@77ab01")


async def test_what_is_new_of_a_version_is_shown(data: Any, settled: Any, wait_for: Any, make_run: Any) -> None:
    async with app(data).run_test(size=SIZE) as pilot:
        await command(pilot, settled, ":dataset/features@bbbb33334444")
        (new,) = [run for run in data_world.runs(make_run) if run.name == "on-new-features"]
        data.write(make_run(0, id=f"{903:032x}", name="came-later", datasets=new.datasets))
        await wait_for(pilot, "came-later")


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        (":dataset/nothing@77", "the cache has no dataset of this name; :datasets lists them"),
        (":dataset/orders@beef", "no version of it has this digest, or several begin so"),
        (":dataset/orders@77ab", "data orders@77ab01"),
        (":dataset/data%2Forders.csv@77ab01", "data orders@77ab01"),
    ],
)
async def test_a_version_is_opened_by_its_name(data: Any, settled: Any, wait_for: Any, typed: str, said: str) -> None:
    async with app(data).run_test(size=SIZE) as pilot:
        await command(pilot, settled, typed)
        await wait_for(pilot, said)


async def test_what_can_be_copied(data: Any, settled: Any) -> None:
    made = app(data)
    async with made.run_test(size=SIZE) as pilot:
        await command(pilot, settled, ":dataset/orders@77ab01")
        copies = {copy.label: copy.text for copy in made.screen.copies()}
        assert copies["digest"] == "77ab01"
        assert copies["command"] == "quarterdeck lineage dataset/orders@77ab01"
        await command(pilot, settled, ":datasets orders")
        copies = {copy.label: copy.text for copy in made.screen.copies()}
        assert "dvc:data/orders.csv" in copies["as its tools call it"]
        await command(pilot, settled, ":commit/1f2c91a")
        copies = {copy.label: copy.text for copy in made.screen.copies()}
        assert copies["git"].startswith("git show 1f2c91a")


async def test_without_any_it_is_said_what_brings_some(world: Any, settled: Any) -> None:
    async with world.app().run_test(size=SIZE) as pilot:
        lines = await command(pilot, settled, ":datasets")
        assert "no dataset is known here" in "\n".join(lines)
        assert "[[datasets]]" in "\n".join(lines)


@pytest.mark.parametrize("size", [(1, 1), (20, 5), (60, 12), (300, 4), (9, 80)])
async def test_every_size_is_borne(data: Any, settled: Any, size: tuple[int, int]) -> None:
    made = app(data)
    async with made.run_test(size=size) as pilot:
        await settled(pilot)
        made._do_datasets("")
        await walk(pilot, settled, "j", "enter", "G", "enter", "tab", "escape", "escape", "s", "escape")
        assert pilot.app.is_running


async def test_hostile_names_are_shown_and_obeyed_by_nobody(data: Any, settled: Any, make_run: Any) -> None:
    odd = "\x1b[31morders‮[bold]" + "長" * 60
    hostile = data_world.features("\x1b]0;b", 3, "a\x1b:long")
    data.write(make_run(0, id=f"{904:032x}", name=odd, datasets=(replace(hostile, name=odd),)))
    data.cache.write(
        "g" * 16, Batch(data_versions=(data_world.tracked("\x9b1m", 2, 1, name=odd, stage=odd),)), data.now
    )
    made = app(data)
    async with made.run_test(size=(200, 50)) as pilot:
        await settled(pilot)
        made._do_datasets("")
        for key in ("G", "g", "s", "enter", "j", "enter", "G", "y", "escape", "w", "j", "w", "j"):
            await pilot.press(key)
            lines = await settled(pilot)
            assert all(sign.isprintable() for sign in "".join(lines))


@pytest.fixture
def ascii_only() -> Iterator[None]:
    use_ascii(True)
    yield
    use_ascii(False)


@pytest.mark.usefixtures("ascii_only")
@pytest.mark.parametrize("size", [(80, 24), (200, 50)])
async def test_nothing_of_ours_is_outside_ascii_where_only_that_is_drawn(
    data: Any, settled: Any, size: tuple[int, int]
) -> None:
    made = app(data)
    async with made.run_test(size=size) as pilot:
        for typed in (
            ":datasets",
            ":dataset/features@bbbb33334444",
            ":commit/1f2c91a",
            ":lineage alias/churn@champion",
        ):
            lines = await command(pilot, settled, typed)
            assert [line for line in lines if not line.isascii()] == []
