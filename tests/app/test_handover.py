"""The shift in Markdown: what stands in it, and that other people's words in it are words."""

from __future__ import annotations

import re
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from quarterdeck.app.handover import handover_markdown
from quarterdeck.app.records import Attention, Changes, Event, Gap, Note, Suspect, WayBack
from quarterdeck.app.store.state import Act
from quarterdeck.app.text import markdown
from quarterdeck.app.triage import Sight

NOW = 1_772_853_120_000  # Sat 7 March 2026, 03:12 UTC
HOUR = 3_600_000


def attention(number: int = 1, **more: Any) -> Attention:
    fields: dict[str, Any] = {
        "id": f"{number:016x}", "subject": "series/p", "severity": "critical", "since": NOW - 2 * HOUR,
        "title": f"thing {number}", "state": "critical: threshold",
    } | more  # fmt: skip
    return Attention(**fields)


def event(kind: str, title: str, at: int, **more: Any) -> Event:
    return Event(id=f"{kind}{at}{title}", at=at, kind=kind, title=title, **more)


def act(name: str, state: str, **intent: Any) -> Act:
    made = {"source": "s", "name": name, "run_id": "4f2c", "key": "stage", "value": "gold"} | intent
    return Act(
        id="01", at=NOW - HOUR, batch="01", begun_at=None, act="set_tag", subject="run/4f2c", intent=made,
        outcome={"sentence": "it was refused"} if state == "failed" else None, state=state,
    )  # fmt: skip


def told(sight: Sight | None = None, **more: Any) -> str:
    given: dict[str, Any] = {
        "changes": {}, "events": [], "notes": [], "acts": [], "since": NOW - 8 * HOUR, "until": NOW,
        "project": "churn", "who": "ann",
    } | more  # fmt: skip
    return handover_markdown(sight, **given)


def test_where_nothing_of_production_is_watched_nothing_is_called_quiet() -> None:
    assert "Not known: nothing of production is watched yet." in told(Sight(at=NOW, watched=(("sources", 1),)))


def test_a_quiet_shift_says_so() -> None:
    assert told(Sight(at=NOW - 60_000, watched=(("models", 1),))) == (
        "# Hand-over: churn\n\nFri 6 Mar 2026 19:12 to Sat 7 Mar 2026 03:12 UTC, by ann\n\n"
        "## Open\n\nNothing needs attention (seen 03:11).\n\n"
        "## What happened\n\nNothing.\n\n## What was done\n\nNothing.\n"
    )


def test_where_nobody_looked_it_is_not_said_that_all_is_well() -> None:
    assert "Not known: no syncer has looked yet." in told(None)


def test_what_is_open_stands_first_what_nobody_has_before_the_rest_with_suspects_and_the_way_back() -> None:
    ack = Note(id="n", at=NOW - HOUR, kind="ack", subject="attention/2", author="bo", text="on it")
    before = Note(id="m", at=NOW - 3 * HOUR, kind="ack", subject="attention/1", author="cy")
    changes = Changes(
        subject="series/p", since=0, until=NOW,
        suspects=(Suspect(
            subject="model/churn/14", strength="strong", score=0.9, kind="promotion", title="churn v14 promoted",
            at=NOW - 26 * HOUR, reasons=("first of its kind in 12 days",),
        ),),
        way_back=WayBack(model="churn", alias="champion", version="13", figures=("precision 0.82",)),
    )  # fmt: skip
    one = attention(1, reason="floor 0.78", owner="ann", acked_before=before)
    sight = Sight(
        at=NOW, attentions=(attention(2, ack=ack, severity="high"), one), oldest=NOW - HOUR, oldest_source="mlflow"
    )
    part = told(sight, changes={one.id: changes}, environment="prod").split("\n\n")
    assert part[0] == "# Hand-over: churn (prod)"
    assert part[2] == "## Open (2)"
    assert part[3].splitlines() == [
        "- **critical** thing 1, since 01:12, ann's",
        "  - floor 0.78",
        "  - came back: cy has it since 00:12",
        "  - strong suspect: churn v14 promoted (6 Mar 01:12): first of its kind in 12 days",
        "  - way back: churn@champion to v13 (precision 0.82)",
        "  - `quarterdeck open attention/0000000000000001`",
        "- **high** thing 2, since 01:12",
        "  - bo has it since 02:12: on it",
        "  - `quarterdeck open attention/0000000000000002`",
    ]
    assert part[4] == "Seen 03:12; the oldest answer is that of mlflow, 02:12."


def test_the_gravest_stands_first_whoever_has_it() -> None:
    ack = Note(id="n", at=NOW - HOUR, kind="ack", subject="attention/1", author="bo", text="on it")
    sight = Sight(at=NOW, attentions=(attention(2, severity="high"), attention(3), attention(1, ack=ack)))
    heads = [line for line in told(sight).splitlines() if line.startswith("- **")]
    assert [line.partition(",")[0] for line in heads] == [
        "- **critical** thing 3", "- **critical** thing 1", "- **high** thing 2",
    ]  # fmt: skip


