"""What is known of one version that a run was registered as, beside the run's outline. Pure."""

from __future__ import annotations

from ..app.store.model_events import called
from ..app.store.models import VersionRow
from ..app.text import clip
from ..widgets.figures import age, moment
from ..widgets.status import worded
from .run_details import Lines, Sight, pairs


def registered_lines(row: VersionRow, sight: Sight) -> Lines:
    """What it is, and how to open it."""
    version = row.version
    word, role = worded(version.status)
    at = version.created_at
    facts = [
        ("aliases", ", ".join(row.aliases)),
        ("registered", f"{moment(at, sight.now, sight.zone)} ({age(at, sight.now)})" if at is not None else ""),
        ("by", version.user or ""),
        ("description", version.description),
    ]
    name = clip(f"{version.model} {called(version.version)}", max(8, sight.width - 16))
    known = pairs([(name, text) for name, text in facts if text], sight.width)
    return [[(f" {name}  ", "bright"), (word, role)], [], *known, [], [(" Enter opens it", "dim")]]
