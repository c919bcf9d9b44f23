"""Where what stands on the Watch is shown: an attention, a source, the project."""

from __future__ import annotations

from ..app.errors import UsageError
from ..app.records import Subject
from ..app.triage.sight import kept_sight
from .attention import AttentionScreen, ChangesScreen
from .deck import Deck
from .frame import FrameScreen
from .sources import SourcesScreen
from .watch import WatchScreen


def screens_at(deck: Deck, subject: Subject) -> list[FrameScreen]:
    """The screen for `attention/ID`, `source/KEY` or `project/NAME`. Raises UsageError.

    An attention that the syncer saw last opens with what is known of it; another is looked for on a thread.
    """
    native = subject.parts[0]
    if subject.kind == "source":
        if native != "all" and all(native not in (one.source, one.name) for one in deck.states):
            raise UsageError(f"{subject}: the settings name no such source; :sources lists them")
        return [SourcesScreen(deck)]
    if subject.kind == "project":
        if native != deck.project:
            raise UsageError(f"{subject}: here is {deck.project}; `quarterdeck -p NAME` opens another project")
        return [WatchScreen(deck)]
    kept = kept_sight(deck.state)
    found = next((one for one in (kept[1].attentions if kept else ()) if one.id == native), None)
    if kept is None or found is None:
        return [ChangesScreen(deck, subject)]
    return [AttentionScreen(deck, found, kept[2].get(native))]
