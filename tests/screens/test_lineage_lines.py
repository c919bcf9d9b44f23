"""A lineage, row by row: what stands in the tree, what is folded away, and what stands at the right edge."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quarterdeck.app.lineage.tree import UNKNOWN, Lineage, Node
from quarterdeck.app.text import cells, fit
from quarterdeck.screens.lineage_detail import detail
from quarterdeck.screens.lineage_lines import Ink, draw, edge_of, stakes
from quarterdeck.screens.lineage_tree import Fold, Path, Row, folded, rows_of, turned, unfolded
from quarterdeck.screens.lineage_words import no_start_words, no_such_words
from tests.screens.lineages import CHAMPION, DATA, NOW, champion, check, data_with_many_runs, node

RUN = "run/9f run brave-cod-214"
DATA_STEP = "dataset/orders@77ab data orders@77ab"
DATA_PATH = ("upstream", RUN, DATA_STEP)


def drawn(lineage: Lineage, width: int = 80, **how: Any) -> list[str]:
    """The lines as they stand on a screen of this width."""
    rows = rows_of(lineage, **how)
    ink = Ink(lineage=lineage, now=NOW, zone=UTC)
    ink = replace(ink, edge=edge_of(rows, width - 4, ink))
    lead = {True: "   ", False: " "}
    return [lead[row.is_row] + "".join(text for text, _ in draw(row, width - 4, ink)) for row in rows]


def row_at(rows: list[Row], path: tuple[str, ...]) -> Row:
    return next(row for row in rows if row.path == path)


def test_a_champion_is_drawn_as_it_is_sketched() -> None:
    assert drawn(champion()) == [
        "   churn@champion  v14                            ✖ 1 failing check upstream",
        " came from",
        "   └─ run brave-cod-214  bo  9 h",
        "      ├─ commit 4f2c91a  “relax null check”  bo   ● ci 3 jobs",
        "      │  └─ ◌ tree state unknown",
        "      ├─ data orders@77ab (digest)  training      ✖ not_null(customer_id) 10 h",
        "      │  └─ stage prepare  ← raw/orders.csv 36973f5",
        "      └─ params 12  2 differ from v13",
        " led to",
        "   └─ ◌ serving churn  p95 111 ms",
    ]


def test_where_there_is_room_it_is_said_since_when_and_how_many_more_there_are() -> None:
    (line,) = [line for line in drawn(champion(), 120) if "not_null" in line]
    assert line.endswith("✖ not_null(customer_id) since 13 mar 16:48  +2")


def test_a_link_by_name_alone_stands_out() -> None:
    (row,) = [row for row in rows_of(data_with_many_runs()) if row.node is not None and row.node.title == "run-3"]
    assert (" (name)", "warn") in draw(row, 76, Ink(now=NOW, zone=UTC))


def test_of_a_dataset_its_bad_checks_are_rows_and_who_feeds_on_it_is_at_risk() -> None:
    lines = drawn(data_with_many_runs())
    assert lines[0].endswith("✖ 1 failing check")  # its own
    assert "".join(text for text, _ in stakes(data_with_many_runs())) == "   ▲ churn@champion at risk   ▶ 1 running"
    assert any("churn@champion" in line and line.endswith("▲ at risk") for line in lines)
    assert lines[1:4] == [
        " checks", "   ├─ check not_null(customer_id)  gx   ✖ fails since 13 mar 17:07", "   └─ 45 more, none worse",
    ]  # fmt: skip
    assert "   ├─ run run-0 (digest)  ann  now      ▶ running" in lines
    assert lines[-1] == "   └─ and 99 988 more runs"


def test_the_champion_is_named_before_others_that_are_at_risk() -> None:
    lineage = champion(at_risk=("alias/a@challenger", CHAMPION), failing=("check/1",))
    assert stakes(lineage) == [("   ▲ churn@champion +1 at risk", "warn")]


def test_a_check_that_could_not_run_puts_nobody_at_risk() -> None:
    root = node("data", "orders@1", subject=DATA, asides=(check("a", "error"),))
    assert stakes(champion(root=root, failing=(), at_risk=(CHAMPION,))) == [("   feeds churn@champion", "text")]


def test_who_feeds_on_good_data_is_at_no_risk() -> None:
    good = data_with_many_runs()
    good = Lineage(subject=good.subject, root=node("data", "orders@77ab", subject=DATA), at_risk=good.at_risk)
    assert stakes(good) == [("   feeds churn@champion", "text")]
    assert not any("at risk" in line for line in drawn(good))


@pytest.mark.parametrize(
    ("failing", "dumb", "said"),
    [
        (1, 0, "✖ 1 failing check upstream"),
        (2, 1, "✖ 2 failing checks upstream, 1 could not run"),
        (0, 2, "! 2 could not run upstream"),
        (0, 0, "v14"),
    ],
)
def test_the_thing_itself_says_what_fails_upstream(failing: int, dumb: int, said: str) -> None:
    checks = tuple(f"check/{number}" for number in range(3))
    lineage = champion(failing=checks[:failing], could_not_run=checks[:dumb])
    assert drawn(lineage, 120)[0].endswith(said)


def test_what_is_not_known_is_drawn_as_not_known() -> None:
    empty = Lineage(subject="commit/4f", root=node("commit", "4f", subject="commit/4f"))
    assert drawn(empty) == [
        "   commit 4f",
        " came from", "   ◌ nothing is known that it came from",
        " led to", "   ◌ nothing is known that came of it",
    ]  # fmt: skip


@pytest.mark.parametrize(("side", "gone", "left"), [("upstream", "led to", "run"), ("downstream", "came from", "serv")])
def test_one_half_is_shown_alone(side: str, gone: str, left: str) -> None:
    whole = "\n".join(drawn(champion(), side=side))
    assert gone not in whole
    assert left in whole


@pytest.mark.parametrize(
    ("state", "said"),
    [("failed", "✖ failed, 1 failing check upstream"), ("running", "▶ running, 1 failing check upstream"),
     ("finished", "✖ 1 failing check upstream")],
)  # fmt: skip
def test_a_run_that_failed_says_so_before_its_checks(state: str, said: str) -> None:
    lineage = champion(root=node("run", "brave-cod-214", subject="run/9f", state=state))
    assert drawn(lineage, 120)[0].endswith(said)


def test_good_checks_of_the_thing_itself_are_counted_and_unfold() -> None:
    lineage = champion(root=node("data", "orders@1", subject=DATA, asides=(check("a"), check("b")), asides_more=7))
    assert drawn(lineage)[1:3] == [" checks", "   └─ ● 9 good"]
    lines = drawn(lineage, folds={("root",): "open"})
    assert [line.split()[2] for line in lines[2:4]] == ["a", "b"]


def test_a_row_unfolds_to_what_was_said_of_it_and_folds_to_the_worst_below_it() -> None:
    lineage = champion()
    folds: dict[Path, Fold] = {}
    row = row_at(rows_of(lineage), DATA_PATH)
    assert (row.fold, turned(row), unfolded(row), folded(row)) == ("brief", "open", "open", "closed")
    folds[DATA_PATH] = "open"
    lines = drawn(lineage, folds=folds)
    (line,) = [line for line in lines if "├─ check not_null(customer_id)  gx" in line]
    assert line.endswith("✖ fails since 13 mar 16:48")
    row = row_at(rows_of(lineage, folds=folds), DATA_PATH)
    assert (turned(row), unfolded(row), folded(row)) == ("closed", None, "brief")
    folds[("upstream", RUN)] = "closed"
    row = row_at(rows_of(lineage, folds=folds), ("upstream", RUN))
    assert (turned(row), unfolded(row), folded(row)) == ("brief", "brief", None)
    (line,) = [line for line in drawn(lineage, folds=folds) if "brave-cod" in line]
    assert "▸ 9 folded" in line
    assert "✖ not_null(customer_id)" in line


def test_a_thing_without_anything_below_is_not_folded() -> None:
    row = row_at(rows_of(champion()), ("upstream", RUN, " params 12"))
    assert (turned(row), unfolded(row), folded(row)) == (None, None, None)


def test_words_leave_what_holds_them_and_what_leads_there() -> None:
    lines = drawn(champion(), needle="unique")
    assert [line.split()[1 if "─" in line else 0] for line in lines] == [
        "churn@champion",
        "came",
        "run",
        "data",
        "check",
    ]
    assert "nothing here holds “nowhere”" in drawn(champion(), needle="nowhere")[-1]


def test_two_unknown_neighbours_are_two_rows() -> None:
    twice = (node("run", "gone", subject=UNKNOWN), node("run", "gone", subject=UNKNOWN))
    rows = rows_of(champion(upstream=twice))
    assert len({row.id for row in rows}) == len(rows)


@pytest.mark.parametrize(
    ("asides", "said"),
    [
        ((check("a"), check("b"), check("c")), "● 3 checks"),
        ((check("a", "error"), check("b")), "! a  +1"),
        ((check("a", "warn"), check("b", "fail")), "✖ b  +1"),
        ((node("pipeline", "ci", "3 jobs", state="passed"), check("a")), "● 1 pipeline, 1 check"),
        ((node("pipeline", "ci", state="running"),), "▶ ci"),
        ((check("a", "who knows"),), "◌ a"),
    ],
)
def test_the_worst_that_was_said_stands_at_the_right_edge(asides: tuple[Node, ...], said: str) -> None:
    lineage = champion(upstream=(node("data", "orders@1", asides=asides),))
    (line,) = [line for line in drawn(lineage) if "orders@1" in line]
    assert line.rstrip().endswith(said)


def test_all_that_is_known_of_a_row_stands_beside_it() -> None:
    ink = Ink(now=NOW, zone=UTC)
    text = ["".join(piece for piece, _ in line) for line in detail(row_at(rows_of(champion()), DATA_PATH), ink, 60)]
    assert text[0] == " data orders@77ab"
    assert any("joined by digest" in line for line in text)
    assert "the content is the same, by its digest" in " ".join(line.strip() for line in text)
    assert any("✖ check not_null(customer_id)   gx   since 13 mar 16:48" in line for line in text)


def test_where_there_is_nothing_it_is_said_what_to_do() -> None:
    assert "`quarterdeck init`" in no_start_words([])[1]
    assert "r asks the syncer" in no_such_words(None)[1]


NAMES = st.text(max_size=90)
NODES = st.recursive(
    st.builds(
        Node, subject=st.sampled_from(["", UNKNOWN, "run/1"]), kind=st.sampled_from(["run", "check"]), title=NAMES,
        words=st.lists(NAMES, max_size=3).map(tuple), state=st.sampled_from(["", "fail", "pass", "odd"]),
        more=st.integers(0, 3), since=st.none() | st.integers(0, NOW),
    ),
    lambda below: st.builds(
        Node, subject=st.just("commit/1"), kind=st.just("commit"), title=NAMES,
        asides=st.lists(below, max_size=2).map(tuple), children=st.lists(below, max_size=3).map(tuple),
    ),
    max_leaves=8,
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(st.lists(NODES, max_size=3), st.integers(20, 200))
def test_whatever_it_is_called_it_keeps_to_its_width_and_says_nothing_that_a_terminal_obeys(
    nodes: list[Node], width: int
) -> None:
    lineage = champion(upstream=tuple(nodes))
    rows = rows_of(lineage)
    assert len({row.id for row in rows}) == len(rows)
    ink = Ink(lineage=lineage, now=NOW, zone=UTC)
    ink = replace(ink, edge=edge_of(rows, width, ink))
    for row in rows:
        pieces = draw(row, width, ink)
        if row.is_row and cells(row.guide) < width // 2:
            assert sum(cells(text) for text, _ in pieces) <= width
        said = [*pieces, *(piece for line in detail(row, ink, width) for piece in line)]
        assert [text for text, _ in said if fit(text, 10_000) != text] == []
