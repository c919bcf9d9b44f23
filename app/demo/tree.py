"""The demo repository's files at any commit, from the templates in project/.

A template is the file with marker lines, each of which says for which commits the lines below it are there:
`#@ since NAME`, `#@ until NAME`, `#@ since A until B`, `#@ always`. `@@name@@` stands for a value. A file of
which nothing is left is not in the tree.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from pathlib import Path

from .exports import Exports
from .history import State

PROJECT = Path(__file__).parent / "project"
MARKER = re.compile(r"#@ (?:always|(?:since (?P<since>\S+))?\s?(?:until (?P<until>\S+))?)$")


@functools.cache
def templates() -> Mapping[str, str]:
    """The templates by the path of their file in the repository."""
    found = sorted(path for path in PROJECT.rglob("*.in") if path.is_file())
    return {path.relative_to(PROJECT).as_posix().removesuffix(".in"): path.read_text() for path in found}


def render(template: str, state: State) -> str:
    """The text of one file at a state; empty when it is not there."""
    lines: list[str] = []
    shown = True
    for line in template.splitlines(keepends=True):
        marker = MARKER.match(line.rstrip("\n"))
        if marker:
            since, until = marker["since"], marker["until"]
            shown = (since is None or since in state.brought) and until not in state.brought
        elif shown:
            lines.append(line)
    return re.sub(r"@@(\w+)@@", lambda found: state.values[found[1]], "".join(lines))


def files(state: State, exports: Exports) -> dict[str, bytes]:
    """Every file of the repository at a state."""
    tree = {path: render(text, state).encode() for path, text in templates().items()}
    tree = {path: text for path, text in tree.items() if text.strip()}
    for name, number in state.exports.items():
        tree[f"data/{name}.csv.dvc"] = exports.pointer(name, number).encode()
        if "sample-data" in state.brought:
            tree[f"data/sample/{name}.csv"] = exports.sample(name)
    if "dvc-stages" in state.brought:
        tree["dvc.lock"] = exports.lock(state.exports).encode()
    return tree
