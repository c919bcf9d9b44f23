"""A Kubeflow Model Registry that remembers: registered models, versions and artifacts, by pages."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.servers.loopback import Asked, Told

API = "/api/model_registry/v1alpha3/"
PAYLOADS = Path(__file__).parents[1] / "payloads" / "kubeflow_registry"
ORDERS = {"CREATE_TIME": "createTimeSinceEpoch", "LAST_UPDATE_TIME": "lastUpdateTimeSinceEpoch"}


class KubeflowModels:
    """Answers as the Model Registry does; begins with what `churn.json` holds."""

    def __init__(self, page: int = 2) -> None:
        stored = json.loads((PAYLOADS / "churn.json").read_text())
        self.models: list[dict[str, Any]] = [stored["registered_model"]]
        self.versions: list[dict[str, Any]] = stored["versions"]
        self.artifacts: dict[str, list[dict[str, Any]]] = stored["artifacts"]
        self.page = page
        """Things of one page at most, whatever is asked for."""

    def add(self, name: str, *, at: int, model: str = "1") -> dict[str, Any]:
        """A version that was made at a time."""
        number = str(max(int(one["id"]) for one in self.versions) + 10)
        made = {
            "id": number, "registeredModelId": model, "name": name, "state": "LIVE", "createTimeSinceEpoch": str(at),
            "lastUpdateTimeSinceEpoch": str(at),
        }  # fmt: skip
        self.versions.append(made)
        self.artifacts[number] = [{"artifactType": "model-artifact", "id": number + "1", "uri": f"s3://models/{name}"}]
        return made

    def answer(self, asked: Asked) -> Told:
        """One answer."""
        path, query = asked.path.removeprefix(API), asked.query
        if path == "registered_models":
            return self._list(self.models, query)
        if path == "model_versions":
            key = ORDERS[query["orderBy"]]
            assert query["sortOrder"] == "DESC"
            return self._list(sorted(self.versions, key=lambda one: int(one[key]), reverse=True), query)
        kind, _, rest = path.partition("/")
        if kind == "registered_models" and rest.endswith("/versions"):
            number = rest.removesuffix("/versions")
            return self._list([one for one in self.versions if one["registeredModelId"] == number], query)
        if kind == "registered_models":
            return self._one([one for one in self.models if one["id"] == rest])
        found = self.artifacts.get(rest.removesuffix("/artifacts"), [])
        return self._list([one for one in found if one["artifactType"] == query["artifactType"]], query)

    def _list(self, things: list[dict[str, Any]], query: Mapping[str, str]) -> Told:
        start = int(query.get("nextPageToken", "token-0").removeprefix("token-"))
        end = start + min(self.page, int(query.get("pageSize", "100")))
        token = f"token-{end}" if end < len(things) else ""
        items = things[start:end]
        return Told({"items": items, "nextPageToken": token, "pageSize": end - start, "size": len(items)})

    @staticmethod
    def _one(found: list[dict[str, Any]]) -> Told:
        return Told(found[0]) if found else Told({"code": "404", "message": "no such thing"}, 404)
