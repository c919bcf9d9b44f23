"""What `init` proposes in comments: the sections by which production comes into sight, where none was found."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from ..detect import commented, propose
from ..settings import Settings

_HEAD: Final = (
    "# Next steps. Take the marks away where a section is yours, and put your own names in: `quarterdeck doctor`\n"
    "# tries it at once, and docs/settings.md of quarterdeck has every key.\n"
)


class _Step(NamedTuple):
    """A section, and what it is for."""

    said: str
    sections: Mapping[str, Any]


def next_steps(settings: Settings) -> str:
    """Comments to follow the settings that were found; "" where all sections are there."""
    steps = list(_steps(settings))
    told = "".join(f"\n# {step.said}\n{commented(step.sections)}" for step in steps)
    return f"\n{_HEAD}{told}" if steps else ""


def _steps(settings: Settings) -> Iterator[_Step]:
    if settings.tracking is None:
        yield _Step("Runs and registered models.", {"mlflow": {"tracking_uri": "http://127.0.0.1:5000"}})
    if not settings.ci and "ci" not in propose(settings).sections:
        yield _Step("Pipelines; also gitlab, jenkins, kubeflow, airflow, local.", {"ci": [_CI]})
    if not settings.checks:
        yield _Step("Data checks; also dbt, soda, evidently, pointblank, pandera, junit.", {"checks": [_CHECKS]})
    if not settings.monitors:
        said = 'Production, a query a line; or kind = "mlflow": figures that are logged as runs.'
        yield _Step(said, {"monitors": [_LINES]})
    if not settings.infra:
        yield _Step("What serves it: `terraform show -json` writes the files.", {"infra": [_INFRA]})
    if not settings.promotion:
        yield _Step(f"When a version of the model {_MODEL} may become its champion.", {"promotion": {_MODEL: _POLICY}})


_MODEL: Final = "my-model"
_CI: Final = {"kind": "github", "repository": "owner/name", "token_env": "GITHUB_TOKEN"}
_CHECKS: Final = {
    "kind": "great_expectations", "paths": ["gx/uncommitted/validations/**/*.json"], "environment": "prod",
}  # fmt: skip
_LINES: Final = {
    "kind": "prometheus", "base_url": "http://127.0.0.1:9090",
    "series": [{
        "name": "p95 latency", "model": _MODEL, "max": 0.2,
        "query": "histogram_quantile(0.95, sum by (le) (rate(predict_seconds_bucket[5m])))",
    }],
}  # fmt: skip
_INFRA: Final = {"kind": "terraform", "stack": "serving", "plan": "infra/plan.json", "state": "infra/state.json"}
_POLICY: Final = {
    "to": "champion", "metric": [{"name": "val_auc", "greater_is_better": True, "threshold": 0.8}],
}  # fmt: skip
