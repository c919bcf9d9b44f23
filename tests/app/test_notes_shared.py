"""Two people write at the same time, offline and then shared, from two clones of a real remote: both are kept."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from quarterdeck.app.notebook import REF, name_of, places, written
from quarterdeck.app.records import Note
from tests.app.promotion.worlds import commit, git
from tests.app.teams import Person, team


@pytest.fixture
def people(tmp_path: Path) -> list[Person]:
    return team(tmp_path, "ann", "bo")


def objects(where: Path) -> dict[str, list[str]]:
    """Names of all objects by their kind."""
    found: dict[str, list[str]] = {"commit": [], "tree": [], "blob": [], "tag": []}
    for line in git(where, "cat-file", "--batch-all-objects", "--batch-check").splitlines():
        name, kind, _ = line.split()
        found[kind].append(name)
    return found


def test_what_one_writes_the_other_reads(people: list[Person]) -> None:
    ann, bo = people
    told = ann("note", "run/4f2c", "trained without the stores of the north")
    assert (told.status, told.out) == (0, "")
    assert "shared with the team" in told.err
    assert bo.notes() == ["ann: trained without the stores of the north"]
    (one,) = bo("note", "--list", "run/4f2c", "--json").json
    assert (one["kind"], one["email"], one["shared"]) == ("note", "ann@example.com", True)
    assert bo("note", "--list", "run/5", "--json").json == []


def test_with_git_alone_it_is_read_as_the_note_on_the_subjects_text(people: list[Person]) -> None:
    ann, _ = people
    ann("note", "model/churn/14", "precision falls")
    git(ann.clone, "fetch", "--quiet", "origin", f"{REF}:{REF}")
    subject = subprocess.run(
        ["git", "hash-object", "--stdin"], cwd=ann.clone, input=b"model/churn/14", capture_output=True
    )
    name = subject.stdout.decode().strip()
    assert name == name_of("model/churn/14")
    assert "precision falls" in git(ann.clone, "notes", f"--ref={REF}", "show", name)


def test_many_at_the_same_time_all_get_theirs_in(people: list[Person]) -> None:
    ann, bo = people
    started = [
        who.start("note", subject, f"{who.name} {number}")
        for number, subject in enumerate(["run/4f2c"] * 3 + ["run/5"])
        for who in (ann, bo)
    ]
    for process in started:
        _, err = process.communicate(timeout=120)
        assert process.returncode == 0
        assert b"shared with the team" in err
    every = sorted(f"{who.name}: {who.name} {number}" for who in (ann, bo) for number in range(4))
    assert sorted(ann.notes()) == sorted(bo.notes()) == every


def test_what_two_wrote_offline_is_shared_when_the_line_is_back_and_nothing_is_lost(people: list[Person]) -> None:
    ann, bo = people
    ann("note", "run/4f2c", "before")
    ann.go_offline()
    for who in (ann, bo):
        told = who("note", "run/4f2c", f"{who.name} offline", "--json")
        assert told.status == 0
        assert told.json["shared"] is False
        assert "stays here only" in told.json["sentence"]
        assert f"{who.name} offline" in who("note", "--list").out
        assert "only here" in who("note", "--list").out
    ann.go_online()
    started = [who.start("note", "--push") for who in (ann, bo)]
    for process in started:
        process.communicate(timeout=120)
        assert process.returncode == 0
    assert sorted(ann.notes()) == sorted(bo.notes()) == ["ann: ann offline", "ann: before", "bo: bo offline"]
    assert "only here" not in ann("note", "--list").out


def test_what_stayed_here_goes_along_with_the_next_note(people: list[Person]) -> None:
    ann, bo = people
    ann.go_offline()
    ann("note", "run/4f2c", "one")
    ann.go_online()
    ann("note", "run/5", "two")
    assert sorted(bo.notes()) == ["ann: one", "ann: two"]
    assert "Nothing is here only" in ann("note", "--push").err


def test_nothing_but_notes_is_published(people: list[Person]) -> None:
    ann, _ = people
    ann("sync")  # the mirror borrows from the clone
    secret = commit(ann.clone, "not ready yet", {"secret.txt": "nobody is to see this"})
    git(ann.clone, "branch", "hidden")
    before = objects(ann.remote)
    ann("note", f"commit/{secret}", "on what was never pushed")
    after = objects(ann.remote)
    assert secret not in after["commit"]
    assert len(after["commit"]) == len(before["commit"]) + 1
    (blob,) = set(after["blob"]) - set(before["blob"])
    assert "on what was never pushed" in git(ann.remote, "cat-file", "blob", blob)
    assert git(ann.remote, "rev-list", "--count", REF) == "1"
    ann("note", "run/5", "and one more")
    assert git(ann.remote, "rev-list", "--count", REF) == "2"
    refs = git(ann.remote, "for-each-ref", "--format=%(refname)").splitlines()
    assert refs == ["refs/heads/main", REF]


def test_the_clone_is_only_read(people: list[Person]) -> None:
    ann, _ = people
    before = git(ann.clone, "for-each-ref"), sorted(objects(ann.clone)["blob"])
    ann("note", "run/4f2c", "seen")
    assert (git(ann.clone, "for-each-ref"), sorted(objects(ann.clone)["blob"])) == before


def test_what_others_put_there_stays_as_it_is(people: list[Person]) -> None:
    """Foreign lines, files that are no notes, and a notebook that Git wrote flat."""
    ann, bo = people
    name = name_of("run/4f2c")
    theirs = b"reviewed by hand"
    foreign = {"README": b"a notebook", name: theirs, name_of("run/5"): b"\x00\xff"}
    lines = [b"commit " + REF.encode(), b"committer Eve <eve> 1700000000 +0000", b"data 0", b""]
    for path, text in foreign.items():
        lines += [b"M 100644 inline " + path.encode(), b"data %d" % len(text), text]
    subprocess.run(["git", "fast-import", "--quiet"], cwd=ann.remote, input=b"\n".join([*lines, b""]), check=True)
    before = git(ann.remote, "rev-parse", REF)
    assert "shared with the team" in ann("note", "run/4f2c", "seen").err
    assert git(ann.remote, "rev-parse", f"{REF}^") == before
    assert git(ann.remote, "cat-file", "blob", f"{REF}:{name}").splitlines()[0] == theirs.decode()
    assert git(ann.remote, "cat-file", "blob", f"{REF}:README") == "a notebook"
    assert bo.notes() == ["ann: seen"]


def test_what_somebody_filled_keeps_nobody_else_out(people: list[Person]) -> None:
    ann, bo = people
    full = b"x" * 900_000
    lines = [b"commit " + REF.encode(), b"committer Eve <eve> 1700000000 +0000", b"data 0", b""]
    for path in (*places(name_of("run/full")), *places(name_of("run/4f2c"))[:2]):
        lines += [b"M 100644 inline " + path.encode(), b"data %d" % len(full), full]
    subprocess.run(["git", "fast-import", "--quiet"], cwd=ann.remote, input=b"\n".join([*lines, b""]), check=True)
    told = ann("note", "run/full", "no room")
    assert (told.status, "nothing can be added" in told.err) == (0, True)
    assert "shared with the team" in ann("note", "run/4f2c", "another place").err
    assert bo.notes() == ["ann: another place"]
    assert sorted(ann.notes()) == ["ann: another place", "ann: no room"]


@pytest.mark.parametrize("hook", ["pre-receive", "update"])
def test_a_remote_that_takes_no_notes_is_said_once_and_the_note_stays_here(people: list[Person], hook: str) -> None:
    ann, bo = people
    script = ann.remote / "hooks" / hook
    script.parent.mkdir(exist_ok=True)
    script.write_text("#!/bin/sh\necho 'refs/notes is protected' >&2\nexit 1\n")
    script.chmod(0o755)
    told = ann("note", "run/4f2c", "seen")
    assert told.status == 0
    assert "does not take the team's notes" in told.err
    assert ann("note", "--push").status == 4
    script.unlink()
    assert ann("note", "--push").status == 0
    assert bo.notes() == ["ann: seen"]


def test_a_remote_that_hides_the_ref_refuses_as_well(people: list[Person]) -> None:
    ann, _ = people
    git(ann.remote, "config", "receive.hideRefs", "refs/notes")
    told = ann("note", "run/4f2c", "seen")
    assert (told.status, "does not take the team's notes" in told.err) == (0, True)


def test_with_read_only_it_is_written_here_and_not_shared(people: list[Person]) -> None:
    ann, bo = people
    read_only = ("--read-only",)
    told = ann("note", "run/4f2c", "seen", before=read_only)
    assert told.status == 0
    assert "Read-only: it stays here only" in told.err
    assert "only here" in ann("note", "--list").out
    assert ann("note", "--push", before=read_only).status == 4
    assert bo.notes() == []
    assert ann("note", "--push").status == 0
    assert bo.notes() == ["ann: seen"]


def test_without_trust_it_stays_here(tmp_path: Path, people: list[Person]) -> None:
    ann, bo = people
    (ann.home / "state" / "quarterdeck" / "trust.json").unlink()
    told = ann("note", "run/4f2c", "seen")
    assert (told.status, "Not trusted" in told.err) == (0, True)
    assert bo.notes() == []


def test_without_a_remote_it_is_local_only(people: list[Person]) -> None:
    ann, _ = people
    git(ann.clone, "remote", "remove", "origin")
    told = ann("note", "run/4f2c", "seen", "--json")
    assert told.status == 0
    assert told.json["sentence"] == "There is no Git remote: it is local only."
    assert "seen" in ann("note", "--list").out


def test_a_notebook_that_lost_its_history_gets_ours_again_with_the_next(people: list[Person]) -> None:
    """Somebody forced the ref: what was shared before is shared once more, with the next note."""
    ann, bo = people
    ann("note", "run/4f2c", "one")
    git(ann.remote, "update-ref", "-d", REF)
    ann("note", "run/5", "two")
    assert sorted(bo.notes()) == ["ann: one", "ann: two"]
    assert sorted(ann.notes()) == ["ann: one", "ann: two"]


@pytest.mark.parametrize("text", ["", "  \n", "x" * 4_001, "\udcff"])
def test_what_is_no_note_is_refused_before_anything_is_written(people: list[Person], text: str) -> None:
    ann, _ = people
    assert ann("note", "run/4f2c", text).status == 2
    assert ann("note", "--list").out == ""


def test_a_hostile_note_is_shown_as_text(people: list[Person]) -> None:
    ann, bo = people
    evil = Note(id="0" * 26, at=1, subject="run/4f2c", text="\x1b[31mred\u202e <!channel>\nnext", author="\x1b]0;x\x07")
    lines = [b"commit " + REF.encode(), b"committer Eve <eve> 1700000000 +0000", b"data 0", b""]
    lines += [b"M 100644 inline " + name_of("run/4f2c").encode(), b"data %d" % len(written(evil)), written(evil), b""]
    subprocess.run(["git", "fast-import", "--quiet"], cwd=ann.remote, input=b"\n".join(lines), check=True)
    bo("sync")
    listed = bo("note", "--list")
    assert "\x1b" not in listed.out
    assert "\u202e" not in listed.out
    assert "next" in listed.out
    assert bo("handover", "--since", "1970-01-01").out.count("\x1b") == 0
