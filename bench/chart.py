"""Charts: ten curves of 10,000 points on 110x30, and what one more point of a live curve sends to the terminal.

`python -m bench.chart live` is the program on the pseudo-terminal: a chart that gets a point with each key.
"""

from __future__ import annotations

import math
import random
import sqlite3
import statistics
import sys
import time
from array import array
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

from quarterdeck.app import startup  # isort: skip  # before Textual, as in the program: 256 colours

from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType

from quarterdeck.app.records import Series
from quarterdeck.widgets.bundle import Bundle
from quarterdeck.widgets.chart import Chart
from quarterdeck.widgets.curves import Curve
from quarterdeck.widgets.palette import Palette
from quarterdeck.widgets.plot import draw
from quarterdeck.widgets.scene import View

from . import probe, world
from .table import Row, figure, print_table
from .terminal import Terminal

CURVES, POINTS = 10, 10_000
SIZE = (110, 30)
REDRAWS = 30
NEW_POINTS = 120
LOOKS = 8
"""New points that the whole program shows; it looks for them every few seconds."""

LOGGED = 2_000
"""Points that the live curve has when somebody begins to look."""


def series(number: int, points: int = POINTS) -> Series:
    """A loss with noise and spikes, as a training logs it: the same for the same number."""
    draw_from = random.Random(number)
    noise = [draw_from.gauss(0, 0.03) for _ in range(points)]
    values = [
        0.2 + number / 12 + 2.2 * math.exp(-step / 1500) + noise[step] + (1.5 if step % 3333 == 3332 else 0.0)
        for step in range(points)
    ]
    times = array("q", range(1_790_000_000_000, 1_790_000_000_000 + 800 * points, 800))
    return Series(f"run{number}", "loss", array("q", range(points)), times, array("d", values))


def curves() -> list[Curve]:
    """Ten of them."""
    return [Curve(str(number), f"brave-cod-{number}", series(number), number % 8) for number in range(CURVES)]


def milliseconds(act: Callable[[], object], times: int) -> list[float]:
    """CPU time of each call."""
    found = []
    for _ in range(times):
        begun = time.process_time()
        act()
        found.append((time.process_time() - begun) * 1e3)
    return found


def redraws() -> list[Row]:
    """CPU time of the first look and of redraws, down to the strips that Textual sends."""
    held, styles = curves(), Palette().styles
    width, height = SIZE

    def first() -> Bundle:
        bundle = Bundle()
        bundle.show(held)
        return bundle

    def redraw(view: View) -> None:
        picture = draw(bundle.lines, view, width, height)
        for row in range(height):
            picture.grid.strip(row, styles)

    bundle = first()
    whole = View(*bundle.whole())
    smooth, zoomed = replace(whole, smoothing=0.9), replace(whole, start=3000.0, stop=5000.0, zoomed=True)
    redraw(smooth)  # the average is taken once for each weight
    prepared = {"quarterdeck": _spread(milliseconds(first, 5), "ms")}
    rows = [Row("ten curves of 10,000 points, prepared for the first time", "", prepared)]
    for what, view in (("redrawn", whole), ("redrawn, smoothed", smooth), ("redrawn, zoomed into a fifth", zoomed)):
        found = milliseconds(lambda view=view: redraw(view), REDRAWS)  # type: ignore[misc]  # the loop's own value
        rows.append(Row(f"ten curves of 10,000 points, {what}", "30 ms", {"quarterdeck": _spread(found, "ms")}))
    return rows


def _spread(values: Sequence[float], unit: str) -> str:
    found = probe.spread(values)
    return f"{figure(statistics.median(values), unit)} (p95 {figure(found.p95, unit)})"


class Live(App[None]):
    """A chart of one curve; each `p` is a new point, as a running training logs it."""

    AUTO_FOCUS = ""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("p", "point", "A new point")]

    def compose(self) -> ComposeResult:
        yield Chart(Palette(), title="loss")

    def on_mount(self) -> None:
        self._points = LOGGED
        self._whole = series(1)
        self.action_point()
        startup.is_over()

    def action_point(self) -> None:
        """One more."""
        whole, self._points = self._whole, self._points + 1
        columns = (whole.steps[: self._points], whole.times[: self._points], whole.values[: self._points])
        self.query_one(Chart).show([Curve("live", "brave-cod-1", Series("run1", "loss", *columns))])


