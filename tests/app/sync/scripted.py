"""A source that does what a folder of small files tells it to, for tests in this process and in real syncers."""

from __future__ import annotations

import json
import os
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

from quarterdeck.app.errors import SourceError
from quarterdeck.app.records import (
    Batch,
    Experiment,
    Metric,
    Point,
    Run,
    Series,
    SourceSpec,
    Want,
)

__all__ = ["Scripted", "World"]

STEP = 25
ODD = "https://ann:hunter2@host said something odd"


class World:
    """What the vendor has, and how it is doing: `runs` of them, and a `fault` to raise."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def set(self, **facts: Any) -> None:
        """Change it, atomically."""
        new = self.folder / f"facts.{os.getpid()}"
        new.write_text(json.dumps(self.facts() | facts))
        new.replace(self.folder / "facts")

    def facts(self) -> dict[str, Any]:
        """runs, fault (None or [state, sentence, retry_at] or "bug"), refuse_wants."""
        try:
            return dict(json.loads((self.folder / "facts").read_text()))
        except FileNotFoundError:
            return {"runs": 0, "fault": None}

    def note(self, word: str) -> None:
        """Write down what was asked of the vendor."""
        with (self.folder / "asked").open("a") as file:
            file.write(word + "\n")

    def asked(self) -> list[str]:
        """What was asked, in order."""
        path = self.folder / "asked"
        return path.read_text().splitlines() if path.exists() else []


class Scripted:
    """Yields the runs of a world in batches of 25, each with the cursor behind it."""

    def __init__(self, name: str, world: World) -> None:
        self.name = name
        self.world = world
        self.closed = False
        self.spec = SourceSpec(key=f"key-{name}", kind="scripted", name=name, address=str(world.folder))

    async def poll(self, cursor: Mapping[str, Any]) -> AsyncIterator[Batch]:
        self.world.note("poll")
        facts = self.world.facts()
        at = cursor.get("at", 0)
        while at < facts["runs"]:
            self._fail(facts, at)
            upto = min(at + STEP, facts["runs"])
            yield Batch(
                experiments=(Experiment(source=self.spec.key, id="e", name="exp"),),
                runs=tuple(self.run(number) for number in range(at, upto)),
                cursor={"at": upto},
                done=upto,
                total=facts["runs"],
            )
            at = upto
        self._fail(facts, at)

    async def sweep(self, cursor: Mapping[str, Any]) -> AsyncIterator[Batch]:
        self.world.note("sweep")
        async for batch in self.poll({}):
            yield batch

    async def want(self, want: Want) -> AsyncIterator[Batch]:
        self.world.note(f"want {want.kind} {' '.join(want.run_ids)}")
        self._fail(self.world.facts(), 0)
        for run in want.run_ids:
            for key in want.keys:
                points = (Point(step=0, at=0, value=1.0), Point(step=1, at=1, value=2.0))
                yield Batch(histories=(Series.of(run, key, points),))

    async def close(self) -> None:
        self.closed = True

    def run(self, number: int) -> Run:
        return Run(
            source=self.spec.key,
            id=f"run{number:06}",
            experiment_id="e",
            name=f"run {number}",
            status="finished",
            started_at=number,
            ended_at=number + 1,
            params={f"p{i}": f"{i}-{number % 7}" for i in range(6)},
            metrics={f"m{i}": Metric(value=float(number), step=number) for i in range(4)},
        )

    @staticmethod
    def _fail(facts: Mapping[str, Any], at: int) -> None:
        if at < facts.get("fault_at", 0):
            return
        match facts.get("fault"):
            case "bug":
                raise ValueError(ODD)
            case [state, sentence, retry_at]:
                raise SourceError(sentence, state=state, retry_at=retry_at)
