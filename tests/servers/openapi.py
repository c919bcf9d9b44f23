"""Requests and answers held against a published OpenAPI 3.0 specification."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator
from referencing import Registry, Resource


class Specification:
    """One file. `problems_of_*` give sentences, none when all is as it should be."""

    def __init__(self, file: Path) -> None:
        self._spec = _nullable(_read(file))
        self._registry: Registry[Any] = Registry().with_resource("spec:", Resource.opaque(self._spec))
        self._routes = [(_pattern(path), path) for path in self._spec["paths"]]

    def route(self, path: str) -> str | None:
        """The template of a path: the one with the fewest parameters that matches."""
        found = [template for pattern, template in self._routes if pattern.fullmatch(path)]
        return min(found, key=lambda template: template.count("{"), default=None)

    def problems_of_request(self, method: str, path: str, query: Mapping[str, str], body: bytes = b"") -> list[str]:
        """Whether there is such a call, with such parameters of such values, and such a body."""
        template = self.route(path)
        if template is None or method.lower() not in self._spec["paths"][template]:
            return [f"no {method} {path}"]
        shared, call = (
            self._spec["paths"][template].get("parameters", []),
            self._spec["paths"][template][method.lower()],
        )
        return [*self._parameters([*shared, *call.get("parameters", [])], query), *self._body(call, body)]

    def problems_of_answer(self, method: str, path: str, status: int, answer: object) -> list[str]:
        """Whether the call answers so."""
        template = self.route(path)
        assert template is not None, path
        responses = self._spec["paths"][template][method.lower()]["responses"]
        if str(status) not in responses:
            return [f"{method} {path} does not answer with {status}"]
        content = self._whole(responses[str(status)]).get("content", {}).get("application/json")
        return [] if content is None else self._misfits(content["schema"], answer)

    def _parameters(self, listed: Iterable[Mapping[str, Any]], query: Mapping[str, str]) -> Iterable[str]:
        known = {one["name"]: one for one in map(self._whole, listed) if one["in"] == "query"}
        for name, value in query.items():
            if name not in known:
                yield f"no parameter {name}"
            else:
                schema = self._whole(known[name]["schema"])
                yield from self._misfits(schema, _typed(value, schema.get("type")))
        yield from (f"no {name}" for name, one in known.items() if one.get("required") and name not in query)

    def _body(self, call: Mapping[str, Any], body: bytes) -> Iterable[str]:
        wanted = call.get("requestBody", {}).get("content", {}).get("application/json")
        if wanted is not None:
            yield from self._misfits(wanted["schema"], json.loads(body or b"null"))
        elif body not in (b"", b"{}"):
            yield "a body that nobody asked for"

    def _whole(self, part: Mapping[str, Any]) -> Mapping[str, Any]:
        while "$ref" in part:
            found: Any = self._spec
            for word in part["$ref"].removeprefix("spec:#/").removeprefix("#/").split("/"):
                found = found[word]
            part = found
        return part

    def _misfits(self, schema: Mapping[str, Any], value: object) -> list[str]:
        checked = Draft202012Validator(_absolute(schema), registry=self._registry)
        return [f"{error.json_path}: {error.message[:200]}" for error in checked.iter_errors(value)]


def _read(file: Path) -> Any:
    if file.suffix == ".json":
        return json.loads(file.read_text())
    import yaml

    return yaml.safe_load(file.read_text())


def _pattern(template: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\\{[^/]*?\\}", "[^/]+", re.escape(template)))


def _typed(value: str, kind: object) -> object:
    kinds = kind if isinstance(kind, list) else [kind]
    if "integer" in kinds and re.fullmatch(r"-?\d+", value):
        return int(value)
    if "boolean" in kinds and value in ("true", "false"):
        return value == "true"
    return value


def _nullable(part: Any) -> Any:
    """OpenAPI's `nullable` as JSON schema says it, and references from the whole file's root."""
    if isinstance(part, list):
        return [_nullable(one) for one in part]
    if not isinstance(part, dict):
        return part
    whole = {key: _nullable(one) for key, one in part.items()}
    if isinstance(whole.get("$ref"), str):
        whole["$ref"] = f"spec:{whole['$ref']}"
    if "discriminator" in whole and "oneOf" in whole:
        whole["anyOf"] = whole.pop("oneOf")  # which of them it is, a field tells, and not that the others do not fit
    if whole.pop("nullable", False) is True:
        return {"anyOf": [whole, {"type": "null"}]}
    return whole


def _absolute(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}
