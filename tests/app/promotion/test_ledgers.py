"""Entries in a real bare Git remote: a number is given once, names are any, and nothing else is pushed."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from msgspec.structs import replace

from quarterdeck.app.errors import SourceError
from quarterdeck.app.ledger.signing import Signer
from quarterdeck.app.promotion import policy_of
from quarterdeck.app.promotion.ledgers import TakenError
from quarterdeck.app.records import Actor, PlanApproval
from quarterdeck.app.store.happened import governed
from tests.app.promotion.worlds import commit, draft, git, ledger, make_remote, mirror_of, now

NAMES = ["{churn}", "churn", "my model", "a..b", "x~1", "a[b]", "模型", "a/b", "ends.lock", "@{-1}", "-x", "A", "a%2Eb"]


@pytest.fixture
def remote(tmp_path: Path) -> Path:
    return make_remote(tmp_path, {"readme": "hello"})[0]


def entry(version: str, number: int, model: str = "churn"):  # type: ignore[no-untyped-def]  # a LedgerEntry
    return replace(draft(model, version, None), number=number, at=now())


@pytest.mark.parametrize("style", ["refs", "tags"])
@pytest.mark.parametrize("model", NAMES)
def test_a_model_of_any_name_has_its_own_entries(remote: Path, model: str, style: str) -> None:
    book = ledger(remote, style=style)
    made = book.append(entry("3", 1, model))
    assert book.entries(model, "champion") == [made]
    assert book.entries(model + "x", "champion") == []


def test_a_number_is_given_once(remote: Path) -> None:
    first = ledger(remote).append(entry("3", 1))
    with pytest.raises(TakenError) as refused:
        ledger(remote).append(replace(entry("4", 1), by=Actor(name="bo", email="bo@example.com")))
    assert refused.value.entry == first
    assert ledger(remote).entries("churn", "champion") == [first]


def test_an_entry_that_would_be_a_fast_forward_does_not_replace_another(tmp_path: Path) -> None:
    """Outside refs/tags Git moves an annotated tag forward where the commits that tags name descend."""
    remote, clone = make_remote(tmp_path, {"readme": "1"})
    older = git(clone, "rev-parse", "HEAD")
    newer = commit(clone, "more", {"readme": "2"})
    git(clone, "push", "--quiet", "origin", "main")
    mirror = mirror_of(remote, tmp_path)
    first = ledger(remote, mirror).append(replace(entry("3", 1), commit=older))
    assert first.commit == older
    with pytest.raises(TakenError):
        ledger(remote, mirror).append(replace(entry("4", 1), commit=newer))
    assert [one.version for one in ledger(remote).entries("churn", "champion")] == ["3"]


def test_pushing_an_entry_publishes_no_unpushed_commit(tmp_path: Path) -> None:
    remote, clone = make_remote(tmp_path, {"readme": "1"})
    unpushed = commit(clone, "not yet", {"secret": "mine"})
    mirror = mirror_of(remote, tmp_path)
    (mirror / "objects" / "info" / "alternates").write_text(f"{clone / '.git' / 'objects'}\n")
    made = ledger(remote, mirror).append(replace(entry("3", 1), commit=unpushed))
    assert made.commit is None
    with pytest.raises(AssertionError):
        git(remote, "cat-file", "-e", unpushed)


def test_an_entry_names_the_commit_that_a_remote_branch_has(tmp_path: Path) -> None:
    remote, clone = make_remote(tmp_path, {"readme": "1"})
    pushed = git(clone, "rev-parse", "HEAD")
    ledger(remote, mirror_of(remote, tmp_path)).append(replace(entry("3", 1), commit=pushed))
    assert git(remote, "rev-parse", "refs/quarterdeck/ledger/churn/champion/1^{commit}") == pushed


def test_a_commit_that_its_branch_lost_is_not_brought_back(tmp_path: Path) -> None:
    remote, clone = make_remote(tmp_path, {"readme": "1"})
    lost = commit(clone, "a secret", {"secret": "x"})
    git(clone, "push", "--quiet", "origin", "main")
    mirror = mirror_of(remote, tmp_path)
    git(clone, "push", "--quiet", "--force", "origin", "HEAD~1:main")
    assert ledger(remote, mirror).append(replace(entry("3", 1), commit=lost)).commit is None


def test_entries_of_both_styles_are_counted_together(remote: Path) -> None:
    ledger(remote, style="tags").append(entry("3", 1))
    ledger(remote, style="refs").append(entry("4", 2))
    assert [(one.number, one.version) for one in ledger(remote).entries("churn", "champion")] == [(1, "3"), (2, "4")]


def test_an_entry_that_somebody_wrote_by_hand_keeps_its_number(remote: Path) -> None:
    blob = git(remote, "hash-object", "-w", "--stdin")
    git(remote, "update-ref", "refs/quarterdeck/ledger/churn/champion/1", blob)
    (found,) = ledger(remote).entries("churn", "champion")
    assert (found.number, found.trouble) == (1, "Entry 1 cannot be read: it is no annotated tag.")


def make_key(folder: Path, name: str) -> tuple[Signer, str]:
    """A key, and its line for the allowed signers."""
    import subprocess

    key = folder / name
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", str(key)], check=True)
    return Signer(str(key)), f"{name}@example.com {key.with_suffix('.pub').read_text().strip()}\n"


def test_a_signed_entry_is_known_to_be_who_it_says(remote: Path, tmp_path: Path) -> None:
    signer, allowed = make_key(tmp_path, "ann")
    ledger(remote, signer=signer).append(entry("3", 1))
    (proven,) = ledger(remote, signers=allowed).entries("churn", "champion")
    (unknown,) = ledger(remote).entries("churn", "champion")
    assert (proven.by.strength, unknown.by.strength) == ("signed", "claimed")


def test_a_signature_of_somebody_else_proves_nothing(remote: Path, tmp_path: Path) -> None:
    _, ann = make_key(tmp_path, "ann")
    signer, bo = make_key(tmp_path, "bo")
    ledger(remote, signer=signer).append(entry("3", 1))  # it says ann
    (found,) = ledger(remote, signers=ann + bo).entries("churn", "champion")
    assert (found.by.email, found.by.strength) == ("ann@example.com", "claimed")


def test_git_itself_verifies_what_was_signed(remote: Path, tmp_path: Path) -> None:
    signer, allowed = make_key(tmp_path, "ann")
    made = ledger(remote, signer=signer).append(entry("3", 1))
    (tmp_path / "allowed").write_text(allowed)
    allow = f"gpg.ssh.allowedSignersFile={tmp_path / 'allowed'}"
    git(remote, "-c", "gpg.format=ssh", "-c", allow, "verify-tag", made.id)


def test_plans_and_approvals_come_back_as_they_were_written(remote: Path) -> None:
    ann, bo = Actor(name="Ann", email="ann@example.com"), Actor(name="模", email="bo@example.com")
    book, name = ledger(remote), hashlib.sha256(b'{"to":"14"}').hexdigest()
    book.keep_plan(name, '{"to":"14"}', ann, 1_000)
    book.keep_plan(name, '{"to":"14"}', bo, 2_000)
    approval = book.approve(PlanApproval(source="", id="", plan=name, by=bo, at=3_000, note="looks good"))
    found = ledger(remote).promotions()
    (plan,) = found.plans
    assert (plan.text, plan.by, plan.at) == ('{"to":"14"}', ann, 1_000)
    assert found.approvals == (approval,)


def test_the_policy_is_that_of_the_default_branch(tmp_path: Path) -> None:
    remote, clone = make_remote(tmp_path, {"quarterdeck.toml": 'project = { name = "a" }'})
    (clone / "quarterdeck.toml").write_text('project = { name = "edited here" }')
    policy = ledger(remote, mirror_of(remote, tmp_path)).promotions().policy
    assert policy is not None
    assert (policy.branch, policy.text, policy.is_local) == ("origin/main", 'project = { name = "a" }', False)


def test_a_remote_that_is_not_there_is_a_source_that_is_not_reached(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no repository at"):
        ledger(tmp_path / "nowhere.git").entries("churn", "champion")


def test_a_remote_that_takes_no_refs_of_ours_says_so(remote: Path) -> None:
    hook = remote / "hooks" / "pre-receive"
    hook.write_text("#!/bin/sh\necho no refs but branches >&2\nexit 1\n")
    hook.chmod(0o755)
    with pytest.raises(SourceError, match="does not take the ledger's refs"):
        ledger(remote).append(entry("3", 1))


def test_a_commit_that_leaves_the_policy_alone_does_not_change_it(tmp_path: Path) -> None:
    remote, clone = make_remote(tmp_path, {"quarterdeck.toml": '[promotion.a]\nto = "b"\n'})
    policy = ledger(remote, mirror_of(remote, tmp_path)).promotions().policy
    commit(clone, "something else", {"readme": "more"})
    git(clone, "push", "--quiet", "origin", "main")
    assert ledger(remote, tmp_path / "mirror.git").promotions().policy == policy


def test_a_policy_that_is_no_text_is_not_taken_for_none(tmp_path: Path) -> None:
    remote, clone = make_remote(tmp_path, {"readme": "1"})
    (clone / "quarterdeck.toml").write_bytes(b'[promotion.a]\nto = "\xff"\n')
    commit(clone, "binary", {})
    git(clone, "push", "--quiet", "origin", "main")
    policy = ledger(remote, mirror_of(remote, tmp_path)).promotions().policy
    assert policy is not None
    assert policy_of(policy, "a", "b").trouble


@pytest.mark.parametrize("text", ["a = " + "[" * 50_000, f"{'a.' * 50_000}a = 1", f"a = {'9' * 5_000}"])
def test_a_policy_that_would_overwhelm_its_reader_governs_nothing(tmp_path: Path, text: str) -> None:
    remote, _ = make_remote(tmp_path, {"quarterdeck.toml": text})
    policy = ledger(remote, mirror_of(remote, tmp_path)).promotions().policy
    assert policy is not None
    assert (policy.signers, governed(policy)) == ({}, [])
    assert policy_of(policy, "a", "b").trouble
