"""`quarterdeck status`: how each source does and how old what is known of it is."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any

import click
import msgspec

from ..channel import read_holder
from ..records import Millis, SourceState
from ..settings import Settings, seconds
from ..sync import syncer_alive
from ..sync.schedule import longest_pause
from .boundary import say
from .options import Options
from .place import cache_of, settings_of, state_of, synced
from .printing import Head, ago, iso, print_json, print_table

HEADS = (
    Head("source"), Head("kind"), Head("state"), Head("last ok", right=True), Head("items", right=True),
    Head("what to do"),
)  # fmt: skip
RECENT = 24 * 3_600_000
"""Milliseconds for which a gap in the watch is still told."""


@click.command("status", short_help="Each source's state and age.")
@click.option("--exit-code", is_flag=True, help="End with 1 when a source is not ok, or nothing was synced yet.")
@click.option("--json", "as_json", is_flag=True, help="A JSON array, an object for each source.")
@click.pass_obj
def status_command(options: Options, exit_code: bool, as_json: bool) -> int:
    """Tell how each source does and when it was read last.

    \b
      quarterdeck status
      quarterdeck status --exit-code || page-somebody
      quarterdeck status --json | jq -r '.[] | select(.state != "ok") | .sentence'

    Reads the cache only. `quarterdeck doctor` tries the sources.
    """
    settings, now = settings_of(options), time.time_ns() // 1_000_000
    with synced(options, settings) as reader:
        found = [] if reader is None else reader.source_states()
    states = aged(found, now, settings)
    if as_json:
        print_json(state_json(state) for state in states)
    else:
        print_table(HEADS, [_row(state, now) for state in states])
    _tell(options, settings, now)
    well = bool(states) and all(state.state == "ok" for state in states)
    return 1 if exit_code and not well else 0


def aged(states: Iterable[SourceState], now: Millis, settings: Settings) -> list[SourceState]:
    """The states, those that were well and not read for three passes as stale: old is never shown as fresh."""
    longest = longest_pause(seconds(settings.sync.every))
    return [_stale(state) if _is_old(state, now, longest) else state for state in states]


def state_json(state: SourceState) -> dict[str, Any]:
    """A source as `--json` shows it; `sweep_period` in seconds."""
    return {
        "source": state.name,
        "key": state.source,
        "kind": state.kind,
        "address": state.address,
        "state": state.state,
        "last_ok_at": iso(state.last_ok_at),
        "last_error": state.last_error,
        "sentence": state.sentence,
        "next_try_at": iso(state.next_try_at),
        "sweep_period": None if state.sweep_period is None else state.sweep_period / 1000,
        "items": state.items,
        "done": state.done,
        "total": state.total,
    }


def _is_old(state: SourceState, now: Millis, longest: Millis) -> bool:
    return state.state == "ok" and state.last_ok_at is not None and now - state.last_ok_at > longest


def _stale(state: SourceState) -> SourceState:
    sentence = state.sentence or "Not read for a while: `quarterdeck sync` reads it now."
    return msgspec.structs.replace(state, state="stale", sentence=sentence)


def _row(state: SourceState, now: Millis) -> list[str]:
    items = f"{state.items}" if state.done is None else f"{state.done} of {state.total or '…'}"
    return [state.name, state.kind, state.state, ago(state.last_ok_at, now), items, state.sentence]


def _tell(options: Options, settings: Settings, now: Millis) -> None:
    """What is true of all sources: who syncs, when nobody did, what is not trusted."""
    from .. import trust

    cache = cache_of(options, settings)
    holder = read_holder(cache)
    if holder is not None and syncer_alive(cache):
        say(f"The syncer runs: process {holder.pid} on {holder.host}, since {iso(holder.started_at)}.")
    else:
        say("No syncer runs: an open terminal starts one, `quarterdeck sync --install` keeps one.")
    if not trust.is_trusted(settings):
        say(trust.sentence(settings))
    with state_of(settings) as state:
        for gap in state.gaps(since=now - RECENT, limit=3):
            say(f"No sync {iso(gap.since)} to {iso(gap.until)}: times in it are ranges.")
