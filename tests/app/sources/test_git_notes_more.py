"""Of a notebook that moved only what is new is read, as long as that is all that differs."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from quarterdeck.app.notebook import REF, name_of, written
from quarterdeck.app.records import Note
from quarterdeck.app.sources.git import notes as module
from quarterdeck.app.sources.git.calls import Calls, Repository
from quarterdeck.app.sources.git.notes import Told, read_news, read_notes
from tests.app.promotion.worlds import git
from tests.app.sources.test_git_notes import load, note


@pytest.fixture
def where(tmp_path: Path) -> Path:
    return made_in(tmp_path)


def made_in(folder: Path) -> Path:
    git(folder, "init", "--quiet", "--bare", "notes.git")
    return folder / "notes.git"


@pytest.fixture
def repository(where: Path) -> Repository:
    return Repository(Calls(), where)


def written_as(where: Path, files: dict[str, list[Note]]) -> str:
    """A commit that holds these notes at these paths and nothing else."""
    git(where, "update-ref", "-d", REF)
    load(where, {path: b"\n".join(map(written, some)) for path, some in files.items()})
    return git(where, "rev-parse", REF).strip()


def place(subject: str) -> str:
    name = name_of(subject)
    return f"{name[:2]}/{name[2:]}"


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Commits that were read whole."""
    found: list[str] = []
    real = module.read_notes

    def read(repository: Repository, commit: str) -> tuple[Note, ...] | None:
        found.append(commit)
        return real(repository, commit)

    monkeypatch.setattr(module, "read_notes", read)
    return found


BEFORE = {place(f"run/{number}"): [note(number, f"run/{number}")] for number in range(8)}
NEW, MORE = note(20, "run/3"), note(21, "model/churn")


@pytest.mark.parametrize(("after", "told"), [
    (BEFORE | {place("run/3"): [*BEFORE[place("run/3")], NEW]}, (NEW,)),
    (BEFORE | {place("model/churn"): [MORE], place("run/3"): [NEW, *BEFORE[place("run/3")]]}, (NEW, MORE)),
    (BEFORE | {name_of("model/churn"): [MORE]}, (MORE,)),
    ({path.replace("/", ""): some for path, some in BEFORE.items()} | {name_of("model/churn"): [MORE]}, (MORE,)),
    (BEFORE | {"README": [MORE], "zz/zz": [MORE]}, ()),
], ids=["one more", "two, one in between", "elsewhere", "in folders before", "nowhere"])  # fmt: skip
def test_what_is_new_is_read_alone(
    where: Path, repository: Repository, reads: list[str], after: dict[str, list[Note]], told: tuple[Note, ...]
) -> None:
    before = written_as(where, BEFORE)
    commit = written_as(where, after)
    assert read_news(repository, before, 8, commit) == Told(None, told, 8 + len(told))
    assert reads == []


@pytest.mark.parametrize("after", [
    {path: some for path, some in BEFORE.items() if path != place("run/3")},
    BEFORE | {place("run/3"): [note(3, "run/3", "said otherwise"), NEW]},
    BEFORE | {place(f"model/{number}"): [note(100 + number, f"model/{number}")] for number in range(30)},
], ids=["one gone", "one changed", "too many"])  # fmt: skip
def test_where_more_than_new_notes_differs_all_are_read(
    where: Path, repository: Repository, reads: list[str], monkeypatch: pytest.MonkeyPatch,
    after: dict[str, list[Note]],
) -> None:  # fmt: skip
    monkeypatch.setattr(module, "MOST_CHANGED", 20)
    before = written_as(where, BEFORE)
    commit = written_as(where, after)
    everything = read_notes(repository, commit)
    assert everything is not None
    assert read_news(repository, before, 8, commit) == Told(everything, (), len(everything))
    assert reads == [commit]


@pytest.mark.parametrize(("before", "known"), [("0" * 40, 8), ("", 0), ("f" * 40, 0)])
def test_all_are_read_where_what_was_told_before_is_not_there(
    where: Path, repository: Repository, reads: list[str], before: str, known: int
) -> None:
    commit = written_as(where, BEFORE)
    assert len(read_news(repository, before, known, commit).notes or ()) == 8
    assert reads == [commit]


def test_a_tree_of_trees_that_never_ends_is_not_followed(
    where: Path, repository: Repository, reads: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_PLACES", 5_000)
    commits = []
    for number in (1, 2):
        blob = subprocess.run(["git", "hash-object", "-w", "--stdin"], cwd=where, input=written(note(number)),
                              capture_output=True).stdout.decode().strip()  # fmt: skip
        tree = _tree(where, [f"100644 blob {blob}\t{'ab' * 11}"])
        for depth in range(9):
            tree = _tree(where, [f"040000 tree {tree}\t{name:02x}" for name in range(30 if depth else 1)])
        commits.append(git(where, "commit-tree", "-m", "x", tree).strip())
    assert read_news(repository, commits[0], 1, commits[1]).notes == (note(2),)
    assert reads == commits[1:]


def _tree(where: Path, entries: list[str]) -> str:
    done = subprocess.run(["git", "mktree"], cwd=where, input="\n".join(entries).encode(), capture_output=True)
    return done.stdout.decode().strip()


numbers = st.integers(0, 11)
books = st.dictionaries(
    st.sampled_from([place("run/1"), name_of("run/1"), place("run/2"), name_of("run/3"), "README", "aa/bb"]),
    st.lists(numbers, min_size=1, max_size=5, unique=True), max_size=5,
)  # fmt: skip


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.booleans(), books), min_size=2, max_size=4))
def test_whatever_comes_who_follows_has_what_who_reads_all_has(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[bool, dict[str, list[int]]]]
) -> None:
    folder = made_in(tmp_path_factory.mktemp("notes"))
    repository = Repository(Calls(), folder)
    held: dict[str, Note] = {}
    before, known = "", 0
    book: dict[str, list[int]] = {}
    for grows, step in steps:
        book = (
            {path: list(dict.fromkeys([*book.get(path, []), *step.get(path, [])])) for path in {*book, *step}}
            if grows
            else step
        )
        commit = (
            written_as(folder, {path: [note(number) for number in some] for path, some in book.items()}) if book else ""
        )
        told = read_news(repository, before, known, commit)
        held = dict(held if told.notes is None else {one.id: one for one in told.notes})
        for one in told.more:
            held.setdefault(one.id, one)
        everything = read_notes(repository, commit)
        assert everything is not None
        assert held == {one.id: one for one in everything}
        before, known = commit, told.known
