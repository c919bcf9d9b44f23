"""`quarterdeck init`: write down the settings that were found."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import click

from .. import trust
from ..detect import commented, propose, written_down
from ..errors import QuarterdeckError, RefusedError, StoreError
from ..identities import alike, identities
from ..settings import FILE, Mlflow, Settings
from ..store.reading import Reader
from .boundary import say
from .next_steps import next_steps
from .options import Options
from .place import NAME_ONE, NO_SOURCE, cache_of, settings_of
from .printing import print_object


@click.command("init", short_help="Write down the settings that were found.")
@click.option("--force", is_flag=True, help="Look again although there is a file; it is kept as quarterdeck.toml.old.")
@click.option("--json", "as_json", is_flag=True, help="What was written, as a JSON object.")
@click.pass_obj
def init_command(options: Options, force: bool, as_json: bool) -> int:
    """Look around and write a quarterdeck.toml to begin with.

    \b
      quarterdeck init
      quarterdeck --project ~/churn init --force

    Finds the Git repository, its remote's host, MLFLOW_TRACKING_URI or mlflow.db, gx/, dbt's results and
    Terraform's. A Makefile with a target `test` becomes a local pipeline where no CI is found. After a first sync,
    datasets of several tools whose names end alike are proposed in a comment, and always the sections by which
    production comes into sight. Read it, change it, commit it: it is your team's.
    """
    file = (options.project or Path()).absolute() / FILE
    with _moved_away(file) if force else _left_alone(options):
        settings = settings_of(options)
        content = written_down(settings) + _alike(options, settings) + next_steps(settings)
        _write(file, content)
    for sentence in (*settings.found, *propose(settings).sentences):
        say(f"Found: {sentence}")
    say(f"Wrote {file}.")
    _tell_tracking(settings, settings_of(options))
    _tell_trust(settings_of(options))
    if not settings.has_source:
        say(f"{NO_SOURCE} yet. {NAME_ONE}")
    if as_json:
        print_object({"file": str(file), "found": list(settings.found), "content": content})
    return 0


def _alike(options: Options, settings: Settings) -> str:
    """A comment that proposes [[datasets]], where something was synced already and names of several tools end alike."""
    path = cache_of(options, settings)
    if not path.exists():
        return ""
    declared = identities(settings)
    try:
        with closing(Reader(path)) as reader:
            names = [(part.tool, part.name) for row in reader.datasets.names(declared) for part in row.said_by]
    except (StoreError, sqlite3.Error):
        return ""  # a cache that cannot be read is the syncer's matter: nothing is proposed
    found = alike(names, declared)
    if not found:
        return ""
    say(f"Found: datasets that several tools may know: {len(found)}. They are proposed in a comment.")
    sections = [{"name": one.name, "is": [f"{tool}:{name}" for tool, name in one.same]} for one in found]
    told = "# Names that end alike. Take the marks away where they are one dataset."
    return f"\n{told}\n{commented({'datasets': sections})}"


@contextmanager
def _left_alone(options: Options) -> Iterator[None]:
    """Refuse where settings are found, in this folder or above it."""
    found = settings_of(options).file
    if found is not None:
        raise RefusedError(f"Refused: {found} is there already. --force looks again and keeps it as {FILE}.old.")
    yield


@contextmanager
def _moved_away(file: Path) -> Iterator[None]:
    """Keep the file that is there under another name; bring it back when nothing came of it."""
    old = file.with_name(f"{FILE}.old")
    if not os.path.lexists(file):
        yield
        return
    file.replace(old)
    try:
        yield
    except BaseException:
        old.replace(file)
        raise
    say(f"The file that was there is {old} now.")


def _write(file: Path, content: str) -> None:
    """Make the file. O_EXCL: what a hostile repository put there, a link for instance, is not written through."""
    try:
        descriptor = os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o666)
    except OSError as error:
        raise QuarterdeckError(f"{file} cannot be written: {error.strerror}.") from error
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.write(content)


def _tell_tracking(found: Settings, written: Settings) -> None:
    """The server that the person's own environment names stays trusted now that the file names it."""
    tracking = found.tracking
    if tracking is None:
        return
    if tracking.origin == "personal":
        say("Left out: the tracking server of your own config.toml, which holds where no project names another.")
        return
    named = Mlflow(tracking_uri=tracking.uri, registry_uri=found.own_registry)
    is_just_that = tracking.origin == "environment" and written.mlflow == named
    if is_just_that and not trust.may_run(written, "mlflow"):
        trust.record_trust(written, "mlflow")
        say("Trusted by you: the tracking server, which your MLFLOW_TRACKING_URI names. Everybody else is asked.")


def _tell_trust(settings: Settings) -> None:
    """What was found is the repository's word: it is not trusted by being written down."""
    if not trust.is_trusted(settings):
        say(trust.sentence(settings))
