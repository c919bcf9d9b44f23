"""What every screen is given: the cache to read, the clock, the colours, and whom to ask for more."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from typing import TYPE_CHECKING, Any, Protocol

from ..app.records import Gap, Identities, SourceState, Want
from ..app.store.reading import Reader
from ..app.store.state import State
from ..widgets.line import Piece
from ..widgets.palette import Palette
from .acting import Acts, Following
from .watched import Watched

if TYPE_CHECKING:
    from ..app.deciding import Deciding
    from ..app.noting import Noting
    from ..app.registering import Registering
    from ..app.triage.outlook import Outlook
    from .roots import Roots


def _outlook() -> Outlook:
    from ..app.triage.outlook import Outlook  # with what it brings, when a deck without settings is made

    return Outlook()


class Tables(Protocol):
    """Where the settings of tables are kept between sessions: columns, sort, filter, by a table's name."""

    def get_table(self, name: str) -> Mapping[str, Any] | None:
        """What was kept under this name, None when nothing was."""

    def save_table(self, name: str, settings: Mapping[str, Any]) -> None:
        """Keep this under the name."""

    def tables(self, prefix: str = "") -> list[str]:
        """The names under which something is kept, of those that begin so."""


@dataclass(slots=True, kw_only=True)
class Deck:
    """The deck that the screens stand on."""

    project: str
    environment: str
    reader: Reader
    """The reader of the interface's own thread: windows by ids, a millisecond each."""
    open_reader: Callable[[], Reader]
    """Another reader, for a thread."""
    tables: Tables
    state: State
    """What nobody can give again: where aliases were, and the ledger of a project without a remote. This thread's."""
    palette: Palette
    now: Callable[[], int]
    """UTC milliseconds."""
    ask: Callable[[Want], None]
    """Ask the syncer for something that is looked at; returns at once."""
    sync_now: Callable[[], None]
    """Ask the syncer for a pass; returns at once."""
    zone: tzinfo = UTC
    zone_name: str = "UTC"
    read_only: bool = False
    better: Mapping[str, bool] = field(default_factory=dict)
    """Metrics with a declared direction: whether greater is better."""
    identities: Identities = field(default_factory=Identities)
    """Which names of several tools are one dataset, as the settings declare it."""
    outlook: Outlook = field(default_factory=_outlook)
    """What of the settings says what matters: which aliases are production, which stacks serve which models."""
    states: list[SourceState] = field(default_factory=list)
    """How the sources are doing, as last read."""
    opens_on: str = "runs"
    """The tab that is opened first."""
    local_only: bool = False
    """The clone has no remote: nothing that others did is seen."""
    areas: Mapping[str, str] = field(default_factory=dict)
    """Which main screens have something that needs attention, and the status of the worst of it."""
    gaps: list[Gap] = field(default_factory=list)
    """Stretches of the last hours in which nobody synced, newest first."""
    found: tuple[str, ...] = ()
    """What was found, where there is no settings file."""
    notify: tuple[str, ...] = ("bell", "terminal")
    """How a notice of a watched run is told beside the screen."""
    acts: Acts | None = None
    """Where changes to the outside world are asked for; None: nothing can be changed from here."""
    deciding: Callable[[], Deciding] | None = None
    """Opens what makes plans of promotions and has them carried out; None: no promotion can be planned here."""
    registering: Callable[[], Registering] | None = None
    """Opens what has runs registered, and models tagged and described; None: nothing of it can be asked for here."""
    noting: Callable[[], Noting] | None = None
    """Opens what writes notes, acknowledgements and hand-overs down and has them shared; None: nothing is written."""
    roots: Roots | None = None
    """The main screens, and from which of them one came; None where there is one screen only."""
    following: Following | None = None
    """Who tells how far the acts are ..."""
    acting: tuple[Piece, ...] = ()
    """... and what it says on the lower rule of every screen."""
    watched: Watched = field(init=False)

    def __post_init__(self) -> None:
        self.watched = Watched(self.tables)

    def state_of(self, kind: str) -> SourceState | None:
        """The first source of a kind."""
        return next((state for state in self.states if state.kind == kind), None)
