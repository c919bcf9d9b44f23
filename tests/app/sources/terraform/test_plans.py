"""What is kept of a plan, and what is not."""

from __future__ import annotations

import msgspec
import pytest

from quarterdeck.app.records import Resource
from quarterdeck.app.sources.checks.reading import UnreadableError
from quarterdeck.app.sources.terraform.part import Part
from quarterdeck.app.sources.terraform.reading import read

from .stacks import a_plan, counts, entry, ours, part_of


def only(part: Part) -> Resource:
    (one,) = part.resources
    return one


@pytest.mark.parametrize(
    ("actions", "action"),
    [
        (["no-op"], "no-op"), (["create"], "create"), (["read"], "read"), (["update"], "update"),
        (["delete"], "delete"), (["delete", "create"], "replace"), (["create", "delete"], "replace"),
        (["create", "forget"], "replace"), (["forget", "create"], "replace"), (["forget"], "forget"),
        (["rename"], "unknown"), (["create", "delete", "rename"], "unknown"), (["update", "forget"], "unknown"),
    ],
)  # fmt: skip
def test_every_pair_of_actions_has_one_word_and_what_nobody_knows_is_unknown(actions: list[str], action: str) -> None:
    assert only(part_of(a_plan(entry("a.b", *actions)))).action == action


def test_attributes_that_change_are_named_and_those_below_them_are_not() -> None:
    before = {"image": "v1", "labels": {"jane@example.com": 1}, "same": [1, {"x": 2}], "gone": 3, "null": None}
    after = {"image": "v2", "labels": {"joe@example.com": 1}, "same": [1, {"x": 2}], "new": 4}
    unknown = {"id": True, "tags": {"k": True}, "zone": False, "n": {}}
    one = only(part_of(a_plan(entry("a.b", "update", before=before, after=after, after_unknown=unknown))))
    assert one.changed == ("gone", "id", "image", "labels", "new", "tags")


def test_what_forces_a_replacement_is_named_by_the_first_step_of_its_path() -> None:
    paths = [["image"], ["network", 0, "jane@example.com"], [0, "x"], [], [None]]
    one = only(
        part_of(a_plan(entry("a.b", "delete", "create", before={"image": 1}, after={"image": 2}, replace_paths=paths)))
    )
    assert one.forces == ("image", "network")


def test_names_that_no_schema_has_are_not_kept() -> None:
    odd = {"jane@example.com": 1, "a b": 1, "x" * 300: 1, "": 1, "1st": 1, "\x1b[31m": 1, "größe": 1, "ok-name": 1}
    assert only(part_of(a_plan(entry("a.b", "update", before={}, after=odd)))).changed == ("größe", "ok-name")


def test_secrets_are_told_of_where_something_of_them_changes() -> None:
    values = {"before": {"a": 1, "p": {"q": 1}}, "after": {"a": 2, "p": {"q": 1}}}
    plain = entry("a.b", "update", before_sensitive={"p": {"q": True}}, after_sensitive={"p": {"q": True}}, **values)
    changed = entry("a.c", "update", before_sensitive={"a": True}, after_sensitive={}, **values)
    whole = entry("a.d", "update", before_sensitive=False, after_sensitive=True, **values)
    made = entry("a.e", "create", before=None, after={"p": 1}, before_sensitive=False, after_sensitive={"p": True})
    still = entry("a.f", "no-op", before_sensitive={"p": True}, after_sensitive={"p": True}, **values)
    part = part_of(a_plan(plain, changed, whole, made, still))
    assert [one.is_sensitive for one in part.resources] == [False, True, True, True, False]


def test_where_a_resource_was_before_and_that_it_is_taken_over_are_told() -> None:
    moved = entry("a.new", "no-op", previous_address="a.old")
    taken = entry("a.taken", "no-op", importing={"id": "jane@example.com"})
    part = part_of(a_plan(moved, taken))
    assert [(one.address, one.moved_from, one.reason) for one in part.resources] == [
        ("a.new", "a.old", ""), ("a.taken", "", "import"),
    ]  # fmt: skip
    assert part.changes


def test_what_a_failed_replacement_left_behind_is_a_resource_of_its_own() -> None:
    left = entry("a.b", "delete", deposed="9f3ad1c0")
    odd = entry("a.b", "delete", deposed="jane@example.com")
    part = part_of(a_plan(entry("a.b", "update"), left, odd))
    assert [one.address for one in part.resources] == ["a.b", "a.b (deposed object 9f3ad1c0)", "a.b (deposed object)"]
    assert counts(part) == {"update": 1, "delete": 2}


def test_what_is_put_off_is_done_by_no_plan_and_is_said() -> None:
    later = {"reason": "instance_count_unknown", "resource_change": entry("a.later[*]", "create")}
    part = part_of(a_plan(entry("a.b", "no-op"), deferred_changes=[later], complete=False, applyable=False))
    assert counts(part) == {"no-op": 2}
    assert part.resources[1].reason == "deferred_instance_count_unknown"
    assert part.complaint == "The plan is not complete: 1 resource is put off to a later one."
    assert part.changes
    targeted = part_of(a_plan(entry("a.b", "update"), complete=False, applyable=True))
    assert targeted.complaint == "The plan is not complete: after it is applied, another one is needed."


