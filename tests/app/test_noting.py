"""What a terminal writes: there at once, shared by a process of its own, again when the line is back, never undone."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from quarterdeck.app import acting as module
from quarterdeck.app import trust
from quarterdeck.app.acting import Acting
from quarterdeck.app.deeds import SHARES, change, what
from quarterdeck.app.errors import UsageError
from quarterdeck.app.notebook import LARGEST_LINE, read, written
from quarterdeck.app.noting import EVERY, LONGEST, LONGEST_PAUSE, Noting, handed_over, is_due, make
from quarterdeck.app.records import Attention
from quarterdeck.app.settings import Settings, load
from quarterdeck.app.sharing import Sharing
from quarterdeck.app.store.notes import all_notes
from quarterdeck.app.store.state import Act, State, state_file
from quarterdeck.app.sync.life import same_project
from tests.app.promotion.worlds import git, make_remote

NOW = 1_772_853_120_000
ATTENTION = Attention(
    id="3f9ac0d27b1e5a44",
    subject="series/p",
    severity="high",
    since=NOW,
    title="precision 0.71",
    state="high: threshold",
)


class World:
    """A trusted clone of a real remote, and what a terminal on it has."""

    def __init__(self, folder: Path, more: str = "") -> None:
        self.remote, self.clone = make_remote(folder, {"quarterdeck.toml": f'[project]\nname = "churn"\n{more}'})
        trust.record_trust(load(directory=self.clone))
        self.settings = load(directory=self.clone)
        self.path = state_file(self.settings.project_key)
        self.state = State(self.path)

    def noting(self, *, read_only: bool = False) -> Noting:
        return Noting(self.settings, self.acting(read_only), self.path, read_only=read_only)

    def acting(self, read_only: bool = False) -> Acting:
        return Acting(self.settings, self.state, lambda: same_project(project=self.clone), read_only=read_only)

    def over(self, batch: str) -> list[Act]:
        """Wait for the process, and give what came of the acts."""
        module._started[-1].wait(60)
        return self.state.batch_of_acts(batch)

    def shared(self) -> list[str]:
        """What the remote has."""
        refs = git(self.remote, "for-each-ref", "--format=%(objectname)", "refs/notes/quarterdeck").split()
        if not refs:
            return []
        blobs = [line.split()[2] for line in git(self.remote, "ls-tree", "-r", refs[0]).splitlines()]
        return sorted(note.text for blob in blobs for note in read(git(self.remote, "cat-file", "blob", blob).encode()))

    def away(self) -> Path:
        return self.remote.rename(self.remote.with_suffix(".away"))


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.state.close()


def wait_for(condition: Callable[[], Any], seconds: float = 60.0) -> Any:
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return found


def test_it_is_written_here_before_it_is_shared_by_a_process_of_its_own(world: World) -> None:
    noted = world.noting().note("run/4f2c", " odd\n")
    assert world.state.own_notes()[0].text == "odd"
    (act,) = world.over(noted.batch)
    assert (act.act, act.state, act.subject) == (SHARES, "done", "run/4f2c")
    assert world.shared() == ["odd"]
    assert world.state.unshared_notes() == []
    assert (what(act), change(act)) == ("notes for the team", ("", "notes for the team"))


def test_an_acknowledgement_says_of_what_and_how_it_stood(world: World) -> None:
    first = world.noting().acknowledge(ATTENTION, "on it")
    assert (first.note.kind, first.note.subject, first.note.about, first.note.state, first.note.text) == (
        "ack", "attention/3f9ac0d27b1e5a44", "precision 0.71", "high: threshold", "on it",
    )  # fmt: skip
    world.over(first.batch)
    second = world.noting().unacknowledge(ATTENTION)
    assert (second.note.kind, second.note.text) == ("unack", "")
    world.over(second.batch)
    assert world.shared() == ["", "on it"]


def test_in_read_only_mode_it_stands_here_and_says_so(world: World) -> None:
    noted = world.noting(read_only=True).acknowledge(ATTENTION)
    assert noted.batch == ""
    assert noted.sentence.startswith("Read-only: it stays here only")
    assert world.state.acts() == []
    assert [note.is_here_only for note in all_notes(None, world.state)] == [True]


def test_what_was_said_is_not_taken_back_and_nobody_waits_for_it(world: World) -> None:
    batch = world.noting().note("run/4f2c", "odd").batch
    acting = world.acting()
    assert acting.under_way() == []
    world.over(batch)
    assert acting.last() is None
    assert acting.untold() == []
    assert acting.progress(batch).said == "1 note is shared with the team."


def test_what_stayed_here_is_shared_once_the_remote_was_fetched_from_again(world: World) -> None:
    away = world.away()
    (act,) = world.over(world.noting().note("run/4f2c", "odd").batch)
    assert (act.state, "stays here only" in str(act.outcome)) == ("failed", True)
    away.rename(world.remote)
    assert world.noting().share_again() == ""  # it is less than a minute since
    _age(world, 2 * EVERY)
    batch = world.noting().share_again()
    (act,) = world.over(batch)
    assert act.state == "done"
    assert world.shared() == ["odd"]
    assert world.noting().share_again() == ""


def test_what_the_remote_has_lost_is_shared_again_with_what_comes_next(world: World) -> None:
    for text in ("odd", "even"):
        world.over(world.noting().note("run/4f2c", text).batch)
    world.over(world.noting().acknowledge(ATTENTION, "on it").batch)
    git(world.remote, "update-ref", "-d", "refs/notes/quarterdeck")
    assert world.shared() == []
    (act,) = world.over(world.noting().note("run/9a01", "new").batch)
    assert world.shared() == ["even", "new", "odd", "on it"]
    assert (act.outcome or {})["sentence"] == (
        "1 note is shared with the team. 3 notes are there again, which the repository had lost."
    )
    assert world.state.unshared_notes() == []


def test_what_is_shared_again_takes_nothing_from_what_others_wrote_since(world: World) -> None:
    world.over(world.noting().note("run/4f2c", "ours").batch)
    git(world.remote, "update-ref", "-d", "refs/notes/quarterdeck")
    bo = make(world.settings, "note", "run/4f2c", "theirs")
    (world.clone / "subject").write_text("run/4f2c")
    blob = git(world.clone, "hash-object", "-w", "subject")
    git(world.clone, "notes", "--ref=quarterdeck", "add", "-m", written(bo).decode(), blob)
    git(world.clone, "push", "-q", "origin", "refs/notes/quarterdeck")
    world.over(world.noting().note("run/9a01", "new").batch)
    assert world.shared() == ["new", "ours", "theirs"]
    assert git(world.remote, "rev-list", "--count", "refs/notes/quarterdeck") == "2"


def _age(world: World, by: int) -> None:
    """The journal, so much later."""
    world.state._write("UPDATE journal SET at = at - ?, begun_at = begun_at - ?", (by, by))


def test_an_open_terminal_shares_it_by_itself(world: World) -> None:
    away = world.away()
    world.over(world.noting().note("run/4f2c", "odd").batch)
    away.rename(world.remote)
    opened: list[Noting] = []

    def noting() -> Noting:
        opened.append(world.noting())
        return opened[-1]

    with Sharing(world.path, noting, lambda: None, first=0.01, every=0.01):
        wait_for(lambda: world.shared() == ["odd"])
        wait_for(lambda: not world.state.unshared_notes())
    assert len(opened) == 1


def test_where_nothing_waits_nothing_is_opened(world: World) -> None:
    looks: list[int] = []

    def noting() -> Noting:
        looks.append(1)
        return world.noting()

    sharing = Sharing(world.path, noting, lambda: None, first=0.0, every=0.001)
    with sharing:
        wait_for(lambda: sharing._pause == 0.001)
    assert looks == []


def tries(*states: str, refused: bool = False) -> list[Act]:
    """The newest first, the last one just now."""
    made = Act(
        id="", at=NOW, batch="b", begun_at=NOW, act=SHARES, subject="run/1", intent={}, state="",
        outcome={"sentence": "", "is_refused": refused},
    )  # fmt: skip
    return [replace(made, id=str(number), state=state) for number, state in enumerate(states)]


@pytest.mark.parametrize(
    ("before", "fetched_at", "after", "due"),
    [
        ([], None, 0, True),
        (tries("done"), None, 0, True),
        (tries("begun"), None, 10 * EVERY, False),
        (tries("failed"), None, EVERY - 1, False),
        (tries("failed"), None, EVERY, True),
        (tries("failed", "failed", "failed", "done"), None, 4 * EVERY - 1, False),
        (tries("failed", "failed", "failed", "done"), None, 4 * EVERY, True),
        (tries("failed", "failed", "failed", "done"), NOW + 1, EVERY, True),
        (tries("failed", "failed", "failed", refused=True), NOW + 1, 3 * EVERY, False),
        (tries(*["failed"] * 50), None, LONGEST_PAUSE, True),
        (tries(*["failed"] * 50), NOW - 1, LONGEST_PAUSE - 1, False),
    ],
)
def test_it_is_tried_more_and_more_seldom_until_the_remote_answers(
    before: list[Act], fetched_at: int | None, after: int, due: bool
) -> None:
    assert is_due(before, NOW + after, fetched_at) is due


@pytest.mark.parametrize(
    ("subject", "text"),
    [("run", "x"), ("run/1", ""), ("run/1", " \n"), ("run/1", "x" * (LONGEST + 1)), ("run/1", "\ud800"), ("", "x")],
)
def test_what_is_no_note_is_refused_and_not_written(world: World, subject: str, text: str) -> None:
    with pytest.raises(UsageError):
        world.noting().note(subject, text)
    assert world.state.own_notes() == []


def test_a_hand_over_of_any_length_is_a_line_that_others_read(world: World) -> None:
    for text in ("# short\n", "# long\n" + "- a line of it, with ümläuts and “quotes”\n" * 5_000, "x" * 100_000):
        note = handed_over(world.settings, text)
        assert len(written(note)) <= LARGEST_LINE
        assert read(written(note)) == (note,)
        assert note.subject == "project/churn"
        assert note.text.startswith(text[:6])
        assert note.text.endswith("(cut: the rest was too long to be kept)") is (len(text) > 1_000)


def test_the_author_is_who_the_settings_say(world: World) -> None:
    personal = replace(world.settings.personal, user=replace(world.settings.personal.user, name="Zoë", email="z@x"))
    note = make(replace(world.settings, personal=personal), "note", "run/1", "x", at=NOW)
    assert (note.author, note.email, note.at) == ("Zoë", "z@x", NOW)


# -- onto runs and versions as well -------------------------------------------------------------------------------


def test_on_a_run_and_a_version_it_is_a_tag_in_mlflow_too(tmp_path: Path, mlflow_server: str, mlflow_rest: Any) -> None:
    world = World(tmp_path, f'[mlflow]\ntracking_uri = "{mlflow_server}"\n')
    run = mlflow_rest.create_run(mlflow_rest.create_experiment(f"noting-{time.time_ns()}"), "brave-cod")
    model = f"noting {time.time_ns()}"
    mlflow_rest.post("registered-models/create", name=model)
    mlflow_rest.post("model-versions/create", name=model, source="s3://models/nowhere")
    on_run = world.noting().note(f"run/{run}", "odd")
    assert [act.state for act in world.over(on_run.batch)] == ["done", "done"]
    on_version = world.noting().note(f"model/{model.replace(' ', '%20')}/1", "odder")
    assert [act.state for act in world.over(on_version.batch)] == ["done", "done"]
    tags = mlflow_rest.get("runs/get", run_id=run)["run"]["data"]["tags"]
    assert [read(tag["value"].encode()) for tag in tags if tag["key"] == f"quarterdeck.note.{on_run.note.id}"] == [
        (on_run.note,)
    ]
    version = mlflow_rest.get("model-versions/get", name=model, version="1")["model_version"]
    assert [tag["key"] for tag in version["tags"]] == [f"quarterdeck.note.{on_version.note.id}"]
    assert world.acting().last() is None
    world.state.close()


def test_a_tag_that_fails_does_not_fail_the_note(tmp_path: Path) -> None:
    world = World(tmp_path, '[mlflow]\ntracking_uri = "http://127.0.0.1:9"\n')
    noted = world.noting().note("run/4f2c", "odd")
    assert [act.state for act in world.over(noted.batch)] == ["done", "failed"]
    assert world.shared() == ["odd"]
    world.state.close()


def test_what_nobody_agreed_to_is_not_written_to(tmp_path: Path) -> None:
    world = World(tmp_path, '[mlflow]\ntracking_uri = "http://127.0.0.1:9"\n')
    trust.trust_file().unlink()
    noted = world.noting().note("run/4f2c", "odd")
    assert (noted.batch, "Not trusted" in noted.sentence) == ("", True)
    assert world.state.acts() == []
    world.state.close()


def test_settings_without_any_repository_keep_it_local(tmp_path: Path) -> None:
    (tmp_path / "quarterdeck.toml").write_text('[project]\nname = "churn"\n')
    settings: Settings = load(directory=tmp_path)
    path = state_file(settings.project_key)
    State(path).close()
    with State(path) as state:
        noted = Noting(settings, Acting(settings, state, list, read_only=False), path).note("run/1", "x")
        assert noted.sentence == "There is no Git remote: it is local only."
        assert [one.text for one in all_notes(None, state)] == ["x"]
