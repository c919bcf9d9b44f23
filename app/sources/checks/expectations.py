"""One expectation of Great Expectations in the words of all tools: its name, its rule, what was seen and wanted."""

from __future__ import annotations

import re
from collections.abc import Mapping

from ...records.check import Limit
from .masking import cut, figure, without_addresses
from .wording import listed, rule_text, value_text

Kwargs = Mapping[str, object]

_COLUMNS = ("column", "column_A", "column_B")
_LISTS = ("column_list", "columns")
_NO_RULE = {
    "batch_id", "result_format", "include_config", "catch_exceptions", "meta", "severity", "auto", "profiler_config",
    "table", "data_asset_name", "batch_request", "notes", "description", "rendered_content", "windows",
}  # fmt: skip
_SETS = ("value_set", "column_set", "type_list", "type_list_", "value_pairs_set")  # their order says nothing
_NAMES = {
    "expect_column_to_exist": "exists",
    "expect_column_type_to_be": "of_type",
    "expect_column_values_to_be_between": "between",
    "expect_column_values_to_be_in_set": "accepted_values",
    "expect_column_values_to_not_be_in_set": "rejected_values",
    "expect_column_pair_values_to_be_in_set": "accepted_values",
    "expect_column_values_to_be_in_type_list": "of_type",
    "expect_column_pair_values_a_to_be_greater_than_b": "greater_than",
    "expect_compound_columns_to_be_unique": "unique",
    "expect_multicolumn_values_to_be_unique": "unique",
    "expect_column_pair_values_to_be_equal": "equal_to",
    "expect_multicolumn_sum_to_equal": "sum",
    "unexpected_rows_expectation": "unexpected_rows",
    "expect_query_results_to_match_comparison": "matches_comparison",
}
_NOISE = re.compile(
    r"^expect_(?:column_values_|column_pair_values_|select_column_values_|multicolumn_values_|column_|table_)?"
)
_BOUND = re.compile(r"_to_(?:be_between|equal|be_less_than|be_greater_than)$")
_MAPS = re.compile(
    r"^expect_(?:column_values_|column_value_|column_pair_values_|select_column_|compound_|multicolumn_)"
)
_TYPE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.\[\], ()<>]{0,60}")
_SEVERITIES = {"info": 1, "warning": 2, "critical": 3}
_SEVEREST = "critical"


def columns(type_: str, kwargs: Kwargs) -> str:
    """The column, or all of them where the rule is about several: dropoff, pickup. "" for rules about the table."""
    if type_.startswith("expect_table_"):
        return ""
    named = [value_text(kwargs[key]) for key in _COLUMNS if key in kwargs]
    if not named:
        lists = (value for key in _LISTS if isinstance(value := kwargs.get(key), list))
        named = [value_text(name) for name in next(lists, [])]
    return cut(", ".join(name for name in named if name), 200)


def name(type_: str, kwargs: Kwargs) -> str:
    """not_null(customer_id), mean(fare), row_count: what is asserted, without the numbers of the rule."""
    short = _NAMES.get(type_) or _short(type_)
    about = columns(type_, kwargs)
    return f"{short}({about})" if about else short


def definition(type_: str, kwargs: Kwargs, severity: str) -> str:
    """The rule as canonical JSON: the order of keys and of sets, 100 for 100.0 and the batch make no other rule."""
    rule = {key: value for key, value in kwargs.items() if key not in _NO_RULE and value is not None}
    if _MAPS.match(type_):
        rule.setdefault("mostly", 1)
    rule["severity"] = severity or _SEVEREST  # so that an update of the tool, which then tells it, changes no rule
    return rule_text(type_, rule, _SETS)


def limits(type_: str, kwargs: Kwargs, severity: str) -> tuple[Limit, ...]:
    """The numbers by which the rule is told to be looser or stricter."""
    known: list[tuple[str, object, bool]] = [
        ("mostly", kwargs.get("mostly", 1 if _MAPS.match(type_) else None), True),
        ("min_value", kwargs.get("min_value"), True),
        ("max_value", kwargs.get("max_value"), False),
        ("threshold", kwargs.get("threshold"), False),
        ("severity", _SEVERITIES.get(severity or _SEVEREST), True),
    ]
    return tuple(
        Limit(name=key, value=float(value), strict="higher" if is_higher else "lower")
        for key, value, is_higher in known
        if isinstance(value, int | float) and figure(value) is not None
    )