def test_a_note_is_on_what_people_call_the_thing() -> None:
    notes = [
        Note(id="1", at=NOW, subject="attention/9b8e", text="the stores", author="bo"),
        Note(id="2", at=NOW, subject="model/churn/14", text="odd", author="bo"),
    ]
    part = told(Sight(at=NOW), notes=notes, names={"attention/9b8e": "churn@champion v14  precision 0.71"})
    assert "**bo** on churn@champion v14  precision 0.71: the stores" in part
    assert "**bo** on model/churn/14: odd" in part


def test_what_happened_is_told_in_its_order_and_the_rest_is_counted() -> None:
    events = [
        event("alias moved", "churn@champion v13 → v14", NOW - HOUR, not_before=NOW - 2 * HOUR, actor="bo"),
        event("promotion", "churn v14", NOW - 3 * HOUR),
        event("commit", "fix", NOW - HOUR), event("commit", "more", NOW - HOUR), event("run finished", "r", NOW),
        event("note", "said", NOW), event("promotion", "before the shift", NOW - 9 * HOUR),
    ]  # fmt: skip
    part = told(Sight(at=NOW), events=events).partition("## What happened\n\n")[2].partition("\n\n## ")[0]
    assert part == (
        "- 00:12 promotion: churn v14\n- 01:12 to 02:12 alias moved: churn@champion v13 → v14, by bo\n\n"
        "Besides: commit 2, run finished 1."
    )


def test_what_was_done_names_who_did_it_and_what_did_not_go_well() -> None:
    notes = [
        Note(id="1", at=NOW - 2 * HOUR, subject="run/4f2c", text="odd", author="bo"),
        Note(id="2", at=NOW - 60_000, kind="ack", subject="attention/1", about="thing 1", author="ann",
             is_here_only=True),
        Note(id="3", at=NOW - 30_000, kind="unack", subject="attention/1", about="thing 1", author="ann"),
        Note(id="4", at=NOW - 20_000, kind="handover", subject="project/churn", text="# long", author="cy"),
        Note(id="5", at=NOW - 20 * HOUR, subject="run/4f2c", text="before", author="bo"),
    ]  # fmt: skip
    acts = [act("brave-cod", "done"), act("brave-cod", "failed"), act("", "done", key="quarterdeck.note.01")]
    part = told(Sight(at=NOW), notes=notes, acts=acts).partition("## What was done\n\n")[2].splitlines()
    assert part == [
        "- 01:12 **bo** on run/4f2c: odd",
        "- 02:12 **ann** stage=gold on brave-cod",
        "- 02:12 **ann** stage=gold on brave-cod failed: it was refused",
        "- 03:11 **ann** has thing 1 (only here)",
        "- 03:11 **ann** let go of thing 1",
        "- 03:11 **cy** handed over",
    ]


def test_stretches_without_a_sync_are_named_and_times_are_in_the_zone() -> None:
    gaps = [Gap(since=NOW - 5 * HOUR, until=NOW - 3 * HOUR), Gap(since=0, until=NOW - 9 * HOUR)]
    text = told(Sight(at=NOW), gaps=gaps, zone=ZoneInfo("Asia/Tokyo"))
    assert text.endswith("## Without a sync\n\n- 07:12 to 09:12 (2 h 00 m)\n")
    assert "Sat 7 Mar 2026 12:12 JST, by ann" in text


def test_a_thousand_of_anything_is_forty_and_a_number() -> None:
    sight = Sight(at=NOW, attentions=tuple(map(attention, range(1_000))))
    notes = [Note(id=str(number), at=NOW, subject="run/1", text="x", author="bo") for number in range(1_000)]
    events = [event("promotion", str(number), NOW - number) for number in range(1_000)]
    text = told(sight, notes=notes, events=events)
    assert "and 960 more" in text
    assert len(text) < 20_000


HOSTILE = "# x\n* <b>**bold**</b> [l](http://e.example) ![p](//e) `c` @ann www.e.example &amp; <!-- | \x1b[0m\u202e $y$"


def test_foreign_words_are_words() -> None:
    text = told(
        Sight(at=NOW, attentions=(attention(title=HOSTILE, reason=HOSTILE, owner=HOSTILE),), oldest=1,
              oldest_source=HOSTILE),
        events=[event("promotion", HOSTILE, NOW, actor=HOSTILE), event(HOSTILE, "x", NOW)],
        notes=[Note(id="1", at=NOW, subject=HOSTILE, text=HOSTILE, author=HOSTILE, about=HOSTILE)],
        acts=[act(HOSTILE, "done", value=HOSTILE)], project=HOSTILE, who=HOSTILE, environment=HOSTILE,
    )  # fmt: skip
    ours = re.sub(r"(?<!\\)\*\*(critical|(?:[^*\\]|\\.)*)\*\*", "", text)
    assert not re.search(r"(?<!\\)[*_<>\[\]|$]", ours)
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "://" not in text
    assert "www." not in text
    assert " @" not in text
    assert text.count("\n# ") == 0


@given(st.text(max_size=200))
def test_whatever_the_words_are_they_are_one_line_without_markup(exact: str) -> None:
    made = markdown(exact)
    assert "\n" not in made
    assert not re.search(r"(?<!\\)(?:\\\\)*[`*_<>\[\]|$~]", made)
    assert not re.match(r"[#+=-]|\d+\.\s", made)
    assert "://" not in made
