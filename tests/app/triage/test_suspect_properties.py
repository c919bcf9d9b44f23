"""What holds of every world: the same answer whatever was written first, no suspect that came too late, nothing that
cannot be looked at."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from quarterdeck.app.records import Changes, parse_subject
from quarterdeck.app.triage.case import Case
from quarterdeck.app.triage.explain import candidates
from quarterdeck.app.triage.ranking import POSSIBLE, STRONG, ranked
from quarterdeck.app.triage.symptom import symptom_of_subject
from quarterdeck.app.triage.window import SKEW
from tests.app.triage.incidents import NOW, PRECISION, Team, about, sha, trained, usual_team

FELL = about("series", PRECISION)
Deed = Callable[[Team], object]

HOURS = st.integers(1, 320)
PATHS = st.sampled_from([
    "pipeline/features.py", "pipeline/ingest.py", "serving/app.py", "requirements.txt", "conf/params.yaml",
    "checks/rules.toml", "infra/main.tf", "README.md", "tests/test_a.py",
])  # fmt: skip


def committed(number: int, hours: int, path: str) -> Deed:
    return lambda team: team.commit(f"c{number}", hours + number / 100, path, parent="old")


def tracked(number: int, hours: int) -> Deed:
    return lambda team: team.tracked(f"{number}d{hours}", f"c{number}", hours + number / 100)


def checked(number: int, hours: int, asked: float, failed: int) -> Deed:
    return lambda team: team.checked(
        hours + number / 100, "fail" if failed > 900 else "pass", rule=f"mostly={asked}", failed=failed
    )


def applied(number: int, hours: int) -> Deed:
    return lambda team: team.stack(f"stack{number}", hours + number / 100)


def ran(number: int, hours: int, status: str) -> Deed:
    return lambda team: team.pipeline(f"p{number}", "ingest-orders", status, hours + number / 100, "old")


DEEDS = st.integers(0, 99).flatmap(
    lambda number: st.one_of(
        st.builds(committed, st.just(number), HOURS, PATHS),
        st.builds(tracked, st.just(number), HOURS),
        st.builds(checked, st.just(number), HOURS, st.sampled_from([0.99, 0.9]), st.integers(0, 1000)),
        st.builds(applied, st.just(number), HOURS),
        st.builds(ran, st.just(number), HOURS, st.sampled_from(["passed", "failed"])),
    ).map(lambda deed: (number, deed))
)  # fmt: skip
WORLDS = st.lists(DEEDS, min_size=2, max_size=14, unique_by=lambda pair: pair[0]).map(
    lambda pairs: [deed for _, deed in pairs]
)
few = settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))


def world(folder: Path, name: str, deeds: list[Deed]) -> Team:
    team = Team(folder, name)
    usual_team(team, bad={"git_commit": sha("c1"), "datasets": trained("9c1e")})
    for deed in deeds:
        deed(team)
    return team


def asked(folder: Path, name: str, deeds: list[Deed]) -> Changes:
    team = world(folder, name, deeds)
    found = team.changes(FELL, limit=100)
    assert team.changes(FELL, limit=100) == found  # asked twice
    team.close()
    return found


@few
@given(WORLDS, st.randoms(use_true_random=False))
def test_the_order_in_which_it_was_written_makes_no_difference(deeds: list[Deed], shuffled: object) -> None:
    other = list(deeds)
    shuffled.shuffle(other)  # type: ignore[attr-defined]  # hypothesis gives a Random and types it as an object
    with tempfile.TemporaryDirectory() as folder:
        one, two = (asked(Path(folder), name, order) for name, order in (("one", deeds), ("two", other)))
    assert one == two


@few
@given(WORLDS)
def test_of_every_suspect_the_rank_is_what_its_score_says_and_all_can_be_looked_at(deeds: list[Deed]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        changes = asked(Path(folder), "one", deeds)
    scores = [one.score for one in changes.suspects]
    assert scores == sorted(scores, reverse=True)
    assert len({one.subject for one in changes.suspects}) == len(changes.suspects)
    for one in changes.suspects:
        assert one.strength == ("strong" if one.score >= STRONG else "possible" if one.score >= POSSIBLE else "weak")
        assert one.reasons
        assert parse_subject(one.subject)
        assert one.evidence
        assert all(parse_subject(item.subject) for item in one.evidence if item.subject)
        assert any(item.subject for item in one.evidence)


@few
@given(WORLDS)
def test_nothing_that_came_after_it_was_bad_is_more_than_weak(deeds: list[Deed]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        changes = asked(Path(folder), "one", deeds)
    late = [one for one in changes.suspects if min(one.not_before or one.at, one.at) > changes.until + SKEW]
    assert [one.strength for one in late] == ["weak"] * len(late)


@few
@given(WORLDS)
def test_every_sentence_has_something_that_shows_it(deeds: list[Deed]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        team = world(Path(folder), "one", deeds)
        symptom = symptom_of_subject(team.reader, team.state, parse_subject(FELL), team.outlook, NOW)
        case = Case(team.reader, team.state, team.outlook, symptom, NOW)
        found = candidates(case)
        assert all(why.evidence for one in found for why in one.rules if why.text)
        suspects = ranked(case, found)
        team.close()
    for suspect, candidate in suspects:
        shown = {item.subject for item in suspect.evidence}
        assert {item.subject for why in candidate.rules for item in why.evidence if why.text} <= shown
