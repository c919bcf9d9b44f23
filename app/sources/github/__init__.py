"""GitHub Actions, on github.com or GitHub Enterprise, over its REST API (version 2022-11-28).

| module | holds |
| --- | --- |
| vendor.py | what all CI systems are asked for, and the acts |
| client.py | addresses, pages, ETags, the pace |
| deployments.py | what a run put where |
| checks.py | what other apps said of a run's commit |
| logs.py | the log of a job, from the store that GitHub sends us to |
| reports.py | what the tests of a run said, from its artifacts |
| archives.py | JUnit files out of an archive, pure |
| artifacts.py | the files that a run uploaded |
| parse.py | payloads to records, pure |
"""

from __future__ import annotations

from ...records import SourceSpec
from ...settings.sections import GithubCi
from ..http import Http
from .vendor import GithubVendor

__all__ = ["GithubVendor", "open_vendor"]


def open_vendor(spec: SourceSpec, section: GithubCi, http: Http) -> GithubVendor:
    """The vendor for a section of the settings. `http` has the section's `base_url`. Nothing is asked yet."""
    return GithubVendor(spec, http, repository=section.repository)
