"""Where a line of production or an alert comes from: the page of its source that shows it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar
from urllib.parse import quote

from textual.binding import Binding, BindingType

from ..app.records import Alert, MonitorSeries, SourceState
from .frame import FrameScreen
from .links import LinkSheet


def address_of(thing: MonitorSeries | Alert, states: Iterable[SourceState]) -> str | None:
    """The page of Prometheus with its query or the alert; of another source its address, None where it has none."""
    state = next((state for state in states if state.source == thing.source), None)
    if state is None or not state.address.startswith(("http://", "https://")):
        return None
    base = state.address.rstrip("/")
    if state.kind != "prometheus":
        return base
    if isinstance(thing, Alert):
        return f"{base}/alerts?search={quote(thing.name, safe='')}"
    return f"{base}/graph?g0.expr={quote(thing.query, safe='')}&g0.tab=0&g0.range_input=1d"


class ServingKeys(FrameScreen):
    """What every screen of production shares: the address of where its figures come from."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("o", "address", "link", id="serving.link", show=False, tooltip="Show the address of its source"),
    ]

    def watched_here(self) -> MonitorSeries | Alert | None:
        """The series or the alert here."""
        raise NotImplementedError  # abstract: ABCMeta and Textual's metaclass do not go together

    def action_address(self) -> None:
        """Show where it comes from, or say why there is no such place."""
        thing = self.watched_here()
        address = address_of(thing, self.deck.states) if thing is not None else None
        if thing is None:
            self.say("there is nothing here to show the address of", "dim")
        elif address is None:
            self.say("its source is no server: there is no address to open", "dim")
        else:
            kind = "alert" if isinstance(thing, Alert) else "series"
            self.app.push_screen(LinkSheet(kind, address, self.deck.palette))
