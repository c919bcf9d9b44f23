"""The line at the bottom that asks: a filter, a command, a name."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.suggester import Suggester
from textual.widgets import Input


class Words(Suggester):
    """Completes the last word of what is typed, or with `is_whole` the whole line.

    With `is_sure` as far as all words go that begin so, and no further: of several none is what Enter would take.
    """

    def __init__(self, words: Iterable[str], *, is_whole: bool = False, is_sure: bool = False) -> None:
        super().__init__(use_cache=False, case_sensitive=True)
        self._words = sorted(words)
        self._is_whole = is_whole
        self._is_sure = is_sure

    async def get_suggestion(self, value: str) -> str | None:
        """The whole line with its last word completed; None where nothing fits."""
        start = 0 if self._is_whole else max(value.rfind(sign) for sign in " (") + 1
        typed = value[start:]
        if not typed:
            return None
        begun = [word for word in self._words if word.startswith(typed)]
        if self._is_sure and begun:
            begun = [begun[0][: _alike(begun[0], begun[-1])]] if typed not in begun else []
        return next((value[:start] + word for word in begun if word != typed), None)


def _alike(first: str, last: str) -> int:
    """How many signs the first and the last of sorted words begin with: so do all between them."""
    pairs = enumerate(zip(first, last, strict=False))
    return next((at for at, (one, other) in pairs if one != other), min(len(first), len(last)))


class Prompt(Input):
    """One line, asked for one thing at a time. Up brings back what was answered before."""

    DEFAULT_CSS = """
    Prompt { height: 1; border: none; padding: 0 1; width: 1fr; background: $background; color: $foreground; }
    Prompt > .input--suggestion { text-style: italic; }
    Prompt:focus { border: none; background: $background; background-tint: $background 0%; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "give_up", "Leave", id="prompt.leave", show=False),
        Binding("up", "earlier", "Earlier", id="prompt.earlier", show=False),
        Binding("tab", "cursor_right", "Complete", id="prompt.complete", show=False),
    ]

    class Answered(Message):
        """Enter was pressed."""

        def __init__(self, purpose: str, value: str) -> None:
            super().__init__()
            self.purpose, self.value = purpose, value

    class Typed(Message):
        """The text changed."""

        def __init__(self, purpose: str, value: str) -> None:
            super().__init__()
            self.purpose, self.value = purpose, value

    class Left(Message):
        """Escape was pressed: nothing was answered."""

        def __init__(self, purpose: str) -> None:
            super().__init__()
            self.purpose = purpose

    def __init__(self, id: str | None = None) -> None:  # noqa: A002  Textual's name
        super().__init__(id=id, select_on_focus=False, compact=True)
        self.cursor_blink = False  # a blinking cursor sends bytes for ever
        self.purpose = ""
        self._earlier: dict[str, list[str]] = {}

    def ask(
        self, purpose: str, value: str, hint: str, words: Iterable[str] = (), *, is_whole: bool = False,
        is_sure: bool = False,
    ) -> None:  # fmt: skip
        """Ask for one thing. `hint` stands there while nothing is typed.

        `words` complete what is typed; with `is_whole` each is an answer by itself, and may have spaces in it; with
        `is_sure` one that is not told from others yet is completed as far as they are the same.
        """
        self.placeholder = hint
        with self.prevent(Input.Changed):  # nobody typed it
            self.value = value
        self.suggester = Words(words, is_whole=is_whole, is_sure=is_sure)
        self.cursor_position = len(value)
        self.purpose = purpose
        self.display = True
        # at once, not when its turn comes: what was typed ahead in the same read belongs here
        self.screen.set_focus(self)

    def close(self) -> None:
        """Put the prompt away."""
        self.display = False
        self.purpose = ""

    def action_give_up(self) -> None:
        """Leave without an answer."""
        self.post_message(self.Left(self.purpose))

    def action_earlier(self) -> None:
        """Bring back the last answer to this question."""
        if known := self._earlier.get(self.purpose):
            self.value = known[-1]
            self.cursor_position = len(self.value)

    def on_input_changed(self, event: Input.Changed) -> None:
        """Tell the screen what is typed."""
        event.stop()
        if self.purpose:
            self.post_message(self.Typed(self.purpose, event.value))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Tell the screen the answer."""
        event.stop()
        if event.value:
            self._earlier.setdefault(self.purpose, []).append(event.value)
        self.post_message(self.Answered(self.purpose, event.value))

    def on_blur(self, event: events.Blur) -> None:
        """Focus went elsewhere: that is leaving, too."""
        if self.display:
            self.post_message(self.Left(self.purpose))
