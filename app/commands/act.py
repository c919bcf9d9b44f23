"""`quarterdeck act`: carries out what a terminal wrote into the journal. Terminals start it; nobody types it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..actions import perform, wants
from ..acts import Outcome
from ..channel import ask
from ..errors import QuarterdeckError
from ..records import Want
from .boundary import say
from .options import Options
from .place import cache_of, settings_of, state_of

if TYPE_CHECKING:
    from ..settings import Settings


@click.command("act", hidden=True, short_help="Carry out what a terminal asked for.")
@click.argument("batch")
@click.pass_obj
def act_command(options: Options, batch: str) -> int:
    """Carry out the acts of BATCH, as the journal has them; what comes of them is written there."""
    settings = settings_of(options)
    cache = cache_of(options, settings)
    with state_of(settings) as state:
        if any(act.act == "promote" for act in state.batch_of_acts(batch)):
            _read_evidence(settings, cache)
        outcomes = perform(settings, state, batch, read_only=options.read_only, cache=cache)
    for outcome in outcomes:
        say(f"{outcome.entry} {outcome.state}: {outcome.sentence}")
    refresh(options, outcomes)
    return 0 if all(outcome.state == "done" for outcome in outcomes) else 1


def _read_evidence(settings: Settings, cache: Path) -> None:
    """Gates are judged by the cache: what can be read anew is."""
    from ..sync.once import sync_now

    try:
        sync_now(settings, cache)
    except QuarterdeckError as error:
        say(f"Not read anew: {error}")


def refresh(options: Options, outcomes: Sequence[Outcome]) -> None:
    """Ask a running syncer to read what was changed again, so that the screens show it at once."""
    settings = settings_of(options)
    cache = cache_of(options, settings)
    for want in wants(outcomes):
        if not ask(cache, want) and want.kind in ("model", "ledger"):
            _fetch(settings, cache, want)


def _fetch(settings: Settings, cache: Path, want: Want) -> None:
    """Nobody syncs: else the next look would show an alias where it was before."""
    from ..sync.fetch import fetch_now
    from ..sync.once import sync_now

    try:
        if want.kind == "model":
            sync_now(settings, cache, names=("models",))  # a pass: its cursor then knows what the aliases show
        else:
            fetch_now(settings, cache, want)
    except QuarterdeckError as error:
        say(f"Not read anew: {error}")
