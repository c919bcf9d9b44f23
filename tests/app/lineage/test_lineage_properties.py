"""What holds of every lineage: links end at nodes, both ways agree, nothing goes in circles or grows without end."""

from __future__ import annotations

import json
from typing import Any

import pytest

from quarterdeck.app.commands.lineage import lineage_json
from quarterdeck.app.lineage import SUREST, UNKNOWN, Lineage, trace
from quarterdeck.app.lineage.lines import lines
from quarterdeck.app.lineage.tree import KINDS
from quarterdeck.app.records import DataPart, Dataset, RegisteredModel, parse_subject
from quarterdeck.app.text import cells
from tests.app.promotion.evidence import HOUR, NEW, NOW, OLD

from .worlds import BASE, DECLARED, FIRST, RAW, SECOND, Traced


@pytest.fixture
def full(world: Traced) -> Traced:
    """Everything that can be joined, at once."""
    world.models(
        RegisteredModel(source="r", name="churn", aliases={"champion": "13", "challenger": "14"}),
        RegisteredModel(source="r", name="prod", aliases={"live": "1"}),
    )
    world.made("prod", "1", copied_from=("churn", "14"))
    world.run_of(1, parent_id="run14", status="running")
    world.run_of(2, git_commit=None, datasets=())
    world.run_of(3, git_commit="ee" * 20, datasets=(Dataset(name="orders", digest=FIRST),))
    world.tracked(RAW, BASE, "raw/orders.csv")
    world.tracked(FIRST, BASE, stage="prepare", deps=(DataPart(path="raw/orders.csv", digest=RAW),))
    world.tracked(SECOND, NEW, stage="prepare", deps=(DataPart(path="raw/orders.csv", digest=RAW),))
    world.checked({"unique(id)": "fail", "freshness": "pass"}, at=NOW - 2 * HOUR)
    world.checked({"in run": "error"}, run_id="run14", commit=NEW, pipeline_id="1", dataset_digest="77ab")
    world.checked({"by name": "warn"}, dataset="orders", tool="soda")
    return world


def everything(world: Traced) -> dict[str, Lineage]:
    """The lineage of all that can be reached from some of it, as far as the cache has it."""
    found: dict[str, Lineage] = {}
    begin = ["alias/churn@champion", f"commit/{OLD}", "run/more00001", "run/more00002", "run/more00003", "model/prod"]
    looked: set[str] = set()
    while begin:
        subject = begin.pop()
        looked.add(subject)
        lineage = trace(world.reader, parse_subject(subject), DECLARED, now=NOW, limit=50)
        if lineage is not None:
            found[subject] = lineage
            begin += {node.subject for node in lineage.nodes() if node.is_known} - looked
    return found


def test_every_end_of_a_link_is_a_node(full: Traced) -> None:
    for subject, lineage in everything(full).items():
        names = {node.subject for node in lineage.nodes()}
        assert [link for link in lineage.links if not {link.from_, link.to} <= names] == [], subject
        assert lineage.subject == subject


def test_links_are_of_known_kinds_and_known_where_both_ends_are(full: Traced) -> None:
    for lineage in everything(full).values():
        for link in lineage.links:
            assert link.kind in KINDS
            assert link.by in SUREST
            assert link.known == (UNKNOWN not in (link.from_, link.to))


def test_what_one_lists_below_lists_it_above_and_the_other_way(full: Traced) -> None:
    found = everything(full)
    assert len(found) > 25
    for subject, lineage in found.items():
        own = [link for link in lineage.links if subject in (link.from_, link.to) and link.known]
        for link in own:
            other = link.to if link.from_ == subject else link.from_
            assert other not in found or link in found[other].links, (subject, link)


def test_no_thing_is_gone_into_twice_on_one_way(full: Traced) -> None:
    for lineage in everything(full).values():
        for way in (lineage.upstream, lineage.downstream):
            nodes = [node for top in way for node in top.walk() if node.is_known]
            inner = [node.subject for node in nodes if any(one.is_known for one in node.children)]
            assert len(inner) == len(set(inner))


def test_depth_is_kept(full: Traced) -> None:
    def height(nodes: Any) -> int:
        return max((1 + height([one for one in node.children if one.is_known]) for node in nodes), default=0)

    for depth in (1, 2, 3):
        lineage = full.trace("alias/churn@champion", depth=depth)
        assert height(lineage.upstream) <= depth
        assert height(full.trace("dataset/orders@77ab", depth=depth).downstream) <= depth


def test_what_is_listed_is_bounded_by_the_limit(full: Traced) -> None:
    for number in range(300):
        full.run_of(100 + number)
    lineage = full.trace("dataset/orders@77ab", limit=3)
    assert len(lineage.downstream) == 3
    assert lineage.more == 300
    assert len(list(lineage.nodes())) < 60


@pytest.mark.parametrize("width", [40, 80, 120])
def test_text_fits_and_no_line_holds_what_a_terminal_obeys(full: Traced, width: int) -> None:
    full.run("14", 0.941, name="evil\x1b[31m" + "x" * 200, user="bö\n")
    for lineage in everything(full).values():
        for line in lines(lineage, NOW, width):
            assert cells(line) <= width
            assert line.isprintable()


def test_json_is_json_and_names_each_thing_once(full: Traced) -> None:
    for lineage in everything(full).values():
        told = json.loads(json.dumps(lineage_json(lineage), allow_nan=False))
        subjects = [node["subject"] for node in told["nodes"]]
        assert len(subjects) == len(set(subjects))
        assert {link["from"] for link in told["links"]} <= {*subjects, UNKNOWN}
