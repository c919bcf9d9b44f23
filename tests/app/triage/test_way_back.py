"""To which version one could go back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from quarterdeck.app.records import PolicyText, Promotions, WayBack
from quarterdeck.app.triage.way_back import way_back
from tests.app.triage.incidents import DAY, NOW, Team, sha, usual_team, when

POLICY = """
[promotion."churn"]
to = "champion"
[[promotion."churn".metric]]
name = "val_auc"
greater_is_better = true
threshold = 0.8
[promotion."churn".freeze]
deny = [{ days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"] }]
"""


@pytest.fixture
def team(tmp_path: Path) -> Iterator[Team]:
    made = Team(tmp_path)
    yield made
    made.close()


def back(team: Team, model: str = "churn") -> WayBack | None:
    return way_back(team.reader, team.state, team.outlook, model, "champion", now=NOW)


def test_it_is_the_version_before_with_how_long_it_held_and_what_it_had_then(team: Team) -> None:
    usual_team(team)
    found = back(team)
    assert found is not None
    assert (found.version, found.held_for) == ("13", when(28) - when(296))
    assert found.figures == ("precision 0.82", "p95 latency 0.11")
    assert found.sentence == ""


def test_its_gates_are_those_of_now_and_none_of_the_moment(team: Team) -> None:
    usual_team(team)
    text = PolicyText(source="g", branch="origin/main", commit=sha("policy"), at=NOW - 30 * DAY, text=POLICY)
    team.write("g", promotions=Promotions(policy=text, entries=tuple(team.entries)))
    found = back(team)
    assert found is not None
    gates = dict(found.gates)
    assert gates["missing"] == 1  # nobody logged val_auc of run13
    assert "freeze" not in {word for word, _ in found.gates}
    assert sum(gates.values()) == 3  # policy, version, metric:val_auc


def test_where_nobody_knows_what_it_showed_before_it_says_so(team: Team) -> None:
    team.shows(champion="14")
    team.version("14", 29, None)
    found = back(team)
    assert found is not None
    assert (found.version, found.sentence) == ("", "Nobody knows what was champion of churn before.")


def test_a_version_that_is_gone_from_the_registry_is_said_to_be(team: Team) -> None:
    team.shows(champion="14")
    team.version("14", 29, None)
    team.promoted(1, "13", None, 100)
    team.promoted(2, "14", "13", 28)
    found = back(team)
    assert found is not None
    assert found.sentence == "The registry has no v13 any more, as far as is known."


def test_one_that_went_back_already_says_when(team: Team) -> None:
    usual_team(team)
    team.version("12", 500, None)
    team.promoted(3, "13", "14", 2, kind="rollback")
    team.shows(champion="13")
    found = back(team)
    assert found is not None
    assert found.sentence == "champion went back 2 h ago already."


def test_of_a_model_that_no_registry_has_there_is_none(team: Team) -> None:
    assert back(team, "nobody") is None


def test_a_way_back_of_just_now_has_no_figure_since_the_sentence_is_kept(team: Team) -> None:
    usual_team(team)
    team.version("12", 500, None)
    team.promoted(3, "13", "14", 0.05, kind="rollback")
    team.shows(champion="13")
    found = back(team)
    assert found is not None
    assert found.sentence == "champion went back less than an hour ago already."
