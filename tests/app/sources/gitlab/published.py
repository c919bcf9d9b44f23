"""GitLab's own description of its API, which our requests are held against."""

from __future__ import annotations

import json
import re
from datetime import datetime
from pathlib import Path
from typing import Any

import jsonschema

from tests.servers.loopback import Asked

PUBLISHED = Path(__file__).parents[5] / "shared" / "contracts" / "openapi" / "gitlab" / "gitlab-ci.swagger2.json"


class Published:
    """GitLab's own description of its API."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.document = document
        self.paths = {
            re.compile(re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(path))): methods
            for path, methods in document["paths"].items()
        }

    def check(self, asked: Asked) -> None:
        """Fails when no such request is described: path, method, query and body."""
        found = [methods for pattern, methods in self.paths.items() if pattern.fullmatch(asked.path)]
        described = [methods[asked.method.lower()] for methods in found if asked.method.lower() in methods]
        assert described, f"{asked.method} {asked.path} is not in the published API"
        parameters = {one["name"]: one for one in described[0].get("parameters", [])}
        for name, value in asked.query.items():
            assert parameters.get(name, {}).get("in") == "query", f"{asked.path} has no parameter {name}"
            self._check_value(parameters[name], value)
        bodies = [one["schema"] for one in parameters.values() if one["in"] == "body"]
        if bodies and asked.body:
            # Swagger 2 speaks draft 4; the document as a whole is not checked: it has types of Swagger's own
            schema = {**bodies[0], "definitions": self.document["definitions"]}
            jsonschema.Draft4Validator(schema).validate(json.loads(asked.body))

    @staticmethod
    def _check_value(parameter: dict[str, Any], value: str) -> None:
        if parameter["type"] == "integer":
            assert value.isdigit(), value
        if parameter["type"] == "boolean":
            assert value in ("true", "false"), value
        if parameter.get("format") == "date-time":
            assert datetime.fromisoformat(value).tzinfo is not None, value
        assert value in parameter.get("enum", [value]), value
