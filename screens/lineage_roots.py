"""From what something is about to what there is a lineage of. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from ..app.errors import UsageError
from ..app.lineage import TRACED
from ..app.records import Attention, Changes, MonitorSeries, Subject, parse_subject


def lineage_root(
    about: Subject, attention: Attention | None, changes: Changes | None, line: MonitorSeries | None
) -> Subject | None:
    """The thing itself, else the nearest that has a lineage; None where there is none.

    A line of production, an alert and a stack have none: then it is what they speak of, such as the alias that a line
    judges, then the alias of the way back, then what is strongly suspected.
    """
    for written in _candidates(about, attention, changes, line):
        try:
            subject = parse_subject(written)
        except UsageError:
            continue
        if subject.kind in TRACED:
            return subject
    return None


def _candidates(
    about: Subject, attention: Attention | None, changes: Changes | None, line: MonitorSeries | None
) -> Iterator[str]:
    yield str(about)
    if attention is not None:
        yield attention.subject
        for signal in attention.signals:
            yield signal.subject
            yield from (ref.subject for ref in signal.refs)
    if line is not None and line.model:
        parts = (line.model, line.version) if line.version else (line.model,)
        yield str(Subject(kind="model", parts=parts))
    if changes is None:
        return
    if changes.way_back is not None:
        yield str(Subject(kind="alias", parts=(changes.way_back.model, changes.way_back.alias)))
    for suspect in (one for one in changes.suspects if one.strength == "strong"):
        yield suspect.subject
        yield from (one.subject for one in suspect.evidence if one.subject)
