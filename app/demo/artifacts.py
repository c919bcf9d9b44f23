"""The files that a finished run of the demo keeps: what the project's evaluate.py and train.py write."""

from __future__ import annotations

import json
import struct
import zlib
from pathlib import Path

from .exports import CUSTOMERS, Exports
from .plans import Plan
from .results import drift

HELD_OUT = CUSTOMERS // 5


def write_artifacts(folder: Path, plan: Plan, exports: Exports) -> None:
    """Write metrics.json, report.md, confusion_matrix.csv and .png, model/, and checks/ of a nightly training."""
    last = {name: round(points[-1].value, 4) for name, points in plan.curves.items() if not name.startswith("system/")}
    (folder / "model").mkdir(parents=True)
    (folder / "metrics.json").write_text(json.dumps(last, indent=2) + "\n")
    (folder / "confusion_matrix.csv").write_text(_confusion(last["precision"], last["recall"]))
    (folder / "confusion_matrix.png").write_bytes(_picture(last["precision"], last["recall"]))
    (folder / "report.md").write_text(_report(plan, last))
    rate, trees = float(plan.params["lr"]), len(plan.curves["val_loss"])
    stumps = [[place % 7, round(3.0 / (place + 1), 3), -rate, rate] for place in range(trees)]
    (folder / "model" / "model.json").write_text(json.dumps({"base": -0.36, "rate": rate, "trees": stumps}))
    (folder / "model" / "params.yaml").write_text("".join(f"{key}: {value}\n" for key, value in plan.params.items()))
    orders = next((use.number for use in plan.datasets if use.name == "orders"), None)
    if plan.tags["purpose"] == "nightly" and orders is not None:
        (folder / drift.PATH).parent.mkdir()
        (folder / drift.PATH).write_text(json.dumps(drift.report(exports, orders), indent=1) + "\n")


def _confusion(precision: float, recall: float) -> str:
    churned = round(HELD_OUT * 0.4)
    hits = round(churned * recall)
    wrong = round(hits / max(0.01, precision)) - hits
    rows = ((0, 0, HELD_OUT - churned - wrong), (0, 1, wrong), (1, 0, churned - hits), (1, 1, hits))
    return "label,called,count\n" + "".join(f"{label},{called},{count}\n" for label, called, count in rows)


def _picture(precision: float, recall: float) -> bytes:
    """The same as a picture: four grey squares of 48 pixels, the darker the more customers."""
    lines = _confusion(precision, recall).splitlines()[1:]
    counts = [int(line.rpartition(",")[2]) for line in lines]
    greys = [255 - round(230 * count / max(counts)) for count in counts]
    rows = [b"\0" + bytes([greys[half]] * 48 + [greys[half + 1]] * 48) for half in (0, 2) for _ in range(48)]
    chunks = (
        (b"IHDR", struct.pack(">IIBBBBB", 96, 96, 8, 0, 0, 0, 0)),
        (b"IDAT", zlib.compress(b"".join(rows))),
        (b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in chunks
    )


def _report(plan: Plan, last: dict[str, float]) -> str:
    lines = [f"# {plan.name}", "", f"Trained by {plan.user} ({plan.tags['purpose']}).", "", "| metric | value |"]
    lines += ["| --- | ---: |", *(f"| {name} | {value} |" for name, value in last.items()), "", "Data:", ""]
    lines += [f"- {use.name}@{use.digest} ({use.context})" for use in plan.datasets]
    return "\n".join(lines) + "\n"
