"""The list of checks and the page of one, driven by keys."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from quarterdeck.app.records import Batch, Invocation, Subject
from quarterdeck.screens.check import CheckScreen
from quarterdeck.screens.checks import ChecksScreen
from quarterdeck.screens.copying import CopyMenu
from quarterdeck.screens.dataset import DatasetScreen
from quarterdeck.screens.detail import DetailScreen
from quarterdeck.screens.links import LinkSheet
from quarterdeck.screens.log import LogScreen
from quarterdeck.screens.run import RunScreen
from quarterdeck.widgets.palette import Palette
from tests.screens import checking

SIZE = (120, 40)


def found(lines: Sequence[str], word: str) -> str:
    """The first line that holds the word."""
    return next((line for line in lines if word in line), "")


async def go(app: Any, settled: Any, *keys: str, size: tuple[int, int] = SIZE) -> tuple[Any, list[str]]:
    """Press keys, each when the one before is answered; gives the screen and its lines."""
    async with app.run_test(size=size) as pilot:
        lines = await press(pilot, settled, *keys)
        return app.screen, lines


async def press(pilot: Any, settled: Any, *keys: str) -> list[str]:
    lines: list[str] = await settled(pilot)
    for key in keys:
        await pilot.press(key)
        lines = await settled(pilot)
    return lines


# -- the list


async def test_datasets_in_trouble_come_first_with_what_wants_to_be_looked_at(checked: Any, settled: Any) -> None:
    _, lines = await go(checked.app(), settled, "4")
    text = "\n".join(lines)
    assert "checks · prod · 38 in 4 datasets   ✖ 2   ! 1 could not run   · 1 silent" in text
    order = ["▾ orders", "✖ freshness", "✖ not_null(customer_id)", "! accepted_values(plan)", "· unique(order_id)",
             "● row_count", "▸ 8 pass", "customers 9 ●"]  # fmt: skip
    places = [text.index(word) for word in order]
    assert places == sorted(places)
    assert "between(a)" not in text


async def test_a_row_says_observed_against_expected_and_its_rule_below_its_strip(checked: Any, settled: Any) -> None:
    _, lines = await go(checked.app(), settled, "4")
    titles, row = found(lines, "by days to 14 mar"), found(lines, "not_null(customer_id)")
    remark = found(lines, "rule loosened 11 mar, 1f2c91a Ann")
    assert "3.1 % null, allowed 1 %, was 0 %" in row
    assert row.index("┊") == remark.index("┊")
    assert titles[row.index("▲") - 1 : row.index("▲") + 1] == "10"  # the data of the 10th was the first under the rule
    assert 'could not run: column "plan" is not there' in found(lines, "accepted_values")
    assert "silent 2 d, last ● 10 mar" in found(lines, "unique(order_id)")
    assert "flaps: 10 turns" in found(lines, "row_count")


async def test_who_feeds_on_the_data_stands_beside_its_name(checked: Any, wait_for: Any) -> None:
    app = checked.app()
    async with app.run_test(size=(160, 40)) as pilot:
        await pilot.press("4")
        lines = await wait_for(pilot, "feeds churn@")
        # what is in use comes first: the policy moves the champion
        assert "feeds churn@champion v14, churn@challenger" in found(lines, "▾ orders")


@pytest.mark.parametrize("key", ["enter", "space"])
async def test_folds_open_and_close_with_enter_and_space(checked: Any, settled: Any, key: str) -> None:
    app = checked.app()
    async with app.run_test(size=SIZE) as pilot:
        lines = await press(pilot, settled, "4", *"jjjjjj")
        assert " ▸  ▸ 8 pass" in "\n".join(lines)
        assert "Enter fold" in lines[-1]
        lines = await press(pilot, settled, key)
        assert "● between(a)" in "\n".join(lines)
        lines = await press(pilot, settled, "g", key)
        assert "▸ orders" in "\n".join(lines)
        assert "between(a)" not in "\n".join(lines)
        lines = await press(pilot, settled, key)
        assert "▾ orders" in "\n".join(lines)
        lines = await press(pilot, settled, "G", key)
        assert "▸ payments" in found(lines, "payments")


async def test_t_gives_a_flat_list_and_the_datasets_back(checked: Any, settled: Any) -> None:
    app = checked.app()
    async with app.run_test(size=SIZE) as pilot:
        lines = await press(pilot, settled, "4", "t")
        assert "by outcome ↑" in lines[1]
        assert "▾ orders" not in "\n".join(lines)
        assert [word in "\n".join(lines) for word in ("unique(id_0)", "between(a)")] == [True, True]
        silent, well = found(lines, "unique(order_id)"), found(lines, "unique(id_0)")
        assert lines.index(silent) < lines.index(well)
        lines = await press(pilot, settled, "t")
        assert "▾ orders" in "\n".join(lines)


async def test_a_filter_unfolds_what_it_finds_and_counts_it(checked: Any, settled: Any) -> None:
    app = checked.app()
    async with app.run_test(size=SIZE) as pilot:
        await press(pilot, settled, "4")
        screen = app.screen
        assert isinstance(screen, ChecksScreen)
        screen.set_filter("dataset:orders outcome:pass")
        lines = await settled(pilot)
        assert "10 of 38" in lines[1]
        assert "● between(h)" in "\n".join(lines)
        screen.set_filter("silent:yes")
        lines = await settled(pilot)
        assert "1 of 38" in lines[1]
        screen.set_filter("no_such_check")
        lines = await settled(pilot)
        assert "no check is like no_such_check" in "\n".join(lines)
        lines = await press(pilot, settled, "escape")
        assert "38 in 4 datasets" in lines[1]


async def test_a_mistake_in_a_filter_is_said_where_it_is(checked: Any, settled: Any) -> None:
    app = checked.app()
    async with app.run_test(size=SIZE) as pilot:
        await press(pilot, settled, "4")
        assert not app.screen.set_filter("outcome:green")
        lines = await settled(pilot)
        assert "▲ at" in "\n".join(lines[-3:])


async def test_sorting_makes_the_list_flat_and_columns_without_an_order_say_so(checked: Any, settled: Any) -> None:
    app = checked.app()
    async with app.run_test(size=SIZE) as pilot:
        await press(pilot, settled, "4")
        app.screen.sort_by("share", True)
        lines = await settled(pilot)
        assert "by share ↓" in lines[1]
        assert "not_null(customer_id)" in lines[4]
        app.screen.sort_by("intervals")
        lines = await settled(pilot)
        assert "there is no order by intervals" in "\n".join(lines)


async def test_marked_checks_are_copied_together_and_heads_are_never_marked(checked: Any, settled: Any) -> None:
    app = checked.app()
    async with app.run_test(size=SIZE) as pilot:
        lines = await press(pilot, settled, "4", "j", "space", "space")
        assert "2 marked" in lines[1]
        labels = {copy.label: copy.text for copy in app.screen.copies()}
        assert len(labels["ids"].split("\n")) == 2
        await press(pilot, settled, "y")
        assert isinstance(app.screen, CopyMenu)
        assert all(text.startswith("quarterdeck open check/") for text in labels["commands"].split("\n"))


async def test_what_a_column_of_the_strip_is_can_be_changed(checked: Any, settled: Any) -> None:
    app = checked.app()
    async with app.run_test(size=SIZE) as pilot:
        lines = await press(pilot, settled, "4", "i", "i", "i")
        assert "by weeks to that of" in "\n".join(lines)
        lines = await press(pilot, settled, "i", "i")
        assert "by days to 14 mar" in "\n".join(lines)
        lines = await press(pilot, settled, "i")
        assert "by hours to" in "\n".join(lines)
        assert "┊ rule loosened 11 mar" in "\n".join(lines)  # not in any of these hours


@pytest.mark.parametrize(("size", "intervals"), [((80, 24), 5), ((120, 40), 7), ((200, 60), 10), ((300, 60), 14)])
async def test_a_wider_terminal_shows_more_intervals(
    checked: Any, settled: Any, size: tuple[int, int], intervals: int
) -> None:
    screen, lines = await go(checked.app(), settled, "4", size=size)
    assert screen._listed.intervals.count == intervals
    assert all(len(line) <= size[0] for line in lines)


async def test_the_terminal_may_grow_and_shrink(checked: Any, settled: Any) -> None:
    app = checked.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await press(pilot, settled, "4", "j", "j")
        await pilot.resize_terminal(200, 60)
        lines = await settled(pilot)
        assert "05 06 07 08 09 10 11 12 13 14" in "\n".join(lines)
        assert "failing rows" in "\n".join(lines)  # the pane
        await pilot.resize_terminal(60, 12)
        lines = await settled(pilot)
        assert "not_null" in "\n".join(lines)


async def test_the_list_is_kept_as_it_was_left(checked: Any, settled: Any) -> None:
    await go(checked.app(), settled, "4", "t")
    screen, lines = await go(checked.app(), settled, "4")
    assert "by outcome" in lines[1]
    assert screen.looks()["flat"] is True


async def test_the_log_and_the_address_of_what_checked_it(checked: Any, settled: Any) -> None:
    app = checked.app()
    async with app.run_test(size=SIZE) as pilot:
        await press(pilot, settled, "4", "j", "l")  # freshness, of dbt, in a pipeline
        assert isinstance(app.screen, LogScreen)
        await press(pilot, settled, "escape", "o")
        assert isinstance(app.screen, LinkSheet)
        lines = await press(pilot, settled, "escape", "j", "l")  # of gx, in a run
        assert "its results name no pipeline" in "\n".join(lines)
        lines = await press(pilot, settled, "o")
        assert "http://mlflow.acme:5000/#/experiments" in "\n".join(lines)


async def test_what_is_new_in_the_cache_is_shown(checked: Any, settled: Any, wait_for: Any) -> None:
    app = checked.app()
    async with app.run_test(size=SIZE) as pilot:
        await press(pilot, settled, "4")
        again = checking.gx(
            0, [checking.result("not_null(customer_id)")], id="later", at=checked.now - 1, is_whole=False
        )
        checked.cache.write(checking.GX.key, Batch(invocations=(again,)), checked.now)
        await wait_for(pilot, "✖ 1   ! 1 could not run")


async def test_a_suite_without_results_is_said_and_is_never_green(checked: Any, settled: Any) -> None:
    empty = Invocation(
        source=checking.GX.key, id="none", tool="great_expectations", suite="users_suite", at=checked.now,
        complaint="The file holds no result.",
    )  # fmt: skip
    checked.cache.write(checking.GX.key, Batch(invocations=(empty,)), checked.now)
    _, lines = await go(checked.app(), settled, "4")
    assert "◌ users_suite  gx  The file holds no result." in found(lines, "users_suite")


async def test_without_checks_it_says_what_to_write(registry: Any, settled: Any) -> None:
    _, lines = await go(registry.app(), settled, "4", size=(80, 24))
    text = "\n".join(lines)
    assert "[[checks]]" in text
    assert "`quarterdeck init` writes what it finds" in text


async def test_sources_without_a_result_are_not_well(registry: Any, settled: Any) -> None:
    registry.cache.declare([checking.GX])
    registry.states(checking.states()[0])
    _, lines = await go(registry.app(), settled, "4")
    assert "gx: no result was found, so nothing is known to be well" in "\n".join(lines)


async def test_names_out_of_files_are_no_markup(checked: Any, settled: Any) -> None:
    evil = "[bold]x[/] \x1b[31m\u202e" + "y" * 300
    results = [checking.result(evil, "fail", dataset=evil, observed=evil, message=evil, definition=evil)]
    checked.cache.write(
        checking.GX.key, Batch(invocations=(checking.gx(0, results, id="evil", suite=evil, environment=evil),)),
        checked.now,
    )  # fmt: skip
    app = checked.app()
    async with app.run_test(size=SIZE) as pilot:
        lines = await press(pilot, settled, "4", "j")
        assert all(line.isprintable() for line in lines)
        assert "[bold]x[/]" in "\n".join(lines)
        lines = await press(pilot, settled, "enter")
        assert all(line.isprintable() for line in lines)


@pytest.mark.parametrize("theme", ["light", "ansi", "colour-blind"])
async def test_the_colours_can_be_changed_while_it_is_open(checked: Any, settled: Any, theme: str) -> None:
    app = checked.app()
    async with app.run_test(size=(200, 60)) as pilot:
        lines = await press(pilot, settled, "4", "j")
        app.screen.recolour(Palette(theme))
        assert await settled(pilot) == lines
        await press(pilot, settled, "enter")
        app.screen.recolour(Palette(theme))


# -- the page


async def test_the_page_says_what_is_asserted_what_was_said_since_when_and_under_which_rule(
    checked: Any, settled: Any
) -> None:
    screen, lines = await go(checked.app(), settled, "4", "j", "j", "enter", size=(120, 80))
    assert isinstance(screen, CheckScreen)
    text = "\n".join(lines)
    for said in (
        "orders › not_null(customer_id)", "✖ fail   of orders   in prod   by gx orders_suite",
        "fails since 13 mar 02:00 (25 h), passed last 12 mar 02:00", "not_null customer_id mostly=0.99",
        "at most 1 %", "higher is stricter", "3.1 % null", "1 271 of 41 000 fail, 3.1 %", "raw values are not kept",
        "first failed 2026-03-12", "last passed 2026-03-11", "no commit between",
        "loosened 11 mar, 1f2c91a Ann", "not_null customer_id mostly=0.999", "churn@champion",
        "11 results", "failing rows", "┊ rule loosened: mostly 0.999 → 0.99",
    ):  # fmt: skip
        assert said in text, said


async def test_nobody_who_feeds_on_it_is_said_so(checked: Any, settled: Any, wait_for: Any) -> None:
    app = checked.app()
    row = app.deck.reader.checks.of_datasets([("dbt", "customers")])[0]
    async with app.run_test(size=(120, 60)) as pilot:
        app.open_subject(Subject(kind="check", parts=(row.check.id,)))
        await wait_for(pilot, "◌ nobody is known to feed on this data")


async def test_enter_on_a_result_shows_what_it_is_tied_to_and_on_that_opens_it(checked: Any, settled: Any) -> None:
    app = checked.app()
    async with app.run_test(size=(120, 80)) as pilot:
        await press(pilot, settled, "4", "j", "j", "enter")
        page = app.screen
        assert isinstance(page, CheckScreen)
        assert page.facts is not None
        newest = page.facts.past[0]
        page.outline.go_to(("result", newest.id))
        lines = await press(pilot, settled, "enter")
        text = "\n".join(lines)
        assert "gx/uncommitted/validations/20260313.json" in text
        page.outline.go_to(("run", f"{newest.id} {newest.run_id}"))
        await press(pilot, settled, "enter")
        assert isinstance(app.screen, RunScreen)
        await press(pilot, settled, "escape")
        page.outline.go_to(("result", newest.id))
        assert {copy.label for copy in page.copies()} >= {"id of the result", "id", "JSON"}
        before = await settled(pilot)
        after = await press(pilot, settled, "enter")
        assert len("\n".join(after).split("read from")) < len("\n".join(before).split("read from"))


async def test_data_that_no_run_knows_leads_to_the_newest_version(checked: Any, settled: Any) -> None:
    app = checked.app()
    row = app.deck.reader.checks.of_datasets([("dbt", "orders")])[0]
    async with app.run_test(size=SIZE) as pilot:
        app.open_subject(Subject(kind="check", parts=(row.check.id,)))
        await settled(pilot)
        app.screen.outline.go_to(("data", "newest"))
        assert app.screen.subject_here() == Subject(kind="check", parts=(row.check.id,))
        await press(pilot, settled, "enter")
        assert isinstance(app.screen, DatasetScreen)
        assert app.screen.dataset == "orders"


async def test_enter_on_a_fact_shows_it_whole(checked: Any, settled: Any) -> None:
    app = checked.app()
    async with app.run_test(size=(80, 24)) as pilot:
        lines = await press(pilot, settled, "4", "j", "j", "enter", "j", "enter")
        assert isinstance(app.screen, DetailScreen)
        assert "not_null customer_id mostly=0.99" in "\n".join(lines)


async def test_the_page_is_narrowed_to_what_is_typed(checked: Any, settled: Any) -> None:
    app = checked.app()
    async with app.run_test(size=SIZE) as pilot:
        lines = await press(pilot, settled, "4", "j", "j", "enter", "slash", *"warn", "enter")
        text = "\n".join(lines)
        assert "▲ 2026-03-10" in text
        assert "● 2026-03-09" not in text
        lines = await press(pilot, settled, "escape")
        assert "● 2026-03-09" in "\n".join(lines)


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (60, 12)])
async def test_each_row_of_the_page_fits_and_can_be_walked(checked: Any, settled: Any, size: tuple[int, int]) -> None:
    app = checked.app()
    async with app.run_test(size=size) as pilot:
        await press(pilot, settled, "4", "j", "j", "enter")
        for key in ("j",) * 8 + ("tab",) * 7 + ("G", "k", "g"):
            await pilot.press(key)
        lines = await settled(pilot)
        assert all(len(line) <= size[0] for line in lines)


async def test_a_result_is_opened_unfolded_under_the_cursor(checked: Any, settled: Any) -> None:
    app = checked.app()
    row = next(row for row in app.deck.reader.checks.of_datasets([("", "orders")]) if "not_null" in row.check.name)
    async with app.run_test(size=SIZE) as pilot:
        app.open_subject(Subject(kind="result", parts=(f"{row.check.id}.gx-3",)))
        await settled(pilot)
        page = app.screen
        assert isinstance(page, CheckScreen)
        here = page.result_here()
        assert here is not None
        assert here.id == f"{row.check.id}.gx-3"
        assert str(page.subject_here()).startswith("result/")


async def test_a_check_that_is_not_in_the_cache_is_said_so(checked: Any, settled: Any) -> None:
    app = checked.app()
    async with app.run_test(size=SIZE) as pilot:
        app.open_subject(Subject(kind="check", parts=("ffff",)))
        lines = await settled(pilot)
        assert "the cache has no check with this id" in "\n".join(lines)
        app.open_subject(Subject(kind="result", parts=("ffff.1",)))
        lines = await settled(pilot)
        assert "the cache has no such result" in "\n".join(lines)


async def test_the_page_follows_the_cache(checked: Any, settled: Any, wait_for: Any) -> None:
    app = checked.app()
    async with app.run_test(size=SIZE) as pilot:
        await press(pilot, settled, "4", "j", "j", "enter")
        again = checking.gx(
            0, [checking.result("not_null(customer_id)")], id="later", at=checked.now - 1, is_whole=False
        )
        checked.cache.write(checking.GX.key, Batch(invocations=(again,)), checked.now)
        await wait_for(pilot, "● pass   of orders")


async def test_checks_with_a_filter_are_a_command(checked: Any, settled: Any) -> None:
    typed = ["space" if letter == " " else "colon" if letter == ":" else letter for letter in "checks outcome:error"]
    screen, lines = await go(checked.app(), settled, "colon", *typed, "enter")
    assert isinstance(screen, ChecksScreen)
    assert "1 of 38" in lines[1]


# -- beside the runs


async def test_runs_say_how_the_checks_of_their_data_went(checked: Any, settled: Any) -> None:
    _, lines = await go(checked.app(), settled, size=(160, 40))
    titles = found(lines, "checks")
    at = titles.index("checks")
    rows = {line.replace("▸", " ").split()[0]: line[at : at + 6].strip() for line in lines[4:14] if line.strip()}
    assert rows["calm-ox-213"] == "✖ 2"  # of yesterday's suite, which is an artifact of this run
    assert rows["brave-cod-214"] != ""


async def test_runs_have_no_column_of_checks_where_there_are_none(registry: Any, settled: Any) -> None:
    screen, _ = await go(registry.app(), settled, size=(160, 40))
    assert "checks" not in screen.keys
    assert "ci" in screen.keys


async def test_runs_have_no_order_by_checks(checked: Any, settled: Any) -> None:
    app = checked.app()
    async with app.run_test(size=SIZE) as pilot:
        await settled(pilot)
        app.screen.sort_by("checks")
        assert ":checks outcome:fail lists what fails" in "\n".join(await settled(pilot))
