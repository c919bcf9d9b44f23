"""The demo's registered models and the ledger of what the team promoted."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from quarterdeck.app import trust
from quarterdeck.app.demo import write_ledger
from quarterdeck.app.git import run_git
from quarterdeck.app.promotion import Plan, plan_of, read_situation
from quarterdeck.app.records import Actor, Attention
from quarterdeck.app.settings import Settings, load
from quarterdeck.app.store.explanations import explained
from quarterdeck.app.store.files import cache_file
from quarterdeck.app.store.reading import Reader
from quarterdeck.app.store.state import State, state_file
from quarterdeck.app.sync.once import sync_now
from quarterdeck.app.triage.sight import kept_sight

YOU = Actor(name="you", email="you@example.com")


@pytest.fixture
def settings(copied: Path) -> Settings:
    """A world of its own, trusted and with its ledger written."""
    found = load(directory=copied)
    trust.record_trust(found)
    write_ledger(found, lambda sentence: None)
    return found


@pytest.fixture
def reader(settings: Settings) -> Iterator[Reader]:
    with closing(Reader(cache_file(None, settings.project_key))) as opened:
        yield opened


def plan(reader: Reader, model: str, version: str | None = None) -> Plan:
    return plan_of(read_situation(reader, model, "champion", actor=YOU, version=version), time.time_ns() // 1_000_000)


def test_four_models_with_a_history_and_one_move_that_nobody_wrote_down(settings: Settings, reader: Reader) -> None:
    assert [row.model.name for row in reader.models.models()] == ["churn", "churn-offers", "churn-realtime", "ltv"]
    kinds = [entry.kind for entry in reader.ledger("churn", "champion")]
    assert kinds == ["promotion", "promotion", "promotion", "rollback", "promotion"]
    assert all(entry.plan and entry.commit for entry in reader.ledger("churn", "champion"))
    with State(state_file(settings.project_key)) as state:
        unexplained = {
            (move.model, move.version)
            for move in state.alias_moves(alias="champion")
            if move.reason != "first seen" and explained(move, reader.ledger(move.model, "champion")) is None
        }
    assert unexplained == {("ltv", "2")}
    assert plan(reader, "ltv", "2").gate("ledger").state == "warn"  # type: ignore[union-attr]  # each plan has one

    challenger = plan(reader, "churn")
    assert challenger.applicable, challenger.blocked
    slow = plan(reader, "churn-realtime")
    assert {gate.id for gate in slow.gates if gate.blocks} == {"metric:p95_latency_ms", "data:orders.*"}
    assert slow.gate("data:orders.*").state == "fail"  # type: ignore[union-attr]  # the policy demands it


def test_the_worlds_remote_holds_the_ledger_and_no_more_than_was_pushed(settings: Settings) -> None:
    remote = settings.root / ".demo" / "remote.git"
    refs = run_git(remote, "for-each-ref", "--format=%(refname)", "refs/quarterdeck/ledger").decode().split()
    assert len(refs) == 10
    assert run_git(settings.root, "status", "--porcelain") == b""


def test_the_first_screen_leads_with_the_incident_and_later_passes_change_nothing_of_its_evidence(
    settings: Settings,
) -> None:
    first = _seen(settings)
    assert first[0].title.startswith("churn-offers@champion v3  precision")
    sync_now(settings, cache_file(None, settings.project_key))
    assert [_evidence(one) for one in _seen(settings)] == [_evidence(one) for one in first]


def _seen(settings: Settings) -> tuple[Attention, ...]:
    with State(state_file(settings.project_key)) as state:
        kept = kept_sight(state)
    assert kept is not None
    return kept[1].attentions


def _evidence(one: Attention) -> list[tuple[str, str, int]]:
    told = [one for one in one.signals if one.kind != "source trouble"]  # the copy's artifacts lie where it came from
    return [(signal.kind, signal.subject, signal.since) for signal in told]
