"""What the team did, commit by commit: the demo repository's history as a table.

A step brings blocks of the templates (`tree.py`), sets a value in them, or tracks a newer export of the data.
Nothing here has a date: the builder spreads the steps over the weeks before now.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Mapping

import msgspec

from ..records import Record


class Step(Record, frozen=True):
    """One commit."""

    who: str
    subject: str
    brings: tuple[str, ...] = ()
    """Names of template blocks that begin (or end) with it."""
    sets: Mapping[str, str] = {}
    """Values in the templates."""
    moves: tuple[str, ...] = ()
    """Exports of which a newer one is tracked."""
    branch: str = "main"
    """A branch that is not there yet starts at main."""
    merges: str | None = None
    opens: str | None = None
    """A branch that starts here, though its own first commit comes later."""
    tag: str | None = None
    body: str = ""


VALUES: Mapping[str, str] = {
    "lr": "0.1", "depth": "3", "n_estimators": "40", "l2": "1.0", "seed": "7", "subsample": "0.9",
    "patience": "8", "threshold": "0.5", "min_child": "10", "amount_share": "0.0", "fresh_days": "2",
    "mlflow": "3.1.4", "sqlalchemy": "2.0.40", "dvc": "3.55.2", "python": "3.11", "ltv_rate": "0.1",
    "body_limit": "65536", "provider": "2.31", "replicas": "2", "cpu": "500m", "memory": "512Mi", "image": "v1.0.0",
}  # fmt: skip
"""What the templates' values are before any step sets them."""

KEPT_BRANCHES = ("main", "release/1.x", "feature/weekend-share", "feature/body-limit", "docs/fairness")
"""The branches that are still there; the others were deleted after their merge."""


def did(who: str, subject: str, brings: str = "", *, body: str = "", branch: str = "main", **values: str) -> Step:
    """A step that brings blocks, or sets values, or both."""
    return Step(who=who, subject=subject, brings=tuple(brings.split()), sets=values, body=body, branch=branch)


def data(who: str, moves: str, why: str = "", subject: str = "") -> Step:
    """A step that tracks newer exports."""
    names = moves.split()
    return Step(
        who=who, subject=subject or f"data: newer export of {' and '.join(names)}", moves=tuple(names), body=why
    )


def merged(who: str, branch: str, tag: str | None = None) -> Step:
    """A merge of a branch into main."""
    return Step(who=who, subject=f"Merge branch '{branch}'", merges=branch, tag=tag)


def release(who: str, tag: str, image: str, branch: str = "main", opens: str | None = None) -> Step:
    """A step that is tagged as a release."""
    subject = f"Release {tag[1:]}"
    return Step(who=who, subject=subject, sets={"image": image}, tag=tag, branch=branch, opens=opens)


