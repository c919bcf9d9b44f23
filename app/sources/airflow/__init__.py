"""Airflow 3: its DAG runs, tasks, tries and logs, read by `/api/v2`. Read-only."""

from __future__ import annotations

from ...records import SourceSpec
from ...settings.sections import AirflowCi
from ..http import Http
from .vendor import AirflowVendor

__all__ = ["AirflowVendor", "open_vendor"]


def open_vendor(spec: SourceSpec, section: AirflowCi, http: Http) -> AirflowVendor:
    """The vendor of one `[[ci]] kind = "airflow"`. Nothing is asked yet."""
    named = section.repository
    return AirflowVendor(spec, http, dags=(named,) if isinstance(named, str) and named else tuple(named))
