"""What stands in the cells and lines of models and versions, from records alone."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC
from typing import Any

import pytest

from quarterdeck.app.comparison import compare
from quarterdeck.app.promotion import Gate, Plan
from quarterdeck.app.records import Actor, AliasMove, Dataset, LedgerEntry, Metric, ModelVersion, RegisteredModel, Run
from quarterdeck.app.settings import Gate as Rule
from quarterdeck.app.settings import Promotion
from quarterdeck.app.store.explanations import Explanation
from quarterdeck.app.store.models import ModelRow, VersionRow
from quarterdeck.screens.alias_history import Lane, Stretch, stretches
from quarterdeck.screens.model_columns import ModelLine, column, needed, propose
from quarterdeck.screens.model_facts import Deciding, champion_alias
from quarterdeck.screens.model_glance import Glance, glance_of, glance_piece
from quarterdeck.screens.model_lanes import lane_lines, lane_pieces, scale_line
from quarterdeck.screens.model_words import held_text
from quarterdeck.screens.version_columns import column as version_column
from quarterdeck.screens.version_data import data_rows, data_sentences, data_verdict
from quarterdeck.screens.version_facts import directions
from quarterdeck.screens.version_rows import VersionLine
from quarterdeck.widgets.figures import count

NOW = 1_773_457_620_000
HOUR = 3_600_000
DAY = 24 * HOUR
BO = Actor(name="bo", email="bo@acme", strength="signed")


def entry(number: int, version: str, ago: int, **changes: Any) -> LedgerEntry:
    facts: dict[str, Any] = {"source": "g", "model": "churn", "alias": "champion", "number": number, "id": str(number)}
    return LedgerEntry(**(facts | {"by": BO, "version": version, "at": NOW - ago} | changes))


def move(version: str | None, ago: int, reason: str = "moved", **changes: Any) -> AliasMove:
    facts: dict[str, Any] = {
        "id": f"{version}{ago}",
        "source": "r",
        "model": "churn",
        "alias": "champion",
        "previous": None,
    }
    more = {"version": version, "previous": None, "at": NOW - ago, "reason": reason}
    return AliasMove(**(facts | more | changes))


def why(verdict: str, by: LedgerEntry | None = None) -> Explanation:
    return Explanation(verdict=verdict, entry=by)  # type: ignore[arg-type]  # words of the vocabulary


def stretch(version: str | None, ago: int, verdict: str = "explained", **changes: Any) -> Stretch:
    return Stretch(version=version, since=NOW - ago, verdict=verdict, **changes)


def lane(*made: Stretch, alias: str = "champion") -> Lane:
    return Lane(alias=alias, stretches=made, held=made[-1].version if made else "3")


def text(pieces: Sequence[tuple[str, str]]) -> str:
    return "".join(piece for piece, _ in pieces)


def roles(pieces: Sequence[tuple[str, str]], word: str) -> set[str]:
    return {role for piece, role in pieces if word in piece}


# -- where an alias was


def test_what_the_ledger_explains_is_there_since_the_entry_says_so() -> None:
    by = entry(2, "14", 9 * HOUR)
    seen = (move("13", 9 * DAY, "first seen"), why("first seen"))
    made = stretches([seen, (move("14", 8 * HOUR), why("explained", by))], [by])
    assert [(one.version, one.since, one.by) for one in made] == [("13", NOW - 9 * DAY, None), ("14", by.at, BO)]
    assert made[0].is_older
    assert not made[1].is_older


def test_before_the_first_look_the_ledger_is_the_witness() -> None:
    written = [entry(1, "11", 20 * DAY), entry(2, "12", 10 * DAY)]
    seen = (move("12", 9 * DAY, "first seen"), why("first seen"))
    made = stretches([seen, (move(None, HOUR, "removed"), why("unexplained"))], written)
    assert [(one.version, one.since) for one in made] == [
        ("11", written[0].at),
        ("12", written[1].at),
        (None, NOW - HOUR),
    ]
    assert not made[1].is_older  # its entry says since when
    assert made[1].by == BO
    assert made[2].is_unexplained


def test_an_entry_that_was_written_just_before_the_move_was_found_is_not_told_twice() -> None:
    by = entry(1, "14", 2 * HOUR)
    (made,) = stretches([(move("14", HOUR, "set"), why("explained", by))], [by])
    assert (made.version, made.since, made.entry) == ("14", by.at, by)


def test_an_entry_that_cannot_be_read_says_nothing() -> None:
    assert stretches([], [entry(1, "14", HOUR, trouble="no JSON")]) == []


# -- lanes


def test_a_lane_runs_to_the_right_and_names_each_version() -> None:
    made = lane_pieces(
        lane(stretch("12", 20 * DAY), stretch("13", 10 * DAY), stretch("14", HOUR)), 40, NOW - 20 * DAY, NOW
    )
    assert text(made) == "───v12──────────────┊──v13──────────┊v14"
    assert roles(made, "v14") == {"bright"}


def test_an_unexplained_move_has_a_question_mark_and_a_colour() -> None:
    made = lane_pieces(lane(stretch("13", 10 * DAY), stretch("14", HOUR, "unexplained")), 30, NOW - 10 * DAY, NOW)
    assert text(made).endswith("┊?v14")
    assert roles(made, "?v14") == {"warn"}


def test_where_there_is_no_room_the_oldest_go() -> None:
    many = [stretch(str(number), (30 - number) * HOUR) for number in range(1, 31)]
    made = text(lane_pieces(lane(*many), 20, NOW - 30 * HOUR, NOW))
    assert len(made) == 20
    assert made.startswith("‹")
    assert made.endswith("┊v28┊v29┊v30")


def test_an_alias_that_is_gone_is_a_gap_and_a_word() -> None:
    made = lane_pieces(lane(stretch("13", 10 * DAY), stretch(None, 5 * DAY, "no ledger")), 30, NOW - 10 * DAY, NOW)
    assert "┊  gone" in text(made)
    assert roles(made, "gone") == {"dim"}


def test_nobody_saw_how_it_came_there() -> None:
    assert text(lane_pieces(lane(), 40, None, NOW)).rstrip() == "──v3   nobody saw how it came there"


def test_lanes_share_one_scale_and_say_who_put_them_there() -> None:
    lanes = [lane(stretch("13", 10 * DAY), stretch("14", 9 * HOUR, entry=entry(1, "14", 9 * HOUR))),
             lane(stretch("15", 5 * DAY, "no ledger"), alias="challenger")]  # fmt: skip
    first, second = (text(line) for line in lane_lines(lanes, 80, NOW))
    assert first.rstrip().endswith("9 h  bo signed")
    assert second.index("─") - 14 == pytest.approx((first.index("┊") - 14) / 2, abs=2)
    assert text(scale_line(lanes, 80, NOW, UTC)).split() == ["4", "mar", "03:07", "now"]


def test_more_lanes_than_there_is_room_for_are_counted_out_in_a_line() -> None:
    lanes = [lane(stretch(str(at), DAY), alias=f"a{at}") for at in range(6)]
    made = lane_lines(lanes, 80, NOW, 4)
    assert len(made) == 4
    assert text(made[-1]) == " and a3 v3, a4 v4, a5 v5"


# -- who holds an alias


@pytest.mark.parametrize(
    ("here", "said", "role"),
    [
        (stretch("14", 9 * HOUR, entry=entry(1, "14", 9 * HOUR)), "v14    9 h  bo signed", "text"),
        (stretch("14", 12 * DAY, "first seen", is_older=True), "v14  ≥12 d", "text"),
        (stretch("14", 2 * HOUR, "no ledger"), "v14    2 h", "text"),
        (stretch("14", 2 * HOUR, "unexplained"), "v14    2 h  ? unexplained", "warn"),
        (stretch("14", 2 * HOUR, "not so far"), "v14    2 h  ? unexplained so far", "text"),
    ],
)
def test_a_cell_says_which_version_since_when_and_by_whom(here: Stretch, said: str, role: str) -> None:
    assert held_text(lane(here), NOW) == (said, role)


def test_a_version_of_which_nobody_saw_how_it_came_there_has_no_age() -> None:
    assert held_text(lane(), NOW) == ("v3", "text")


def test_the_version_in_use_is_the_one_that_the_policy_moves_an_alias_to() -> None:
    rules = Promotion(to="live")
    assert champion_alias({"live": "2", "champion": "1"}, rules) == "live"
    assert champion_alias({"champion": "1"}, rules) is None
    assert champion_alias({"champion": "1", "x": "2"}, None) == "champion"
    assert champion_alias({"prod": "1"}, None) == "prod"
    assert champion_alias({"a": "1", "b": "2"}, None) is None


# -- gates at a glance


def plan(*gates: tuple[str, str], value: str | None = None) -> Plan:
    made = tuple(Gate(id=name, state=state, title=name, sentence="", value=value) for name, state in gates)  # type: ignore[arg-type]  # words of the vocabulary
    return Plan(
        id="f" * 64, short="ffff", text="{}", model="churn", alias="champion", kind="promotion", source="r",
        registry="", from_version="14", to_version="15", policy_commit="", policy_digest="", gates=made, requester=BO,
        number=1,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (plan(("metric:auc", "pass"), ("ledger", "fail"), ("freeze", "fail")), ("v15 ● all pass", "good")),
        (plan(("metric:auc", "fail"), ("ci:unit", "missing")), ("v15 ✖ 1 failed +1◌", "bad")),
        (plan(("metric:auc", "stale"), ("ci:unit", "inconclusive")), ("v15 ◌ 2 unknown", "dim")),
        (plan(("metric:auc", "waived"), ("approval", "missing"), value="0 of 2"), ("v15 ‖ 2 approvals", "warn")),
        (plan(("approval", "pass"), value="1 of 1"), ("v15 ● all pass", "good")),
    ],
)
def test_a_plan_comes_to_a_sign_and_a_word(made: Plan, said: tuple[str, str]) -> None:
    assert glance_piece(glance_of(made)) == said


def test_without_a_challenger_nothing_is_said() -> None:
    assert glance_piece(None) == ("", "dim")


# -- the table of models


def model_line(aliases: dict[str, str], **changes: Any) -> ModelLine:
    model = RegisteredModel(
        source="r", name="churn\x1b[31m", aliases=aliases, tags={"team": "risk"}, created_at=NOW - DAY
    )
    row = ModelRow(rowid=1, model=model, source_name="models", versions=5000, newest="5000")
    return ModelLine(row=row, now=NOW, **changes)


def cell(key: str, line: ModelLine) -> tuple[str, str]:
    made = column(key)
    assert made is not None
    return made.cell(line)


def test_each_column_of_a_model() -> None:
    line = model_line({"champion": "14", "x": "2"}, lanes={"champion": lane(stretch("14", HOUR))},
                      glance=Glance(version="15"))  # fmt: skip
    assert cell("name", line) == ("churn\\u{1b}[31m", "text")
    assert cell("name", model_line({}, status="failed")) == ("churn\\u{1b}[31m ✖", "bad")
    assert cell("alias.champion", line)[0] == "v14    1 h"
    assert cell("alias.nobody", line) == ("", "text")
    assert cell("alias", line) == ("champion v14, x v2", "text")
    assert cell("gates", line) == ("v15 ● all pass", "good")
    assert cell("gates", model_line({}, is_judged=False)) == ("…", "dim")
    assert cell("version", line) == ("v5000", "text")
    assert cell("versions", line) == (count(5000), "dim")
    assert cell("created_at", line) == ("24 h", "text")
    assert cell("tags.team", line) == ("risk", "dim")
    assert column("nothing") is None


def test_the_aliases_of_policies_have_the_first_columns_then_the_frequent_ones() -> None:
    rows = [model_line({"a": "1", "b": "1", "to": "1"}).row, model_line({"b": "2"}).row]
    assert propose(rows, ["to", "from"], judged=True)[:4] == ["name", "alias.to", "alias.b", "gates"]
    assert propose(rows, ["to"], judged=True)[-1] == "alias"  # where the rest of them stands
    assert propose([model_line({}).row], [], judged=False) == ["name", "version", "versions", "source"]


def test_columns_get_what_the_rows_need_and_a_name_what_is_left_over() -> None:
    lines = [model_line({"champion": "14"}, lanes={"champion": lane(stretch("14", HOUR, "unexplained"))})]
    need = needed(lines, ["name", "alias.champion", "gates"])
    assert need["alias.champion"] == len("v14    1 h  ? unexplained")
    name = column("name", need={"name": 30})
    assert name is not None
    assert (name.width, name.most) == (14, 16)


# -- the table of versions


def version_line(**changes: Any) -> VersionLine:
    version = ModelVersion(
        source="r", model="churn", version="14", status="pending", user="bo", created_at=NOW - HOUR, stage="Staging",
        run_id="4f2c91ab7d", tags={"mlflow.source.git.commit": "20aa4d1f"},
    )  # fmt: skip
    row = VersionRow(rowid=14, model_rowid=1, version=version, aliases=("champion", "x"))
    return VersionLine(row=row, now=NOW, **({"greater_is_better": True} | changes))


def of_version(key: str, line: VersionLine, width: int = 120, **changes: Any) -> tuple[str, str]:
    made = version_column(key, UTC, width, None, Deciding("auc", changes.pop("greater", True)), "13")
    assert made is not None
    return made.cell(line)


def test_each_column_of_a_version() -> None:
    line = version_line()
    assert of_version("version", line) == ("v14", "text")
    assert of_version("alias", line) == ("champion, x", "accent")
    assert of_version("status", line) == ("○ pending", "dim")
    assert of_version("created_at", line) == ("1 h", "text")
    assert of_version("run_id", line) == ("4f2c91a…", "dim")  # the cache has no such run
    assert of_version("data", line) == ("◌", "dim")
    assert of_version("commit", line) == ("20aa4d1", "dim")  # of a tag
    assert of_version("stage", line) == ("Staging", "dim")
    assert of_version("ci", line) == ("", "text")
    assert version_column("metrics.other", UTC, 120, None, None) is None


@pytest.mark.parametrize(
    ("value", "base", "greater", "said"),
    [
        (0.9412, 0.9381, True, ("+0.0031 better", "good")),
        (0.9102, 0.9381, True, ("−0.0279 worse ", "warn")),
        (0.21, 0.22, False, ("−0.0100 better", "good")),
        (0.5, 0.5, True, ("=       ", "dim")),
        (float("nan"), 0.5, True, ("", "dim")),
        (None, 0.5, True, ("", "dim")),
        (0.5, None, True, ("", "dim")),
    ],
)
def test_a_difference_says_in_a_word_whether_it_is_better(
    value: float | None, base: float | None, greater: bool, said: tuple[str, str]
) -> None:
    line = version_line(value=value, base=base, greater_is_better=greater)
    assert of_version("delta", line) == said
    assert (
        of_version("delta", line, width=80)[0] == said[0].split(" ")[0]
    )  # the sign and the title's arrow say it there


def test_the_champion_itself_is_what_others_are_measured_against() -> None:
    assert of_version("delta", version_line(is_champion=True), width=80) == ("base", "dim")


def test_a_metric_that_a_version_does_not_have_is_missing_and_no_number_warns() -> None:
    assert of_version("metrics.auc", version_line()) == ("◌", "dim")
    assert of_version("metrics.auc", version_line(value=float("nan"))) == ("NaN", "warn")


# -- unlike data


def run(**changes: Any) -> Run:
    return Run(**({"source": "m", "id": "1", "experiment_id": "1", "name": "r", "status": "finished"} | changes))


def data(digest: str, context: str = "validation", name: str = "orders") -> tuple[Dataset, ...]:
    return (Dataset(name=name, digest=digest, context=context),)


@pytest.mark.parametrize(
    ("theirs", "mine", "said", "verdicts"),
    [
        (data("77ab"), data("77ab"), [], ["= same"]),
        (data("77ab"), data("9c1e"),
         ["metrics are not like for like: validation data: orders is 9c1e in v14, 77ab in v13"], ["▲ differs"]),
        (data("77ab", "training"), data("9c1e", "training"),
         ["trained on unlike data: orders is 9c1e in v14, 77ab in v13"], ["▲ differs"]),
        ((*data("1", "training"), *data("2", "training", "clicks")), data("1", "training"),
         ["trained on unlike data: clicks only in v13"], ["▲ differs", "= same"]),
        (data("77ab"), (), ["whether they saw the same validation data is not known: v14 names none"], ["◌ unknown"]),
        ((), (), ["metrics may not be like for like: neither v14 nor v13 names its data"], []),
        (tuple(one for name in "abcd" for one in data("1", "train", name)),
         tuple(one for name in "abcd" for one in data("2", "train", name)),
         ["trained on unlike data: a is 2 in v14, 1 in v13; b is 2 in v14, 1 in v13, and 2 more"], ["▲ differs"] * 4),
    ],
)  # fmt: skip
def test_it_is_said_in_words_whether_figures_are_like_for_like(
    theirs: tuple[Dataset, ...], mine: tuple[Dataset, ...], said: list[str], verdicts: list[str]
) -> None:
    rows = data_rows(compare((run(datasets=theirs, metrics={"auc": Metric(value=1)}), run(datasets=mine))))
    assert list(data_sentences(rows, "v14", "v13")) == said
    assert [data_verdict(row)[0] for row in rows] == verdicts


def test_the_policys_word_on_a_direction_comes_before_that_of_the_settings() -> None:
    rules = Promotion(to="champion", metric=(Rule(name="loss", greater_is_better=False),))
    assert directions(rules, {"loss": True, "auc": True}) == {"loss": False, "auc": True}
    assert directions(None, {"auc": True}) == {"auc": True}
