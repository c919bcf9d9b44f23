"""A real engine plans, applies and finds drift; what it leaves goes through the cache to `infra --json`.

Needs `.venvs/terraform`; `make test-tools` makes it.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.servers.terraform import Terraform

from .worlds import World

pytestmark = pytest.mark.tools

CODE = """
variable "password" {
  default   = "planted-password"
  sensitive = true
}
resource "notes_file" "model" {
  for_each = toset(["eu", "us", "asia"])
  path     = "${each.key}.txt"
  content  = "planted-image-1"
  token    = var.password
}
resource "notes_file" "old" {
  path    = "old.txt"
  content = "planted-old"
}
"""
NEXT = CODE.partition('resource "notes_file" "old"')[0].replace("image-1", "image-2")


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = World(tmp_path / "repo")
    world.settle(
        '[[infra]]\nkind = "terraform"\nstack = "serving"\nplan = "infra/plan.json"\nstate = "infra/state.json"\n'
        'log = "infra/apply.jsonl"\nmodels = ["churn"]\n'
    )
    (world.folder / "infra").mkdir()
    return world


@pytest.fixture
def engine(world: World, tmp_path: Path) -> Terraform:
    engine = Terraform(world.folder / "infra", tmp_path / "place")
    engine.write(CODE)
    engine.init()
    return engine


def quarterdeck(world: World, *words: str) -> str:
    ended = subprocess.run(
        [sys.executable, "-m", "quarterdeck.app", "--project", str(world.folder), *words],
        capture_output=True, text=True, check=True, timeout=120,
    )  # fmt: skip
    return ended.stdout


def committed(world: World, message: str) -> str:
    """All that there is, committed; gives the commit."""
    author = ("-c", "user.name=ann", "-c", "user.email=ann@example.com")
    subprocess.run(["git", "-C", str(world.folder), "add", "infra/main.tf"], check=True)
    subprocess.run(["git", "-C", str(world.folder), *author, "commit", "--quiet", "-m", message], check=True)
    said = subprocess.run(
        ["git", "-C", str(world.folder), "rev-parse", "HEAD"], check=True, capture_output=True, text=True
    )
    return said.stdout.strip()


def listed(world: World) -> list[dict[str, Any]]:
    """`infra --json` after a sync; nothing that was planted is in it."""
    quarterdeck(world, "sync")
    text = quarterdeck(world, "infra", "--json")
    assert "planted" not in text
    found: list[dict[str, Any]] = json.loads(text)
    return found


def counted(found: list[dict[str, Any]]) -> dict[str, int]:
    counts = Counter(one["action"] for one in found) + Counter("drift" for one in found if one["drift"])
    return dict(counts)


def stands(world: World) -> str:
    (stack,) = json.loads(quarterdeck(world, "infra", "--stacks", "--json"))
    return str(stack["status"])


def test_from_the_first_plan_to_drift_and_its_repair(world: World, engine: Terraform) -> None:
    first = committed(world, "Serve from three places")
    world.write("infra/plan.json", engine.plan()[0])
    assert counted(listed(world)) == {"create": 4}
    assert stands(world) == "planned"

    world.write("infra/apply.jsonl", engine.apply("tfplan"))
    world.write("infra/state.json", engine.state())
    found = listed(world)
    assert counted(found) == {"no-op": 4}
    assert {one["commit"] for one in found} == {first}
    assert {one["provider"] for one in found} == {"registry.terraform.io/acme/notes"}
    assert stands(world) == "applied"

    (engine.folder / "eu.txt").write_text("planted-by-hand")
    (engine.folder / "us.txt").unlink()
    engine.write(NEXT)
    second = committed(world, "Serve the next image")
    plan, log = engine.plan()
    world.write("infra/plan.json", plan)
    found = listed(world)
    assert counted(found) == {"update": 2, "create": 1, "delete": 1, "drift": 2}
    assert {one["address"]: (one["action"], one["drift"], one["changed"]) for one in found} == {
        'notes_file.model["asia"]': ("update", "", ["content"]),
        'notes_file.model["eu"]': ("update", "update", ["content"]),
        'notes_file.model["us"]': ("create", "delete", []),
        "notes_file.old": ("delete", "", []),
    }
    assert {one["commit"] for one in found} == {second}
    assert stands(world) == "drifted"

    world.write("infra/plan.json", log)  # the log of the same plan says the same
    assert counted(listed(world)) == {"update": 2, "create": 1, "delete": 1, "drift": 2}

    world.write("infra/apply.jsonl", engine.apply())
    world.write("infra/state.json", engine.state())
    assert counted(listed(world)) == {"no-op": 3}
    world.write("infra/plan.json", engine.plan()[0])
    assert counted(listed(world)) == {"no-op": 3}
    assert stands(world) == "in step"
    events = json.loads(quarterdeck(world, "events", "--json"))
    assert {one["kind"] for one in events} >= {"infrastructure changed", "infrastructure drifted"}


def test_an_apply_that_fails_says_why_and_nothing_of_what_it_was_given(world: World, engine: Terraform) -> None:
    committed(world, "Serve from three places")
    engine.write(CODE + 'resource "notes_file" "bad" {\n  path = "no/folder.txt"\n  content = "planted-bad"\n}\n')
    world.write("infra/apply.jsonl", engine.apply(status=1))
    assert "notes_file.bad" in {one["address"] for one in listed(world)}
    (stack,) = json.loads(quarterdeck(world, "infra", "--stacks", "--json"))
    assert (stack["status"], stack["errors"]) == ("failed", ["notes_file.bad: The folder is not there"])


def test_a_plan_that_was_refused_by_its_own_conditions_has_failed(world: World, engine: Terraform) -> None:
    condition = 'condition = length(var.password) > 99\n      error_message = "planted-condition"'
    guarded = f"  lifecycle {{\n    precondition {{\n      {condition}\n    }}\n  }}\n}}\n"
    engine.write(CODE.removesuffix("}\n") + guarded)
    _, log = engine.plan(status=1)
    world.write("infra/plan.json", engine.run("show", "-json", "tfplan"))
    world.write("infra/apply.jsonl", log)
    listed(world)
    (stack,) = json.loads(quarterdeck(world, "infra", "--stacks", "--json"))
    assert (stack["status"], stack["errors"]) == ("failed", ["Resource precondition failed"])
