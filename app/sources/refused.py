"""A source that the settings name and that is not read: not trusted yet, or wrongly set up."""

from __future__ import annotations

from collections.abc import AsyncIterator

from ..errors import SourceError
from ..records import Batch, SourceSpec, Want
from . import Cursor


class RefusedSource:
    """Stands in a source's place, so that its row says why it is empty. Reads nothing and reaches nowhere."""

    def __init__(self, spec: SourceSpec, state: str, sentence: str) -> None:
        self.spec = spec
        self._state = state
        self.sentence = sentence
        """Why it is not read."""

    async def poll(self, cursor: Cursor) -> AsyncIterator[Batch]:
        """Raises SourceError with the reason."""
        raise SourceError(self.sentence, state=self._state)
        yield  # makes it a generator, as the other sources are

    async def sweep(self, cursor: Cursor) -> AsyncIterator[Batch]:
        """Raises SourceError with the reason."""
        raise SourceError(self.sentence, state=self._state)
        yield

    async def want(self, want: Want) -> AsyncIterator[Batch]:
        """Raises SourceError with the reason."""
        raise SourceError(self.sentence, state=self._state)
        yield

    async def close(self) -> None:
        """Nothing was opened."""