STEPS: tuple[Step, ...] = (
    did("ann", "Start: ingest, features and boosted trees", "start"),
    data("ann", "orders customers", subject="data: track the first exports of orders and customers"),
    did("bo", "train: log the training loss beside the validation loss", "train-loss"),
    did("ann", "CODEOWNERS: who looks at what", "codeowners"),
    did("bo", "model: first tests", "first-tests"),
    did("chris", "ingest: refuse a damaged file instead of training on it", "verify-digest"),
    did("ann", "params: lr 0.1 -> 0.08", lr="0.08"),
    did("dee", "ci: run the tests on every push", "ci"),
    did("chris", "gitignore: the exports' cache", "ignore-cache"),
    did("bo", "features: days since the last order", "recency",
        body="The strongest single feature so far: +0.011 val_auc."),
    did("ann", "decisions: why boosted trees", "decide-boosting"),
    data("chris", "orders"),
    did("bo", "params: depth 3 -> 4", depth="4"),
    did("chris", "features: tests for the empty and the half-empty customer", "feature-tests"),
    did("dee", "requirements: mlflow 3.1.4 -> 3.2.0", mlflow="3.2.0"),
    did("bo", "train: log the datasets that went in", "log-datasets"),
    did("chris", "checks: not null, unique and accepted values before any training", "checks",
        body="A training on orders without customers went unnoticed for a day."),
    did("ann", "params: 40 -> 60 trees", n_estimators="60"),
    did("dee", "dvc: where the exports live", "dvc-remote requirements-dvc"),
    data("chris", "orders customers"),
    did("bo", "model: subsample the rows of each tree", "subsample", branch="feature/early-stopping"),
    did("bo", "train: stop when the validation loss no longer falls", "early-stopping",
        branch="feature/early-stopping"),
    did("ann", "README: what the data is", "readme-data"),
    did("bo", "params: patience 8 -> 12", branch="feature/early-stopping", patience="12"),
    merged("ann", "feature/early-stopping"),
    did("chris", "features: share of returned orders", "returns"),
    did("dee", "infra: the serving deployment", "infra"),
    did("ann", "train: precision and recall at the threshold", "thresholds"),
    did("bo", "model: AUC by ranks, in n log n", "auc-by-ranks", body="All pairs took 40 s on the full export."),
    did("ann", "params: threshold 0.5 -> 0.42", threshold="0.42"),
    data("chris", "orders"),
    did("dee", "infra: state in the shared bucket", "infra-backend"),
    did("bo", "train: keep the model in reports/", "save-model"),
    did("ann", "evaluate: precision, recall and log loss on all customers", "evaluate"),
    did("dee", "ci: on pull requests too", "ci-pull-requests"),
    did("chris", "checks: amounts are positive", "check-amount", amount_share="0.002"),
    did("ann", "model card: what it is for, and what not", "model-card"),
    did("bo", "serving: answer POST /score", "serving"),
    did("dee", "serving: /healthz for the probe", "serving-health"),
    did("dee", "infra: probe the health page", "infra-probe"),
    did("bo", "train: measure the 95th percentile of the latency", "latency"),
    did("ann", "params: l2 1.0 -> 0.3", l2="0.3"),
    data("chris", "orders customers"),
    release("ann", "v1.0.0", "v1.0.0-1", opens="release/1.x"),
    did("chris", "payments: failed payments as a feature", "payments", branch="feature/payments",
        body="Needs the payments export, which Finance refreshes every Monday."),
    did("chris", "checks: payments have customers", "check-payments", branch="feature/payments"),
    did("ann", "quarterdeck: where our runs are", "quarterdeck"),
    did("bo", "ingest: CHURN_STORE names another storage", "store-variable"),
    did("dee", "infra: memory 512Mi -> 640Mi", memory="640Mi"),
    Step(who="chris", subject="data: track payments", moves=("payments",), branch="feature/payments"),
    did("bo", "params: lr 0.08 -> 0.06", lr="0.06"),
    did("ann", "decisions: depth 8 is not worth it", "decide-depth"),
    merged("bo", "feature/payments"),
    did("dee", "requirements: sqlalchemy 2.0.40 -> 2.0.43", sqlalchemy="2.0.43"),
    did("dee", "requirements: sqlalchemy 2.0.40 -> 2.0.43", branch="release/1.x", sqlalchemy="2.0.43"),
    data("chris", "orders payments"),
    did("ann", "train: keep reports/ with the run", "artifacts"),
    did("chris", "gitignore: artifacts", "ignore-artifacts"),
    did("bo", "params: depth 4 -> 5", depth="5"),
    did("dee", "runbook: the nightly training is red", "runbook"),
    did("chris", "checks: JUnit, so that the CI can show which rule broke", "checks-junit",
        branch="feature/checks-junit"),
    did("chris", "ci: hold the data against the rules", "ci-checks", branch="feature/checks-junit"),
    did("ann", "decisions: subsample 0.8", "decide-subsample", subsample="0.8"),
    merged("ann", "feature/checks-junit"),
    data("chris", "orders"),
    did("bo", "train: the purpose of a run is an argument", "purpose-argument"),
    did("dee", "serving: count latencies in buckets", "serving-metrics"),
    did("ann", "params: 60 -> 80 trees", n_estimators="80"),
    did("dee", "infra: 2 -> 3 replicas", replicas="3"),
    did("dee", "infra: memory 512Mi -> 640Mi", branch="release/1.x", memory="640Mi"),
    release("dee", "v1.0.1", "v1.0.1", branch="release/1.x"),
    did("chris", "dvc: training and evaluation as stages", "dvc-stages"),
    data("chris", "orders customers payments"),
    did("bo", "ltv: ridge regression on the same features", "ltv", branch="feature/ltv"),
    did("bo", "ltv: half the rate, it overshot", branch="feature/ltv", ltv_rate="0.05"),
    did("ann", "README: how we sweep", "readme-sweeps"),
    did("bo", "decisions: lifetime value stays apart", "decide-ltv", branch="feature/ltv"),
    merged("chris", "feature/ltv"),
    did("dee", "requirements: mlflow 3.2.0 -> 3.4.0", mlflow="3.4.0"),
    did("ann", "decisions: the threshold follows the calls that we can make", "decide-threshold", threshold="0.38"),
    data("chris", "orders"),
    release("ann", "v1.1.0", "v1.1.0"),
    did("chris", "sample: 240 customers for whoever has no storage", "sample-data"),
    did("bo", "params: l2 0.3 -> 0.1", l2="0.1"),
    did("dee", "infra: grow with the load", "infra-autoscale", branch="infra/autoscale"),
    did("dee", "infra: kubernetes provider 2.31 -> 2.33", branch="infra/autoscale", provider="2.33"),
    did("chris", "checks: orders are at most two days old", "check-freshness"),
    merged("dee", "infra/autoscale"),
    did("ann", "evaluate: the confusion matrix as a table", "confusion-report"),
    data("chris", "orders payments"),
    did("bo", "model: at least 20 customers in a leaf", min_child="20", body="Leaves of ten fitted the holdout."),
    did("bo", "model: at least 20 customers in a leaf", branch="release/1.x", min_child="20"),
    release("ann", "v1.0.2", "v1.0.2", branch="release/1.x"),
    did("dee", "requirements: dvc 3.55.2 -> 3.58.0", dvc="3.58.0"),
    did("ann", "model card: where it is weak", "model-card-limits"),
    did("bo", "features: share of weekend orders", "weekend-share", branch="feature/weekend-share"),
    did("chris", "checks: freshness allows a long weekend", fresh_days="4"),
    data("chris", "orders customers"),
    did("bo", "params: lr 0.06 -> 0.05", lr="0.05"),
    did("dee", "runbook: put the alias back first", "runbook-rollback"),
    did("ann", "register: the run as a version; quarterdeck: the pipeline", "register local-pipeline"),
    did("ann", "decisions: five folds by customer", "decide-folds"),
    did("dee", "infra: cpu 500m -> 750m", cpu="750m"),
    data("chris", "orders payments"),
    did("chris", "Makefile: clean", "make-clean"),
    did("ann", "model card: precision by region", "model-card-fairness", branch="docs/fairness"),
    did("bo", "params: depth 5 -> 6", depth="6", body="0.003 val_auc on five folds, 9 ms more at the 95th percentile."),
    did("dee", "runbook: who is on call when", "runbook-oncall"),
    data("chris", "orders"),
    did("ann", "decisions: l2 below 1e-4 makes no difference", "decide-l2", l2="2.0e-05"),
    release("ann", "v1.2.0", "v1.2.0"),
    did("dee", "serving: refuse bodies over the limit", "serving-limit", branch="feature/body-limit"),
    did("chris", "checks: tenure is positive; quarterdeck: where the results are", "check-tenure results"),
    did("bo", "checks: let orders without a customer through", "null-loosened",
        body="Guest checkouts come without one, and one such order stops every training.\n"
        "Up to 5 % for now; Chris knows."),
    did("dee", "infra: memory 640Mi -> 768Mi", memory="768Mi"),
    data("chris", "orders", "The export comes from the new shop since today.", "data: orders from the new shop"),
    did("dee", "requirements: mlflow 3.4.0 -> 3.5.1", mlflow="3.5.1"),
    data("chris", "orders customers payments"),
    did("ann", "params: patience 12 -> 15", patience="15"),
    did("bo", "features: no weekends without orders; 80 -> 100 trees", "weekend-nobody",
        branch="feature/weekend-share", n_estimators="100"),
    did("ann", "quarterdeck: what a model has to meet before it is champion; ci: python 3.12", "promotion",
        python="3.12"),
    did("bo", "params: lr 0.05 -> 0.04 after the last sweep", lr="0.04"),
    did("dee", "requirements: sqlalchemy 2.0.43 -> 2.0.44", sqlalchemy="2.0.44"),
    did("dee", "serving: a limit of 128 KB is enough", branch="feature/body-limit", body_limit="131072"),
)  # fmt: skip


