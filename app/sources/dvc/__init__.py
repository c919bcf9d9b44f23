"""What DVC writes into a repository: pure functions from the bytes of a file to what is tracked there.

`documents` reads YAML that cannot grow, `outputs` the entries that all files share, `definition` dvc.yaml, `lock`
dvc.lock and .dvc files, `changes` what a commit made of them.
"""

from __future__ import annotations

from .changes import data_versions
from .definition import Definition, read_definition
from .documents import LARGEST, DvcError
from .lock import read_lock, read_tracked
from .outputs import Output

__all__ = [
    "LARGEST", "Definition", "DvcError", "Output", "data_versions", "read_definition", "read_lock", "read_tracked",
]  # fmt: skip
