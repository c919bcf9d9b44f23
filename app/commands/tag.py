"""`quarterdeck tag`: set a tag of a run, a registered model or a version, or take it away."""

from __future__ import annotations

import click

from ..actions import set_tag
from ..errors import UsageError
from ..records import parse_subject
from ..registering import tag_now
from .options import Options
from .registering import carry_out, pair_of


@click.command("tag", short_help="Set a tag of a run, a registered model or a version.")
@click.argument("subject")
@click.argument("pair", metavar="KEY=VALUE")
@click.option("--delete", is_flag=True, help="Take the tag KEY away instead; no value is given then.")
@click.option("--json", "as_json", is_flag=True, help="The outcome as a JSON object.")
@click.pass_obj
def tag_command(options: Options, subject: str, pair: str, delete: bool, as_json: bool) -> int:
    """Set the tag KEY of SUBJECT to VALUE, and read it back.

    \b
      quarterdeck tag run/4f2c91ab7d reviewed=yes
      quarterdeck tag run/4f2c91ab7d 'mlflow.note.content=better on small stores'
      quarterdeck tag model/churn team=risk
      quarterdeck tag model/churn/14 stage --delete

    A run is named by its whole id. What was there before is kept in the journal. Exit status 4 with --read-only.
    """
    if delete and "=" in pair:
        raise UsageError(f"Of a tag that is taken away only the key is given, not “{pair}”.")
    key, value = (pair, None) if delete else pair_of(pair)
    thing = parse_subject(subject)
    act = tag_now if thing.kind == "model" else set_tag
    return carry_out(
        options, as_json, lambda settings, state: act(settings, state, thing, key, value, read_only=options.read_only)
    )
