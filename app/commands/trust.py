"""`quarterdeck trust`: show and record what the project's settings may reach and run."""

from __future__ import annotations

import sys

import click

from .. import trust
from ..errors import UntrustedError
from .boundary import say
from .options import Options
from .place import settings_of
from .printing import Head, print_object, print_table


@click.command("trust", short_help="Show and record what the settings may reach and run.")
@click.option("--yes", is_flag=True, help="Record it without asking.")
@click.option("--json", "as_json", is_flag=True, help="What it would reach or run, as a JSON object; asks nothing.")
@click.pass_obj
def trust_command(options: Options, yes: bool, as_json: bool) -> int:
    """Show what the project's settings would reach or run, and record that you trust it.

    \b
      quarterdeck trust
      quarterdeck trust --yes      after you have read the file

    A repository's quarterdeck.toml is somebody else's program until then: only local files are read. Any change
    of what it reaches or runs asks again. Your own settings need no trust.
    """
    settings = settings_of(options)
    reaches = trust.reaches(settings)
    trusted = trust.is_trusted(settings)
    if as_json:
        if yes and not trusted:
            trust.record_trust(settings)
        things = [{"place": reach.place, "value": reach.value} for reach in reaches]
        print_object({"trusted": trusted or yes, "reaches": things})
        return 0
    print_table((Head("setting"), Head("reaches or runs")), [[reach.place, reach.told] for reach in reaches])
    if trusted:
        say("Nothing in the settings needs trust." if not reaches else "This is trusted.")
        return 0
    if not yes:
        _ask()
    trust.record_trust(settings)
    say("Trusted, until any of it changes.")
    return 0


def _ask() -> None:
    if not sys.stdin.isatty():
        raise UntrustedError("Not trusted: nobody can be asked here. Read the list and say --yes.")
    if not click.confirm("Trust this?", default=False, err=True):
        raise UntrustedError("Not trusted: only local files are read.")
