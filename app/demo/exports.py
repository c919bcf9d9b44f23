"""The shop's exports: orders, customers and payments, which grow from one to the next.

Every export is a real file whose md5 the repository tracks as DVC does. Who leaves is decided by what the
features can see (few and old orders, failed payments, young customers), so that a model finds something.
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from ..records import Millis
from .history import guests_since
from .team import DAY, seeded

CUSTOMERS = 700
COLUMNS = {
    "customers": ("customer_id", "plan", "region", "tenure_months", "churned"),
    "orders": ("order_id", "customer_id", "ordered_at", "amount", "returned"),
    "payments": ("payment_id", "customer_id", "paid_at", "amount", "failed"),
}
TYPES = {
    "customer_id": "string", "plan": "string", "region": "string", "tenure_months": "long", "churned": "boolean",
    "order_id": "string", "ordered_at": "datetime", "amount": "double", "returned": "boolean",
    "payment_id": "string", "paid_at": "datetime", "failed": "boolean",
}  # fmt: skip
GUEST_SHARE = 0.031
SAMPLE = 240
"""Customers in the sample."""
Row = tuple[str, ...]


class Exports:
    """All exports up to now. `made` says when those of each dataset were made, the first one first."""

    def __init__(self, now: Millis, made: Mapping[str, Sequence[Millis]], seed: int) -> None:
        self._now = now
        self._today = datetime.fromtimestamp(now / 1000, UTC).date()
        self._exports = made
        self._seed = seed
        self._guests = guests_since()
        self._customers = [self._customer(number) for number in range(CUSTOMERS)]
        self._made: dict[tuple[str, int], bytes] = {}

    def text(self, name: str, number: int) -> bytes:
        """One export as CSV."""
        if (name, number) not in self._made:
            self._made[name, number] = _csv(COLUMNS[name], self._rows(name, number))
        return self._made[name, number]

    def sample(self, name: str) -> bytes:
        """The first export, narrowed to its first customers."""
        if (name, 0) not in self._made:
            place = COLUMNS[name].index("customer_id")
            rows = [row for row in self._rows(name, 1) if row[place] < _customer_id(SAMPLE)]
            self._made[name, 0] = _csv(COLUMNS[name], rows)
        return self._made[name, 0]

    def digest(self, name: str, number: int) -> str:
        """The md5 of one export, as DVC names it."""
        return hashlib.md5(self.text(name, number), usedforsecurity=False).hexdigest()

    def profile(self, name: str, number: int) -> dict[str, object]:
        """Row count and nulls of one export."""
        _, *rows = csv.reader(self.text(name, number).decode().splitlines())
        nulls = {key: sum(not row[place] for row in rows) for place, key in enumerate(COLUMNS[name])}
        return {
            "num_rows": len(rows),
            "num_elements": len(rows) * len(COLUMNS[name]),
            "null_count": nulls,
        }

    def pointer(self, name: str, number: int) -> str:
        """The .dvc file that tracks an export."""
        size = len(self.text(name, number))
        return f"outs:\n- md5: {self.digest(name, number)}\n  size: {size}\n  hash: md5\n  path: {name}.csv\n"

    def lock(self, numbers: Mapping[str, int]) -> str:
        """dvc.lock: which data the training stage last saw."""
        lines = ["schema: '2.0'", "stages:", "  train:", "    cmd: python -m pipeline.train", "    deps:"]
        for name, number in sorted(numbers.items()):
            size = len(self.text(name, number))
            lines += [
                f"    - path: data/{name}.csv",
                "      hash: md5",
                f"      md5: {self.digest(name, number)}",
                f"      size: {size}",
            ]
        return "\n".join(lines) + "\n"

    def store(self, root: Path) -> None:
        """Write the newest exports to data/ and all of them to DVC's cache."""
        for name, made in self._exports.items():
            for number in range(1, len(made) + 1):
                digest = self.digest(name, number)
                place = root / ".dvc" / "cache" / "files" / "md5" / digest[:2] / digest[2:]
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_bytes(self.text(name, number))
            (root / "data" / f"{name}.csv").write_bytes(self.text(name, len(made)))

    def _rows(self, name: str, number: int) -> list[Row]:
        rows = {"customers": self._customer_rows, "orders": self._order_rows, "payments": self._payment_rows}
        return rows[name](number)

    def _until(self, name: str, number: int) -> int:
        """How many days ago an export was made."""
        return int((self._now - self._exports[name][number - 1]) // DAY)

    def _customer(self, number: int) -> tuple[Row, float]:
        """A customer's row, and how likely they are to leave (0 to 1)."""
        draw = seeded(self._seed, f"customer {number}")
        tenure = draw.randrange(1, 60)
        plan = draw.choices(("basic", "plus", "family"), (5, 3, 2))[0]
        region = draw.choice(("north", "south", "east", "west"))
        leaning = min(0.97, max(0.03, draw.betavariate(0.32, 0.5) + (0.12 if tenure < 6 else -0.04)))
        churned = "1" if draw.random() < leaning else "0"
        return (_customer_id(number), plan, region, str(tenure), churned), leaning

    def _customer_rows(self, number: int) -> list[Row]:
        share = 0.75 + 0.25 * number / len(self._exports["customers"])
        return [row for row, _ in self._customers[: int(CUSTOMERS * share)]]

    def _order_rows(self, number: int) -> list[Row]:
        until = self._until("orders", number)
        rows: list[Row] = []
        for (customer, *_), leaning in self._customers:
            draw = seeded(self._seed, f"orders {customer}")
            for _ in range(round((1.1 - leaning) * 5 * draw.uniform(0.6, 1.4))):
                ago = int(draw.triangular(0, 150, 150 * leaning))
                amount = draw.lognormvariate(3.2, 0.5)
                returned = "1" if draw.random() < 0.04 + 0.12 * leaning else "0"
                guest = number >= self._guests and draw.random() < GUEST_SHARE
                if ago >= until:
                    day = self._today - timedelta(days=ago)
                    rows.append(("", "" if guest else customer, day.isoformat(), f"{amount:.2f}", returned))
        rows.sort(key=lambda row: row[2])
        return [(f"o{place:06}", *row[1:]) for place, row in enumerate(rows)]

    def _payment_rows(self, number: int) -> list[Row]:
        until = self._until("payments", number)
        rows: list[Row] = []
        for (customer, *_), leaning in self._customers:
            draw = seeded(self._seed, f"payments {customer}")
            for month in range(4):
                ago = 30 * month + draw.randrange(28)
                failed = "1" if draw.random() < 0.02 + 0.22 * leaning**2 else "0"
                if ago >= until:
                    day = self._today - timedelta(days=ago)
                    rows.append(("", customer, day.isoformat(), f"{draw.choice((9, 15, 24)):.2f}", failed))
        rows.sort(key=lambda row: row[2])
        return [(f"p{place:06}", *row[1:]) for place, row in enumerate(rows)]


def schema(name: str) -> dict[str, object]:
    """A dataset's columns, as MLflow writes them."""
    columns = [{"type": TYPES[key], "name": key, "required": True} for key in COLUMNS[name]]
    return {"mlflow_colspec": columns}


def _customer_id(number: int) -> str:
    return f"c{number:05}"


def _csv(columns: Row, rows: list[Row]) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return out.getvalue().encode()
