"""Infra with Textual's pilot: the list of stacks, the plan of one, a resource."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from quarterdeck.app.records import Batch
from quarterdeck.screens.infra import InfraScreen
from quarterdeck.screens.resource import ResourceScreen
from quarterdeck.screens.stack import StackScreen
from tests.screens import infrastructure


@pytest.fixture
def walk(stacked: Any, settled: Any) -> Any:
    """Press keys from the list of infrastructure on; gives the app and what is on the screen in the end."""

    async def go(pilot: Any, *keys: str) -> str:
        for key in ("8", *keys):
            await pilot.press(key)
            await settled(pilot)
        return "\n".join(await settled(pilot))

    return go


async def test_stacks_stand_with_what_their_plans_would_do_the_worst_first(stacked: Any, walk: Any) -> None:
    async with stacked.app().run_test(size=(120, 40)) as pilot:
        text = await walk(pilot)
        assert isinstance(pilot.app.screen, InfraScreen)
        assert text.index("✖ failed") < text.index("▲ drifted") < text.index("● in step")
        assert "+1 ~2 -1 ±1   ▲ 2" in text
        assert "▲ newer 8f1d2e3 Ann 1 h" in text
        assert "± aws_lb.api" in text
        assert "subnets forces it, tags" in text
        assert "41 unchanged" in text
        assert "→ aws_s3_bucket.models" in text
        assert "worker" not in text


async def test_at_80_columns_status_and_plan_stay(stacked: Any, walk: Any) -> None:
    async with stacked.app().run_test(size=(80, 24)) as pilot:
        text = await walk(pilot)
        assert "▲ drifted   +1 ~2 -1 ±1" in text


async def test_what_stands_still_is_opened_by_enter_on_its_count_and_by_t_everywhere(stacked: Any, walk: Any) -> None:
    async with stacked.app().run_test(size=(120, 40)) as pilot:
        assert "google_storage_bucket.runs[0]" in await walk(pilot, "j", "enter")
        text = await walk(pilot, "t", "t", "G")
        assert "what no plan changes is folded" not in text
        assert "google_storage_bucket" not in text
        assert "aws_iam_role.worker[40]" in await walk(pilot, "t")


async def test_space_folds_a_stack_away_and_the_cursor_stays_on_it(stacked: Any, walk: Any) -> None:
    async with stacked.app().run_test(size=(120, 40)) as pilot:
        text = await walk(pilot, "j", "j", "j", "space")
        assert "▸  ▸ serving" in text
        assert "aws_lb.api" not in text


async def test_the_filter_finds_resources_and_says_where_there_is_none(stacked: Any, walk: Any) -> None:
    async with stacked.app().run_test(size=(120, 40)) as pilot:
        text = await walk(pilot, "slash", *"type:aws_subnet", "enter")
        assert "+ module.net.aws_subnet.private[2]" in text
        assert "training" not in text
        assert "no stack or resource is like" in await walk(pilot, "slash", *"zzz", "enter")


async def test_the_page_of_a_stack_is_a_diff_without_values(stacked: Any, walk: Any) -> None:
    async with stacked.app().run_test(size=(120, 40)) as pilot:
        text = await walk(pilot, "j", "j", "enter")
        assert isinstance(pilot.app.screen, StackScreen)
        assert "changed outside the code  2   values are not kept" in text
        assert "± subnets   forces the replacement" in text
        assert "its code is gone" in text
        assert "commits of its code  ▲ newer than the plan" in text


async def test_a_resource_is_opened_from_the_list_and_leads_back(stacked: Any, walk: Any) -> None:
    async with stacked.app().run_test(size=(120, 40)) as pilot:
        text = await walk(pilot, "j", "j", "j", "enter")
        assert isinstance(pilot.app.screen, ResourceScreen)
        assert "serving › aws_ecs_service.churn" in text
        assert "the plan: update, values are not kept" in text
        await pilot.press("escape")
        assert isinstance(pilot.app.screen, InfraScreen)


async def test_beside_the_table_the_resource_under_the_cursor_is_told(stacked: Any, walk: Any) -> None:
    async with stacked.app().run_test(size=(200, 60)) as pilot:
        assert "registry.terraform.io/hashicorp/aws" in await walk(pilot, "j", "j", "j")


async def test_a_new_plan_is_shown_and_the_cursor_stays_on_its_resource(stacked: Any, walk: Any, wait_for: Any) -> None:
    async with stacked.app().run_test(size=(120, 40)) as pilot:
        await walk(pilot, "j", "j", "j", "j")
        before = infrastructure.stacks(stacked.now)
        again = [msgspec.structs.replace(one, status="planned", errors=(), digest="new")
                 if one.name == "training" else one for one in before]  # fmt: skip
        stacked.cache.write(infrastructure.TERRAFORM.key, Batch(stacks=tuple(again), stacks_complete=True), stacked.now)
        text = "\n".join(await wait_for(pilot, "○ planned"))
        assert "▸      ▲ aws_security_group.api" in text


async def test_copies_are_those_of_what_is_here(stacked: Any, walk: Any) -> None:
    async with stacked.app().run_test(size=(120, 40)) as pilot:
        await walk(pilot, "j", "j")
        assert pilot.app.screen.copies()[0].text == "serving"
        await pilot.press("j")
        assert [copy.label for copy in pilot.app.screen.copies()][:2] == ["address", "subject"]
        assert str(pilot.app.screen.subject_here()) == "resource/serving/aws_ecs_service.churn"


async def test_commands_and_subjects_lead_there(stacked: Any, settled: Any, wait_for: Any) -> None:
    async with stacked.app().run_test(size=(120, 40)) as pilot:
        await pilot.press("colon", *"infra drift:update", "enter")
        await wait_for(pilot, "aws_security_group.api", gone=["training"])
        await pilot.press("colon", *"resource/serving", "enter")
        await wait_for(pilot, "changed outside the code  2")
        await pilot.press("colon", *"resource/nothing", "enter")
        await wait_for(pilot, "the cache has no stack of this name")


async def test_without_a_stack_it_says_how_to_begin(registry: Any, settled: Any) -> None:
    async with registry.app().run_test(size=(80, 24)) as pilot:
        await pilot.press("8")
        text = "\n".join(await settled(pilot))
        assert "no infrastructure is known" in text
        assert "[[infra]]" in text
