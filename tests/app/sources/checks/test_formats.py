"""Each kind of results that settings may name has its reader, imported when it is wanted."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from quarterdeck.app.sources.checks.formats import KINDS, read
from quarterdeck.app.sources.checks.reading import UnreadableError

from .readers import PAYLOADS, a_file


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_refuses_what_is_none_of_it_by_name(kind: str) -> None:
    with pytest.raises(UnreadableError, match="cannot be read"):
        read(kind, a_file(b"all is well"))


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("great_expectations", "gx-1.24.1.one.json"),
        ("pointblank", "pointblank-1.1.1.nothresholds.json"),
        ("pandera", "pandera-0.35.0.records.json"),
    ],
)
def test_each_kind_reads_its_own(kind: str, name: str) -> None:
    (one,) = read(kind, a_file((PAYLOADS / kind / name).read_bytes()))
    assert one.tool == kind
    assert one.results


def test_a_kind_that_nobody_reads_is_refused() -> None:
    with pytest.raises(UnreadableError, match="nobody here reads results of wandb"):
        read("wandb", a_file(b"{}"))


def test_no_reader_is_imported_before_it_is_wanted() -> None:
    code = (
        "import sys, quarterdeck.app.sources.checks.formats;"
        "print([name for name in sys.modules if name.rpartition('.')[2] in ('dbt', 'soda', 'pandera', 'pointblank')])"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=Path.cwd())
    assert told.stdout.strip() == "[]"
