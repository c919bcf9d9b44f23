"""The model registry's REST API as it is spoken by servers 2.9 to 3.x (paths and limits read in their sources)."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

import msgspec

from ....errors import SourceError
from ....records import LoggedModel, Millis, ModelVersion, RegisteredModel
from ...http import Answer, Http
from ...trouble import AnswerError
from .. import parse as runs
from . import parse
from .api import MOST_LOGGED, Order, Page
from .parse import Point

_API: Final = "api/2.0/mlflow/"
_EXPERIMENTS_A_PAGE: Final = 5_000
_VERSIONS_A_PAGE: Final = 200
_FIRST_WITH_PROMPTS: Final = (2, 21)
_VERSION: Final = re.compile(rb"(\d+)\.(\d+)")
_PLAIN_ID: Final = re.compile(r"[\w-]+", re.ASCII)
"""What may be quoted in a filter. MLflow's ids are hexadecimal digits, those of logged models after `m-`."""


class RestRegistry:
    """A registry over HTTP. `tracking` is where its logged models are, when that is another server."""

    def __init__(self, http: Http, source: str, tracking: Http | None = None) -> None:
        self._http = http
        self._source = source
        self._tracking = tracking or http
        self._prompts: bool | None = None

    def server_now(self) -> Millis:
        """The server's clock as far as it is known."""
        return self._http.server_now()

    async def close(self) -> None:
        """Let go of the connections."""
        await self._http.close()
        if self._tracking is not self._http:
            await self._tracking.close()

    # -- what there is

    async def knows_prompts(self) -> bool:
        """Whether searches leave prompts out unless they are asked for: since 2.21. One request, once."""
        if self._prompts is None:
            try:
                said = _VERSION.match((await self._http.get("version")).body)
            except AnswerError:
                said = None  # a server of another make: it is asked for nothing that it may not know
            self._prompts = said is not None and (int(said[1]), int(said[2])) >= _FIRST_WITH_PROMPTS
        return self._prompts

    async def models(self, size: int, token: str, *, prompts: bool) -> Page[RegisteredModel]:
        """One page of registered models by name, with all their aliases; or of prompts."""
        ask = _asking(size, token, parse.PROMPTS if prompts else "")
        page = (await self._http.get(_API + "registered-models/search", ask)).json(parse.models_page)
        found = tuple(parse.parse_model(one, self._source) for one in page.registered_models)
        return Page(found, page.next_page_token)

    async def versions(self, order: Order, size: int, token: str, *, prompts: bool) -> Page[ModelVersion]:
        """One page of the versions of all models, or of all prompts."""
        ask = _asking(size, token, parse.PROMPTS if prompts else "") | {"order_by": order}
        page = (await self._http.get(_API + "model-versions/search", ask)).json(parse.versions_page)
        found = tuple(parse.parse_version(one, self._source) for one in page.model_versions)
        return Page(found, page.next_page_token)

    async def model(self, name: str) -> RegisteredModel | None:
        """A registered model with all its aliases; None when there is none."""
        try:
            answer = await self._http.get(_API + "registered-models/get", {"name": name})
        except SourceError as error:
            if is_gone(error):
                return None
            raise
        return parse.parse_model(answer.json(parse.one_model).registered_model, self._source)

    async def version(self, model: str, version: str) -> ModelVersion | None:
        """One version; None when there is none."""
        try:
            answer = await self._http.get(_API + "model-versions/get", {"name": model, "version": version})
        except SourceError as error:
            if is_gone(error):
                return None
            raise
        return parse.parse_version(answer.json(parse.one_version).model_version, self._source)

    async def versions_of_run(self, run_id: str) -> list[ModelVersion]:
        """The versions of all models that were made of a run."""
        return await self._versions(among("run_id", [run_id]))

    async def versions_with_tag(self, key: str, value: str) -> list[ModelVersion]:
        """The versions of all models that have a tag with this value."""
        return await self._versions(f"tags.`{key}` = '{value}'")

    async def _versions(self, where: str) -> list[ModelVersion]:
        found: list[ModelVersion] = []
        token = ""
        while where:
            ask = _asking(_VERSIONS_A_PAGE, token, where)
            page = (await self._http.get(_API + "model-versions/search", ask)).json(parse.versions_page)
            found += [parse.parse_version(one, self._source) for one in page.model_versions]
            token = page.next_page_token
            if not token:
                break
        return found

    async def experiments(self) -> list[str]:
        """Ids of all experiments, deleted ones too. One request for each 5,000."""
        found: list[str] = []
        token = ""
        while True:
            ask = {"max_results": _EXPERIMENTS_A_PAGE, "view_type": "ALL"} | ({"page_token": token} if token else {})
            page = (await self._read("experiments/search", ask)).json(runs.experiments_page)
            found += [one.experiment_id for one in page.experiments]
            token = page.next_page_token
            if not token:
                return found

    async def logged(self, experiments: Sequence[str], model_ids: Sequence[str]) -> list[LoggedModel] | None:
        """Those of the logged models that are in these experiments; None where the server knows none (before 3.0)."""
        where = among("model_id", model_ids)
        if not where:
            return []
        ask = {"experiment_ids": list(experiments), "filter": where, "max_results": MOST_LOGGED}
        try:
            page = (await self._read("logged-models/search", ask)).json(parse.logged_page)
        except AnswerError as error:
            if error.status == HTTPStatus.NOT_FOUND and not error.code:
                return None
            raise
        return [parse.parse_logged(one, self._source) for one in page.models]

    async def logged_of_run(self, experiment: str, run_id: str) -> list[LoggedModel]:
        """The models that a run logged; none where the server knows none (before 3.0)."""
        found: list[LoggedModel] = []
        ask: dict[str, Any] = {"experiment_ids": [experiment], "filter": among("source_run_id", [run_id])}
        while ask["filter"]:
            try:
                page = (await self._read("logged-models/search", ask)).json(parse.logged_page)
            except AnswerError as error:
                if error.status == HTTPStatus.NOT_FOUND and not error.code:
                    return []
                raise
            found += [parse.parse_logged(one, self._source) for one in page.models]
            if not page.next_page_token:
                break
            ask["page_token"] = page.next_page_token
        return found

    async def nans(self, experiments: Sequence[str], run_ids: Sequence[str]) -> list[Point]:
        """Where the metrics of these runs stand at NaN now."""
        where = among("attributes.run_id", run_ids)
        if not where:
            return []
        ask = {"experiment_ids": list(experiments), "filter": where, "max_results": MOST_LOGGED, "run_view_type": "ALL"}
        page = (await self._read("runs/search", ask)).json(runs.runs_page)
        return [
            (run.info.run_id, metric.key, metric.step, metric.timestamp)
            for run in page.runs
            for metric in run.data.metrics
            if metric.value != metric.value or metric.value == "NaN"
        ]

    async def _read(self, path: str, ask: Mapping[str, Any]) -> Any:
        return await self._tracking.post(_API + path, msgspec.json.encode(ask), is_read=True)

    # -- what is changed

    async def set_alias(self, model: str, alias: str, version: str) -> None:
        """Have the alias show this version, whatever it showed."""
        await self._post("registered-models/alias", name=model, alias=alias, version=version)

    async def set_version_tag(self, model: str, version: str, key: str, value: str) -> None:
        """Write a tag."""
        await self._post("model-versions/set-tag", name=model, version=version, key=key, value=value)

    async def delete_version_tag(self, model: str, version: str, key: str) -> None:
        """Take a tag away. One that is not there is no error of MLflow's."""
        await self._act("DELETE", "model-versions/delete-tag", name=model, version=version, key=key)

    async def set_model_tag(self, model: str, key: str, value: str) -> None:
        """Write a tag."""
        await self._post("registered-models/set-tag", name=model, key=key, value=value)

    async def delete_model_tag(self, model: str, key: str) -> None:
        """Take a tag away. One that is not there is no error of MLflow's."""
        await self._act("DELETE", "registered-models/delete-tag", name=model, key=key)

    async def create_model(self, model: str) -> None:
        """Make a registered model. An AnswerError with code RESOURCE_ALREADY_EXISTS when there is one."""
        await self._post("registered-models/create", name=model)

    async def create_version(
        self,
        model: str,
        origin: str,
        run_id: str | None,
        model_id: str | None,
        tags: Mapping[str, str],
        description: str,
    ) -> ModelVersion:
        """Make the next version of a model that there is."""
        pairs = [{"key": key, "value": value} for key, value in tags.items()]
        given = {"run_id": run_id, "model_id": model_id, "tags": pairs, "description": description}
        ask = {"name": model, "source": origin} | {key: value for key, value in given.items() if value}
        answer = await self._change(self._http.post(_API + "model-versions/create", msgspec.json.encode(ask)))
        return parse.parse_version(answer.json(parse.one_version).model_version, self._source)

    async def update_description(self, model: str, version: str | None, text: str) -> None:
        """Describe a version, or with None the model."""
        if version is None:
            await self._act("PATCH", "registered-models/update", name=model, description=text)
        else:
            await self._act("PATCH", "model-versions/update", name=model, version=version, description=text)

    async def _post(self, path: str, **ask: str) -> None:
        await self._change(self._http.post(_API + path, msgspec.json.encode(ask)))

    async def _act(self, method: str, path: str, **ask: str) -> None:
        await self._change(self._http.act(method, _API + path, msgspec.json.encode(ask)))

    async def _change(self, asked: Awaitable[Answer]) -> Answer:
        """The answer. Whoever may read may not change by that."""
        try:
            return await asked
        except AnswerError as error:
            if error.status != HTTPStatus.FORBIDDEN or error.state != "forbidden":
                raise
            said = f" It says: “{error.reason}”." if error.reason else ""
            sentence = f"{self._http.host} forbids it (403): this login may not change that model.{said}"
            raise AnswerError(sentence, error.state, error.status, error.code, error.reason) from error


def is_gone(error: SourceError) -> bool:
    """Whether the registry says that there is no such thing. A 404 without its code is of something else."""
    return isinstance(error, AnswerError) and error.code == "RESOURCE_DOES_NOT_EXIST"


def _asking(size: int, token: str, where: str) -> dict[str, Any]:
    given = {"max_results": size, "page_token": token, "filter": where}
    return {key: value for key, value in given.items() if value}


def among(column: str, ids: Sequence[str]) -> str:
    """A filter for these ids; "" where none of them can be written in one."""
    listed = ", ".join(f"'{one}'" for one in ids if _PLAIN_ID.fullmatch(one))
    return f"{column} IN ({listed})" if listed else ""
