"""A cache of a million runs, and how fast a filter and a sort answer over it.

    python bench/million.py [FILE] [RUNS]

prints, for a dozen questions, the milliseconds to the first window, to the exact count and to the whole list.
Everything is computed from the run's number by a multiplicative hash, so two builds hold the same rows.
"""

from __future__ import annotations

import sqlite3
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from quarterdeck.app.query import as_number, parse, parse_sort, register_functions
from quarterdeck.app.store.order import RunOrder
from quarterdeck.app.store.schema import TABLES, VERSION

NOW = 1_760_000_000_000
METRICS = ("val_auc", "val_loss", "train_loss", "train_auc", "f1", "precision@10", "lr_now", "gpu/util")
PARAMS = ("model", "depth", "lr", "batch_size", "seed", "features")
TAGS = ("team", "stage", "note")
INDEXES = ("CREATE INDEX", "CREATE UNIQUE INDEX")
ADJECTIVES = "brave calm plain eager shy bold quick proud mild keen stark wry odd fair deft glad".split()
NOUNS = "cod ox fox elk owl yak bee ant jay hen ram cat dog emu gnu koi".split()

# rows are made in the order of their primary keys, so every insert is an append
RUNS = """
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :runs),
h(i, a, b, c) AS (SELECT i, hash(i, 1), hash(i, 2), hash(i, 3) FROM n)
INSERT INTO run SELECT i, 1, printf('%08x%08x%08x%08x', a, b, c, i),
    CASE WHEN i % 50 = 0 THEN 2 WHEN i % 1000 = 1 THEN 3 ELSE 1 END,
    word(a, 0) || '-' || word(b, 1) || '-' || (i % 1000),
    CASE WHEN c % 100 < 90 THEN 'finished' WHEN c % 100 < 97 THEN 'failed' WHEN c % 100 < 99 THEN 'killed'
         WHEN c % 1000 < 998 THEN 'deleted' ELSE 'running' END,
    :now - i * 20000 - a % 20000,
    CASE WHEN c % 1000 < 998 THEN :now - i * 20000 - a % 20000 + 1000 + b % 9000000 END,
    CASE b % 5 WHEN 0 THEN 'ann' WHEN 1 THEN 'bo' WHEN 2 THEN 'cy' WHEN 3 THEN 'dee' ELSE 'eve' END,
    CASE WHEN i % 7 THEN printf('%040x', hash(i / 40, 9)) END,
    CASE WHEN i % 20 > 15 THEN printf('%08x%08x%08x%08x', hash(i - i % 20 + 15, 1), hash(i - i % 20 + 15, 2),
         hash(i - i % 20 + 15, 3), i - i % 20 + 15) END,
    's3://runs/' || (i % 50) || '/' || printf('%08x', a) || '/artifacts', zeroblob(16), :now
FROM h
"""
METRIC_ROWS = """
INSERT INTO metric SELECT run.id, key.id,
    CASE WHEN (hash(run.id, key.id) >> 7) % 97 = 0 THEN NULL
         WHEN key.name = 'f1' THEN (hash(run.id, key.id) % 101) / 100.0
         WHEN key.name = 'gpu/util' THEN 0.0
         ELSE hash(run.id, key.id) / 4294967296.0 END,
    CASE WHEN (hash(run.id, key.id) >> 7) % 97 = 0 THEN 'nan' ELSE 'finite' END, 100, :now
FROM run CROSS JOIN key ON key.experiment = run.experiment AND key.kind = 'metric'
WHERE key.name NOT IN ('lr_now', 'precision@10') OR hash(run.id, 77) % 20 = 0
"""
LABELS: dict[str, Callable[[int], str]] = {
    "model": lambda i: ("xgb", "lgbm", "mlp", "tabnet", "linear", "catboost")[i % 6],
    "depth": lambda i: str(i % 12 + 1),
    "lr": lambda i: repr(i / 50_000) if i % 3 else f"{i / 50_000:.6e}",
    "batch_size": lambda i: str(2 ** (i % 8 + 3)),
    "seed": str,
    "features": lambda i: f"v{i % 40}" if i % 41 else "none",
    "team": lambda i: ("risk", "growth", "risk-eu", "core")[i % 4],
    "stage": lambda i: ("dev", "test", "prod")[i % 3],
    "note": lambda i: f"try {i} of the {ADJECTIVES[i % 16]} ones",
}
DISTINCT = {
    "model": 6, "depth": 12, "lr": 50_000, "batch_size": 8, "seed": 1_000, "features": 1_640, "team": 4,
    "stage": 3, "note": 20_000,
}  # fmt: skip
# the labels of key k and of its n distinct values are first[k] .. first[k] + n - 1; a run takes one by its hash
LABEL_ROWS = """
INSERT INTO run_label SELECT run.id, span.first + hash(run.id, span.key) % span.distinct_values
FROM run CROSS JOIN span ON span.experiment = run.experiment
WHERE span.name != 'note' OR run.id % 10 = 0
"""
DATASET_ROWS = """
INSERT INTO run_dataset SELECT id, hash(id, 5) % 60 + 1, 'training' FROM run WHERE id % 9
"""
EXTREME_ROWS = """
INSERT INTO extreme SELECT run, key, value - 0.1, value + 0.1, 'complete' FROM metric
WHERE key = (SELECT id FROM key WHERE experiment = 1 AND name = 'val_auc') AND run <= 5000 AND value IS NOT NULL
"""
QUESTIONS = (
    ("", "started_at:desc"),
    ("", "metrics.val_auc:desc"),
    ("", "metrics.lr_now:desc"),
    ("", "metrics.f1:desc"),
    ("", "metrics.gpu/util:asc"),
    ("", "params.lr:asc"),
    ("", "params.model:asc"),
    ("", "name:asc"),
    ("", "duration:desc"),
    ("", "user:asc"),
    ("metrics.val_auc > 0.5", "metrics.val_loss:asc"),
    ("metrics.val_auc > 0.9999 and status:finished", "metrics.val_loss:asc"),
    ("params.seed = 17", "metrics.val_auc:desc"),
    ("metrics.lr_now > 0.2 and metrics.f1 > 0.5", "metrics.val_auc:desc"),
    ("not has metrics.lr_now", "metrics.lr_now:asc"),
    ("name ~ '^brave-.*-17$'", "started_at:desc"),
    ("name ~ 'no such'", "metrics.val_auc:desc"),
    ("name ilike '%FOX-99%'", "metrics.val_auc:desc"),
    ("params.features like 'v3%'", "metrics.val_auc:desc"),
    ("tags.note ~ 'of the (bold|shy)'", "metrics.val_auc:desc"),
    ("status:failed or (params.model = 'xgb' and not user = 'ann')", "metrics.val_auc:desc"),
    ("not (metrics.val_loss > 0.2 or tags.team ~ '^risk')", "metrics.val_loss:desc"),
    ("params.lr < 0.001 and params.depth in (3, 4)", "params.lr:desc"),
    ("fox-17", "started_at:desc"),
    ("deadbeef", "metrics.val_auc:desc"),
    ("dataset:orders3 duration > 2h", "duration:desc"),
    ("started_at > -2d", "metrics.val_auc:desc"),
)


