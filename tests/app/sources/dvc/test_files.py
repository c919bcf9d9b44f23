"""dvc.lock of DVC 1, 2 and 3, .dvc files and dvc.yaml say what is tracked and by which digest."""

from __future__ import annotations

from pathlib import Path

import pytest

from quarterdeck.app.records import DataPart
from quarterdeck.app.sources.dvc import Definition, DvcError, Output, read_definition, read_lock, read_tracked

PAYLOADS = Path(__file__).parents[3] / "payloads" / "dvc"
CONTRACT = Path(__file__).parents[4].parent / "shared/contracts/results/dvc/dvc-3.67.1"


def payload(name: str) -> bytes:
    return (PAYLOADS / name).read_bytes()


def by_name(outputs: tuple[Output, ...]) -> dict[str, Output]:
    return {one.name: one for one in outputs}


def test_a_lock_of_dvc_1_has_its_stages_at_the_top() -> None:
    found = by_name(read_lock(payload("lock-1.yaml"), "dvc.lock", Definition()))
    prepared = found["data/prepared"]
    assert prepared == Output(
        "data/prepared", "0c5eeaa482d8e7799a24a0af96261e5d.dir", 6690, 2, "prepare", "python prepare.py",
        (DataPart(path="data/raw.csv", digest="36973f5da73c74fc3fa03fa93459b434"),),
        (("params.yaml:prepare.columns", '["plan", "tenure"]'), ("params.yaml:prepare.split", "0.20")), "dvc.lock",
    )  # fmt: skip
    assert found["scores.json"].digest == "12345678901234567890123456789012"  # digits, and no number
    assert found["scores.json"].size is None


def test_a_lock_in_a_folder_names_paths_as_the_repository_does() -> None:
    definition = read_definition(payload("stages.yaml"), "jobs")
    found = by_name(read_lock(payload("lock-2.yaml"), "jobs/dvc.lock", definition))
    assert set(found) == {"jobs/data/prepared", "jobs/models/rf.pkl", "s3://bucket/rf.parquet"}
    forest = found["jobs/models/rf.pkl"]
    assert (forest.stage, forest.command) == ("train@rf", "python train.py rf && python evaluate.py rf")
    assert dict(forest.params) == {
        "jobs/work/config/train.toml:lr": "0.01",
        "jobs/work/config/train.toml:layers": '["64", "32"]',
        "jobs/work/config/train.toml:early": "true",
        "jobs/work/config/train.toml:note": "null",
    }
    assert found["s3://bucket/rf.parquet"].digest == "9b2cf535f27731c974343645a3985328"
    assert "secret" not in repr(found)
    assert "5ecret" not in repr(found)


def test_dvc_yaml_gives_names_and_leaves_templates_alone() -> None:
    definition = read_definition(payload("stages.yaml"), "")
    assert list(definition.stages) == ["prepare", "train"]
    train = definition.stage("train@rf")
    assert (train.name, train.folder) == ("train", "work")
    assert definition.kind(train, "work/metrics/rf.json") == "metrics"
    assert definition.kind(train, "work/metrics/rf.txt") == "data"
    assert definition.kind(train, "work/plots/.csv") == "plots"
    assert definition.kind(train, "models/gbm.pkl") == "model"
    assert definition.kind(definition.stage("prepare"), "rows.csv") == "plots"
    assert definition.kind(definition.stage("prepare"), "data/prepared") == "data"
    assert definition.kind(definition.stage("unknown"), "scores.json") == "metrics"
    assert definition.params_files == ("settings.yaml", "work/params.yaml", "work/config/train.toml")


@pytest.mark.parametrize("metrics", ["[a.json]", "a.json", "{a.json: {cache: false}}", "[{a.json: {cache: false}}]"])
def test_metrics_are_a_list_or_a_map(metrics: str) -> None:
    definition = read_definition(f"metrics: {metrics}\n".encode(), "")
    assert definition.kind(definition.stage(""), "a.json") == "metrics"


def test_a_dvc_file_tracks_a_file_beside_it() -> None:
    (one,) = read_tracked(payload("file.dvc"), "data/orders.csv.dvc")
    assert one == Output(
        "data/orders.csv", "a304afb96060aad90176268345e10355", 37891850, defined_in="data/orders.csv.dvc"
    )


def test_a_dvc_file_may_track_a_folder_from_another_place() -> None:
    (one,) = read_tracked(payload("folder.dvc"), "data/images.dvc")
    assert (one.name, one.digest, one.files) == ("images", "f20a3d1a12d4ff43a1de5b7d98d8b23c.dir", 12)


