"""What can be done to a build: start the same once more, stop it. Jenkins itself has no re-run.

Once more is a new build with the same parameters, which waits in a queue first. `buildWithParameters` answers with the
queue's item, and that knows the build's number as soon as it has one. Jenkins keeps no mark of ours with a build: after
a cut connection it is looked for by its parameters, by who started it and when.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from typing import Final

from ...errors import SourceError
from ...records import Millis
from .. import trouble
from ..http import Answer
from .client import JenkinsClient
from .parse import Actions, BuildPayload, parameters, starter
from .places import QUEUED, Place, taken_apart

Pause = Callable[[float], Awaitable[None]]

_ITEM: Final = re.compile(r"/queue/item/(\d+)")
_WAITS: Final = (0.2, 0.5, 1.0, 1.5, 2.0, 2.0, 2.0)
"""Seconds between looks at the queue: most servers keep a build there for 5 s (the quiet period)."""
_APART: Final = 5_000
"""Milliseconds that the clocks of both sides may be apart beyond what is known of them."""


class Acts:
    """Acts on the builds of one Jenkins."""

    def __init__(self, client: JenkinsClient, pause: Pause = asyncio.sleep) -> None:
        self._client = client
        self._pause = pause

    async def rerun(self, place: Place, number: str) -> str:
        """Start a build with the same parameters. Gives the new build's id, or its place in the queue (PATH#q57).

        Raises SourceError, without having started anything, where a parameter is not told (a password, a file).
        """
        before = await self._client.started_with(place, number)
        if before is None:
            raise self._no_build(place, number)
        answer = await self._start(place, _form(place, before))
        found = _ITEM.search(answer.headers.get("location", ""))
        if found is None:
            raise SourceError(
                f"{self._client.http.host} took the request and names no place in its queue: look at {place.path}.",
                "not_understood",
            )
        return await self._started(place, found[1])

    async def rerun_of(self, place: Place, number: str, since: Millis) -> str | None:
        """The first build since then that has this build's parameters and that our login started; or one queued so."""
        before = await self._client.started_with(place, number)
        me = await self._client.me() if before is not None else ""
        if before is None or not me:
            return None
        earliest = since + (self._client.http.skew or 0) - _APART
        wanted = parameters(before).items()  # the job may have got others since, which come with their defaults
        lately = await self._client.lately_started(place)

        def is_it(one: Actions, at: Millis) -> bool:
            return at >= earliest and starter(one) == me and wanted <= parameters(one).items()

        builds = [one.number for one in lately.builds if one.number > before.number and is_it(one, one.timestamp)]
        if builds:
            return place.build_id(min(builds))
        waiting = lately.queue_item
        is_queued = waiting is not None and is_it(waiting, waiting.in_queue_since)
        return place.build_id(f"{QUEUED}{waiting.id}") if waiting is not None and is_queued else None

    async def cancel(self, place: Place, number: str) -> None:
        """Stop a build, or take it out of the queue."""
        try:
            if number.startswith(QUEUED):
                await self._client.post("queue/cancelItem", {"id": number.removeprefix(QUEUED)})
            else:
                await self._client.post(f"{place.url}/{number}/stop")
        except trouble.AnswerError as error:
            if error.status == 404 and not number.startswith(QUEUED):  # older servers answer so when it is done
                raise self._no_build(place, number) from error
            if error.status != 404:
                raise

    async def _start(self, place: Place, form: dict[str, str]) -> Answer:
        if form:
            return await self._client.post(f"{place.url}/buildWithParameters", form)
        try:
            return await self._client.post(f"{place.url}/build")
        except trouble.AnswerError as error:
            if error.status != 400:
                raise
        # the job has got parameters since: with their defaults, as a timer would start it
        return await self._client.post(f"{place.url}/buildWithParameters")

    async def _started(self, place: Place, item: str) -> str:
        waits_in_queue = place.build_id(f"{QUEUED}{item}")
        for wait in (*_WAITS, 0.0):
            try:
                queued = await self._client.queued(item)
            except SourceError as error:  # none of these takes back what was started
                if error.state not in ("forbidden", "unauthorised"):
                    return waits_in_queue
                told = f"{self._client.http.host} took the request and does not show its queue to this login."
                raise SourceError(told, "not_understood") from error  # the build itself may be seen: see rerun_of
            if queued is not None and queued.executable is not None:
                return place.build_id(queued.executable.number)
            if queued is None or queued.cancelled:
                raise SourceError(f"The new build of {place.path} was taken out of the queue again.", "not_understood")
            await self._pause(wait)
        return waits_in_queue

    def _no_build(self, place: Place, number: str) -> SourceError:
        return trouble.AnswerError(
            f"{self._client.http.host} has no build {number} of {place.path} any more.", "not_understood", 404
        )


def place_and_number(pipeline_id: str) -> tuple[str, str]:
    """Raises SourceError for an id that is no build's."""
    taken = taken_apart(pipeline_id)
    if taken is None:
        raise SourceError(f"{pipeline_id} is no build of Jenkins: those are called PATH#NUMBER.", "not_understood")
    return taken


def _form(place: Place, build: BuildPayload) -> dict[str, str]:
    form: dict[str, str] = {}
    for name, value in parameters(build).items():
        if value is None:
            raise SourceError(
                f"Build {build.number} of {place.path} had a parameter that Jenkins does not tell ({name}: a password,"
                " a file): start it there. Nothing was started.",
                "misconfigured",
            )
        form[name] = value
    return form
