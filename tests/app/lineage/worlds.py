"""A team's world for lineage: the one of promotions, with data that Git tracks and checks of it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from quarterdeck.app.lineage import Lineage, Node, trace
from quarterdeck.app.records import (
    Actor,
    Commit,
    DataIdentity,
    Dataset,
    DataVersion,
    Identities,
    ModelVersion,
    RegisteredModel,
    Run,
    parse_subject,
)
from tests.app.promotion.evidence import DAY, NEW, NOW, OLD, World

BASE = "11" * 20
"""The commit that brought the first data."""
ORDERS = DataIdentity(name="orders", same=(("mlflow", "orders"), ("dvc", "data/orders.csv"), ("gx", "orders_asset")))
DECLARED = Identities([ORDERS])
FIRST, SECOND = "a1" * 16, "b2" * 16
"""Digests of data/orders.csv."""
RAW = "36973f5" + "0" * 25


class Traced(World):
    """OLD is a child of BASE and NEW of OLD; v13 was trained on OLD and v14 on NEW, both on orders@77ab."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.commit_of(BASE, "Track orders", (), NOW - 20 * DAY)

    def commit(self, sha: str, who: Actor, at: int = 0, body: str = "") -> None:
        """Those of the world of promotions, in one line."""
        if sha == OLD:
            self.commit_of(OLD, "Tidy up", (BASE,), NOW - 19 * DAY)
        elif sha == NEW:
            self.commit_of(NEW, "Relax null check", (OLD,), NOW - 18 * DAY, "bo")
        else:
            super().commit(sha, who, at, body)

    def commit_of(self, sha: str, subject: str, parents: tuple[str, ...], at: int, author: str = "ann") -> None:
        made = Commit(
            source="g", sha=sha, parents=parents, author=author, email=f"{author}@example.com", authored_at=at,
            committed_at=at, subject=subject,
        )  # fmt: skip
        self.write("g", commits=(made,))

    def tracked(self, digest: str, commit: str, name: str = "data/orders.csv", **rest: Any) -> None:
        """DVC tracks a version of a path from a commit on."""
        at = {BASE: NOW - 20 * DAY, OLD: NOW - 19 * DAY, NEW: NOW - 18 * DAY}[commit]
        made = DataVersion(source="g", name=name, digest=digest, commit=commit, at=at, **rest)
        self.write("g", data_versions=(made,))

    def run_of(self, number: int, **rest: Any) -> None:
        """One more run, of no version."""
        facts: dict[str, Any] = {
            "source": "m", "id": f"more{number:05}", "experiment_id": "1", "name": f"more-{number}",
            "status": "finished", "started_at": NOW - 2 * DAY + number, "git_commit": NEW,
            "datasets": (Dataset(name="orders", digest="77ab", context="training"),),
        }  # fmt: skip
        self.write("m", runs=(Run(**(facts | rest)),))

    def models(self, *models: RegisteredModel) -> None:
        self.write("r", models=models, models_complete=True)

    def made(self, model: str, version: str, **rest: Any) -> None:
        facts: dict[str, Any] = {"source": "r", "model": model, "version": version, "created_at": NOW - DAY}
        self.write("r", versions=(ModelVersion(**(facts | rest)),))

    def trace(self, subject: str, identities: Identities = DECLARED, **rest: Any) -> Lineage:
        found = trace(self.reader, parse_subject(subject), identities, now=NOW, **rest)
        assert found is not None, f"there is no {subject}"
        return found


def of_kind(nodes: Iterable[Node], *kinds: str) -> list[Node]:
    """The nodes of these kinds, and below them."""
    return [one for node in nodes for one in node.walk() if one.kind in kinds]


def titles(nodes: Iterable[Node], *kinds: str) -> list[str]:
    return [node.title for node in of_kind(nodes, *kinds)]
