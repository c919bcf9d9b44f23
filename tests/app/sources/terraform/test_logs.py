"""What is kept of the logs of `plan -json` and `apply -json`."""

from __future__ import annotations

import json
from typing import Any

import pytest

from quarterdeck.app.sources.checks.reading import UnreadableError
from quarterdeck.app.sources.terraform.part import Part
from quarterdeck.app.sources.terraform.reading import read

from .stacks import PAYLOADS, counts, ours, part_of

AT = "2026-11-22T09:38:05.956390Z"


def message(kind: str, **more: Any) -> str:
    return json.dumps(
        {"@level": "info", "@message": "m", "@module": "terraform.ui", "@timestamp": AT, "type": kind, **more}
    )


VERSION = message("version", terraform="1.15.5", ui="1.3")


def change(address: str, action: str, kind: str = "planned_change", **more: Any) -> str:
    resource_type, _, name = address.partition(".")
    at = {
        "addr": address, "module": "", "resource": address, "implied_provider": "p", "resource_type": resource_type,
        "resource_name": name,
    }  # fmt: skip
    key = "hook" if kind.startswith("apply") else "change"
    return message(kind, **{key: {"resource": at, "action": action, **more}})


def summary(add: int = 0, change: int = 0, remove: int = 0, operation: str = "plan") -> str:
    return message("change_summary", changes={"add": add, "change": change, "remove": remove, "operation": operation})


def error(said: str = "Boom", **more: Any) -> str:
    return message("diagnostic", diagnostic={"severity": "error", "summary": said, "detail": "hunter2", **more})


def log(*lines: str) -> Part:
    return part_of("\n".join(lines) + "\n")


def test_both_tools_say_who_they_are() -> None:
    assert (log(VERSION, summary()).tool, log(VERSION, summary()).version) == ("terraform", "1.15.5")
    part = log(message("version", tofu="1.9.1", ui="1.2"), summary())
    assert (part.tool, part.version) == ("opentofu", "1.9.1")


def test_a_log_of_another_major_version_is_refused_by_name() -> None:
    with pytest.raises(UnreadableError, match=r"version of the log's format is 2\.0"):
        log(message("version", terraform="9.0.0", ui="2.0"))


def test_a_summary_that_counts_otherwise_than_the_log_is_said() -> None:
    lines = [
        VERSION,
        change("a.b", "create"),
        change("a.c", "replace"),
        change("a.d", "update"),
        change("a.e", "delete"),
    ]
    assert log(*lines, summary(2, 1, 2)).complaint == ""
    for wrong in (summary(3, 1, 2), summary(2, 0, 2), summary(2, 1, 3), summary(3, 1, 3), summary(0, 1, 0)):
        assert "does not hold all that it speaks of" in log(*lines, wrong).complaint
    assert log(*lines, summary(3, 1, 2)).complaint.endswith("its summary says 3 to add, 1 to change, 2 to destroy.")


def test_a_replacement_that_only_forgets_what_it_replaces_is_no_disagreement() -> None:
    assert log(VERSION, change("a.c", "replace"), summary(0, 0, 0)).complaint == ""


def test_an_apply_counts_what_came_to_its_end() -> None:
    begun = [VERSION, change("a.b", "create", "apply_start"), change("a.b", "create", "apply_complete")]
    assert log(*begun, summary(1, operation="apply")).complaint == ""
    said = log(*begun, summary(2, operation="apply")).complaint
    assert said == "The log does not hold all that it speaks of: its summary says 2 added, 0 changed, 0 destroyed."


def test_an_apply_of_a_saved_plan_tells_what_it_did() -> None:
    steps = [("a.b", "delete"), ("a.b", "create"), ("a.c", "create"), ("a.d", "update"), ("a.e", "delete")]
    lines = [change(address, action, kind) for address, action in steps for kind in ("apply_start", "apply_complete")]
    part = log(VERSION, *lines, summary(2, 1, 2, "apply"))
    assert counts(part) == {"create": 1, "update": 1, "delete": 1, "replace": 1}
    assert part.is_apply
    assert part.is_over
    assert part.complaint == ""


def test_errors_are_kept_by_their_summaries_masked_and_once() -> None:
    secret = 'The password "hunter2-is-it" of jane@example.com is wrong'
    part = log(VERSION, error(secret, address="a.b"), error(secret, address="a.b"), error("Boom"))
    assert part.errors == ('a.b: The password "…" of … is wrong', "Boom")
    assert part.has_failed
    assert part.is_over


def test_warnings_are_no_errors() -> None:
    warned = message("diagnostic", diagnostic={"severity": "warning", "summary": "Check block assertion failed"})
    assert log(VERSION, warned, summary()).errors == ()


