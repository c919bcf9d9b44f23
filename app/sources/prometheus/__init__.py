"""Prometheus, read over its HTTP API: the series that the settings name, and the alerts that fire there."""

from __future__ import annotations

from ...records import Millis, SourceSpec
from ...settings import seconds
from ...settings.sections import PrometheusMonitor
from ...settings.table import LONGEST_READ
from ..http import Http
from ..late import LateSource
from .client import Explainer, PrometheusApi
from .passes import PrometheusSource

__all__ = ["Explainer", "LatePrometheus", "PrometheusSource", "open_prometheus"]


def open_prometheus(spec: SourceSpec, section: PrometheusMonitor, http: Http) -> PrometheusSource:
    """The source of one `[[monitors]] kind = "prometheus"`. Nothing is asked yet."""
    patience = seconds(section.timeout) if section.timeout else LONGEST_READ
    api = PrometheusApi(http, patience)
    return PrometheusSource(spec, api, section.series, round(1000 * seconds(section.step)))


class LatePrometheus(LateSource[PrometheusSource]):
    """A server, opened when it is first needed."""

    def server_now(self) -> Millis | None:
        """The server's clock; None before the first use."""
        source = self._late.current
        return source.server_now() if source is not None else None

    async def complaints(self) -> list[tuple[str, bool]]:
        """As the source does. Raises SourceError."""
        async with self._late.in_use() as source:
            return await source.complaints()
