"""From the newest plan, apply and state to one stack."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from quarterdeck.app.records import Resource, Stack
from quarterdeck.app.records.infra import Drift, ResourceAction
from quarterdeck.app.sources.terraform.merging import GAP, Facts, merged, newest
from quarterdeck.app.sources.terraform.part import Part
from quarterdeck.app.sources.terraform.reading import read

from .stacks import a_file, ours

HOUR = 3_600_000
FACTS = Facts(source="k" * 16, name="serving", models=("churn",), environment="prod", folder="infra")


def one(address: str, action: ResourceAction = "no-op", drift: Drift = "", **more: Any) -> Resource:
    kind, _, name = address.partition(".")
    return Resource(stack="serving", address=address, type=kind, name=name, action=action, drift=drift, **more)


def plan(at: int, *resources: Resource, **more: bool) -> Part:
    does = any(resource.action != "no-op" for resource in resources)
    part = Part(
        form="plan", at=at, written_at=at, resources=resources, changes=does, digest=f"p{at}", origin="plan.json"
    )
    return replace(part, **more)


def log(at: int, *resources: Resource, **more: object) -> Part:
    told = {"digest": f"l{at}", "origin": "log.jsonl", **more}
    return replace(plan(at, *resources), form="log", **told)


def apply(at: int, *resources: Resource, **more: object) -> Part:
    return log(at, *resources, is_apply=True, **{"origin": "apply.jsonl", **more})


def state(at: int, *addresses: str) -> Part:
    return Part(form="state", written_at=at, resources=tuple(map(one, addresses)), digest=f"s{at}", origin="state.json")


def stack(*parts: Part) -> Stack:
    return merged(FACTS, newest(parts))


def actions(found: Stack) -> dict[str, str]:
    return {resource.address: resource.action for resource in found.resources}


def test_a_plan_alone_says_how_it_stands() -> None:
    assert stack(plan(HOUR, one("a.b"))).status == "in step"
    assert stack(plan(HOUR, one("a.b", "create"))).status == "planned"
    assert stack(plan(HOUR, one("a.b", "update", "update"))).status == "drifted"
    assert stack(plan(HOUR, one("a.b", "update", "update"), has_failed=True)).status == "failed"
    assert stack(plan(HOUR), replace(plan(2 * HOUR), changes=True)).status == "planned"


def test_the_settings_say_what_no_file_says() -> None:
    found = stack(plan(HOUR, one("a.b")))
    assert (found.source, found.name, found.models, found.environment, found.folder, found.tool) == (
        "k" * 16, "serving", ("churn",), "prod", "infra", "terraform",
    )  # fmt: skip


def test_a_log_says_by_which_tool_it_was_written() -> None:
    assert stack(log(HOUR, tool="opentofu", version="1.9.1")).tool == "opentofu"


def test_a_state_alone_says_what_there_is_and_not_how_it_stands() -> None:
    found = stack(state(HOUR, "a.b", "a.c"))
    assert (found.status, actions(found), found.planned_at, found.applied_at) == (
        "unknown", {"a.b": "no-op", "a.c": "no-op"}, None, None,
    )  # fmt: skip


def test_a_plan_stands_over_the_state() -> None:
    done = (one("a.b", "update"), one("a.d", "create"), one("a.new", moved_from="a.was"))
    found = stack(state(HOUR, "a.b", "a.c", "a.was"), log(2 * HOUR, *done))
    assert actions(found) == {"a.b": "update", "a.c": "no-op", "a.d": "create", "a.new": "no-op"}


def test_a_log_knows_less_of_a_provider_than_a_state() -> None:
    there = replace(state(HOUR), resources=(one("a.b", provider="registry.terraform.io/x/y"),))
    found = stack(there, log(2 * HOUR, one("a.b", "update", provider="y"), one("a.c", "create", provider="y")))
    assert [resource.provider for resource in found.resources] == ["registry.terraform.io/x/y", "y"]


def test_after_an_apply_that_went_well_nothing_is_left_to_do() -> None:
    planned = plan(HOUR, one("a.b", "update", "update"), one("a.c", "delete"), one("a.d", "create"), one("a.e"))
    done = apply(2 * HOUR, one("a.b", "update", "update"), one("a.c", "delete"), one("a.d", "create"))
    found = stack(planned, done)
    assert (found.status, found.planned_at, found.applied_at) == ("applied", HOUR, 2 * HOUR)
    assert actions(found) == {"a.b": "no-op", "a.d": "no-op", "a.e": "no-op"}
    assert not any(resource.drift for resource in found.resources)
    assert found.applied == ("a.b", "a.c", "a.d")


def test_a_plan_that_came_after_an_apply_counts() -> None:
    found = stack(apply(HOUR, one("a.b", "create"), has_failed=True, errors=("Boom",)), plan(2 * HOUR, one("a.b")))
    assert (found.status, found.errors, found.applied_at) == ("in step", (), HOUR)


def test_an_apply_that_failed_or_was_cut_off_has_failed() -> None:
    failed = stack(
        plan(HOUR, one("a.b", "create")), apply(2 * HOUR, one("a.b", "create"), has_failed=True, errors=("Boom",))
    )
    assert (failed.status, failed.errors, actions(failed)) == ("failed", ("Boom",), {"a.b": "create"})
    cut = stack(apply(2 * HOUR, one("a.b", "create"), is_over=False))
    assert (cut.status, cut.errors) == ("failed", ("The apply did not come to its end: its log stops.",))


def test_a_plan_and_the_log_of_its_making_are_one() -> None:
    planned = plan(HOUR, replace(one("a.b", "update"), changed=("image",)))
    found = stack(planned, log(HOUR + 5_000, one("a.b", "update")))
    assert found.planned_at == HOUR
    assert [resource.changed for resource in found.resources] == [("image",)]
    other = stack(planned, log(HOUR + 5_000, one("a.b", "delete")))
    assert actions(other) == {"a.b": "delete"}


def test_a_plan_that_failed_has_the_errors_of_its_log() -> None:
    found = stack(plan(HOUR, has_failed=True), log(HOUR + 5_000, has_failed=True, errors=("Boom",)))
    assert (found.status, found.errors) == ("failed", ("Boom",))


def test_a_plan_that_is_older_than_the_state_is_said() -> None:
    made, gone = plan(HOUR, one("a.b", "create")), plan(HOUR, one("a.b", "delete"))
    stale = "The plan is older than the state: it may have been applied already."
    assert stack(made, state(HOUR + 1_000, "a.b")).complaint == stale
    assert stack(gone, state(HOUR + 1_000)).complaint == stale
    assert stack(made, state(HOUR + GAP + 1)).complaint == stale
    assert stack(made, state(HOUR + 1_000)).complaint == ""
    assert stack(made, state(HOUR - 1, "a.b")).complaint == ""
    assert stack(plan(HOUR, one("a.b", "create", "delete")), state(HOUR + 1_000, "a.b")).complaint == ""


def test_what_there_is_has_one_digest_however_it_is_known() -> None:
    moved, left = one("a.new", moved_from="a.was"), one("a.d (deposed object 1)", "delete")
    before = plan(HOUR, one("a.b", "update"), one("a.c", "create"), moved, left)
    assert stack(before).state_digest == stack(state(HOUR, "a.was", "a.b")).state_digest
    after = stack(before, apply(2 * HOUR, one("a.b", "update"), one("a.c", "create"), moved))
    assert after.state_digest == stack(state(HOUR, "a.b", "a.c", "a.new")).state_digest
    assert after.state_digest != stack(before).state_digest
    assert stack(log(HOUR, one("a.b", "create"))).state_digest == ""


def test_moves_that_an_apply_does_not_tell_of_are_known_from_its_plan() -> None:
    taken = replace(one("a.taken"), reason="import")
    planned = plan(HOUR, one("a.b", "update"), one("a.new", moved_from="a.was"), taken)
    found = stack(state(HOUR, "a.b", "a.was"), planned, apply(2 * HOUR, one("a.b", "update")))
    assert actions(found) == {"a.b": "no-op", "a.new": "no-op", "a.taken": "no-op"}


def test_the_digest_of_what_there_is_does_not_hang_on_values_or_order() -> None:
    told = state(HOUR, "a.b", "a.c")
    turned = replace(told, resources=tuple(reversed(told.resources)), written_at=2 * HOUR, digest="other")
    data = replace(told, resources=(*told.resources, replace(one("data.x.y"), mode="data")))
    assert stack(told).state_digest == stack(turned).state_digest == stack(data).state_digest
    assert stack(told).digest != stack(turned).digest


def test_where_it_was_read_and_by_which_pipeline_are_told_of_the_part_that_counts() -> None:
    found = stack(
        replace(plan(HOUR, one("a.b")), origin="ci 7: plan.json", commit="c" * 40, pipeline_id="7"),
        replace(state(2 * HOUR, "a.b"), origin="ci 8: state.json", commit="d" * 40, pipeline_id="8"),
    )
    assert (found.commit, found.pipeline_id, found.origin) == ("c" * 40, "7", "ci 7: plan.json, ci 8: state.json")


def test_the_files_of_a_real_engine_become_what_happened() -> None:
    def at(name: str, minutes: int) -> Part:
        file = ours(name)
        return replace(read(a_file(file.data, name, file.modified_at or 0), "serving"), written_at=minutes * 60_000)

    created = stack(at("1-create.plan.json", 0), at("2-apply.jsonl", 1))
    assert (created.status, set(actions(created).values()), len(created.resources)) == ("applied", {"no-op"}, 8)
    assert created.state_digest == stack(at("2-apply.state.json", 1)).state_digest
    drifted = stack(at("2-apply.state.json", 1), at("2-apply.jsonl", 1), at("4-drift.plan.json", 2))
    assert (drifted.status, drifted.counts()["drift"], drifted.complaint) == ("drifted", 2, "")
    mixed = stack(at("6-mixed.plan.json", 3), at("2-apply.state.json", 2))
    counted = {word: count for word, count in mixed.counts().items() if count}
    assert counted == {"no-op": 4, "create": 1, "update": 1, "delete": 1, "replace": 1, "forget": 1, "drift": 2}
    done = stack(at("6-mixed.plan.json", 3), at("7-saved.apply.jsonl", 4))
    assert done.state_digest == stack(at("7-saved.state.json", 4)).state_digest
    failed = stack(at("7-saved.state.json", 4), at("8-failed.apply.jsonl", 5))
    assert (failed.status, failed.errors) == ("failed", ("notes_file.bad: The folder is not there",))
