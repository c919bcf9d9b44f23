"""The list of pipelines, and what the list of runs says of them."""

from __future__ import annotations

from typing import Any

import pytest

from quarterdeck.app.records import CaseReport, CommitCheck, Subject
from quarterdeck.screens.pipeline_facts import Broken
from quarterdeck.screens.pipeline_words import broke_pieces
from quarterdeck.screens.pipelines import PipelinesScreen

from .pipelining import CI, MINUTE, SIZE, row_of, type_text, write

# -- the list


async def test_five_leads_to_the_pipelines_and_two_back_to_the_runs(ci: Any, wait_for: Any) -> None:
    app = ci.app()
    async with app.run_test(size=SIZE) as pilot:
        await wait_for(pilot, "brave-cod-214")
        await pilot.press("5")
        await wait_for(pilot, "nightly-train #214", gone=["brave-cod-214"])
        await pilot.press("j", "2")
        await wait_for(pilot, "brave-cod-214", gone=["nightly-train #214"])
        await pilot.press("5")
        assert "▸  release #213" in "\n".join(await wait_for(pilot, "nightly-train #214"))


async def test_all_sources_stand_in_one_list_newest_first(ci: Any, settled: Any) -> None:
    app = ci.app()
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("5")
        lines = await settled(pilot)
        numbers = [line.split("#")[1][:3] for line in lines[4:36] if "#" in line]
        assert numbers == [str(214 - index) for index in range(len(numbers))]
        assert "github ● now  gitlab ● now" in lines[1]
        assert "40" in lines[1]


async def test_a_row_says_what_a_pipeline_took_beside_its_usual(ci: Any, settled: Any) -> None:
    app = ci.app()
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("5")
        lines = await settled(pilot)
        assert "1 m 42 s       1 m 43 s" in row_of(lines, "#212")
        assert "▲ 1 h 03 m   38× 1 m 42 s" in row_of(lines, "#209")


@pytest.mark.parametrize(("size", "words"), [
    ((80, 24), ["pipeline", "status", "age ↓", "branch", "commit", "took"]),
    (SIZE, ["pipeline", "status", "age ↓", "branch", "commit", "title", "took", "usual"]),
])  # fmt: skip
async def test_a_narrow_terminal_keeps_the_columns_that_count(ci: Any, settled: Any, size: Any, words: Any) -> None:
    app = ci.app()
    async with app.run_test(size=size) as pilot:
        await pilot.press("5")
        assert (await settled(pilot))[3].replace("age ↓", "age_↓").split() == [word.replace(" ", "_") for word in words]


async def test_the_jobs_under_the_cursor_are_a_strip(ci: Any, wait_for: Any) -> None:
    app = ci.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("5")
        await wait_for(pilot, "● data 12 s  ▶ test 4 m 00 s  ○ train  ○ deploy")
        await pilot.press("j", "j")
        await wait_for(pilot, "● data 12 s  ● test 1 m 05 s  ✖ train 43 s  – deploy")


async def test_the_stages_of_a_vendor_stand_in_the_strip(ci: Any, wait_for: Any) -> None:
    app = ci.app()
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("5")
        await wait_for(pilot, "#214")
        await pilot.press(*"jjjjjjjjj")
        await wait_for(pilot, "build ● compile 40 s › test ● unit 40 s  ✖ lint 40 s › deploy ‖ prod")


async def test_it_is_said_where_a_pipeline_broke_and_when_it_was_green(ci: Any, wait_for: Any) -> None:
    app = ci.app()
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("5", "j", "j")
        await wait_for(pilot, "✖ broke 4 h ago at 3f2c91a Ann “Step 2”, green before: #208 6 h ago")
        await wait_for(pilot, "41 of 43 passed, 2 failed")


async def test_what_waits_for_approval_is_said_on_top_and_who_may_give_it(ci: Any, wait_for: Any) -> None:
    app = ci.app()
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("5", "j")
        lines = await wait_for(pilot, "‖ waits for approval of production since 1 h   you may  reviewers ml-leads")
        assert lines[1].startswith(" ‖ 1 waits for approval")


async def test_beside_a_wide_table_the_pipeline_has_a_pane_of_its_own(ci: Any, wait_for: Any) -> None:
    app = ci.app()
    async with app.run_test(size=(200, 50)) as pilot:
        await pilot.press("5", "j", "j")
        await wait_for(pilot, "│ nightly-train #212  ✖ failed", "tests 41 of 43 passed", "test_nulls_are_refused")


