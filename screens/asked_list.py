"""A list whose rows take a while to find: they are asked for on a thread, and nobody waits at the keys."""

from __future__ import annotations

from collections.abc import Generator
from functools import partial
from typing import Generic, TypeVar

from textual.worker import Worker, WorkerState

from ..app.store.reading import Reader
from .asking import Asking
from .deck import Deck
from .list_screen import ListScreen

R = TypeVar("R")
Q = TypeVar("Q")
A = TypeVar("A")


class AskedList(ListScreen[R], Generic[R, Q, A]):
    """Asks its question anew when another list is wanted; what is on the screen stays until the answer is there."""

    def __init__(self, deck: Deck) -> None:
        super().__init__(deck)
        self._listed: A | None = None
        """The answer that is shown."""
        self._stays = False
        """Whether the cursor stays on its row with the next answer."""
        self._dirty = False
        self._asking: Asking[Q, A] = Asking(deck.open_reader, self.answers, self._answered)

    # -- what a kind of list names ------------------------------------------------------------------------------

    @staticmethod
    def answers(reader: Reader, question: Q) -> Generator[A]:
        """The answer in parts, each of which can be shown. Runs on a thread."""
        raise NotImplementedError  # abstract: ABCMeta and Textual's metaclass do not go together

    def question(self) -> Q | None:
        """What is asked now; None where there is nothing to ask for."""
        raise NotImplementedError

    def present(self, answer: A) -> None:
        """Show this from now on."""
        raise NotImplementedError

    def takes(self, answer: A) -> bool:
        """Whether this part of an answer is shown: one may well say less than what is on the screen."""
        return True

    def look_again(self) -> None:
        """The cache has changed, a while ago."""
        self.reload(keep=True)

    # -- asking -------------------------------------------------------------------------------------------------

    def reload(self, *, keep: bool) -> None:
        """Ask for the list anew; what is on the screen stays until the answer is there."""
        self._stays = keep
        if (question := self.question()) is not None:
            work = partial(self._asking.ask, self._asking.stop(), question)
            self.run_worker(work, thread=True, group="list", exit_on_error=False)

    def present_now(self) -> None:
        """Show the first part of the answer at once, where it costs a millisecond."""
        if (question := self.question()) is not None:
            self.present(next(self.answers(self.deck.reader, question)))

    def _answered(self, number: int, answer: A) -> None:
        """On the thread that asks."""
        self.app.call_from_thread(self._show, number, answer)

    def _show(self, number: int, answer: A) -> None:
        if self._asking.is_current(number) and self.is_ready and self.takes(answer):
            self.present(answer)

    def look_again_in(self, seconds: float) -> None:
        """Look again after a while, once: not at each of the batches of a first sync."""
        if not self._dirty:
            self._dirty = True
            self.set_timer(seconds, self._look_again)

    def _look_again(self) -> None:
        self._dirty = False
        if self.is_ready:
            self.look_again()

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """A failed question is a sentence, not an exit."""
        if event.state is WorkerState.ERROR and event.worker.group == "list":
            self.say(f"▲ the list could not be read: {event.worker.error}", "warn")

    def on_unmount(self) -> None:
        """Let go of the file."""
        self._asking.close()
