"""dbt's manifest.json: what its tests assert of which node."""

from __future__ import annotations

import msgspec

from ....records import Record
from ..documents import ABSENT, Raw, document, small, text
from ..reading import ResultFile, UnreadableError
from .shapes import Metadata


class TestMetadata(msgspec.Struct, frozen=True):
    """The generic test that a test is one of, and what it was given."""

    name: str = ""
    namespace: str | None = None
    kwargs: dict[str, Raw] = {}


class Config(msgspec.Struct, frozen=True):
    """How a test judges, in dbt's words."""

    severity: str | None = None
    where: str | None = None
    limit: int | None = None
    fail_calc: str | None = None
    warn_if: str | None = None
    error_if: str | None = None


class Node(Record, frozen=True, kw_only=True):
    """A node of the project, as far as its kind has these."""

    name: str
    column: str
    attached: str
    """Id of the node that a test is about; "" where older dbt does not say it."""
    test: TestMetadata | None
    parents: tuple[str, ...]
    config: Config
    checksum: str
    """Of the SQL of a test that is a file of its own, or of the rows of a unit test."""


class _Node(msgspec.Struct, frozen=True):
    name: Raw = ABSENT
    column_name: Raw = ABSENT
    attached_node: Raw = ABSENT
    test_metadata: Raw = ABSENT
    depends_on: Raw = ABSENT
    config: Raw = ABSENT
    severity: Raw = ABSENT
    checksum: Raw = ABSENT
    freshness: Raw = ABSENT
    loaded_at_field: Raw = ABSENT
    loaded_at_query: Raw = ABSENT


class _File(msgspec.Struct, frozen=True):
    metadata: Metadata = Metadata()
    nodes: dict[str, _Node] = {}
    sources: dict[str, _Node] = {}
    unit_tests: dict[str, _Node] = {}


class Manifest:
    """The project, as the manifest beside a file of results tells it; empty where there is none.

    `trouble` says why one that is there could not be read: the results are worth reading all the same.
    """

    def __init__(self, file: ResultFile) -> None:
        self.trouble = ""
        self._file = _File()
        if data := file.beside.get("manifest.json"):
            try:
                self._file = document(ResultFile(path="manifest.json", data=data), _File)
            except UnreadableError as error:
                self.trouble = str(error)

    @property
    def project(self) -> str:
        """What the project is called; "" where it does not say."""
        return text(self._file.metadata.project_name)

    @property
    def tests(self) -> list[str]:
        """Ids of all tests and unit tests."""
        return [uid for uid in self._file.nodes if uid.startswith("test.")] + list(self._file.unit_tests)

    @property
    def fresh_sources(self) -> list[str]:
        """Ids of the sources whose freshness is told when nobody leaves any out."""
        return [uid for uid, source in self._file.sources.items() if _has_freshness(source)]

    def node(self, uid: str) -> Node | None:
        """A node; None where there is none of that id. Fields of a wrong type are as if they were not there."""
        node = self._file.unit_tests.get(uid) or self._file.nodes.get(uid)
        return _node(node) if node is not None else None


def _node(node: _Node) -> Node:
    config = small(node.config, Config) or Config(severity=text(node.severity) or None)  # the latter of reduced files
    return Node(
        name=text(node.name), column=text(node.column_name), attached=text(node.attached_node),
        test=small(node.test_metadata, TestMetadata), config=config,
        parents=tuple((small(node.depends_on, _Parents) or _Parents()).nodes),
        checksum=text(node.checksum) or (small(node.checksum, _Checksum) or _Checksum()).checksum or "",
    )  # fmt: skip


class _Parents(msgspec.Struct, frozen=True):
    nodes: list[str] = []


class _Checksum(msgspec.Struct, frozen=True):
    checksum: str | None = None


class _After(msgspec.Struct, frozen=True):
    count: int | None = None


class _Freshness(msgspec.Struct, frozen=True):
    warn_after: _After | None = None
    error_after: _After | None = None


def _has_freshness(source: _Node) -> bool:
    wanted = small(source.freshness, _Freshness) or _Freshness()
    is_wanted = any(after is not None and after.count is not None for after in (wanted.warn_after, wanted.error_after))
    return is_wanted and bool(text(source.loaded_at_field) or text(source.loaded_at_query))
