"""What the list of infrastructure and the page of a stack say, by themselves."""

from __future__ import annotations

from datetime import UTC
from typing import Any

import pytest

from quarterdeck.app.query import RESOURCES, Node, parse
from quarterdeck.app.records import Commit, Resource, Stack
from quarterdeck.app.text import cells
from quarterdeck.screens.infra_columns import COLUMNS, across
from quarterdeck.screens.infra_lines import about_resource, diff, resource_rows
from quarterdeck.screens.infra_rows import Held, InfraLine, fold_key, lines_of
from quarterdeck.screens.infra_words import ACTIONS, changes_said, counts_said, why
from quarterdeck.screens.run_details import Sight
from quarterdeck.screens.stack import StackFacts, stack_parts
from quarterdeck.widgets.status import sign
from tests.screens.infrastructure import make_resource, make_stack

NOW = 1_773_457_620_000
HOUR = 3_600_000
SIGHT = Sight(80, NOW, UTC, {})


def held(*resources: Resource, commit: Commit | None = None, **changes: Any) -> Held:
    stack = make_stack("serving", NOW, *resources, **changes)
    return Held(stack=stack, counts=stack.counts(), commit=commit)


def where(text: str) -> Node | None:
    return parse(text, vocabulary=RESOURCES, now=NOW)


def kinds(lines: list[InfraLine]) -> list[str]:
    return [line.kind if line.resource is None else line.resource.action for line in lines]


def words(line: InfraLine, key: str) -> str:
    return COLUMNS[key].cell(line)[0]


LOUD = make_resource("aws_lb.api", "replace", changed=("subnets", "tags"), forces=("subnets",))
STILL = make_resource("aws_iam_role.worker")
OUTSIDE = make_resource("aws_security_group.api", drift="update", drifted=("ingress",))


def test_below_a_stack_stands_what_changes_and_what_stands_still_is_a_count() -> None:
    lines = lines_of([held(STILL, LOUD, OUTSIDE)], set(), None, NOW)
    assert kinds(lines) == ["stack", "no-op", "replace", "fold"]
    assert (lines[1].resource, lines[3].number) == (OUTSIDE, 1)


def test_addresses_are_in_the_order_of_their_numbers() -> None:
    many = [make_resource(f"aws_lb.api[{number}]", "create") for number in (10, 2, 1)]
    found = [line.resource.address for line in lines_of([held(*many)], set(), None, NOW) if line.resource is not None]
    assert found == ["aws_lb.api[1]", "aws_lb.api[2]", "aws_lb.api[10]"]


def test_a_stack_in_step_is_one_line_until_it_is_opened() -> None:
    one = held(STILL)
    assert kinds(lines_of([one], set(), None, NOW)) == ["stack"]
    (line,) = lines_of([one], set(), None, NOW)
    assert kinds(lines_of([one], {fold_key(line)}, None, NOW)) == ["stack", "fold"]
    assert kinds(lines_of([one], set(), None, NOW, unfolds=True)) == ["stack", "fold", "no-op"]


def test_errors_and_what_is_wrong_with_the_files_stand_first_and_are_read_only() -> None:
    lines = lines_of([held(LOUD, errors=("Error: quota",), complaint="the plan is cut off")], set(), None, NOW)
    assert kinds(lines) == ["stack", "error", "complaint", "replace"]
    assert [line.is_remark for line in lines] == [False, True, True, False]


def test_a_filter_keeps_the_stacks_and_resources_that_hold_its_words() -> None:
    one, other = held(LOUD, STILL), Held(stack=make_stack("training", NOW, models=(), folder="gcp"))
    assert next(line.key for line in lines_of([one, other], set(), where("serving"), NOW)).endswith("/serving")
    assert kinds(lines_of([one, other], set(), where("worker"), NOW)) == ["stack", "fold", "no-op"]
    assert lines_of([one, other], set(), where("nothing such"), NOW) == []
    assert kinds(lines_of([one, other], set(), where("action:replace"), NOW)) == ["stack", "replace"]
    assert kinds(lines_of([one, other], set(), where("changed:tags and model:churn"), NOW)) == ["stack", "replace"]


@pytest.mark.parametrize(
    ("counts", "status", "said"),
    [
        ({"create": 2, "update": 1, "delete": 1, "replace": 3}, "planned", "+2 ~1 -1 ±3"),
        ({"no-op": 4}, "in step", "nothing"),
        ({"no-op": 4}, "failed", "–"),
        ({}, "in step", "–"),
    ],
)
def test_a_plan_is_counted_and_one_that_failed_says_nothing(counts: dict[str, int], status: str, said: str) -> None:
    assert counts_said(counts, status) == said


def test_code_that_is_newer_than_the_plan_is_pointed_at() -> None:
    facts: dict[str, Any] = {"source": "g", "sha": "4f2c91a0", "parents": (), "author": "bo", "email": "b",
                             "subject": "x", "authored_at": 0}  # fmt: skip
    before, after = Commit(committed_at=NOW - 9 * HOUR, **facts), Commit(committed_at=NOW - HOUR, **facts)
    said = [words(InfraLine(kind="stack", held=held(commit=one), now=NOW), "code") for one in (before, after, None)]
    assert said == ["4f2c91a bo 9 h", "▲ newer 4f2c91a bo 1 h", ""]


