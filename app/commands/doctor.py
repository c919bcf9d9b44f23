"""`quarterdeck doctor`: what is wrong, and how to mend it."""

from __future__ import annotations

from collections.abc import Iterator

import click

from ..errors import SettingsError
from .boundary import say
from .examine import (
    Finding,
    examine_cache,
    examine_folders,
    examine_program,
    examine_settings,
    examine_state,
    examine_syncer,
    examine_terminal,
)  # fmt: skip
from .options import Options
from .place import settings_of
from .printing import print_json, print_text


@click.command("doctor", short_help="Try everything; say what is wrong and how to mend it.")
@click.option("--json", "as_json", is_flag=True, help="A JSON array: check, state (ok, warn, fail), sentence, mend.")
@click.pass_obj
def doctor_command(options: Options, as_json: bool) -> int:
    """Look at settings, trust, folders, cache, state, syncer, terminal and webhooks, and try every source.

    \b
      quarterdeck doctor
      quarterdeck doctor --json | jq '.[] | select(.state != "ok")'

    Nothing is changed and nothing is sent but one question to each source; to the host of a webhook it connects, and
    says nothing there. Exit status 1 when something fails,
    2 when the settings cannot be read.
    """
    worst = 0
    findings = []
    for finding, status in examine(options):
        worst = max(worst, status)
        findings.append(finding)
        if not as_json:
            _print(finding)
    if as_json:
        print_json(finding._asdict() for finding in findings)
    elif worst == 0:
        say(_summary(sum(finding.state == "warn" for finding in findings)))
    return worst


def _summary(warnings: int) -> str:
    if not warnings:
        return "All is well."
    return f"Nothing fails; {warnings} warning{'s are' if warnings > 1 else ' is'} above."


def examine(options: Options) -> Iterator[tuple[Finding, int]]:
    """Each finding as it is made, and the exit status that it asks for."""
    for finding in (*examine_program(), *examine_folders(), *examine_terminal()):
        yield finding, int(finding.state == "fail")
    try:
        settings = settings_of(options)
    except SettingsError as error:
        yield Finding("settings", "fail", str(error), "Correct the file: nothing else can be looked at."), 2
        return
    from .doctor_webhooks import try_webhooks
    from .trying import try_sources  # brings the HTTP client, which broken settings need not wait for

    for look in (
        examine_settings(settings), examine_cache(options, settings), examine_state(settings),
        examine_syncer(options, settings), try_webhooks(settings), try_sources(options, settings),
    ):  # fmt: skip
        for finding in look:
            yield finding, int(finding.state == "fail")


def _print(finding: Finding) -> None:
    print_text(f"{finding.state:<5} {finding.check:<15} {finding.sentence}")
    if finding.mend:
        print_text(f"{'':<21} → {finding.mend}")
