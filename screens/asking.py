"""Long questions to the cache, off the interface's thread: one at a time, answered in parts, stopped by the next."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Generator
from contextlib import closing
from typing import Generic, TypeVar

from ..app.store.reading import Reader

Q = TypeVar("Q")
A = TypeVar("A")


class Asking(Generic[Q, A]):
    """Answers questions with what `work` yields for them. SQLite is told to stop when there is another question."""

    def __init__(
        self,
        open_reader: Callable[[], Reader],
        work: Callable[[Reader, Q], Generator[A]],
        answer: Callable[[int, A], None],
    ) -> None:
        self._open_reader = open_reader
        self._work = work
        self._answer = answer
        self._reader: Reader | None = None
        self._lock = threading.Lock()
        self._number = 0
        self._done = -1
        self._is_closed = False
        self.cost = 0.0
        """Seconds that the last whole answer took."""

    def stop(self) -> int:
        """Stop what runs; give the number of the next question, which `ask` wants on a thread."""
        self._number += 1
        self._is_closed = False
        reader = self._reader
        if reader is not None:
            reader.interrupt()
        return self._number

    def is_current(self, number: int) -> bool:
        """Whether nobody has asked anything since."""
        return number == self._number

    @property
    def is_answered(self) -> bool:
        """Whether something was asked, and the last question has its whole answer."""
        return self._done == self._number

    def ask(self, number: int, question: Q) -> None:
        """Answer in parts. Runs on a thread; blocks while the question before comes to its end."""
        with self._lock:
            if self._is_closed:
                return
            begun = time.monotonic()
            try:
                self._tell(number, question)
            except sqlite3.OperationalError as error:
                if "interrupted" not in str(error):
                    raise
                return
            finally:
                if self._is_closed:
                    self._let_go()
            if self.is_current(number):
                self.cost = time.monotonic() - begun
                self._done = number

    def _tell(self, number: int, question: Q) -> None:
        if not self.is_current(number):
            return
        reader = self._reader = self._reader or self._open_reader()
        with closing(self._work(reader, question)) as parts:
            for part in parts:
                if self.is_current(number):
                    self._answer(number, part)
                if not self.is_current(number):  # the next part may take a second, and what is over is not interrupted
                    return

    def close(self) -> None:
        """Stop, and let go of the file: here, or where it is being read. Never waits: what reads may wait for this
        thread to take its answer."""
        self.stop()
        self._is_closed = True
        if self._lock.acquire(blocking=False):
            try:
                self._let_go()
            finally:
                self._lock.release()

    def _let_go(self) -> None:
        if self._reader is not None:
            self._reader.close()
            self._reader = None