def test_an_import_says_where_it_came_from_without_a_login() -> None:
    (one,) = read_tracked(payload("import.dvc"), "orders.csv.dvc")
    assert one.deps == (
        DataPart(
            path="https://git.acme.example/data/registry.git:use-cases/orders.csv",
            digest="f31f5c4cdae787b4bdeb97a717687d44667d9e62",
        ),
    )


def test_what_a_cloud_keeps_versions_of_has_a_digest_too() -> None:
    raw, single = read_tracked(payload("versioned.dvc"), "versioned.dvc")
    assert (raw.name, raw.digest[:6], raw.files, single.digest) == ("raw", "files-", 2, "2d5b0e3b2b5a4d8c")
    changed = payload("versioned.dvc").replace(b"0d5b", b"9d5b")
    assert read_tracked(changed, "versioned.dvc")[0].digest != raw.digest


def test_a_stage_file_of_dvc_0_is_read_as_well() -> None:
    (one,) = read_tracked(payload("stage-0.dvc"), "featurise.dvc")
    assert (one.name, one.command) == ("features.npz", "python featurise.py")
    assert one.deps == (DataPart(path="orders.csv", digest="a304afb96060aad90176268345e10355"),)


def test_an_output_that_was_not_made_yet_is_no_version() -> None:
    assert read_tracked(b"outs:\n- path: a.csv\n", "a.csv.dvc") == ()
    assert read_lock(b"", "dvc.lock", Definition()) == read_lock(b"schema: '2.0'\n", "dvc.lock", Definition()) == ()


@pytest.mark.skipif(not CONTRACT.is_dir(), reason="the recorded files are not here")
def test_a_real_lock_of_dvc_3_is_read_whole() -> None:
    definition = read_definition((CONTRACT / "dvc.yaml").read_bytes(), "")
    found = by_name(read_lock((CONTRACT / "dvc.lock").read_bytes(), "dvc.lock", definition))
    kinds = {name: one.kind for name, one in found.items()}
    assert kinds == {
        "data/prepared": "data", "metrics/rf.json": "metrics", "models/rf.pkl": "data", "plots/rf.csv": "plots",
        "metrics/gbm.json": "metrics", "models/gbm.pkl": "model", "plots/gbm.csv": "plots", "one.txt": "data",
        "two.txt": "data", "sweep/0.1-1.txt": "data", "sweep/0.1-2.txt": "data", "sweep/0.01-1.txt": "data",
        "sweep/0.01-2.txt": "data",
    }  # fmt: skip
    assert found["data/prepared"].files == 1
    assert found["one.txt"].command == "echo one > one.txt && echo two > two.txt"
    assert dict(found["models/rf.pkl"].params) == {"params.yaml:train": '{"lr": "0.01", "epochs": "3"}'}
    assert list(definition.stages) == ["prepare", "train", "sweep", "broken", "multi"]


@pytest.mark.parametrize(
    "raw",
    [
        b"- a", b"a", b"outs: a", b"outs: [a]", b"outs: [[a]]", b"outs: [{md5: a}]", b"outs: [{path: [a], md5: a}]",
        b"outs: {a: b}", b"wdir: a\nouts: [{path: '', md5: a}]", b"outs: [\xff]", b"outs: [", b"<<<<<<< HEAD\nouts: []",
        b"? [a]\n: b", b"a: &a [b]\nouts: *a", b"outs: *a", b'outs: [{path: "\\uD800", md5: a}]', b"\x00", b"%YAML 9.0",
        b"deps: {a: b}", b"a: b: c", b"\t", b"deps: [{}]", b"outs: []\n\x1b[31m",
    ],
)  # fmt: skip
def test_a_wrong_dvc_file_is_refused_in_words(raw: bytes) -> None:
    with pytest.raises(DvcError) as refused:
        read_tracked(raw, "a.dvc")
    assert refused.value.state == "not_understood"


@pytest.mark.parametrize(
    "raw",
    [
        b"- a", b"schema: '2.0'\nstages: []", b"stages: {a: b}", b"schema: 3\nstages: {a: {}}", b"a: {outs: {b: c}}",
        b"a: {cmd: a, params: [b]}", b"a: {cmd: a, deps: b}",
    ],
)  # fmt: skip
def test_a_wrong_lock_is_refused_in_words(raw: bytes) -> None:
    with pytest.raises(DvcError):
        read_lock(raw, "dvc.lock", Definition())


@pytest.mark.parametrize("raw", [b"- a", b"stages: [a]", b"stages: {a: b}", b"stages: {a: {foreach: [b]}}"])
def test_a_wrong_dvc_yaml_is_refused_in_words(raw: bytes) -> None:
    with pytest.raises(DvcError):
        read_definition(raw, "")
