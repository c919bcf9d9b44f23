"""README.txt of a bundle: what it tells people to type finds what it says that it finds."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from quarterdeck.app.audit.layout import sums
from tests.app.audit.team import OPEN, Team


def typed(folder: Path) -> list[str]:
    """What the commands of the README print, in the folder that it lies in."""
    _, commands = (folder / "README.txt").read_text().split("\n1. ")
    lines = re.findall(r"^    (?!# )(.*)$|^$", commands, re.MULTILINE)
    script = "set -u\n" + "\n".join(lines)
    done = subprocess.run(["sh"], cwd=folder, input=script, capture_output=True, text=True)
    assert [line for line in done.stderr.splitlines() if not line.startswith("sha256sum: ")] == []
    return done.stdout.splitlines()


def wrong(folder: Path) -> list[str]:
    return [line for line in typed(folder) if line.startswith("WRONG")]


def test_an_honest_bundle_is_found_well_by_hand(team: Team) -> None:
    team.sync()
    lines = typed(team.bundle())
    assert [line for line in lines if line.startswith(("WRONG", "not signed"))] == []
    assert sum(line.startswith("signed: entries/") for line in lines) == 3
    assert f"entries/champion/ ends with entry 3, {team.entries[-1].id}" in lines
    assert any(line == f"{team.made.fingerprint}  SHA256SUMS" for line in lines)


def test_a_file_that_was_changed_added_or_taken_away_is_found_by_hand(team: Team) -> None:
    team.sync()
    for number, harm in enumerate((change, add, take)):
        folder = team.bundle(f"bundle-{number}")
        harm(folder)
        assert wrong(folder)


def change(folder: Path) -> None:
    file = sorted(folder.glob("approvals/*"))[0]
    file.write_bytes(file.read_bytes().replace(b"bo@", b"b0@"))


def add(folder: Path) -> None:
    (folder / "plans" / "more").write_text("x")


def take(folder: Path) -> None:
    sorted(folder.glob("objects/*"))[0].unlink()


def seal(folder: Path) -> None:
    """As a forger would, who knows how the sums are made."""
    (folder / "SHA256SUMS").unlink()
    (folder / "SHA256SUMS").write_bytes(sums({str(p.relative_to(folder)): p.read_bytes() for p in files(folder)}))


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


@pytest.mark.parametrize(
    ("pattern", "before", "after", "said"),
    [
        ("entries/*/000002-*", b'"version":"13"', b'"version":"99"', "is not"),
        ("policies/*/policy.toml", b"0.80", b"0.10", "is not quarterdeck.toml of"),
        ("policies/*/1.signers", b"ann@", b"bob@", "is not keys/allowed_signers of"),
        ("plans/*.json", b'"pass"', b'"fail"', "is not"),
    ],
)
def test_a_forger_who_makes_the_sums_anew_is_found_by_hand(
    team: Team, pattern: str, before: bytes, after: bytes, said: str
) -> None:
    team.sync()
    folder = team.bundle()
    file = sorted(folder.glob(pattern))[0]
    assert before in file.read_bytes()
    file.write_bytes(file.read_bytes().replace(before, after))
    seal(folder)
    assert not any("a file was changed" in line for line in wrong(folder))
    assert any(said in line for line in wrong(folder))


def test_an_entry_that_is_left_out_is_found_by_hand(team: Team) -> None:
    team.sync()
    folder = team.bundle()
    next(folder.glob("entries/*/000002-*")).unlink()
    seal(folder)
    assert any("has no entry 2, or two" in line for line in wrong(folder))


def test_a_bundle_of_sha256_and_one_of_a_local_ledger_are_checked_by_hand(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    made = Team(tmp_path / "a", object_format="sha256")
    made.sync()
    made.promote("12", None)
    made.sync()
    assert wrong(made.bundle()) == []
    local = Team(tmp_path / "b", policy=OPEN, has_remote=False)
    local.promote("12", None, approved_by="")
    local.promote("13", "12", approved_by="")
    local.sync()
    folder = local.bundle()
    assert wrong(folder) == []
    first = sorted(folder.glob("entries/*/*"))[0]
    first.write_bytes(first.read_bytes().replace(b'"12"', b'"11"'))
    seal(folder)
    assert any(str(first.relative_to(folder)) in line for line in wrong(folder))
