"""What a file of results does not say of itself: the settings, the run or the pipeline that it was found at. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from msgspec.structs import replace

from ...records import CheckResult, Dataset, Identities, Invocation, Millis, Record
from ...settings.sections import Checks
from .masking import may_be_addressed, without_addresses
from .reading import ResultFile


class Found(Record, frozen=True, kw_only=True):
    """Where a file was found, as far as that is known."""

    at: Millis | None = None
    """When the file was written: stands in for the time of formats that have none."""
    commit: str | None = None
    run_id: str | None = None
    pipeline_id: str | None = None
    datasets: tuple[tuple[str, str], ...] = ()
    """Name and digest of what went into the run."""


class Filling:
    """What one [[checks]] says of the results that it names, for the source with that key."""

    def __init__(self, source: str, section: Checks, identities: Identities) -> None:
        self._source, self._section, self._identities = source, section, identities

    def filled(self, invocations: Iterable[Invocation], found: Found = Found()) -> tuple[Invocation, ...]:  # noqa: B008  # frozen
        """The invocations of one file, whole. What the file says itself of commit, run and data wins."""
        return tuple(self._one(one, found) for one in invocations)

    def reading(
        self, reader: Callable[[ResultFile], tuple[Invocation, ...]]
    ) -> Callable[[ResultFile, Found], tuple[Invocation, ...]]:
        """What reads a file and fills in what it does not say."""
        return lambda file, found: self.filled(reader(file), found)

    def _one(self, one: Invocation, found: Found) -> Invocation:
        results = _told_apart(map(self._named, one.results))
        environment = self._section.environment or without_addresses(one.environment)
        return replace(
            one, source=self._source, id=_salted(one, found.at), results=results,
            suite=without_addresses(one.suite), environment=environment, commit=one.commit or found.commit,
            run_id=one.run_id or found.run_id, pipeline_id=one.pipeline_id or found.pipeline_id,
            dataset_digest=one.dataset_digest or self._digest(one.tool, results, found.datasets),
        )  # fmt: skip

    def _named(self, result: CheckResult) -> CheckResult:
        """With the dataset of the settings where the file names none. A table that was turned around has columns that
        are called as people are: no address stays in a name."""
        if not result.dataset and self._section.dataset:
            result = replace(result, dataset=self._section.dataset)
        if not may_be_addressed(f"{result.name} {result.dataset} {result.column}"):
            return result
        dataset, column = without_addresses(result.dataset), without_addresses(result.column)
        return replace(result, name=without_addresses(result.name), dataset=dataset, column=column)

    def _digest(self, tool: str, results: Sequence[CheckResult], datasets: Sequence[tuple[str, str]]) -> str | None:
        """Of the run's dataset that was checked: the one that the results name; where they name none, the only one."""
        named = {self._called(tool, result.dataset) for result in results if result.dataset}
        if len(named) > 1:
            return None
        found = {digest for name, digest in datasets if not named or self._called("mlflow", name) in named}
        return found.pop() if len(found) == 1 else None

    def _called(self, tool: str, name: str) -> str:
        """What several tools' names for one dataset share: its declared name, else the name itself."""
        return self._identities.name_of(tool, name) or name


def of_run(datasets: Iterable[Dataset]) -> tuple[tuple[str, str], ...]:
    """The datasets of a run as `Found` holds them."""
    return tuple((one.name, one.digest) for one in datasets)


def _told_apart(results: Iterable[CheckResult]) -> tuple[CheckResult, ...]:
    """The results with other ordinals where names without their addresses are alike: none takes another's place."""
    met: set[tuple[str, str, str, int]] = set()
    apart = []
    for result in results:
        ordinal = result.ordinal
        while (who := (result.dataset, result.column, result.name, ordinal)) in met:
            ordinal += 1
        met.add(who)
        apart.append(result if ordinal == result.ordinal else replace(result, ordinal=ordinal))
    return tuple(apart)


def _salted(one: Invocation, at: Millis | None) -> str:
    """The id; with the time of the file for a format that has no time: the same content later is another look."""
    return one.id if at is None or one.at != at else f"{one.id}-{at:x}"
