"""Data that production uses and that nobody brought a new version of for too long."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from statistics import median_low
from typing import Final, NamedTuple

from ..exact import span
from ..records import Millis, Signal
from ..store.reading import Reader
from ..store.watch_reads import WatchReads
from ..store.watch_rows import HeldVersion
from ..watching import HABIT
from .clocks import Clocks, oldest
from .outlook import Outlook
from .production import Production, endangered, feeding, model_group, refs_to, same_names
from .severity import severity
from .signs import Found, Sign, earliest, ref, written

LOOKED_AT: Final = 21
"""The newest versions by which it is told how often one comes."""
LEAST: Final = 4
"""Versions from which on that is known."""
GRACE: Final = 3_600_000
"""Milliseconds beyond that, as with checks that fall silent."""


class UsedData(NamedTuple):
    """A dataset of production's: its name as the team calls it, and its newest content by MLflow's word."""

    name: str
    called: str
    digest: str
    eaters: tuple[HeldVersion, ...]


def look_at_data(reader: Reader, production: Production, outlook: Outlook, known: Clocks, now: Millis) -> Found:
    """What the cache says of the data of production."""
    reads = WatchReads(reader.connection)
    used = used_data(production, outlook)
    appeared = {
        one.name: reads.appeared(sorted(same_names(outlook.identities, "mlflow", one.called)), LOOKED_AT)
        for one in used
    }
    return data_signs(used, appeared, oldest(known, now), now)


def used_data(production: Production, outlook: Outlook) -> list[UsedData]:
    """The datasets that are used, each once, by name."""
    found: dict[str, UsedData] = {}
    for one in production.held:
        for called, digest in one.data:
            name = outlook.identities.name_of("mlflow", called) or called
            before = found.get(name)
            eaters = (*(before.eaters if before else ()), one)
            found[name] = UsedData(name, called, digest or (before.digest if before else ""), _once(eaters))
    return [found[name] for name in sorted(found)]


def _once(eaters: tuple[HeldVersion, ...]) -> tuple[HeldVersion, ...]:
    return tuple(dict.fromkeys(eaters))


def data_signs(
    used: Sequence[UsedData], appeared: Mapping[str, Mapping[str, Sequence[Millis]]], read_until: Millis, now: Millis
) -> Found:
    """The signals of these. `appeared`: when the newest versions came, by dataset and tool, newest first;
    `read_until`: nobody looked for one after that."""
    rhythms = {one.name: found for one in used if (found := _rhythm(appeared.get(one.name, {}))) is not None}
    late = [one for one in used if one.name in rhythms and rhythms[one.name].late_at < read_until]
    return Found(
        signs=tuple(_stale(one, rhythms[one.name]) for one in late),
        due=earliest((one.late_at + 1 for one in rhythms.values()), now), watched=(("datasets", len(used)),),
    )  # fmt: skip


class _Rhythm(NamedTuple):
    """How often a version comes, when the last one came, and when the next is late."""

    usual: Millis
    newest: Millis
    late_at: Millis


def _rhythm(appeared: Mapping[str, Sequence[Millis]]) -> _Rhythm | None:
    """By what Git says, else by the runs; None where there are too few. Of several that came at once one counts."""
    times = next((own for own in (appeared.get("dvc", ()), appeared.get("mlflow", ())) if len(own) >= LEAST), None)
    if times is None:
        return None
    gaps = [later - earlier for later, earlier in pairwise(times)]
    usual, newest = median_low(gaps), max(own[0] for own in appeared.values())
    # what was waited for twice is a habit, as a week-end is, and not late
    return _Rhythm(usual, newest, newest + max(2 * usual, int(HABIT * sorted(gaps)[-2])) + GRACE)


def _stale(one: UsedData, rhythm: _Rhythm) -> Sign:
    subject = written("dataset", one.called, one.digest) if one.digest else written("alias", *_alias(one))
    signal = Signal(
        kind="data stale", subject=subject, severity=severity("data stale"), since=rhythm.late_at,
        not_before=rhythm.newest,
        title=f"{one.name}  no new version; one comes every {span(rhythm.usual)} as a rule", state="stale",
        reason=f"{feeding(one.eaters)} on it", refs=((ref("dataset", one.called, one.digest),) if one.digest else ())
        + refs_to(one.eaters), **endangered(one.eaters),
    )  # fmt: skip
    return Sign(signal, ("data", one.name), joins=tuple(map(model_group, one.eaters)))


def _alias(one: UsedData) -> tuple[str, str]:
    return one.eaters[0].model, one.eaters[0].alias
