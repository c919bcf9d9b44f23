"""`quarterdeck lineage`: what a thing came from and what came of it."""

from __future__ import annotations

import shutil
import sys
import time
from typing import Any

import click

from ..errors import QuarterdeckError
from ..identities import identities
from ..lineage import DEPTH, LIMIT, Lineage, Node, trace
from ..lineage.lines import lines
from ..text import shown
from .naming import meant
from .options import Options
from .place import settings_of, state_of, synced
from .printing import iso, print_object

WIDTH = 80
"""Cells of a line where stdout is no terminal."""


@click.command("lineage", short_help="What a thing came from and what came of it.")
@click.argument("subject")
@click.option(
    "--depth", type=click.IntRange(min=1, max=20), default=DEPTH, show_default=True, metavar="N",
    help="Steps away from SUBJECT, at most.",
)  # fmt: skip
@click.option(
    "--limit", type=click.IntRange(min=1, max=500), default=LIMIT, show_default=True, metavar="N",
    help="Things of one kind below another; the rest is counted.",
)  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="One JSON object: every link with what proves it; strings exact.")
@click.option("--exit-code", "exit_code", is_flag=True, help="1 when a check upstream fails or could not run.")
@click.pass_obj
def lineage_command(
    options: Options, subject: str, depth: int, limit: int, as_json: bool, exit_code: bool
) -> int:  # fmt: skip
    """Show both ways from SUBJECT: commit, data, run, model, version, alias, pipeline and checks.

    \b
      quarterdeck lineage alias/churn@champion          what production was made of
      quarterdeck lineage dataset/orders@77ab           who feeds on this data
      quarterdeck lineage check/9f31c2a4e0b7d581        what a check is about, and who is at risk
      quarterdeck lineage run/4f2c91ab7d --json | jq '.links[] | select(.by == "name")'

    Each link says by what it is known where that is not an id: (digest) the same content, (declared) [[datasets]] says
    so, (name) called the same and nothing else. What is not known is drawn as not known. Reads the cache only.
    """
    settings, now = settings_of(options), time.time_ns() // 1_000_000
    with synced(options, settings) as reader, state_of(settings) as state:
        thing, found = meant(subject, (), reader, settings), None
        if reader is not None:
            declared = identities(settings)
            found = trace(reader, thing, declared, now=now, state=state, limit=limit, depth=depth)
    if found is None:
        raise QuarterdeckError(f"There is no {shown(str(thing))} in the cache; `quarterdeck sync` reads what is new.")
    if as_json:
        print_object(lineage_json(found))
    else:
        width = shutil.get_terminal_size().columns if sys.stdout.isatty() else WIDTH
        sys.stdout.write("".join(f"{line}\n" for line in lines(found, now, max(40, width))))
    return int(exit_code and bool(found.failing or found.could_not_run))


def lineage_json(lineage: Lineage) -> dict[str, Any]:
    """A lineage as scripts get it."""
    return {
        "subject": lineage.subject,
        "links": [
            {"from": link.from_, "to": link.to, "kind": link.kind, "by": link.by, "known": link.known}
            for link in lineage.links
        ],
        "nodes": [_node_json(node) for node in _once(lineage)],
        "failing": list(lineage.failing), "could_not_run": list(lineage.could_not_run),
        "at_risk": list(lineage.at_risk), "running": lineage.running,
        "more": lineage.more, "more_of": lineage.more_of or None,
    }  # fmt: skip


def _once(lineage: Lineage) -> list[Node]:
    """Each thing once; what is not known and mere facts have no subject to be looked up by."""
    return list({node.subject: node for node in reversed(list(lineage.nodes())) if node.is_known}.values())[::-1]


def _node_json(node: Node) -> dict[str, Any]:
    return {
        "subject": node.subject, "kind": node.kind, "title": node.title, "shown": shown(node.title),
        "words": list(node.words), "state": node.state or None, "at": iso(node.at), "since": iso(node.since),
        "checks": dict(node.told), "more": node.more, "more_of": node.more_of or None,
    }  # fmt: skip
