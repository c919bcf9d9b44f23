"""The filter grammar, a sentence a test: what is understood, and what is said when it is not."""

from __future__ import annotations

import math
from datetime import UTC, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from quarterdeck.app.errors import FilterError
from quarterdeck.app.query import (
    And,
    Compare,
    Field,
    Has,
    Node,
    Not,
    Or,
    Sort,
    Words,
    all_of,
    as_number,
    matches,
    parse,
    parse_sort,
    write,
)
from quarterdeck.app.records import Dataset, Extreme, Metric, Run

NOW = 1_763_780_820_000  # 2025-11-22T03:07:00Z
HOUR, DAY = 3_600_000, 86_400_000
AUC, MODEL, TEAM = Field("metric", "auc"), Field("param", "model"), Field("tag", "team")
STATUS, NAME, STARTED = (Field("attribute", name) for name in ("status", "name", "started_at"))
RUN = Run(
    source="s",
    id="0a1b2c",
    experiment_id="1",
    name="Brave-Cod-214",
    status="finished",
    started_at=NOW - 2 * HOUR,
    ended_at=NOW - HOUR,
    user="bo",
    git_commit="4f2c91a0",
    params={"lr": "1e-3", "depth": " 8", "model": "xgb", "note": "50%"},
    tags={"team": "risk-eu"},
    metrics={"auc": Metric(value=0.94), "loss": Metric(value=math.nan), "up": Metric(value=math.inf)},
    datasets=(Dataset(name="orders", digest="77ab", context="training"), Dataset(name="users", digest="51c2")),
)
EXTREMES = {"auc": Extreme(min=0.5, max=0.97, history="complete")}


def read(text: str) -> Node:
    node = parse(text, now=NOW)
    assert node is not None
    return node


def passes(text: str, run: Run = RUN) -> bool:
    return matches(read(text), run, EXTREMES, "churn-train")


def refusal(text: str) -> FilterError:
    with pytest.raises(FilterError) as caught:
        parse(text, now=NOW)
    return caught.value


def test_nothing_typed_is_no_filter() -> None:
    assert parse("", now=NOW) is None
    assert parse("  \t ", now=NOW) is None
    assert write(None) == ""


@pytest.mark.parametrize(
    "text",
    [
        "metrics.auc > 0.9",
        "metric.auc >= 0.5",
        "metrics.`auc` < 1e0",
        'metrics."auc" <= 1',
        "metrics.auc != 0.5 AND params.model = 'xgb'",
        "params.model LIKE 'x%' and params.model ILIKE 'X_B'",
        "parameters.model == \"xgb\" and param.model != 'lgbm'",
        "tags.team IS NOT NULL and tag.gone IS NULL and params.gone is null",
        "attributes.status = 'FINISHED' and attr.status != 'RUNNING' and run.status LIKE 'FIN%'",
        "status in ('FINISHED', 'failed') and run_id IN ('0a1b2c', 'x') and run_id NOT IN ('x')",
        "run_name = 'Brave-Cod-214' and user_id = 'bo' and attributes.`run name` ilike 'brave%'",
        f"start_time > {NOW - 3 * HOUR} and end_time <= {NOW} and created < {NOW}",
        "dataset.name = 'orders' and datasets.digest in ('77ab') and dataset.context = 'training'",
    ],
)
def test_what_mlflow_takes_means_the_same_here(text: str) -> None:
    assert passes(text)


