"""`quarterdeck models`: what registries have, who holds which alias, and who held it when."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from quarterdeck.app.records import (
    Actor,
    Batch,
    Experiment,
    LedgerEntry,
    ModelVersion,
    PolicyText,
    Promotions,
    RegisteredModel,
    Run,
    SourceSpec,
    SourceState,
)
from quarterdeck.app.settings import load
from quarterdeck.app.store.cache import Cache
from quarterdeck.app.store.state import State, state_file

Call = Callable[..., Any]
Fill = Callable[..., None]

NOW = 1_773_000_000_000
HOUR = 3_600_000
REGISTRY = SourceSpec(key="00000000000000aa", kind="registry", name="models", address="https://mlflow.example")
RUNS = SourceSpec(key="00000000000000bb", kind="mlflow", name="mlflow", address="https://mlflow.example")
GIT = SourceSpec(key="00000000000000cc", kind="git", name="git", address="https://git.example")
POLICY = PolicyText(source=GIT.key, branch="origin/main", commit="1", text='[promotion.churn]\nto = "champion"\n')


def model(name: str = "churn", **rest: Any) -> RegisteredModel:
    return RegisteredModel(**({"source": REGISTRY.key, "name": name} | rest))


def version(number: int | str, name: str = "churn", **rest: Any) -> ModelVersion:
    return ModelVersion(**({"source": REGISTRY.key, "model": name, "version": str(number)} | rest))


@pytest.fixture
def state(project: Path) -> Iterator[State]:
    with State(state_file(load(directory=project).project_key)) as made:
        yield made


@pytest.fixture
def fill(cache: Path) -> Fill:
    """Write models into the cache, as the syncer does."""

    def filled(*models: RegisteredModel, versions: tuple[ModelVersion, ...] = (), last_ok_at: int | None = NOW) -> None:
        writer = Cache(cache)
        writer.declare([REGISTRY, RUNS, GIT])
        run = Run(source=RUNS.key, id="r14", experiment_id="1", name="cod", status="finished", git_commit="4f2c")
        experiment = Experiment(source=RUNS.key, id="1", name="e")
        writer.write(RUNS.key, Batch(experiments=(experiment,), runs=(run,)), NOW)
        writer.write(REGISTRY.key, Batch(models=models, versions=versions), NOW)
        writer.save_state(
            SourceState(
                source=REGISTRY.key, kind="registry", name="models", state="ok" if last_ok_at else "unreachable",
                last_ok_at=last_ok_at, sentence="" if last_ok_at else "It is down: wait.",
            )
        )  # fmt: skip
        writer.close()

    return filled


@pytest.fixture
def promoted(cache: Path) -> Callable[..., None]:
    """Write entries of the ledger into the cache, as the syncer does."""

    def written(*entries: tuple[int, str, int]) -> None:
        writer = Cache(cache)
        ann = Actor(name="ann", strength="signed")
        made = tuple(
            LedgerEntry(
                source=GIT.key, model="churn", alias="champion", number=number, id=f"e{number}", version=to, at=at,
                by=ann,
            )
            for number, to, at in entries
        )  # fmt: skip
        writer.write(GIT.key, Batch(promotions=Promotions(policy=POLICY, entries=made)), NOW)
        writer.save_state(SourceState(source=GIT.key, kind="git", name="git", state="ok", last_ok_at=NOW + 100 * HOUR))
        writer.close()

    return written


def look(state: State, at: int, **models: dict[str, str]) -> None:
    state.observe_aliases(REGISTRY.key, models, (), at)


def test_models_come_by_name_in_an_aligned_table(call: Call, fill: Fill) -> None:
    fill(
        model(aliases={"champion": "13", "challenger": "14"}), model("a", created_at=NOW),
        versions=(version(13), version(14), version("beta", "a")),
    )  # fmt: skip
    said = call("models", "--columns", "name,source,aliases,version,versions,created_at")
    assert (said.status, said.err) == (0, "")
    assert said.out.splitlines() == [
        "name   source  aliases                       version  versions  created_at",
        "a      models                                   beta         1  2026-03-08T20:00:00Z",
        "churn  models  challenger v14, champion v13       14         2",
    ]


def test_a_filter_a_sort_and_a_limit_choose(call: Call, fill: Fill) -> None:
    fill(*(model(name, tags={"team": name}, created_at=NOW + at) for at, name in enumerate(("a", "b", "c"))))
    chosen = ("--filter", "tags.team in (a, c)", "--sort", "created_at:desc", "--columns", "name")
    assert call("models", *chosen).out.split() == ["name", "c", "a"]
    assert call("models", *chosen, "--limit", "1").out.split() == ["name", "c"]


def test_prompts_are_no_models_and_are_listed_when_asked_for(call: Call, fill: Fill) -> None:
    fill(model(), model("ask", kind="prompt"))
    assert [one["name"] for one in call("models", "--json").json] == ["churn"]
    assert [one["name"] for one in call("models", "--prompts", "--json").json] == ["ask"]


def test_json_has_every_field_and_exact_strings(
    call: Call, fill: Fill, state: State, promoted: Callable[..., None]
) -> None:
    odd = "[bold]x[/]\x1b[31m \u202e"
    fill(
        model(description=odd, tags={"k": "v"}, aliases={"champion": "14"}),
        versions=(
            version(13),
            version(14, run_id="r14", user="bo", created_at=NOW, status="failed", raw_status="FAILED_REGISTRATION",
                    copied_from=("x", "1"), description=odd),
        ),
    )  # fmt: skip
    for at, to in ((0, "12"), (1, "13"), (2, "14")):
        look(state, NOW + at * HOUR, churn={"champion": to})
    promoted((1, "13", NOW + HOUR // 2))
    said = call("models", "--json")
    assert said.out.isascii()
    (churn,) = said.json
    assert (churn["name"], churn["subject"], churn["source"], churn["kind"]) == (
        "churn",
        "model/churn",
        "models",
        "model",
    )
    assert (churn["description"], churn["aliases"], churn["tags"]) == (odd, {"champion": "14"}, {"k": "v"})
    newest, older = churn["versions"]
    assert (newest["version"], newest["subject"], newest["run_id"]) == ("14", "model/churn/14", "r14")
    assert (newest["git_commit"], newest["aliases"], newest["status"]) == ("4f2c", ["champion"], "failed")
    assert (newest["created_at"], newest["copied_from"]) == ("2026-03-08T20:00:00Z", {"model": "x", "version": "1"})
    assert (older["version"], older["git_commit"], older["run_id"]) == ("13", None, None)
    told = [
        (one["previous"], one["version"], one["reason"], one["by"], one["strength"], one["explained"])
        for one in churn["alias_history"]
    ]
    assert told == [
        ("13", "14", "moved", None, None, False),
        ("12", "13", "moved", "ann", "signed", True),
        (None, "12", "first seen", None, None, None),
    ]
    assert churn["alias_history"][0]["not_before"] == "2026-03-08T21:00:00Z"
    assert churn["alias_history"][0]["at"] == "2026-03-08T22:00:00Z"


def test_the_last_move_is_in_the_table_and_says_who_or_that_nobody_knows(
    call: Call, fill: Fill, state: State, promoted: Callable[..., None]
) -> None:
    fill(model(aliases={"champion": "13"}))
    look(state, NOW, churn={"champion": "12"})
    assert call("models", "--columns", "moved").out.strip() == "moved"
    look(state, NOW + HOUR, churn={"champion": "13"})
    promoted((1, "13", NOW))
    assert "champion v12 → v13, " in call("models", "--columns", "moved").out
    assert call("models", "--columns", "moved").out.rstrip().endswith(", ann")
    look(state, NOW + 2 * HOUR, churn={})
    assert call("models", "--columns", "moved").out.rstrip().endswith(", ?")
    assert "champion v13 → none, " in call("models", "--columns", "moved").out


def test_who_held_an_alias_at_a_time_and_what_is_not_known_of_it(call: Call, fill: Fill, state: State) -> None:
    fill(model(), model("ask", kind="prompt"))
    look(state, NOW, churn={"champion": "13"}, gone={"x": "1"}, ask={"p": "1"})
    look(state, NOW + HOUR, churn={"champion": "13"}, ask={"p": "1"})
    look(state, NOW + 2 * HOUR, churn={"champion": "14", "new": "14"}, ask={"p": "1"})
    table = call("models", "--at", "2026-03-08T20:00Z").out.splitlines()
    assert table == [
        "model  alias     version  since                 by  what is not known",
        "churn  champion      v13  2026-03-08T20:00:00Z      since when: first seen then",
        "gone   x              v1  2026-03-08T20:00:00Z      since when: first seen then",
    ]
    between = call("models", "--at", "2026-03-08T21:30Z", "--filter", "name:churn").out
    assert "whether it was v14 by then" in between
    assert "gone" not in between
    before = call("models", "--at", "2026-03-08T19:00Z", "--json").json
    assert [(one["model"], one["version"], one["knowledge"], one["known_from"]) for one in before] == [
        ("churn", None, "not looked", "2026-03-08T20:00:00Z"),
        ("churn", None, "not looked", "2026-03-08T20:00:00Z"),
        ("gone", None, "not looked", "2026-03-08T20:00:00Z"),
    ]
    assert "not known before 2026-03-08T20:00:00Z" in call("models", "--at", "2026-03-08T19:00Z").out
    later = call("models", "--at", "2026-03-09", "--limit", "1", "--json").json
    assert [(one["alias"], one["version"], one["knowledge"]) for one in later] == [("champion", "14", "uncertain")]
    prompts = call("models", "--prompts", "--at", "2026-03-08T20:00Z", "--json").json
    assert [one["subject"] for one in prompts] == ["alias/ask@p"]


def test_a_time_is_refused_in_words(call: Call, fill: Fill) -> None:
    fill(model())
    said = call("models", "--at", "yesterday")
    assert (said.status, said.out) == (2, "")
    assert "is no time" in said.err


def test_where_nobody_ever_looked_that_is_said(call: Call, fill: Fill) -> None:
    fill(model())
    said = call("models", "--at", "2026-03-08T20:00Z")
    assert (said.status, said.out) == (0, "")
    assert said.err == "No alias is known at 2026-03-08T20:00:00Z. Nobody has looked yet.\n"


def test_the_table_is_safe_whatever_models_are_called(call: Call, fill: Fill) -> None:
    odds = ["\x1b[31mred", "two\nlines", "a\u202eb", "nul\0", "half\ud800"]
    fill(*(model(odd, aliases={odd: "1\x1b"}, description=odd) for odd in odds))
    said = call("models", "--columns", "name,aliases,alias,description,version")
    assert len(said.out.splitlines()) == len(odds) + 1
    assert not set(said.out) & {"\x1b", "\0", "\u202e", "\t"}


def test_what_there_is_none_of_is_said(call: Call, fill: Fill, cache: Path) -> None:
    fill(model())
    said = call("models", "--filter", "alias:champion")
    assert (said.status, said.out, said.err) == (0, "", "No model is like that.\n")
    fill(last_ok_at=None)
    assert call("models", "--filter", "nothing").err == "models was never read: It is down: wait.\n"
    writer = Cache(cache)
    writer.declare([RUNS])
    writer.close()
    assert "No model registry is in the settings" in call("models").err


def test_nothing_synced_is_an_empty_list_and_a_word(call: Call, project: Path) -> None:
    (project / "quarterdeck.toml").write_text('[mlflow]\ntracking_uri = "sqlite:///mlflow.db"\n')
    said = call("models", "--json")
    assert (said.status, said.json, said.err) == (0, [], "Nothing synced yet: run `quarterdeck sync`.\n")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--filter", "alais:x"), "Did you mean “alias”?"),
        (("--sort", "metrics.auc"), "--sort: “metrics.auc” is no field of a model."),
        (("--columns", "nmae"), "--columns: “nmae” is no field of a model. Did you mean “name”?"),
        (("--columns", "status"), "--columns: “status” is of versions, of which a model has many"),
    ],
)
def test_a_mistake_is_a_sentence_and_status_2(call: Call, fill: Fill, words: tuple[str, ...], said: str) -> None:
    fill(model())
    answer = call("models", *words)
    assert answer.status == 2
    assert said in answer.err


def test_events_tell_moves_versions_and_promotions_together(
    call: Call, fill: Fill, state: State, promoted: Callable[..., None]
) -> None:
    fill(model(aliases={"champion": "13"}), versions=(version(13, created_at=NOW, user="bo"),))
    look(state, NOW, churn={"champion": "12"})
    look(state, NOW + HOUR, churn={"champion": "13"})
    promoted((1, "13", NOW + HOUR // 2))
    told = [(one["kind"], one["actor"], one["source"]) for one in call("events", "--json").json]
    assert told == [
        ("alias moved", "ann", "models"), ("promotion", "ann", "git"), ("version registered", "bo", "models")
    ]  # fmt: skip


def test_a_model_of_five_thousand_versions_is_listed_whole(call: Call, fill: Fill) -> None:
    fill(model(), versions=tuple(version(number) for number in range(1, 5_001)))
    (churn,) = call("models", "--json").json
    assert [one["version"] for one in churn["versions"]] == [str(number) for number in range(5_000, 0, -1)]
