"""Logged models by their ids, in as few requests as the server allows."""

from __future__ import annotations

from collections.abc import Sequence

from ....records import LoggedModel, ModelVersion
from .api import MOST_LOGGED, LoggedApi
from .parse import Point, with_nan, zeros


def model_ids(versions: Sequence[ModelVersion]) -> list[str]:
    """The logged models that versions were made of, each once."""
    return list(dict.fromkeys(version.model_id for version in versions if version.model_id))


class LoggedModels:
    """Remembers which experiments there are (the server searches in named ones only), and which ids are nobody's."""

    def __init__(self, api: LoggedApi) -> None:
        self._api = api
        self._experiments: list[str] | None = None
        self._nobody: set[str] = set()
        self._is_unknown = False
        """The server has no logged models at all."""

    async def take(self, ids: Sequence[str], most: int) -> tuple[list[LoggedModel], list[str]]:
        """The logged models that there are, with at most `most` requests; and the ids for which those were too few."""
        found: list[LoggedModel] = []
        left = [one for one in dict.fromkeys(ids) if one not in self._nobody]
        is_fresh = False
        while left and not self._is_unknown:
            if most < 1:
                return found, left
            most -= 1
            if self._experiments is None:
                self._experiments, is_fresh = await self._api.experiments(), True
                continue
            chunk = left[:MOST_LOGGED]
            models = await self._api.logged(self._experiments, chunk)
            if models is None:
                self._is_unknown = True
                break
            doubtful = zeros(models)
            if doubtful and most < 1:
                return found, left
            if doubtful:
                most -= 1
                models = await self._doubted(models, sorted(doubtful))
            found += models
            left = self._missed(chunk, models, is_fresh) + left[MOST_LOGGED:]
        return found, []

    def _missed(self, chunk: Sequence[str], models: Sequence[LoggedModel], is_fresh: bool) -> list[str]:
        """Those to be looked for once more: their experiment may be newer than what is known."""
        met = {model.id for model in models}
        missed = [one for one in chunk if one not in met]
        if not missed:
            return []
        if is_fresh:
            self._nobody.update(missed)
            return []
        self._experiments = None
        return missed

    async def _doubted(self, models: Sequence[LoggedModel], runs: Sequence[str]) -> list[LoggedModel]:
        """The same, with each 0 that is a NaN in its run put right."""
        nans: list[Point] = []
        for start in range(0, len(runs), MOST_LOGGED):  # more than one only where many runs measured the same model
            nans += await self._api.nans(self._experiments or (), runs[start : start + MOST_LOGGED])
        return [with_nan(model, nans) for model in models]
