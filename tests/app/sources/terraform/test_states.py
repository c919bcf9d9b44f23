"""What is kept of a state."""

from __future__ import annotations

import msgspec

from quarterdeck.app.sources.terraform.reading import read

from .stacks import ours, part_of


def test_resources_of_all_modules_are_there_with_nothing_to_be_done() -> None:
    part = read(ours("2-apply.state.json"), "serving")
    assert part.form == "state"
    assert part.version == "1.15.5"
    assert {one.address for one in part.resources} >= {'notes_file.each["eu"]', "module.inner.notes_file.deep[0]"}
    assert {one.module for one in part.resources} == {"", "module.inner"}
    assert {(one.action, one.type, one.provider) for one in part.resources} == {
        ("no-op", "notes_file", "registry.terraform.io/acme/notes")
    }


def test_modules_within_modules_are_read() -> None:
    deep: dict[str, object] = {
        "address": "module.a.module.b",
        "resources": [{"address": "module.a.module.b.x.y", "type": "x", "name": "y"}],
    }
    values = {"root_module": {"child_modules": [{"address": "module.a", "child_modules": [deep]}]}}
    (one,) = part_of(msgspec.json.encode({"format_version": "1.0", "values": values})).resources
    assert (one.address, one.module) == ("module.a.module.b.x.y", "module.a.module.b")


def test_what_is_tainted_and_what_was_left_behind_are_told() -> None:
    resources = [
        {"address": "a.b", "type": "a", "name": "b", "mode": "managed", "tainted": True},
        {"address": "a.b", "type": "a", "name": "b", "mode": "managed", "deposed_key": "9f3ad1c0"},
        {"address": "data.c.d", "type": "c", "name": "d", "mode": "data"},
    ]
    values = {"outputs": {"secret": {"value": "hunter2", "sensitive": True}}, "root_module": {"resources": resources}}
    part = part_of(msgspec.json.encode({"format_version": "1.0", "values": values}))
    assert [(one.address, one.reason, one.mode) for one in part.resources] == [
        ("a.b", "tainted", "managed"), ("a.b (deposed object 9f3ad1c0)", "", "managed"), ("data.c.d", "", "data"),
    ]  # fmt: skip


def test_a_state_of_nothing_at_all_is_one() -> None:
    for empty in ('{"format_version": "1.0"}', '{"format_version": "1.0", "values": {"root_module": {}}}'):
        part = part_of(empty)
        assert (part.form, part.resources) == ("state", ())