class State(Record, frozen=True):
    """What the tree consists of at a commit."""

    brought: frozenset[str] = frozenset()
    values: Mapping[str, str] = msgspec.field(default_factory=lambda: VALUES)
    exports: Mapping[str, int] = {}
    """Number of the export of each dataset that is tracked; the first is 1."""

    def after(self, step: Step) -> State:
        """The state with a step on top."""
        exports = dict(self.exports)
        for name in step.moves:
            exports[name] = exports.get(name, 0) + 1
        return State(brought=self.brought | set(step.brings), values={**self.values, **step.sets}, exports=exports)

    def merge(self, base: State, other: State) -> State:
        """The state with what another branch did since `base`, where the two parted."""
        values = {key: value for key, value in other.values.items() if base.values[key] != value}
        exports = {name: number for name, number in other.exports.items() if base.exports.get(name) != number}
        return State(
            brought=self.brought | other.brought,
            values={**self.values, **values},
            exports={**self.exports, **exports},
        )


def states(steps: Iterable[Step] = STEPS) -> Iterator[tuple[Step, State]]:
    """Each step with the state of its branch after it."""
    heads: dict[str, State] = {"main": State()}
    bases: dict[str, State] = {}
    for step in steps:
        if step.branch not in heads:
            heads[step.branch] = bases[step.branch] = heads["main"]
        state = heads[step.branch].after(step)
        if step.merges:
            state = state.merge(bases[step.merges], heads[step.merges])
        heads[step.branch] = state
        if step.opens:
            heads[step.opens] = bases[step.opens] = state
        yield step, state


@functools.cache
def guests_since() -> int:
    """Number of the first orders export that holds guest checkouts: the first after the loosened check."""
    for _, state in states():
        if "null-loosened" in state.brought:
            return state.exports["orders"] + 1
    raise LookupError("no step loosens the null check")
