"""Which policy counts, and what is said where there is none that does."""

from __future__ import annotations

import pytest

from quarterdeck.app.promotion import alias_of, covering, policy_of
from quarterdeck.app.records import PolicyText
from quarterdeck.app.settings import ProjectFile, Promotion
from quarterdeck.app.settings.files import LARGEST, parse_settings

from .evidence import GIT, HEAD, NOW, POLICY, World, bare, policy


def committed(text: str | None) -> PolicyText:
    return PolicyText(source="g", branch="origin/main", commit=HEAD, text=text)


def promotions(text: str) -> dict[str, Promotion]:
    return dict(parse_settings(text, ProjectFile, "quarterdeck.toml").promotion)


def test_a_policy_is_known_by_its_commit_and_branch(world: World) -> None:
    gate = world.gate("policy")
    assert (gate.state, gate.sentence) == ("pass", "20aa4d1 on origin/main")
    assert (gate.value, gate.evidence) == ("churn", (f"commit/{HEAD}",))


def test_a_repository_that_nobody_has_read_leaves_unknown_what_is_demanded(world: World) -> None:
    world.say(policy=None)
    plan = world.plan(version="14")
    gate = plan.gate("policy")
    assert gate is not None
    assert (gate.state, plan.applicable) == ("missing", False)
    assert gate.sentence == "the repository was not read yet: what is demanded is not known"


def test_a_repository_that_cannot_be_read_now_leaves_it_unknown_too(world: World) -> None:
    world.source(GIT, "unreachable", "git.example did not answer within 5 s.")
    assert world.said("policy") == ("missing", "git: git.example did not answer within 5 s.")
    assert world.gate("approval").state == world.gate("ledger").state == "missing"


def test_without_a_policy_nothing_is_demanded_and_that_is_said(world: World) -> None:
    for text in (None, "", bare().replace('"champion"', '"other"'), bare().replace("churn", "churner")):
        world.rule(text)
        plan = world.plan(version="14")
        gate = plan.gate("policy")
        assert gate is not None
        assert (gate.state, gate.sentence) == ("warn", "no policy covers churn@champion: nothing is demanded")
        assert [one.id for one in plan.gates] == ["policy", "version", "ledger"]
        assert plan.applicable


def test_an_alias_that_differs_from_the_policys_by_case_only_is_no_way_past_it(world: World) -> None:
    world.rule(bare().replace('"champion"', '"Champion"'))
    plan = world.plan(version="14")
    gate = plan.gate("policy")
    assert gate is not None
    assert (gate.state, gate.sentence) == ("fail", "the policy speaks of Champion, not of champion: write it so")
    assert not plan.applicable


def test_a_policy_that_cannot_be_read_fails_with_its_line(world: World) -> None:
    world.rule(POLICY.replace("threshold = 0.80", 'threshold = "high"'))
    state, sentence = world.said("policy", version="14")
    assert state == "fail"
    assert sentence.startswith("origin/main:quarterdeck.toml:12: [[promotion.churn.metric]] number 1 “threshold” must")


@pytest.mark.parametrize(
    "text", ["[promotion", "a = 1", "# " + "x" * LARGEST, "\udc80"], ids=["toml", "key", "large", "bytes"]
)
def test_no_text_is_taken_for_a_policy_that_demands_nothing(text: str) -> None:
    assert policy_of(committed(text), "churn", "champion").trouble.startswith("origin/main:quarterdeck.toml")


def test_a_policy_that_nobody_else_can_see_is_a_warning(world: World) -> None:
    world.rule(POLICY, is_local=True, branch="main")
    assert world.said("policy") == ("warn", "20aa4d1 on main, local only: nobody else has agreed to it")


def test_the_exact_name_comes_first_and_then_patterns_in_their_order() -> None:
    found = promotions(
        '[promotion."*"]\nto = "prod"\n[promotion."churn*"]\nto = "champion"\n[promotion.churn]\nto = "champion"\n'
        '[promotion."ch*"]\nto = "champion"\n'
    )
    names = [(covering(found, model, "champion") or ("",))[0] for model in ("churn", "churn-eu", "chess", "risk")]
    assert names == ["churn", "churn*", "ch*", ""]
    assert (covering(found, "risk", "prod") or ("", 0))[0] == "*"


def test_a_pattern_minds_the_case_and_a_name_with_brackets_is_itself() -> None:
    found = promotions('[promotion."Churn*"]\nto = "a"\n[promotion."m[1]"]\nto = "a"\n')
    assert covering(found, "churn", "a") is None
    assert covering(found, "m[1]", "a") is not None


def test_the_alias_of_a_model_is_the_one_that_its_policy_moves() -> None:
    assert alias_of(committed(POLICY), "churn") == "champion"
    assert alias_of(committed(POLICY), "risk") is None
    assert alias_of(committed("["), "churn") is alias_of(None, "churn") is None


def test_the_digest_changes_with_the_rules_and_the_teams_that_they_name_and_with_nothing_else() -> None:
    def digest(text: str) -> str:
        return policy_of(committed(text), "churn", "champion").digest

    same = digest(POLICY)
    assert same == digest(POLICY + '\n[project]\nname = "x"\n\n[promotion."risk"]\nto = "champion"\n')
    assert same == digest(POLICY.replace("[teams]", '[teams]\nothers = ["di@example.com"]'))
    assert same == digest(POLICY.replace("0.80", "0.8"))
    others = [digest(POLICY.replace("cy@", "di@")), digest(policy(rollback="")), digest(POLICY.replace("0.80", "0.81"))]
    assert len({same, *others}) == 4


def test_another_policy_in_the_working_tree_is_told_and_not_used(world: World) -> None:
    other = promotions(POLICY.replace("0.80", "0.10"))
    assert world.plan(working=other).id == world.plan().id
    assert world.gate("policy", working=other).notes == ("the working tree has another policy: it is not used",)
    assert world.gate("policy", working=promotions(POLICY)).notes == ()
    assert world.gate("policy", working={}).notes != ()


def test_what_was_read_just_now_counts_though_the_cache_could_not_be_filled(world: World) -> None:
    world.source(GIT, "unreachable", "git.example did not answer.")
    assert world.gate("policy", live=world.told).state == "pass"
    assert world.gate("ledger", live=world.told, entries=world.told.entries).state == "pass"


def test_the_age_of_a_policy_is_that_of_its_commit(world: World) -> None:
    gate = world.gate("policy")
    assert gate.at is not None
    assert NOW - gate.at == 30 * 86_400_000