def expected(type_: str, kwargs: Kwargs) -> str | None:
    """What would have passed, in words: 0 to 100, in at least 90 %."""
    mostly = kwargs.get("mostly")
    share = figure(mostly * 100) if isinstance(mostly, int | float) and mostly != 1 else None
    rule = _wanted(type_, kwargs)
    if share is None:
        return cut(without_addresses(rule), 200) if rule else None
    return cut(without_addresses(f"{rule}, in at least {share} %" if rule else f"at least {share} %"), 200)


def observed(type_: str, value: object) -> str | None:
    """An observed value where it is a number, a name of a type, or how many there are of what is not told."""
    if (shown := figure(value)) is not None:
        return shown
    if isinstance(value, list):
        thing = "column" if type_.startswith("expect_table_") else "value"
        return f"{len(value)} {thing}" + ("" if len(value) == 1 else "s")
    if isinstance(value, dict) and isinstance(values := value.get("values"), list) and "quantiles" in value:
        figures = [figure(one) for one in values[:10]]
        return ", ".join(one for one in figures if one) if all(figures) and figures else None
    if isinstance(value, str) and "type" in type_ and _TYPE_NAME.fullmatch(value):
        return value
    return value if isinstance(value, str) and re.fullmatch(r"\d{1,12} unexpected rows?", value) else None


def _short(type_: str) -> str:
    """A custom expectation keeps the words that its author gave it: expect_fares_to_be_legal is fares_to_be_legal."""
    rest = _BOUND.sub("", _NOISE.sub("", type_)).replace("_to_match_", "_match_")
    return cut(without_addresses(re.sub(r"^to_(not_)?(?:be_)?", r"\1", rest) or type_), 120)


def _wanted(type_: str, kwargs: Kwargs) -> str:
    if (plain := _PLAIN.get(type_)) is not None:
        return plain
    if type_.endswith(("_to_be_unique", "_to_be_unique_within_record")):
        return "no duplicates"
    if "column_A" in kwargs and (sign := _SIGNS.get(type_)):
        sign = "≥" if sign == ">" and kwargs.get("or_equal") else sign
        return f"{value_text(kwargs['column_A'])} {sign} {value_text(kwargs.get('column_B'))}"
    for key, said in _SAID.items():
        if (value := kwargs.get(key)) is not None:
            return f"{said} {listed(value)}".strip()
    if isinstance(names := kwargs.get("column_list"), list) and type_.startswith("expect_table_"):
        return f"columns {listed(names)}"
    return _bounds(kwargs)


_PLAIN = {
    "expect_column_values_to_not_be_null": "no nulls",
    "expect_column_values_to_be_null": "nulls only",
    "expect_column_to_exist": "the column is there",
    "unexpected_rows_expectation": "no such rows",
}
_SIGNS = {"expect_column_pair_values_a_to_be_greater_than_b": ">", "expect_column_pair_values_to_be_equal": "="}
_SAID = {
    "value_set": "one of", "value_pairs_set": "one of", "regex": "matches", "regex_list": "matches", "type_": "type",
    "type_list": "type", "column_set": "columns", "strftime_format": "as",
    "like_pattern": "like", "sum_total": "sum of", "value": "",
}  # fmt: skip


def _bounds(kwargs: Kwargs) -> str:
    least, most = kwargs.get("min_value"), kwargs.get("max_value")
    if least is None and most is None:
        return ""
    if most is None:
        return f"{'more than' if kwargs.get('strict_min') else 'at least'} {value_text(least)}"
    if least is None:
        return f"{'less than' if kwargs.get('strict_max') else 'at most'} {value_text(most)}"
    return f"{value_text(least)} to {value_text(most)}"
