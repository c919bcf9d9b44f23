"""`quarterdeck check`: have the project's own commands check its data."""

from __future__ import annotations

import importlib
from typing import Any, Final

import click

from .line import nearest

COMMANDS: Final = {"run": "check_run"}
"""Every command and the module that holds it, as a click command of the same name followed by `_command`."""


class CheckCommands(click.Group):
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
            ctx.fail(f"there is no command “check {args[0]}”.{nearest(args[0], COMMANDS)}")
        return super().resolve_command(ctx, args)


@click.group("check", cls=CheckCommands, short_help="Run the project's own data checks.")
def check_command() -> None:
    """Run the commands that [[checks]] names, and read what they write.

    \b
      quarterdeck check run                       all of them
      quarterdeck checks                          the list of all checks, whoever ran them
    """
