"""`quarterdeck open`: the terminal, at a thing."""

from __future__ import annotations

import click

from ..errors import QuarterdeckError, UsageError
from ..records import Subject, parse_subject
from ..settings import Settings
from .options import Options
from .place import settings_of, synced
from .terminal import open_here


@click.command("open", short_help="Open the terminal at a thing.")
@click.argument("subject")
@click.pass_obj
def open_command(options: Options, subject: str) -> int:
    """Open the terminal at SUBJECT.

    \b
      quarterdeck open run/4f2c91ab7d
      quarterdeck open "$(quarterdeck runs --sort metrics.val_auc:desc --limit 1 --json | jq -r '.[0].subject')"
    """
    thing = parse_subject(subject)
    settings = settings_of(options)
    find(thing, options, settings)
    return open_here(options, thing, settings)


def find(subject: Subject, options: Options, settings: Settings) -> None:
    """See that the cache knows it. Raises UsageError for a kind without a screen, QuarterdeckError."""
    if subject.kind != "run":
        raise UsageError(f"There is no screen for {subject} yet: only runs can be opened, as run/ID.")
    with synced(options, settings) as reader:
        if reader is None or not reader.rowids(list(subject.parts)):
            raise QuarterdeckError(
                f"There is no {subject} in the cache. Runs are named by their whole id; `quarterdeck sync` reads"
                " what is new."
            )
