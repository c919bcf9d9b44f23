"""The filter grammar: text -> tree -> SQL with bound parameters, and what it means in plain Python.

    parse(text, zone=..., now=...) -> Node | None      raises FilterError with the column
    parse_sort("metrics.val_auc:desc") -> Sort
    parse(text, vocabulary=PIPELINES, now=...)         the same grammar for others: MODELS, CHECKS, DATASETS ...
    write(node) -> text
    matches(node, run) -> bool                         one record, without SQL; also matches_pipeline, _model ...
    sql.test, sql.source, sql.value                    what store/order.py asks SQLite; pipeline_sql, model_sql ...

Pure: no connection, no clock, no settings. `register_functions` gives a connection the few functions that
SQLite lacks.
"""

from __future__ import annotations

from .attention_values import attention_values, matches_attention
from .check_values import check_values, matches_check
from .evaluate import matches, matches_pipeline, passes, pipeline_values
from .event_values import event_values, matches_event
from .model_values import matches_model, matches_version, model_values, version_values
from .parser import parse, parse_sort
from .resource_values import matches_resource, resource_values
from .series_values import SeriesFacts, matches_series, series_values
from .sql import register_functions
from .texts import as_number
from .tree import And, Compare, Field, Has, Node, Not, Or, Sort, Words, all_of, leaves
from .vocabulary import (
    ATTENTIONS,
    CHECKS,
    DATASETS,
    EVENTS,
    MODELS,
    PIPELINES,
    RESOURCES,
    RUNS,
    SERIES,
    VERSIONS,
    Vocabulary,
)
from .writing import write, write_field, write_sort

__all__ = [
    "ATTENTIONS", "CHECKS", "DATASETS", "EVENTS", "MODELS", "PIPELINES", "RESOURCES", "RUNS", "SERIES", "VERSIONS",
    "And", "Compare", "Field", "Has", "Node", "Not", "Or", "SeriesFacts", "Sort", "Vocabulary", "Words", "all_of",
    "as_number", "attention_values", "check_values", "event_values", "leaves", "matches", "matches_attention",
    "matches_check", "matches_event", "matches_model", "matches_pipeline", "matches_resource", "matches_series",
    "matches_version", "model_values", "parse", "parse_sort", "passes", "pipeline_values", "register_functions",
    "resource_values", "series_values", "version_values", "write", "write_field", "write_sort",
]  # fmt: skip
