"""What somebody means by a word on the command line: a subject, the beginning of an attention's id, or a bare name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ..errors import UsageError
from ..identities import identities
from ..records import Subject, parse_subject
from ..settings import Settings
from ..store.reading import Reader
from ..text import shown


def meant(written: str, attentions: Iterable[str], reader: Reader | None, settings: Settings) -> Subject:
    """`attention/9b8e` and `9b8e` -> the attention whose id begins so, anything else as it is written.

    `attentions`: ids of those that there are. Raises UsageError; for a bare name with the subjects that are called so.
    """
    kind, slash, rest = written.partition("/")
    beginning = rest if kind == "attention" else "" if slash else written
    found = [one for one in dict.fromkeys(attentions) if beginning and one.startswith(beginning)]
    if len(found) > 1 and beginning not in found:
        some = ", ".join(f"attention/{one}" for one in found[:5])
        raise UsageError(f"Several things need attention there: {some}. Write more of the id.")
    if found:
        return Subject(kind="attention", parts=(beginning if beginning in found else found[0],))
    return _subject(written, reader, settings)


def _subject(written: str, reader: Reader | None, settings: Settings) -> Subject:
    try:
        return parse_subject(written)
    except UsageError:
        called = [] if reader is None or "/" in written else list(_called(written, reader, settings))
        if not called:
            raise
        raise UsageError(f"“{shown(written)}” names nothing by itself: did you mean {' or '.join(called)}?") from None


def _called(written: str, reader: Reader, settings: Settings) -> Iterator[str]:
    """Subjects whose name or id is just that."""
    name, at, alias = written.partition("@")
    model = reader.models.model(name)
    if model is not None and not at:
        yield str(Subject(kind="model", parts=(name,)))
    if model is not None and alias in model.model.aliases:
        yield str(Subject(kind="alias", parts=(name, alias)))
    declared = identities(settings)
    data = reader.datasets.row(written, declared)
    for version in reader.datasets.versions(data.name, declared, limit=1) if data is not None else ():
        yield str(Subject(kind="dataset", parts=(version.name, version.digest)))
    if reader.rowids([written]):
        yield str(Subject(kind="run", parts=(written,)))
    if (commit := reader.commit(written)) is not None:
        yield str(Subject(kind="commit", parts=(commit.sha,)))
    if reader.pipelines.find(written) is not None:
        yield str(Subject(kind="pipeline", parts=(written,)))
