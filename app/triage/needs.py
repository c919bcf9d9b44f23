"""What a thing needs, in words: by these a pipeline, a resource or a file is known to bring it. Names only."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

from ..records import Job
from .candidates import stem
from .case import Case

BRINGS: Final = frozenset({
    "ingest", "ingestion", "etl", "elt", "extract", "load", "export", "exporter", "import", "sync", "dbt", "warehouse",
    "airbyte", "fivetran", "materialize", "feature", "prepare", "refresh", "feed", "backfill",
})  # fmt: skip
"""What a pipeline, a job or a resource is called that brings data."""
_TRUTHS: Final = ("label", "truth", "outcome", "feedback", "annotation", "groundtruth")
"""What a figure that is known later is judged by."""
_KINDS: Final = re.compile(
    r"cron|schedul|_job\b|workflow|\bdag|glue|dataflow|dataproc|airflow|composer|kinesis|firehose|pubsub|kafka|_msk|bucket"
    r"|bigquery|redshift|snowflake|athena|_batch|step_?function|_sfn|event_rule|eventbridge|datasync|transfer",
    re.IGNORECASE,
)
"""Types of resources that move data, keep it, or say when it is moved."""
_SAY_NOTHING: Final = frozenset({
    "data", "dataset", "csv", "parquet", "json", "raw", "asset", "table", "view", "file", "path", "prod", "production",
    "staging", "stage", "dev", "test", "main", "master", "model", "rate", "total", "second", "minute", "hour", "day",
    "daily", "hourly", "nightly", "weekly", "latency", "error", "value", "count", "ratio", "age", "freshness", "fresh",
    "pipeline", "build", "deploy", "deployment", "release", "lint", "check", "run", "train", "training", "infra",
    "infrastructure", "terraform", "module", "service", "server", "cluster", "null", "resource", "the", "and", "for",
    "new", "old", "all", "per", "aws", "google", "azurerm", "kubernetes", "precision", "recall", "accuracy", "score",
    "drift", "quality", "public", "shop", "number", "rows", "row", "since", "last", "job", "jobs", "work", "workflow",
    "api", "serving", "prediction", "predict", "alert", "name", "instance", "namespace", "pod", "app",
})  # fmt: skip
"""Words that stand in the names of everything."""
_SHORTEST: Final = 3


def words_of(*texts: str) -> frozenset[str]:
    """The words of names, in lower case and in the singular: `label` and `export` of exportLabels and label_exports."""
    found = (word.casefold() for text in texts for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", text))
    return frozenset(_singular(word) for word in found if len(word) >= _SHORTEST)


def _singular(word: str) -> str:
    return word[:-1] if len(word) > _SHORTEST and word.endswith("s") and not word.endswith("ss") else word


def needs_of(case: Case) -> Mapping[str, str]:
    """Words of what it needs -> what that is: data on its path, the truths by which it is judged, what it is called."""
    found: dict[str, str] = {}
    for called in case.all_called():
        found |= dict.fromkeys(words_of(stem(called)), called)
    for text in _own_names(case):
        found |= {word: found.get(word, text) for word in words_of(text)}
    if case.symptom.family == "business":
        found |= {word: found.get(word, "what it is judged by") for word in _TRUTHS}
    mine = words_of(case.symptom.model)
    return {word: of for word, of in sorted(found.items()) if word not in _SAY_NOTHING and word not in mine}


def _own_names(case: Case) -> Iterable[str]:
    """What it is called itself: the line, the pipeline and what failed of it, the data."""
    kind, native = case.subject.kind, case.subject.parts[0]
    if case.symptom.series:
        series = case.reader.monitors.one(case.symptom.series)
        yield from () if series is None else (series.name, *series.labels.values())
    elif kind == "alert":
        alert = case.reader.monitors.alert(native)
        yield from () if alert is None else (alert.name,)
    elif kind in ("pipeline", "job"):
        yield from _names_of_pipeline(case, native)
    elif kind == "dataset":
        yield native


def _names_of_pipeline(case: Case, native: str) -> Iterable[str]:
    found = case.reader.pipelines.job(native) if case.subject.kind == "job" else None
    rowid = case.reader.pipelines.find(native) if found is None else found[0]
    for row in case.reader.pipelines.rows([] if rowid is None else [rowid]):
        yield row.pipeline.name
        yield from (job.name for job in row.pipeline.jobs or () if is_broken(job))


def failing_names(case: Case) -> Iterable[str]:
    """The jobs that a pipeline failed because of, and the job itself that it is about."""
    if case.symptom.family != "pipeline":
        return
    names = list(_names_of_pipeline(case, case.subject.parts[0])) if case.subject.kind in ("pipeline", "job") else []
    yield from names[1:]


def is_broken(job: Job) -> bool:
    """Whether a pipeline failed because of it."""
    return job.status == "failed" and not job.may_fail


def shared(needs: Mapping[str, str], texts: Iterable[str]) -> tuple[str, str] | None:
    """The first of these names that holds a word of what is needed, and what that is."""
    for text in texts:
        word = min(words_of(text) & needs.keys(), default=None)
        if word is not None:
            return text, needs[word]
    return None


def bringing(texts: Iterable[str]) -> str:
    """The first of these names that speaks of bringing data; "" where none does."""
    return next((text for text in texts if words_of(text) & BRINGS and "balanc" not in text.casefold()), "")


def moving(addresses: Iterable[str]) -> str:
    """The first resource of a type that moves or keeps data, or says when it is moved; "" where none is."""
    return next((one for one in addresses if _KINDS.search(one)), "")
