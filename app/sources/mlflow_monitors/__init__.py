"""Production metrics that are logged to MLflow: runs of some experiments, read as the lines of production.

Reading is left to the source of runs for that address (REST, SQLite, MLflow's own client): what is new it tells as it
does for training, and the histories of the metrics that the settings name become points.
"""

from __future__ import annotations

from ...records import SourceSpec
from ...settings.sections import MlflowMonitor
from ..mlflow import MlflowSource
from .passes import MonitorSource

__all__ = ["MonitorSource", "open_monitor"]


def open_monitor(spec: SourceSpec, runs: MlflowSource, section: MlflowMonitor) -> MonitorSource:
    """The source of one `[[monitors]] kind = "mlflow"`. `runs` reads its experiments, and is closed with it."""
    return MonitorSource(spec, runs, section)