@pytest.mark.parametrize("action", ACTIONS)
def test_every_action_has_a_sign_and_says_itself(action: str) -> None:
    resource = make_resource("aws_lb.api", action, changed=("tags",))
    assert sign(action).glyph != ""
    line = InfraLine(kind="resource", held=held(resource), resource=resource, now=NOW)
    text = "".join(piece for piece, _ in across(line, 76, 20) or ())
    assert "aws_lb.api" in text
    assert action in text or action == "no-op"
    assert cells(text) <= 76


def test_what_changes_is_named_and_what_forces_a_replacement_first() -> None:
    assert changes_said(LOUD) == "subnets forces it, tags"
    assert changes_said(OUTSIDE) == "ingress"
    moved = make_resource("a.b", "update", changed=("x",), drift="update", drifted=("y",), moved_from="a.c")
    assert changes_said(moved) == "x; outside: y; moved from a.c"


def test_the_tools_reasons_are_said_in_words_and_unknown_ones_as_they_are() -> None:
    assert why(make_resource("a.b", "delete", reason="delete_because_each_key")) == "for_each has its key no more"
    assert why(make_resource("a.b", "delete", reason="delete_because_of_mars")) == "delete because of mars"


def test_a_diff_says_that_values_are_not_kept_and_tells_outside_changes_apart() -> None:
    both = make_resource("a.b", "update", changed=("x",), drift="update", drifted=("y",))
    found = dict(diff(both))
    assert list(found) == ["changed outside the code: values are not kept", "the plan: update, values are not kept"]
    assert [text for rows in found.values() for text, _ in rows] == ["▲ y", "~ x"]
    assert [row.note for row in resource_rows(both, outside=True)] == ["outside", "▲ y"]
    assert [row.note for row in resource_rows(both, outside=False)] == ["", "~ x"]
    assert list(dict(diff(make_resource("a.b", "create")))) == ["the plan: create"]


def test_the_page_of_a_stack_has_drift_before_the_plan_and_folds_what_stands_still() -> None:
    facts = StackFacts(held=held(LOUD, OUTSIDE, STILL, errors=("Error",)))
    parts = {part.title: part for part in stack_parts(facts, SIGHT, shows_all=False)}
    order = [title for title, part in parts.items() if part.rows]
    assert order[:4] == ["ended with errors", "changed outside the code", "the plan", "unchanged"]
    assert parts["unchanged"].rows[0].note == "1: Enter lists them"
    shown = {part.title: part for part in stack_parts(facts, SIGHT, shows_all=True)}
    assert shown["unchanged"].rows[0].name == "aws_iam_role.worker"


def test_foreign_names_reach_no_terminal_as_they_are() -> None:
    evil = make_resource("a.b\x1b[2J", "update", changed=("t\nags",), type="a\x07")
    text = "".join(piece for line in about_resource(evil, SIGHT) for piece, _ in line)
    assert text.isprintable()
    line = InfraLine(kind="resource", held=held(evil), resource=evil, now=NOW)
    assert "".join(piece for piece, _ in across(line, 76, 20) or ()).isprintable()


def test_a_stack_of_which_nothing_is_known_says_so() -> None:
    bare = Held(stack=Stack(source="t", name="bare"))
    line = InfraLine(kind="stack", held=bare, now=NOW)
    assert (words(line, "status"), words(line, "planned"), words(line, "plan")) == ("◌ unknown", "◌", "–")
    parts = {part.title: part for part in stack_parts(StackFacts(held=bare), SIGHT, shows_all=False)}
    assert parts["the plan"].empty == "no plan was found"


def test_what_moved_or_is_taken_over_is_no_change_and_is_shown() -> None:
    moved, taken = make_resource("a.b", moved_from="a.c"), make_resource("a.d", reason="import")
    lines = lines_of([held(moved, taken, STILL)], set(), None, NOW)
    texts = ["".join(piece for piece, _ in across(line, 100, 20) or ()) for line in lines]
    assert "→ a.b" in texts[1]
    assert texts[1].rstrip().endswith("moved         moved from a.c")
    assert "taken over" in texts[2]
    parts = {part.title: part for part in stack_parts(StackFacts(held=held(moved, STILL)), SIGHT, shows_all=False)}
    assert [row.note for row in parts["the plan"].rows] == ["", "moved from a.c"]


def test_a_plan_that_changes_no_resource_says_what_it_changes() -> None:
    assert counts_said({"no-op": 3}, "planned") == "no resource"
    parts = {part.title: part for part in
             stack_parts(StackFacts(held=held(STILL, status="planned")), SIGHT, shows_all=False)}  # fmt: skip
    assert parts["the plan"].empty == "it would change outputs or addresses only"
