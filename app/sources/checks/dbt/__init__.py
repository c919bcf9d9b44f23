"""dbt: results of tests and unit tests (run_results.json v1 to v6) and freshness of sources (sources.json v1 to v3).

One invocation for each package whose tests were run: its name is the suite. Models, seeds and snapshots are no checks;
that one could not be built is why its tests were skipped, and stands in their messages and in the complaint.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

import msgspec

from ....records import CheckResult, Invocation, Millis
from ..documents import ABSENT, Raw, small, text
from ..invocations import content_id
from ..reading import ResultFile
from ..times import moment
from .freshness import freshness
from .manifest import Manifest
from .names import asserted, by_name, dataset_of, package_of
from .results import Graph, check_result, is_test, short
from .shapes import Artifact, Result, artifact
from .surroundings import BY_TESTING, Surroundings

__all__ = ["read"]

_COMPILED_ONLY = ("compile", "generate", "docs", "list", "ls", "parse", "show", "clone", "run-operation")


class _Timing(msgspec.Struct, frozen=True):
    completed_at: Raw = ABSENT


def read(file: ResultFile) -> tuple[Invocation, ...]:
    """An invocation for each package in the file, or one with a complaint. Raises UnreadableError."""
    found, results = artifact(file)
    page = _Page(file, found, Manifest(file))
    return page.of_freshness(results) if found.is_freshness else page.of_tests(results)


class _Page:
    """One file, with the manifest beside it."""

    def __init__(self, file: ResultFile, found: Artifact, manifest: Manifest) -> None:
        self._file, self._found, self._manifest = file, found, manifest
        self._around = Surroundings(found)

    def of_tests(self, results: list[Result]) -> tuple[Invocation, ...]:
        graph = Graph(results, self._manifest)
        tests = {result.unique_id: result for result in results if is_test(result.unique_id) and self._was_run(result)}
        records = self._records(tests, [result.unique_id for result in results], graph)
        complaint = self._complaint(results, tests, graph)
        packages = sorted({package_of(uid) for uid in tests}) or [self._main_package(results)]
        return tuple(
            self._invocation(
                package, number, [records[uid] for uid in tests if package_of(uid) == package],
                at=self._at(result for uid, result in tests.items() if package_of(uid) == package),
                complaint=complaint, is_whole=self._is_whole(package, tests),
            )
            for number, package in enumerate(packages)
        )  # fmt: skip

    def of_freshness(self, results: list[Result]) -> tuple[Invocation, ...]:
        named = {dataset_of(result.unique_id): result for result in results}
        missing = [uid for uid in self._manifest.fresh_sources if dataset_of(uid) not in named]
        packages = sorted({package_of(result.unique_id) for result in results}) or [self._main_package(results)]
        return tuple(
            self._invocation(
                f"{package} freshness".strip(), number,
                [freshness(result) for result in named.values() if package_of(result.unique_id) == package],
                at=self._at(result for result in results if package_of(result.unique_id) == package),
                complaint=self._manifest.trouble or _unseen(results, missing),
                is_whole=bool(results and self._manifest.fresh_sources) and not missing,
            )
            for number, package in enumerate(packages)
        )  # fmt: skip

    def _invocation(
        self, suite: str, number: int, results: Sequence[CheckResult], *, at: Millis, complaint: str, is_whole: bool
    ) -> Invocation:
        around = self._around
        interval, interval_at = around.interval
        return Invocation(
            source="", id=content_id(self._file.data, number), tool="dbt", suite=suite[:200], at=at,
            version=text(self._found.metadata.dbt_version, 40), environment=around.environment, interval=interval,
            interval_at=interval_at, origin=self._file.path, commit=around.commit, run_id=around.run_id,
            is_whole=is_whole, complaint=complaint, results=tuple(results),
        )  # fmt: skip

    def _was_run(self, result: Result) -> bool:
        """`success` of a test that was compiled only, by docs or compile, says nothing of the data."""
        return self._around.command not in _COMPILED_ONLY and (
            result.status.casefold() != "success" or self._around.command in (*BY_TESTING, "retry")
        )

    def _records(self, tests: dict[str, Result], all_of_them: Iterable[str], graph: Graph) -> dict[str, CheckResult]:
        """The tests' records. Those that are alike are told apart by the order of the ids of all there are."""
        datasets = by_name(all_of_them)
        seen: Counter[tuple[str, ...]] = Counter()
        records = {}
        for uid in sorted({*self._manifest.tests, *tests}):
            node = self._manifest.node(uid)
            what = asserted(uid, node, datasets)
            who = (package_of(uid), *what)
            if uid in tests:
                records[uid] = check_result(tests[uid], node, what, seen[who], graph)
            seen[who] += 1
        return records

    def _is_whole(self, package: str, tests: dict[str, Result]) -> bool:
        wanted = [uid for uid in self._manifest.tests if package_of(uid) == package]
        return self._around.is_whole and bool(wanted) and all(uid in tests for uid in wanted)

    def _main_package(self, results: Iterable[Result]) -> str:
        named = Counter(package_of(result.unique_id) for result in results)
        return self._manifest.project or next((package for package, _ in named.most_common(1)), "")

    def _at(self, results: Iterable[Result]) -> Millis:
        """When the last of them was done, else when the file was written."""
        done = [moment(text(phase.completed_at)) for one in results for phase in small(one.timing, list[_Timing]) or ()]
        known = [at for at in done if at is not None]
        written = moment(text(self._found.metadata.generated_at))
        return max(known) if known else written or self._file.modified_at or 0

    def _complaint(self, results: list[Result], tests: dict[str, Result], graph: Graph) -> str:
        sentences = [self._manifest.trouble] if self._manifest.trouble else []
        if not tests:
            sentences.append(self._nothing(len(results)))
        if broken := graph.broken:
            names = ", ".join(short(uid) for uid in broken[:5]) + (" and more" if len(broken) > 5 else "")
            sentences.append(f"{len(broken)} node{'s' * (len(broken) > 1)} could not be built: {names}.")
        return " ".join(sentences)

    def _nothing(self, results: int) -> str:
        command = self._around.command
        if command in _COMPILED_ONLY:
            written = "dbt docs generate" if command in ("generate", "docs") else f"dbt {command[:40]}"
            return f"`{written}` wrote this file over the results of tests, and tests nothing itself."
        if command in BY_TESTING:
            return f"`dbt {command}` found no test to run."
        return f"`dbt {command[:40] or '?'}` ran {results} nodes, none of them a test."


def _unseen(results: list[Result], missing: list[str]) -> str:
    if not results:
        return "`dbt source freshness` told the age of no source."
    if not missing:
        return ""
    names = ", ".join(dataset_of(uid).partition(".")[2] for uid in missing[:5]) + (" and more" if missing[5:] else "")
    return f"Nothing is said of {names}: the look at it failed (dbt leaves it out then), or it was not asked for."
