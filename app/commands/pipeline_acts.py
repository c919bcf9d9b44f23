"""`quarterdeck pipeline rerun|cancel|approve|play`: act on a pipeline as it is now, and read back what came of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from urllib.parse import unquote

import click
import msgspec

from ..actions import act_on_pipeline, check_allowed, reconcile
from ..errors import QuarterdeckError, RefusedError, UsageError
from ..records import Job, Pipeline
from ..settings import Settings
from ..store.pipelines import PipelineRow
from ..store.reading import Reader
from ..text import shown
from .act import refresh
from .boundary import say
from .options import Options
from .place import cache_of, settings_of, state_of, synced
from .printing import print_object

EXIT = {"done": 0, "failed": 1, "unknown": 3}
REFUSED = 4

Choose = Callable[[Pipeline], tuple[Job | None, Sequence[str]]]

_of_source = click.option("--source", metavar="NAME", help="Which source has it, where two have the same id.")
_as_json = click.option("--json", "as_json", is_flag=True, help="The outcome as a JSON object.")


@click.command("rerun", short_help="Run a pipeline again, or its failed jobs.")
@click.argument("pipeline", metavar="ID")
@click.option("--failed", is_flag=True, help="Only its failed jobs, and what comes after them.")
@_of_source
@_as_json
@click.pass_obj
def rerun_command(options: Options, pipeline: str, failed: bool, source: str | None, as_json: bool) -> int:
    """Run the pipeline ID again, and see that it runs.

    \b
      quarterdeck pipeline rerun 30433642 --failed
      quarterdeck pipeline rerun 'team/train#214' --source jenkins

    ID is the vendor's own, or its unambiguous beginning. One that still runs is left alone. Whatever goes wrong on the
    way, it is never done twice; what came of it is in the journal. Exit status 4 where it is refused.
    """
    return _act(options, "rerun_failed" if failed else "rerun", pipeline, source, as_json, lambda one: (None, ()))


@click.command("cancel", short_help="Stop a pipeline.")
@click.argument("pipeline", metavar="ID")
@_of_source
@_as_json
@click.pass_obj
def cancel_command(options: Options, pipeline: str, source: str | None, as_json: bool) -> int:
    """Stop the pipeline ID, and see that it stops. Exit status 4 where it is over already.

    \b
      quarterdeck pipeline cancel 30433642
    """
    return _act(options, "cancel", pipeline, source, as_json, lambda one: (None, ()))


@click.command("approve", short_help="Let a deployment that waits go on.")
@click.argument("pipeline", metavar="ID")
@click.argument("environment", required=False)
@_of_source
@_as_json
@click.pass_obj
def approve_command(options: Options, pipeline: str, environment: str | None, source: str | None, as_json: bool) -> int:
    """Let the deployment to ENVIRONMENT, for which the pipeline ID waits, go on. A single one need not be named.

    \b
      quarterdeck pipeline approve 30433642 production
    """

    def choose(one: Pipeline) -> tuple[Job | None, Sequence[str]]:
        waiting = {approval.name: approval.id for approval in one.approvals}
        if not waiting:
            raise RefusedError(f"Refused: {shown(pipeline)} waits for nobody's approval.")
        if environment is not None and environment not in waiting:
            raise RefusedError(f"Refused: it waits for {_names(waiting)}, not for {shown(environment)}.")
        if environment is None and len(waiting) > 1:
            raise UsageError(f"It waits for {_names(waiting)}: name the one that is meant.")
        return None, [waiting[environment]] if environment is not None else list(waiting.values())

    return _act(options, "approve", pipeline, source, as_json, choose)


@click.command("play", short_help="Start a job that waits for a hand.")
@click.argument("job", metavar="JOB")
@_of_source
@_as_json
@click.pass_obj
def play_command(options: Options, job: str, source: str | None, as_json: bool) -> int:
    """Start the job JOB, by its id, which waits to be started by hand (GitLab).

    \b
      quarterdeck pipeline play 8712334
    """

    def choose(one: Pipeline) -> tuple[Job | None, Sequence[str]]:
        found = next((each for each in one.jobs or () if each.id == native), None)
        if found is None:
            raise RefusedError(f"Refused: {shown(one.name)} has no job {shown(native)} any more.")
        return found, ()

    settings, native = _allowed(options), _native(job, "job")
    with synced(options, settings) as reader:
        key = None if reader is None or source is None else _key(reader, source)
        found = None if reader is None else reader.pipelines.job(native, key)
        rows = [] if reader is None or found is None else reader.pipelines.rows([found[0]])
    if not rows:
        raise QuarterdeckError(f"There is no job {shown(native)} in the cache: `quarterdeck sync` reads what is new.")
    pipeline = rows[0].pipeline
    return _carry_out(options, settings, "play", (pipeline.source, pipeline.id), as_json, choose)


def _act(options: Options, act: str, written: str, source: str | None, as_json: bool, choose: Choose) -> int:
    settings = _allowed(options)
    return _carry_out(options, settings, act, _named(options, settings, written, source), as_json, choose)


def _carry_out(
    options: Options, settings: Settings, act: str, which: tuple[str | None, str], as_json: bool, choose: Choose
) -> int:
    with state_of(settings) as state:
        for late in reconcile(settings, state):
            say(f"Cut off earlier: {shown(late.sentence)}")
        outcome = act_on_pipeline(settings, state, act, *which, choose, read_only=options.read_only)
    refresh(options, [outcome])
    if as_json:
        print_object(msgspec.to_builtins(outcome))
    say(shown(outcome.sentence))
    return REFUSED if outcome.is_refused else EXIT[outcome.state]


def _allowed(options: Options) -> Settings:
    """The settings. Raises RefusedError in read-only mode before anything is looked for."""
    settings = settings_of(options)
    check_allowed(settings, options.read_only)
    return settings


def _named(options: Options, settings: Settings, written: str, source: str | None) -> tuple[str | None, str]:
    """Key of the source and whole id of the pipeline that is meant; key None where the cache does not know it."""
    native = _native(written, "pipeline")
    if not cache_of(options, settings).exists():
        return None, native
    with synced(options, settings) as reader:
        if reader is None:
            return None, native
        key = None if source is None else _key(reader, source)
        rows = reader.pipelines.rows(reader.pipelines.beginning(native))
    found = [row for row in rows if key in (None, row.pipeline.source)]
    exact = [row for row in found if row.pipeline.id == native]
    meant = exact or found
    if not meant:
        return key, native
    if len(meant) > 1:
        raise UsageError(f"{shown(native)} is not one pipeline: {_names(_whole(row) for row in meant)}.{_hint(exact)}")
    return meant[0].pipeline.source, meant[0].pipeline.id


def _whole(row: PipelineRow) -> str:
    return f"{row.pipeline.id} ({row.source_name})"


def _hint(exact: Sequence[PipelineRow]) -> str:
    return " --source says which." if exact else ""


def _native(written: str, kind: str) -> str:
    """An id as it is, or out of a written subject: `pipeline/30433642`."""
    head, slash, rest = written.partition("/")
    return unquote(rest) if slash and head == kind and "/" not in rest and "#" not in rest else written


def _key(reader: Reader, name: str) -> str:
    states = reader.source_states()
    found = [state.source for state in states if name in (state.name, state.source)]
    if len(found) != 1:
        raise UsageError(f"No source is called {shown(name)}: there are {_names(state.name for state in states)}.")
    return found[0]


def _names(names: Iterable[str]) -> str:
    return ", ".join(shown(name) for name in names)