def test_drift_of_what_was_moved_is_told_under_its_new_address() -> None:
    moved = entry("a.new", "update", previous_address="a.old", before={"x": 2}, after={"x": 1})
    drift = entry("a.old", "update", before={"x": 1}, after={"x": 2})
    one = only(part_of(a_plan(moved, resource_drift=[drift])))
    assert (one.address, one.action, one.drift, one.drifted, one.moved_from) == (
        "a.new",
        "update",
        "update",
        ("x",),
        "a.old",
    )


def test_drift_that_no_plan_mends_is_told_too() -> None:
    drifts = [
        entry("a.gone", "delete"), entry("a.moved", "no-op", previous_address="a.was"),
        entry("a.odd", "create"), entry("a.changed", "update", before={"x": 1}, after={"x": 2}),
    ]  # fmt: skip
    part = part_of(a_plan(resource_drift=drifts))
    assert {one.address: one.drift for one in part.resources} == {
        "a.gone": "delete", "a.moved": "move", "a.odd": "unknown", "a.changed": "update",
    }  # fmt: skip
    assert {one.action for one in part.resources} == {"no-op"}


@pytest.mark.parametrize(
    ("plan", "changes"),
    [
        ({}, False),
        ({"applyable": True}, True),
        ({"output_changes": {"secret": {"actions": ["no-op"]}}}, False),
        ({"output_changes": {"secret": {"actions": ["update"], "after": "hunter2"}}}, True),
    ],
)
def test_a_plan_of_outputs_alone_changes_something(plan: dict[str, object], changes: bool) -> None:
    assert part_of(a_plan(entry("a.b", "no-op"), **plan)).changes is changes


def test_a_plan_that_ended_in_errors_has_failed() -> None:
    part = read(ours("11-precondition.plan.json"), "serving")
    assert part.has_failed
    assert not part_of(a_plan(errored=False)).has_failed


@pytest.mark.parametrize("version", ["2.0", "10.1", "", "x"])
def test_another_major_version_is_refused_by_name(version: str) -> None:
    with pytest.raises(UnreadableError, match="format_version") as caught:
        part_of(msgspec.json.encode({"format_version": version, "resource_changes": []}))
    assert version.startswith(("2", "10")) is (version in str(caught.value) and bool(version) and version != "x")


@pytest.mark.parametrize("version", ["0.1", "0.2", "1.0", "1.2", "1.99"])
def test_minor_versions_and_fields_that_nobody_knows_are_passed_over(version: str) -> None:
    plan = {"format_version": version, "resource_changes": [entry("a.b", "create", surprise=[1])], "surprise": {"x": 1}}
    assert counts(part_of(msgspec.json.encode(plan))) == {"create": 1}


def test_what_a_wrapper_printed_around_the_plan_is_passed_over() -> None:
    plan = a_plan(entry("a.b", "create"))
    around = b"[command]/usr/bin/terraform show -json tfplan\n" + plan + b"\n::debug::exitcode 0\n"
    assert counts(part_of(around)) == {"create": 1}
    assert counts(part_of(plan + b"\n::debug::exitcode 0\n")) == {"create": 1}
    assert counts(part_of(msgspec.json.format(plan, indent=2))) == {"create": 1}
    assert counts(part_of(plan.decode().encode("utf-16"))) == {"create": 1}


def test_the_state_file_itself_and_other_files_are_refused_by_what_they_are() -> None:
    with pytest.raises(UnreadableError, match="it is the state itself"):
        part_of('{"version": 4, "terraform_version": "1.9", "serial": 3, "lineage": "x", "resources": []}')
    with pytest.raises(UnreadableError, match="it has no format_version"):
        part_of('{"results": []}')
    with pytest.raises(UnreadableError, match="it is empty"):
        part_of(b"\n")


def test_an_address_is_kept_exactly_but_for_what_no_cache_can_hold() -> None:
    long = 'a.b["' + "x" * 3_000 + '"]'
    other = 'a.b["' + "x" * 3_000 + 'y"]'
    found = [
        one.address
        for one in part_of(a_plan(*(entry(one, "create") for one in (long, other, 'a.c["\x1b\0"]')))).resources
    ]
    assert found[2] == 'a.c["\x1b�"]'
    assert len(set(found)) == 3
    assert max(map(len, found)) == 1_000


def test_data_is_told_from_what_is_managed_and_modules_and_providers_are_kept() -> None:
    data = entry(
        "module.m.data.x.y", "read", mode="data", module_address="module.m", provider_name="registry.terraform.io/a/b"
    )
    odd = entry("a.b", "create", mode="surprise", provider_name="jane@example.com", action_reason="Because: secret")
    first, second = part_of(a_plan(data, odd)).resources
    assert (first.mode, first.module, first.provider) == ("data", "module.m", "registry.terraform.io/a/b")
    assert (second.mode, second.provider, second.reason) == ("managed", "", "")
