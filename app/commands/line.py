"""The command line as click reads it: global options, and commands that are imported when they are called."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import click

from .boundary import INTERRUPTED, say
from .options import Options

COMMANDS: Final = {
    "ack": "note",
    "act": "act",
    "approve": "approve",
    "changed": "changed",
    "check": "check",
    "checks": "checks",
    "compare": "compare",
    "copy-version": "registering",
    "datasets": "datasets",
    "demo": "demo",
    "describe": "registering",
    "doctor": "doctor",
    "events": "events",
    "handover": "handover",
    "infra": "infra",
    "init": "init",
    "ledger": "ledger",
    "lineage": "lineage",
    "models": "models",
    "monitors": "monitors",
    "note": "note",
    "open": "open",
    "pipeline": "pipeline",
    "pipelines": "pipelines",
    "promote": "promote",
    "register": "registering",
    "rollback": "promote",
    "runs": "runs",
    "status": "status",
    "sync": "sync",
    "tag": "tag",
    "triage": "triage",
    "trust": "trust",
    "verify": "verify",
    "waive": "approve",
}
"""Every command and the module that holds it, as a click command of that name (`-` is `_`) followed by `_command`."""


class Commands(click.Group):
    """A group that imports a command's module only when it is called: `status` needs no HTTP client."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, in order."""
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name, None when there is none."""
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f".{COMMANDS[cmd_name]}", __package__)
        command = getattr(module, f"{cmd_name.replace('-', '_')}_command")
        assert isinstance(command, click.Command)
        return command

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        """As click does, and with the nearest word when there is no such command."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            ctx.fail(f"there is no command “{args[0]}”.{nearest(args[0], COMMANDS)}")
        return super().resolve_command(ctx, args)


def nearest(word: str, known: Sequence[str] | dict[str, str]) -> str:
    """` Did you mean “runs”?`, or nothing."""
    from difflib import get_close_matches

    found = get_close_matches(word, list(known), n=1)
    return f" Did you mean “{found[0]}”?" if found else ""


def _tell_version(context: click.Context, _: click.Parameter, asked: bool) -> None:
    if not asked or context.resilient_parsing:
        return
    from importlib.metadata import PackageNotFoundError, version

    try:
        click.echo(f"quarterdeck {version('quarterdeck')}")
    except PackageNotFoundError:  # run from the source, never installed
        click.echo("quarterdeck (not installed)")
    context.exit()


@click.group(
    cls=Commands,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="stdout is data, stderr is narration. Exit status: 0 done · 1 it failed, or something is wrong · 2 usage,"
    " settings, or not trusted · 3 a source could not be reached · 4 refused.",
)
@click.option(
    "--project", type=click.Path(path_type=Path), metavar="DIR", help="A folder inside the project; default here."
)
@click.option("-p", "name", metavar="NAME", help="A project of projects.toml, which needs no checkout.")
@click.option("--config", type=click.Path(path_type=Path), metavar="FILE", help="The settings file to use instead.")
@click.option("--cache", type=click.Path(path_type=Path), metavar="FILE", help="The cache file to use instead.")
@click.option("--read-only", is_flag=True, help="Change nothing in the outside world.")
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_tell_version,
    help="Say the version and end.",
)
@click.pass_context
def line(context: click.Context, /, **given: Any) -> int | None:
    """The terminal where an ML team stands its watch. Without a command it opens.

    \b
      quarterdeck                      open the project around this folder
      quarterdeck demo                 a world to try it on
      quarterdeck -p churn status      how the sources of a project do, without a checkout
      quarterdeck runs --filter 'metrics.val_auc > 0.9 and status:finished' --sort metrics.val_auc:desc
    """
    context.obj = Options(**given)
    if context.invoked_subcommand is not None:
        return None
    from .terminal import open_here

    return open_here(context.obj)


def run_line(words: list[str]) -> int:
    """Read the words, run what they say and give the exit status. Errors of quarterdeck's own go through."""
    try:
        with line.make_context("quarterdeck", words) as context:
            return int(line.invoke(context) or 0)
    except click.exceptions.Exit as end:
        return end.exit_code
    except click.Abort:
        return INTERRUPTED
    except click.ClickException as error:
        return _tell_usage(error)


def _tell_usage(error: click.ClickException) -> int:
    """One sentence and where the help is; what click shows of the usage would push the sentence off the screen."""
    message = error.format_message()
    say(f"{message[:1].upper()}{message[1:]}" + ("" if message.endswith((".", "?")) else "."))
    if isinstance(error, click.UsageError) and error.ctx is not None:
        say(f"`{error.ctx.command_path} --help` shows how it is used.")
    return error.exit_code
