"""Taking something on, writing a note, handing over: asked for from any screen, written down on a thread."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final, Protocol, runtime_checkable

from ..app.errors import QuarterdeckError
from ..app.records import Attention, Subject
from ..app.text import clip

if TYPE_CHECKING:
    from ..app.noting import Noted, Noting
    from .frame import FrameScreen

PURPOSE: Final = "write note"
"""What the prompt is asked for."""

NOWHERE: Final = "nothing can be written from here: this terminal was opened on a cache alone"


@runtime_checkable
class HasAttention(Protocol):
    """A screen with something under the cursor that needs attention."""

    def attention_here(self) -> Attention | None:
        """The attention under the cursor, or that the page is about."""


def take_on(screen: FrameScreen) -> None:
    """Acknowledge what is here, or let go of what somebody has."""
    attention = screen.attention_here() if isinstance(screen, HasAttention) else None
    if attention is None:
        screen.say("there is nothing here to take on: 1 shows what needs attention", "dim")
    elif attention.ack is not None:
        write(screen, lambda noting: noting.unacknowledge(attention), "nobody has it now")
    else:
        write(screen, lambda noting: noting.acknowledge(attention), "yours: it is quiet until it changes")


def ask_for_note(screen: FrameScreen, said: str = "") -> None:
    """Ask what to write on the thing here. `said`: what stands there until something is typed."""
    subject = screen.subject_here()
    if subject is None:
        screen.say("there is nothing here to write on", "dim")
        return
    screen.noted_on = subject
    screen.query_one("#keys").display = False
    screen.prompt.ask(PURPOSE, "", said or f"a note on {clip(_called(screen, subject), 60)}, for the team")


def _called(screen: FrameScreen, subject: Subject) -> str:
    """What people call it: an id would say nothing."""
    if called := screen.called_here():
        return called
    from .subject_names import kind_word, name_of  # with what it brings, when it is wanted

    return f"{kind_word(subject)} {name_of(screen.deck.reader, screen.deck.state, subject)}".strip()


def answer_note(screen: FrameScreen, text: str) -> None:
    """Write it down; an empty answer writes nothing."""
    leave(screen)
    subject = screen.noted_on
    if text.strip() and subject is not None:
        write(screen, lambda noting: noting.note(subject, text), "noted")


def leave(screen: FrameScreen) -> None:
    """Give the keys back to the screen."""
    screen.prompt.close()
    screen.query_one("#keys").display = True
    screen.focus_body()


def hand_over(screen: FrameScreen) -> None:
    """Open the shift as it would be handed over."""
    if screen.deck.noting is None:
        screen.say(NOWHERE, "dim")
        return
    from .handover import HandoverScreen  # with what it brings, when it is wanted

    screen.app.push_screen(HandoverScreen(screen.deck))


def keep_handover(screen: FrameScreen, text: str) -> None:
    """Keep what is shown, for whoever comes next."""
    write(screen, lambda noting: noting.handover(text), "handed over")


def write(screen: FrameScreen, writing: Callable[[Noting], Noted], said: str | Callable[[], str]) -> None:
    """On a thread, since it asks Git who one is. `said`: what is told when it is written."""
    opening = screen.deck.noting
    if opening is None:
        screen.say(NOWHERE, "dim")
        return

    def work() -> None:
        try:
            noted = writing(opening())
        except QuarterdeckError as error:
            screen.app.call_from_thread(screen.say, f"▲ {error}", "warn")
            return
        what = said if isinstance(said, str) else said()
        told = f"{what}; {noted.sentence}" if noted.sentence else what
        screen.app.call_from_thread(_written, screen, told, noted.batch)

    screen.app.run_worker(work, thread=True, group="notes", exit_on_error=False)


def _written(screen: FrameScreen, said: str, batch: str) -> None:
    """Say so, and show it: what was written stands in state.db, of whose news no cache tells."""
    screen.say(said, "good")
    screen.notes_changed()
    if batch and screen.deck.following is not None:
        screen.deck.following.follow(batch)
