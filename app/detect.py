"""What can be found where there is no settings file, and the file that `init` writes from it.

Names are looked at, and the text of a Makefile is read. Nothing is run or followed: the repository may be hostile.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from .git import split_credential
from .text import clip

if TYPE_CHECKING:
    from .settings import Settings

_NAMES = 500
"""Names looked at in one folder when searching for *.tf: a data folder may hold millions ..."""
_FOLDERS = 200
"""... and folders in all."""
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_TERRAFORM = ("terraform", "Terraform", "terraform")
_SHOWN = {
    "plan": ("plan.json", "tfplan.json", "plan.jsonl"), "state": ("state.json",), "log": ("apply.jsonl",),
}  # fmt: skip
"""What plans, states and logs are usually called."""
_MAKEFILE = 256 * 1024
"""Bytes of a Makefile that are read."""


class Found(NamedTuple):
    """What was found: as sections of a settings file, and in sentences."""

    sections: Mapping[str, Any]
    sentences: tuple[str, ...]


def find(root: Path, remote: str | None, environment: Mapping[str, str]) -> Found:
    """Look around in `root`. `remote` is the canonical URL of the repository there, None without one.

    The sections hold what a settings file would say, paths relative to `root`. What the environment names stays
    out of them: it holds anyway.
    """
    sections: dict[str, Any] = {}
    sentences: list[str] = []
    for finding in (_ci(remote, environment), _mlflow(root, environment), _checks(root), _dvc(root), _terraform(root)):
        sections |= finding.sections
        sentences += finding.sentences
    return Found(sections, tuple(sentences))


def _ci(remote: str | None, environment: Mapping[str, str]) -> Found:
    host, _, repository = (remote or "").partition("/")
    if not repository or not host:
        return Found({}, ())
    said = f"the remote is {clip(host, 60)}"
    if host == "github.com" and repository.count("/") == 1:
        advice = "" if environment.get("GITHUB_TOKEN") else "; it is read when GITHUB_TOKEN is set"
        return Found({"ci": [{"kind": "github", "repository": repository}]}, (f"{said}: GitHub Actions{advice}.",))
    if host == "gitlab.com" or host.startswith("gitlab."):
        ci = {"kind": "gitlab", "repository": repository, "base_url": f"https://{host}"}
        is_read = host != "gitlab.com" or environment.get("GITLAB_TOKEN")
        return Found({"ci": [ci]}, (f"{said}: GitLab CI{'' if is_read else '; it is read when GITLAB_TOKEN is set'}.",))
    return Found({}, (f"{said}; its CI is not known.",))


def propose(settings: Settings) -> Found:
    """What `init` writes down besides, and nothing does without it: a local pipeline, where no CI was found."""
    if settings.ci or settings.address or not _has_test(settings.root):
        return Found({}, ())
    jobs = [{"name": "test", "run": "make test"}]
    said = "the Makefile has a target test: `quarterdeck pipeline run` can run it."
    return Found({"ci": [{"kind": "local", "jobs": jobs}]}, (said,))


def _has_test(root: Path) -> bool:
    """Whether make would find a target `test` there. The file is read, no more than its beginning, and not run."""
    for name in ("GNUmakefile", "makefile", "Makefile"):
        try:
            descriptor = os.open(root / name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError:
            continue
        with open(descriptor, "rb") as stream:  # noqa: PTH123  # a descriptor: no link was followed to it
            if stat.S_ISREG(os.fstat(descriptor).st_mode):
                return re.search(rb"^test[ \t]*::?(?!=)", stream.read(_MAKEFILE), re.MULTILINE) is not None
    return False


def _mlflow(root: Path, environment: Mapping[str, str]) -> Found:
    named = [name for name in ("MLFLOW_TRACKING_URI", "MLFLOW_REGISTRY_URI") if environment.get(name)]
    said = tuple(f"{name} names {clip(split_credential(environment[name])[0], 80)}." for name in named)
    if "MLFLOW_TRACKING_URI" not in named and (root / "mlflow.db").is_file():
        return Found({"mlflow": {"tracking_uri": "sqlite:///mlflow.db"}}, ("mlflow.db is an MLflow store.", *said))
    return Found({}, said)


def _checks(root: Path) -> Found:
    checks, sentences = [], []
    folder = "gx" if (root / "gx").is_dir() else "great_expectations"  # its name before 0.18
    if folder == "gx" or (root / folder / "great_expectations.yml").is_file():
        checks.append({"kind": "great_expectations", "paths": [f"{folder}/uncommitted/validations/**/*.json"]})
        sentences.append(f"{folder}/ belongs to Great Expectations.")
    if (root / "target" / "run_results.json").is_file():
        checks.append({"kind": "dbt", "paths": ["target/run_results.json"]})
        sentences.append("target/run_results.json holds the last results of dbt.")
    if _has_snapshots(root / "workspace"):
        checks.append({"kind": "evidently", "paths": ["workspace/*/snapshots/*.json"]})
        sentences.append("workspace/ holds snapshots of Evidently.")
    return Found({"checks": checks} if checks else {}, tuple(sentences))


def _has_snapshots(workspace: Path) -> bool:
    """Whether a folder is a workspace of Evidently's: a project in it is called by a UUID, and has snapshots."""
    try:
        with os.scandir(workspace) as listing:
            names = [entry.name for entry in islice(listing, _NAMES) if entry.is_dir(follow_symlinks=False)]
    except OSError:
        return False
    return any(_UUID.fullmatch(name) and (workspace / name / "snapshots").is_dir() for name in names)


