"""Events read on a thread of their own: all that they are read with belongs to the thread that opened it."""

from __future__ import annotations

import sqlite3
import threading
from array import array
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from concurrent.futures import TimeoutError as TooLate
from dataclasses import dataclass, field
from pathlib import Path
from queue import SimpleQueue
from typing import Final

from ..app.errors import QuarterdeckError
from ..app.query import Node
from ..app.records import Event
from ..app.store.event_order import EventOrder
from ..app.store.reading import Reader
from ..app.store.state import State

FIRST: Final = 200
"""Events that are given at once, before all are known."""

AROUND: Final = 120
"""Events on either side of a place that come with it."""

PATIENCE: Final = 0.05
"""Seconds that a key waits for a window: a read takes a few milliseconds, and a screen of dots twice the bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """An answer, or the first part of it."""

    number: int
    """Of the question."""
    events: Mapping[int, Event] = field(default_factory=dict)
    """By their places."""
    count: int | None = None
    """How many there are; None while only the first are known."""
    place: int | None = None
    """Where the event under the cursor stands now; None where it is not among them."""
    starts: Mapping[int, int] = field(default_factory=dict)
    """By moment that was asked about: how many events are newer."""
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Question:
    number: int
    where: Node | None
    here: Event | None
    moments: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Window:
    number: int
    start: int
    stop: int
    answer: Future[Mapping[int, Event]]


class EventFeed:
    """Answers one question at a time, in parts, and windows of the last answer. SQLite is told to stop for the next."""

    def __init__(self, open_reader: Callable[[], Reader], state: Path, tell: Callable[[Part], None]) -> None:
        self._open_reader, self._state, self._tell = open_reader, state, tell
        self._asked: SimpleQueue[_Question | _Window | None] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self._reader: Reader | None = None
        self._busy = threading.Event()
        self._number = 0
        self._done = 0

    # -- on the interface's thread ------------------------------------------------------------------------------

    def ask(self, where: Node | None, here: Event | None, moments: tuple[int, ...] = ()) -> int:
        """Have the events that pass a filter read. `here`: whose place is wanted; `moments`: see `Part.starts`."""
        self._number += 1
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="events", daemon=True)
            self._thread.start()
        reader = self._reader
        if reader is not None and self._busy.is_set():
            reader.interrupt()
        self._asked.put(_Question(number=self._number, where=where, here=here, moments=moments))
        return self._number

    def window(self, start: int, stop: int) -> Mapping[int, Event]:
        """The events at these places of the last answer; empty where that takes too long: ask again later."""
        if self._thread is None or self._done != self._number:
            return {}
        answer: Future[Mapping[int, Event]] = Future()
        self._asked.put(_Window(number=self._number, start=start, stop=stop, answer=answer))
        try:
            return answer.result(PATIENCE)
        except TooLate:
            return {}

    def is_current(self, number: int) -> bool:
        """Whether nobody has asked anything since."""
        return number == self._number

    @property
    def is_answered(self) -> bool:
        """The last question has its whole answer."""
        return self._done == self._number

    def close(self) -> None:
        """Stop, and let go of the files."""
        self._number += 1
        if self._reader is not None:
            self._reader.interrupt()
        self._asked.put(None)
        if self._thread is not None:
            self._thread.join(2)

    # -- on the thread ------------------------------------------------------------------------------------------

    def _run(self) -> None:
        order: EventOrder | None = None
        try:
            self._reader, state = self._open_reader(), State(self._state)
        except QuarterdeckError as error:
            self._tell(Part(number=self._number, count=0, error=str(error)))
            return
        with state:
            while (one := self._asked.get()) is not None:
                if isinstance(one, _Window):
                    one.answer.set_result(self._window_of(one, order))
                else:
                    order = self._answer(one, state, order) or order
        self._reader.close()

    def _answer(self, question: _Question, state: State, before: EventOrder | None) -> EventOrder | None:
        """The list, of the last one where that can be told; else its first events at once, and then all."""
        if not self.is_current(question.number) or self._reader is None:
            return None
        self._busy.set()
        try:
            order = EventOrder(self._reader, state, question.where, before=before)
            if not order.is_whole:
                self._tell(Part(number=question.number, events=dict(enumerate(order.rows(order.first(FIRST))))))
            part = _whole(order, question)
        except (sqlite3.Error, QuarterdeckError) as error:
            if "interrupted" not in str(error):
                self._tell(Part(number=question.number, count=0, error=str(error)))
            return None
        finally:
            self._busy.clear()
        if self.is_current(question.number):
            self._done = question.number
            self._tell(part)
        return order

    def _window_of(self, window: _Window, order: EventOrder | None) -> Mapping[int, Event]:
        if order is None or not self.is_current(window.number):
            return {}
        try:
            return _events(order, order.all(), window.start, window.stop)
        except (sqlite3.Error, QuarterdeckError):
            return {}


def _whole(order: EventOrder, question: _Question) -> Part:
    """All of them by their number; those at the top and around a place at once."""
    keys = order.all()
    place = order.place(question.here) if question.here is not None else None
    events = _events(order, keys, 0, FIRST)
    if place is not None and place + AROUND > FIRST:
        events |= _events(order, keys, place - AROUND, place + AROUND)
    starts = {at: order.newer(at) for at in question.moments}
    return Part(number=question.number, events=events, count=len(keys), place=place, starts=starts)


def _events(order: EventOrder, keys: array[int], start: int, stop: int) -> dict[int, Event]:
    start = max(0, start)
    wanted = keys[start:stop]
    found = order.events(wanted)
    return {start + at: found[key] for at, key in enumerate(wanted) if key in found}