def live() -> list[Row]:
    """Bytes that a new point sends."""
    with Terminal(sys.executable, "-m", "bench.chart", "live", size=SIZE) as terminal:
        terminal.wait_for("brave-cod-1")
        terminal.settle()
        points = _sent(terminal, ["p"] * NEW_POINTS)
        terminal.press("tab", "left")
        whole = _sent(terminal, ["e"] * 10)
        moves = _sent(terminal, ["left"] * NEW_POINTS)
    return [
        Row("bytes of another scale of a curve of 2,000 points, median", "", {"quarterdeck": whole}),
        Row("bytes a new point of a live curve, median", "", {"quarterdeck": points}),
        Row("bytes a move of the cursor along it, median", "", {"quarterdeck": moves}),
    ]


class Training:
    """The demo's run that goes on: it logs when it is told to, straight into the store that quarterdeck reads."""

    METRIC = "val_auc"

    def __init__(self, store: Path) -> None:
        self._store = sqlite3.connect(store, timeout=30)
        (self.run,) = self._store.execute("SELECT run_uuid FROM runs WHERE status = 'RUNNING'").fetchone()
        self.begun, self._last = self._points()

    def _points(self) -> tuple[int, tuple[float, int, int]]:
        said = "SELECT value, timestamp, step FROM metrics WHERE run_uuid = ? AND key = ? ORDER BY step DESC"
        found = self._store.execute(said, (self.run, self.METRIC)).fetchone()
        return int(found[2]), found

    def log(self, step: int) -> None:
        """One more point."""
        point = (0.82 + 0.001 * (step % 3), int(time.time() * 1000), step)
        with self._store:
            self._store.execute(
                "INSERT INTO metrics (value, timestamp, step, run_uuid, key, is_nan) VALUES (?, ?, ?, ?, ?, 0)",
                (*point, self.run, self.METRIC),
            )
            self._say(point)

    def _say(self, last: tuple[float, int, int]) -> None:
        said = "UPDATE latest_metrics SET value = ?, timestamp = ?, step = ? WHERE run_uuid = ? AND key = ?"
        self._store.execute(said, (*last, self.run, self.METRIC))

    def close(self) -> None:
        """Take back what was logged: the demo is measured again."""
        with self._store:
            said = "DELETE FROM metrics WHERE run_uuid = ? AND key = ? AND step > ?"
            self._store.execute(said, (self.run, self.METRIC, self.begun))
            self._say(self._last)
        self._store.close()


def program() -> list[Row]:
    """Bytes that a new point sends through the whole program: store, syncer, cache, the screen of one curve."""
    demo = world.demo()
    assert demo.cwd is not None
    sent = []
    with (
        closing(Training(demo.cwd / "mlflow.db")) as training,
        Terminal(*demo.argv, cwd=demo.cwd, env=demo.env, size=SIZE) as terminal,
    ):
        terminal.wait_for(demo.shown)
        terminal.watch(2)
        terminal.press("enter")
        terminal.wait_for(training.METRIC)
        terminal.watch(2)
        terminal.press("enter")
        terminal.wait_for(f"@{training.begun}")
        for step in range(training.begun + 1, training.begun + LOOKS + 2):
            before = terminal.received
            training.log(step)
            terminal.wait_for(f"@{step}", deadline=60)
            terminal.settle(0.5)
            sent.append(terminal.received - before)
    found = probe.spread(sent[1:])  # with the first one the axis begins to end ahead
    said = f"{found.median:.0f} (most {found.most:.0f})"
    return [Row("bytes a new point of a live run, on its screen in the program", "", {"quarterdeck": said})]


def _sent(terminal: Terminal, keys: Sequence[str]) -> str:
    sent = probe.spread([answer.bytes for answer in probe.press_all(terminal, keys)])
    return f"{sent.median:.0f} (p95 {sent.p95:.0f}, most {sent.most:.0f})"


def main() -> None:
    """Measure and print the table."""
    width, height = SIZE
    print_table(
        f"CPU time and bytes, charts of {width}x{height} cells.", ["quarterdeck"], [*redraws(), *live(), *program()]
    )


if __name__ == "__main__":
    if sys.argv[1:] == ["live"]:
        Live().run()
    else:
        main()
