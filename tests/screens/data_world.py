"""Data of the small world: a file that DVC tracks, declared to be what runs and checks call orders; and features, which
only MLflow knows, with columns and a profile that changed."""

from __future__ import annotations

import json
from typing import Any

from quarterdeck.app.records import (
    Batch,
    DataIdentity,
    DataPart,
    Dataset,
    DataVersion,
    Identities,
    Run,
)
from tests.screens.checking import DAY, HOUR, NOW, SHAS

ORDERS = Identities(
    (
        DataIdentity(
            name="orders",
            same=(("mlflow", "orders"), ("dvc", "data/orders.csv"), ("gx", "orders"), ("dbt", "orders")),
        ),
    )
)
"""What the settings declare."""


def tracked(digest: str, commit: int, ago: int, **changes: Any) -> DataVersion:
    """A version of data/orders.csv."""
    facts: dict[str, Any] = {
        "source": "g" * 16, "name": "data/orders.csv", "digest": digest, "commit": SHAS[commit], "at": NOW - ago,
        "size": 12_400_000, "stage": "prepare", "command": "python prepare.py", "defined_in": "dvc.lock",
        "deps": (DataPart(path="raw/orders.csv", digest=f"36973f5{digest}"),),
        "params": {"params.yaml:prepare.days": "90"},
    }  # fmt: skip
    return DataVersion(**(facts | changes))


def versions() -> tuple[DataVersion, ...]:
    """Three of them, the newest brought by the first commit."""
    return (
        tracked("51c2ee", 4, 12 * DAY, size=11_900_000, params={"params.yaml:prepare.days": "60"}),
        tracked("9c1e02", 3, 6 * DAY),
        tracked("77ab01", 0, 9 * HOUR, size=12_900_000, params={"params.yaml:prepare.days": "120"}),
    )


def features(digest: str, nulls: int, *columns: str) -> Dataset:
    """A version of features, as MLflow keeps it."""
    schema = {"mlflow_colspec": [{"name": name, "type": kind, "required": True} for name, kind in
                                 (column.split(":") for column in columns)]}  # fmt: skip
    profile = {"num_rows": 41_000 + nulls, "null_count": {"plan": nulls}}
    return Dataset(
        name="features", digest=digest, context="training", source_type="local",
        origin='{"uri": "s3://features"}', schema=json.dumps(schema), profile=json.dumps(profile),
    )  # fmt: skip


def runs(make_run: Any) -> tuple[Run, ...]:
    """Two runs on features, a day apart."""
    old = features("aaaa11112222", 0, "plan:string", "age:long")
    new = features("bbbb33334444", 1_271, "plan:long", "age:long", "recency:double")
    return (
        make_run(1, id=f"{901:032x}", name="on-old-features", datasets=(old,), started_at=NOW - 30 * HOUR),
        make_run(0, id=f"{902:032x}", name="on-new-features", datasets=(new,), started_at=NOW - 5 * HOUR),
    )


def fill(world: Any, make_run: Any) -> None:
    """Write it all into a world that has the rest already."""
    world.cache.write("g" * 16, Batch(data_versions=versions()), world.now)
    world.write(*runs(make_run))
