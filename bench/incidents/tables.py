"""The team's data, as small tables that are really there: their digest is the MD5 that DVC would give."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Mapping
from typing import NamedTuple, TypeAlias

Row = tuple[str, ...]
ROWS = 400


class Table(NamedTuple):
    """Rows of text under their columns."""

    columns: tuple[str, ...]
    rows: tuple[Row, ...]

    @property
    def text(self) -> str:
        """As CSV."""
        return "\n".join(",".join(row) for row in (self.columns, *self.rows)) + "\n"

    @property
    def digest(self) -> str:
        """As DVC names this content."""
        return hashlib.md5(self.text.encode(), usedforsecurity=False).hexdigest()

    @property
    def fingerprint(self) -> str:
        """What Great Expectations names it by: a hash of what pandas made of it, which no other tool knows."""
        return hashlib.md5(b"frame of " + self.text.encode(), usedforsecurity=False).hexdigest()

    def column(self, name: str) -> list[str] | None:
        """The values of a column; None where there is none of that name."""
        if name not in self.columns:
            return None
        place = self.columns.index(name)
        return [row[place] for row in self.rows]

    @property
    def profile(self) -> dict[str, object]:
        """As MLflow's datasets have it."""
        nulls = {name: sum(not value for value in self.column(name) or ()) for name in self.columns}
        return {"num_rows": len(self.rows), "num_elements": len(self.rows) * len(self.columns), "null_count": nulls}

    def pointer(self, path: str) -> str:
        """The .dvc file that tracks it at this path."""
        name = path.rpartition("/")[2]
        return f"outs:\n- md5: {self.digest}\n  size: {len(self.text)}\n  hash: md5\n  path: {name}\n"


Stage: TypeAlias = tuple[str, Mapping[str, Table], Mapping[str, Table], Mapping[str, str]]
"""The command, what it read, what it wrote, and the values of params.yaml."""


def lock(stages: Mapping[str, Stage]) -> str:
    """dvc.lock of these stages."""
    lines = ["schema: '2.0'", "stages:"]
    for name, (command, read, wrote, params) in stages.items():
        lines += [f"  {name}:", f"    cmd: {command}"]
        for word, tables in (("deps", read), ("outs", wrote)):
            lines += [f"    {word}:"] if tables else []
            for path, table in tables.items():
                size = len(table.text)
                lines += [f"    - path: {path}", "      hash: md5", f"      md5: {table.digest}", f"      size: {size}"]
        if params:
            lines += [
                "    params:",
                "      params.yaml:",
                *(f"        {key}: {value}" for key, value in params.items()),
            ]
    return "\n".join(lines) + "\n"


def orders(
    number: int, *, nulls: float = 0.0, twice: float = 0.0, cents: bool = False, plan: str = "plan",
    plans: tuple[str, ...] = ("basic", "plus", "family"), rows: int = ROWS,
) -> Table:  # fmt: skip
    """The export of this number. `nulls` and `twice` are shares: of orders without a customer, and of doubled ones."""
    draw = random.Random(f"orders {number}")
    made: list[Row] = []
    for place in range(rows):
        amount = draw.lognormvariate(3.2, 0.5)
        customer = "" if draw.random() < nulls else f"c{draw.randrange(900):04}"
        told = f"{amount * 100:.0f}" if cents else f"{amount:.2f}"
        order = f"o{number:03}{max(0, place - (draw.random() < twice)):05}"
        made.append((order, customer, told, draw.choice(plans)))
    return Table(("order_id", "customer_id", "amount", plan), tuple(made))


def customers(number: int) -> Table:
    """Another table, of which nothing goes wrong."""
    draw = random.Random(f"customers {number}")
    regions = ("north", "south", "east", "west")
    rows = [(f"c{place:04}", draw.choice(regions), str(draw.randrange(1, 60))) for place in range(200 + number)]
    return Table(("customer_id", "region", "tenure"), tuple(rows))
