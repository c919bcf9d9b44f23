"""What the team has written down: code, rules of the checks, policy, quarterdeck.toml."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from .results import GX, Rule

RULES = (
    Rule("not_null", "order_id"), Rule("unique", "order_id"), Rule("not_null", "customer_id", 0.99),
    Rule("in_set", "plan", allowed=("basic", "plus", "family")), Rule("between", "amount", most=2000.0),
)  # fmt: skip
CODE: Mapping[str, str] = {
    ".gitignore": "/mlflow.db*\n/mlartifacts/\n/data/*.csv\n/gx/uncommitted/\n/warehouse/target/\n"
    "/infra/*/*.json\n/infra/*/apply.log\n",
    "README.md": "# The model of the shop\n",
    "src/features.py": '"""What the model looks at."""\n\nWINDOW_DAYS = 90\n\n\ndef recency(orders):\n'
    '    return orders.groupby("customer_id").ordered_at.max()\n\n\ndef spent(orders):\n'
    '    return orders.groupby("customer_id").amount.sum()\n',
    "src/train.py": '"""Trains on data/orders.csv with params.yaml."""\n\nfrom features import recency, spent\n',
    "serving/app.py": '"""Answers POST /score."""\n\nTIMEOUT_SECONDS = 2\nBATCH = 64\n',
    "params.yaml": "lr: 0.05\ndepth: 6\nthreshold: 0.42\nn_estimators: 120\n",
    "requirements.txt": "scikit-learn==1.5.2\npandas==2.2.3\nnumpy==1.26.4\nmlflow==3.1.4\n",
    "docs/onboarding.md": "Ask ann for access.\n",
    "infra/serving/main.tf": 'resource "kubernetes_deployment" "api" {\n  replicas = 4\n  memory   = "2Gi"\n}\n\n'
    'resource "kubernetes_horizontal_pod_autoscaler" "api" {\n  min = 4\n  max = 12\n}\n\n'
    'resource "kubernetes_service" "api" {}\n',
    "infra/warehouse/main.tf": 'resource "kubernetes_stateful_set" "duckdb" {\n  disk = "200Gi"\n}\n\n'
    'resource "kubernetes_cron_job" "export" {\n  schedule = "0 0 * * *"\n}\n',
}  # fmt: skip
SERVING: Mapping[str, Mapping[str, Any]] = {
    "kubernetes_deployment.api": {"replicas": 4, "memory": "2Gi"},
    "kubernetes_horizontal_pod_autoscaler.api": {"min": 4, "max": 12},
    "kubernetes_service.api": {"port": 80},
}  # fmt: skip
WAREHOUSE: Mapping[str, Mapping[str, Any]] = {
    "kubernetes_stateful_set.duckdb": {"disk": "200Gi"}, "kubernetes_cron_job.export": {"schedule": "0 0 * * *"},
}  # fmt: skip


POLICY = """
[teams]
leads = ["ann@example.com", "bo@example.com"]

