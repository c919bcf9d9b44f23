"""`quarterdeck pipeline run`: the jobs of the settings, in a clean work tree of a commit."""

from __future__ import annotations

import contextlib
import getpass
import os
import signal
import sys
import threading
from collections.abc import Iterator

import click

from ..channel import ask
from ..errors import QuarterdeckError, RefusedError
from ..pipeline_copies import pipeline_json
from ..records import Want
from ..runner import Local, LocalRun, choose, find_local, run
from ..runner.told import as_pipeline
from ..settings import Settings
from .boundary import INTERRUPTED
from .job_lines import JobLines, Live
from .options import Options
from .place import cache_of, settings_of
from .printing import print_object, print_text

EVENTS = ("manual", "rerun", "schedule")


@click.command("run", short_help="Run the jobs of the settings, in a clean work tree of a commit.")
@click.option("--commit", metavar="SHA", help="A commit, branch or tag; default what is checked out.")
@click.option(
    "--job", "jobs", multiple=True, metavar="NAME", help="Only this job and what it needs; may be given again."
)
@click.option("--name", metavar="NAME", help="Which local pipeline, where the settings have several.")
@click.option("--json", "as_json", is_flag=True, help="What came of it, as an item of `pipelines --json`.")
@click.option("--key", hidden=True, help="The id of the run: one that was begun is not begun again.")
@click.option("--event", type=click.Choice(EVENTS), default="manual", hidden=True)
@click.option("--rerun-of", default="", hidden=True)
@click.option("--actor", default="", hidden=True)
@click.option("--branch", default="", hidden=True)
@click.pass_obj
def run_command(
    options: Options, commit: str | None, jobs: tuple[str, ...], name: str | None, as_json: bool, key: str | None,
    event: str, rerun_of: str, actor: str, branch: str,
) -> int:  # fmt: skip
    """Run the jobs of [[ci]] kind = "local", one after the other, in a clean work tree of a commit.

    \b
      quarterdeck pipeline run
      quarterdeck pipeline run --commit release/1.x
      quarterdeck pipeline run --job train          with the jobs that it needs

    What is not committed is left out. A job that needs one that did not pass is skipped. On a terminal the jobs'
    output is shown as it comes. Ctrl+C cancels. stdout gets the id of the pipeline. Exit status 0 when all jobs
    passed, else 1.
    """
    if options.read_only:
        raise RefusedError("Refused: --read-only changes nothing, and nobody knows what a job changes.")
    settings = settings_of(options)
    local = find_local(settings, name)
    chosen = choose(settings, commit)
    chosen = chosen._replace(branch=branch or chosen.branch)
    lines = (Live if sys.stderr.isatty() else JobLines)(lambda done: _tell_syncer(options, settings, local, done))
    lines.about(chosen)
    with stopping() as stopped:
        done = run(
            settings, local, chosen, only=jobs, key=key, event=event, rerun_of=rerun_of, listener=lines,
            actor=actor or me(settings), should_stop=stopped.is_set,
        )  # fmt: skip
    _into_cache(options, settings, local)
    if as_json:
        print_object(pipeline_json(as_pipeline(done, ""), local.name))
    else:
        print_text(done.id)
    if stopped.is_set() and done.status == "cancelled":
        return INTERRUPTED
    return 0 if done.status == "passed" else 1


def me(settings: Settings) -> str:
    """Who runs it: the name in their own settings, else the login."""
    if settings.personal.user.name:
        return settings.personal.user.name
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # an id without a name, as containers have them
        return str(os.geteuid())


@contextlib.contextmanager
def stopping() -> Iterator[threading.Event]:
    """Set when somebody wants us to end. The jobs get 5 s then, and are killed."""
    stopped = threading.Event()
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    heeded = [number for number in numbers if signal.getsignal(number) != signal.SIG_IGN]  # nohup means it
    before = {number: signal.signal(number, lambda *_: stopped.set()) for number in heeded}
    try:
        yield stopped
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _tell_syncer(options: Options, settings: Settings, local: Local, done: LocalRun) -> None:
    """Have a running syncer read the record now, so that the screens show it at once."""
    from ..sources.registry import local_key  # 100 ms, when the jobs are under way

    source = local_key(settings, local.name)
    ask(cache_of(options, settings), Want(kind="pipeline", source=source, pipelines=(done.id,)))


def _into_cache(options: Options, settings: Settings, local: Local) -> None:
    """Have it in the cache when its id is printed: what is typed next is `pipeline log` with that id.

    The runner's own record stands by then, so a cache that cannot be written is no failure of the run.
    """
    from ..sync.once import sync_now

    with contextlib.suppress(QuarterdeckError):
        sync_now(settings, cache_of(options, settings), names=(local.name,))
