"""`quarterdeck tag`: set a tag of a run."""

from __future__ import annotations

import click
import msgspec

from ..actions import reconcile, set_tag
from ..errors import UsageError
from ..records import parse_subject
from .act import refresh
from .boundary import say
from .options import Options
from .place import settings_of, state_of
from .printing import print_object

EXIT = {"done": 0, "failed": 1, "unknown": 3}


@click.command("tag", short_help="Set a tag of a run.")
@click.argument("subject")
@click.argument("pair", metavar="KEY=VALUE")
@click.option("--json", "as_json", is_flag=True, help="The outcome as a JSON object.")
@click.pass_obj
def tag_command(options: Options, subject: str, pair: str, as_json: bool) -> int:
    """Set the tag KEY of SUBJECT to VALUE, and read it back.

    \b
      quarterdeck tag run/4f2c91ab7d reviewed=yes
      quarterdeck tag run/4f2c91ab7d 'mlflow.note.content=better on small stores'

    The run is named by its whole id. What was there before is kept in the journal. Exit status 4 with --read-only.
    """
    key, equals, value = pair.partition("=")
    if not equals:
        raise UsageError(f"“{pair}” is no tag: write KEY=VALUE.")
    thing = parse_subject(subject)
    settings = settings_of(options)
    with state_of(settings) as state:
        for late in [] if options.read_only else reconcile(settings, state):
            say(f"Cut off earlier: {late.sentence}")
        outcome = set_tag(settings, state, thing, key, value, read_only=options.read_only)
    refresh(options, [outcome])
    if as_json:
        print_object(msgspec.to_builtins(outcome))
    say(outcome.sentence)
    return EXIT[outcome.state]