[promotion."churn"]
to = "champion"
[[promotion."churn".metric]]
name = "val_auc"
greater_is_better = true
threshold = 0.91
[[promotion."churn".metric]]
name = "p95_latency_ms"
greater_is_better = false
threshold = 180
[promotion."churn".waivers]
gates = ["metric"]
from = ["team:leads"]
accept = ["claimed"]
max = "24h"
"""


class Series(msgspec.Struct, frozen=True):
    """A line of production and its threshold."""

    name: str
    level: float
    least: float | None = None
    most: float | None = None
    is_business: bool = True
    """Logged to MLflow by the evaluation; otherwise Prometheus has it."""
    delay: str = "24h"
    """Until labels are there."""
    unit: str = ""


PRECISION = Series("precision", 0.83, least=0.78)
RECALL = Series("recall", 0.71, least=0.64)
LATENCY = Series("p95 latency", 0.11, most=0.2, is_business=False, unit="s")
ERRORS = Series("error rate", 0.002, most=0.01, is_business=False)


def query(one: Series, model: str) -> str:
    """What Prometheus is asked for a series."""
    if one.name == "p95 latency":
        rates = f'rate(predict_seconds_bucket{{model="{model}"}}[5m])'
        return f"histogram_quantile(0.95, sum by (le, model) ({rates}))"
    return f'sum by (model) (rate({one.name.replace(" ", "_")}_total{{model="{model}"}}[5m]))'


def settings(
    model: str,
    series: Sequence[Series],
    *,
    tool: str,
    prometheus: str,
    policy: str,
    pipelines: Sequence[str],
    sync_hours: int,
) -> str:
    """quarterdeck.toml. `prometheus` is the server's address, "" where there is none."""
    logged = [one for one in series if one.is_business]
    measured = [one for one in series if not one.is_business]
    parts = [
        f'[project]\nname = "{model}"\nenvironment = "prod"\n',
        '[mlflow]\ntracking_uri = "sqlite:///mlflow.db"\n',
        "[metrics]\nval_auc = { greater_is_better = true }\nval_rmse = { greater_is_better = false }\n",
        f'[sync]\nevery = "{sync_hours}h"\n',
        _ci("ci", "lint test build"), _ci("nightly", "ingest data-check evaluate"),
        *(_ci(name, name) for name in pipelines),
        '[[datasets]]\nname = "orders"\n'
        'is = ["dvc:data/orders.csv", "mlflow:orders", "gx:orders", "dbt:shop.stg_orders", "dbt:shop.raw.orders"]\n',
        '[[datasets]]\nname = "customers"\nis = ["dvc:data/customers.csv", "mlflow:customers", "gx:customers"]\n',
        '[[checks]]\nkind = "great_expectations"\nname = "gx"\npaths = ["gx/uncommitted/validations/**/*.json"]\n'
        'environment = "prod"\n',
        '[[checks]]\nkind = "dbt"\npaths = ["warehouse/target/*/run_results.json"]\nenvironment = "prod"\n'
        if tool == "dbt" else "",
        _monitors("mlflow", f'experiments = ["{model}-production"]', logged, model),
        _monitors("prometheus", f'base_url = "{prometheus}"', measured, model) if prometheus else "",
        _infra("serving", model), _infra("warehouse", ""), policy,
    ]  # fmt: skip
    return "\n".join(part for part in parts if part)


def rule_files(tool: str, rules: Sequence[Rule]) -> dict[str, str | None]:
    """The rules of the orders as the tool has them in the repository, by path."""
    if tool == "dbt":
        lines = ["version: 2", "models:", "  - name: stg_orders", "    columns:"]
        for rule in rules:
            kind = "accepted_values" if rule.kind == "in_set" else rule.kind
            test = f"{{{kind}: {{severity: warn}}}}" if rule.severity else kind
            lines += [f"      - name: {rule.column}", f"        tests: [{test}]"]
        return {"warehouse/models/schema.yml": "\n".join(lines) + "\n"}
    told = [
        {
            "type": GX[rule.kind],
            "kwargs": {"column": rule.column} | ({"mostly": rule.mostly} if rule.mostly < 1 else {})
            | ({"value_set": list(rule.allowed)} if rule.allowed else {})
            | ({"max_value": rule.most} if rule.most else {}),
        }
        | ({"severity": rule.severity} if rule.severity else {})
        for rule in rules
    ]  # fmt: skip
    suite = msgspec.json.format(msgspec.json.encode({"name": "orders", "expectations": told}), indent=2).decode()
    return {"gx/expectations/orders.json": suite + "\n"}


def _ci(name: str, jobs: str) -> str:
    told = ", ".join(f'{{ name = "{job}", run = "make {job}" }}' for job in jobs.split())
    return f'[[ci]]\nkind = "local"\nname = "{name}"\njobs = [{told}]\n'


def _monitors(kind: str, place: str, series: Sequence[Series], model: str) -> str:
    if not series:
        return ""
    name = "evaluation" if kind == "mlflow" else "prometheus"
    parts = [f'[[monitors]]\nkind = "{kind}"\nname = "{name}"\n{place}\n']
    for one in series:
        asked = one.name if kind == "mlflow" else query(one, model)
        lines = [
            "[[monitors.series]]", f'name = "{one.name}"', f"query = '{asked}'", f'model = "{model}"',
            f'kind = "{"business" if one.is_business else "operational"}"',
        ]  # fmt: skip
        lines += [f"min = {one.least}"] if one.least is not None else []
        lines += [f"max = {one.most}"] if one.most is not None else []
        lines += [f'label_delay = "{one.delay}"'] if one.is_business else []
        lines += [f'unit = "{one.unit}"'] if one.unit else []
        parts.append("\n".join(lines) + "\n")
    return "\n".join(parts)


def _infra(stack: str, model: str) -> str:
    models = f'models = ["{model}"]\n' if model else ""
    return (
        f'[[infra]]\nkind = "terraform"\nstack = "{stack}"\nplan = "infra/{stack}/plan.json"\n'
        f'state = "infra/{stack}/state.json"\nlog = "infra/{stack}/apply.log"\nenvironment = "prod"\n{models}'
    )
