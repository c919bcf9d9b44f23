"""The tables of the cache, and why they are as they are.

Rows are small integers wherever a million runs repeat the same words: `key` holds every metric, param and tag
name once an experiment, `label` every distinct value of a param or tag once a key. So a regular expression on a
param is tried on its distinct values only, and a sort by param streams from `label_number` without sorting.
`metric_value` and its like carry everything that a sort reads (a covering index): 1 to 3 ms for the first
window at a million runs.
"""

from __future__ import annotations

from typing import Final

from .check_tables import CHECK_TABLES
from .data_tables import DATA_TABLES
from .infra_tables import INFRA_TABLES
from .log_tables import LOG_TABLES
from .model_tables import MODEL_TABLES
from .monitor_tables import MONITOR_TABLES
from .note_tables import NOTE_TABLES

VERSION: Final = 11
"""Raised with every change below. A cache of another version is another file, so nothing is migrated."""


def odd(*names: str) -> str:
    """Whether one of these is written in a subject otherwise than as it is: some of it is percent-encoded."""
    return " OR ".join(f"{name} GLOB '*[^A-Za-z0-9_.~-]*'" for name in names)


_OWN: Final = """
CREATE TABLE content (
    runs INTEGER NOT NULL, commits INTEGER NOT NULL, pipelines INTEGER NOT NULL, logs INTEGER NOT NULL,
    models INTEGER NOT NULL, promotions INTEGER NOT NULL, checks INTEGER NOT NULL, data INTEGER NOT NULL,
    monitors INTEGER NOT NULL, infra INTEGER NOT NULL, notes INTEGER NOT NULL
);
INSERT INTO content VALUES (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
CREATE TABLE source (
    id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, kind TEXT NOT NULL, name TEXT NOT NULL,
    address TEXT NOT NULL DEFAULT '', state TEXT NOT NULL DEFAULT 'never', last_ok_at INTEGER,
    last_error TEXT, sentence TEXT NOT NULL DEFAULT '', next_try_at INTEGER, sweep_period INTEGER,
    items INTEGER NOT NULL DEFAULT 0, as_of INTEGER, done INTEGER, total INTEGER,
    hidden INTEGER NOT NULL DEFAULT 0, cursor TEXT NOT NULL DEFAULT '{}'
);
CREATE TABLE news (id INTEGER PRIMARY KEY, source TEXT NOT NULL, kind TEXT NOT NULL, record BLOB NOT NULL);
CREATE TABLE experiment (
    id INTEGER PRIMARY KEY, source INTEGER NOT NULL, native TEXT NOT NULL, name TEXT NOT NULL,
    lifecycle TEXT NOT NULL, created_at INTEGER, updated_at INTEGER, UNIQUE (source, native)
);
CREATE TABLE key (
    id INTEGER PRIMARY KEY, experiment INTEGER NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL,
    UNIQUE (experiment, kind, name)
);
CREATE TABLE run (
    id INTEGER PRIMARY KEY, source INTEGER NOT NULL, native TEXT NOT NULL, experiment INTEGER NOT NULL,
    name TEXT NOT NULL, status TEXT NOT NULL, started_at INTEGER, ended_at INTEGER, user TEXT,
    git_commit TEXT, parent TEXT, artifact_uri TEXT, digest BLOB NOT NULL, seen_at INTEGER NOT NULL,
    UNIQUE (source, native)
);
CREATE INDEX run_started ON run (experiment, started_at, id);
CREATE INDEX run_ended ON run (ended_at);
CREATE INDEX run_status ON run (experiment, status, started_at, id);
CREATE INDEX run_name ON run (experiment, name);
CREATE INDEX run_commit ON run (git_commit) WHERE git_commit IS NOT NULL;
CREATE INDEX run_parent ON run (parent) WHERE parent IS NOT NULL;
CREATE TABLE metric (
    run INTEGER NOT NULL, key INTEGER NOT NULL, value REAL, state TEXT NOT NULL, step INTEGER NOT NULL,
    at INTEGER, PRIMARY KEY (run, key)
) WITHOUT ROWID;
CREATE INDEX metric_value ON metric (key, value, run);
CREATE TABLE extreme (
    run INTEGER NOT NULL, key INTEGER NOT NULL, min REAL, max REAL, min_step INTEGER, max_step INTEGER,
    history TEXT NOT NULL, PRIMARY KEY (run, key)
) WITHOUT ROWID;
CREATE INDEX extreme_min ON extreme (key, min, run);
CREATE INDEX extreme_max ON extreme (key, max, run);
CREATE TABLE history (
    run INTEGER NOT NULL, key INTEGER NOT NULL, read_at INTEGER NOT NULL, history TEXT NOT NULL,
    last_step INTEGER, last_at INTEGER, steps BLOB NOT NULL, times BLOB NOT NULL, "values" BLOB NOT NULL,
    PRIMARY KEY (run, key)
);
CREATE TABLE label (
    id INTEGER PRIMARY KEY, key INTEGER NOT NULL, text TEXT NOT NULL, number REAL
);
CREATE UNIQUE INDEX label_text ON label (key, text);
CREATE INDEX label_number ON label (key, number, id);
CREATE TABLE run_label (
    run INTEGER NOT NULL, label INTEGER NOT NULL, PRIMARY KEY (run, label)
) WITHOUT ROWID;
CREATE INDEX label_run ON run_label (label, run);
CREATE TABLE dataset (
    id INTEGER PRIMARY KEY, source INTEGER NOT NULL, name TEXT NOT NULL, digest TEXT NOT NULL,
    source_type TEXT, origin TEXT, schema TEXT, profile TEXT,
    first_at INTEGER, first_run INTEGER, last_at INTEGER, last_run INTEGER, UNIQUE (source, name, digest)
);
CREATE INDEX dataset_digest ON dataset (digest);
CREATE INDEX dataset_name ON dataset (name, first_at DESC, id);
CREATE TABLE run_dataset (
    run INTEGER NOT NULL, dataset INTEGER NOT NULL, context TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (run, dataset, context)
) WITHOUT ROWID;
CREATE INDEX dataset_run ON run_dataset (dataset, run);
CREATE TABLE listing (
    run INTEGER NOT NULL, folder TEXT NOT NULL, read_at INTEGER NOT NULL, artifacts BLOB NOT NULL,
    PRIMARY KEY (run, folder)
) WITHOUT ROWID;
CREATE TABLE patch (
    id INTEGER PRIMARY KEY, source INTEGER NOT NULL, sha TEXT NOT NULL, path TEXT NOT NULL, read_at INTEGER NOT NULL,
    truncated INTEGER NOT NULL, sentence TEXT NOT NULL, data BLOB NOT NULL, UNIQUE (source, sha, path)
);
CREATE TABLE artifact (
    id INTEGER PRIMARY KEY, run INTEGER NOT NULL, path TEXT NOT NULL, read_at INTEGER NOT NULL, size INTEGER,
    truncated INTEGER NOT NULL, sentence TEXT NOT NULL, data BLOB NOT NULL, UNIQUE (run, path)
);
CREATE TABLE git_commit (
    id INTEGER PRIMARY KEY, source INTEGER NOT NULL, sha TEXT NOT NULL, parents TEXT NOT NULL,
    author TEXT NOT NULL, email TEXT NOT NULL, authored_at INTEGER NOT NULL, committed_at INTEGER NOT NULL,
    subject TEXT NOT NULL, body TEXT NOT NULL, is_infra INTEGER NOT NULL DEFAULT 0, UNIQUE (source, sha)
);
CREATE INDEX git_commit_at ON git_commit (committed_at);
CREATE INDEX git_commit_sha ON git_commit (sha);
CREATE INDEX git_commit_infra ON git_commit (committed_at) WHERE is_infra;
CREATE TABLE git_path (
    id INTEGER PRIMARY KEY, path TEXT NOT NULL UNIQUE, is_infra INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE git_change (
    "commit" INTEGER NOT NULL, path INTEGER NOT NULL, kind TEXT NOT NULL, old_path INTEGER,
    PRIMARY KEY ("commit", path)
) WITHOUT ROWID;
CREATE INDEX git_change_path ON git_change (path, "commit");
CREATE TABLE git_ref (
    source INTEGER NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL, sha TEXT NOT NULL, at INTEGER,
    watched INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (source, kind, name)
) WITHOUT ROWID;
CREATE TABLE pipeline (
    id INTEGER PRIMARY KEY, source INTEGER NOT NULL, native TEXT NOT NULL, name TEXT NOT NULL, status TEXT NOT NULL,
    raw_status TEXT NOT NULL, number TEXT NOT NULL, number_value REAL, title TEXT NOT NULL, branch TEXT NOT NULL,
    "commit" TEXT, event TEXT NOT NULL, actor TEXT NOT NULL, attempt INTEGER NOT NULL, url TEXT NOT NULL,
    created_at INTEGER, started_at INTEGER, ended_at INTEGER, updated_at INTEGER, at INTEGER NOT NULL,
    changed_at INTEGER NOT NULL, head BLOB NOT NULL, jobs BLOB, extras BLOB, UNIQUE (source, native)
);
CREATE INDEX pipeline_at ON pipeline (at, id);
CREATE INDEX pipeline_ended ON pipeline (ended_at) WHERE ended_at IS NOT NULL;
CREATE INDEX pipeline_commit ON pipeline ("commit", at, id) WHERE "commit" IS NOT NULL;
CREATE INDEX pipeline_line ON pipeline (source, name, branch, at, id, status);
CREATE INDEX pipeline_usual ON pipeline (source, name, branch, at, started_at, ended_at)
    WHERE status = 'passed' AND attempt = 1 AND ended_at >= started_at;
CREATE INDEX pipeline_usual_name ON pipeline (source, name, at, started_at, ended_at)
    WHERE status = 'passed' AND attempt = 1 AND ended_at >= started_at;
CREATE TABLE job (
    id INTEGER PRIMARY KEY, pipeline INTEGER NOT NULL, native TEXT NOT NULL, name TEXT NOT NULL, status TEXT NOT NULL,
    raw_status TEXT NOT NULL, stage TEXT NOT NULL, attempt INTEGER NOT NULL, queued_at INTEGER, started_at INTEGER,
    ended_at INTEGER, url TEXT NOT NULL, needs BLOB, steps BLOB, is_manual INTEGER NOT NULL, may_fail INTEGER NOT NULL,
    reason TEXT NOT NULL
);
CREATE INDEX job_pipeline ON job (pipeline, name, attempt, status, stage, native);
CREATE INDEX job_native ON job (native);
"""
_ODD: Final = f"""
CREATE INDEX run_odd ON run (id) WHERE {odd("native", "git_commit")};
CREATE INDEX pipeline_odd ON pipeline (id) WHERE {odd("native", '"commit"')}
"""
TABLES: Final = ";".join(
    (LOG_TABLES, _OWN, MODEL_TABLES, CHECK_TABLES, DATA_TABLES, MONITOR_TABLES, INFRA_TABLES, NOTE_TABLES, _ODD)
)
"""`content` counts the batches that changed something, so that a screen tells news from a pass without any.
`run_odd` and `pipeline_odd` lead to what is not written in a subject as it is, of which there is mostly nothing.
`news` is what state.db has yet to be told: it is written with what tells it, so that no kill loses it.
Of a metric: `value` is NULL for NaN (SQLite has none) and may be infinite; `state` tells.
Of a label: `number` is the text as a number where it is one. Of a run: `digest` is a hash of the record, so
that a sweep over unchanged runs writes one integer each; `parent` is the parent's native id, because children
arrive before their parents (newest first). Of a dataset: the runs that began first and last of those that used it, and
when, so that neither its age nor its order takes a look at a million runs. `artifacts` are msgpack of the records. Of
a history: the columns of a `Series`, packed as the machine's own int64 and float64; `last_step` and
`last_at` are the highest and latest of them; `read_at` is when it was last read whole, not when points were added.
Of a pipeline: `at` is what it is ordered by, the first of its times that there is; `number_value` is its number where
that is one; `head` and `jobs` are hashes of what a list says and of its jobs (NULL: they were not read), so that one
that did not change costs no write; `extras` are msgpack of tests, approvals, deployments and checks. Of a job: `needs`
and `steps` are msgpack, NULL for none; its order is that of `id`. `pipeline_line` walks what runs of the same pipeline
on the same branch there were and what they ended as; `pipeline_usual` holds the durations of whole runs that passed."""
