"""`quarterdeck sync`: one pass, one whole sweep, or the syncer."""

from __future__ import annotations

import asyncio
import shlex
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

import click

from ..errors import UsageError
from ..paths import config_dir
from ..records import SourceState
from ..settings import Settings
from ..store.state import state_file
from ..sync import install
from ..sync.once import sync_now
from ..sync.watch import sync_watch
from ..sync.webhooks import Teller, teller
from .boundary import say
from .options import Options
from .place import cache_of, nothing_yet, settings_of, synced
from .printing import print_json
from .progress import Bar, Lines
from .status import state_json
from .terminal import again


@click.command("sync", short_help="Read the sources into the cache.")
@click.option("--watch", is_flag=True, help="Be the syncer: go on until told to end.")
@click.option(
    "--install", "installing", is_flag=True, help="Keep a syncer running: a systemd unit, or the line for cron."
)
@click.option(
    "--notify", is_flag=True, help="With --watch or --install: say what needs attention to your [[webhooks]], once."
)
@click.option("--source", "names", multiple=True, metavar="NAME", help="Only this source; may be given again.")
@click.option("--full", is_flag=True, help="Sweep the whole history: finds what was deleted or edited late.")
@click.option("--linger", type=click.FloatRange(min=0), hidden=True, help="Seconds to stay after the last terminal.")
@click.option("--json", "as_json", is_flag=True, help="The sources' states afterwards, as `status --json` has them.")
@click.pass_obj
def sync_command(
    options: Options, watch: bool, installing: bool, notify: bool, names: tuple[str, ...], full: bool,
    linger: float | None, as_json: bool,
) -> int:  # fmt: skip
    """Read what is new in the sources into the cache.

    \b
      quarterdeck sync                    one pass; from cron, or by hand
      quarterdeck sync --source mlflow    one source only
      quarterdeck sync --full             everything again, slowly: deleted runs, late edits
      quarterdeck sync --watch            the syncer, in the foreground
      quarterdeck sync --install          a syncer for good
      quarterdeck sync --install --notify  and what needs attention is said to a chat, with no terminal open

    While a syncer runs it is asked to do it, and waited for. Exit status 3 when a source could not be read; one where
    there is nothing to read yet is no failure.
    """
    _check(watch, installing, bool(names) or full or as_json, notify)
    if installing:
        return _install(options, notify)
    if watch:
        return _watch(options, linger, notify)
    return _pass(options, settings_of(options), names, full, as_json)


def _check(watch: bool, installing: bool, narrowed: bool, notify: bool) -> None:
    if watch and installing:
        raise click.UsageError("--watch and --install do not go together: --install starts its own.")
    if narrowed and (watch or installing):
        raise click.UsageError("--source, --full and --json are for a single pass, without --watch or --install.")
    if notify and not (watch or installing):
        raise click.UsageError("--notify is for a syncer that stays: it goes with --watch or --install.")


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
    counts = _watched(options, settings, found)
    for state in found:
        say(_said(state, counts.get(state.source)))
    return 0 if all(state.state in ("ok", "never") for state in found) else 3


def _said(state: SourceState, watched: str | None) -> str:
    what = f"ok, {watched or _many(state.items, 'item')}" if state.state == "ok" else state.state
    return f"{state.name}: {what}. {state.sentence}".rstrip()


def _many(number: int, what: str) -> str:
    return f"{number:,} {what}{'s' * (number != 1)}".replace(",", " ")


def _watched(options: Options, settings: Settings, states: Sequence[SourceState]) -> dict[str, str]:
    """What there is of each source that watches production, by its key: its lines, and the alerts that are active."""
    keys = [state.source for state in states if state.kind in _MONITORS and state.state == "ok"]
    if not keys:
        return {}
    with synced(options, settings) as reader:
        if reader is None:
            return {}
        lines = Counter(one.source for one in reader.monitors.series())
        alerts = Counter(one.source for one in reader.monitors.alerts(limit=_MOST_ALERTS))
    return {key: f"{_many(lines[key], 'line')}, {_many(alerts[key], 'active alert')}" for key in keys}


_MONITORS: Final = frozenset({"prometheus", "monitors"})
_MOST_ALERTS: Final = 100_000
"""More than any source keeps."""


def _watch(options: Options, linger: float | None, notify: bool) -> int:
    settings = settings_of(options)
    if notify:
        _check_webhooks(settings)
    load: Callable[[], Settings] = partial(settings_of, options)
    tells = partial(_teller, options) if notify else None
    if not asyncio.run(sync_watch(load, cache_of(options, settings), linger=linger, notify=tells)):
        say("A syncer runs already: nothing to do.")
    return 0


def _teller(options: Options, settings: Settings) -> Teller | None:
    """Made anew whenever the settings change."""
    words = ["quarterdeck", *(["-p", options.name] if options.name else [])]  # no path: others have another one
    return teller(settings, state_file(settings.project_key), shlex.join(words))


def _check_webhooks(settings: Settings) -> None:
    """Raise UsageError where nobody would be told."""
    if not settings.personal.webhooks:
        raise UsageError(
            f"There is no webhook to tell: name one in {config_dir() / 'config.toml'}, as\n[[webhooks]]\n"
            'url_env = "SLACK_WEBHOOK_URL"'
        )


def _install(options: Options, notify: bool) -> int:
    settings = settings_of(options)
    if notify:
        _check_webhooks(settings)
    done = install(cache_of(options, settings), again(options), notify=notify)
    if done.unit is not None:
        say(f"Wrote {done.unit}. These commands start it:")
    elif notify:
        say("No systemd runs for you. This line in `crontab -e` keeps a syncer running, looked after every minute:")
    else:
        say("No systemd runs for you. This line in `crontab -e` reads the sources every minute:")
    print(done.text)
    if notify:
        names = " and ".join(f"${section.url_env}" for section in settings.personal.webhooks)
        where = config_dir() / "environment" if done.unit is not None else "the crontab, above that line"
        say(f"It does not see your shell's environment: write {names} into {where}, as NAME=value.")
    return 0
