"""What is written for an auditor: every object as Git has it, always the same for the same ledger."""

from __future__ import annotations

import errno
import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from quarterdeck.app.audit.layout import folder_of, is_ours
from quarterdeck.app.audit.verify import verify
from quarterdeck.app.errors import StoreError, UsageError
from tests.app.audit.team import HOUR, NOW, OPEN, POLICY, Team, told
from tests.app.promotion.worlds import git


def content(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def manifest(folder: Path) -> Any:
    return json.loads((folder / "manifest.json").read_text())


def test_every_entry_is_there_as_git_has_it(team: Team) -> None:
    team.sync()
    found = content(team.bundle())
    for entry in team.entries:
        raw = found[f"entries/champion/{entry.number:06d}-{entry.id}.tag"]
        assert raw.decode().rstrip("\n") == git(team.remote, "cat-file", "tag", entry.id)


def test_plans_approvals_policy_and_signers_of_then_are_there(team: Team) -> None:
    before = team.commit
    team.rule(POLICY.replace("0.80", "0.70"), signers=team.keys["bo"][1])
    team.promote("14", "12")
    team.sync()
    found = content(team.bundle())
    for entry in team.entries:
        assert f"plans/{entry.plan}.json" in found
    assert sum(name.startswith("approvals/") for name in found) == 3
    assert b"0.80" in found[f"policies/{before}/policy.toml"]
    assert b"0.70" in found[f"policies/{team.commit}/policy.toml"]
    assert found[f"policies/{team.commit}/1.signers"].decode() == team.keys["bo"][1]
    assert found[f"policies/{before}/paths"] == b"quarterdeck.toml\nkeys/allowed_signers\n"
    assert found[f"policies/{before}/1.signers"].count(b"\n") == 3
    assert manifest(team.folder / "bundle")["missing"] == []


def test_the_same_ledger_gives_the_same_bytes_but_for_one_field(team: Team) -> None:
    team.sync()
    first, second = content(team.bundle("one", NOW)), content(team.bundle("two", NOW))
    assert first == second
    later = content(team.bundle("three", NOW + HOUR))
    assert {name for name in later if later[name] != first[name]} == {"manifest.json", "SHA256SUMS"}
    mine, theirs = manifest(team.folder / "one"), manifest(team.folder / "three")
    assert {name for name in mine if mine[name] != theirs[name]} == {"made_at"}
    git(team.clone, "commit", "--quiet", "--allow-empty", "-m", "something else")
    git(team.clone, "push", "--quiet", "origin", "main")
    team.sync()
    assert content(team.bundle("four", NOW)) == first


def test_no_file_of_it_is_called_otherwise_than_bundles_may(team: Team) -> None:
    team.sync()
    assert all(is_ours(name) for name in content(team.bundle()))


@pytest.mark.parametrize(
    "path", ["../x", "/etc/passwd", "entries/../x", "entries/a/000001-.tag", "a\nb", "", "objects/x"]
)
def test_what_leads_out_of_it_is_no_name_of_a_file(path: str) -> None:
    assert not is_ours(path)


def test_a_folder_that_holds_something_is_left_alone(team: Team) -> None:
    team.sync()
    folder = team.folder / "taken"
    folder.mkdir()
    team.bundle("taken")  # an empty one will do
    before = content(folder)
    with pytest.raises(UsageError, match="is there already"):
        team.bundle("taken")
    assert content(folder) == before
    (team.folder / "file").write_text("")
    with pytest.raises(UsageError, match="is there already"):
        team.bundle("file")
    (team.folder / "nowhere").symlink_to(team.folder / "gone")
    with pytest.raises(UsageError, match="is there already"):
        team.bundle("nowhere")


def test_a_ledger_without_entries_is_no_bundle(tmp_path: Path) -> None:
    made = Team(tmp_path)
    made.sync()
    with pytest.raises(UsageError, match="there is nothing to write"):
        made.bundle()
    assert not (tmp_path / "bundle").exists()


def test_a_place_that_cannot_be_written_is_told_in_a_sentence(team: Team) -> None:
    team.sync()
    (team.folder / "file").write_text("")
    with pytest.raises(StoreError, match="cannot be written"):
        team.bundle("file/bundle")


def test_nothing_is_left_of_a_bundle_that_could_not_be_finished(team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    team.sync()
    before = sorted(team.folder.iterdir())

    def full(self: Path, raw: bytes) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(StoreError, match="No space left"):
        team.bundle()
    assert sorted(team.folder.iterdir()) == before


@pytest.mark.parametrize("style", ["refs", "tags"])
def test_both_styles_of_ledgers_are_taken_along(tmp_path: Path, style: str) -> None:
    made = Team(tmp_path, style=style)
    made.promote("12", None)
    made.promote("13", "12")
    assert told(made.verified()) == []
    assert len(manifest(tmp_path / "bundle")["entries"]) == 2


def test_an_unsigned_ledger_is_taken_along_and_proves_nobody(tmp_path: Path) -> None:
    made = Team(tmp_path, policy=OPEN, signs=False)
    made.promote("12", None, approved_by="", planned={"gates": {"policy": "pass", "version": "pass"}})
    found = made.verified()
    assert told(found) == [("unknown", "champion entry 1", "signature")]
    assert (found.entries, found.signed, found.is_well) == (1, 0, True)


def test_a_local_ledger_is_taken_along_with_the_plans_of_this_machine(tmp_path: Path) -> None:
    made = Team(tmp_path, policy=OPEN, has_remote=False)
    gates = {"policy": "warn", "version": "pass"}
    made.promote("12", None, approved_by="", planned={"gates": gates})
    made.promote("13", "12", approved_by="", planned={"gates": gates})
    found = made.verified()
    assert told(found) == [("unknown", f"champion entry {number}", "plan") for number in (1, 2)]
    assert [one.code for one in found.findings if one.level == "note"] == ["local"]
    (row, _) = manifest(tmp_path / "bundle")["entries"]
    assert row["file"].endswith(f"{made.entries[0].id}.json")


def test_a_waiver_of_a_local_ledger_is_taken_along(tmp_path: Path) -> None:
    policy = OPEN + '[[promotion."churn".metric]]\nname = "a"\ngreater_is_better = true\n[promotion."churn".waivers]\n'
    made = Team(tmp_path, policy=policy + 'gates = ["metric"]\nfrom = ["cy@example.com"]\n', has_remote=False)
    waiver = made.waive("metric:a", "12")
    gates = {"policy": "warn", "version": "pass", "metric:a": f"waived {waiver.id}"}
    text = made.plan("12", None, "ann", gates=gates)
    made.journal(text)
    made.promote("12", None, approved_by="", planned={"gates": gates})
    assert told(made.verified()) == []
    assert f"waivers/{waiver.id}.json" in content(tmp_path / "bundle")


def test_what_cannot_be_had_is_named_with_the_reason(team: Team) -> None:
    team.sync()
    gone = team.entries[1].id
    (mirror,) = Path(os.environ["XDG_CACHE_HOME"]).rglob("*.git")
    for repository in (mirror, team.clone / ".git"):
        loose = repository / "objects" / gone[:2] / gone[2:]
        if loose.exists():
            loose.unlink()
    found = team.bundle()
    missing = [(one["what"], one["id"]) for one in manifest(found)["missing"]]
    assert ("entry", gone) in missing
    assert ("wrong", "champion entry 2", "unreadable") in told(verify(found))


def test_two_aliases_that_differ_by_case_have_folders_of_their_own() -> None:
    assert folder_of("champion", ["champion", "shadow"]) == "champion"
    assert folder_of("Champion", ["Champion", "champion"]) == "+1"
    assert folder_of("champion", ["Champion", "champion"]) == "+2"
    assert folder_of("", [""]) == "+1"
    assert folder_of("x" * 300, ["x" * 300]) == "+1"
    assert folder_of("模", ["模"]) == "%E6%A8%A1"


def test_an_entry_that_is_no_tag_is_taken_along_as_what_it_is(team: Team) -> None:
    blob = git(team.remote, "hash-object", "-w", "--stdin")
    git(team.remote, "update-ref", "refs/quarterdeck/ledger/churn/champion/4", blob)
    found = team.verified()
    assert ("wrong", "champion entry 4", "unreadable") in told(found)
    assert f"entries/champion/000004-{blob}.blob" in content(team.folder / "bundle")


def test_a_repository_of_sha256_is_taken_along(tmp_path: Path) -> None:
    made = Team(tmp_path, object_format="sha256")
    made.sync()
    made.promote("12", None)
    assert told(made.verified()) == []
    assert len(made.entries[0].id) == 64


@pytest.mark.parametrize("model", ["my model", "a..b", "模型", "a/b", "-x", 'q"uote'])
def test_a_model_of_any_name_is_taken_along(tmp_path: Path, model: str) -> None:
    made = Team(tmp_path, policy=POLICY.replace('"churn"', json.dumps(model)), model=model)
    made.promote("12", None)
    assert told(made.verified()) == []


def test_nothing_of_this_machine_or_a_login_is_in_it(team: Team) -> None:
    team.sync()
    found = content(team.bundle())
    del found["manifest.json"]  # it names the repository, which is a folder here
    own = [os.environ["HOME"], str(team.folder)]
    assert [name for name, raw in found.items() if any(word.encode() in raw for word in own)] == []


def test_the_sums_are_what_sha256sum_reads(team: Team) -> None:
    team.sync()
    done = subprocess.run(["sha256sum", "--check", "--strict", "--quiet", "SHA256SUMS"], cwd=team.bundle())
    assert done.returncode == 0
