"""Which checks speak for the candidate's data, and how that is known."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from ..identities import identities_of_text
from ..records import Identities
from ..store.checks import CheckRow
from ..store.reading import Reader
from .data_gates import fits
from .facts import DataCheck, SpeaksBy, Version
from .policy import Policy

SUREST: Final[tuple[SpeaksBy, ...]] = ("id", "digest", "commit", "declared", "name")


def data_checks(reader: Reader, candidate: Version, policy: Policy) -> tuple[DataCheck, ...]:
    """The checks that the policy's patterns name, each once and by its surest link; none where it demands none.

    What is one dataset under several names is taken from the policy's own text, never from the working tree.
    """
    patterns = policy.rules.required_checks.data if policy.rules else ()
    if not patterns:
        return ()
    identities = identities_of_text(policy.text.text if policy.text else None)
    complaints = {(one.source, one.tool, one.suite, one.environment): one for one in reader.checks.complaints()}
    found: dict[int, DataCheck] = {}
    for by, row in _speaking(reader, candidate, identities):
        check = row.check
        later = complaints.get((check.source, check.tool, check.suite, check.environment))
        one = DataCheck(
            check=check, dataset=identities.name_of(check.tool, check.dataset) or "", by=by, past=row.then,
            complaint=later.sentence if later is not None and later.at > check.checked_at else "",
        )  # fmt: skip
        if any(fits(one, pattern) for pattern in patterns) and _is_surer(one, found.get(row.rowid)):
            found[row.rowid] = one
    return tuple(found[rowid] for rowid in sorted(found))


def _is_surer(one: DataCheck, other: DataCheck | None) -> bool:
    """Of two results by links of one kind the later one."""
    if other is None:
        return True
    places = SUREST.index(one.by), SUREST.index(other.by)
    return places[0] < places[1] or (places[0] == places[1] and one.at > other.at)


def _speaking(reader: Reader, candidate: Version, identities: Identities) -> Iterator[tuple[SpeaksBy, CheckRow]]:
    """Checks, each with the result that speaks where it is a certain one; one may come by several links."""
    run, checks = candidate.run, reader.checks
    data = run.datasets if run is not None else ()
    if run is not None:
        yield from (("id", row) for row in checks.of_run(run.id))
    for digest in {one.digest for one in data if one.digest}:
        yield from (("digest", row) for row in checks.of_digest(digest))
    if candidate.commit is not None:
        of_commit = checks.of_commit(candidate.commit)  # which finds longer ones as well
        yield from (("commit", row) for row in of_commit if row.then and row.then.commit == candidate.commit)
    declared = [name for one in data if (name := identities.name_of("mlflow", one.name)) is not None]
    yield from (("declared", row) for name in declared for row in checks.of_datasets(identities.names_of(name)))
    yield from (("name", row) for row in checks.of_datasets([("", one.name) for one in data]))
