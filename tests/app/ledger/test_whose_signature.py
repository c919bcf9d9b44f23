"""For whom a signature counts: by the file of this very policy, and for one person however many addresses they have."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from quarterdeck.app.ledger import signing
from quarterdeck.app.ledger.signing import Signer
from quarterdeck.app.promotion import same_person
from quarterdeck.app.records import Actor, PlanApproval, Waiver
from tests.app.promotion.evidence import ANN, BO, CY, NOW, World, policy
from tests.app.promotion.worlds import close_all, ledger, make_remote

PLAN = "ab" * 32
APPROVED = 'to = "champion"\n[promotion.{0}.approvals]\nsigners = "{0}/signers"\n'


@pytest.fixture(autouse=True)
def _cleared() -> Iterator[None]:
    yield
    close_all()


@pytest.fixture
def key(tmp_path: Path) -> tuple[Signer, str]:
    path = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", str(path)], check=True)
    return Signer(str(path)), path.with_suffix(".pub").read_text().strip()


def approval_by(by: Actor, signer: Signer, folder: Path, files: dict[str, str]) -> Actor:
    """Somebody approves a plan: how others read who it was."""
    remote, _ = make_remote(folder, files)
    ledger(remote, signer=signer).approve(PlanApproval(source="", id="", plan=PLAN, by=by, at=1_000))
    (found,) = ledger(remote).promotions().approvals
    return found.by


def test_a_signature_holds_by_the_file_that_names_its_key(tmp_path: Path, key: tuple[Signer, str]) -> None:
    """Who may write the signers of one model must not become anybody for another one."""
    signer, public = key
    settings = "".join(f"[promotion.{name}]\n" + APPROVED.format(name) for name in ("sandbox", "churn"))
    files = {"quarterdeck.toml": settings, "sandbox/signers": f"cy@example.com {public}\n", "churn/signers": "# none\n"}
    by = approval_by(CY, signer, tmp_path, files)
    assert (by.email, by.strength, by.files) == ("cy@example.com", "signed", ("sandbox/signers",))


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path / "cache.db")
    yield made
    made.close()


def test_an_approval_that_another_models_file_proves_does_not_count(world: World) -> None:
    world.rule(policy(approvals='signers = "churn/signers"'), signers={"churn/signers": "x"})
    world.approve(replace(CY, files=("sandbox/signers",)))
    (one,) = world.plan(actor=ANN).approvals
    assert (one.counts, one.why) == (False, "churn/signers does not name their key")
    world.say(approvals=())
    world.approve(replace(CY, files=("sandbox/signers", "churn/signers")))
    assert world.gate("approval", actor=ANN).state == "pass"


def test_nor_does_a_waiver(world: World) -> None:
    rules = policy(approvals='signers = "churn/signers"').replace("threshold = 0.80", "threshold = 0.99")
    world.rule(rules, signers={"churn/signers": "x"})
    world.waive("metric:val_auc", replace(CY, files=("sandbox/signers",)))
    gate = world.gate("metric:val_auc")
    assert gate.state == "fail"
    assert gate.notes[-1] == "cy (signed) may not waive it: churn/signers does not name their key"


def test_a_key_of_two_addresses_is_one_person(tmp_path: Path, key: tuple[Signer, str], world: World) -> None:
    signer, public = key
    files = {
        "quarterdeck.toml": "[promotion.churn]\n" + APPROVED.format("churn"),
        "churn/signers": f"bo@example.com,robert@example.com {public}\n",
    }
    by = approval_by(Actor(name="Robert", email="robert@example.com"), signer, tmp_path, files)
    assert by.also == ("bo@example.com",)
    assert same_person(by, Actor(name="trainer", email="Bo@example.com"))
    world.rule(policy(approvals='signers = "churn/signers"'), signers={"churn/signers": "x"})
    world.approve(by)
    assert [one.why for one in world.plan(actor=ANN).approvals] == ["own work (trained it, as bo)"]


def test_two_approvals_of_one_key_are_one(world: World) -> None:
    world.rule(policy(approvals="count = 2"))
    world.approve(replace(CY, also=("zoe@example.com",)))
    world.approve(replace(CY, name="zoe", email="zoe@example.com", also=("cy@example.com",)))
    assert [one.why for one in world.plan(actor=ANN).approvals] == ["", "approved already"]


def test_a_signature_is_looked_at_once_and_what_may_end_each_time(
    key: tuple[Signer, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    signer, public = key
    calls: list[Any] = []
    looked = signing._principals

    def look(*words: Any) -> frozenset[str]:
        calls.append(words)
        return looked(*words)

    monkeypatch.setattr(signing, "_principals", look)
    made = signing.sign(b"text", signer)
    for line in (f"bo@example.com {public}\n", f'bo@example.com valid-before="29991231" {public}\n'):
        assert [signing.principals(b"text", made, line) for _ in range(3)] == [frozenset({"bo@example.com"})] * 3
    assert len(calls) == 1 + 3
    assert signing.principals(b"other", made, f"bo@example.com {public}\n") == frozenset()


def test_what_we_say_ourselves_is_not_asked_for_its_file(world: World) -> None:
    """A waiver in the local ledger, and an approval that is only thought of."""
    waiver = Waiver(
        source="", id="w", model="churn", alias="champion", version="14", gate="metric:val_auc", by=BO, why="x",
        at=NOW, until=NOW + 1_000,
    )  # fmt: skip
    world.rule(policy(approvals='signers = "churn/signers"').replace("threshold = 0.80", "threshold = 0.99"))
    world.say(waivers=(waiver,))
    assert world.gate("metric:val_auc").state == "waived"
