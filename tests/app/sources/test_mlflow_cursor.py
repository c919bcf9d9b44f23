"""A cursor is taken as it was dumped, and begun anew where it means something else."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from quarterdeck.app.sources.mlflow import marks, tables
from quarterdeck.app.sources.mlflow.cursor import CursorMarks

BOTH = pytest.mark.parametrize("kind", [marks.Marks, tables.Marks])


@BOTH
def test_marks_come_back_as_they_were_dumped(kind: type[Any]) -> None:
    made = kind.load({}, ["churn*"])
    made.whole, made.runs = True, 12
    dumped = made.dump()
    assert dumped == msgspec.json.decode(msgspec.json.encode(dumped))
    assert (dumped["version"], dumped["patterns"]) == (CursorMarks.VERSION, ["churn*"])
    assert kind.load(dumped, ["churn*"]) == made


@BOTH
@pytest.mark.parametrize("change", [{"version": 0}, {"version": 99}, {"patterns": ["b"]}, {"whole": "perhaps"}])
def test_marks_that_mean_something_else_are_begun_anew(kind: type[Any], change: dict[str, Any]) -> None:
    made = kind.load({}, ["a"])
    made.whole = True
    assert not kind.load(made.dump() | change, ["a"]).whole