def _hash(number: int, salt: int) -> int:
    return ((number * 2_654_435_761 + salt * 40_503) ^ (number * 97 >> 3)) * 2_246_822_519 >> 8 & 0xFFFFFFFF


def _word(number: int, which: int) -> str:
    return (ADJECTIVES, NOUNS)[which][(number >> 5) % 16]


def build(path: Path, runs: int = 1_000_000) -> None:
    """Writes a cache of `runs` runs in three experiments at `path`. Indexes come last: one sort each."""
    path.unlink(missing_ok=True)
    connection = sqlite3.connect(path)
    connection.create_function("hash", 2, _hash, deterministic=True)
    connection.create_function("word", 2, _word, deterministic=True)
    for pragma in ("journal_mode = off", "synchronous = off", "cache_size = -400000", "temp_store = memory"):
        connection.execute(f"PRAGMA {pragma}")
    statements = [part.strip() for part in TABLES.split(";") if part.strip()]
    for statement in statements:
        if not statement.startswith(INDEXES):
            connection.execute(statement)
    _fill(connection, runs)
    for statement in statements:
        if statement.startswith(INDEXES):
            connection.execute(statement)
    connection.execute(f"PRAGMA user_version = {VERSION}")
    connection.commit()
    connection.execute("PRAGMA journal_mode = wal")
    connection.close()


