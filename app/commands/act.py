"""`quarterdeck act`: carries out what a terminal wrote into the journal. Terminals start it; nobody types it."""

from __future__ import annotations

from collections.abc import Sequence

import click

from ..actions import Outcome, perform, wants
from ..channel import ask
from .boundary import say
from .options import Options
from .place import cache_of, settings_of, state_of


@click.command("act", hidden=True, short_help="Carry out what a terminal asked for.")
@click.argument("batch")
@click.pass_obj
def act_command(options: Options, batch: str) -> int:
    """Carry out the acts of BATCH, as the journal has them; what comes of them is written there."""
    settings = settings_of(options)
    cache = cache_of(options, settings)
    with state_of(settings) as state:
        outcomes = perform(settings, state, batch, read_only=options.read_only, cache=cache)
    for outcome in outcomes:
        say(f"{outcome.entry} {outcome.state}: {outcome.sentence}")
    refresh(options, outcomes)
    return 0 if all(outcome.state == "done" for outcome in outcomes) else 1


def refresh(options: Options, outcomes: Sequence[Outcome]) -> None:
    """Ask a running syncer to read what was changed again, so that the screens show it at once."""
    cache = cache_of(options, settings_of(options))
    for want in wants(outcomes):
        ask(cache, want)
