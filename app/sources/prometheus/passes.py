"""The passes over a Prometheus: alerts, then the queries that wait longest, each from its last point on.

A pass costs at most five requests: the alerts of now and four for queries (an objective takes two). What is new in the
settings, and the first sync, cost more: two requests a query, or four.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from functools import partial
from typing import Final

from ...errors import IncompleteError
from ...records import Alert, Batch, Millis, MonitorSeries, SourceSpec, Want
from ...settings.sections import Series
from .. import Cursor
from ..monitored import KEPT
from . import parse, standing
from .client import PrometheusApi, QueryError, Span
from .marks import MOST_POINTS, Marks, chunks, stretches
from .queries import Query, Reading

_A_PASS: Final = 4
"""Requests of a pass beside that for the alerts of now."""
_MOST_ALERTS: Final = 2_000
"""Alerts of now that are kept, and sets of labels of past ones that are looked at."""
_PAUSE: Final[Millis] = 5 * 60_000
"""After so long without a look, alerts may have come and gone in between: they are looked for."""
_ALERT_STEP: Final[Millis] = 60_000
_CLOCKS: Final[Millis] = 5_000
"""A server's answers tell its clock in whole seconds: one that began so shortly before the last look began after it."""
_LOOK_BACK: Final[Millis] = 15 * 60_000
"""What somebody who looks at a series is given of it where there is nothing new."""
_FIRING: Final = f'ALERTS{{{parse.STATE}="firing"}}'
_TOLD: Final = 3
"""Troubles that a sentence tells; the others are counted."""


