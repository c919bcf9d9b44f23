"""What DVC writes into a repository: pure functions from the bytes of a file to what is tracked there.

`documents` reads YAML that cannot grow, `plain` a shorter way what DVC writes itself, `outputs` the entries that all
files share, `definition` dvc.yaml, `stages` and `lock` dvc.lock and .dvc files, `changes` what a commit made of them.
"""

from __future__ import annotations

from .changes import data_versions
from .definition import Definition, read_definition
from .documents import LARGEST, DvcError
from .lock import read_lock, read_tracked
from .outputs import Output
from .stages import Stages

__all__ = [
    "LARGEST", "Definition", "DvcError", "Output", "Stages", "data_versions", "read_definition",
    "read_lock", "read_tracked",
]  # fmt: skip