@pytest.mark.parametrize(
    "text",
    [
        "metrics.auc > 0.9 and (params.model = 'lgbm' or not tags.team ~ '^core')",
        "has metrics.auc and not has metrics.gone",
        "not has params.gone has dataset has commit",
        "status:finished",
        "status:running,finished",
        "status: running, FINISHED",
        "name:brave,calm",
        "tags.team:RISK",
        "brave 214",
        "'Cod-2' 4F2C",
        "0A1B",
        "metrics.auc.max > 0.96 and metrics.auc.min = 0.5 and metrics.auc.last < 0.95",
        "not has metrics.`auc.max` and has metrics.`auc`.max",
        "metrics.loss = nan and metrics.loss != 0.1 and metrics.auc != nan and metrics.up = inf",
        "not metrics.loss < 1 and not metrics.loss >= 1 and not metrics.loss = 0",
        "metrics.auc in (0.94, 2) and metrics.loss not in (1, 2) and metrics.loss in (nan)",
        "params.lr < 0.01 and params.lr = 0.001 and params.depth = 8 and params.depth in (7, 8)",
        "params.lr != '0.001' and params.model != 5",
        "not params.gone != 5 and not params.gone not in (5)",
        "params.note = '50%' and params.note ~ '^\\d+%$'",
        "user = bo and experiment = 'churn-train' and experiment:TRAIN and experiment_id = 1",
        "commit:4f2c and git_commit ~ '^4f' and not has parent",
        "started_at > -3h started_at < -1h30m ended_at <= now",
        "age > 1h and age <= 2h and age < 3d",
        "duration = 1h and duration < 1h30m and duration >= 3600 and duration > 0.5h",
        "started_at:2025-11-22 and started_at = today and not started_at:yesterday",
        "dataset:orders@77 and dataset = orders and dataset = 'orders@77ab' and data ~ '^users@'",
        "dataset.name != orders and dataset.name not like 'x%'",
        "name not like 'brave%' and name !~ '^brave' and params.model not ilike 'Y%'",
        "name > 'A' and name < 'a'",
        "METRICS.auc > 0.9 AND NOT Name LIKE 'x%' Or nothing",
    ],
)
def test_what_is_understood_beyond_mlflow(text: str) -> None:
    assert passes(text)
    assert passes(write(read(text)))


@pytest.mark.parametrize(
    "text",
    [
        "metrics.gone > 0",
        "metrics.gone != 0",
        "metrics.gone.max != 0",
        "metrics.loss > 0 or metrics.loss <= 0",
        "params.model like 'X%'",
        "params.model = 5 or params.model < 5",
        "dataset.context != training",
        "ended_at > now",
        "calm",
        "name ~ '^brave'",
    ],
)
def test_what_does_not_pass(text: str) -> None:
    assert not passes(text)
    assert passes(f"not ({text})")


def test_and_binds_closer_than_or_and_not_closer_than_both() -> None:
    a, b, c = Words("a"), Words("b"), Words("c")
    assert read("a or b and c") == Or((a, And((b, c))))
    assert read("a or b c") == Or((a, And((b, c))))
    assert read("not a and b") == And((Not(a), b))
    assert read("not (a or b) c") == And((Not(Or((a, b))), c))
    assert read("not not a") == Not(Not(a))


def test_a_word_that_an_operator_follows_is_a_field_and_any_other_is_searched() -> None:
    assert read("status") == Words("status")
    assert read("failed status:failed") == And((Words("failed"), Compare(STATUS, "=", "failed")))
    assert read("android nothing island") == And((Words("android"), Words("nothing"), Words("island")))
    assert read("'and'") == Words("and")


def test_only_an_unquoted_ending_names_an_aggregate() -> None:
    assert read("metrics.a.b.max > 1") == Compare(Field("metric", "a.b", "max"), ">", 1.0)
    assert read("metrics.`a.b.max` > 1") == Compare(Field("metric", "a.b.max"), ">", 1.0)
    assert read("metrics.`a b`.min > 1") == Compare(Field("metric", "a b", "min"), ">", 1.0)
    assert read("metrics.max > 1") == Compare(Field("metric", "max"), ">", 1.0)
    assert read("metrics.auc.last > 1") == Compare(AUC, ">", 1.0)
    assert read("params.a.max = 1") == Compare(Field("param", "a.max"), "=", 1.0)


def test_keys_hold_what_keys_hold() -> None:
    for text, key in [
        ("metrics.val-loss > 1", "val-loss"),
        ("metrics.gpu/util@0 > 1", "gpu/util@0"),
        ("metrics.потеря > 1", "потеря"),
        ("metrics.`a``b` > 1", "a`b"),
        ('metrics."say ""hi""" > 1', 'say "hi"'),
    ]:
        assert read(text) == Compare(Field("metric", key), ">", 1.0)


