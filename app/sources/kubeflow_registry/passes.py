"""The passes over Kubeflow's Model Registry.

It can be asked for what changed last, and deletes nothing: a pass reads all registered models and the versions that
changed since the last one, and needs no sweep. Each version costs a request more, for where its model lies.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, ClassVar, Final
from urllib.parse import quote

import msgspec

from ...records import Batch, Millis, ModelVersion, RegisteredModel, SourceSpec, Want
from .. import Cursor
from ..http import Answer, Http
from ..trouble import AnswerError
from . import parse

_API: Final = "api/model_registry/v1alpha3"
_MOST_A_PAGE: Final = 1_000
_PAGE: Final = 50
"""Versions of one batch: one request for them, and one for each."""
_OVERLAP: Final = 60_000
"""Milliseconds that a pass looks back: a change may be written later than it is dated."""

_models = msgspec.json.Decoder(parse.Models)
_model = msgspec.json.Decoder(parse.Resource)
_versions = msgspec.json.Decoder(parse.Versions)
_artifacts = msgspec.json.Decoder(parse.Artifacts)


class Marks(msgspec.Struct):
    """The cursor."""

    VERSION: ClassVar[int] = 1

    version: int = 0
    updated_at: Millis = 0
    """The latest change that was met."""
    token: str = ""
    """Where the first sync goes on."""
    read: int = 0
    whole: bool = False

    @classmethod
    def load(cls, cursor: Cursor) -> Marks:
        """The marks of a cursor; fresh ones where it is empty or of another version."""
        try:
            marks = msgspec.convert(dict(cursor), cls)
        except msgspec.ValidationError:
            marks = cls()
        return marks if marks.version == cls.VERSION else cls(version=cls.VERSION)

    def dump(self) -> dict[str, Any]:
        """As a cursor: JSON values only."""
        built: dict[str, Any] = msgspec.to_builtins(self)
        return built


class KubeflowRegistry:
    """One Model Registry."""

    def __init__(self, spec: SourceSpec, http: Http) -> None:
        self.spec = spec
        self._http = http
        self._names: dict[str, str] = {}
        """Id of a registered model -> its name."""
        self._seen: dict[str, Millis] = {}
        """Versions that changed lately, and when: the next pass meets them once more."""

    async def close(self) -> None:
        """Let go of the connections."""
        await self._http.close()

    async def poll(self, cursor: Cursor) -> AsyncIterator[Batch]:
        """One pass; with an empty cursor, or one that stopped half-way, the first sync as well."""
        marks = Marks.load(cursor)
        yield Batch(models=await self._listing(), models_complete=True)
        batches = self._changed(marks) if marks.whole else self._history(marks)
        async for batch in batches:
            yield batch

    async def sweep(self, cursor: Cursor) -> AsyncIterator[Batch]:
        """All versions once more. One that is killed begins anew."""
        yield Batch(models=await self._listing(), models_complete=True)
        async for batch in self._history(Marks(version=Marks.VERSION)):
            yield batch if batch.total is not None else msgspec.structs.replace(batch, cursor=None)

    async def want(self, want: Want) -> AsyncIterator[Batch]:
        """A registered model, and those of its versions that are named."""
        if want.kind != "model":
            return
        number = await self._number(want.model)
        model = await self._found(f"registered_models/{quote(number, safe='')}") if number else None
        if model is None:
            return
        found = [await self._whole(raw) for raw in await self._of_model(number, set(want.keys))]
        yield Batch(models=(parse.parse_model(model, self.spec.key),), versions=tuple(filter(None, found)))

    async def _number(self, name: str) -> str:
        """The id of a registered model; "" where there is none. By name it can be asked for in ASCII only."""
        if name not in self._names.values():
            await self._listing()
        return next((number for number, one in self._names.items() if one == name), "")

    async def _of_model(self, number: str, names: set[str]) -> list[parse.Version]:
        """Those of a registered model's versions that are called so."""
        found: list[parse.Version] = []
        token = ""
        while names - {raw.name for raw in found}:
            asked = _asking(_MOST_A_PAGE, token)
            page = (await self._get(f"registered_models/{quote(number, safe='')}/versions", asked)).json(_versions)
            found += [raw for raw in page.items or () if raw.name in names]
            token = page.next_page_token
            if not token:
                break
        return found

    async def _listing(self) -> tuple[RegisteredModel, ...]:
        found: list[RegisteredModel] = []
        token = ""
        while True:
            page = (await self._get("registered_models", _asking(_MOST_A_PAGE, token))).json(_models)
            for raw in page.items or ():
                self._names[raw.id] = raw.name
                found.append(parse.parse_model(raw, self.spec.key))
            token = page.next_page_token
            if not token:
                return tuple(found)

    async def _history(self, marks: Marks) -> AsyncIterator[Batch]:
        """All versions, newest first, each batch with the cursor that goes on below it."""
        while True:
            page = await self._page("CREATE_TIME", marks.token)
            versions = await self._wholes(page.items or ())
            self._remember(marks, page.items or ())
            marks.token, marks.read = page.next_page_token, marks.read + len(page.items or ())
            marks.whole = not marks.token
            yield Batch(
                versions=versions, cursor=marks.dump(), done=marks.read, total=marks.read if marks.whole else None
            )  # fmt: skip
            if marks.whole:
                self._forget_older(marks)
                return

    async def _changed(self, marks: Marks) -> AsyncIterator[Batch]:
        """Versions that were made or changed since the last pass."""
        since, token = marks.updated_at - _OVERLAP, ""
        while True:
            page = await self._page("LAST_UPDATE_TIME", token)
            raws = [raw for raw in page.items or () if _updated(raw) >= since]
            fresh = [raw for raw in raws if self._seen.get(raw.id) != _updated(raw)]
            self._remember(marks, raws)
            token = page.next_page_token if len(raws) == len(page.items or ()) else ""
            versions = await self._wholes(fresh)
            if versions or not token:
                yield Batch(versions=versions, cursor=None if token else marks.dump())
            if not token:
                self._forget_older(marks)
                return

    def _remember(self, marks: Marks, raws: Sequence[parse.Version]) -> None:
        marks.updated_at = max((marks.updated_at, *map(_updated, raws)))
        self._seen.update({raw.id: _updated(raw) for raw in raws})

    def _forget_older(self, marks: Marks) -> None:
        """Keep what changed last of all, which the next pass meets once more."""
        self._seen = {one: at for one, at in self._seen.items() if at >= marks.updated_at - _OVERLAP}

    async def _wholes(self, raws: Sequence[parse.Version]) -> tuple[ModelVersion, ...]:
        return tuple([one for raw in raws if (one := await self._whole(raw)) is not None])

    async def _whole(self, raw: parse.Version) -> ModelVersion | None:
        """The version with the place of its model; None when its registered model cannot be told."""
        name = self._names.get(raw.registered_model_id) or await self._name(raw.registered_model_id)
        if not name:
            return None
        path = f"model_versions/{quote(raw.id, safe='')}/artifacts"
        page = (await self._get(path, {"artifactType": parse.MODEL_ARTIFACT})).json(_artifacts)
        return parse.parse_version(raw, self.spec.key, name, page.items or [])

    async def _name(self, model_id: str) -> str:
        """What a registered model is called that was made since they were listed; "" where it is not to be had."""
        found = await self._found(f"registered_models/{quote(model_id, safe='')}") if model_id else None
        if found is not None:
            self._names[model_id] = found.name
        return found.name if found is not None else ""

    async def _page(self, order: str, token: str) -> parse.Versions:
        asked = _asking(_PAGE, token) | {"orderBy": order, "sortOrder": "DESC"}
        return (await self._get("model_versions", asked)).json(_versions)

    async def _found(self, path: str) -> parse.Resource | None:
        """A registered model; None when there is none."""
        try:
            return (await self._get(path, {})).json(_model)
        except AnswerError as error:
            if error.status == 404:
                return None
            raise

    async def _get(self, path: str, asked: Mapping[str, str]) -> Answer:
        return await self._http.get(f"{_API}/{path}", asked)


def _asking(size: int, token: str) -> dict[str, str]:
    return {"pageSize": str(size)} | ({"nextPageToken": token} if token else {})


def _updated(raw: parse.Version) -> Millis:
    return parse.millis(raw.last_update_time_since_epoch) or 0
