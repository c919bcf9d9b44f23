"""A team's world in a real cache: a model with two versions, their runs, commits, pipelines, policy and ledger."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

import msgspec

from quarterdeck.app.promotion import Gate, Plan, Situation, plan_of, read_situation
from quarterdeck.app.records import (
    Actor,
    Batch,
    CheckResult,
    Commit,
    Dataset,
    Experiment,
    Invocation,
    Job,
    LedgerEntry,
    LoggedModel,
    Metric,
    ModelMetric,
    ModelVersion,
    Pipeline,
    PlanApproval,
    PolicyText,
    Promotions,
    RegisteredModel,
    Run,
    SourceSpec,
    SourceState,
    StoredPlan,
    Waiver,
)  # fmt: skip
from quarterdeck.app.store.cache import Cache
from quarterdeck.app.store.reading import Reader

NOW = int(datetime(2025, 11, 19, 3, 9, tzinfo=UTC).timestamp() * 1000)
"""A Wednesday."""
SECOND, MINUTE, HOUR, DAY = 1_000, 60_000, 3_600_000, 86_400_000

GIT = SourceSpec(key="g", kind="git", name="git", address="https://git.example/acme/churn")
MLFLOW = SourceSpec(key="m", kind="mlflow", name="mlflow", address="http://mlflow.example")
REGISTRY = SourceSpec(key="r", kind="registry", name="models", address="http://mlflow.example")
FOUND = ("observed", "expected", "message", "failed_rows", "total_rows")
"""What is told of a result beside its outcome."""
CHECKS = SourceSpec(key="d", kind="checks", name="gx", address="gx/uncommitted/validations")
CI = SourceSpec(key="c", kind="github", name="ci", address="https://api.github.example")

ANN = Actor(name="ann", email="ann@example.com", strength="signed")
BO = Actor(name="bo", email="bo@example.com", strength="signed")
CY = Actor(name="cy", email="cy@example.com", strength="signed")

HEAD = "20aa4d1" + "0" * 33
OLD = "13" * 20
NEW = "14" * 20

POLICY = """
[teams]
ml-leads = ["ann@example.com", "bo@example.com", "cy@example.com"]

[promotion."churn"]
from = "challenger"
to = "champion"

[[promotion."churn".metric]]
name = "val_auc"
greater_is_better = true
threshold = 0.80
min_absolute_change = 0.002
same_dataset = true
max_age = "14d"

[[promotion."churn".metric]]
name = "p95_latency_ms"
greater_is_better = false
threshold = 120

[promotion."churn".required_checks]
ci = ["unit", "integration"]
max_age = "24h"

[promotion."churn".approvals]
count = 1
from = ["team:ml-leads"]
expires = "8h"

[promotion."churn".freeze]
deny = [{ days = ["fri", "sat", "sun"] }]

[promotion."churn".waivers]
gates = ["metric", "ci:unit", "approval", "freeze"]
from = ["team:ml-leads"]
max = "24h"

