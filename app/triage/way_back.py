"""To which version one could go back: the one that the plan of a rollback would take, and how it stands."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from typing import Final

from ..promotion import Situation, plan_of, read_situation
from ..promotion.gate import LATE, WORST_FIRST
from ..records import Actor, Millis, MonitorSeries, WayBack
from ..store.model_events import called
from ..store.reading import Reader
from ..store.state import State
from .outlook import Outlook
from .upstream import Moved, moves_of
from .window import DAY, ago

_NOBODY: Final = Actor(name="")
"""Who asks makes no difference to what is shown here, and asking Git for it takes 10 ms."""
_FIGURES: Final = 3


def way_back(
    reader: Reader, state: State, outlook: Outlook, model: str, alias: str, *, now: Millis,
    moves: list[Moved] | None = None,
) -> WayBack | None:  # fmt: skip
    """The last good version of an alias, with its gates as of now; one without a version says why there is none.

    None where no registry has this model. Some 15 ms: it is the plan of `rollback --plan`, as far as the cache knows.
    `moves`: of this alias, where somebody read them already.
    """
    found = read_situation(reader, model, alias, actor=_NOBODY, kind="rollback", state=state)
    if not found.source:
        return None
    version = found.candidate.name
    if not version:
        return WayBack(
            model=model, alias=alias, version="", sentence=f"Nobody knows what was {alias} of {model} before."
        )
    moves = moves_of(reader, state, model, alias) if moves is None else moves
    began, ended = _reign(moves, version)
    return WayBack(
        model=model, alias=alias, version=version, held_for=None if began is None or ended is None else ended - began,
        figures=tuple(_figures(reader, model, version, began, ended)), gates=_gates(found, now),
        sentence=_sentence(found, moves, now),
    )  # fmt: skip


def _gates(found: Situation, now: Millis) -> tuple[tuple[str, int], ...]:
    """How many have which state, what is best first: those of this version, none of the moment."""
    states = Counter(gate.state for gate in plan_of(found, now).gates if gate.family not in LATE)
    return tuple((word, states[word]) for word in reversed(WORST_FIRST) if states[word])


def _sentence(found: Situation, moves: list[Moved], now: Millis) -> str:
    """What is to be known before one goes there."""
    version = called(found.candidate.name)
    if found.candidate.known is None:
        return f"The registry has no {version} any more, as far as is known."
    if trouble := found.trouble(found.source):
        return f"{version} as far as is known: {trouble}"
    last = moves[-1] if moves else None
    if last is not None and last.entry is not None and last.entry.kind == "rollback":
        return f"{found.alias} went back {ago(now - last.at)} already."
    return ""


def _reign(moves: list[Moved], version: str) -> tuple[Millis | None, Millis | None]:
    """The last stretch in which the alias showed this version, as far as both ends are known."""
    ended = next((place for place in range(len(moves) - 1, -1, -1) if moves[place].previous == version), None)
    if ended is None:
        return None, None
    began = next((one.at for one in reversed(moves[:ended]) if one.version == version), None)
    return began, moves[ended].at


def _figures(
    reader: Reader, model: str, version: str, began: Millis | None, ended: Millis | None
) -> Iterator[str]:  # fmt: skip
    """What the lines of this model said when it was in force, those of business first."""
    lines = [one for one in reader.monitors.series() if one.model == model and one.version in ("", version)]
    lines.sort(key=lambda one: (one.kind != "business", one.version == "", one.name, one.key))
    told: dict[str, str] = {}
    for series in lines:
        value = _value(reader, series, began, ended)
        if value is not None and series.name not in told and len(told) < _FIGURES:
            told[series.name] = f"{series.name} {value:.4g}{f' {series.unit}' if series.unit else ''}"
    yield from told.values()


def _value(reader: Reader, series: MonitorSeries, began: Millis | None, ended: Millis | None) -> float | None:
    """The last figure while it was in force; of a line of this very version its newest, where nobody knows when."""
    if ended is None:
        return series.value if series.version and series.value is not None and math.isfinite(series.value) else None
    low = ended - 7 * DAY if began is None else began
    points = reader.monitors.samples(series.key, max(low, ended - 7 * DAY), ended + 1)
    finite = [] if points is None else [value for value in points.shares() if math.isfinite(value)]
    return finite[-1] if finite else None
