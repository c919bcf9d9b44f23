"""Whether a version may be what the alias points at."""

from __future__ import annotations

import pytest

from .evidence import POLICY, REGISTRY, World, bare


def test_the_candidate_is_whoever_holds_the_alias_that_the_policy_names(world: World) -> None:
    assert world.plan().to_version == "14"
    assert world.said("candidate") == ("pass", "v14 is challenger")


def test_another_version_is_no_candidate(world: World) -> None:
    world.version("15")
    assert world.said("candidate", version="15") == ("fail", "v15 is not challenger: v14 is")


def test_where_nobody_holds_the_alias_nothing_can_be_promoted(world: World) -> None:
    world.model(champion="13")
    assert world.said("candidate") == ("fail", "no version is challenger")
    assert world.said("version") == ("missing", "no version to promote is known")
    assert not world.plan().applicable


@pytest.mark.parametrize(
    ("shows", "version", "said"),
    [
        ("13", "14", ("pass", "forward from v13")),
        ("9", "10", ("pass", "forward from v9")),
        ("15", "14", ("fail", "v14 is not after v15: only a rollback goes back")),
        ("blue", "14", ("inconclusive", "v14 and blue are no numbers: neither is the later")),
    ],
)
def test_a_promotion_goes_forward(world: World, shows: str, version: str, said: tuple[str, str]) -> None:
    world.model(champion=shows, challenger=version)
    assert world.said("direction", version=version) == said


def test_the_first_promotion_goes_forward_from_nothing(world: World) -> None:
    world.model(challenger="14")
    assert world.said("direction") == ("pass", "no version is champion yet")
    world.rule(bare('direction = "any"'))
    assert world.plan(version="14").gate("direction") is None


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({}, ("pass", "v14 is ready")),
        ({"status": "pending"}, ("fail", "v14 is pending: only a ready version will do")),
        ({"status": "failed"}, ("fail", "v14 is failed: only a ready version will do")),
        (
            {"status": "unknown", "raw_status": "NOVEL\x1b"},
            ("fail", "v14 is NOVEL\\u{1b}: only a ready version will do"),
        ),
    ],
)
def test_only_a_ready_version_will_do(world: World, facts: dict[str, str], said: tuple[str, str]) -> None:
    world.version("14", **facts)
    assert world.said("version") == said


def test_a_version_that_the_registry_has_not_is_missing(world: World) -> None:
    world.write("r", versions_gone=(("churn", "14"),))
    assert world.said("version") == ("missing", "the registry has no v14 of churn")


def test_what_is_champion_already_is_not_promoted_again(world: World) -> None:
    world.model(champion="14", challenger="14")
    assert world.said("version") == ("fail", "v14 is champion already")


def test_what_a_registry_said_that_does_not_answer_now_is_missing(world: World) -> None:
    world.source(REGISTRY, "unreachable", "mlflow.example refused the connection.")
    for name in ("candidate", "direction", "version", "metric:val_auc"):
        state, sentence = world.said(name)
        assert (state, "models: mlflow.example refused the connection." in sentence) == ("missing", True)


def test_a_registry_that_bids_us_wait_counts_and_one_that_was_never_read_does_not(world: World) -> None:
    world.source(REGISTRY, "limited", "Asked too often.")
    assert world.gate("version").state == "pass"
    world.source(REGISTRY, "never", last_ok_at=None)
    assert world.said("version") == ("missing", "models: it was never read")


def test_a_model_that_no_registry_has_is_missing(world: World) -> None:
    world.write("r", models=(), models_complete=True)
    assert world.said("version") == ("missing", "no registry has this model")
    assert world.plan().source == ""


def test_a_version_may_be_of_a_policy_without_a_candidate(world: World) -> None:
    world.rule(POLICY.replace('from = "challenger"\n', ""))
    assert world.plan(version="14").gate("candidate") is None
    assert world.plan().to_version == ""
