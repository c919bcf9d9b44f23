"""Versions of data: what a file or table held, by its digest, and which commit or run said so."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal

from .record import Millis, Record


class DataPart(Record, frozen=True, kw_only=True):
    """Something that a stage read or wrote. `digest` is None where the tool does not say it."""

    path: str
    digest: str | None = None


class DataVersion(Record, frozen=True, kw_only=True):
    """What one commit says that a tracked file or folder holds: DVC's word for it, from dvc.lock or a .dvc file."""

    source: str
    name: str
    """Path in the repository, as in data/orders.csv."""
    digest: str
    """md5 of the content; with .dir at its end of a folder."""
    commit: str
    """The commit that brought this digest to this name."""
    at: Millis
    """When it was committed: DVC has no times."""
    size: int | None = None
    """Bytes."""
    files: int | None = None
    """How many, of a folder."""
    stage: str = ""
    """The stage that wrote it; "" for data that is tracked by itself."""
    command: str = ""
    deps: tuple[DataPart, ...] = ()
    """What the stage read."""
    params: Mapping[str, str] = {}
    """What the stage was given, as FILE:KEY -> text."""
    defined_in: str = ""
    """Path of the file that says so: data/orders.csv.dvc, dvc.lock."""
    kind: str = "data"
    """data, metrics, plots or model, as far as dvc.yaml or the lock tells."""
    is_gone: bool = False
    """From this commit on the name is tracked no more; then digest is ""."""


class DatasetName(Record, frozen=True, kw_only=True):
    """What one tool calls a dataset, and why that counts as this dataset."""

    tool: str
    """mlflow, dvc or the tool of a check, by its long name."""
    name: str
    by: Literal["declared", "name"] = "name"
    """declared: the settings say so. name: only that it is called the same, which no gate takes for a link."""


class DatasetVersion(Record, frozen=True, kw_only=True):
    """One content of a dataset, by its digest, with all that is said of it: by MLflow's inputs, by DVC in Git."""

    name: str
    """Of the dataset: the declared one, else the tool's own."""
    digest: str
    """"" where `is_gone`."""
    said_by: tuple[DatasetName, ...] = ()
    at: Millis | None = None
    """Since when it is known: when it was committed, else when the first run on it began."""
    commit: str | None = None
    """The commit that brought it, else the code of the first run on it."""
    tracked: DataVersion | None = None
    """All that DVC says of it."""
    runs: int = 0
    """Runs on exactly this content; at RUNS_COUNTED it means or more."""
    first_run: str | None = None
    """Native id of the run on it that began first ..."""
    first_used_at: Millis | None = None
    last_run: str | None = None
    """... and of the one that began last."""
    last_used_at: Millis | None = None
    size: int | None = None
    """Bytes."""
    files: int | None = None
    rows: int | None = None
    schema: str | None = None
    """JSON text as MLflow has it, as are the next three."""
    profile: str | None = None
    source_type: str | None = None
    origin: str | None = None
    is_gone: bool = False
    """DVC tracks it no more from this commit on."""

    @property
    def tools(self) -> tuple[str, ...]:
        """Who knows it, sorted."""
        return tuple(sorted({part.tool for part in self.said_by}))


RUNS_COUNTED = 10_000
"""Runs on one version that are counted: a million may share it, and counting them takes 30 ms."""


class DataIdentity(Record, frozen=True, kw_only=True):
    """One dataset under the names that its tools give it, as [[datasets]] declares it: tool and name each."""

    name: str
    same: tuple[tuple[str, str], ...] = ()


_SHORT: Mapping[str, str] = {"gx": "great_expectations"}


class Identities:
    """What the settings declare to be one dataset. A name that nobody declared is a dataset of its own, by its name."""

    def __init__(self, declared: Iterable[DataIdentity] = ()) -> None:
        self.declared = tuple(declared)
        self._names = {
            (_SHORT.get(tool, tool), name): identity.name for identity in self.declared for tool, name in identity.same
        }

    def name_of(self, tool: str, name: str) -> str | None:
        """The declared name of what `tool` calls `name`; None where nobody declared it."""
        return self._names.get((_SHORT.get(tool, tool), name))

    def names_of(self, name: str) -> tuple[tuple[str, str], ...]:
        """Tool and name of all that is declared to be the dataset `name`, tools by their long names."""
        return tuple(key for key, declared in self._names.items() if declared == name)
