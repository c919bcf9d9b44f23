"""Where a thing is outside: its address shown in full, as a link that the terminal can follow (OSC 8).

Nothing is started: over SSH a browser would open on the wrong machine, and under tmux nobody knows which is the right.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar
from urllib.parse import quote

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.strip import Strip
from textual.widget import Widget

from ..app.records import Run, SourceState
from ..app.text import cells, shown
from ..widgets.line import Line
from ..widgets.palette import Palette
from .frame import FrameScreen


def run_address(run: Run, states: Iterable[SourceState]) -> str | None:
    """The page of a run in MLflow's own interface; None where its source is no server."""
    address = next((state.address for state in states if state.source == run.source), "")
    if not address.startswith(("http://", "https://")):
        return None
    return f"{address.rstrip('/')}/#/experiments/{quote(run.experiment_id, safe='')}/runs/{quote(run.id, safe='')}"


def artifact_address(run: Run, path: str, states: Iterable[SourceState]) -> str | None:
    """Where an artifact is: its page on the server, else its place below the run's artifacts."""
    if page := run_address(run, states):
        return f"{page}/artifacts/{quote(path)}"
    return f"{run.artifact_uri.rstrip('/')}/{path}" if run.artifact_uri else None


class Address(Widget):
    """An address over as many lines as it takes; each of them is the whole link."""

    DEFAULT_CSS = "Address { height: auto; width: 1fr; }"

    def __init__(self, address: str, palette: Palette) -> None:
        super().__init__()
        self._shown = shown(address)
        self._style = palette.styles["accent"]
        if address.startswith(("http://", "https://", "file://")) and self._shown == address:
            # what would have to be escaped to be shown is no link: a terminal would be sent something else
            self._style += Style(link=address, underline=True)

    def get_content_height(self, container: object, viewport: object, width: int) -> int:
        """Lines that it takes."""
        return max(1, -(-cells(self._shown) // max(1, width - 2)))

    def render_line(self, y: int) -> Strip:
        """A line of it."""
        room = max(1, self.size.width - 2)
        piece = self._shown[y * room : (y + 1) * room]
        blank = self._style.without_color.from_color()
        return Strip([Segment(" ", blank), Segment(piece, self._style)]).adjust_cell_length(self.size.width)


class LinkSheet(ModalScreen[None]):
    """A sheet at the bottom with one address."""

    DEFAULT_CSS = """
    LinkSheet { align: left bottom; background: transparent; }
    LinkSheet > Vertical { height: auto; width: 1fr; background: $background; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,enter,q,o", "leave", "Leave", id="link.leave", show=False),
    ]

    def __init__(self, title: str, address: str, palette: Palette) -> None:
        super().__init__()
        self._title, self._address, self._palette = title, address, palette

    def compose(self) -> ComposeResult:
        """A rule with the title, and the address."""
        with Vertical():
            yield Line(self._palette, fill="─", id="title")
            yield Address(self._address, self._palette)
            yield Line(self._palette, id="keys")

    def on_mount(self) -> None:
        """Write the lines."""
        self.query_one("#title", Line).show([(f" {self._title} ", "bright")])
        follow = "Ctrl or Shift and a click follow it, where the terminal can"
        self.query_one("#keys", Line).show([(" Esc", "accent"), (" leave  ", "dim"), (follow, "dim")])

    def action_leave(self) -> None:
        """Put the sheet away."""
        self.dismiss(None)

    def on_click(self, event: events.Click) -> None:
        """A click above the sheet leaves it."""
        if event.widget is self:
            self.dismiss(None)


def show_link(screen: FrameScreen, run: Run | None) -> None:
    """Show where a run is on its server, or say on the screen why there is no such place."""
    address = run_address(run, screen.deck.states) if run is not None else None
    if run is None:
        screen.say("there is no run here to show the address of", "dim")
    elif address is None:
        screen.say("its source is no server: there is no address to open", "dim")
    else:
        screen.app.push_screen(LinkSheet("run", address, screen.deck.palette))