async def test_the_pane_tells_of_a_branch_what_its_pipelines_do(ci: Any, wait_for: Any) -> None:
    app = ci.app()
    async with app.run_test(size=(200, 50)) as pilot:
        await pilot.press("5", "t")
        await wait_for(pilot, "│ main  ‖ waiting", "│ ‖ release", "│ ▶ nightly-train")


async def test_the_filter_is_the_grammar_of_pipelines_and_follows_what_is_typed(ci: Any, wait_for: Any) -> None:
    app = ci.app()
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("5", "slash")
        await type_text(pilot, "status:failed branch:main")
        await wait_for(pilot, "2 of 40", "#212", "#210", gone=["#211"])
        await pilot.press("enter", "escape")
        await wait_for(pilot, "#211")


async def test_a_mistake_in_the_filter_is_told_with_its_column(ci: Any, wait_for: Any) -> None:
    app = ci.app()
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("5", "slash")
        await type_text(pilot, "metrics.auc > 1 ")
        await wait_for(pilot, "▲ at 1:")


async def test_a_command_leads_there_with_its_filter(ci: Any, wait_for: Any) -> None:
    app = ci.app()
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("colon")
        await type_text(pilot, "pipelines name:release")
        await pilot.press("enter")
        await wait_for(pilot, "1 of 40", "release #213", gone=["#214"])


async def test_sorting_by_duration_puts_the_longest_first(ci: Any, settled: Any) -> None:
    app = ci.app()
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("5", "s")
        await type_text(pilot, "duration")
        await pilot.press("enter")
        lines = await settled(pilot)
        assert "#209" in lines[4]
        await pilot.press("S")
        assert "#209" not in (await settled(pilot))[4]


async def test_columns_and_a_view_are_kept(ci: Any, wait_for: Any, settled: Any) -> None:
    app = ci.app()
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("5", "slash")
        await type_text(pilot, "status:failed")
        await pilot.press("enter", "colon")
        await type_text(pilot, "view save red")
        await pilot.press("enter")
        await wait_for(pilot, "kept as view red")
        await pilot.press("escape")
        await wait_for(pilot, "#214")
        await pilot.press("colon")
        await type_text(pilot, "view red")
        await pilot.press("enter")
        await wait_for(pilot, "2 of 40", gone=["#214"])


# -- groups


async def test_t_shows_branches_with_the_newest_of_each_pipeline(ci: Any, settled: Any) -> None:
    app = ci.app()
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("5", "t")
        lines = await settled(pilot)
        assert "pipelines by branch   2 branches" in lines[1]
        assert lines[4].split()[:4] == ["▸", "main", "‖", "waiting"]
        assert [line.split()[2] for line in lines[5:9]] == ["#214", "#213", "#211", "&"]
        assert lines[9].split()[0] == "features/recency"


async def test_t_again_shows_commits_with_their_authors(ci: Any, settled: Any) -> None:
    app = ci.app()
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("5", "t", "t")
        lines = await settled(pilot)
        assert "pipelines by commit   8 commits" in lines[1]
        assert "Bo: Step 1" in row_of(lines, "    2f2c91a ")
        await pilot.press("t")
        assert "by commit" not in (await settled(pilot))[1]


async def test_enter_on_a_branch_opens_all_that_ran_there(ci: Any, wait_for: Any, settled: Any) -> None:
    app = ci.app()
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("5", "t")
        await settled(pilot)
        await pilot.press("enter")
        await wait_for(pilot, "of 40", "branch = ", "#208", gone=["features/re"])
        await pilot.press("escape")
        await wait_for(pilot, "by branch")


async def test_the_head_of_a_group_is_no_pipeline(ci: Any, settled: Any, wait_for: Any) -> None:
    app = ci.app()
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("5", "t")
        await settled(pilot)
        screen = app.screen
        assert isinstance(screen, PipelinesScreen)
        assert screen.chosen_pipelines() == []
        await pilot.press("space", "space")
        assert [one.number for one in screen.chosen_pipelines()] == ["214"]
        assert "1 marked" in (await settled(pilot))[1]


async def test_the_groups_are_kept_for_the_next_session(ci: Any, settled: Any) -> None:
    async with ci.app().run_test(size=SIZE) as pilot:
        await pilot.press("5", "t")
        await settled(pilot)
    async with ci.app().run_test(size=SIZE) as pilot:
        await pilot.press("5")
        assert "pipelines by branch" in (await settled(pilot))[1]


# -- news


async def test_news_leave_the_cursor_where_it_is(ci: Any, wait_for: Any, make_pipeline: Any) -> None:
    app = ci.app()
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("5", "j", "j")
        await wait_for(pilot, "▸  nightly-train #212")
        write(ci, make_pipeline(-1, status="queued", started_at=None, ended_at=None, created_at=ci.now))
        lines = await wait_for(pilot, "#215")
        assert "▸  nightly-train #212" in "\n".join(lines)


