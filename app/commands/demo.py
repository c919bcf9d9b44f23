"""`quarterdeck demo`: a world to try quarterdeck on."""

from __future__ import annotations

from pathlib import Path

import click
import platformdirs

from .. import demo, trust
from ..paths import NAME
from .boundary import say
from .options import Options
from .place import settings_of
from .terminal import open_here


@click.command("demo", short_help="Build a world to try quarterdeck on, and open it.")
@click.option(
    "--dir",
    "directory",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Where to build it; default in your XDG data.",
)
@click.option("--build-only", is_flag=True, help="Build it and do not open it.")
@click.pass_obj
def demo_command(options: Options, directory: Path | None, build_only: bool) -> int:
    """Build a real Git repository and a real MLflow store with weeks of history, trust them, open them.

    \b
      quarterdeck demo
      quarterdeck demo --dir /tmp/world

    A world that is there is kept. It is an ordinary project: `quarterdeck --project DIR status` and every other
    command work on it. Remove the folder and it is gone.
    """
    where = (directory or platformdirs.user_data_path(NAME, appauthor=False) / "demo").absolute()
    is_new = not demo.is_built(where)
    if is_new:
        demo.build(where, say)
    say(f"The demo world is in {where}.")
    here = options._replace(project=where, name=None, config=None)
    settings = settings_of(here)
    if is_new:
        trust.record_trust(settings)  # we wrote it just now; what was there already may have been changed since
        demo.run_past(settings, say)
        demo.write_ledger(settings, say)
    if build_only:
        return 0
    demo.start_trainer(where)
    if trust.may_run(settings, "ci[0]"):
        demo.start_pipeline(settings)
    return open_here(here, settings=settings)
