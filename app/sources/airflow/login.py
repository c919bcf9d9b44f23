"""How Airflow knows us: a token is sent as it is, a name and password are changed for one that lives for a day.

`POST /auth/token` of the auth manager (seen on a real 3.3.2 server: 201 with `access_token`; a token that ran out is
answered with 403, not 401).
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import msgspec

from ...errors import SourceError
from ...records import Millis
from ..http import Answer, Http
from ..trouble import AnswerError


class _Token(msgspec.Struct):
    access_token: str


_token = msgspec.json.Decoder(_Token)


class Login:
    """Reads by one Airflow's API, with the token that it gave for a name and password where those are what we have."""

    def __init__(self, http: Http) -> None:
        self._http = http
        self._with_token: Http | None = None
        self._asking = asyncio.Lock()

    def server_now(self) -> Millis:
        """The server's clock as far as it is known, in UTC milliseconds."""
        return self._http.server_now()

    async def get(self, path: str, params: Mapping[str, Any] | None = None) -> Answer:
        """Read; a token that ran out is asked for once more. Raises SourceError."""
        http = await self._open()
        try:
            return await http.get(path, params)
        except AnswerError as error:
            if error.status != 401 and not (error.status == 403 and "JWT" in error.reason):
                raise
            if http is self._http:
                raise SourceError(f"{http.host} takes the token no more: give it a new one.", "unauthorised") from error
            await self._forget(http)
        return await (await self._open()).get(path, params)

    async def _open(self) -> Http:
        if self._http.password is None:
            return self._http
        async with self._asking:
            if self._with_token is None:
                username, password = self._http.password
                body = msgspec.json.encode({"username": username, "password": password})
                answer = await self._http.post("auth/token", body)
                self._with_token = self._http.bearing(answer.json(_token).access_token)
            return self._with_token

    async def _forget(self, http: Http) -> None:
        async with self._asking:
            if self._with_token is http:
                self._with_token = None

    async def close(self) -> None:
        """Let go of the connections, which both logins share."""
        await self._http.close()
