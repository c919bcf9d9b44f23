"""Stacks and their resources, what is told of them, and commits that changed code of infrastructure."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from quarterdeck.app.records import Batch, Change, Commit, Event, Resource, SourceSpec, Stack
from quarterdeck.app.store.cache import Cache
from quarterdeck.app.store.code_events import stacks_of
from quarterdeck.app.store.happened import happened
from quarterdeck.app.store.reading import Reader
from quarterdeck.app.store.state import State

TERRAFORM = SourceSpec(key="t", kind="terraform", name="serving", address="infra")
GIT = SourceSpec(key="g", kind="git", name="git", address="acme/churn")
T = 1_763_780_820_000


class Deck:
    """A cache, a state that is told its news, and who reads both."""

    def __init__(self, folder: Path) -> None:
        self.cache = Cache(folder / "cache.db")
        self.cache.declare([TERRAFORM, GIT])
        self.state = State(folder / "state.db")
        self.reader = Reader(folder / "cache.db")

    def look(self, *stacks: Stack, now: int, source: str = "t", **rest: Any) -> None:
        self.cache.write(source, Batch(stacks=stacks, **rest), now)
        while news := self.cache.news():
            self.state.keep_news(news)
            self.cache.forget_news(news)

    def events(self) -> list[Event]:
        return happened(self.reader, self.state, 100)

    def close(self) -> None:
        self.reader.close()
        self.state.close()
        self.cache.close()


@pytest.fixture
def deck(tmp_path: Path) -> Iterator[Deck]:
    made = Deck(tmp_path)
    yield made
    made.close()


def resource(address: str, **rest: Any) -> Resource:
    kind, _, name = address.partition(".")
    return Resource(**({"stack": "serving", "address": address, "type": kind, "name": name} | rest))


def stack(*resources: Resource, **rest: Any) -> Stack:
    return Stack(**({"source": "t", "name": "serving", "folder": "infra", "resources": resources} | rest))


def commit(sha: str, at: int, *paths: str, **rest: Any) -> Commit:
    return Commit(
        source="g", sha=sha * 40, parents=(), author="ann", email="ann@acme.example", authored_at=at, committed_at=at,
        subject=f"commit {sha}", changes=tuple(Change(kind="M", path=path) for path in paths), **rest,
    )  # fmt: skip


def test_a_stack_is_read_as_it_was_written_with_its_resources_in_their_order(deck: Deck) -> None:
    made = stack(resource("b.x", action="update", changed=("tags",)), resource("a.y", drift="delete"), read_at=T)
    deck.look(made, stack(name="net"), now=T)
    assert deck.reader.infra.stack("serving") == made
    assert [one.name for one in deck.reader.infra.stacks()] == ["net", "serving"]
    assert [len(one.resources) for one in deck.reader.infra.stacks()] == [0, 0]
    assert [len(one.resources) for one in deck.reader.infra.stacks(resources=True)] == [0, 2]
    assert deck.reader.infra.counts("serving") == made.counts()
    assert deck.reader.infra.resource("serving", "a.y") == made.resources[1]
    assert deck.reader.infra.resource("serving", "a.z") is None
    assert (deck.reader.infra.stack("other"), deck.reader.infra.counts("other")) == (None, {})


def test_the_same_once_more_is_no_news_and_was_read_again(deck: Deck) -> None:
    deck.look(stack(resource("a.y")), now=T)
    before = deck.reader.content()
    deck.look(stack(resource("a.y")), now=T + 5)
    assert deck.reader.content() == before
    assert deck.reader.infra.stacks()[0].read_at == T + 5


def test_what_is_gone_is_gone_and_what_is_hidden_is_not_shown(deck: Deck) -> None:
    deck.look(stack(resource("a.y"), resource("a.z")), stack(name="net"), now=T)
    deck.look(stack(resource("a.z")), now=T, stacks_complete=True)
    found = deck.reader.infra.stacks(resources=True)
    assert [(one.name, [of.address for of in one.resources]) for one in found] == [("serving", ["a.z"])]
    deck.cache.declare([GIT])
    assert (deck.reader.infra.stacks(), deck.reader.infra.stack("serving")) == ([], None)


# -- what is told ---------------------------------------------------------------------------------------------------


def test_an_apply_is_told_when_the_tool_says_that_it_was_and_of_what_was_planned(deck: Deck) -> None:
    planned = stack(resource("aws_lb.api", action="update"), resource("aws_db.x"), state_digest="1", read_at=T)
    deck.look(planned, now=T)
    assert deck.events() == []
    done = stack(
        resource("aws_lb.api"), resource("aws_db.x"), state_digest="1", applied_at=T + 50, read_at=T + 90,
        commit="4f2c", models=("churn",),
    )  # fmt: skip
    deck.look(done, now=T + 90)
    (event,) = deck.events()
    assert (event.kind, event.title) == ("infrastructure changed", "serving applied: aws_lb.api")
    assert (event.not_before, event.at, event.seen_at, event.source) == (None, T + 50, T + 90, "t")
    assert [(ref.subject, ref.role) for ref in event.refs] == [
        ("resource/serving", "stack"), ("resource/serving/aws_lb.api", "resource"), ("commit/4f2c", "code"),
        ("model/churn", "model"),
    ]  # fmt: skip


def test_an_apply_that_only_its_log_tells_of_names_what_it_went_over(deck: Deck) -> None:
    deck.look(stack(resource("aws_lb.api"), applied_at=T, applied=("aws_lb.api",), read_at=T + 9), now=T + 9)
    (event,) = deck.events()
    assert event.title == "serving applied: aws_lb.api"
    assert "resource/serving/aws_lb.api" in [ref.subject for ref in event.refs]


def test_other_resources_without_a_time_lie_between_two_looks(deck: Deck) -> None:
    deck.look(stack(resource("a.y"), state_digest="1", read_at=T), now=T)
    added = [resource(f"a.n{number:02}") for number in range(30)]
    deck.look(stack(resource("a.y"), *added, state_digest="2", read_at=T + 60), now=T + 60)
    (event,) = deck.events()
    assert (event.not_before, event.at, event.title) == (T, T + 60, "serving changed: a.n00, a.n01 and 28 more")
    assert len([ref for ref in event.refs if ref.role == "resource"]) == 20


def test_drift_is_told_once_for_each_resource_that_drifts(deck: Deck) -> None:
    deck.look(stack(resource("a.y"), planned_at=T, read_at=T), now=T)
    drifted = stack(resource("a.y", drift="update"), planned_at=T + 50, read_at=T + 60, digest="2")
    deck.look(drifted, now=T + 60)
    deck.look(msgspec.structs.replace(drifted, planned_at=T + 100, digest="3"), now=T + 110)
    (event,) = deck.events()
    assert (event.kind, event.title) == ("infrastructure drifted", "serving drifted: a.y")
    assert (event.not_before, event.at) == (T, T + 50)


def test_the_first_look_tells_of_an_apply_once_though_the_cache_is_built_anew(deck: Deck) -> None:
    made = stack(resource("a.y", drift="update"), applied_at=T, state_digest="1", read_at=T + 9)
    deck.look(made, now=T + 9)
    deck.cache.rebuild()
    deck.cache.declare([TERRAFORM, GIT])
    deck.look(msgspec.structs.replace(made, read_at=T + 900), now=T + 900)
    assert [(event.kind, event.at) for event in deck.events()] == [("infrastructure changed", T)]


def test_news_that_were_not_taken_wait_in_the_cache(deck: Deck) -> None:
    deck.cache.write("t", Batch(stacks=(stack(applied_at=T),)), T + 5)
    news = deck.cache.news()
    assert news is not None
    deck.state.keep_news(news)  # killed before the cache forgot them
    deck.look(now=T + 6)
    assert [event.at for event in deck.events()] == [T]


# -- commits --------------------------------------------------------------------------------------------------------


def test_a_commit_that_touches_code_of_a_stack_is_told_as_that(deck: Deck) -> None:
    deck.look(stack(), stack(name="net", folder="infra/net"), now=T)
    commits = (
        commit("a", T + 1, "infra/main.tf", "train.py"), commit("b", T + 2, "train.py"),
        commit("c", T + 3, "infra/net/vars.tfvars"), commit("d", T + 4, "elsewhere/x.tofu"),
    )  # fmt: skip
    deck.look(now=T, source="g", commits=commits)
    told = {event.title: event for event in deck.reader.events(10)}
    assert {title: event.kind for title, event in told.items()} == {
        "commit a": "infrastructure code changed", "commit b": "commit", "commit c": "infrastructure code changed",
        "commit d": "infrastructure code changed",
    }  # fmt: skip
    assert [(ref.subject, ref.role) for ref in told["commit a"].refs] == [
        (f"commit/{'a' * 40}", "code"), ("resource/serving", "infrastructure")
    ]  # fmt: skip
    assert [ref.subject for ref in told["commit c"].refs][1:] == ["resource/net"]
    assert [ref.subject for ref in told["commit d"].refs][1:] == []
    assert [ref.role for ref in told["commit b"].refs] == ["commit"]


def test_commits_of_a_folder_are_found_by_time(deck: Deck) -> None:
    renamed = Change(kind="R", path="attic/old.txt", old_path="infra/old.tf")
    moved = msgspec.structs.replace(commit("e", T + 5), changes=(renamed,))
    commits = (
        commit("a", T + 1, "infra/main.tf"), commit("b", T + 2, "infrared/main.tf"), commit("c", T + 3, "main.tf"),
        commit("d", T + 4, "infra/readme.md"), moved,
    )  # fmt: skip
    deck.look(now=T, source="g", commits=commits)

    def found(folder: str, since: int = 0, until: int = 2**60, limit: int = 10) -> list[str]:
        return [one.sha[0] for one in deck.reader.infra.code_commits(folder, since, until, limit)]

    assert (found(""), found("infra"), found("infra/", limit=1)) == (["e", "c", "b", "a"], ["e", "a"], ["e"])
    assert (found("infra", until=T + 5), found("infra", since=T + 2), found("net")) == (["a"], ["e"], [])


def test_a_clone_that_is_deepened_may_take_that_back(deck: Deck) -> None:
    deck.look(now=T, source="g", commits=(commit("a", T, "infra/main.tf", "train.py"),))
    known = msgspec.structs.replace(commit("a", T, "train.py"), parents=("b" * 40,))
    deck.look(now=T, source="g", commits=(known,))
    assert [event.kind for event in deck.reader.events(10)] == ["commit"]
    assert deck.reader.infra.code_commits("", 0, 2**60, 10) == []


def test_code_is_of_the_stack_whose_folder_is_deepest() -> None:
    stacks = [("net", "infra/net"), ("other", "infra/net"), ("serving", "infra"), ("top", "")]
    assert stacks_of(["infra/net/a.tf"], stacks) == ["net", "other"]
    assert stacks_of(["infra/network/a.tf", "b.tf"], stacks) == ["serving", "top"]
    assert stacks_of(["b.tf"], stacks[:3]) == []
