"""What a run was registered as, on the run's own page. Pure functions."""

from __future__ import annotations

from ..app.store.model_events import called
from ..app.store.models import VersionRow
from ..app.text import clip, fit, pad
from ..widgets.figures import age
from ..widgets.line import Piece
from ..widgets.status import worded


def registered_pieces(row: VersionRow, width: int, now: int) -> list[Piece]:
    """What a run was registered as: `churn v14   ● ready   9 h   champion`."""
    version = row.version
    word, role = worded(version.status)
    name = clip(f"{version.model} {called(version.version)}", max(14, min(34, width - 32)))
    aliases = ", ".join(clip(alias, 16) for alias in row.aliases)
    room = max(14, min(34, width - 32))
    return [
        (pad(name, room), "text"),
        (f"  {pad(word, 11)}", role),
        (f"{age(version.created_at, now):>6}", "dim"),
        (f"   {fit(aliases, max(0, width - room - 22))}" if aliases else "", "accent"),
    ]
