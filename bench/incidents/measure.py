"""How well the program names the cause: what `triage` says of a world, held against the truth of its story."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from .clock import MINUTE, Millis
from .site import Kept, kept, listed
from .story import Cause, World

_SLACK = 5 * MINUTE


class Judged(NamedTuple):
    """What came of one world."""

    world: World
    rank: int | None
    """Of the first suspect that is right, from 1; None: none of them is."""
    second: int | None
    """Of two causes at once: of the first that is right of the other one."""
    attention: str
    """The title of the attention that is about the symptom; "" where there is none."""
    suspects: tuple[str, ...]
    needs_both: bool
    """The story has two causes."""
    seconds: float
    """That `quarterdeck triage --json` took, its start included."""

    @property
    def is_first(self) -> bool:
        """The first suspect is a true cause."""
        return self.rank == 1 or self.second == 1

    @property
    def is_among_three(self) -> bool:
        """A true cause is among the first three; of two causes both are."""
        needed = [self.rank, self.second] if self.needs_both else [self.rank]
        return all(rank is not None and rank <= 3 for rank in needed)


def judge(world: World, root: Path) -> Judged:
    """Ask the program about a world that was built below `root`."""
    folder = root / world.name
    told = kept(folder)
    begun = time.perf_counter()
    attentions = listed(folder, told.now, "triage")
    took = time.perf_counter() - begun
    found = about(attentions, told)
    suspects = found["suspects"] if found else []
    return Judged(
        world, _rank(suspects, told.truth.causes), _rank(suspects, told.truth.second), found["title"] if found else "",
        tuple(f"{one['subject']}  {one['title']}" for one in suspects), bool(told.truth.second),
        took,
    )  # fmt: skip


def about(attentions: Sequence[Mapping[str, Any]], told: Kept) -> Mapping[str, Any] | None:
    """The attention that speaks of the symptom: the first whose title or signals hold all the words."""
    return next((one for one in attentions if _speaks(one, told.truth.about)), None)


def _speaks(attention: Mapping[str, Any], words: Iterable[str]) -> bool:
    own = {key: value for key, value in attention.items() if key not in ("suspects", "changes", "way_back")}
    text = json.dumps(own, ensure_ascii=False).lower()
    return all(word.lower() in text for word in words)


def _rank(suspects: Sequence[Mapping[str, Any]], causes: Sequence[Cause]) -> int | None:
    return next((place for place, one in enumerate(suspects, 1) if any(_is(one, cause) for cause in causes)), None)


def _is(suspect: Mapping[str, Any], cause: Cause) -> bool:
    if suspect["subject"] != cause.subject:
        return False
    at, since = _millis(suspect.get("at")), _millis(suspect.get("not_before"))
    if cause.at is None or at is None:
        return True
    return (since or at) - _SLACK <= cause.at <= at + _SLACK


def _millis(text: str | None) -> Millis | None:
    return None if text is None else int(datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() * 1000)


def known_subjects(folder: Path) -> set[str]:
    """Everything that the cache of a world knows by a subject, as events and lists name it."""
    told = kept(folder)
    found: set[str] = set()
    for event in listed(folder, told.now, "events", "--limit", "100000"):
        found |= {ref["subject"] for ref in event["refs"]}
    for words in (("checks",), ("pipelines",), ("models",)):
        found |= {str(one["subject"]) for one in listed(folder, told.now, *words)}
    for model in listed(folder, told.now, "models"):
        found |= {str(one["subject"]) for one in model["versions"]}
    for dataset in listed(folder, told.now, "datasets"):
        found |= {str(one["subject"]) for one in dataset["versions"] if one["subject"]}
    return found