def test_an_apply_that_stops_is_not_over_and_a_plan_neither() -> None:
    plan = [VERSION, change("a.b", "create")]
    assert not log(*plan).is_over
    assert log(*plan, summary(1)).is_over
    part = log(*plan, summary(1), change("a.b", "create", "apply_start"))
    assert (part.is_apply, part.is_over) == (True, False)
    assert part.complaint == "The log stops before the run did: it was cut, or the run was killed."


def test_of_several_runs_in_one_log_the_last_counts() -> None:
    part = log(VERSION, change("a.b", "create"), summary(1), VERSION, change("a.c", "delete"), summary(0, 0, 1))
    assert [(one.address, one.action) for one in part.resources] == [("a.c", "delete")]


def test_what_others_wrote_between_the_messages_is_passed_over() -> None:
    stamped = f"2026-11-22T09:38:05.9Z {change('a.b', 'create')}"
    part = log(
        "[command]/usr/bin/terraform plan -json", "", VERSION, "{not json", '{"@half', stamped, "bye \x00", summary(1)
    )
    assert counts(part) == {"create": 1}
    assert part.complaint == ""


def test_a_file_without_a_message_that_means_something_is_none() -> None:
    with pytest.raises(UnreadableError, match="it holds no message"):
        log(message("surprise"))


def test_words_of_logs_become_those_of_plans() -> None:
    part = log(
        VERSION, change("a.b", "replace", reason="cannot_update"), change("a.c", "replace", reason="tainted"),
        change("a.d", "remove"), change("a.e", "import", importing={"id": "hunter2"}), change("a.f", "rename"),
        change("a.g", "move", previous_resource={"addr": "a.was"}),
    )  # fmt: skip
    assert [(one.address, one.action, one.reason, one.moved_from) for one in part.resources] == [
        ("a.b", "replace", "replace_because_cannot_update", ""), ("a.c", "replace", "replace_because_tainted", ""),
        ("a.d", "forget", "", ""), ("a.e", "no-op", "import", ""), ("a.f", "unknown", "", ""),
        ("a.g", "no-op", "", "a.was"),
    ]  # fmt: skip


def test_objects_that_were_left_behind_are_counted_beside_the_resource() -> None:
    part = log(VERSION, change("a.b", "delete"), change("a.b", "delete"), change("a.b", "delete"), summary(0, 0, 3))
    assert counts(part) == {"delete": 3}
    assert part.complaint == ""


def test_drift_stands_beside_what_is_planned_or_alone() -> None:
    part = log(VERSION, change("a.b", "update", "resource_drift"), change("a.c", "delete", "resource_drift"),
               change("a.b", "update"), summary(0, 1))  # fmt: skip
    assert [(one.address, one.action, one.drift) for one in part.resources] == [
        ("a.b", "update", "update"), ("a.c", "no-op", "delete"),
    ]  # fmt: skip


def test_what_is_put_off_is_said() -> None:
    later = {"reason": "provider_config_unknown", "change": {"resource": {"addr": "a.b"}, "action": "create"}}
    part = log(VERSION, summary(), message("deferred_change", deferred=later))
    assert [(one.action, one.reason) for one in part.resources] == [("no-op", "deferred_provider_config_unknown")]
    assert "put off" in part.complaint


def test_outputs_that_change_are_a_change() -> None:
    outputs = {
        "a": {"sensitive": True, "action": "noop"},
        "b": {"sensitive": False, "action": "update", "value": "hunter2"},
    }
    assert log(VERSION, summary(), message("outputs", outputs=outputs)).changes
    assert not log(VERSION, summary(), message("outputs", outputs={"a": outputs["a"]})).changes


def test_a_failed_apply_of_a_real_engine_says_which_resource_and_why() -> None:
    part = read(ours("8-failed.apply.jsonl"), "serving")
    assert part.errors == ("notes_file.bad: The folder is not there",)
    assert (part.is_apply, part.has_failed, part.is_over) == (True, True, True)


@pytest.mark.parametrize("name", sorted(path.name for path in PAYLOADS.glob("*.jsonl")))
def test_a_log_that_was_cut_anywhere_is_read_or_refused_and_never_taken_for_whole(name: str) -> None:
    data = (PAYLOADS / name).read_bytes()
    whole = part_of(data)
    for end in range(0, len(data) - 1, 97):
        try:
            part = part_of(data[:end])
        except UnreadableError:
            continue
        if part.is_over and part != whole:  # the end of a plan, the end of an apply
            assert b"change_summary" in data[:end] or part.errors
