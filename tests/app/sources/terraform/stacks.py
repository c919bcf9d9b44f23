"""What the tests of plans, states and logs share."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from quarterdeck.app.records import Stack
from quarterdeck.app.sources.checks.reading import ResultFile
from quarterdeck.app.sources.terraform.part import Part
from quarterdeck.app.sources.terraform.reading import read

PAYLOADS = Path(__file__).parents[3] / "payloads" / "terraform"
CONTRACTS = Path(__file__).parents[4].parent / "shared" / "contracts" / "results" / "terraform"
WRITTEN = 1_795_339_000_000
"""When the files of the tests were written."""


def a_file(data: bytes | str, path: str = "infra/plan.json", at: int = WRITTEN) -> ResultFile:
    return ResultFile(path=path, data=data.encode() if isinstance(data, str) else data, modified_at=at)


def ours(name: str) -> ResultFile:
    return a_file((PAYLOADS / f"terraform-1.15.5.{name}").read_bytes(), name)


def part_of(data: bytes | str) -> Part:
    return read(a_file(data), "serving")


def counts(part: Part) -> dict[str, int]:
    """How many resources each action concerns, and drift; without those that are 0."""
    found = Stack(source="s", name="serving", resources=part.resources).counts()
    return {action: count for action, count in found.items() if count}


VALUES = (
    "before", "after", "after_unknown", "before_sensitive", "after_sensitive", "replace_paths", "importing",
)  # fmt: skip


def entry(address: str, *actions: str, **more: Any) -> dict[str, Any]:
    """An entry of resource_changes; what belongs there goes into its `change`."""
    kind, _, name = address.rpartition(".")
    change = {"actions": list(actions), **{key: more.pop(key) for key in VALUES if key in more}}
    return {"address": address, "mode": "managed", "type": kind, "name": name, "change": change, **more}


def a_plan(*entries: dict[str, Any], **more: Any) -> bytes:
    """A plan as `show -json` writes it."""
    plan = {"format_version": "1.2", "terraform_version": "1.9.0", "resource_changes": list(entries), **more}
    return msgspec.json.encode(plan)
