"""What a test of dbt is called, and what it is about: by the manifest, or by no more than its id."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from ..documents import ABSENT, Raw, small, text
from ..expectations import name as expectation
from ..masking import cut, masked, without_addresses
from .manifest import Node, TestMetadata

_SAME: Final = {
    "accepted_range": "between", "not_accepted_values": "rejected_values", "relationships_where": "relationships",
    "unique_combination_of_columns": "unique", "sequential_values": "sequential",
}  # fmt: skip
_CORE: Final = ("not_null", "unique", "accepted_values", "relationships")
_LISTS: Final = ("combination_of_columns", "column_list")
_HASH: Final = re.compile(r"\.[0-9a-f]{10}$")
_OF: Final = re.compile(r"""(?:ref|source)\(([^()]{1,300})\)""")
_QUOTES: Final = "\"'`[] "
_LONGEST: Final = 120
_MOST_WORDS: Final = 50  # of the name of a test, each pair of which may bound the name of a table


class Asserted(NamedTuple):
    """Name, dataset and column of a check."""

    name: str
    dataset: str = ""
    column: str = ""


def dataset_of(uid: str) -> str:
    """The id of a node without its kind: shop.orders of model.shop.orders, shop.raw.orders of a source."""
    return uid.partition(".")[2]


def package_of(uid: str) -> str:
    """The project or package that a node belongs to."""
    return uid.split(".", 2)[1] if uid.count(".") else ""


def asserted(uid: str, node: Node | None, datasets: Mapping[str, str]) -> Asserted:
    """What a test or unit test asserts. `datasets`: ids without their kind, by the names of the nodes in the file."""
    if uid.startswith("unit_test."):
        model, _, case = uid.removeprefix("unit_test.").rpartition(".")
        return Asserted(f"unit_test({case})", model)
    if node is None:
        return _by_id(uid, datasets)
    dataset = dataset_of(_about(node))
    if node.test is None or not node.test.name:
        return Asserted(_short(node.name) or _bare(uid), dataset)
    return _generic(node, node.test, dataset)


def by_name(uids: Iterable[str]) -> dict[str, str]:
    """Ids of models, seeds, snapshots and sources without their kind, by the name that ids of tests have in them.

    Tests of sources begin with `source_`: so do the names of sources here.
    """
    found = {}
    for uid in uids:
        kind, _, rest = uid.partition(".")
        if kind in ("model", "seed", "snapshot"):
            found[rest.partition(".")[2].partition(".")[0]] = rest
        elif kind == "source":
            found["source_" + rest.partition(".")[2].replace(".", "_")] = rest
    return found


def _generic(node: Node, test: TestMetadata, dataset: str) -> Asserted:
    column = (node.column or _text(test.kwargs.get("column_name"))).strip(_QUOTES)
    columns = column or ", ".join(name.strip(_QUOTES) for name in _listed(test.kwargs))
    name = _called(test.name, columns, _text(test.kwargs.get("expression")))
    return Asserted(cut(f"{name} {_own_name(node, test)}".strip(), _LONGEST), dataset, cut(columns, _LONGEST))


def _own_name(node: Node, test: TestMetadata) -> str:
    """The name that a project gave to its use of a generic test; "" for those that dbt puts together."""
    own = node.name.removeprefix("source_")
    made = (test.name, f"{test.namespace}_{test.name}")
    return "" if own.startswith(made) else _short(node.name)


def _called(kind: str, columns: str, expression: str = "") -> str:
    if kind.startswith("expect_"):
        return expectation(kind, {"column": columns} if columns else {})
    about = columns or _without_numbers(masked(expression))
    short = _SAME.get(kind, kind)
    return f"{short}({about})" if about else short


def _about(node: Node) -> str:
    """The id of the node that a test is about: of several, the one that the macro is called for, else the first."""
    if node.attached or len(node.parents) < 2 or node.test is None:
        return node.attached or next(iter(node.parents), "")
    called = _OF.search(_text(node.test.kwargs.get("model")))
    names = [name.strip(_QUOTES) for name in called[1].split(",")] if called else []
    ending = "." + ".".join(name for name in names if "=" not in name)
    return next((uid for uid in node.parents if f"{uid}.".endswith(f"{ending}.")), node.parents[-1])


def _by_id(uid: str, datasets: Mapping[str, str]) -> Asserted:
    """By `test.<package>.<name>.<hash>`: where the name of a table ends is told by the tables in the same file."""
    bare = _bare(uid)
    of = "source_" if bare.startswith(tuple(f"source_{kind}_" for kind in _CORE)) else ""
    bare = bare.removeprefix(of)
    if not _HASH.search(uid) and not bare.startswith(tuple(f"{kind}_" for kind in _CORE)):
        return Asserted(_short(of + bare))  # a test that is a file of its own; others have had a hash since dbt 0.20
    if found := _table(bare, of, datasets):
        begin, end = found
        return _split(bare[: begin - 1], bare[end + 1 :], datasets[of + bare[begin:end]])
    kind = next((kind for kind in _CORE if bare.startswith(f"{kind}_")), "")
    return Asserted(_called(kind, _short(_first(bare.removeprefix(f"{kind}_"))))) if kind else Asserted(_short(bare))


def _split(kind: str, rest: str, dataset: str) -> Asserted:
    """Kind, and what stands after the table: the column and what else the test was given, in the order of its keys."""
    kind = kind.removeprefix("dbt_utils_").removeprefix("dbt_expectations_")
    words = [word for word in rest.split("__") if word.strip("_") and not word.strip("_")[0].isdigit()]
    if kind in _CORE:
        words = [_first(rest)]
    elif kind != "unique_combination_of_columns":
        words = words[:1]
    column = "" if kind == "expression_is_true" else ", ".join(word.strip("_") for word in words)
    return Asserted(_called(kind, _short(column), _short(rest) if not column else ""), dataset, _short(column))


def _table(bare: str, of: str, datasets: Mapping[str, str]) -> tuple[int, int] | None:
    """Where in the name of a test the first table stands, and of those that begin there the longest."""
    cuts = [at for at, letter in enumerate(bare[:300]) if letter == "_"][:_MOST_WORDS]
    for begin in cuts:
        for end in (len(bare), *reversed(cuts)):
            if end > begin + 1 and of + bare[begin + 1 : end] in datasets:
                return begin + 1, end
    return None


def _bare(uid: str) -> str:
    return _HASH.sub("", uid).split(".", 2)[-1]


def _first(rest: str) -> str:
    """The column of `status__placed__shipped`: values that a rule lists are no part of a name."""
    return rest.partition("__")[0] or rest.strip("_")


def _short(name: str) -> str:
    return cut(without_addresses(name), _LONGEST)


def _without_numbers(said: str) -> str:
    return cut(re.sub(r"\d+(?:\.\d+)?", "#", said), 60)


def _listed(kwargs: Mapping[str, Raw]) -> list[str]:
    return next((names for key in _LISTS if (names := small(kwargs.get(key, ABSENT), list[str]))), [])


def _text(raw: Raw | None) -> str:
    return text(raw) if raw is not None else ""