def test_quotes_make_a_number_a_text() -> None:
    assert read("params.lr = 0.1") == Compare(Field("param", "lr"), "=", 0.1)
    assert read("params.lr = '0.1'") == Compare(Field("param", "lr"), "=", "0.1")
    assert read("params.lr = nan") == Compare(Field("param", "lr"), "=", "nan")
    assert read("params.lr < inf") == Compare(Field("param", "lr"), "<", math.inf)
    assert read("user = 42") == Compare(Field("attribute", "user"), "=", "42")
    assert read("params.model = 'it''s'") == Compare(MODEL, "=", "it's")


def test_times_without_a_zone_are_in_the_display_zone() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    assert parse("started_at > '2025-11-22 04:07'", zone=berlin, now=NOW) == Compare(STARTED, ">", NOW)
    assert parse("started_at > 2025-11-22T04:07+01:00", zone=UTC, now=NOW) == Compare(STARTED, ">", NOW)
    assert parse("started_at > 2025-11-22T03:07Z", zone=berlin, now=NOW) == Compare(STARTED, ">", NOW)
    midnight = NOW - 3 * HOUR - 7 * 60_000
    assert parse("started_at >= 2025-11-22", zone=berlin, now=NOW) == Compare(STARTED, ">=", midnight - HOUR)
    assert parse("started_at >= today", zone=timezone(timedelta(hours=-4)), now=NOW) == Compare(
        STARTED, ">=", midnight - DAY + 4 * HOUR
    )


def test_a_day_is_the_whole_day_even_when_clocks_change() -> None:
    node = parse("started_at = 2025-10-26", zone=ZoneInfo("Europe/Berlin"), now=NOW)
    assert isinstance(node, And)
    first, last = (part.value for part in node.parts if isinstance(part, Compare))
    assert isinstance(first, int)
    assert last == first + 25 * HOUR


def test_relative_times_count_from_now() -> None:
    assert read("started_at > -3d") == Compare(STARTED, ">", NOW - 3 * DAY)
    assert read("started_at > -1h30m") == Compare(STARTED, ">", NOW - 90 * 60_000)
    assert read("started_at > -2w") == Compare(STARTED, ">", NOW - 14 * DAY)
    assert read("age < 3d") == Compare(STARTED, ">", NOW - 3 * DAY)
    assert read("has age") == Has(STARTED)


def test_a_bare_key_is_a_field_when_it_is_known() -> None:
    keys = {"metric": ["auc", "a.b"], "param": ["lr", "auc"], "tag": ["team"]}
    assert parse("auc > 1", now=NOW, keys=keys) == Compare(AUC, ">", 1.0)
    assert parse("auc.max > 1", now=NOW, keys=keys) == Compare(Field("metric", "auc", "max"), ">", 1.0)
    assert parse("a.b > 1", now=NOW, keys=keys) == Compare(Field("metric", "a.b"), ">", 1.0)
    assert parse("lr = 1 team:risk", now=NOW, keys=keys) == And(
        (Compare(Field("param", "lr"), "=", 1.0), Compare(TEAM, ":", "risk"))
    )
    with pytest.raises(FilterError, match="Did you mean “team”"):
        parse("taem = 1", now=NOW, keys=keys)