async def test_a_job_that_ends_reaches_strip_and_row(ci: Any, wait_for: Any, make_pipeline: Any, make_job: Any) -> None:
    app = ci.app()
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("5")
        await wait_for(pilot, "▶ test 4 m 00 s")
        write(ci, make_pipeline(0, status="failed", jobs=(make_job("data"), make_job("test", "failed", took=5))))
        lines = await wait_for(pilot, "✖ test 5.0 s")
        assert "✖ failed" in row_of(lines, "#214")


async def test_what_runs_is_told_in_seconds_for_ten_minutes(ci: Any, settled: Any) -> None:
    app = ci.app()
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("5")
        assert "▶ test 4 m 00 s" in "\n".join(await settled(pilot))
        ci.now += 1_000
        app.screen.second_passed()
        assert "▶ test 4 m 01 s" in "\n".join(lines := await settled(pilot))
        assert "3 m 53 s" in row_of(lines, "#214")
        ci.now += 10 * MINUTE
        app.screen.time_passed()
        assert "10 m" in row_of(await settled(pilot), "#214")


async def test_a_second_draws_nothing_where_nothing_runs(ci: Any, settled: Any, make_pipeline: Any) -> None:
    write(ci, make_pipeline(0, status="passed"))
    app = ci.app()
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("5")
        before = await settled(pilot)
        ci.now += 1_000
        app.screen.second_passed()
        assert await settled(pilot) == before


async def test_a_job_of_an_ended_pipeline_is_never_said_to_run(
    ci: Any, settled: Any, make_pipeline: Any, make_job: Any
) -> None:
    write(ci, make_pipeline(0, status="cancelled", jobs=(make_job("data"), make_job("test", "running", took=5))))
    app = ci.app()
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("5")
        assert "◌ test" in (said := "\n".join(await settled(pilot)))
        assert "▶ test" not in said


async def test_going_back_from_a_pipeline_stands_on_it(ci: Any, settled: Any, wait_for: Any) -> None:
    app = ci.app()
    app._subject = Subject(kind="pipeline", parts=("9099998",))
    async with app.run_test(size=SIZE) as pilot:
        opened = (await wait_for(pilot, "attempt 2"))[1].split("#")[1][:3]
        await pilot.press("escape")
        assert any("▸" in line and f"#{opened}" in line for line in await settled(pilot))


async def test_a_project_of_pipelines_alone_opens_on_them(ci: Any, wait_for: Any) -> None:
    app = ci.app()
    app.deck.opens_on = "pipelines"
    async with app.run_test(size=SIZE) as pilot:
        await wait_for(pilot, "nightly-train #214", gone=["brave-cod-214"])


async def test_the_syncer_is_asked_for_what_nobody_has_read(ci: Any, settled: Any) -> None:
    app = ci.app()
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("5", "j", "j", "j")
        await settled(pilot)
        asked = [want.pipelines for want in ci.wants if want.kind == "pipeline"]
        assert ("9099997",) in asked  # queued, without jobs
        assert ("9099998",) not in asked  # failed and read


@pytest.mark.parametrize(
    ("index", "is_asked_for"), [(2, False), (8, True), (9, False)], ids=["has its tests", "has none", "of GitLab"]
)
async def test_the_tests_of_a_github_run_are_asked_for_once_when_its_page_is_opened(
    ci: Any, wait_for: Any, settled: Any, index: int, is_asked_for: bool
) -> None:
    app = ci.app()
    async with app.run_test(size=SIZE) as pilot:
        ci.wants.clear()
        await pilot.press("5", *["j"] * index, "enter")
        await wait_for(pilot, f"#{214 - index}")
        await settled(pilot)
        app.screen.read()
        asked = [want.pipelines for want in ci.wants if want.kind == "pipeline"]
        assert asked.count((str(9_100_000 - index),)) == int(is_asked_for)


@pytest.mark.parametrize("status", ["running", "passed"])
async def test_a_page_asks_anew_while_a_check_of_somebody_else_has_not_ended(
    ci: Any, wait_for: Any, settled: Any, make_pipeline: Any, status: Any
) -> None:
    report = CaseReport(total=1, passed=1, failed=0)
    write(ci, make_pipeline(-1, report=report, created_at=ci.now, checks=(CommitCheck(name="cla", status=status),)))
    app = ci.app()
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("5")
        await wait_for(pilot, "#215")
        assert not (ours := [want for want in ci.wants if want.pipelines == ("9100001",)])
        await pilot.press("enter")
        await wait_for(pilot, "1 of 1 passed")
        await settled(pilot)
        ours = [want for want in ci.wants if want.pipelines == ("9100001",)]
        assert len(ours) == int(status == "running")


