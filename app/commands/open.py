"""`quarterdeck open`: the terminal, at a thing."""

from __future__ import annotations

import time
from collections.abc import Sequence

import click

from ..errors import QuarterdeckError, UsageError
from ..identities import identities
from ..records import Subject, parse_subject
from ..settings import Settings
from ..store.reading import Reader
from ..text import shown
from .options import Options
from .place import settings_of, state_of, synced
from .terminal import open_here


@click.command("open", short_help="Open the terminal at a thing.")
@click.argument("subject")
@click.pass_obj
def open_command(options: Options, subject: str) -> int:
    """Open the terminal at SUBJECT.

    \b
      quarterdeck open run/4f2c91ab7d
      quarterdeck open experiment/3                     its runs
      quarterdeck open model/churn                      its versions
      quarterdeck open model/churn/14                   one of them
      quarterdeck open alias/churn@champion             whichever that is now
      quarterdeck open pipeline/9100000
      quarterdeck open job/31745                        its log, at the first error
      quarterdeck open check/4f2c91ab7d00e1aa           what a data check said, and since when it fails
      quarterdeck open result/ID                        the same, at one of its results
      quarterdeck open dataset/orders@77ab              a version of data: what differs, what was trained on it
      quarterdeck open commit/4f2c91a                   what it changed, what ran on it
      quarterdeck open series/9b0fe6688806986e          a line of production: its curve, when it was bad
      quarterdeck open alert/7f3f8ea396b016c1           what it says, and when it fired
      quarterdeck open resource/serving                 a stack: its plan as a diff, what was changed outside the code
      quarterdeck open event/c037f63195415c42           something that happened, and what it speaks of
      quarterdeck open attention/978b984d85af8a76       what needs attention, with all its evidence
      quarterdeck open "$(quarterdeck runs --sort metrics.val_auc:desc --limit 1 --json | jq -r '.[0].subject')"
    """
    thing = parse_subject(subject)
    settings = settings_of(options)
    return open_here(options, find(thing, options, settings), settings)


def find(subject: Subject, options: Options, settings: Settings) -> Subject:
    """The thing by its whole id. Raises UsageError for a kind without a screen, QuarterdeckError."""
    if subject.kind not in _HOW_NAMED:
        raise UsageError(f"There is no screen for {subject} yet: {_CAN_BE_OPENED} can be opened.")
    with synced(options, settings) as reader:
        found = whole(reader, subject, settings) if reader is not None else None
    if found is None:
        raise QuarterdeckError(
            f"There is no {subject} in the cache. {_HOW_NAMED[subject.kind]}; `quarterdeck sync` reads what is new."
        )
    return found


_CAN_BE_OPENED = (
    "run/ID, experiment/ID, model/NAME, model/NAME/VERSION, alias/NAME@ALIAS, pipeline/ID, job/ID, check/ID, "
    "result/ID, dataset/NAME@DIGEST, commit/SHA, series/KEY, alert/FINGERPRINT, resource/STACK, "
    "resource/STACK/ADDRESS, event/ID and attention/ID"
)
_CHECKS = "`quarterdeck checks --json` has the ids of checks, and those of their newest results"
_MODELS = "`quarterdeck models` lists models and aliases, `quarterdeck models --json` their versions"
_HOW_NAMED = {
    "run": "Runs are named by their whole id",
    "experiment": "Experiments are named by their whole id: `quarterdeck runs --json` has it as experiment_id",
    "model": _MODELS,
    "alias": _MODELS,
    "pipeline": "Pipelines are named by their vendor's id, or its beginning: `quarterdeck pipelines --json` has them",
    "job": "Jobs are named by their vendor's id: `quarterdeck pipelines --json` has them",
    "dataset": "Versions of data are named by the name of the data and their digest, or its beginning",
    "commit": "Commits are named by their sha, or its beginning",
    "check": f"Checks are named by their id, or its beginning: {_CHECKS}",
    "result": f"Results are named by the id of their check, a dot and that of the invocation: {_CHECKS}",
    "series": "Series are named by their key, or its beginning: `quarterdeck monitors --json` has them",
    "alert": "Alerts are named by their fingerprint, or its beginning: `quarterdeck monitors --alerts --json` has them",
    "resource": "Stacks are named as in the settings, resources by their address: `quarterdeck infra` lists them",
    "event": "Events are named by their whole id: `quarterdeck events --json` has them",
    "attention": "What needs attention is named by its id, or its beginning: `quarterdeck triage` lists it",
}


CAN_BE_NAMED = frozenset(_HOW_NAMED) - {"attention"}
"""Kinds of things of which the cache knows which there are. Of what needed attention once no file tells."""


