"""What is set: the project's quarterdeck.toml, the person's config.toml, the environment last.

`sections` and `personal` are the files as they are written, `whole` is what the product uses, `load` finds and
reads them, `mistakes` and `lines` say what is wrong and where.
"""

from __future__ import annotations

from .checks import NEVER, octets, seconds
from .load import FILE, load, load_personal, projects
from .personal import Cache, Display, Personal, ProjectList, Remote, User, Webhook
from .policy import Approvals, Denied, Freeze, Gate, Promotion, RequiredChecks, Rollback, Waivers
from .sections import (
    AirflowCi,
    Checks,
    Ci,
    Datasets,
    Git,
    GithubCi,
    GitlabCi,
    Infra,
    JenkinsCi,
    Job,
    KubeflowCi,
    LocalCi,
    Metric,
    Mlflow,
    MlflowMonitor,
    Monitor,
    Project,
    ProjectFile,
    PrometheusMonitor,
    Registry,
    Series,
    Sync,
)
from .table import Connection
from .whole import Environment, Settings, Tracking

__all__ = [
    "FILE", "NEVER", "AirflowCi", "Approvals", "Cache", "Checks", "Ci", "Connection", "Datasets", "Denied", "Display",
    "Environment", "Freeze", "Gate", "Git", "GithubCi", "GitlabCi", "Infra", "JenkinsCi", "Job", "KubeflowCi",
    "LocalCi", "Metric", "Mlflow", "MlflowMonitor", "Monitor", "Personal", "Project", "ProjectFile",
    "ProjectList", "PrometheusMonitor", "Promotion", "Registry", "Remote", "RequiredChecks", "Rollback", "Series",
    "Settings", "Sync", "Tracking", "User", "Waivers", "Webhook", "load", "load_personal", "octets", "projects",
    "seconds",
]  # fmt: skip
