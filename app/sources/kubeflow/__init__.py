"""Kubeflow Pipelines: its runs and their tasks, read by `/apis/v2beta1`. Read-only, and its logs are linked to.

Held against the official swagger and the project's own golden files only: no recording of a real run is public. So
nothing but a run's id is required, and whatever is missing is shown as not known.
"""

from __future__ import annotations

from ...records import SourceSpec
from ...settings.sections import KubeflowCi
from ..http import Http
from .vendor import KubeflowVendor

__all__ = ["KubeflowVendor", "open_vendor"]


def open_vendor(spec: SourceSpec, section: KubeflowCi, http: Http) -> KubeflowVendor:
    """The vendor of one `[[ci]] kind = "kubeflow"`. Nothing is asked yet."""
    return KubeflowVendor(spec, http, namespace=section.repository)
