"""What is known of one symptom while its cause is looked for: whom to ask, the versions before and after, the path."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property
from itertools import islice
from math import isfinite
from typing import Final

from msgspec.structs import replace

from ..errors import UsageError
from ..lineage import By, trace
from ..records import Check, Commit, Event, Millis, Stack, Subject, parse_subject
from ..store.cause_reads import CauseReads
from ..store.checks import CheckRow
from ..store.model_events import called
from ..store.models import VersionRow
from ..store.reading import Reader
from ..store.state import State
from .candidates import LINKS, Carrier, stem, written
from .causes import Cause, cause_of_path, is_code
from .outlook import Outlook
from .upstream import Made, Moved, Part, called_everywhere, data_below, in_force, made, moves_of, weaker
from .window import DAY, SKEW, Symptom, longest_good

OLDEST: Final[Millis] = 60 * DAY
"""So far back at most the last good version is looked for."""

_OF_PRODUCTION: Final = ("business", "operational", "alias", "any")
_IN_PRODUCTION: Final = ("model", "alias", "series", "alert")
_LOOKED_AT: Final = 200
"""Commits among which the last of a kind is looked for."""
_POINTS: Final = 1_000
"""Points of a line by which it is told how long it was good."""
_EVENTS: Final = 200
"""Events of infrastructure that are looked at."""


class Case:
    """One search for a cause. Everything is read when it is asked for first, and once."""

    def __init__(self, reader: Reader, state: State, outlook: Outlook, symptom: Symptom, now: Millis) -> None:
        self.reader = reader
        self.state = state
        self.outlook = outlook
        kind = parse_subject(symptom.subject).kind
        is_production = kind == "series" or (symptom.family in _OF_PRODUCTION and kind in _IN_PRODUCTION)
        # a signal also names the model that it endangers, and that one is not what broke
        self.symptom = symptom if is_production else replace(symptom, model="", version="", alias="")
        self.now = now
        self.reads = CauseReads(reader.connection)
        self._commits: dict[str, Commit | None] = {}
        self._good_for: dict[Millis, Millis] = {}
        self._paths: dict[str, tuple[str, ...]] = {}
        self._last: dict[tuple[Cause, Millis, Millis], Commit | None] = {}

    @cached_property
    def subject(self) -> Subject:
        """What it is about."""
        return parse_subject(self.symptom.subject)

    # -- production ---------------------------------------------------------------------------------------------

    @cached_property
    def alias(self) -> str:
        """The alias by which the model is in production; "" where nobody says one."""
        if self.symptom.alias or not self.symptom.model:
            return self.symptom.alias
        row = self.reader.models.model(self.symptom.model)
        aliases = row.model.aliases if row is not None else {}
        return next((alias for alias in self.outlook.aliases if alias in aliases), "")

    @cached_property
    def moves(self) -> list[Moved]:
        """The moves of that alias, oldest first."""
        if not self.alias:
            return []
        return moves_of(self.reader, self.state, self.symptom.model, self.alias)

    @cached_property
    def moved(self) -> Moved | None:
        """The move that put the version in force that became bad."""
        if self.symptom.version:
            before = [one for one in self.moves if (one.not_before or one.at) <= self.symptom.until]
            return next((one for one in reversed(before) if one.version == self.symptom.version), None)
        return in_force(self.moves, self.symptom.until)

    @cached_property
    def bad(self) -> Made | None:
        """The version in force when it became bad."""
        shown = self.symptom.version or (self.moved.version if self.moved is not None else "") or self._shown()
        return self._made(shown)

    @property
    def bad_at(self) -> Millis:
        """When that version was made; 0 where nobody knows one."""
        return 0 if self.bad is None else self.bad.at

    def _shown(self) -> str:
        """What the alias shows now, where nobody saw it move; without an alias the newest version there was."""
        row = self.reader.models.model(self.symptom.model) if self.symptom.model else None
        if row is None:
            return ""
        if self.alias:
            return row.model.aliases.get(self.alias, "")
        return next((one for one, at in self._registered(row.rowid) if at <= self.symptom.until), "")

    def _registered(self, model: int) -> Iterator[tuple[str, Millis]]:
        """Versions of a model and when they were registered, newest first."""
        ids = self.reader.models.version_ids(model)[:50]
        for row in self.reader.models.versions(ids):
            yield row.version.version, row.version.created_at or 0

    def newer(self, row: VersionRow, at: Millis) -> str:
        """A higher version that was registered before a time; "" where there is none."""
        return next((one for one, born in self._registered(row.model_rowid) if _above(one, row) and born < at), "")

    @cached_property
    def good(self) -> Made | None:
        """The version in force before that one; where nobody saw an alias move, the one that was registered before."""
        if self.moved is not None:
            then = in_force(self.moves, self.symptom.since)
            was_other = then is not None and then is not self.moved and then.version not in ("", self.moved.version)
            return self._made(then.version if then is not None and was_other else self.moved.previous)
        if self.bad is None:
            return None
        born = self.bad.row.version.created_at or 0
        older = (one for one, at in self._registered(self.bad.row.model_rowid) if at < born)
        return self._made(next(older, ""))

    def _made(self, version: str) -> Made | None:
        if not version:
            return None
        return made(self.reader, self.outlook.identities, self.symptom.model, version, self.now)

    @cached_property
    def arrived(self) -> tuple[Millis | None, Millis] | None:
        """When the version that became bad came into force; where nobody saw that, when it was registered."""
        if self.moved is not None:
            return self.moved.not_before, self.moved.at
        at = self.bad.row.version.created_at if self.bad is not None and self.good is not None else None
        return None if at is None or at > self.symptom.until else (None, at)

    @cached_property
    def is_return(self) -> bool:
        """The version that became bad is older than the one before: what it was made of is no change."""
        return self.good is not None and self.bad is not None and self.bad.at < self.good.at

    @cached_property
    def carries(self) -> bool:
        """Whether what differs between the two versions came into force with a move that matters here."""
        return (
            self.good is not None
            and self.bad is not None
            and self.arrived is not None
            and not self.is_return
            and self.arrived[1] > self.symptom.until - OLDEST
        )

    @cached_property
    def carrier(self) -> Carrier | None:
        """The version that became bad, as what brought along all that it was made of."""
        if not self.carries or self.bad is None or self.arrived is None:
            return None
        row = self.bad.row.version
        subject = written("alias", row.model, self.alias) if self.alias else written("model", row.model, row.version)
        return Carrier(
            title=called(row.version), subject=subject, at=self.arrived[1], not_before=self.arrived[0]
        )  # fmt: skip

    # -- data on the path ---------------------------------------------------------------------------------------

    @cached_property
    def parts(self) -> tuple[Part, ...]:
        """All versions of data on the path: of both versions, else of what it is about itself."""
        found = [part for one in (self.bad, self.good) if one is not None for part in one.parts]
        return tuple(found) or tuple(self._own_parts())

    def _own_parts(self) -> Iterator[Part]:
        if self.subject.kind in ("commit", "experiment"):
            return  # they were made of no data, and to say so takes a look at all of their runs
        try:
            found = trace(self.reader, self.subject, self.outlook.identities, now=self.now, state=self.state)
        except UsageError:
            return
        for top in () if found is None else (found.root, *found.upstream):
            yield from data_below(top, self.outlook.identities, "id", "", "")

    @cached_property
    def datasets(self) -> dict[str, By]:
        """Names of the data on the path, each by its surest link."""
        found: dict[str, By] = {}
        for part in self.parts:
            if not is_code(part.called):
                found[part.name] = part.by if part.name not in found else min(found[part.name], part.by, key=_rank)
        for name in self._named():
            found.setdefault(name, "id")
        return found

    def _named(self) -> Iterator[str]:
        """Data that it is about by itself: of a check what it checks, of a dataset this one, what a job names."""
        if self.check is not None and self.check.dataset:
            yield self.outlook.identities.name_of(self.check.tool, self.check.dataset) or self.check.dataset
        if self.symptom.words:
            words = set(re.split(r"[^0-9a-z]+", self.symptom.words.casefold()))
            rows = self.reader.datasets.names(self.outlook.identities)
            yield from (row.name for row in rows if len(stem(row.name)) > 2 and stem(row.name) in words)
        if self.subject.kind == "dataset":
            known = (self.outlook.identities.name_of(tool, self.subject.parts[0]) for tool in ("mlflow", "dvc"))
            yield next((name for name in known if name), self.subject.parts[0])

    @cached_property
    def called(self) -> dict[str, tuple[str, ...]]:
        """What all tools call each of them."""
        found = called_everywhere(self.outlook.identities, self.datasets)
        own: dict[str, list[str]] = {}
        for part in self.parts:
            own.setdefault(part.name, []).append(part.called)
        return {name: tuple(dict.fromkeys((*words, *own.get(name, ())))) for name, words in found.items()}

    def all_called(self) -> list[str]:
        """All these names, each once."""
        return list(dict.fromkeys(name for names in self.called.values() for name in names))

    @cached_property
    def scripts(self) -> dict[str, By]:
        """Files of code that stages read which made data on the path."""
        return {part.called: weaker(part.by, "digest") for part in self.parts if is_code(part.called)}

    # -- commits ------------------------------------------------------------------------------------------------

    def commit(self, sha: str) -> Commit | None:
        """A commit, read once."""
        if sha not in self._commits:
            self._commits[sha] = self.reader.commit(sha)
        return self._commits[sha]

    def paths(self, sha: str) -> tuple[str, ...]:
        """The files that a commit touched, read once."""
        if sha not in self._paths:
            self._paths[sha] = self.reads.paths_of([sha]).get(sha, ())
        return self._paths[sha]

    def last_commit(self, cause: Cause, since: Millis, until: Millis) -> Commit | None:
        """The last commit of a window that touched files of this kind; a look of 5 ms, made once."""
        key = (cause, since, until)
        if key not in self._last:
            commits = self.reads.commits(since, until, _LOOKED_AT)
            paths = self.reads.paths_of(one.sha for one in commits)
            found = (one for one in commits if any(cause_of_path(path) == cause for path in paths.get(one.sha, ())))
            self._last[key] = next(found, None)
        return self._last[key]

    # -- others -------------------------------------------------------------------------------------------------

    @cached_property
    def check(self) -> Check | None:
        """The check that it is about."""
        if self.subject.kind not in ("check", "result"):
            return None
        row = self.check_of(self.subject.parts[0].partition(".")[0])
        return None if row is None else row.check

    def check_of(self, native: str) -> CheckRow | None:
        """A check by its id."""
        rowid = self.reader.checks.find(native)
        return None if rowid is None else next(iter(self.reader.checks.rows([rowid])), None)

    @cached_property
    def in_force_at(self) -> Millis:
        """Since when the version that became bad is known to have been in force; where nobody saw it come, since
        somebody first looked, and never before that."""
        if self.moved is not None:
            return self.moved.at
        seen = self.state.alias_moves(self.symptom.model, self.alias) if self.alias else []
        shown = [one.at for one in seen if self.bad is not None and one.version == self.bad.version]
        return min(shown, default=self.now)

    def good_for(self, at: Millis) -> Millis:
        """For how long it was seen to be good with what came into force then: the points that speak of predictions
        made since, up to the last good one. Where no line tells, all of that time, for nothing was wrong."""
        if at not in self._good_for:
            began, ended = at + self.symptom.delay, self.symptom.since + self.symptom.delay
            self._good_for[at] = self._good_between(began, ended)
        return self._good_for[at]

    def _good_between(self, began: Millis, ended: Millis) -> Millis:
        key, step = self.symptom.series, self.symptom.step
        if not key or began >= ended:
            return max(ended - began, 0)
        points = self.reader.monitors.thinned(key, began, ended + 1, _POINTS)
        times = [time for time, share in zip(points.times, points.shares(), strict=True) if isfinite(share)]
        # the first point speaks of the time from the beginning on
        return longest_good((began, *times), self.reader.monitors.stretches(key, began, ended), step)

    @cached_property
    def provenance_since(self) -> Millis:
        """From when on what is upstream counts: since the last good version was made, and not before the window."""
        reach = self.symptom.reach
        if not self.carries or self.good is None:
            return reach
        return max(min(reach, self.good.at), self.symptom.until - OLDEST)

    @cached_property
    def infra_events(self) -> list[Event]:
        """What became of infrastructure in the window and before it, newest first; what was seen later too, where it
        may have been so before."""
        kinds, end = ("infrastructure changed", "infrastructure drifted"), self.symptom.until + SKEW
        found = (one.event for one in self.state.walk_events(self.symptom.reach, max(self.now, end), kinds))
        began = (one for one in found if (one.at if one.not_before is None else one.not_before) < end)
        return list(islice(began, _EVENTS))

    @cached_property
    def stacks(self) -> dict[str, Stack]:
        """All stacks by name, without their resources."""
        return {stack.name: stack for stack in self.reader.infra.stacks()}

    @cached_property
    def other_models(self) -> frozenset[str]:
        """Names of registered models that this is not about."""
        return frozenset(row.model.name for row in self.reader.models.models()) - {self.symptom.model}


def _above(version: str, row: VersionRow) -> bool:
    own = row.version.version
    return version.isdigit() and own.isdigit() and int(version) > int(own)


def _rank(by: By) -> int:
    return list(LINKS).index(by)
