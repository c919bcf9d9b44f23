"""`quarterdeck check run`: the project's own commands that check its data, and what came of them."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

import click

from .. import trust
from ..errors import QuarterdeckError, RefusedError, UsageError
from ..records import OUTCOMES, CheckResult, Invocation, PipelineStatus, check_id
from ..runner import LocalJob
from ..settings import Settings
from ..settings.sections import Checks
from ..sources.checks.command import Command, Ran, complaint
from ..sources.checks.files import Files
from ..sources.checks.source import ChecksSource
from ..sources.refused import RefusedSource
from ..text import clip
from .boundary import INTERRUPTED, say
from .job_lines import JobLines, Live
from .options import Options
from .pipeline_run import stopping
from .place import cache_of, settings_of
from .printing import iso, print_json, print_text

SHOWN: Final = 50
"""Bad results of one command that are told, a line each."""
_LOOK: Final = 0.2
_SIGNS: Final = {"fail": "✖", "error": "!", "warn": "▲"}
_EXAMPLE: Final = """Write one down in quarterdeck.toml, for example:

[[checks]]
kind = "dbt"
paths = ["target/run_results.json"]
command = ["dbt", "test"]"""


class Done(NamedTuple):
    """What came of one command."""

    name: str
    section: Checks
    ran: Ran
    invocations: tuple[Invocation, ...]
    complaints: tuple[str, ...]
    """What is wrong with the command or its files, in sentences."""
    has_files: bool
    """Its results are files on this machine."""

    @property
    def results(self) -> list[tuple[Invocation, CheckResult]]:
        """Those that say most first."""
        found = [(one, result) for one in self.invocations for result in one.results]
        order = ("fail", "error", "warn")
        return sorted(found, key=lambda pair: order.index(pair[1].outcome) if pair[1].outcome in order else len(order))

    @property
    def counts(self) -> dict[str, int]:
        """How many results there are of each outcome."""
        counted: Counter[str] = Counter(result.outcome for _, result in self.results)
        return {outcome: counted[outcome] for outcome in OUTCOMES}

    @property
    def is_bad(self) -> bool:
        """Something failed or could not run, or nobody can tell."""
        return bool(self.complaints or self.counts["fail"] or self.counts["error"])


@click.command("run", short_help="Run the commands of [[checks]], and tell what failed.")
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--json", "as_json", is_flag=True, help="A JSON array: an object for each command, with its results.")
@click.pass_obj
def run_command(options: Options, names: tuple[str, ...], as_json: bool) -> int:
    """Run the project's own commands that check its data, and read what they write.

    \b
      quarterdeck check run                all that have a command
      quarterdeck check run dbt orders     only these

    A command runs in the folder of quarterdeck.toml, in the work tree as it is. On a terminal its output is shown as
    it comes. stdout gets how many results there are of each outcome, and a line for each that is bad. Exit status 1
    when a check failed, when one could not run, or when the command left no results.
    """
    if options.read_only:
        raise RefusedError("Refused: --read-only changes nothing, and nobody knows what a command changes.")
    settings = settings_of(options)
    chosen = _chosen(settings, names)
    done: list[Done] = []
    with stopping() as stopped:
        for index in chosen:
            ended = _one(settings, index, stopped.is_set)
            done += [ended] if ended is not None else []
            if stopped.is_set():
                break
    _into_cache(options, settings, [one.name for one in done])
    if as_json:
        print_json(map(_json, done))
    else:
        for one in done:
            _print(one)
    if stopped.is_set():
        return INTERRUPTED
    return int(any(one.is_bad for one in done))


def _chosen(settings: Settings, names: Sequence[str]) -> list[int]:
    """Which [[checks]] are run. Raises UsageError, UntrustedError."""
    labels = {section.name or section.kind: index for index, section in enumerate(settings.checks)}
    for name in names:
        if name not in labels:
            known = f": there is {', '.join(clip(one, 40) for one in labels)}" if labels else ""
            raise UsageError(f"No [[checks]] is called “{clip(name, 60)}”{known}.")
        if not settings.checks[labels[name]].command:
            raise UsageError(f"“{clip(name, 60)}” has no command: its results are read where they are. {_EXAMPLE}")
    found = [labels[name] for name in dict.fromkeys(names)]
    found = found or [index for index, section in enumerate(settings.checks) if section.command]
    if not found:
        raise UsageError(f"No [[checks]] has a command to run. {_EXAMPLE}")
    if settings.address:
        raise UsageError("Commands run in a work tree: this project is read without a checkout.")
    for index in found:
        trust.check_trusted(settings, f"checks[{index}]")
    return found


def _one(settings: Settings, index: int, should_stop: Callable[[], bool]) -> Done | None:
    """Run one command and read what it wrote; None when somebody gave up while another run of it was under way."""
    from ..sources.registry import checks_source  # 100 ms, when it is clear that something runs

    section, source = settings.checks[index], checks_source(settings, index)
    if isinstance(source, RefusedSource):  # its results would be read nowhere
        raise UsageError(source.sentence)
    assert isinstance(source, ChecksSource)
    assert source.command is not None  # it is trusted, and here is a checkout
    files = [part for part in source.parts.values() if isinstance(part, Files)]
    name, command = section.name or section.kind, source.command
    before = [part.digests() for part in files]
    lines = (Live if sys.stderr.isatty() else JobLines)()
    lines.job_began(LocalJob(name=name, run=command.words, status="running"))
    ran = command.run(output=lines.output, tick=lines.tick, should_stop=should_stop, wait=waiting(name, should_stop))
    if ran is None:
        return None
    read = [part.read_now(known) for part, known in zip(files, before, strict=True)]
    invocations = tuple(one for found, _ in read for one in found)
    wrong = [sentence for _, sentences in read for sentence in sentences]
    complaints = _complaints(command, ran, invocations, wrong, has_files=bool(files))
    done = Done(name, section, ran, invocations, tuple(complaints), bool(files))
    lines.job_ended(_job(command, done))
    return done


def _complaints(
    command: Command, ran: Ran, invocations: Sequence[Invocation], wrong: list[str], *, has_files: bool
) -> list[str]:
    outcomes = {result.outcome for one in invocations for result in one.results}
    passed = bool(outcomes) and not outcomes & {"fail", "error"}
    # what a command leaves that failed, and that cannot be read, is hardly meant as results
    wrote = (bool(invocations) or (bool(wrong) and not ran.status)) if has_files else not ran.status
    said = complaint(command.words, ran, wrote=wrote, all_passed=passed and not wrong)
    empty = [f"{one.origin}: {one.complaint or 'it holds no results.'}" for one in invocations if not one.results]
    return [*([said] if said else []), *wrong, *empty]


def waiting(name: str, should_stop: Callable[[], bool]) -> Callable[[], bool]:
    """What is called while another process runs the same command: says so once, and gives up when somebody stops."""
    said: list[bool] = []

    def wait() -> bool:
        if not said:
            said.append(True)
            say(f"Waiting: “{clip(name, 40)}” is running in another process. Ctrl+C gives up.")
        time.sleep(_LOOK)
        return not should_stop()

    return wait


def _job(command: Command, done: Done) -> LocalJob:
    """The end of the command, as the ends of jobs are told."""
    bad = done.counts["fail"] + done.counts["error"]
    reason = f"{bad} of {len(done.results)} checks failed or could not run." if bad else ""
    if done.complaints:
        reason = done.complaints[0]
    status: PipelineStatus = "cancelled" if done.ran.why == "cancelled" else "failed" if done.is_bad else "passed"
    return LocalJob(
        name=done.name, run=command.words, status=status, reason=reason, exit_status=done.ran.status,
        started_at=done.ran.started_at, ended_at=done.ran.ended_at,
    )  # fmt: skip


def _into_cache(options: Options, settings: Settings, names: Sequence[str]) -> None:
    """Have it in the cache when it is told: what is typed next is `checks`. A cache that fails is told and no more."""
    from ..sync.once import sync_now

    if not names:
        return
    try:
        sync_now(settings, cache_of(options, settings), names=names)
    except QuarterdeckError as error:
        say(f"It is not in the cache yet: {error}")


def _print(done: Done) -> None:
    """How many there are of each outcome, and the bad ones."""
    counts = ", ".join(f"{count} {outcome}" for outcome, count in done.counts.items() if count)
    nothing = "no results" if done.has_files else "what it left in runs or pipelines is read when those have ended"
    print_text(f"{done.name}: {counts or nothing}")
    bad = [pair for pair in done.results if pair[1].outcome in _SIGNS]
    for _, result in bad[:SHOWN]:
        print_text(f"{_SIGNS[result.outcome]} {result.outcome:<5} {_told(result)}")
    if len(bad) > SHOWN:
        print_text(f"  and {len(bad) - SHOWN} more: `quarterdeck checks --filter 'outcome:fail'` lists all that failed")
    for sentence in done.complaints[1:]:  # the first stands beside the command's end
        say(sentence)


def _told(result: CheckResult) -> str:
    where = f"{result.dataset}  " if result.dataset else ""
    figures = [f"observed {result.observed}"] if result.observed else []
    figures += [f"expected {result.expected}"] if result.expected else []
    if result.failed_rows is not None and not figures:
        figures = [f"{result.failed_rows} rows"]
    return f"{where}{result.name}  {', '.join(figures) or result.message}".rstrip()


def _json(done: Done) -> dict[str, Any]:
    """As a script gets it. Results have the names that `checks --json` gives them."""
    return {
        "name": done.name,
        "tool": done.section.kind,
        "command": list(done.section.command),
        "exit_status": done.ran.status,
        "started_at": iso(done.ran.started_at),
        "ended_at": iso(done.ran.ended_at),
        "complaints": list(done.complaints),
        "outcomes": done.counts,
        "results": [_result_json(one, result) for one, result in done.results],
    }


def _result_json(one: Invocation, result: CheckResult) -> dict[str, Any]:
    return {
        "id": check_id(one.source, one, result),
        "tool": one.tool,
        "suite": one.suite,
        "name": result.name,
        "dataset": result.dataset,
        "column": result.column,
        "outcome": result.outcome,
        "severity": result.severity,
        "environment": one.environment,
        "data_interval": one.interval or None,
        "definition_hash": result.definition_hash,
        "observed": result.observed,
        "expected": result.expected,
        "failed_rows": result.failed_rows,
        "total_rows": result.total_rows,
        "message": result.message,
        "checked_at": iso(one.at),
    }
