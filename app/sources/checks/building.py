"""From a [[checks]] of the settings to its source. Nothing is read or connected to yet."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import msgspec

from ... import trust
from ...identities import identities
from ...paths import cache_dir
from ...records import Invocation, SourceSpec
from ...settings import Settings
from ...settings.sections import Checks
from ...text import clip
from .. import Source
from ..patterns import is_magic
from ..refused import RefusedSource
from . import formats
from .command import Command, Printed
from .elsewhere import BESIDE, parts_of
from .files import Files, Reader
from .filling import Filling
from .reading import ResultFile
from .source import ChecksSource, Part
from .tree import Place, Tree

_WITH_IT: Final = {"dbt": ("sources.json",)}
"""Results that are written beside those of the pattern."""
_NO_RESULTS: Final = {
    "dbt": frozenset({"manifest.json", "catalog.json", "semantic_manifest.json", "graph_summary.json"}),
}
"""What the tool writes beside its results, which a pattern like `target/*.json` meets."""


def reader_of(kind: str) -> Reader:
    """What reads the files of one tool."""

    def read(file: ResultFile) -> tuple[Invocation, ...]:
        return formats.read(kind, file)

    return read


def build_checks(settings: Settings, index: int, spec: SourceSpec, *, read: Reader | None = None) -> Source:
    """The source of `checks[index]`. Without trust: the files inside the repository, and nothing else."""
    section = settings.checks[index]
    may_run = trust.may_run(settings, f"checks[{index}]")
    reader, filling = read or reader_of(section.kind), Filling(spec.key, section, identities(settings))
    command = command_of(settings, section, spec.key) if may_run and not settings.address else None
    parts: dict[str, Part] = {}
    if section.paths and not settings.address:
        if tree := tree_of(settings, section, may_run):
            parts["files"] = tree_files(settings, section, tree, reader, filling)
    elif command is not None and command.prints:
        parts["printed"] = printed_files(section, command, reader, filling)
    parts |= parts_of(settings, section, spec, reader, filling)
    if parts:
        return ChecksSource(spec, parts, command)
    if not may_run or not trust.is_trusted(settings):
        return RefusedSource(spec, "untrusted", trust.sentence(settings))
    return RefusedSource(spec, "misconfigured", _nowhere(settings, section))


def command_of(settings: Settings, section: Checks, key: str) -> Command | None:
    """Its command; None where it has none."""
    if not section.command:
        return None
    prints = not (section.paths or section.mlflow_artifact or section.ci_artifact)
    return Command(settings, section, cache_dir() / "checks" / key, prints=prints)


def tree_of(settings: Settings, section: Checks, may_run: bool) -> Tree | None:
    """The files that its patterns name. Those that lead out of the repository only where somebody agreed."""
    kept = places_of(settings, section.paths, may_run)
    if not kept:
        return None
    return Tree(
        kept, beside=_WITH_IT.get(section.kind, ()), left_out=_NO_RESULTS.get(section.kind, frozenset())
    )  # fmt: skip


def tree_files(settings: Settings, section: Checks, tree: Tree, reader: Reader, filling: Filling) -> Files:
    """The reading of them."""
    command = section.command
    name = clip(section.name or section.kind, 40)
    hint = f" `quarterdeck check run {name}` runs the command that makes it." if command else ""
    return Files(
        tree, reader, filling, beside=BESIDE.get(section.kind, ""),
        nothing=lambda: f"No file matches {clip(tree.written, 120)} in {clip(str(settings.root), 120)}.{hint}",
    )  # fmt: skip


def printed_files(section: Checks, command: Command, reader: Reader, filling: Filling) -> Files:
    """The reading of what a command printed."""
    name = clip(section.name or section.kind, 40)
    return Files(
        Printed(command), reader, filling, printed=True,
        nothing=lambda: f"`{command.words}` has left no results yet: `quarterdeck check run {name}` runs it.",
    )  # fmt: skip


def scope_of(settings: Settings, index: int) -> str:
    """What tells one [[checks]] from the others of a project: what it reads, and not what it is called."""

    def words(section: Checks) -> str:
        read = (section.kind, section.paths, section.mlflow_artifact, section.ci_artifact, section.command)
        return msgspec.json.encode(read).decode()

    mine = words(settings.checks[index])
    before = sum(words(section) == mine for section in settings.checks[:index])
    return f"{mine} {before}" if before else mine


def places_of(settings: Settings, patterns: Iterable[str], may_run: bool) -> list[Place]:
    """Where patterns of the settings may lead to; those that lead out of the repository only with `may_run`."""
    home = Path(os.path.realpath(settings.checkout or settings.root))
    places = [_place(settings, home, pattern, may_run) for pattern in patterns]
    return [place for place in places if place is not None]


def _place(settings: Settings, home: Path, pattern: str, may_run: bool) -> Place | None:
    if not trust.leads_out(settings, pattern):
        return Place(pattern, settings.root, (home,))
    if not may_run:
        return None
    parts = pattern.split("/")
    magic = next((at for at, part in enumerate(parts) if is_magic(part)), len(parts) - 1)
    if ".." in parts[magic:]:
        return Place(pattern, settings.root, (Path("/"),))  # where it leads, nobody can tell: all of it was agreed to
    before = "/".join(parts[:magic])
    folder = settings.path(before) if before else Path("/" if pattern.startswith("/") else settings.root)
    itself = Path(os.path.realpath(settings.path(pattern)))  # of a link that is one file, what was agreed to
    return Place(pattern, settings.root, (home, Path(os.path.realpath(folder)), itself))


def _nowhere(settings: Settings, section: Checks) -> str:
    if settings.address and (section.paths or section.command):
        return (
            "This project is read without a checkout: there is no work tree with files, and nowhere to run a command."
        )
    if section.mlflow_artifact:
        return "It names artifacts of MLflow runs, and no tracking server is named: tracking_uri under [mlflow] is one."
    return "It names artifacts of pipelines, and no [[ci]] has any: GitHub, GitLab and Jenkins do."
