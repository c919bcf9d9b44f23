"""What MLflow's schema and profile of a dataset say, flat: a type a column, a number a key. Pure, and never an error.

Both are JSON that somebody logged: whatever is not understood is left out.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

import msgspec

MOST: Final = 5_000
"""Columns, or figures, of one dataset that are told apart."""
_DEEPEST: Final = 20
_LARGEST: Final = 1e300
"""Also false of NaN and the infinities."""
_ROWS: Final = ("num_rows", "row_count", "rows", "approx_count", "n_rows")
_SIZES: Final = ("size_in_bytes", "dataset_size", "features_nbytes", "num_bytes")
_NULL_COUNTS: Final = ("null_count", "null_counts", "num_nulls", "nulls", "missing", "num_missing", "n_missing", "na")
_NULL_SHARES: Final = ("null_rate", "null_rates", "null_fraction", "null_ratio", "missing_rate", "p_missing")


def parsed(text: str | None) -> Any:
    """JSON text as Python values; None where it is none, or too deep."""
    if not text:
        return None
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError, UnicodeError):
        pass
    try:
        return json.loads(text)  # Python's own writer logs NaN, which JSON has not
    except (ValueError, RecursionError):
        return None


def columns(schema: str | None) -> dict[str, str]:
    """Column -> type: `plan` -> `string, optional`; those within an object are `address.city`, of a list `tags[]`.

    MLflow's mlflow_colspec and mlflow_tensorspec (JSON, or JSON as text within); else a plain map of names to types.
    """
    content = parsed(schema)
    found: dict[str, str] = {}
    for name, kind in _columns(content):
        if len(found) >= MOST:
            break
        found.setdefault(name, kind)
    return found


def _columns(content: Any) -> Iterator[tuple[str, str]]:
    if not isinstance(content, dict):
        content = {"mlflow_colspec": content}
    if "mlflow_colspec" in content:
        yield from _listed(content["mlflow_colspec"])
    elif "mlflow_tensorspec" in content:
        yield from _tensors(content["mlflow_tensorspec"])
    else:
        yield from ((str(name), kind) for name, kind in content.items() if isinstance(kind, str))


def _listed(specs: Any, before: str = "") -> Iterator[tuple[str, str]]:
    specs = parsed(specs) if isinstance(specs, str) else specs
    for place, spec in enumerate(specs if isinstance(specs, list) else ()):
        if isinstance(spec, dict):
            yield from _column(before + str(spec.get("name", place)), spec, 0)


def _column(name: str, spec: Mapping[str, Any], depth: int) -> Iterator[tuple[str, str]]:
    """A column, and those within it."""
    optional = ", optional" if spec.get("required") is False or spec.get("optional") is True else ""
    tensor = spec.get("tensor-spec")
    if isinstance(tensor, dict):
        yield name, f"{tensor.get('dtype', 'tensor')} {_shape(tensor.get('shape'))}{optional}"
        return
    yield name, f"{spec.get('type', 'unknown')}{optional}"
    properties, items = spec.get("properties"), spec.get("items")
    if depth >= _DEEPEST:
        return
    for inner, of in properties.items() if isinstance(properties, dict) else ():
        if isinstance(of, dict):
            yield from _column(f"{name}.{inner}", of, depth + 1)
    if isinstance(items, dict):
        yield from _column(f"{name}[]", items, depth + 1)


def _tensors(spec: Any) -> Iterator[tuple[str, str]]:
    """Features and targets, each a list of tensors; one alone has no name."""
    spec = parsed(spec) if isinstance(spec, str) else spec
    for part, tensors in spec.items() if isinstance(spec, dict) else ():
        found = list(_listed(tensors, f"{part}."))
        yield from ((part, kind) for _, kind in found) if len(found) == 1 else found


def _shape(shape: Any) -> str:
    return f"({', '.join(map(str, shape[:_DEEPEST]))})" if isinstance(shape, list) else ""


def figures(profile: str | None) -> dict[str, float]:
    """Key -> number of all numbers in a profile: `num_rows`, `columns.plan.null_count`. NaN and infinities are none."""
    found: dict[str, float] = {}
    open_: list[tuple[str, Any, int]] = [("", parsed(profile), 0)]
    while open_ and len(found) < MOST:
        name, node, depth = open_.pop()
        if isinstance(node, bool):
            continue
        if isinstance(node, int | float) and name and abs(node) < _LARGEST:
            found[name] = node
        elif isinstance(node, dict | list) and depth < _DEEPEST:
            inner = node.items() if isinstance(node, dict) else enumerate(node[:MOST])
            inside = [(f"{name}.{key}" if name else str(key), value, depth + 1) for key, value in inner]
            open_ += reversed(inside[:MOST])
    return found


class Nulls(NamedTuple):
    """How much of a column is missing, 0 to 1."""

    column: str
    share: float


def null_shares(figures: Mapping[str, float]) -> dict[str, float]:
    """Column -> share of its values that are null, where the profile says it, or counts them and the rows."""
    rows = rows_of(figures)
    found: dict[str, float] = {}
    for key, value in figures.items():
        words = key.split(".")
        for known, scale in ((_NULL_SHARES, 1.0), (_NULL_COUNTS, rows)):
            named = next((place for place, word in enumerate(words) if word.casefold() in known), None)
            column = ".".join(word for place, word in enumerate(words) if place != named and word != "columns")
            if named is not None and column and scale:
                found.setdefault(column, value / scale)
    return {column: share for column, share in found.items() if 0 <= share <= 1}


def is_told_apart(key: str) -> bool:
    """Whether a figure is told by `null_shares`, `rows_of` or `size_of` already."""
    return key in (*_ROWS, *_SIZES) or any(word.casefold() in (*_NULL_COUNTS, *_NULL_SHARES) for word in key.split("."))


def rows_of(figures: Mapping[str, float]) -> int | None:
    """How many rows there are; of arrays, the length of the first."""
    for key in (*_ROWS, "features_shape.0", "shape.0"):
        if (found := _count(figures.get(key))) is not None:
            return found
    return None


def size_of(figures: Mapping[str, float]) -> int | None:
    """Bytes."""
    return next((size for key in _SIZES if (size := _count(figures.get(key))) is not None), None)


def _count(value: float | None) -> int | None:
    if value is None or value < 0 or not math.isfinite(value) or value != int(value):
        return None
    return int(value)