class PrometheusSource:
    """One server. `sections` are the series of the settings; `step` is how far apart their points are."""

    def __init__(self, spec: SourceSpec, api: PrometheusApi, sections: Sequence[Series], step: Millis) -> None:
        self.spec = spec
        self._api = api
        self._sections = tuple(sections)
        self._step = step
        self._queries = [Query(spec.key, api, section, step) for section in sections]
        self._model_labels = tuple(dict.fromkeys([*(one.model_label for one in sections if one.model_label), "model"]))
        self._marks = Marks(version=Marks.VERSION)
        """As the last pass left them: whoever looks at a series is given what came since."""
        self._trouble = ""
        """What is wrong with the alerts, as a sentence."""

    def server_now(self) -> Millis:
        """The server's clock as far as it is known."""
        return self._api.server_now()

    async def close(self) -> None:
        """Let go of the connections."""
        await self._api.close()

    async def poll(self, cursor: Cursor) -> AsyncIterator[Batch]:
        """One pass; with an empty cursor, or one that stopped half-way, the first sync as well."""
        marks = self._marks = Marks.load(cursor)
        async for batch in self._pass(marks):
            yield batch
        self._complain(marks)

    async def sweep(self, cursor: Cursor) -> AsyncIterator[Batch]:
        """A pass, and then all that was ever asked for once more: points may have come late, or been filled in."""
        marks = self._marks = Marks.load(cursor)
        async for batch in self._pass(marks):
            yield batch
        asked = [
            (query, chunk)
            for query in self._queries
            for span in marks.queries[query.name].spans
            for chunk in chunks(span)
        ]
        for done, (query, chunk) in enumerate(asked, 1):
            read = await self._tried(query, chunk, marks)
            yield Batch(
                series=read.series, samples=read.samples, cursor=marks.dump(), done=done, total=len(asked)
            )  # fmt: skip
        self._complain(marks)

    async def want(self, want: Want) -> AsyncIterator[Batch]:
        """Series that somebody looks at, from their last point to now. Raises SourceError."""
        wanted = set(want.keys) if want.kind == "series" else set()
        for query in self._queries:
            known = self._marks.queries.get(query.name)
            if known is None or wanted.isdisjoint(query.series_of(line, 0).key for line in known.lines):
                continue
            now = self.server_now()
            for span in known.due(now, self._step)[-1:] or stretches(now - _LOOK_BACK, now, self._step):
                read = await query.read(span, known)
                yield Batch(series=read.series, samples=read.samples)

    async def complaints(self) -> list[tuple[str, bool]]:
        """What the server refuses of the settings' queries (True), or finds nothing for (False), as sentences."""
        return [complaint for query in self._queries for complaint in await query.complaints()]

    async def _pass(self, marks: Marks) -> AsyncIterator[Batch]:
        batch, spent = await self._alerts(marks)
        yield batch
        left = _A_PASS - spent
        for query in sorted(self._queries, key=lambda one: marks.queries[one.name].asked_at):
            known = marks.queries[query.name]
            cost = 0 if known.asked_at == 0 else query.cost
            for span in known.due(self.server_now(), self._step):
                if left < cost:
                    break
                left -= cost
                read = await self._tried(query, span, marks, is_new=True)
                yield Batch(series=read.series, samples=read.samples, cursor=marks.dump())
                if read.is_refused:
                    break
        yield Batch(cursor=marks.dump())

    async def _tried(self, query: Query, span: Span, marks: Marks, *, is_new: bool = False) -> Reading:
        """A stretch of a query. What is wrong with the query alone is noted in the marks, and not raised."""
        known = marks.queries[query.name]
        try:
            read = await query.read(span, known)
        except QueryError as error:
            read = Reading(note=str(error), state=error.state, is_refused=True)
        known.trouble, known.state = (f"{query.named}: {read.note}.", read.state) if read.note else ("", "")
        if is_new and not read.is_refused:
            known.advance(span)
        now = self.server_now()
        if read.is_refused or not known.due(now, self._step):
            known.asked_at = now
        return read

    async def _alerts(self, marks: Marks) -> tuple[Batch, int]:
        """The alerts of now and those that came and went since, and how many requests those took."""
        raws = await self._api.alerts()
        now, self._trouble = self.server_now(), ""
        is_less = marks.meet(self._sections, self._step, now)
        before = marks.alerts_upto
        past, spent = await self._past(marks, now)
        alerts = self._alerts_of(raws, now)
        ended, more = await self._ended(standing.moved(alerts, marks.standing), before or now, now)
        alerts, marks.standing = standing.continued(alerts, marks.standing, ended)
        series = self._known_series(marks) if is_less else ()
        batch = Batch(
            alerts=alerts, past_alerts=past, series=series, series_complete=is_less,
            cursor=marks.dump(),
        )  # fmt: skip
        return batch, spent + more

    async def _ended(self, moved: Sequence[Alert], before: Millis, now: Millis) -> tuple[set[str], int]:
        """Of alerts whose time has moved since the look `before` those that were seen not firing in between, and how
        many requests that took."""
        if now - before >= _PAUSE:
            return await self._ended_meanwhile(moved, before, now)
        pending = {one.fingerprint for one in moved if one.state == "pending"}
        if not pending:  # it fires now as it did a moment ago
            return set(), 0
        began = await self._api.started_at()
        # a server that began anew waits once more before it lets an alert fire that has not ended
        return (set() if began is not None and began >= before - _CLOCKS else pending), 1

    async def _ended_meanwhile(self, moved: Sequence[Alert], before: Millis, now: Millis) -> tuple[set[str], int]:
        """By what the server remembers of a longer time in which nobody looked."""
        if not moved:
            return set(), 0
        step = _ALERT_STEP * -(-(now - before) // (_ALERT_STEP * MOST_POINTS))
        span = Span(-(-before // step) * step, now // step * step, step)
        try:
            lines = (await self._api.range("ALERTS", span, _MOST_ALERTS)).lines
            awake = (await self._api.range("count(up)", span)).lines
        except QueryError:
            return set(), 2
        return standing.seen_ended(moved, self.spec.key, lines, awake, span), 2

    def _known_series(self, marks: Marks) -> tuple[MonitorSeries, ...]:
        """All lines that the settings still want."""
        return tuple(
            query.series_of(line, marks.queries[query.name].asked_at or line.last)
            for query in self._queries
            for line in marks.queries[query.name].lines
        )

    def _alerts_of(self, raws: Sequence[parse.RawAlert], now: Millis) -> tuple[Alert, ...]:
        """Those that fire first, each set of labels once."""
        found: dict[str, Alert] = {}
        for raw in sorted(raws, key=lambda one: one.state != "firing"):
            alert = parse.parse_alert(raw, self.spec.key, now, self._model_labels)
            if alert is not None:
                found.setdefault(alert.fingerprint, alert)
        if len(found) > _MOST_ALERTS:
            self._trouble = f"{len(found)} alerts are active there: {_MOST_ALERTS} of them are kept."
        return tuple(found.values())[:_MOST_ALERTS]

    async def _past(self, marks: Marks, now: Millis) -> tuple[tuple[Alert, ...], int]:
        """Stretches of firing between the last look and this one, and the requests that they took."""
        before, marks.alerts_upto = marks.alerts_upto, now
        if before is not None and now - before < _PAUSE:
            return (), 0
        spans = stretches(max(before or 0, now - KEPT), now, _ALERT_STEP)
        try:
            answers = [((await self._api.range(_FIRING, span, _MOST_ALERTS)).lines, span.step) for span in spans]
        except QueryError as error:
            self._trouble = f"Alerts of the past: {error}."
            return (), len(spans)
        make = partial(parse.make_alert, source=self.spec.key, model_labels=self._model_labels)
        found = parse.past_alerts(answers, spans[-1].end, make) if spans else []
        # what fired at the last look is in the cache, and ends there now
        after = 0 if before is None else before + spans[0].step if spans else now
        return tuple(alert for alert in found if alert.since > after), len(spans)

    def _complain(self, marks: Marks) -> None:
        """Raise IncompleteError where a query, or the alerts, could not be read as they should."""
        told = [(one.trouble, one.state) for query in self._queries if (one := marks.queries[query.name]).trouble]
        told += [(self._trouble, "not_understood")] if self._trouble else []
        if not told:
            return
        rest = f" And {len(told) - _TOLD} more." if len(told) > _TOLD else ""
        states = [state for _, state in told]
        state = "misconfigured" if "misconfigured" in states else states[0]
        raise IncompleteError(" ".join(sentence for sentence, _ in told[:_TOLD]) + rest, state)