@pytest.mark.parametrize(
    ("text", "column", "said"),
    [
        ("metrics.auc > ", 14, "A value is missing"),
        ("metrics.auc", 11, "A comparison is missing here"),
        ("metrics.auc > high", 14, "“high” is no number"),
        ("metrics.auc > nan", 14, "= nan"),
        ("metrics.auc like 'x'", 12, "does not go with a number: it takes =, !="),
        ("metrics. > 1", 0, "Write metrics.NAME"),
        ("a and statsu = failed", 6, "Did you mean “status”"),
        ("attributes.usr = 'x'", 0, "Did you mean “user”"),
        ("dataset.nam = 'x'", 0, "Did you mean “name”"),
        ("status = faild", 9, "Did you mean “failed”"),
        ("status:finished,faild", 16, "Did you mean “failed”"),
        ("status < failed", 7, "does not go with a status"),
        ("name ~ 'a('", 7, "This regular expression cannot be read: missing )"),
        ("name ~ '(?=a)'", 7, "This regular expression cannot be read"),
        ("(a or b", 0, "This “(” is never closed"),
        ("a or b)", 6, "There is no “(”"),
        ("a and", 5, "A condition is missing here"),
        ("and a", 0, "To search for the word, quote it"),
        ("a or or b", 5, "A condition is missing before “or”"),
        ("name = 'it", 7, "never closed"),
        ("name in 'a'", 8, "a list in parentheses"),
        ("name in ('a', )", 14, "A value is missing"),
        ("name in ('a' 'b')", 13, "goes on with “,”"),
        ("name is empty", 8, "“null” or “not null”"),
        ("has", 3, "The name of a field is missing"),
        ("started_at > soon", 13, "“soon” is no time: write 2026-05-01"),
        ("started_at > 2025-13-01", 13, "is no time"),
        ("started_at > inf", 13, "is no time"),
        ("duration > 5 parsecs", 11, ""),
        ("duration > 5y", 11, "“5y” is no duration"),
        ("age = 3d", 4, "does not go with an age"),
        ("name:", 5, "A value is missing"),
        ("name:''", 5, "A text to look for is missing"),
        ("''", 0, "nothing between these quotes"),
        ("http://x", 0, "put it in quotes"),
        ("name = 'a\0b'", 9, "not text"),
        ("name = '\ud800'", 8, "not text"),
    ],
)
def test_a_mistake_is_named_with_its_column(text: str, column: int, said: str) -> None:
    if text == "duration > 5 parsecs":  # a number, then a word to search for
        assert passes(text.replace("parsecs", "brave"))
        return
    wrong = refusal(text)
    assert (wrong.column, said in str(wrong)) == (column, True), str(wrong)


def test_what_would_exhaust_the_machine_is_refused() -> None:
    assert "nested deeper" in str(refusal("(" * 10_000))
    assert "nested deeper" in str(refusal("not " * 10_000 + "a"))
    assert "at most" in str(refusal("a " * 10_000))
    assert "longer than" in str(refusal("a" * 100_001))
    assert "longer than" in str(refusal(f"name like '{'%a' * 10_000}'"))
    assert "is no number" in str(refusal(f"metrics.auc > {'9' * 5_000}"))


def test_a_hostile_pattern_takes_no_time() -> None:
    run = Run(source="s", id="x", experiment_id="1", name="a" * 5_000, status="finished")
    assert not passes("name ~ '(a+)+$b'", run)
    assert not passes(f"name like '{'%a' * 200}b'", run)


@given(st.text(alphabet=st.sampled_from("metricsauparnol .'\"`()<>=!~:,0-9%andorinhs"), max_size=40))
@example("not in ('a')")
@example("`` = 1")
@example("metrics.'a' > 1")
@example("\u2028 a")
def test_any_text_is_read_or_refused_with_a_column(text: str) -> None:
    wrong: FilterError | None = None
    try:
        node = parse(text, now=NOW)
    except FilterError as error:
        wrong = error
    if wrong is None:
        assert parse(write(node), now=NOW) == node
    else:
        assert 0 <= wrong.column <= len(text)


def test_a_sort_names_a_field_and_a_direction() -> None:
    assert parse_sort("metrics.val_auc:desc") == Sort(Field("metric", "val_auc"), True)
    assert parse_sort("metrics.`a:b`.max:ASC") == Sort(Field("metric", "a:b", "max"))
    assert parse_sort("name") == Sort(NAME)
    assert parse_sort("age") == Sort(STARTED, True)
    assert parse_sort("age:desc") == Sort(STARTED)
    assert parse_sort("lr:desc", {"param": ["lr"]}) == Sort(Field("param", "lr"), True)
    with pytest.raises(FilterError, match="Did you mean “name”"):
        parse_sort("nmae:desc")
    with pytest.raises(FilterError, match="no field to order by"):
        parse_sort("name > 5")


@pytest.mark.parametrize(
    ("text", "number"),
    [("5", 5.0), (" 5\n", 5.0), ("1e-3", 0.001), ("-0", 0.0), ("1_000", 1000.0), ("0x10", None), ("nan", None),
     ("inf", None), ("1e400", None), ("１", None), ("", None), ("5 5", None)],
)  # fmt: skip
def test_a_label_is_a_number_where_python_reads_one(text: str, number: float | None) -> None:
    assert as_number(text) == number


def test_filters_that_must_hold_at_once_become_one() -> None:
    a, b = Words("a"), Words("b")
    assert all_of() is all_of(None, None) is None
    assert all_of(None, a) == a
    assert all_of(a, None, b) == And((a, b))