[promotion."churn".rollback]
require_reason = true
"""

TRAINING = Dataset(name="orders-train", digest="0001", context="training")
ORDERS = Dataset(name="orders", digest="77ab", context="validation")
GREEN: Mapping[str, str] = {"unit": "passed", "integration": "passed"}


def policy(**sections: str) -> str:
    """The policy with sections replaced by other lines: `approvals="count = 0"`; "" takes the section away."""
    blocks = POLICY.split("\n\n")
    for name, lines in sections.items():
        at = next(i for i, block in enumerate(blocks) if block.lstrip().startswith(f'[promotion."churn".{name}]'))
        blocks[at] = f'[promotion."churn".{name}]\n{lines}\n' if lines else ""
    return "\n\n".join(blocks)


def bare(*lines: str) -> str:
    """A policy of nothing but these lines."""
    return "\n".join(['[promotion."churn"]', 'to = "champion"', *lines])


class World:
    """Writes what sources say into a cache, as they say it, and plans from what can be read there."""

    def __init__(self, path: Path) -> None:
        self.cache = Cache(path)
        self.cache.declare([GIT, MLFLOW, REGISTRY, CI])
        self.reader = Reader(path)
        self.told = Promotions()
        self.numbers = count(1)
        for spec in (GIT, MLFLOW, REGISTRY, CI):
            self.source(spec)
        self.write("m", experiments=(Experiment(source="m", id="1", name="churn-train"),))
        for at, (sha, who) in enumerate([(OLD, ANN), (NEW, BO)]):
            self.commit(sha, who, at)
        self.model(champion="13", challenger="14")
        self.run("13", 0.938, 104.0, user="ann", commit=OLD, ended_at=NOW - 12 * DAY)
        self.run("14", 0.941, 111.0, user="bo", commit=NEW, ended_at=NOW - 9 * HOUR)
        for number in ("12", "13", "14"):
            self.version(number)
        self.pipeline()
        self.say(policy=PolicyText(source="g", branch="origin/main", commit=HEAD, at=NOW - 30 * DAY, text=POLICY))
        self.entry(11, "13", "12", at=NOW - 12 * DAY)

    def close(self) -> None:
        self.reader.close()
        self.cache.close()

    # -- what sources say

    def write(self, source: str, **said: Any) -> None:
        self.cache.write(source, Batch(**said), NOW)

    def source(self, spec: SourceSpec, state: str = "ok", sentence: str = "", **rest: Any) -> None:
        made = SourceState(
            source=spec.key, kind=spec.kind, name=spec.name, address=spec.address, state=state, sentence=sentence,
            **({"last_ok_at": NOW - MINUTE} | rest),
        )  # fmt: skip
        self.cache.save_state(made)

    def commit(self, sha: str, who: Actor, at: int = 0, body: str = "") -> None:
        made = Commit(
            source="g", sha=sha, parents=(), author=who.name, email=who.email, authored_at=at, committed_at=at,
            subject="Change it", body=body,
        )  # fmt: skip
        self.write("g", commits=(made,))

    def model(self, **aliases: str) -> None:
        self.write("r", models=(RegisteredModel(source="r", name="churn", aliases=aliases),), models_complete=True)

    def run(self, number: str, auc: float | None, p95: float | None = None, **rest: Any) -> None:
        """The run of a version; `at` is when its metrics were logged."""
        ended, at = rest.pop("ended_at", NOW - HOUR), rest.pop("at", None)
        values = {"val_auc": auc, "p95_latency_ms": p95}
        facts: dict[str, Any] = {
            "source": "m", "id": f"run{number}", "experiment_id": "1", "name": f"fox-{number}", "status": "finished",
            "started_at": NOW - 13 * DAY, "ended_at": ended, "user": "bo", "git_commit": rest.pop("commit", NEW),
            "metrics": {name: Metric(value=value, at=at) for name, value in values.items() if value is not None},
            "datasets": (TRAINING, ORDERS),
        }  # fmt: skip
        self.write("m", runs=(Run(**(facts | rest)),))

    def version(self, number: str, **rest: Any) -> None:
        facts: dict[str, Any] = {
            "source": "r", "model": "churn", "version": number, "created_at": NOW - 9 * HOUR, "run_id": f"run{number}",
        }  # fmt: skip
        self.write("r", versions=(ModelVersion(**(facts | rest)),))

    def logged(self, number: str, *metrics: ModelMetric) -> None:
        """The version was made of a logged model that carries these metrics."""
        self.write("r", logged_models=(LoggedModel(source="r", id=f"m-{number}", metrics=metrics),))
        self.version(number, model_id=f"m-{number}")

    def pipeline(
        self, nth: int = 1, status: str = "passed", jobs: Mapping[str, str] | Sequence[Job] | None = GREEN, **rest: Any
    ) -> None:
        """The nth run of the pipeline `ci` on the candidate's commit; `jobs=None`: nobody has read them."""
        ended = rest.pop("job_ended_at", NOW - 8 * HOUR)
        if isinstance(jobs, Mapping):
            jobs = [Job(**_job(nth, name, word, ended)) for name, word in jobs.items()]
        facts: dict[str, Any] = {
            "source": "c", "id": str(nth), "number": str(nth), "name": "ci", "status": status, "commit": NEW,
            "created_at": NOW - 10 * HOUR + nth, "ended_at": ended, "jobs": None if jobs is None else tuple(jobs),
        }  # fmt: skip
        self.write("c", pipelines=(Pipeline(**(facts | rest)),))

    def checked(self, outcomes: Mapping[str, str], *, dataset: str = "orders_asset", **rest: Any) -> str:
        """A tool's run over its checks, name -> outcome; gives its id. The first one declares the source."""
        if not any(state.source == "d" for state in self.reader.source_states()):
            self.cache.declare([GIT, MLFLOW, REGISTRY, CI, CHECKS])
            self.source(CHECKS)
        found = {name: rest.pop(name) for name in FOUND if name in rest}
        results = tuple(
            CheckResult(name=name, dataset=dataset, outcome=word, **found)  # type: ignore[arg-type]  # any word
            for name, word in outcomes.items()
        )
        facts: dict[str, Any] = {
            "source": "d", "id": f"i{next(self.numbers)}", "tool": "great_expectations", "suite": "nightly",
            "at": NOW - HOUR, "results": results,
        }  # fmt: skip
        made = Invocation(**(facts | rest))
        self.write("d", invocations=(made,))
        return made.id

    # -- what Git says of promotions

    def say(self, **changes: Any) -> None:
        self.told = msgspec.structs.replace(self.told, **changes)
        self.write("g", promotions=self.told)

    def rule(self, text: str | None, **rest: Any) -> None:
        """Another policy at the head of the default branch."""
        assert self.told.policy is not None
        self.say(policy=msgspec.structs.replace(self.told.policy, text=text, **rest))

    def entry(self, number: int, version: str, previous: str | None, **rest: Any) -> None:
        facts: dict[str, Any] = {
            "source": "g", "model": "churn", "alias": "champion", "number": number, "id": f"e{number}",
            "version": version, "previous": previous, "at": NOW - HOUR, "by": ANN,
        }  # fmt: skip
        self.say(entries=(*self.told.entries, LedgerEntry(**(facts | rest))))

    def ask(self, by: Actor = BO) -> Plan:
        """Somebody stores the present plan, so that others can approve it."""
        plan = self.plan(actor=by)
        self.say(plans=(*self.told.plans, StoredPlan(source="g", id=plan.id, text=plan.text, by=by, at=NOW)))
        return plan

    def approve(self, by: Actor, at: int = NOW - MINUTE, plan: str | None = None) -> None:
        name = self.plan().id if plan is None else plan
        made = PlanApproval(source="g", id=f"{by.name}-{at}", plan=name, by=by, at=at)
        self.say(approvals=(*self.told.approvals, made))

    def waive(self, gate: str, by: Actor = CY, **rest: Any) -> None:
        facts: dict[str, Any] = {
            "source": "g", "id": f"w-{gate}-{by.name}", "model": "churn", "alias": "champion", "version": "14",
            "gate": gate, "by": by, "why": "known", "at": NOW - HOUR, "until": NOW + HOUR,
        }  # fmt: skip
        self.say(waivers=(*self.told.waivers, Waiver(**(facts | rest))))

    # -- what comes of it

    def situation(self, **asked: Any) -> Situation:
        return read_situation(self.reader, "churn", asked.pop("alias", "champion"), **({"actor": BO} | asked))

    def plan(self, now: int = NOW, **asked: Any) -> Plan:
        return plan_of(self.situation(**asked), now)

    def gate(self, name: str, now: int = NOW, **asked: Any) -> Gate:
        found = self.plan(now, **asked).gate(name)
        assert found is not None, f"there is no gate {name}"
        return found

    def said(self, name: str, now: int = NOW, **asked: Any) -> tuple[str, str]:
        """State and sentence of a gate."""
        gate = self.gate(name, now, **asked)
        return gate.state, gate.sentence


def _job(nth: int, name: str, status: str, ended_at: int | None) -> dict[str, Any]:
    return {"id": f"{nth}-{name}", "name": name, "status": status, "ended_at": ended_at}