async def test_what_the_list_missed_under_another_screen_is_there_afterwards(
    ci: Any, wait_for: Any, make_pipeline: Any
) -> None:
    app = ci.app()
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("5")
        await wait_for(pilot, "#214")
        await pilot.press("2")
        await wait_for(pilot, "brave-cod-214")
        write(ci, make_pipeline(-1, created_at=ci.now))
        await pilot.pause(0.05)
        await pilot.press("5")
        await wait_for(pilot, "#215")


async def test_a_screen_that_is_not_in_sight_outlives_a_new_cache_and_other_colours(ci: Any, wait_for: Any) -> None:
    app = ci.app()
    async with app.run_test(size=SIZE) as pilot:
        await wait_for(pilot, "brave-cod-214")
        await pilot.press("5")
        await wait_for(pilot, "#214")
        app._change_cache(ci.path)
        await pilot.press("2")
        await wait_for(pilot, "brave-cod-214")
        app._do_theme("light")
        await pilot.press("5")
        await wait_for(pilot, "#214", "● data")
        screen = app.screen
        assert isinstance(screen, PipelinesScreen)
        assert screen.table._palette.name == "light"


# -- where there is none


async def test_without_a_ci_it_is_said_what_to_write(world: Any, wait_for: Any) -> None:
    app = world.fill().app()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("5")
        await wait_for(pilot, "no CI is known here", "[[ci]]", 'kind = "local"', "`quarterdeck init` writes")


async def test_a_refused_source_says_its_sentence(world: Any, wait_for: Any, state_of: Any) -> None:
    from quarterdeck.app.records import SourceSpec

    spec = SourceSpec(key=CI, kind="github", name="github", address="https://api.github.com")
    world.fill().cache.declare([spec])
    world.states(state_of(spec, "forbidden", last_ok_at=None, sentence="The token may not read Actions of acme/churn."))
    app = world.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("5")
        await wait_for(pilot, "github could not be read yet", "The token may not read Actions of acme/churn.",
                       "r tries again")  # fmt: skip


async def test_a_filter_without_a_match_says_how_to_get_out(ci: Any, wait_for: Any) -> None:
    app = ci.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("5", "slash")
        await type_text(pilot, "branch:zeppelin")
        await wait_for(pilot, "no pipeline is like branch:zeppelin", "Esc takes the filter away")


# -- the runs


async def test_runs_say_what_pipelines_say_of_their_commits(ci: Any, settled: Any) -> None:
    app = ci.app()
    async with app.run_test(size=SIZE) as pilot:
        lines = await settled(pilot)
        at = lines[3].index("ci ")
        assert lines[5][at] == "✖"
        assert lines[8][at] == "●"


async def test_the_column_comes_with_the_first_pipeline_and_follows_it(
    world: Any, wait_for: Any, settled: Any, make_pipeline: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from quarterdeck.app.records import SourceSpec
    from quarterdeck.screens import run_table

    monkeypatch.setattr(run_table, "CHECKS_AT_MOST_EVERY", 0.001)
    app = world.fill().app()
    async with app.run_test(size=SIZE) as pilot:
        assert " ci " not in (await settled(pilot))[3]
        world.cache.declare([SourceSpec(key=CI, kind="github", name="github", address="https://api.github.com")])
        write(world, make_pipeline(0, status="failed"))
        lines = await wait_for(pilot, " ci ")
        at = lines[3].index(" ci ") + 1
        assert lines[4][at] == "✖"
        write(world, make_pipeline(0, updated_at=world.now))
        await wait_for(pilot, gone=["✖  "])


async def test_runs_have_no_order_by_ci(ci: Any, wait_for: Any) -> None:
    app = ci.app()
    async with app.run_test(size=SIZE) as pilot:
        await wait_for(pilot, "brave-cod-214")
        await pilot.press("colon")
        await type_text(pilot, "sort ci")
        await pilot.press("enter")
        await wait_for(pilot, "runs have no order by ci")


def test_a_commit_that_was_green_before_is_not_said_to_have_broken_it(make_pipeline: Any) -> None:
    sha = "4e89c55" + "0" * 33
    first, green = (make_pipeline(at, status=word, commit=sha) for at, word in ((0, "failed"), (1, "passed")))
    said = "".join(text for text, _ in broke_pieces(Broken(first=first, green=green), first.id, first.created_at))
    assert f"the same commit was green in #{green.number}" in said
    assert "green before" not in said
