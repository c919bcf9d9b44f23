"""Serving with Textual's pilot: the list, its chart, the page of a series and of an alert."""

from __future__ import annotations

from array import array
from typing import Any

import pytest

from quarterdeck.app.records import Batch, Samples
from quarterdeck.screens.alert import AlertScreen
from quarterdeck.screens.series import SeriesScreen
from quarterdeck.screens.serving import ServingScreen
from tests.screens import production

WIDE = (120, 40)


@pytest.fixture
def at_serving(served: Any, settled: Any) -> Any:
    """The app on the list of production, at rest."""

    class Opened:
        def __init__(self, size: tuple[int, int]) -> None:
            self.app = served.app()
            self._run = self.app.run_test(size=size)

        async def __aenter__(self) -> Any:
            self.pilot = await self._run.__aenter__()
            await self.pilot.press("7")
            await settled(self.pilot)
            return self

        async def __aexit__(self, *error: object) -> None:
            await self._run.__aexit__(*error)

        async def press(self, *keys: str) -> list[str]:
            for key in keys:
                await self.pilot.press(key)
                await settled(self.pilot)
            return list(await settled(self.pilot))

        @property
        def screen(self) -> Any:
            return self.app.screen

    return lambda size=WIDE: Opened(size)


async def test_the_worst_version_stands_first_with_its_alert_and_what_is_wrong_is_drawn(at_serving: Any) -> None:
    async with at_serving() as opened:
        text = "\n".join(await opened.press())
        assert isinstance(opened.screen, ServingScreen)
        assert "✖ churn@champion v14" in text
        assert "0.7117 ✖" in text
        assert "✖ ChurnPrecisionLow   firing 20 m  critical" in text
        assert "61.14 ▲" in text
        assert "NaN !" in text
        assert "churn@champion v14 › precision" in text
        assert "┊v14" in text or "v14" in text.partition("› precision")[2]
        assert "at least" in text


async def test_on_an_alert_the_chart_stays_that_of_its_version(at_serving: Any) -> None:
    async with at_serving() as opened:
        text = "\n".join(await opened.press("j"))
        assert "churn@champion v14 › precision" in text
        assert str(opened.screen.subject_here()).startswith("alert/")
        await opened.press("o")
        assert "https://prometheus.acme/alerts?search=ChurnPrecisionLow" in "\n".join(await opened.press())


async def test_left_and_right_choose_whose_chart_is_drawn_and_i_how_far_back(at_serving: Any) -> None:
    async with at_serving() as opened:
        text = "\n".join(await opened.press("right"))
        assert "churn@champion v14 › availability %" in text
        assert "▸availability %" in text
        text = "\n".join(await opened.press("left", "i"))
        assert "churn@champion v14 › precision" in text
        assert "the chart looks back 7 d" in text


async def test_at_80_columns_what_is_wrong_keeps_its_column(at_serving: Any) -> None:
    async with at_serving((80, 24)) as opened:
        text = "\n".join(await opened.press())
        assert "0.7117 ✖" in text
        assert "p95" not in text.partition("› precision")[0]


async def test_beside_the_table_the_pane_says_what_is_known(at_serving: Any) -> None:
    async with at_serving((200, 60)) as opened:
        text = "\n".join(await opened.press())
        assert "threshold  at least 0.7800" in text
        assert "since 13 mar 21:40 (5 h), good last at 13 mar 21:35" in text


async def test_the_filter_takes_words_and_says_where_there_is_nothing(at_serving: Any) -> None:
    async with at_serving() as opened:
        text = "\n".join(await opened.press("slash", *"uplift", "enter"))
        assert "uplift@champion v2" in text
        assert "churn@champion" not in text
        text = "\n".join(await opened.press("slash", *"xyz", "enter"))
        assert "no line of production is like upliftxyz" in text
        assert "Esc takes the filter away" in text


async def test_enter_opens_the_series_and_its_page_says_when_it_was_bad_and_what_happened_around(
    at_serving: Any,
) -> None:
    async with at_serving() as opened:
        text = "\n".join(await opened.press("enter"))
        assert isinstance(opened.screen, SeriesScreen)
        assert "✖ bad   0.7117   at least 0.7800   since 13 mar 21:40 (5 h)" in text
        assert "✖ 13 mar 21:40 to now" in text
        assert "5 h 27 m  lasts" in text
        assert "┊ v14  an alias of production came to it" in text
        assert "02:05: a point speaks of predictions 1 h 00 m before" in text
        assert "max by (model) (precision)" in "\n".join(await opened.press("G"))


