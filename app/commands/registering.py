"""`quarterdeck register`, `copy-version` and `describe`: versions of registered models are made, and described."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from urllib.parse import unquote

import click
import msgspec

from ..actions import check_allowed, reconcile
from ..acts import Outcome
from ..errors import UsageError
from ..records import parse_subject
from ..registering import copy_now, describe_now, register_now
from ..settings import Settings
from ..store.state import State
from .act import refresh
from .boundary import say
from .options import Options
from .place import cache_of, settings_of, state_of
from .printing import print_object

EXIT = {"done": 0, "failed": 1, "unknown": 3}
REFUSED = 4

_as_json = click.option("--json", "as_json", is_flag=True, help="The outcome as a JSON object.")
_again = click.option("--again", is_flag=True, help="Also where it is a version of that model already.")


@click.command("register", short_help="Make a run's model a version of a registered model.")
@click.argument("run")
@click.argument("model")
@click.option("--path", metavar="P", help="Which of its models, by name, or by path among its artifacts.")
@click.option("--logged-model", "model_id", metavar="ID", help="Which of its logged models (MLflow 3).")
@click.option("--tag", "pairs", metavar="K=V", multiple=True, help="A tag of the version; as often as you like.")
@click.option("--description", default="", metavar="TEXT", help="Of the version.")
@_again
@_as_json
@click.pass_obj
def register_command(
    options: Options, run: str, model: str, path: str | None, model_id: str | None, pairs: Sequence[str],
    description: str, again: bool, as_json: bool,
) -> int:  # fmt: skip
    """Make the model that RUN logged the next version of MODEL, which is made too where there is none.

    \b
      quarterdeck register 4f2c91ab7d churn
      quarterdeck register 4f2c91ab7d churn --path model --tag team=risk --description "on the small stores"

    The run is named by its whole id. Whatever goes wrong on the way, no second version is made: the version has a tag
    that tells which act made it. Exit status 4 where it is refused: with --read-only, where the run has no model or
    several, or where its model is a version of MODEL already.
    """
    if path is not None and model_id is not None:
        raise UsageError("--path and --logged-model both say which model is meant: give one of them.")
    tags = dict(pair_of(pair) for pair in pairs)
    return carry_out(
        options, as_json,
        lambda settings, state: register_now(
            settings, state, _run_id(run), model, path=path, model_id=model_id, tags=tags, description=description,
            again=again, read_only=options.read_only,
        ),
    )  # fmt: skip


@click.command("copy-version", short_help="Copy a version to another registered model.")
@click.argument("model")
@click.argument("version")
@click.argument("to")
@_again
@_as_json
@click.pass_obj
def copy_version_command(options: Options, model: str, version: str, to: str, again: bool, as_json: bool) -> int:
    """Make VERSION of MODEL the next version of the registered model TO, which is made too where there is none.

    \b
      quarterdeck copy-version churn 14 churn-eu

    It takes tags, description and run along, and no alias. Exit status 4 where it is a version of TO already.
    """
    number = version[1:] if version[:1] in "vV" and version[1:].isdecimal() else version
    return carry_out(
        options, as_json,
        lambda settings, state: copy_now(settings, state, model, number, to, again=again, read_only=options.read_only),
    )  # fmt: skip


@click.command("describe", short_help="Describe a registered model or a version.")
@click.argument("subject")
@click.argument("text")
@_as_json
@click.pass_obj
def describe_command(options: Options, subject: str, text: str, as_json: bool) -> int:
    """Make TEXT the description of SUBJECT, model/NAME or model/NAME/VERSION, and read it back.

    \b
      quarterdeck describe model/churn/14 "trained without the stores of the north"
      quarterdeck describe model/churn ""

    What was there before is kept in the journal.
    """
    thing = parse_subject(subject)
    return carry_out(
        options, as_json,
        lambda settings, state: describe_now(settings, state, thing, text, read_only=options.read_only),
    )  # fmt: skip


def carry_out(options: Options, as_json: bool, work: Callable[[Settings, State], Outcome]) -> int:
    """Find out what came of acts that were cut off, do this one, and say what came of it; gives the exit status."""
    settings = settings_of(options)
    check_allowed(settings, options.read_only)
    with state_of(settings) as state:
        for late in reconcile(settings, state, cache=cache_of(options, settings)):
            say(f"Cut off earlier: {late.sentence}")
        outcome = work(settings, state)
    refresh(options, [outcome])
    if as_json:
        print_object(msgspec.to_builtins(outcome))
    say(outcome.sentence)
    return REFUSED if outcome.is_refused else EXIT[outcome.state]


def pair_of(pair: str) -> tuple[str, str]:
    """KEY=VALUE in two. Raises UsageError."""
    key, equals, value = pair.partition("=")
    if not equals:
        raise UsageError(f"“{pair}” is no tag: write KEY=VALUE.")
    return key, value


def _run_id(written: str) -> str:
    """An id as it is, or out of a written subject: `run/4f2c`."""
    kind, slash, rest = written.partition("/")
    return unquote(rest) if slash and kind == "run" and "/" not in rest else written
