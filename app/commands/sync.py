"""`quarterdeck sync`: one pass, one whole sweep, or the syncer."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from functools import partial

import click

from ..errors import UsageError
from ..records import SourceState
from ..settings import Settings
from ..sync import install
from ..sync.once import sync_now
from ..sync.watch import sync_watch
from .boundary import say
from .options import Options
from .place import cache_of, nothing_yet, settings_of
from .printing import print_json
from .progress import Bar, Lines
from .status import state_json
from .terminal import again


@click.command("sync", short_help="Read the sources into the cache.")
@click.option("--watch", is_flag=True, help="Be the syncer: go on until told to end.")
@click.option(
    "--install", "installing", is_flag=True, help="Keep a syncer running: a systemd unit, or the line for cron."
)
@click.option("--source", "names", multiple=True, metavar="NAME", help="Only this source; may be given again.")
@click.option("--full", is_flag=True, help="Sweep the whole history: finds what was deleted or edited late.")
@click.option("--linger", type=click.FloatRange(min=0), hidden=True, help="Seconds to stay after the last terminal.")
@click.option("--json", "as_json", is_flag=True, help="The sources' states afterwards, as `status --json` has them.")
@click.pass_obj
def sync_command(
    options: Options, watch: bool, installing: bool, names: tuple[str, ...], full: bool, linger: float | None,
    as_json: bool,
) -> int:  # fmt: skip
    """Read what is new in the sources into the cache.

    \b
      quarterdeck sync                    one pass; from cron, or by hand
      quarterdeck sync --source mlflow    one source only
      quarterdeck sync --full             everything again, slowly: deleted runs, late edits
      quarterdeck sync --watch            the syncer, in the foreground
      quarterdeck sync --install          a syncer for good

    While a syncer runs it is asked to do it, and waited for. Exit status 3 when a source could not be read; one where
    there is nothing to read yet is no failure.
    """
    _check(watch, installing, bool(names) or full or as_json)
    if installing:
        return _install(options)
    if watch:
        return _watch(options, linger)
    return _pass(options, settings_of(options), names, full, as_json)


def _check(watch: bool, installing: bool, narrowed: bool) -> None:
    if watch and installing:
        raise click.UsageError("--watch and --install do not go together: --install starts its own.")
    if narrowed and (watch or installing):
        raise click.UsageError("--source, --full and --json are for a single pass, without --watch or --install.")


def _pass(options: Options, settings: Settings, names: tuple[str, ...], full: bool, as_json: bool) -> int:
    if not settings.has_source and not names:
        raise UsageError(nothing_yet(settings))
    telling = Bar() if sys.stderr.isatty() else Lines()
    with telling:
        states = sync_now(settings, cache_of(options, settings), names=names, full=full, report=telling.tell)
    if states is None:
        say("Another pass over these sources is under way: nothing to do.")
    found = states or ()
    if as_json:
        print_json(map(state_json, found))
    for state in found:
        say(_said(state))
    return 0 if all(state.state in ("ok", "never") for state in found) else 3


def _said(state: SourceState) -> str:
    items = f"{state.items:,}".replace(",", " ")
    what = f"ok, {items} item{'s' * (state.items != 1)}" if state.state == "ok" else state.state
    return f"{state.name}: {what}. {state.sentence}".rstrip()


def _watch(options: Options, linger: float | None) -> int:
    settings = settings_of(options)
    load: Callable[[], Settings] = partial(settings_of, options)
    if not asyncio.run(sync_watch(load, cache_of(options, settings), linger=linger)):
        say("A syncer runs already: nothing to do.")
    return 0


def _install(options: Options) -> int:
    settings = settings_of(options)
    done = install(cache_of(options, settings), again(options))
    if done.unit is not None:
        say(f"Wrote {done.unit}. These commands start it:")
    else:
        say("No systemd runs for you. This line in `crontab -e` reads the sources every minute:")
    print(done.text)
    return 0