def _dvc(root: Path) -> Found:
    return Found({}, ("dvc.yaml declares DVC's pipeline.",) if (root / "dvc.yaml").is_file() else ())


def _terraform(root: Path) -> Found:
    """Stacks: folders with *.tf at most two levels down. A plan or state written as JSON can be read."""
    infra: list[dict[str, str]] = []
    sentences: list[str] = []
    code = [path for path in _names(root) if path.name.endswith((".tf", ".tf.json", ".tofu"))]
    tofu = {path.parent for path in code if path.suffix == ".tofu"}
    for folder in sorted({path.parent for path in code}):
        where = "" if folder == root else f"{folder.relative_to(root).as_posix()}/"
        kind, tool, program = ("opentofu", "OpenTofu", "tofu") if folder in tofu else _TERRAFORM
        if sources := _shown(folder, where):
            infra.append({"kind": kind, "stack": where.rstrip("/") or root.name or "root", **sources})
        advice = "" if sources else f"; write `{program} show -json` to a file and name it under [[infra]]"
        sentences.append(f"{clip(where, 60) or 'this folder'} holds {tool}{advice}.")
    return Found({"infra": infra} if infra else {}, tuple(sentences))


def _shown(folder: Path, where: str) -> dict[str, str]:
    """What was written there as JSON, under the usual names: key of [[infra]] -> path."""
    found = {key: next((name for name in names if (folder / name).is_file()), "") for key, names in _SHOWN.items()}
    return {key: f"{where}{name}" for key, name in found.items() if name}


def _names(root: Path, depth: int = 2) -> Iterator[Path]:
    """Files in `root` and at most `depth` folders below it; the first of each folder where there are too many."""
    folders = [(root, depth)]
    for folder, below in folders:  # grows while it is walked
        try:
            with os.scandir(folder) as listing:
                entries = sorted(islice(listing, _NAMES), key=lambda entry: entry.name)
        except OSError:
            continue
        for entry in entries:
            if not entry.is_dir(follow_symlinks=False):
                yield folder / entry.name
            elif below and not entry.name.startswith(".") and len(folders) < _FOLDERS:
                folders.append((folder / entry.name, below - 1))


def written_down(settings: Settings) -> str:
    """The quarterdeck.toml that `init` writes: these settings, with what the environment names made explicit.

    Loading it gives the same settings, and the local pipeline that `propose` found. It holds no secret: passwords in
    addresses are left out.
    """
    content: dict[str, Any] = msgspec.to_builtins(settings.sections())
    content["project"].setdefault("name", settings.root.name)
    if settings.tracking is not None and settings.tracking.origin != "personal":  # theirs has a login beside it
        content["mlflow"].setdefault("tracking_uri", settings.tracking.uri)
    if registry := settings.own_registry:
        content["mlflow"].setdefault("registry_uri", registry)
    content |= propose(settings).sections
    given = {name: section for name, section in _lean(content).items() if section != []}
    return "\n".join(_tables((), given)).lstrip("\n") + "\n"


def commented(sections: Mapping[str, Any]) -> str:
    """Sections as they would stand in the file, each line a comment: for somebody to look at and let count."""
    return "".join(f"# {line}\n" for line in _tables((), sections) if line)


def _lean(value: Any) -> Any:
    """Without empty tables and what was not given; defaults are left out by the sections themselves."""
    if isinstance(value, dict):
        lean = {key: _lean(item) for key, item in value.items()}
        return {key: item for key, item in lean.items() if item is not None and item != {}}
    return [_lean(item) for item in value] if isinstance(value, list | tuple) else value


def _tables(path: tuple[str, ...], table: Mapping[str, Any]) -> Iterator[str]:
    """TOML's lines of a table: its values first, then the tables below it."""
    below = {key: item for key, item in table.items() if _is_table(item)}
    yield from (f"{_word(key)} = {_value(item)}" for key, item in table.items() if key not in below)
    for key, item in below.items():
        name = ".".join(map(_word, (*path, key)))
        for part in item if isinstance(item, list) else [item]:
            if any(not _is_table(value) for value in part.values()) or isinstance(item, list):
                yield ""
                yield f"[[{name}]]" if isinstance(item, list) else f"[{name}]"
            yield from _tables((*path, key), part)


def _is_table(item: Any) -> bool:
    return isinstance(item, dict) or (isinstance(item, list) and bool(item) and isinstance(item[0], dict))


def _word(key: str) -> str:
    return key if re.fullmatch(r"[A-Za-z0-9_-]+", key) else _value(key)


def _value(item: Any) -> str:
    if isinstance(item, bool):
        return str(item).lower()
    if isinstance(item, list | tuple):
        return f"[{', '.join(map(_value, item))}]"
    if isinstance(item, str):
        return '"' + "".join(map(_character, item)) + '"'
    return repr(item)


def _character(character: str) -> str:
    if character in '"\\':
        return "\\" + character
    # surrogates stand for bytes of a file name that are no UTF-8: TOML cannot hold them
    if "\ud800" <= character <= "\udfff":
        return "\\uFFFD"
    return character if character.isprintable() else f"\\U{ord(character):08X}"
