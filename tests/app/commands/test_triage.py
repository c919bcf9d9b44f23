"""`quarterdeck triage`: what needs attention, for eyes and for scripts."""

from __future__ import annotations

import time
from array import array
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from quarterdeck.app.records import (
    Batch,
    CheckResult,
    Invocation,
    MonitorSeries,
    Note,
    Pipeline,
    RegisteredModel,
    Samples,
    SourceSpec,
    SourceState,
)
from quarterdeck.app.settings import load
from quarterdeck.app.store.cache import Cache
from quarterdeck.app.store.state import State, state_file

NOW = 0
"""Milliseconds; the present when a test begins. Modules are read half an hour before their turn."""
MINUTE, HOUR = 60_000, 3_600_000
KINDS = {"r": "registry", "c": "github", "d": "checks", "p": "prometheus"}
KEY = "ab" * 8

Call = Callable[..., Any]


@pytest.fixture(autouse=True)
def the_present(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(globals(), "NOW", time.time_ns() // 1_000_000)


def filled(cache: Path, **said: Batch) -> None:
    """All sources were read a minute ago."""
    with closing(Cache(cache)) as writer:
        writer.declare([SourceSpec(key=key, kind=kind, name=kind, address=key) for key, kind in KINDS.items()])
        for key, kind in KINDS.items():
            writer.save_state(SourceState(source=key, kind=kind, name=kind, state="ok", last_ok_at=NOW - MINUTE))
        model = RegisteredModel(source="r", name="churn", aliases={"champion": "14"})
        writer.write("r", Batch(models=(model,), models_complete=True), NOW)
        for key, batch in said.items():
            writer.write(key, batch, NOW)


def bad_precision() -> Batch:
    series = MonitorSeries(source="p", key=KEY, name="precision", model="churn", min=0.78, step=HOUR, looked_at=NOW)
    times = array("q", (NOW - 2 * HOUR, NOW - HOUR, NOW - MINUTE))
    return Batch(series=(series,), samples=(Samples(source="p", key=KEY, times=times,
                                                    values=array("d", (0.83, 0.74, 0.71))),))  # fmt: skip


def red_pipeline() -> Batch:
    made = Pipeline(
        source="c", id="7", number="7", name="train", status="failed", branch="main", actor="bo",
        created_at=NOW - 2 * HOUR, ended_at=NOW - 2 * HOUR,
    )  # fmt: skip
    return Batch(pipelines=(made,))


@pytest.fixture
def trouble(cache: Path) -> Path:
    failing = CheckResult(name="unique(id)", dataset="weather", outcome="fail")
    night = Invocation(source="d", id="n", tool="soda", at=NOW - HOUR, results=(failing,))
    filled(cache, p=bad_precision(), c=red_pipeline(), d=Batch(invocations=(night,)))
    return cache


def acknowledge(project: Path, name: str, state: str) -> None:
    with State(state_file(load(directory=project).project_key)) as kept:
        kept.write_note(
            Note(id="01", at=NOW, kind="ack", subject=f"attention/{name}", text="looking", author="ann", state=state)
        )


def test_what_needs_attention_is_told_worst_first(call: Call, trouble: Path) -> None:
    said = call("triage")
    heads = [line for line in said.out.splitlines() if not line.startswith(" ")]
    assert heads[0].startswith("✖ churn@champion v14  precision 0.71, floor 0.78   since ")
    assert heads[1].startswith("▲ train #7 failed on main   since ")
    assert heads[1].endswith("(2 h)   bo")
    assert heads[2].startswith("· weather  unique(id) fails")
    assert "watched: 1 series, 1 model, 1 check, 1 pipeline, 4 sources" in heads
    assert heads[-1] == "oldest answer: 1 min (registry)" or heads[-1].startswith("oldest answer: ")
    assert said.status == 0


def test_a_script_gets_every_field(call: Call, trouble: Path) -> None:
    first, *_ = call("triage", "--json").json
    promised = {"id", "subject", "severity", "since", "title", "reason", "acknowledged_by", "suspects", "way_back"}
    assert promised <= set(first)
    assert (first["subject"], first["severity"], first["acknowledged_by"]) == (f"series/{KEY}", "critical", None)
    assert first["since"].endswith("Z")
    (signal,) = first["signals"]
    assert (signal["kind"], signal["model"], signal["version"], signal["alias"]) == (
        "threshold", "churn", "14", "champion",
    )  # fmt: skip
    assert first["explained"]


def test_it_ends_with_one_while_nobody_has_it(call: Call, project: Path, cache: Path) -> None:
    filled(cache, c=red_pipeline())
    (one,) = call("triage", "--json").json
    assert call("triage", "--exit-code").status == 1
    acknowledge(project, one["id"], one["state"])
    said = call("triage", "--exit-code")
    assert said.status == 0
    assert "– train #7 failed on main" in said.out
    assert "ann has it (claimed): looking" in said.out
    (one,) = call("triage", "--json").json
    assert (one["acknowledged_by"], one["acknowledged_strength"]) == ("ann", "claimed")


def test_when_all_is_well_it_says_what_was_looked_at(call: Call, cache: Path) -> None:
    filled(cache)
    said = call("triage", "--exit-code")
    assert said.status == 0
    assert said.out.splitlines()[0] == "● all is well"
    assert "watched: 1 model, 4 sources" in said.out
    assert call("triage", "--json").json == []


def test_a_filter_narrows_it(call: Call, trouble: Path) -> None:
    def titles(text: str) -> list[str]:
        return [one["title"] for one in call("triage", "--json", "--filter", text).json]

    assert titles("severity:critical") == ["churn@champion v14  precision 0.71, floor 0.78"]
    assert titles("kind:pipeline or owner = 'nobody'") == ["train #7 failed on main"]
    assert titles("model = churn and not acknowledged") == titles("precision") == titles("severity:critical")
    assert titles("age > 90m") == ["train #7 failed on main"]
    assert call("triage", "--filter", "severity:low", "--exit-code").status == 1


def test_a_word_that_is_none_of_its_fields_is_refused(call: Call, trouble: Path) -> None:
    said = call("triage", "--filter", "loss > 1")
    assert said.status == 2
    assert "no field of a signal. There are severity, kind" in said.err


def test_one_thing_is_asked_for_by_its_subject(call: Call, trouble: Path) -> None:
    assert [one["subject"] for one in call("triage", "alias/churn@champion", "--json").json] == [f"series/{KEY}"]
    (one,) = call("triage", "pipeline/7", "--json").json
    assert call("triage", f"attention/{one['id']}", "--json").json == [one]
    said = call("triage", "commit/4f2c")
    assert said.out.splitlines()[:2] == [
        "● nothing about commit/4f2c needs attention",
        "elsewhere 3 need attention: `quarterdeck triage` lists all",
    ]


def test_nothing_else_is_wrong_is_said_of_what_was_asked_for_only(call: Call, project: Path, trouble: Path) -> None:
    first, *_ = call("triage", "--json").json
    acknowledge(project, first["id"], first["state"])
    said = call("triage", f"attention/{first['id']}").out
    assert f"● nothing else about attention/{first['id']} needs attention" in said
    assert "elsewhere 2 need attention: `quarterdeck triage` lists all" in said
    said = call("triage", "--filter", "severity:critical").out
    assert "● nothing else for which “severity:critical” holds needs attention" in said
    assert "nothing else" not in call("triage").out


def test_a_limit_hides_how_many_and_not_that_something_is_wrong(call: Call, trouble: Path) -> None:
    said = call("triage", "--limit", "0").out
    assert said.splitlines()[0] == "and 3 more: --limit cut them off"
    assert "all is well" not in said


def test_what_somebody_has_keeps_its_evidence(call: Call, project: Path, trouble: Path) -> None:
    first, *_ = call("triage", "--json").json
    before = call("triage", f"attention/{first['id']}").out.splitlines()
    acknowledge(project, first["id"], first["state"])
    after = call("triage", f"attention/{first['id']}").out.splitlines()
    evidence = [line for line in before if line.startswith("  ")]
    assert [line for line in after if line.startswith("  ")] == evidence
    assert any(line.startswith("  way back: ") for line in evidence)
    assert after[0].endswith("ann has it (claimed): looking")
    folded = call("triage").out.splitlines()
    assert (
        folded[folded.index(next(line for line in folded if line.startswith("– "))) + 1] == f"  attention/{first['id']}"
    )
    (explained,) = call("triage", f"attention/{first['id']}", "--json").json
    assert explained["explained"]


def test_what_somebody_has_is_handed_over_by_its_name(call: Call, project: Path, trouble: Path) -> None:
    first, *_ = call("triage", "--json").json
    acknowledge(project, first["id"], first["state"])
    call("note", first["id"][:6], "it is the stores")
    said = call("handover").out.splitlines()
    open_ = said[said.index("## Open (3)") + 2 :]
    assert open_[0].startswith("- **critical** churn@champion v14  precision 0.71, floor 0.78, since ")
    assert open_[2].startswith("  - ann has it since ")
    assert any("on churn@champion v14  precision 0.71, floor 0.78: it is the stores" in line for line in said)


def test_it_is_named_by_the_beginning_of_its_id(call: Call, trouble: Path) -> None:
    first, *_ = call("triage", "--json").json
    for written in (first["id"][:6], f"attention/{first['id'][:6]}"):
        assert call("triage", written, "--json").json == [first]


def test_a_bare_name_is_answered_with_what_is_called_so(call: Call, trouble: Path) -> None:
    said = call("triage", "churn")
    assert (said.status, said.err) == (2, "“churn” names nothing by itself: did you mean model/churn?\n")
    assert "did you mean alias/churn@champion?" in call("triage", "churn@champion").err
    assert "write KIND/NAME" in call("triage", "nobody").err


def test_the_limit_counts_for_the_list_and_not_for_the_exit(call: Call, trouble: Path) -> None:
    said = call("triage", "--limit", "1", "--json", "--exit-code")
    assert (len(said.json), said.status) == (1, 1)


def test_without_a_cache_nothing_is_known(call: Call, project: Path) -> None:
    said = call("triage", "--json", "--exit-code")
    assert (said.json, said.status) == ([], 1)
    assert "There is nothing to read here" in said.err


def test_foreign_text_is_safe_to_look_at_and_exact_for_scripts(call: Call, cache: Path) -> None:
    evil = Pipeline(
        source="c", id="8", name="\x1b[2Jtrain", status="failed", branch="main", created_at=NOW - HOUR,
        ended_at=NOW - HOUR,
    )  # fmt: skip
    filled(cache, c=Batch(pipelines=(evil,)))
    assert "\x1b" not in call("triage").out
    (one,) = call("triage", "--json").json
    assert one["title"].startswith("\x1b[2Jtrain")
    assert "\x1b" not in one["shown"]
