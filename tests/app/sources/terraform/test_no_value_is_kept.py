"""Words planted wherever a value can stand: none of them is in any file of ours, and none is printed."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from quarterdeck.app import trust
from quarterdeck.app.sources.terraform.keeping import unpacked

from . import planted
from .stacks import PAYLOADS
from .worlds import ONE, World

FILES = ONE + 'plan = "infra/plan.json"\nstate = "infra/state.json"\nlog = "infra/apply.jsonl"\n'


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Its own folders lie in `tmp_path`, too: all that quarterdeck writes anywhere is below it."""
    return World(tmp_path / "repo")


def quarterdeck(world: World, *words: str) -> str:
    """All that a command says."""
    ended = subprocess.run(
        [sys.executable, "-m", "quarterdeck.app", "--project", str(world.folder), *words],
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    return ended.stdout + ended.stderr


CALLS = (
    ("sync",), ("infra",), ("infra", "--json"), ("infra", "--stacks", "--json"), ("events", "--json"),
    ("status", "--json"), ("doctor",),
)  # fmt: skip
"""Every command that may speak of infrastructure."""


def said(world: World, *calls: tuple[str, ...]) -> str:
    """What they say."""
    return "".join(quarterdeck(world, *words) for words in calls or CALLS)


def kept(world: World) -> dict[str, bytes]:
    """All files that quarterdeck wrote, and what of a cursor is packed, unpacked."""
    names = ("XDG_CACHE_HOME", "XDG_STATE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_RUNTIME_DIR")
    folders = [Path(os.environ[name]) for name in names if name in os.environ]
    files = {str(path): path.read_bytes() for folder in folders for path in folder.rglob("*") if path.is_file()}
    assert any(name.endswith(".db") for name in files)
    with sqlite3.connect(f"file:{world.cache}?mode=ro", uri=True) as connection:
        cursors = [row[0] for row in connection.execute("SELECT cursor FROM source WHERE kind = 'infra'")]
    packed = [text for cursor in cursors for text in strings(json.loads(cursor))]
    parts = [part for part in map(unpacked, packed) if part is not None]
    assert parts, "the cursor has parts"
    return {**files, "unpacked": repr(parts).encode()}


def strings(value: object) -> list[str]:
    if isinstance(value, dict):
        return [text for one in value.values() for text in strings(one)]
    if isinstance(value, list):
        return [text for one in value for text in strings(one)]
    return [value] if isinstance(value, str) and len(value) > 40 else []


def leaks(world: World, words: list[str]) -> dict[str, list[str]]:
    """File -> the words that are in it."""
    found = {name: [word for word in words if word.encode() in data] for name, data in kept(world).items()}
    return {name: inside for name, inside in found.items() if inside}


@pytest.mark.parametrize(("began", "shown"), [("09", "acme_thing.replaced"), ("10", "Wrong password")])
def test_no_planted_word_is_kept_or_printed(world: World, began: str, shown: str) -> None:
    world.settle(FILES + 'models = ["churn"]\n')
    world.write("infra/plan.json", json.dumps(planted.plan()))
    world.write("infra/state.json", json.dumps(planted.state()))
    world.write("infra/apply.jsonl", planted.log(f"2026-11-22T{began}:00:00Z"))
    text = said(world)
    assert shown in text
    assert len(planted.PLACES) > 200
    assert leaks(world, planted.PLACES) == {}
    assert [word for word in planted.PLACES if word in text] == []


def test_no_planted_word_of_a_plan_that_failed_to_be_read_is_kept_or_printed(world: World) -> None:
    world.settle(FILES)
    plan = json.dumps(planted.plan())
    world.write("infra/state.json", json.dumps(planted.state()))
    for broken in (
        plan[:-40],
        plan.replace('"errored": false', '"errored": "sesamevariable"'),
        f"{plan}sesamevariable",
    ):
        world.write("infra/plan.json", broken)
        text = said(world, ("sync",), ("infra", "--json"), ("status", "--json"))
        assert "cannot be read" in text
        assert leaks(world, planted.PLACES) == {}
        assert [word for word in planted.PLACES if word in text] == []


def test_no_planted_word_that_a_command_printed_is_kept_or_printed(world: World) -> None:
    source = world.write("made/plan.json", json.dumps(planted.plan()))
    settings = world.settle(f'{ONE}command = ["sh", "-c", "cat {source}; echo password=sesamevariable >&2; exit 1"]\n')
    trust.record_trust(settings)
    text = quarterdeck(world, "infra", "run", "--json")
    assert "acme" not in text.partition("[\n")[0]
    text = text.partition("[\n")[2] + said(world)  # before the list stands what the command itself wrote to stderr
    assert "acme_thing.replaced" in text
    assert leaks(world, planted.PLACES) == {}
    assert [word for word in planted.PLACES if word in text] == []


def test_nothing_that_a_real_engine_was_given_is_kept_or_printed(world: World) -> None:
    names = ("6-mixed.plan.json", "2-apply.state.json", "8-failed.apply.jsonl")
    plan, state, log = ((PAYLOADS / f"terraform-1.15.5.{name}").read_bytes() for name in names)
    assert b"planted-" in plan
    assert b"planted-" in state
    assert b"planted-" in log
    world.settle(FILES)
    for name, data in (("plan.json", plan), ("state.json", state), ("apply.jsonl", log)):
        world.write(f"infra/{name}", data)
    assert "planted-" not in said(world)
    assert leaks(world, ["planted-"]) == {}
