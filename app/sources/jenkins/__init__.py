"""Jenkins, over its remote access API (`/api/json`) and, where it is installed, the Pipeline REST API plugin.

| module | holds |
| --- | --- |
| vendor.py | what all CI systems are asked for |
| client.py | paths, `tree=` requests, refusals, crumbs |
| places.py | paths of jobs, ids of builds |
| jobs.py, history.py | which jobs there are; their builds as one list |
| logs.py, acts.py | logs; starting again and stopping |
| artifacts.py | the files that a build kept |
| parse.py, reports.py | payloads to records, pure |
"""

from __future__ import annotations

from ...records import SourceSpec
from ...settings.sections import JenkinsCi
from ..http import Http
from .vendor import JenkinsVendor

__all__ = ["JenkinsVendor", "open_vendor"]


def open_vendor(spec: SourceSpec, section: JenkinsCi, http: Http) -> JenkinsVendor:
    """The vendor for a section of the settings. `http` has the section's `base_url` and a basic login, or none."""
    return JenkinsVendor(spec, http, job=section.repository)
