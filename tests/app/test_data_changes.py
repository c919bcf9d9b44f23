"""What differs between two versions of a dataset, as MLflow's schemas and profiles and DVC's files tell it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quarterdeck.app.comparison.data_facts import columns, figures, null_shares, rows_of, size_of
from quarterdeck.app.comparison.datasets import data_changes
from quarterdeck.app.records import DataPart, DatasetVersion, DataVersion

SCHEMA: dict[str, Any] = {
    "mlflow_colspec": [
        {"type": "long", "name": "customer_id", "required": True},
        {"type": "string", "name": "plan", "required": False},
        {
            "type": "object", "name": "address", "required": True,
            "properties": {
                "city": {"type": "string", "required": True}, "lines": {"type": "array", "items": {"type": "string"}},
            },
        },
    ]
}  # fmt: skip
TENSORS = {
    "mlflow_tensorspec": {
        "features": json.dumps([{"type": "tensor", "tensor-spec": {"dtype": "float64", "shape": [-1, 28, 28]}}]),
        "targets": json.dumps([
            {"name": "a", "type": "tensor", "tensor-spec": {"dtype": "int64", "shape": [-1]}},
            {"name": "b", "type": "tensor", "tensor-spec": {"dtype": "int64", "shape": [-1]}},
        ]),
    }
}  # fmt: skip
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4)
    | st.sampled_from(["mlflow_colspec", "type", "name", "properties", "items", "num_rows", "null_count"]),
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(
        st.sampled_from([
            "mlflow_colspec", "mlflow_tensorspec", "type", "name", "properties", "items", "tensor-spec", "num_rows",
            "null_count",
        ]),
        inner,
    ),
    max_leaves=20,
)  # fmt: skip


def version(digest: str, **known: Any) -> DatasetVersion:
    return DatasetVersion(name="orders", digest=digest, **known)


def words(before: DatasetVersion, after: DatasetVersion) -> list[str]:
    return [change.words for change in data_changes(before, after)]


def test_a_schema_is_a_type_a_column_those_within_others_too() -> None:
    assert columns(json.dumps(SCHEMA)) == {
        "customer_id": "long", "plan": "string, optional", "address": "object", "address.city": "string",
        "address.lines": "array", "address.lines[]": "string",
    }  # fmt: skip


def test_tensors_have_a_type_and_a_shape() -> None:
    assert columns(json.dumps(TENSORS)) == {
        "features": "float64 (-1, 28, 28)", "targets.a": "int64 (-1)", "targets.b": "int64 (-1)",
    }  # fmt: skip
    assert columns('{"mlflow_colspec": [{"type": "double"}, {"type": "long"}]}') == {"0": "double", "1": "long"}
    assert columns('{"plan": "string"}') == {"plan": "string"}


def test_columns_are_added_removed_and_of_another_type() -> None:
    other = [*SCHEMA["mlflow_colspec"][1:], {"type": "double", "name": "amount", "required": True}]
    other[0] = {"type": "long", "name": "plan", "required": True}
    before, after = version("a", schema=json.dumps(SCHEMA)), version("b", schema=json.dumps({"mlflow_colspec": other}))
    assert words(before, after) == [
        "column customer_id removed (was long)", "column plan string, optional → long", "column amount added (double)",
    ]  # fmt: skip
    assert words(before, version("c")) == []  # nobody said anything of its columns


def test_a_profile_tells_rows_nulls_and_every_other_figure() -> None:
    before = '{"num_rows": 100, "num_elements": 300, "columns": {"plan": {"null_count": 0, "mean": 1.5}}}'
    after = '{"num_rows": 200, "num_elements": 600, "columns": {"plan": {"null_count": 50, "mean": 1.25}}}'
    old, new = version("a", profile=before, rows=100), version("b", profile=after, rows=200)
    changes = data_changes(old, new)
    assert [change.words for change in changes] == [
        "rows 100 → 200", "null rate of plan 0 % → 25 %", "num_elements 300 → 600", "columns.plan.mean 1.5 → 1.25",
    ]  # fmt: skip
    assert [change.difference for change in changes] == [100, 0.25, 300, -0.25]


@pytest.mark.parametrize(
    ("profile", "shares"),
    [
        ('{"num_rows": 10, "null_counts": {"plan": 5}}', {"plan": 0.5}),
        ('{"null_rate": {"plan": 0.5, "tenure": 0}}', {"plan": 0.5, "tenure": 0.0}),
        ('{"row_count": 4, "columns": {"plan": {"missing": 1}}}', {"plan": 0.25}),
        ('{"columns": {"plan": {"missing": 1}}}', {}),  # of how many is not said
        ('{"num_rows": 2, "columns": {"plan": {"missing": 7}}}', {}),
        ('{"num_rows": 0, "columns": {"plan": {"missing": 0}}}', {}),
    ],
)
def test_null_rates_are_told_where_the_profile_has_them(profile: str, shares: dict[str, float]) -> None:
    assert null_shares(figures(profile)) == shares


def test_a_nan_spoils_no_other_figure() -> None:
    assert figures('{"num_rows": 3, "mean": NaN, "max": Infinity}') == {"num_rows": 3}


def test_arrays_and_hugging_face_say_rows_and_bytes_their_own_way() -> None:
    assert rows_of(figures('{"features_shape": [120, 28], "features_nbytes": 960}')) == 120
    assert size_of(figures('{"features_shape": [120, 28], "features_nbytes": 960}')) == 960
    assert rows_of(figures('{"num_rows": 7, "dataset_size": 12}')) == 7
    assert rows_of(figures('{"num_rows": 1.5}')) is rows_of(figures('{"num_rows": -1}')) is None


def test_dvc_tells_size_files_and_what_a_stage_read_and_was_given() -> None:
    def tracked(digest: str, dep: str, command: str, **params: str) -> DataVersion:
        return DataVersion(
            source="git", name="data/orders", digest=digest, commit="c", at=0, command=command, params=params,
            deps=(DataPart(path="raw.csv", digest=dep), DataPart(path="src")),
        )  # fmt: skip

    before = version("a", size=10, files=1, tracked=tracked("a", "d1", "python a.py", lr="1", gone="x"))
    after = version("b", size=15, files=3, tracked=tracked("b", "d2", "python b.py", lr="2", new="y"))
    assert words(before, after) == [
        "size 10 → 15", "files 1 → 3", "command python a.py → python b.py", "dep raw.csv d1 → d2",
        "param gone x → none", "param lr 1 → 2", "param new none → y",
    ]  # fmt: skip


@given(JSON, JSON)
def test_whatever_was_logged_as_schema_and_profile_two_versions_can_be_compared(one: Any, other: Any) -> None:
    texts = json.dumps(one), json.dumps(other)
    before, after = (version(str(n), schema=text, profile=text) for n, text in enumerate(texts))
    assert all(change.words for change in data_changes(before, after))
    assert data_changes(before, before) == ()


@given(st.text())
def test_a_text_that_is_no_json_says_nothing_or_little(text: str) -> None:
    columns(text)
    figures(text)


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000, '{"mlflow_colspec": ' + '{"a":' * 900 + "1" + "}" * 901, "1" * 5_000,
        json.dumps({"mlflow_colspec": [{"name": str(n), "type": "long"} for n in range(50_000)]}),
        json.dumps({str(n): n for n in range(50_000)}),
    ],
)  # fmt: skip
def test_absurd_schemas_and_profiles_are_cut(text: str) -> None:
    assert len(columns(text)) <= 5_000
    assert len(figures(text)) <= 5_000
