"""`quarterdeck changed`: suspects for eyes and for scripts, and a window by what it is upstream of."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from quarterdeck.app.settings import load
from quarterdeck.app.store.state import state_file
from tests.app.triage.incidents import PRECISION, Team, about, sha, trained, usual_team, when

FELL = about("series", PRECISION)
CLEAN = '{"num_rows": 1000, "columns": {"customer_id": {"null_count": 0}, "amount": {"mean": 51.2}}}'
NULLS = '{"num_rows": 1000, "columns": {"customer_id": {"null_count": 31}, "amount": {"mean": 50.9}}}'
DATASETS = '\n[[datasets]]\nname = "orders"\nis = ["mlflow:orders", "dvc:data/orders.csv", "gx:orders_asset"]\n'


@pytest.fixture
def team(project: Path, cache: Path, tmp_path: Path) -> Iterator[Team]:
    settings = project / "quarterdeck.toml"
    settings.write_text(settings.read_text() + DATASETS)
    key = load(directory=project).project_key
    made = Team(tmp_path, cache=cache, state=state_file(key))
    usual_team(
        made, good={"datasets": trained("77ab", CLEAN)},
        bad={"datasets": trained("9c1e", NULLS), "git_commit": sha("tidy")},
    )  # fmt: skip
    made.commit("tidy", 50, "pipeline/train.py", parent="old")
    yield made
    made.close()


def moment(hours: float) -> str:
    return datetime.fromtimestamp(when(hours) / 1000, UTC).isoformat()


def test_suspects_come_with_reasons_and_with_what_can_be_opened(team: Team, call: Callable[..., Any]) -> None:
    said = call("changed", FELL)
    lines = said.out.splitlines()
    assert said.status == 0
    assert lines[0].startswith(FELL)
    assert lines[1].startswith("strong    data            orders 77ab → 9c1e  ")
    assert lines[2].strip() == "customer_id null 0 → 3.1 %"
    assert any(line.strip() == "→ dataset/orders@9c1e  orders 77ab → 9c1e" for line in lines)
    assert any(line.startswith("way back: v13, champion for 11 d, precision 0.82") for line in lines)


def test_what_somebody_has_is_handed_over_with_its_suspects(team: Team, call: Callable[..., Any]) -> None:
    first = next(one for one in call("triage", "--json").json if one["suspects"])
    assert call("ack", first["id"], "looking").status == 0
    (open_,) = [one for one in call("handover", "--json").json["open"] if one["id"] == first["id"]]
    assert open_["acknowledged_by"]
    assert [one["title"] for one in open_["suspects"]] == [one["title"] for one in first["suspects"]]


def test_scripts_get_the_suspects_with_scores_and_the_window(team: Team, call: Callable[..., Any]) -> None:
    found = call("changed", FELL, "--json").json
    first = found["suspects"][0]
    assert (first["subject"], first["strength"], first["kind"]) == ("dataset/orders@9c1e", "strong", "data")
    assert first["reasons"][0] == "customer_id null 0 → 3.1 %"
    assert {"at", "text", "subject"} == set(first["evidence"][0])
    assert found["way_back"]["version"] == "13"
    assert found["since"] < found["until"]


def test_another_window_may_be_asked_for(team: Team, call: Callable[..., Any]) -> None:
    found = call("changed", FELL, "--since", moment(200), "--until", moment(100), "--json").json
    assert "v13 → v14" not in [one["title"] for one in found["suspects"]]


def test_without_a_subject_all_is_told_by_what_it_is_upstream_of(team: Team, call: Callable[..., Any]) -> None:
    team.commit("else", 40, "README.md")
    found = call("changed", "--since", moment(60), "--until", moment(1), "--json").json
    (champion,) = found["upstream"]
    assert champion["subject"] == "alias/churn@champion"
    assert {"promotion", "version registered"} <= {event["kind"] for event in champion["events"]}
    assert "Change else" in [event["title"] for event in found["others"]]
    said = call("changed", "--since", moment(60), "--until", moment(1))
    assert "upstream of alias/churn@champion" in said.out.splitlines()


def test_what_nobody_knows_is_said_in_a_sentence(team: Team, call: Callable[..., Any]) -> None:
    for subject in ("run/none", "alias/churn@nobody", "series/none", "pipeline/0"):
        said = call("changed", subject)
        assert (said.status, said.out) == (1, "")
        assert f"There is no {subject} in the cache" in said.err


def test_an_attention_that_is_over_is_a_mistake_of_use(team: Team, call: Callable[..., Any]) -> None:
    said = call("changed", "attention/0011223344556677")
    assert said.status == 2
    assert "There is no attention/0011223344556677 among what was seen last" in said.err


def test_before_the_first_sync_it_says_what_to_do(call: Callable[..., Any]) -> None:
    said = call("changed", "run/1")
    assert said.status == 3
    assert "nothing" in said.err.casefold()
