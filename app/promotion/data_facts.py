"""Which checks speak for the candidate's data, and how that is known."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Final

from ..identities import identities_of_text
from ..records import Identities, PastResult
from ..store.checks import CheckRow, Complaint
from ..store.reading import Reader
from .data_gates import fits
from .facts import DataCheck, SpeaksBy, Version
from .policy import Policy

SUREST: Final[tuple[SpeaksBy, ...]] = ("id", "digest", "commit", "declared", "name")


def data_checks(reader: Reader, candidate: Version, policy: Policy) -> tuple[DataCheck, ...]:
    """The checks that the policy's patterns name, by their surest link; none where it demands none.

    Each is there once, or once for each content of the candidate's data that it speaks of. What is one dataset under
    several names is taken from the policy's own text, never from the working tree.
    """
    patterns = policy.rules.required_checks.data if policy.rules else ()
    if not patterns:
        return ()
    identities = identities_of_text(policy.text.text if policy.text else None)
    complaints = _Complaints(reader.checks.complaints())
    found: dict[int, dict[str, DataCheck]] = defaultdict(dict)
    for by, row in _speaking(reader, candidate, identities):
        check = row.check
        one = DataCheck(
            check=check, dataset=identities.name_of(check.tool, check.dataset) or "", by=by, past=row.then,
            complaint=complaints.later(by, row),
        )  # fmt: skip
        if any(fits(one, pattern) for pattern in patterns):
            _keep(found[row.rowid], one)
    return tuple(one for rowid in sorted(found) for _, one in sorted(found[rowid].items()))


class _Complaints:
    """The runs that were no good as such, newest first."""

    def __init__(self, complaints: Iterable[Complaint]) -> None:
        self._of: dict[tuple[str, ...], list[Complaint]] = defaultdict(list)
        for one in complaints:
            self._of[one.source, one.tool, one.suite, one.environment].append(one)
            self._of[one.source, one.tool, one.origin].append(one)

    def later(self, by: SpeaksBy, row: CheckRow) -> str:
        """Why the last run of a check's suite, which gave no word of it, was no good; "" where it was, or is no later.

        A report of nothing need not tell of which suite: then it is the one that stood in that file before.
        """
        check, then = row.check, row.then
        origin, at = (check.origin, check.checked_at) if then is None else (then.origin, then.at)
        of_suite = self._of.get((check.source, check.tool, check.suite, check.environment), ())
        of_file = self._of.get((check.source, check.tool, origin), ()) if origin else ()
        later = (one for one in (*of_suite, *of_file) if one.at > at and _is_there(one, by, then))
        return next((one.sentence for one in later), "")


def _is_there(complaint: Complaint, by: SpeaksBy, then: PastResult | None) -> bool:
    """Whether it is of the run or commit by which a result speaks."""
    if then is None:
        return True
    return complaint.run_id == then.run_id if by == "id" else by == "commit" and complaint.commit == then.commit


def _keep(held: dict[str, DataCheck], one: DataCheck) -> None:
    """Beside what is held of its check: a surer link takes the place of all others, of one link and content a later
    result that of an earlier one."""
    surest = min((SUREST.index(other.by) for other in held.values()), default=len(SUREST))
    place = SUREST.index(one.by)
    if place < surest:
        held.clear()
    content = (one.past.dataset_digest or "") if one.by == "digest" and one.past is not None else ""
    if place <= surest and (content not in held or one.at > held[content].at):
        held[content] = one


def _speaking(reader: Reader, candidate: Version, identities: Identities) -> Iterator[tuple[SpeaksBy, CheckRow]]:
    """Checks, each with the result that speaks where it is a certain one; one may come by several links."""
    run, checks = candidate.run, reader.checks
    data = run.datasets if run is not None else ()
    if run is not None:
        yield from (("id", row) for row in checks.of_run(run.id))
    for digest in {one.digest for one in data if one.digest}:
        names = [one.name for one in data if one.digest == digest]
        yield from ((_by_content(row, names, identities), row) for row in checks.of_digest(digest))
    if candidate.commit is not None:
        of_commit = checks.of_commit(candidate.commit)  # which finds longer ones as well
        yield from (("commit", row) for row in of_commit if row.then and row.then.commit == candidate.commit)
    declared = [name for one in data if (name := identities.name_of("mlflow", one.name)) is not None]
    yield from (("declared", row) for name in declared for row in checks.of_datasets(identities.names_of(name)))
    yield from (("name", row) for row in checks.of_datasets([("", one.name) for one in data]))


def _by_content(row: CheckRow, names: Iterable[str], identities: Identities) -> SpeaksBy:
    """How sure it is that a result is of this content, which the candidate's run has under these names.

    The digest of a run's artifact is that of the dataset of the run that goes by the name that the result tells. That
    is no more than a name where the policy's text does not say so: the working tree's word may have joined the two.
    """
    check = row.check
    if row.then is None or row.then.run_id is None or not check.dataset:
        return "digest"
    own = identities.name_of(check.tool, check.dataset)
    is_declared = own is not None and own in [identities.name_of("mlflow", name) for name in names]
    return "digest" if is_declared else "name"
