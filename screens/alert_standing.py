"""What needs attention because of an alert or a line of production: found anew when somebody takes it on from its page.

The look takes as long as the Watch's first one, so it is made on a thread, and only when `a` or `m` asks for it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import closing

from ..app.errors import StoreError
from ..app.records import Attention, Subject
from ..app.store.state import State
from ..app.text import clip
from ..widgets.prompt import Prompt
from .frame import FrameScreen
from .notes import PURPOSE, ask_for_note, leave, take_on, write

NOTHING = "nothing that needs attention stands for this"


class StandsFor(FrameScreen):
    """A page of something that is no attention itself, but may be why there is one."""

    _standing: Attention | None = None
    _asked = 0

    def page_subject(self) -> Subject:
        """What the page is about, wherever the cursor is."""
        raise NotImplementedError  # abstract: ABCMeta and Textual's metaclass do not go together

    def attention_here(self) -> Attention | None:
        """What `a` acknowledges: as it stood when the key was pressed."""
        return self._standing

    # -- taking it on -------------------------------------------------------------------------------------------

    def action_acknowledge(self) -> None:
        """Take on what stands for this, or let go of it."""
        self._asked += 1
        number, subjects = self._asked, self._subjects()
        self.run_worker(lambda: self._look(number, subjects), thread=True, group="standing", exit_on_error=False)

    def _look(self, number: int, subjects: Sequence[str]) -> None:
        """On a thread of its own."""
        try:
            found = self._found(subjects)
        except StoreError as error:
            self.app.call_from_thread(self.say, f"▲ {error}", "warn")
        else:
            self.app.call_from_thread(self._take_on, number, found)

    def _take_on(self, number: int, found: Attention | None) -> None:
        self._standing = found
        if number != self._asked:
            return  # the key was pressed again: that one counts
        if found is None:
            self.say(f"{NOTHING}: there is nothing to take on", "dim")
        else:
            take_on(self)

    # -- writing on it ------------------------------------------------------------------------------------------

    def action_note(self) -> None:
        """Ask for a note at once: what is typed next belongs there. On what it is written is found when it is."""
        ask_for_note(self, said="a note on what needs attention here, for the team")

    def on_prompt_answered(self, event: Prompt.Answered) -> None:
        """Write it on what stands for this; on the thing itself where nothing does."""
        if event.purpose != PURPOSE:
            return
        event.prevent_default()  # the frame would write it on the thing itself
        leave(self)
        text, itself, subjects, told = event.value, self.noted_on, self._subjects(), [""]
        if not text.strip() or itself is None:
            return

        def aimed() -> Subject:
            found = self._found(subjects)
            told[0] = f"noted on this itself: {NOTHING}" if found is None else f"noted on {clip(found.title, 60)}"
            return itself if found is None else Subject(kind="attention", parts=(found.id,))

        write(self, lambda noting: noting.note(aimed(), text), lambda: told[0])

    # -- what stands for it -------------------------------------------------------------------------------------

    def _subjects(self) -> list[str]:
        """What is under the cursor, then what the page is about."""
        here = self.subject_here()
        return [str(one) for one in (here, self.page_subject()) if one is not None]

    def _found(self, subjects: Sequence[str]) -> Attention | None:
        """Blocks. Raises StoreError."""
        from ..app.triage.look import look  # 0.1 s of rules, off the thread that paints

        deck = self.deck
        try:
            with State(deck.state.path) as state, closing(deck.open_reader()) as reader:
                sight = look(reader, state, deck.outlook, now=deck.now())
        except sqlite3.DatabaseError as error:
            raise StoreError(f"The cache could not be read: {error}.") from error
        return standing_for(sight.attentions, subjects)


def standing_for(attentions: Iterable[Attention], subjects: Sequence[str]) -> Attention | None:
    """The attention that one of these things is a signal of, the first of them before the others; None without one.

    Where a thing is a signal of several, that one stands for it which is about it.
    """
    found = list(attentions)
    for subject in subjects:
        ours = [one for one in found if any(signal.subject == subject for signal in one.signals)]
        if ours:
            return min(ours, key=lambda one: one.subject != subject)
    return None