async def test_on_the_page_the_curve_is_read_zoomed_and_looked_further_back(at_serving: Any) -> None:
    async with at_serving() as opened:
        await opened.press("enter")
        text = "\n".join(await opened.press("right"))
        assert "03:05   0.7117   ✖ bad" in text
        await opened.press("escape")
        assert opened.screen.chart.cursor is None
        await opened.press("enter")
        assert opened.screen.chart.window is not None
        await opened.press("escape", "minus")
        assert opened.screen.chart.window is None
        assert "the last 7 d" in "\n".join(await opened.press())
        await opened.press("f")
        assert opened.screen.chart.size.height > 25
        await opened.press("f", "escape")
        assert isinstance(opened.screen, ServingScreen)


async def test_n_leads_to_the_next_series_of_the_model_with_its_own_budget(at_serving: Any) -> None:
    async with at_serving() as opened:
        await opened.press("right", "enter")
        text = "\n".join(await opened.press())
        assert "availability %   1 of 5" in text
        assert "budget  99.90 % promised" in text
        assert "1 h and 5 m" in text
        assert "3 d and 6 h" in text
        assert "errors %   2 of 5" in "\n".join(await opened.press("n"))


async def test_a_gap_is_said_by_the_curve_and_nan_in_words(at_serving: Any) -> None:
    async with at_serving() as opened:
        await opened.press("j", "j", "enter")
        text = "\n".join(await opened.press())
        assert "! nan" in text
        assert "NaN" in text
        assert "the newest point is no number" in text


async def test_an_alert_is_opened_from_the_list_and_leads_to_the_series_of_its_model(at_serving: Any) -> None:
    async with at_serving() as opened:
        text = "\n".join(await opened.press("j", "enter"))
        assert isinstance(opened.screen, AlertScreen)
        assert "✖ firing 20 m  critical   precision of churn below 0.78" in text
        assert "what watches churn  5" in text
        assert "✖ precision" in text
        await opened.press("tab", "tab", "enter")
        assert isinstance(opened.screen, SeriesScreen)


async def test_new_points_are_shown_and_the_cursor_stays_on_its_line(
    at_serving: Any, served: Any, wait_for: Any
) -> None:
    async with at_serving() as opened:
        await opened.press("j", "j")
        series = production.UPLIFT
        newest = Samples(source=series.source, key=series.key, times=array("q", [served.now - 60_000]),
                         values=array("d", [171.0]))  # fmt: skip
        served.cache.write(series.source, Batch(samples=(newest,)), served.now)
        text = "\n".join(await wait_for(opened.pilot, "171 ✖"))
        assert "▸  ✖ uplift@champion v2" in text


async def test_copies_and_the_address_are_those_of_the_series_here(at_serving: Any) -> None:
    async with at_serving() as opened:
        assert [copy.label for copy in opened.screen.copies()] == ["id", "command", "query", "Markdown", "JSON"]
        text = "\n".join(await opened.press("o"))
        assert "https://prometheus.acme/graph?g0.expr=max%20by" in text
        await opened.press("escape", "j")
        assert opened.screen.copies()[0].text == "ChurnPrecisionLow"
        assert str(opened.screen.subject_here()).startswith("alert/")


async def test_commands_and_subjects_lead_there(at_serving: Any, settled: Any, wait_for: Any) -> None:
    async with at_serving() as opened:
        await opened.press("2")
        await opened.press("colon", *"serving uplift", "enter")
        await wait_for(opened.pilot, "uplift@champion v2", gone=["churn@champion"])
        key = production.PRECISION.key
        await opened.press("colon", *f"series/{key[:8]}", "enter")
        await wait_for(opened.pilot, "over its threshold", "0.7117")
        await opened.press("colon", *"series/zz", "enter")
        await wait_for(opened.pilot, "the cache has no such series")


async def test_without_a_monitor_it_says_how_to_begin(registry: Any, settled: Any) -> None:
    async with registry.app().run_test(size=(80, 24)) as pilot:
        await pilot.press("7")
        text = "\n".join(await settled(pilot))
        assert "nothing watches production" in text
        assert 'kind = "prometheus"' in text


async def test_a_source_that_fails_is_said_in_the_place_of_lines(registry: Any, settled: Any, state_of: Any) -> None:
    registry.cache.declare([production.PROMETHEUS])
    registry.states(
        state_of(
            production.PROMETHEUS, "unreachable", last_ok_at=None, sentence="prometheus.acme refused the connection."
        )
    )
    async with registry.app().run_test(size=(100, 30)) as pilot:
        await pilot.press("7")
        text = "\n".join(await settled(pilot))
        assert "prometheus.acme refused the connection" in text
        assert "r asks again" in text
