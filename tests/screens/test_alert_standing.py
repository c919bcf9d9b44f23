"""From the page of an alert or of a line of production one takes on what needs attention because of it."""

from __future__ import annotations

from typing import Any

import pytest

from quarterdeck.app.records import Attention, Signal
from quarterdeck.screens.alert import AlertScreen
from quarterdeck.screens.alert_standing import standing_for
from quarterdeck.screens.series import SeriesScreen
from tests.screens import production
from tests.screens.writing import Writing

FIRES = production.make_alert("ChurnPrecisionLow", 0).fingerprint


@pytest.fixture
def at_page(served: Any, settled: Any) -> Any:
    """The app on the page of an alert or a series, at rest; Ann writes."""

    class Opened:
        def __init__(self, kind: type[AlertScreen] | type[SeriesScreen], native: str) -> None:
            self.app = served.app()
            self.app.deck.noting = lambda: Writing(served)
            self._screen = kind(self.app.deck, native)
            self._run = self.app.run_test(size=(120, 40))

        async def __aenter__(self) -> Any:
            self.pilot = await self._run.__aenter__()
            await settled(self.pilot)
            await self.app.push_screen(self._screen)
            await settled(self.pilot)
            return self

        async def __aexit__(self, *error: object) -> None:
            await self._run.__aexit__(*error)

        async def press(self, *keys: str) -> str:
            for key in keys:
                await self.pilot.press(key)
                await settled(self.pilot)
            return "\n".join(await settled(self.pilot))

    return Opened


def notes(world: Any) -> list[tuple[str, str, str]]:
    """What was written down."""
    return [(note.kind, note.subject.partition("/")[0], note.text) for note in world.tables.own_notes()]


@pytest.mark.parametrize(("kind", "native"), [(AlertScreen, FIRES), (SeriesScreen, production.PRECISION.key)])
async def test_a_takes_on_the_attention_that_stands_for_it_and_a_again_lets_go_of_it(
    at_page: Any, served: Any, kind: Any, native: str
) -> None:
    async with at_page(kind, native) as opened:
        assert "yours: it is quiet until it changes" in await opened.press("a")
        assert notes(served) == [("ack", "attention", "")]
        assert "nobody has it now" in await opened.press("a")
        assert [kind for kind, _, _ in notes(served)] == ["ack", "unack"]
        assert len({note.subject for note in served.tables.own_notes()}) == 1


@pytest.mark.parametrize(("kind", "native"), [(AlertScreen, FIRES), (SeriesScreen, production.PRECISION.key)])
async def test_a_note_is_written_on_the_attention_that_stands_for_it(
    at_page: Any, served: Any, kind: Any, native: str
) -> None:
    async with at_page(kind, native) as opened:
        assert "a note on what needs attention here" in await opened.press("m")
        assert "noted on churn@champion v14  precision 0.7117" in await opened.press(*"asked_bo", "enter")
        assert notes(served) == [("note", "attention", "asked_bo")]


async def test_what_is_typed_at_once_after_m_belongs_to_the_note(at_page: Any, served: Any) -> None:
    async with at_page(AlertScreen, FIRES) as opened:
        await opened.pilot.press("m", *"Bad", "enter")
        await opened.press()
        assert notes(served) == [("note", "attention", "Bad")]


async def test_where_nothing_needs_attention_one_calm_sentence_says_so(at_page: Any, served: Any) -> None:
    async with at_page(SeriesScreen, production.LATENCY.key) as opened:
        assert "nothing that needs attention stands for this: there is nothing to take on" in await opened.press("a")
        text = await opened.press("m", *"fine", "enter")
        assert "noted on this itself: nothing that needs attention stands for this" in text
        assert notes(served) == [("note", "series", "fine")]


async def test_an_empty_note_is_none(at_page: Any, served: Any) -> None:
    async with at_page(AlertScreen, FIRES) as opened:
        await opened.press("m", "enter")
        await opened.press("m", "escape")
        assert notes(served) == []


def test_of_several_that_one_stands_for_it_which_is_about_it() -> None:
    def signal(subject: str) -> Signal:
        return Signal(kind="alert", subject=subject, title="", severity="high", since=0)

    def attention(name: str, *subjects: str) -> Attention:
        made = tuple(map(signal, subjects))
        return Attention(id=name, subject=subjects[0], severity="high", since=0, title="", signals=made)

    both, own = attention("both", "series/s", "alert/a"), attention("own", "alert/a")
    assert standing_for([both, own], ["alert/a", "series/s"]) is own
    assert standing_for([both, own], ["model/m", "series/s"]) is both
    assert standing_for([both, own], ["series/other"]) is None
