"""`quarterdeck pipeline`: run pipelines, and act on them."""

from __future__ import annotations

import importlib
from typing import Any, Final

import click

from .line import nearest

COMMANDS: Final = {
    "approve": "pipeline_acts",
    "cancel": "pipeline_acts",
    "log": "pipeline_log",
    "play": "pipeline_acts",
    "rerun": "pipeline_acts",
    "run": "pipeline_run",
}
"""Every command and the module that holds it, as a click command of the same name followed by `_command`."""


class PipelineCommands(click.Group):
    """A group that imports a command's module only when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, in order."""
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name, None when there is none."""
        if cmd_name not in COMMANDS:
            return None
        command = getattr(importlib.import_module(f".{COMMANDS[cmd_name]}", __package__), f"{cmd_name}_command")
        assert isinstance(command, click.Command)
        return command

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        """As click does, and with the nearest word when there is no such command."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            ctx.fail(f"there is no command “pipeline {args[0]}”.{nearest(args[0], COMMANDS)}")
        return super().resolve_command(ctx, args)


@click.group("pipeline", cls=PipelineCommands, short_help="Run a pipeline, act on one, read a job's log.")
def pipeline_command() -> None:
    """Run the jobs of the settings here, or act on what a CI server ran.

    \b
      quarterdeck pipeline run                    the jobs of [[ci]] kind = "local", on the last commit
      quarterdeck pipelines                       the list of all, whoever ran them
      quarterdeck pipeline log 30433642           what a job wrote; of a pipeline the job that failed
    """