def _fill(connection: sqlite3.Connection, runs: int) -> None:
    connection.execute("INSERT INTO source (id, key, kind, name, state) VALUES (1, 'bench', 'mlflow', 'mlflow', 'ok')")
    connection.executemany(
        "INSERT INTO experiment (id, source, native, name, lifecycle) VALUES (?, 1, ?, ?, 'active')",
        [(1, "1", "churn-train"), (2, "2", "churn-search"), (3, "3", "demand")],
    )
    connection.execute("CREATE TEMP TABLE span (experiment, name, key, first, distinct_values)")
    _declare_keys(connection)
    connection.executemany(
        "INSERT INTO dataset (id, source, name, digest) VALUES (?, 1, ?, ?)",
        [(i, f"orders{i % 12}", f"{_hash(i, 4):08x}") for i in range(1, 61)],
    )
    connection.execute(RUNS, {"runs": runs, "now": NOW})
    connection.execute(METRIC_ROWS, {"now": NOW})
    for rows in (LABEL_ROWS, DATASET_ROWS, EXTREME_ROWS):
        connection.execute(rows)


def _declare_keys(connection: sqlite3.Connection) -> None:
    label = 1
    for experiment in (1, 2, 3):
        for kind, names in (("metric", METRICS), ("param", PARAMS), ("tag", TAGS)):
            for name in names:
                sql = "INSERT INTO key (experiment, kind, name) VALUES (?, ?, ?) RETURNING id"
                (key,) = connection.execute(sql, (experiment, kind, name)).fetchone()
                if kind != "metric":
                    span = (experiment, name, key, label, DISTINCT[name])
                    connection.execute("INSERT INTO span VALUES (?, ?, ?, ?, ?)", span)
                    connection.executemany("INSERT INTO label VALUES (?, ?, ?, ?)", _labels(name, key, label))
                    label += DISTINCT[name]


def _labels(name: str, key: int, first: int) -> Iterable[tuple[int, int, str, float | None]]:
    for i in range(DISTINCT[name]):
        text = LABELS[name](i)
        # two numbers may be written alike: the second gets a blank, which as_number ignores
        yield first + i, key, text + " " * (name == "features") * (i // 40), as_number(text)


def _milliseconds(act: Callable[[], object]) -> float:
    begun = time.perf_counter()
    act()
    return (time.perf_counter() - begun) * 1000


def measure(path: Path, experiments: tuple[int, ...] | None = (1,)) -> None:
    """Prints the table: each question is asked of a fresh RunOrder, as a keystroke does."""
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    register_functions(connection)
    print(f"{'first':>8} {'count':>8} {'all':>8} ms {'rows':>9}  filter, sort")
    for text, order in QUESTIONS:
        where = parse(text, now=NOW)

        def ask(where: object = where, order: str = order) -> RunOrder:
            return RunOrder(connection, experiments=experiments, where=where, sort=parse_sort(order))  # type: ignore[arg-type]  # object: bound early

        first = _milliseconds(lambda: ask().first(100))
        count = _milliseconds(lambda: ask().count())
        everything = _milliseconds(lambda: ask().all())
        print(f"{first:8.1f} {count:8.1f} {everything:8.1f}    {ask().count():9d}  {text or '(all)'}   by {order}")


def main() -> None:
    """Builds the cache where it is not there, then measures."""
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else Path("bench/out/million.db")
    runs = int(sys.argv[2]) if len(sys.argv) > 2 else 1_000_000
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        print(f"{_milliseconds(lambda: build(path, runs)) / 1000:.1f} s to build {runs} runs")
    for experiments in ((1,), None):
        print("one experiment of three" if experiments else "all experiments")
        measure(path, experiments)


if __name__ == "__main__":
    main()
