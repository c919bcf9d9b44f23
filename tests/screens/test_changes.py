"""What changed around a thing, under the name by which people know the thing."""

from __future__ import annotations

from typing import Any

import pytest

from quarterdeck.app.records import parse_subject
from quarterdeck.screens.attention import ChangesScreen
from quarterdeck.screens.subject_names import name_of
from tests.screens import production


async def title(world: Any, settled: Any, subject: str) -> str:
    """What stands on top of the page of what changed around this."""
    app = world.app()
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        await app.push_screen(ChangesScreen(app.deck, parse_subject(subject)))
        lines = await settled(pilot)
        return str(lines[1])


@pytest.mark.parametrize(
    ("subject", "called"),
    [
        (f"run/{3:032x}", "what changed around run eager-elk-211"),
        ("alias/churn@champion", "what changed around churn@champion"),
        ("model/churn/14", "what changed around model churn v14"),
        (f"series/{production.PRECISION.key}", "what changed around line churn › precision"),
        (f"series/{production.NEXT_LATENCY.key}", "what changed around line churn v15 › p95 latency ms"),
        (f"alert/{production.make_alert('ChurnPrecisionLow', 0).fingerprint}", "around alert ChurnPrecisionLow"),
        ("resource/serving", "what changed around stack serving"),
        ("resource/serving/aws_lb.api", "what changed around resource serving › aws_lb.api"),
        ("experiment/1", "what changed around experiment churn-train"),
        ("dataset/orders@77ab01", "what changed around data orders@77ab01"),
        ("source/" + "p" * 16, "what changed around source prometheus"),
    ],
)
async def test_what_changed_around_a_thing_is_titled_by_the_name_that_people_know(
    stacked: Any, settled: Any, subject: str, called: str
) -> None:
    assert called in await title(stacked, settled, subject)


async def test_what_changed_around_a_check_is_titled_by_its_data_and_what_it_asks(checked: Any, settled: Any) -> None:
    reads = checked.app().deck.reader.checks
    [row] = reads.rows(reads.ids(None, now=checked.now)[:1])
    assert f"around check {row.check.dataset} › {row.check.name}" in await title(
        checked, settled, f"check/{row.check.id}"
    )


def test_a_pipeline_is_called_by_name_and_number_and_its_job_beside_it(ci: Any) -> None:
    reader = ci.app().deck.reader
    pipelines = [row.pipeline for row in reader.pipelines.rows(range(1, 20))]
    found = next(one for one in pipelines if one.jobs and one.number.isdigit())
    name = f"{found.name} #{found.number}"
    assert name_of(reader, ci.tables, parse_subject(f"pipeline/{found.id}")) == name
    job = found.jobs[0]
    assert name_of(reader, ci.tables, parse_subject(f"job/{job.id}")).endswith(f" › {job.name}")


def test_a_commit_is_called_by_the_digits_that_people_read(world: Any) -> None:
    reader = world.fill().app().deck.reader
    sha = reader.runs(reader.newest_runs(None, 1), names=())[0].git_commit
    assert name_of(reader, world.tables, parse_subject(f"commit/{sha}")) == sha[:7]


@pytest.mark.parametrize("subject", ["run/gone", "pipeline/gone", "job/gone", "check/gone", "event/gone", "alert/gone"])
def test_what_is_not_known_here_is_called_by_its_id(world: Any, subject: str) -> None:
    reader = world.fill().app().deck.reader
    assert name_of(reader, world.tables, parse_subject(subject)) == "gone"


@pytest.mark.parametrize(
    ("subject", "drawn"),
    [
        (f"run/{3:032x}", "lineage of eager-elk-211"),
        (f"series/{production.PRECISION.key}", "lineage of churn"),
        (f"series/{production.NEXT_LATENCY.key}", "lineage of churn v15"),
        ("source/" + "p" * 16, "nothing here has a lineage"),
    ],
)
async def test_w_again_draws_the_nearest_that_has_a_lineage(
    stacked: Any, settled: Any, wait_for: Any, subject: str, drawn: str
) -> None:
    app = stacked.app()
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        await app.push_screen(ChangesScreen(app.deck, parse_subject(subject)))
        await settled(pilot)
        await pilot.press("w")
        lines = await wait_for(pilot, drawn)
        assert not any("reading …" in line for line in lines)


async def test_what_has_no_lineage_says_so_in_the_place_of_a_tree(stacked: Any, settled: Any, wait_for: Any) -> None:
    async with stacked.app().run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        for key in (":", *"lineage resource/serving", "enter"):
            await pilot.press("slash" if key == "/" else "space" if key == " " else "colon" if key == ":" else key)
        lines = await wait_for(pilot, "There is no lineage of resource/serving")
        assert not any("reading …" in line for line in lines)
