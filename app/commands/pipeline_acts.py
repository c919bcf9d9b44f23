"""`quarterdeck pipeline rerun|cancel|approve|play`: act on a pipeline as it is now, and read back what came of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple
from urllib.parse import unquote

import click
import msgspec

from ..actions import act_on_pipeline, check_allowed, reconcile
from ..acts.finding import NoPipelineError
from ..errors import QuarterdeckError, RefusedError, UsageError
from ..records import Approval, Job, Pipeline, SourceSpec
from ..settings import Settings
from ..store.pipelines import PipelineRow
from ..text import shown
from .act import refresh
from .boundary import say
from .options import Options
from .pipelines import NO_CI
from .place import cache_of, settings_of, state_of, synced
from .printing import print_object

EXIT = {"done": 0, "failed": 1, "unknown": 3}
REFUSED = 4

Choose = Callable[[Pipeline], tuple[Job | None, Sequence[str]]]
Where = tuple[str | None, str]
"""The key of a source (None: whichever has it) and the whole id of a pipeline."""

_WHICH = " --source says which."

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

    Of several to the same environment, ENVIRONMENT is the id of the one that is meant.

    \b
      quarterdeck pipeline approve 30433642 production
    """

    def choose(one: Pipeline) -> tuple[Job | None, Sequence[str]]:
        waiting = one.approvals
        meant = [each for each in waiting if environment in (None, each.name, each.id)]
        if not waiting:
            raise RefusedError(f"Refused: {shown(pipeline)} waits for nobody's approval.")
        if not meant:
            raise RefusedError(f"Refused: it waits for {_waiting(waiting)}, not for {shown(environment or '')}.")
        if len(meant) > 1:
            raise UsageError(f"It waits for {_waiting(meant)}: name the one that is meant.")
        return None, [meant[0].id]

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
    key = None if source is None else _key(settings, source)
    with synced(options, settings) as reader:
        keys = [spec.key for spec in _specs(settings)] if key is None else [key]
        found = [] if reader is None else [reader.pipelines.job(native, each) for each in keys]
        rows = [] if reader is None else reader.pipelines.rows([each[0] for each in found if each is not None])
    if not rows:
        raise QuarterdeckError(f"There is no job {shown(native)} in the cache: `quarterdeck sync` reads what is new.")
    if len(rows) > 1:
        raise UsageError(f"{shown(native)} is a job of {_whole(rows)}.{_WHICH}")
    return _carry_out(options, settings, "play", _where(rows[0]), as_json, choose)


def _act(options: Options, act: str, written: str, source: str | None, as_json: bool, choose: Choose) -> int:
    """On the pipeline of that very id; only where no source has one, on the one whose id begins so.

    A number is no id: lists show it, and what it names changes from one name of a pipeline to the next.
    """
    settings, native = _allowed(options), _native(written, "pipeline")
    key = None if source is None else _key(settings, source)
    exact, begun, numbered = _known(options, settings, native, key)
    if len(exact) > 1:
        raise UsageError(f"{shown(native)} is not one pipeline: {_whole(exact)}.{_WHICH}")
    if exact:
        return _carry_out(options, settings, act, _where(exact[0]), as_json, choose)

    hint = f" #{native.removeprefix('#')} is {_whole(numbered)}." if numbered else ""
    if hint and native.startswith("#"):
        raise NoPipelineError(f"There is no pipeline {native}.{hint}")

    def otherwise() -> Where:
        if begun and hint and begun != numbered:
            raise UsageError(f"{shown(native)} is not one pipeline: the id of {_whole(begun)} begins so.{hint}")
        if len(begun) > 1:
            raise UsageError(f"{shown(native)} is not one pipeline: {_whole(begun)}.")
        return _where(begun[0])

    try:
        return _carry_out(options, settings, act, (key, native), as_json, choose, otherwise if begun else None)
    except NoPipelineError as error:
        raise NoPipelineError(f"{error}{hint}") from error


def _carry_out(
    options: Options, settings: Settings, act: str, where: Where, as_json: bool, choose: Choose,
    otherwise: Callable[[], Where] | None = None,
) -> int:  # fmt: skip
    with state_of(settings) as state:
        for late in reconcile(settings, state):
            say(f"Cut off earlier: {shown(late.sentence)}")
        try:
            outcome = act_on_pipeline(settings, state, act, *where, choose, read_only=options.read_only)
        except NoPipelineError:
            if otherwise is None:
                raise
            outcome = act_on_pipeline(settings, state, act, *otherwise(), choose, read_only=options.read_only)
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


class _Known(NamedTuple):
    exact: Sequence[PipelineRow] = ()
    begun: Sequence[PipelineRow] = ()
    numbered: Sequence[PipelineRow] = ()


def _known(options: Options, settings: Settings, native: str, key: str | None) -> _Known:
    """The pipelines that the cache has under that very id, those whose id begins so, and those of that number."""
    if not cache_of(options, settings).exists():
        return _Known()
    with synced(options, settings) as reader:
        if reader is None:
            return _Known()
        reads = reader.pipelines
        keys = [spec.key for spec in _specs(settings)] if key is None else [key]
        exact = [rowid for each in keys if (rowid := reads.find(native, each)) is not None]
        begun = reads.rows(reads.beginning(native, source=key))
        meant = [row for row in begun if _is_beginning(native, row.pipeline.id)]
        return _Known(reads.rows(exact), meant, reads.rows(reads.numbered(native, source=key)))


def _is_beginning(native: str, whole: str) -> bool:
    """Whether an id was meant by its beginning: deploy#2 is another build than deploy#21, not the beginning of it."""
    return not ("#" in whole and native[-1:].isdigit() and whole[len(native) :][:1].isdigit())


def _where(row: PipelineRow) -> Where:
    return row.pipeline.source, row.pipeline.id


def _whole(rows: Iterable[PipelineRow]) -> str:
    return _names(f"{row.pipeline.id} ({row.source_name})" for row in rows)


def _waiting(approvals: Sequence[Approval]) -> str:
    """Their names, and their ids where the names are no help."""
    names = [one.name for one in approvals]
    return _names(one.name if names.count(one.name) == 1 else f"{one.name} ({one.id})" for one in approvals)


def _native(written: str, kind: str) -> str:
    """An id as it is, or out of a written subject: `pipeline/30433642`."""
    head, slash, rest = written.partition("/")
    return unquote(rest) if slash and head == kind and "/" not in rest and "#" not in rest else written


def _specs(settings: Settings) -> list[SourceSpec]:
    """The CI sources of the settings, which need not have been read yet."""
    from ..sources import registry  # brings the HTTP client, which `--help` need not pay for

    return [one.spec for one in registry.build(settings) if one.spec.kind not in NO_CI]


def _key(settings: Settings, name: str) -> str:
    specs = _specs(settings)
    found = [spec.key for spec in specs if name in (spec.name, spec.key)]
    if len(found) > 1:
        raise UsageError(f"{len(found)} sources are called {shown(name)}. Their keys tell them apart: {_names(found)}.")
    if not found:
        raise UsageError(f"No source is called {shown(name)}: there are {_names(spec.name for spec in specs)}.")
    return found[0]


def _names(names: Iterable[str]) -> str:
    return ", ".join(shown(name) for name in names)
