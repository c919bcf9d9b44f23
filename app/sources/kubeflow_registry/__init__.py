"""Kubeflow's Model Registry, read by `/api/model_registry/v1alpha3`. Read-only: it has no aliases.

Held against the official document only: no recording of a real one is public. So nothing but names and ids is required,
and whatever is missing is shown as not known.
"""

from __future__ import annotations

from ...records import SourceSpec
from ..http import Http
from .passes import KubeflowRegistry

__all__ = ["KubeflowRegistry", "open_kubeflow_registry"]


def open_kubeflow_registry(spec: SourceSpec, http: Http) -> KubeflowRegistry:
    """The source of one `[[registries]] kind = "kubeflow"`. Nothing is asked yet."""
    return KubeflowRegistry(spec, http)
