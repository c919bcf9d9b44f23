"""`quarterdeck act`: carries out what a terminal wrote into the journal. Terminals start it; nobody types it."""

from __future__ import annotations

from itertools import groupby

import click

from ..actions import Outcome, perform
from ..channel import ask
from ..records import Want
from .boundary import say
from .options import Options
from .place import cache_of, settings_of, state_of

RUNS_AT_ONCE = 100
"""Runs of one request to the syncer."""


@click.command("act", hidden=True, short_help="Carry out what a terminal asked for.")
@click.argument("batch")
@click.pass_obj
def act_command(options: Options, batch: str) -> int:
    """Carry out the acts of BATCH, as the journal has them; what comes of them is written there."""
    settings = settings_of(options)
    with state_of(settings) as state:
        outcomes = perform(settings, state, batch, read_only=options.read_only)
    for outcome in outcomes:
        say(f"{outcome.entry} {outcome.state}: {outcome.sentence}")
    refresh(options, outcomes)
    return 0 if all(outcome.state == "done" for outcome in outcomes) else 1


def refresh(options: Options, outcomes: list[Outcome]) -> None:
    """Ask a running syncer to read the runs again, so that the screens show them at once."""
    cache = cache_of(options, settings_of(options))
    found = sorted(outcomes, key=lambda one: one.source)
    for source, of_it in groupby(found, key=lambda one: one.source):
        runs = list(dict.fromkeys(outcome.run_id for outcome in of_it))
        for start in range(0, len(runs), RUNS_AT_ONCE):
            ask(cache, Want(kind="run", source=source, run_ids=tuple(runs[start : start + RUNS_AT_ONCE])))
