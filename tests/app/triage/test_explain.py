"""What changed around anything that can be spoken of."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from quarterdeck.app.errors import UsageError
from quarterdeck.app.records import Attention, Job, Note, Resource, Signal, parse_subject
from quarterdeck.app.store.happened import happened
from quarterdeck.app.triage import Happened, attention_id, changed, explain
from quarterdeck.app.triage.symptom import is_known
from tests.app.triage.incidents import (
    DAY,
    FALLING,
    HOUR,
    NOW,
    PRECISION,
    SLOWER,
    Team,
    about,
    sha,
    trained,
    usual_team,
    when,
)


@pytest.fixture
def team(tmp_path: Path) -> Iterator[Team]:
    made = Team(tmp_path)
    usual_team(made, bad={"datasets": trained("9c1e"), "git_commit": sha("features")})
    made.commit("features", 60, "pipeline/features.py", parent="old")
    made.commit("data", 20, "data/orders.csv.dvc", parent="features")
    made.tracked("aaa1", "data", 20)
    made.pipeline("b", "ci", "failed", 27, "features", jobs=(Job(id="j", name="test", status="failed"),))
    made.checked(30, "fail", rule="r", failed=4)
    drifted = Resource(stack="serving", address="aws_lb.api", type="aws_lb", name="api", drift="update")
    made.stack("serving", 9, status="drifted", planned_at=when(2), resources=(drifted,))
    made.alert("f1", "HighLatency", 5, model="churn")
    yield made
    made.close()


def check_of(team: Team) -> str:
    return team.reader.checks.rows(team.reader.checks.ids(now=NOW))[0].check.id


SUBJECTS = (
    "run/run14", "model/churn", "model/churn/14", "alias/churn@champion", "pipeline/b", "job/j", "dataset/orders@9c1e",
    "dataset/data%2Forders.csv@aaa1", "commit/" + sha("features"), about("series", PRECISION), "alert/f1",
    "resource/serving", "resource/serving/aws_lb.api", "source/g", "experiment/1",
)  # fmt: skip


@pytest.mark.parametrize("subject", SUBJECTS)
def test_of_every_kind_of_thing_it_is_told_what_changed_around_it(team: Team, subject: str) -> None:
    assert is_known(team.reader, team.state, parse_subject(subject))
    found = team.changes(subject)
    assert found.subject == subject
    assert found.since <= found.until <= NOW
    assert found.suspects or found.sentence


def test_a_check_and_its_result_and_an_event_too(team: Team) -> None:
    check = check_of(team)
    event = happened(team.reader, team.state, 1)[0]
    row = team.reader.checks.rows(team.reader.checks.ids(now=NOW))[0].check
    for subject in (about("check", check), about("result", row.newest_id), about("event", event.id)):
        assert team.changes(subject).subject == subject


@pytest.mark.parametrize("subject", ["run/x", "model/x", "pipeline/x", "check/x", "series/x", "alert/x", "resource/x"])
def test_what_nobody_knows_has_the_last_seven_days_and_no_suspect_that_is_strong(team: Team, subject: str) -> None:
    assert not is_known(team.reader, team.state, parse_subject(subject))
    found = team.changes(subject)
    assert (found.since, found.until) == (NOW - 7 * DAY, NOW)
    assert not [one for one in found.suspects if one.strength == "strong"]


@pytest.mark.parametrize("subject", ["attention/00", "event/00"])
def test_attentions_and_events_that_nobody_knows_are_mistakes(team: Team, subject: str) -> None:
    with pytest.raises(UsageError):
        team.changes(subject)


# -- attentions -------------------------------------------------------------------------------------------------------


def attention(*signals: Signal) -> Attention:
    lead = signals[0]
    return Attention(
        id=attention_id(lead.kind, lead.subject), subject=lead.subject, severity=lead.severity, since=lead.since,
        not_before=lead.not_before, title=lead.title, signals=signals,
    )  # fmt: skip


def test_an_attention_is_explained_by_its_leading_signal_and_the_version_that_it_names(team: Team) -> None:
    lead = Signal(
        kind="threshold", subject=about("series", PRECISION), title="precision 0.71", severity="critical",
        since=when(5), not_before=when(7), model="churn", version="14", alias="champion",
    )  # fmt: skip
    failing = Signal(kind="check failing", subject=about("check", check_of(team)), title="", severity="high", since=1)
    found = explain(team.reader, team.state, attention(lead, failing), team.outlook, now=NOW)
    assert (found.since, found.until) == (when(7), when(5))
    assert found.suspects[0].subject == about("commit", sha("features"))
    assert found.way_back is not None
    assert found.way_back.version == "13"


def test_a_version_that_is_bad_and_no_longer_in_force_is_not_what_one_goes_back_to(team: Team) -> None:
    lead = Signal(
        kind="threshold", subject=about("series", PRECISION), title="precision 0.71", severity="high",
        since=when(5), not_before=when(7), model="churn", version="13", alias="champion",
    )  # fmt: skip
    back = explain(team.reader, team.state, attention(lead), team.outlook, now=NOW).way_back
    assert back is not None
    assert (back.version, back.sentence) == ("", "it is v13 that is bad, and another version is in force now")


def went_back(team: Team, hours: float) -> None:
    """From v14 to v13; before both there was a v12, to which one could go back further."""
    team.version("12", 500, None)
    team.promoted(3, "13", "14", hours, kind="rollback")
    team.shows(champion="13")


def test_right_after_going_back_nobody_is_sent_back_further_by_figures_of_the_time_before(team: Team) -> None:
    went_back(team, 1)
    back = team.changes(about("series", PRECISION)).way_back
    assert back is not None
    assert back.version == ""
    assert back.sentence == "champion went back to v13 60 min ago, and nothing that is known speaks of the time since"


def test_one_may_go_back_further_when_figures_of_the_time_since_are_bad_too(team: Team) -> None:
    team.line("precision", 2, 5, *FALLING, 0.70, 0.71, min=0.78)
    team.line("precision", 1, 0, 0.70, 0.71, min=0.78)
    went_back(team, 3)
    back = team.changes(about("series", PRECISION)).way_back
    assert back is not None
    assert (back.version, back.sentence) == ("12", "champion went back 3 h ago already.")


def test_figures_that_come_with_a_delay_speak_of_the_time_before_for_longer(team: Team) -> None:
    team.line("precision", 1, 0, 0.70, 0.71, min=0.78, label_delay=18 * HOUR)
    went_back(team, 3)
    back = team.changes(about("series", PRECISION)).way_back
    assert back is not None
    assert back.version == ""


def test_a_replaced_version_that_is_bad_is_no_reason_to_go_back_from_the_one_in_force(team: Team) -> None:
    went_back(team, 1)
    lead = Signal(
        kind="threshold", subject=about("series", PRECISION), title="precision 0.71", severity="low",
        since=when(5), not_before=when(7), model="churn", version="14",
    )  # fmt: skip
    back = explain(team.reader, team.state, attention(lead), team.outlook, now=NOW).way_back
    assert back is not None
    assert (back.version, back.sentence) == ("", "it is v14 that is bad, and another version is in force now")


def test_a_model_that_is_only_endangered_is_not_what_broke(team: Team) -> None:
    """A check that fails names the model that feeds on its data; that was promoted without any part in it."""
    lead = Signal(
        kind="check failing", subject=about("check", check_of(team)), title="", severity="high", since=when(30),
        model="churn", version="14", alias="champion",
    )  # fmt: skip
    found = explain(team.reader, team.state, attention(lead), team.outlook, now=NOW)
    assert not [one for one in found.suspects if one.kind in ("promotion", "alias")]
    assert found.way_back is None


def test_another_window_may_be_asked_for(team: Team) -> None:
    found = team.changes(about("series", PRECISION), since=when(320), until=when(290))
    assert (found.since, found.until) == (when(320), when(290))
    assert [one.title for one in found.suspects if one.kind == "promotion"] == ["v12 → v13"]


def test_no_more_suspects_than_were_asked_for(team: Team) -> None:
    assert len(team.changes(about("series", PRECISION), limit=1).suspects) == 1


def test_what_else_happened_in_the_window_is_counted_by_kind(team: Team) -> None:
    team.commit("words", 6, "README.md", parent="data")
    team.run("later", 6.5)
    found = team.changes(about("series", PRECISION))
    assert {("commit", 1), ("run finished", 1)} <= set(found.others)


def test_what_people_wrote_is_no_suspect(team: Team) -> None:
    team.state.write_note(Note(id="0" * 26, at=when(6), subject="alias/churn@champion", text="looks odd"))
    found = team.changes(about("series", PRECISION))
    assert not [one for one in found.suspects if "looks odd" in one.title]


# -- windows ----------------------------------------------------------------------------------------------------------


def test_a_window_is_told_by_what_in_production_it_lies_upstream_of(team: Team) -> None:
    team.line("p95 latency", 2, 5, *SLOWER, kind="operational", max=0.2)
    found = changed(team.reader, team.state, None, team.outlook, now=NOW, since=when(70), until=NOW)
    assert isinstance(found, Happened)
    (champion,) = found.upstream
    titles = [event.title for event in champion.events]
    assert {"Change features", "champion of churn: v13 → v14"} <= set(titles)
    assert not {event.id for event in champion.events} & {event.id for event in found.others}


def test_without_a_beginning_it_is_the_last_seven_days(team: Team) -> None:
    found = changed(team.reader, team.state, None, team.outlook, now=NOW)
    assert isinstance(found, Happened)
    assert found.until - found.since == 7 * 24 * HOUR
