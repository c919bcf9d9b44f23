"""From an [[infra]] of the settings to its source. Nothing is read or connected to yet."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

import msgspec
from msgspec.structs import replace

from ... import trust
from ...paths import cache_dir
from ...records import SourceSpec
from ...settings import Settings
from ...settings.sections import Infra
from ...text import clip
from .. import Source
from ..checks.building import places_of
from ..checks.ci_artifacts import CiArtifacts
from ..checks.command import Command, Ran
from ..checks.elsewhere import keepers, opener_of
from ..checks.filling import Found
from ..checks.reading import ResultFile
from ..checks.tree import Tree
from ..patterns import fixed
from ..refused import RefusedSource
from .keeping import Printer, part_of
from .merging import Facts
from .part import Part
from .places import PlaceOfFile
from .source import InfraSource

DEPTH: Final = 60
"""Pipelines, newest first, in which a plan is looked for."""
_KEYS: Final = ("plan", "state", "log")


def build_infra(settings: Settings, index: int, spec: SourceSpec) -> Source:
    """The source of `infra[index]`. Without trust: the files inside the repository, and nothing else."""
    section = settings.infra[index]
    may_run = trust.may_run(settings, f"infra[{index}]")
    files = {} if settings.address else _files(settings, section, may_run)
    ci = _ci(settings, section, spec)
    command, printer = _command(settings, section, spec.key) if may_run and not settings.address else (None, None)
    if files or ci or command is not None:
        return InfraSource(
            spec, _facts(settings, section, spec.key), files=files, ci=ci, command=command, printer=printer
        )  # fmt: skip
    if not may_run or not trust.is_trusted(settings):
        return RefusedSource(spec, "untrusted", trust.sentence(settings))
    return RefusedSource(spec, "misconfigured", _nowhere(settings, section))


def scope_of(settings: Settings, index: int) -> str:
    """What tells one [[infra]] from the others of a project: which stack it is, and what it reads."""
    one = settings.infra[index]
    return msgspec.json.encode((one.stack, one.plan, one.state, one.log, one.ci_artifact, one.command)).decode()


def _files(settings: Settings, section: Infra, may_run: bool) -> dict[str, PlaceOfFile]:
    found: dict[str, PlaceOfFile] = {}
    for key in _KEYS:
        written: str = getattr(section, key)
        if written and (places := places_of(settings, [written], may_run)):
            found[key] = PlaceOfFile(Tree(places), clip(written, 120), section.stack)
    return found


def _ci(settings: Settings, section: Infra, spec: SourceSpec) -> dict[str, CiArtifacts[Part]]:
    if not section.ci_artifact:
        return {}
    found: dict[str, CiArtifacts[Part]] = {}
    for ci in keepers(settings):
        name = ci.name or ci.kind

        def reader(file: ResultFile, where: Found, name: str = name) -> tuple[Part, ...]:
            part = part_of(file, section.stack)
            origin = f"{name} {where.pipeline_id}: {file.path}"
            return (
                replace(
                    part, origin=origin, commit=where.commit, pipeline_id=where.pipeline_id,
                    written_at=where.at or part.written_at,
                ),
            )  # fmt: skip

        found[name] = CiArtifacts(
            opener_of(settings, ci, spec), section.ci_artifact, reader, name=name, source=spec.key, depth=DEPTH
        )  # fmt: skip
    return found


def _command(settings: Settings, section: Infra, key: str) -> tuple[Command | None, Printer | None]:
    """Its command, and what keeps what it prints where nothing else says where its files are."""
    if not section.command:
        return None, None
    folder = cache_dir() / "infra" / key
    if section.plan or section.state or section.log or section.ci_artifact:
        return Command(settings, section, folder, prints=False), None

    def take(output: Path, ran: Ran) -> None:
        printer.take(output, ran)

    command = Command(settings, section, folder, prints=True, take=take)
    printer = Printer(folder, section.stack, command.words)
    return command, printer


def _facts(settings: Settings, section: Infra, key: str) -> Facts:
    return Facts(
        source=key, name=section.stack, tool=section.kind,
        environment=section.environment, models=section.models,
        folder=_folder(settings, section),
    )  # fmt: skip


def _folder(settings: Settings, section: Infra) -> str:
    """Where the code is, from the top of the repository; "" for the top, and where it lies elsewhere."""
    written = section.path or fixed(section.plan or section.state or section.log)
    top = settings.checkout or settings.root
    inside = os.path.relpath(os.path.normpath(settings.path(written) if written else settings.root), top)
    return "" if inside == "." or inside.startswith("..") else Path(inside).as_posix()


def _nowhere(settings: Settings, section: Infra) -> str:
    if settings.address:
        return (
            "This project is read without a checkout: there is no work tree with files, and nowhere to run a command."
        )
    return "It names artifacts of pipelines, and no [[ci]] has any: GitHub, GitLab and Jenkins do."
