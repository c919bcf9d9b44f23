"""dvc.lock and .dvc files: what is tracked, and by which digest."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from .definition import Definition
from .documents import LARGEST, DvcError, Node, read_document
from .outputs import MOST_OUTPUTS, Output, command, entries, output, params, parts, place, text
from .stages import Stages, stage_texts

_OF_A_STAGE = ("cmd", "outs", "deps", "params")


def read_lock(raw: bytes, path: str, definition: Definition, known: Stages | None = None) -> tuple[Output, ...]:
    """All that the stages of a dvc.lock wrote. `path` is the file's own in the repository, `definition` what the
    dvc.yaml beside it says (wdir, metrics, plots and models are there only). Formats of DVC 1, 2 and 3. `known` is for
    further locks of this path with this definition, which then cost what is new in them.

    Raises DvcError and nothing else.
    """
    if len(raw) > LARGEST:
        raise DvcError(f"is larger than {LARGEST // 1_000_000} MB")
    try:
        stages = _by_text(raw, path, definition, known or Stages())
    except DvcError:
        stages = None  # a text of several lines may have been cut into stages: the long way tells
    if stages is None:
        stages = _by_stage(read_document(raw), path, definition)
    found = tuple(one for outputs in stages.values() for one in outputs)
    if len(found) > MOST_OUTPUTS:
        raise DvcError(f"has more than {MOST_OUTPUTS:,} outputs")
    return found


def _by_text(
    raw: bytes, path: str, definition: Definition, known: Stages
) -> dict[str, tuple[Output, ...]] | None:  # fmt: skip
    """What the stages of a lock of the usual form say, those that are known without being read."""
    texts = stage_texts(raw)
    if texts is None:
        return None
    found: dict[str, tuple[Output, ...]] = {}
    for stage in texts:
        said = known.get(stage)
        if said is None:
            said = _by_stage(read_document(stage), path, definition)
            known.keep(stage, said)
        found |= said
    return found


def _by_stage(content: Node, path: str, definition: Definition) -> dict[str, tuple[Output, ...]]:
    found: dict[str, tuple[Output, ...]] = {}
    total = 0
    for name, written in _stages(content).items():
        if not isinstance(written, dict):
            raise DvcError("has a stage that is no map")
        found[name] = tuple(_stage(name, written, path, definition))
        total += len(found[name])
        if total > MOST_OUTPUTS:
            raise DvcError(f"has more than {MOST_OUTPUTS:,} outputs")
    return found


def _stages(content: Node) -> dict[str, Node]:
    """From DVC 2 on under `stages`, beside a `schema`; before, the stages were all there was."""
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise DvcError("is no map")
    if "schema" not in content:
        return content
    stages = content.get("stages")
    if stages is None:
        return {}
    if not isinstance(stages, dict):
        raise DvcError("has no map as its “stages”")
    return stages


def _stage(name: str, written: dict[str, Node], path: str, definition: Definition) -> Iterator[Output]:
    if not any(key in written for key in _OF_A_STAGE):
        raise DvcError("has a stage without a command, deps and outs")
    stage = definition.stage(name)
    deps, given = parts(written.get("deps"), stage.folder), params(written.get("params"), stage.folder)
    ran = command(written.get("cmd"))
    for entry in entries(written.get("outs"), "outs"):
        found = output(entry, stage.folder, path)
        if found is not None:
            kind = definition.kind(stage, found.name)
            yield found._replace(stage=name, command=ran, deps=deps, params=given, kind=kind)


def read_tracked(raw: bytes, path: str) -> tuple[Output, ...]:
    """What a .dvc file tracks; `path` is its own in the repository. Of an import, `deps` says where it came from.

    Raises DvcError and nothing else.
    """
    content = read_document(raw)
    if not isinstance(content, dict):
        raise DvcError("is no map")
    folder = place(posixpath.dirname(path), text(content.get("wdir")) or ".")
    folder = "" if folder == "." else folder
    deps, ran = parts(content.get("deps"), folder), command(content.get("cmd"))
    found = (output(entry, folder, path) for entry in entries(content.get("outs"), "outs"))
    return tuple(one._replace(deps=deps, command=ran) for one in found if one is not None)