def whole(reader: Reader, subject: Subject, settings: Settings) -> Subject | None:
    """The subject with the whole id where a beginning was given; None where the cache has no such thing."""
    native = subject.parts[0]
    if subject.kind in ("run", "experiment"):
        known = reader.rowids([native]) if subject.kind == "run" else _is_experiment(reader, native)
        return subject if known else None
    if subject.kind == "dataset":
        return _dataset(reader, subject, settings)
    if subject.kind == "commit":
        return _commit(reader, subject)
    if subject.kind in ("series", "alert", "resource"):
        return _watched(reader, subject)
    if subject.kind == "event":
        return _event(reader, subject, settings)
    if subject.kind == "attention":
        return _attention(reader, subject, settings)
    return _other(reader, subject)


def _is_experiment(reader: Reader, native: str) -> bool:
    return any(row.experiment.id == native for row in reader.experiments())


def _watched(reader: Reader, subject: Subject) -> Subject | None:
    native, *address = subject.parts
    if subject.kind == "series":
        known = reader.monitors.one(native) is not None
        return subject if known else _begun(subject, [one.key for one in reader.monitors.series()])
    if subject.kind == "alert":
        alerts = reader.monitors
        if alerts.alert(native) is not None:
            return subject
        return _begun(subject, [one.fingerprint for one in alerts.alerts(past=True)])
    if address:
        return subject if reader.infra.resource(native, address[0]) is not None else None
    return subject if reader.infra.stack(native) is not None else None


def _event(reader: Reader, subject: Subject, settings: Settings) -> Subject | None:
    from ..store.event_lookup import event_by_id  # with what it brings, when it is wanted

    with state_of(settings) as state:
        return subject if event_by_id(reader, state, subject.parts[0]) is not None else None


def _attention(reader: Reader, subject: Subject, settings: Settings) -> Subject | None:
    """As the syncer saw it last, which costs nothing, else by a look of our own. Raises UsageError."""
    from ..triage import kept_sight, look, outlook  # with what they bring, when they are wanted

    with state_of(settings) as state:
        kept = kept_sight(state)
        found = None if kept is None else _begun(subject, [one.id for one in kept[1].attentions])
        if found is not None:
            return found
        sight = look(reader, state, outlook(settings), now=time.time_ns() // 1_000_000)
        return _begun(subject, [one.id for one in sight.attentions])


def _dataset(reader: Reader, subject: Subject, settings: Settings) -> Subject | None:
    name, digest = subject.parts
    declared = identities(settings)
    row = reader.datasets.row(name, declared)
    version = reader.datasets.version(row.name, digest, declared) if row is not None else None
    return Subject(kind="dataset", parts=(version.name, version.digest)) if version is not None else None


def _commit(reader: Reader, subject: Subject) -> Subject | None:
    commit = reader.commit(subject.parts[0])
    if commit is not None:
        return Subject(kind="commit", parts=(commit.sha,))
    # one that no branch has is known where something ran on it
    return subject if reader.pipelines.of_commit(subject.parts[0]) else None


def _other(reader: Reader, subject: Subject) -> Subject | None:
    native = subject.parts[0]
    if subject.kind in ("model", "alias"):
        return subject if _is_registered(reader, subject) else None
    if subject.kind == "result":
        check, _, invocation = native.partition(".")
        return subject if reader.checks.result(check, invocation) is not None else None
    if subject.kind == "check":
        checks = reader.checks
        known = checks.find(native) is not None
        return subject if known else _begun(subject, [row.check.id for row in checks.rows(checks.beginning(native, 5))])
    reads = reader.pipelines
    if subject.kind == "job":
        return subject if reads.job(native) is not None else None
    if reads.find(native) is not None:
        return subject
    return _begun(subject, [row.pipeline.id for row in reads.rows(reads.beginning(native, 5))])


def _begun(subject: Subject, ids: Sequence[str]) -> Subject | None:
    """The only one of the ids that begin as somebody wrote; None where there is none. Raises UsageError for several."""
    ids = list(dict.fromkeys(one for one in ids if one.startswith(subject.parts[0])))
    if len(ids) > 1:
        some = ", ".join(map(shown, ids[:5]))
        kinds = subject.kind if subject.kind == "series" else f"{subject.kind}s"
        raise UsageError(f"Several {kinds} begin with {shown(subject.parts[0])}: {some}. Write more of the id.")
    return Subject(kind=subject.kind, parts=(ids[0],)) if ids else None


def _is_registered(reader: Reader, subject: Subject) -> bool:
    name, *rest = subject.parts
    row = reader.models.model(name)
    if row is None:
        return False
    if subject.kind == "alias":
        return rest[0] in row.model.aliases
    return not rest or reader.models.version(name, rest[0], row.model.source) is not None
