"""dvc.yaml, for names only: stages, what they call metrics or plots, what is a model, which files hold params.

Templates (`${...}`, foreach, matrix) are left as they are: what they come to is in the lock. A name that holds one
stands for every path that begins and ends as it does.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator, Mapping
from typing import Final, NamedTuple

from .documents import DvcError, Node, read_document
from .outputs import MOST_OUTPUTS, place, text

PARAMS: Final = "params.yaml"
"""Where params are that name no file."""
_MOST_TEMPLATES: Final = 100
"""Of one stage: every output is held against each."""


class Kinds(NamedTuple):
    """Paths that dvc.yaml calls metrics, plots, model or by another type."""

    exact: Mapping[str, str] = {}
    templates: tuple[tuple[str, str], ...] = ()

    def of(self, path: str) -> str | None:
        """What a path is called; None where it is not named."""
        found = self.exact.get(path)
        return found or next((kind for template, kind in self.templates if _means(template, path)), None)


def _means(template: str, path: str) -> bool:
    start, _, rest = template.partition("${")
    end = rest.rpartition("}")[2]
    return len(path) >= len(start) + len(end) and path.startswith(start) and path.endswith(end)


class Stage(NamedTuple):
    """One stage, or with foreach or matrix all that it expands to."""

    name: str
    folder: str = ""
    """The one that its paths begin at, as the repository has it."""
    kinds: Kinds = Kinds()
    params: tuple[str, ...] = ()
    """Files that hold its params."""


class Definition(NamedTuple):
    """What one dvc.yaml says."""

    folder: str = ""
    stages: Mapping[str, Stage] = {}
    models: Kinds = Kinds()
    """What `artifacts` calls a model or anything else."""
    kinds: Kinds = Kinds()
    """Metrics and plots beside the stages."""
    params: tuple[str, ...] = ()

    def stage(self, name: str) -> Stage:
        """The stage of a name in the lock, `train` for `train@rf`; one that says nothing where there is none."""
        plain = name.partition("@")[0]
        return self.stages.get(name) or self.stages.get(plain) or Stage(name, self.folder)

    def kind(self, stage: Stage, path: str) -> str:
        """data, metrics, plots or model."""
        if self.models.of(path) == "model":
            return "model"
        return stage.kinds.of(path) or self.kinds.of(path) or "data"

    @property
    def params_files(self) -> tuple[str, ...]:
        """All files that hold params, as the repository has them."""
        own = (file for stage in self.stages.values() for file in stage.params)
        return tuple(dict.fromkeys((*self.params, *own)))


def read_definition(raw: bytes, folder: str) -> Definition:
    """dvc.yaml of a folder of the repository (\"\" is its top). Raises DvcError and nothing else."""
    content = read_document(raw, aliases=True)
    if content is None:
        return Definition(folder)
    if not isinstance(content, dict):
        raise DvcError("is no map")
    steps = _Steps()
    stages = {stage.name: stage for stage in _stages(content.get("stages"), folder, steps)}
    models = _kinds(_artifacts(content.get("artifacts"), folder, steps))
    given = tuple(_params(content.get("params"), folder, steps, is_top=True))
    return Definition(folder, stages, models, _reports(content, folder, steps), given)


class _Steps:
    """Counts what is walked over: aliases repeat what was written once."""

    def __init__(self) -> None:
        self._taken = 0

    def items(self, node: Node) -> Iterator[tuple[str, Node]]:
        """Name and value of each entry of a map, or of a list of names and of maps of one; else nothing."""
        for entry in node if isinstance(node, list) else [node]:
            self._take()
            if isinstance(entry, str):
                yield entry, None
            elif isinstance(entry, dict):
                for name, value in entry.items():
                    self._take()
                    yield name, value

    def _take(self) -> None:
        self._taken += 1
        if self._taken > 5 * MOST_OUTPUTS:
            raise DvcError("names too many things")


def _stages(node: Node, folder: str, steps: _Steps) -> Iterator[Stage]:
    if node is not None and not isinstance(node, dict):
        raise DvcError("has no map as its “stages”")
    for name, written in steps.items(node):
        if not isinstance(written, dict):
            raise DvcError("has a stage that is no map")
        body = written.get("do") if "foreach" in written else written
        if not isinstance(body, dict):
            raise DvcError("has a foreach without a map to do")
        yield _stage(name, body, folder, steps)


def _stage(name: str, body: dict[str, Node], folder: str, steps: _Steps) -> Stage:
    written = text(body.get("wdir")) or "."
    own = folder if "${" in written else _folder(place(folder, written))
    return Stage(name, own, _reports(body, own, steps), tuple(_params(body.get("params"), own, steps)))


def _folder(path: str) -> str:
    return "" if path == "." else path


def _reports(body: dict[str, Node], folder: str, steps: _Steps) -> Kinds:
    """Metrics and plots, each a list of paths, of maps of one path to its settings, or one map of such."""
    kinds = ("metrics", "plots")
    return _kinds((_template(folder, name), kind) for kind in kinds for name, _ in steps.items(body.get(kind)))


def _kinds(named: Iterable[tuple[str, str]]) -> Kinds:
    exact: dict[str, str] = {}
    templates: list[tuple[str, str]] = []
    for path, kind in named:
        if "${" not in path:
            exact.setdefault(path, kind)
        elif len(templates) < _MOST_TEMPLATES:
            templates.append((path, kind))
    return Kinds(exact, tuple(templates))


def _template(folder: str, name: str) -> str:
    """A path that may hold templates, in which two dots or slashes mean nothing."""
    return posixpath.join(folder, name) if "${" in name else place(folder, name)


def _artifacts(node: Node, folder: str, steps: _Steps) -> Iterator[tuple[str, str]]:
    for _, written in steps.items(node):
        if isinstance(written, dict) and (path := text(written.get("path"))):
            yield _template(folder, path), text(written.get("type")) or "data"


def _params(node: Node, folder: str, steps: _Steps, *, is_top: bool = False) -> Iterator[str]:
    """Files: the names of a stage are keys in params.yaml, and its maps name the file; on top all names are files."""
    for entry in node if isinstance(node, list) else [node]:
        for name, _ in steps.items(entry):
            is_key = isinstance(entry, str) and not is_top
            yield place(folder, PARAMS) if is_key else _template(folder, name)
