"""One source, its state and its passes: what becomes of what it yields, and of how it fails."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, Final

import msgspec

from ..errors import IncompleteError, SourceError, StoreError
from ..records import Batch, Millis, SourceState, Want
from ..sources import Source
from .log import LOGGER, account
from .writer import Writer

_SAY_EVERY: Final = 0.5
"""Seconds between two words of progress in the cache: each is a transaction and wakes every reader."""

Plan = Callable[[int, Millis | None], Millis | None]
"""(failures in a row, what the server asked for) -> when to try next."""


def now_millis() -> Millis:
    """The machine's clock."""
    return time.time_ns() // 1_000_000


class Poller:
    """Runs one source and keeps its state. `state` is always what the cache was last told."""

    def __init__(
        self,
        source: Source,
        state: SourceState | None,
        writer: Writer,
        *,
        plan: Plan,
        longest_pause: Millis,
        log: Path,
        report: Callable[[SourceState], None] = lambda state: None,
    ) -> None:
        spec = source.spec
        self.source = source
        self.state = state or SourceState(source=spec.key, kind=spec.kind, name=spec.name, address=spec.address)
        self.notice = ""
        """What is to be said beside the source's own sentence: that new settings cannot be used."""
        self._writer = writer
        self._plan = plan
        self._longest_pause = longest_pause
        self._log = log
        self._report = report
        self._failures = 0
        self._counted = False
        self._said = 0.0

    async def run(self, *, full: bool = False) -> SourceState:
        """One pass, or one whole sweep; gives the state after it. Raises StoreError only.

        A pass that was cut short goes on where its last batch was committed.
        """
        try:
            generation = self._writer.generation
            cursor = await self._writer.cursor(self.state.source)
            await self._consume(self.source.sweep(cursor) if full else self.source.poll(cursor), generation)
        except StoreError:
            raise
        except IncompleteError as error:
            await self._incomplete(error.state, str(error))
        except SourceError as error:
            await self._failed(error.state, str(error), error.retry_at)
        except Exception as error:  # the boundary: a bug in one source stops no other
            await self._failed("not_understood", self._explained(error), None)
        else:
            await self._succeeded()
        return self.state

    async def keep(self, batch: Batch, generation: int | None = None, began: Millis | None = None) -> None:
        """Write a batch, whoever asked for it. `began`: when the pass did that it is of."""
        generation = self._writer.generation if generation is None else generation
        written = await self._writer.write(self.state.source, batch, generation, began)
        if batch.stacks_complete or batch.series_complete or batch.series:  # few, and no number of the new ones is told
            await self._count()
        elif self._counted:
            fresh = written.runs_new + written.commits_new + written.pipelines_new + written.versions_new
            fresh += written.results_new
            self._change(items=self.state.items + fresh - written.pipelines_gone - written.versions_gone)
        await self._writer.note_sync(now_millis(), self._longest_pause)

    async def completed(self, want: Want) -> Want | None:
        """The want with what the cache has of it, so that the source gives only what came since; None: it has all."""
        if want.kind == "log" and want.pipelines:
            start, is_whole = await self._writer.log_start(self.state.source, want.pipelines[0], want.job)
            return None if is_whole else msgspec.structs.replace(want, start=start)
        if want.kind not in ("history", "extremes"):
            return want
        known = await self._writer.known_series(self.state.source, want.run_ids, want.keys)
        return msgspec.structs.replace(want, known=tuple(known))

    async def say(self, **changes: Any) -> None:
        """Change the state and tell the cache and whoever listens."""
        self._change(**changes)
        self._said = time.monotonic()
        await self._writer.save(self.state)
        self._report(self.state)

    def account_for(self, error: Exception) -> None:
        """Write an unexpected exception into the log."""
        LOGGER.error("%s (%s): %s", self.state.name, self.state.kind, account(error))

    async def _consume(self, batches: AsyncIterator[Batch], generation: int) -> None:
        """Write each batch before the next is asked for.

        Sources that wait for a server fetch ahead by themselves; for local ones both halves would only take
        turns at the interpreter's lock (measured: no faster, a fifth more processor time).
        """
        began = now_millis()
        try:
            async for batch in batches:
                await self._keep_and_say(batch, generation, began)
        finally:
            await closed(batches)

    async def _keep_and_say(self, batch: Batch, generation: int, began: Millis) -> None:
        if not self._counted:
            await self._count()
        await self.keep(batch, generation, began)
        for name in ("as_of", "done", "total", "sweep_period"):
            value = getattr(batch, name)
            if value is not None:
                self._change(**{name: value})
        if batch.done is not None and time.monotonic() - self._said >= _SAY_EVERY:
            await self.say()

    async def _count(self) -> None:
        self._change(items=await self._writer.items(self.state.source))
        self._counted = True

    async def _succeeded(self) -> None:
        self._failures = 0
        if not self._counted:
            await self._count()
        now = now_millis()
        await self.say(
            state="ok", sentence=self.notice, last_ok_at=now, next_try_at=self._plan(0, None), done=None, total=None
        )  # fmt: skip
        await self._writer.note_silence(self.state.source, now)
        await self._writer.note_sync(now, self._longest_pause)

    async def _incomplete(self, condition: str, sentence: str) -> None:
        """The pass went well but for one thing: it is said, and the next pass comes as after a good one."""
        self._failures = 0
        if not self._counted:
            await self._count()
        now = now_millis()
        if sentence != self.state.last_error and condition != "never":
            LOGGER.warning("%s is %s: %s", self.state.name, condition, sentence)
        read_at = {} if condition == "never" else {"last_ok_at": now, "last_error": sentence}
        await self.say(
            state=condition, sentence=f"{sentence} {self.notice}".rstrip(), next_try_at=self._plan(0, None), done=None,
            total=None, **read_at,
        )  # fmt: skip
        await self._writer.note_silence(self.state.source, now)
        await self._writer.note_sync(now, self._longest_pause)

    async def _failed(self, condition: str, sentence: str, retry_at: Millis | None) -> None:
        self._failures += 1
        next_try = None if condition == "untrusted" else self._plan(self._failures, retry_at)
        if sentence != self.state.last_error:
            LOGGER.warning("%s is %s: %s", self.state.name, condition, sentence)
        await self.say(
            state=condition, sentence=f"{sentence} {self.notice}".rstrip(), last_error=sentence, next_try_at=next_try
        )  # fmt: skip

    def _explained(self, error: Exception) -> str:
        self.account_for(error)
        return (
            f"quarterdeck stumbled over what {self.state.name} said ({type(error).__name__}), which is a mistake"
            f" in quarterdeck. What was read before is kept. Details are in {self._log}."
        )

    def _change(self, **changes: Any) -> None:
        self.state = msgspec.structs.replace(self.state, **changes)


async def closed(batches: AsyncIterator[Batch]) -> None:
    """Let a generator run its `finally` now and not when the collector finds it."""
    close = getattr(batches, "aclose", None)
    if close is not None:
        await close()
