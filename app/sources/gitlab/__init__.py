"""GitLab CI, on gitlab.com or a server of one's own, over its REST API (v4).

| module | holds |
| --- | --- |
| vendor.py | what all CI systems are asked for, and the acts |
| client.py, pace.py | paths, pages, refusals; the server's limit |
| changes.py | what is new or changed |
| deployments.py, traces.py | what a project deployed; logs |
| artifacts.py | the files that jobs kept |
| parse.py, reports.py | payloads to records, pure |
"""

from __future__ import annotations

from ...records import SourceSpec
from ...settings.sections import GitlabCi
from ..http import Http
from .vendor import GitlabVendor

__all__ = ["GitlabVendor", "open_vendor"]


def open_vendor(spec: SourceSpec, section: GitlabCi, http: Http) -> GitlabVendor:
    """The vendor for a section of the settings. `http` has the section's `base_url`, with or without /api/v4."""
    return GitlabVendor(spec, http, project=section.repository)
