"""`quarterdeck infra run`: the project's own commands that make plans, and what came of them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

from .. import trust
from ..errors import QuarterdeckError, RefusedError, UsageError
from ..infra_copies import stack_json
from ..records import PipelineStatus, SourceState, Stack
from ..runner import LocalJob
from ..settings import Settings
from ..sources.checks.command import Command, Ran
from ..sources.refused import RefusedSource
from ..sources.registry import infra_source
from ..sources.terraform.source import InfraSource
from ..sync.once import sync_now
from ..text import clip
from .boundary import INTERRUPTED, say
from .check_run import waiting
from .job_lines import JobLines, Live
from .options import Options
from .pipeline_run import stopping
from .place import cache_of, settings_of, synced
from .printing import iso, print_json, print_text

_EXAMPLE: Final = """Write one down in quarterdeck.toml, for example:

[[infra]]
kind = "terraform"
stack = "serving"
command = ["ci/plan.sh"]   # prints `terraform show -json` of a plan
path = "infra\""""


class Done(NamedTuple):
    """What came of one command."""

    stack: Stack | None
    """As the cache has it afterwards."""
    name: str
    ran: Ran
    sentence: str
    """What is wrong, "" for nothing."""

    @property
    def is_bad(self) -> bool:
        """The plan failed, or nobody can tell."""
        return bool(self.sentence) or self.stack is None or self.stack.status == "failed"


def run_stacks(options: Options, names: Sequence[str], *, as_json: bool) -> int:
    """Run the commands of these stacks, of all without names, and tell how the stacks stand. Gives the exit status."""
    if options.read_only:
        raise RefusedError("Refused: --read-only changes nothing, and nobody knows what a command changes.")
    settings = settings_of(options)
    ran: dict[str, Ran] = {}
    with stopping() as stopped:
        for index in _chosen(settings, names):
            ended = _one(settings, index, stopped.is_set)
            if ended is not None:
                ran[settings.infra[index].stack] = ended
            if stopped.is_set():
                break
    done = _done(options, settings, ran)
    if as_json:
        print_json(map(_json, done))
    else:
        for one in done:
            _print(one)
    return INTERRUPTED if stopped.is_set() else int(any(one.is_bad for one in done))


def _chosen(settings: Settings, names: Sequence[str]) -> list[int]:
    """Which [[infra]] are run. Raises UsageError, UntrustedError."""
    labels = {section.stack: index for index, section in enumerate(settings.infra)}
    for name in names:
        if name not in labels:
            known = f": there is {', '.join(clip(one, 40) for one in labels)}" if labels else ""
            raise UsageError(f"No [[infra]] is called “{clip(name, 60)}”{known}.")
        if not settings.infra[labels[name]].command:
            raise UsageError(f"“{clip(name, 60)}” has no command: its files are read where they are. {_EXAMPLE}")
    found = [labels[name] for name in dict.fromkeys(names)]
    found = found or [index for index, section in enumerate(settings.infra) if section.command]
    if not found:
        raise UsageError(f"No [[infra]] has a command to run. {_EXAMPLE}")
    if settings.address:
        raise UsageError("Commands run in a work tree: this project is read without a checkout.")
    for index in found:
        trust.check_trusted(settings, f"infra[{index}]")
    return found


def _one(settings: Settings, index: int, should_stop: Callable[[], bool]) -> Ran | None:
    """Run one command; None when somebody gave up while another run of it was under way."""
    name, source = settings.infra[index].stack, infra_source(settings, index)
    if isinstance(source, RefusedSource):
        raise UsageError(source.sentence)
    assert isinstance(source, InfraSource)
    assert source.command is not None  # it is trusted, and here is a checkout
    lines = (Live if sys.stderr.isatty() else JobLines)()
    lines.job_began(LocalJob(name=name, run=source.command.words, status="running"))
    ran = source.command.run(
        output=lines.output, tick=lines.tick, should_stop=should_stop, wait=waiting(name, should_stop)
    )  # fmt: skip
    if ran is not None:
        lines.job_ended(_job(name, source.command, ran))
    return ran


def _job(name: str, command: Command, ran: Ran) -> LocalJob:
    """The end of the command, as the ends of jobs are told. What its exit status means is said of the stack."""
    status: PipelineStatus = "passed" if ran.why == "exit" else "cancelled" if ran.why == "cancelled" else "failed"
    return LocalJob(
        name=name, run=command.words, status=status, reason="" if status == "passed" else ran.said,
        exit_status=ran.status, started_at=ran.started_at, ended_at=ran.ended_at,
    )  # fmt: skip


def _done(options: Options, settings: Settings, ran: dict[str, Ran]) -> list[Done]:
    """How the stacks stand once the cache knows. A cache that fails is told and no more."""
    states: tuple[SourceState, ...] = ()
    if ran:
        try:
            states = sync_now(settings, cache_of(options, settings), names=list(ran)) or ()
        except QuarterdeckError as error:
            say(f"It is not in the cache yet: {error}")
    said = {state.name: state.sentence for state in states if state.state != "ok"}
    with synced(options, settings) as reader:
        stacks = {name: reader.infra.stack(name) if reader is not None else None for name in ran}
    return [Done(stacks[name], name, one, said.get(name, "")) for name, one in ran.items()]


def _print(done: Done) -> None:
    if done.stack is None:
        print_text(f"{done.name}: nothing is known of it")
    else:
        counts = ", ".join(
            f"{count} {word}" for word, count in done.stack.counts().items() if count and word != "no-op"
        )
        print_text(f"{done.name}: {done.stack.status}{f': {counts}' if counts else ''}")
    for sentence in (*(done.stack.errors if done.stack is not None else ()), done.sentence):
        if sentence:
            say(sentence)


def _json(done: Done) -> dict[str, Any]:
    """As a script gets it."""
    return {
        "stack": done.name,
        "exit_status": done.ran.status,
        "started_at": iso(done.ran.started_at),
        "ended_at": iso(done.ran.ended_at),
        "sentence": done.sentence,
        "outcome": stack_json(done.stack) if done.stack is not None else None,
    }
