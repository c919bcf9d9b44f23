"""What somebody who may push can write under our refs: none of it stops the reading, or counts as another's word."""

from __future__ import annotations

import hashlib
import subprocess
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from quarterdeck.app.errors import SourceError
from quarterdeck.app.ledger.reading import LARGEST_ALL
from quarterdeck.app.ledger.signing import Signer
from quarterdeck.app.promotion import policy_of
from quarterdeck.app.records import Actor, Batch, PlanApproval, SourceSpec
from quarterdeck.app.store.cache import Cache
from tests.app.promotion.worlds import close_all, commit, git, ledger, make_remote

PLAN = "ab" * 32
SIGNED = '[promotion.churn]\nto = "champion"\n[promotion.churn.approvals]\nsigners = "signers"\n'


@pytest.fixture
def remote(tmp_path: Path) -> Path:
    return make_remote(tmp_path, {"readme": "hello"})[0]


@pytest.fixture(autouse=True)
def _cleared() -> Iterator[None]:
    yield
    close_all()


def write(remote: Path, ref: str, said: str, name: str = "any") -> None:
    """A tag as somebody makes it by hand."""
    blob = git(remote, "hash-object", "-w", "--stdin")
    raw = f"object {blob}\ntype blob\ntag {name}\ntagger Eve <eve@example.com> 1 +0000\n\nhello\n\n{said}\n"
    made = subprocess.run(
        ["git", "hash-object", "-t", "tag", "-w", "--stdin"],
        cwd=remote, input=raw.encode(), capture_output=True, check=True,
    )  # fmt: skip
    git(remote, "update-ref", ref, made.stdout.decode().strip())


def key_of(folder: Path, name: str) -> tuple[Signer, str]:
    key = folder / name
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", str(key)], check=True)
    return Signer(str(key)), f"{name}@example.com {key.with_suffix('.pub').read_text().strip()}\n"


def test_json_that_is_nested_without_end_is_passed_over(remote: Path) -> None:
    deep = '{"q":' + "[" * 50_000 + "]" * 50_000 + "}"
    write(remote, f"refs/quarterdeck/approvals/{PLAN}/eve", deep)
    write(remote, "refs/quarterdeck/ledger/churn/champion/1", deep)
    assert ledger(remote).promotions().approvals == ()
    (entry,) = ledger(remote).entries("churn", "champion")
    assert entry.trouble == "Entry 1 cannot be read: its JSON is too deep."


def test_a_number_without_end_is_no_entry_and_can_be_kept(remote: Path, tmp_path: Path) -> None:
    said = '{"model":"churn","alias":"champion","number":1,"version":"2","at":"2026-01-01T00:00:00Z","by":{},"cancels":'
    write(remote, "refs/quarterdeck/ledger/churn/champion/1", said + "9" * 40 + "}")
    (entry,) = ledger(remote).entries("churn", "champion")
    assert entry.trouble
    cache = Cache(tmp_path / "cache.db")
    cache.declare([SourceSpec(key="git", kind="git", name="git", address="x")])
    cache.write("git", Batch(promotions=ledger(remote).promotions()), 1)
    cache.close()


def test_tags_that_unpack_to_more_than_there_is_room_for_are_not_read(remote: Path) -> None:
    blob = git(remote, "hash-object", "-w", "--stdin")
    lines = []
    for number in range(1, LARGEST_ALL // 190_000 + 2):
        raw = f"object {blob}\ntype blob\ntag a\ntagger E <e> 1 +0000\n\n{number}".encode() + b" " * 190_000
        whole = b"tag %d\0" % len(raw) + raw
        sha = hashlib.sha1(whole).hexdigest()
        place = remote / "objects" / sha[:2] / sha[2:]
        place.parent.mkdir(exist_ok=True)
        place.write_bytes(zlib.compress(whole))
        lines.append(f"create refs/quarterdeck/ledger/churn/champion/{number} {sha}\n")
    subprocess.run(["git", "update-ref", "--stdin"], cwd=remote, input="".join(lines).encode(), check=True)
    with pytest.raises(SourceError, match="larger than 100 MB"):
        ledger(remote).entries("churn", "champion")


def test_somebody_whose_name_looks_like_json_can_approve(remote: Path) -> None:
    made = PlanApproval(source="", id="", plan=PLAN, by=Actor(name="{bo}", email="bo@example.com"), at=1_000)
    approval = ledger(remote).approve(made)
    assert ledger(remote).promotions().approvals == (approval,)


def test_a_signed_release_whose_notes_hold_an_approval_is_no_approval(tmp_path: Path) -> None:
    """Whoever writes the subject of a commit writes into the notes of a release that somebody else signs."""
    signer, line = key_of(tmp_path, "bo")
    remote, clone = make_remote(tmp_path, {"quarterdeck.toml": SIGNED, "signers": line})
    said = f'{{"plan":"{PLAN}","by":{{"name":"bo","email":"bo@example.com"}},"at":"2026-01-01T00:00:00Z"}}'
    commit(clone, said, {"readme": "more"})
    git(
        clone, "-c", "gpg.format=ssh", "-c", f"user.signingKey={signer.key}", "tag", "-s", "v1", "-m",
        f"Release 1\n\n{git(clone, 'log', '--format=%s')}",
    )  # fmt: skip
    git(clone, "push", "--quiet", "origin", f"v1:refs/quarterdeck/approvals/{PLAN}/bo%40example%2Ecom")
    assert ledger(remote).promotions().approvals == ()


def test_a_plan_whose_text_is_another_one_is_no_plan(remote: Path) -> None:
    ledger(remote).keep_plan(PLAN, '{"to":"14"}', Actor(name="eve"), 1_000)
    assert ledger(remote).promotions().plans == ()


def test_a_policy_cannot_make_us_read_files_without_end(tmp_path: Path) -> None:
    policies = "".join(
        f'[promotion.m{n}]\nto = "a"\n[promotion.m{n}.approvals]\nsigners = "s{n}"\n' for n in range(500)
    )
    remote, _ = make_remote(tmp_path, {"quarterdeck.toml": policies})
    policy = ledger(remote).promotions().policy
    assert policy is not None
    assert len(policy.signers) == 20


def test_signers_that_are_written_with_a_dot_are_not_there_and_the_policy_is(tmp_path: Path) -> None:
    text = SIGNED.replace('"signers"', '"./signers"')
    remote, _ = make_remote(tmp_path, {"quarterdeck.toml": text, "signers": "x"})
    policy = ledger(remote).promotions().policy
    assert policy is not None
    assert policy.signers == {"./signers": ""}
    assert policy_of(policy, "churn", "champion").rules is not None


def test_a_key_of_very_many_parts_names_no_signers(tmp_path: Path) -> None:
    remote, _ = make_remote(tmp_path, {"quarterdeck.toml": ".".join("a" * 100_000) + " = 1\n"})
    policy = ledger(remote).promotions().policy
    assert policy is not None
    assert policy.signers == {}
    assert policy_of(policy, "churn", "champion").trouble
