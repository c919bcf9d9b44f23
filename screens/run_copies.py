"""What a row of a run's outline is worth copying for. Pure."""

from __future__ import annotations

from ..app.copies import Copy
from ..app.records import Dataset, Metric, Pipeline, Run
from .run_outline import Row


def copies_of(row: Row, run: Run) -> list[Copy]:
    """What a row is worth copying for: a value, a digest, the address of a file."""
    thing = row.thing
    match row.kind:
        case "metric":
            assert isinstance(thing, Metric)
            return [Copy(f"{row.name}, last value", repr(thing.value))]
        case "param" | "tag":
            assert isinstance(thing, str)
            return [Copy(f"value of {row.name}", thing), Copy("name and value", f"{row.name}={thing}")]
        case "data":
            assert isinstance(thing, Dataset)
            return [Copy("name and digest", f"{thing.name}@{thing.digest}")]
        case "commit":
            return [Copy("commit", row.name)]
        case "pipeline":
            return [Copy("id of the pipeline", row.thing.id)] if isinstance(row.thing, Pipeline) else []
        case "folder" | "file":
            return [Copy("address of the file", f"runs:/{run.id}/{row.name}")]
        case "parent" | "child":
            return [Copy(f"id of the {row.kind}", row.name)]
        case _:
            return []
