"""How the things on the screen are spoken of."""

from __future__ import annotations

from typing import Any

import pytest

from quarterdeck.app.records import Check, CheckResult, Commit, Dataset, DataVersion, Job, RegisteredModel, Run
from quarterdeck.screens.run_outline import Row
from quarterdeck.screens.subjects import subject_of, subject_of_row
from quarterdeck.screens.version_data import DataRow
from quarterdeck.screens.version_outline import OtherVersion

COMMIT = Commit(
    source="g", sha="4f2c91a", parents=(), author="ann", email="", authored_at=0, committed_at=0, subject="s"
)
CHECK = Check(
    source="c", id="00ff", tool="dbt", suite="", name="n", dataset="", column="", environment="",
    newest=CheckResult(name="n", outcome="pass"), newest_id="00ff.1", checked_at=0,
)  # fmt: skip


@pytest.mark.parametrize(
    ("thing", "written"),
    [
        (Run(source="m", id="9f", experiment_id="1", name="a", status="finished"), "run/9f"),
        (COMMIT, "commit/4f2c91a"),
        (Dataset(name="orders", digest="77ab"), "dataset/orders@77ab"),
        (DataVersion(source="g", name="data/orders.csv", digest="77.dir", commit="4f", at=0),
         "dataset/data%2Forders.csv@77.dir"),
        (DataVersion(source="g", name="data/orders.csv", digest="", commit="4f", at=0, is_gone=True), "None"),
        (RegisteredModel(source="r", name="a/b"), "model/a%2Fb"),
        (OtherVersion("churn", "14"), "model/churn/14"),
        (DataRow("training", "orders", "77ab", None, True), "dataset/orders@77ab"),
        (DataRow("training", "orders", "77ab, 51c2", None, True), "None"),
        (Job(id="31745", name="train", status="passed", raw_status="success"), "job/31745"),
        (CHECK, "check/00ff"),
        ("a param", "None"),
        (None, "None"),
    ],
)  # fmt: skip
def test_a_record_has_one_name(thing: Any, written: str) -> None:
    assert str(subject_of(thing)) == written


def test_a_row_is_spoken_of_by_its_thing_and_a_commit_that_nobody_read_by_its_sha() -> None:
    assert str(subject_of_row(Row("commit", "4f2c91a", COMMIT))) == "commit/4f2c91a"
    assert str(subject_of_row(Row("commit", "beef"))) == "commit/beef"
    assert subject_of_row(Row("param", "lr", "0.1")) is None
    assert subject_of_row(None) is None
