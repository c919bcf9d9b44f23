"""The tabs: which there is room for, and which of them have something that needs attention."""

from __future__ import annotations

from typing import Any

import pytest

from quarterdeck.screens.areas import AREA, areas_of
from quarterdeck.screens.deck_line import TABS


def attention(kind: str, severity: str = "high", **changes: Any) -> dict[str, Any]:
    return {"severity": severity, "signals": [{"kind": kind, "severity": severity}], **changes}


def test_the_worst_of_an_area_is_told_and_the_watch_has_the_worst_of_all() -> None:
    found = areas_of({"attentions": [attention("threshold", "critical"), attention("drift", "medium")]})
    assert found == {"watch": "failed", "serving": "failed", "infra": "warn"}


def test_what_somebody_has_taken_on_is_not_told() -> None:
    assert areas_of({"attentions": [attention("drift", ack={"author": "bo"})]}) == {}
    assert areas_of({}) == {}


def test_a_kind_of_a_later_version_is_the_watch_s_own() -> None:
    assert areas_of({"attentions": [attention("meteor", "apocalyptic")]}) == {"watch": "warn"}


def test_a_tab_says_what_its_screen_shows_and_the_watch_what_matters_of_it() -> None:
    replaced = attention("threshold", "low")  # a version that is no more in force: bad there, and nobody's concern here
    assert areas_of({"attentions": [replaced]}) == {"watch": "missing", "serving": "failed"}
    assert areas_of({"attentions": [replaced, attention("check failing")]})["watch"] == "warn"


def test_a_model_in_production_is_marked_by_the_worst_of_it() -> None:
    of_it = {"alias": "champion", "model": "churn"}
    signals = [
        {"kind": kind, "severity": severity, **of_it} for kind, severity in (("drift", "high"), ("burn", "critical"))
    ]
    found = areas_of({"attentions": [{"severity": "critical", "signals": signals}]})
    assert found["model/churn"] == "failed"
    assert "models" not in found


def test_every_area_has_a_tab() -> None:
    assert set(AREA.values()) <= {mode for _, _, mode in TABS}


@pytest.mark.parametrize(
    ("width", "shown", "gone"),
    [
        (80, "7 Serving ✖", "2 Runs"),
        (120, "9 Events", "none"),
        (120, "git ● now   UTC", "none"),
        (160, "git ● now   times UTC", "none"),
    ],
)
async def test_tabs_leave_where_there_is_no_room_but_those_in_trouble(
    world: Any, settled: Any, width: int, shown: str, gone: str
) -> None:
    kept = {"attentions": [attention("threshold", "critical")]}
    world.fill().tables.keep_sight(kept, world.now)
    async with world.app().run_test(size=(width, 24)) as pilot:
        await settled(pilot)
        pilot.app._mark_areas()
        top = (await settled(pilot))[0]
        assert "Serving ✖" in top
        assert shown in top
        assert gone not in top
