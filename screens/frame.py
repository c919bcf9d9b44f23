"""The frame around every screen: a line of deck on top, a line of keys at the bottom, the subject between."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widget import Widget

from ..app.copies import Copy
from ..app.records import Subject
from ..app.text import cells, shown
from ..widgets.bearing import Bearing
from ..widgets.coalescing import CoalescingScreen
from ..widgets.freshness import trouble, unwatched
from ..widgets.line import Line, Piece
from ..widgets.palette import Palette
from ..widgets.prompt import Prompt
from .changes import Changed
from .copying import offer_copies
from .deck import Deck
from .deck_line import deck_left, deck_right
from .notes import PURPOSE, answer_note, ask_for_note, hand_over, leave, take_on
from .notices import notice_line

ROOT = 2
"""Screens on the stack when there is nowhere to go back to: Textual's own blank one, and ours."""


class FrameScreen(Bearing, CoalescingScreen):
    """Deck line, subject line, rule, the body of the subclass, rule with a notice, key line or prompt.

    Textual calls the `on_` handlers of every class, the subclass's first: they do not call `super()`.
    """

    LEADING_KEYS: ClassVar[tuple[str, ...]] = ("open", "filter", "mark", "compare", "fold", "sort", "columns")
    """Ids of the bindings that the key line names first: the right-most leave where there is no room."""

    HELP_KEY: ClassVar[str] = "?"
    """The key that shows all keys, as the key line names it."""

    TAB: ClassVar[str] = ""
    """Which tab is bright on this screen."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("colon", "command", "Go to or do", priority=True, id="go", show=False, key_display=":"),
        Binding(
            "question_mark",
            "help",
            "all",
            id="help",
            tooltip="All keys, searchable; Enter does what the key does",
            key_display="?",
        ),
        Binding("ctrl+p", "help", "all", id="palette", show=False),
        Binding("r", "sync_now", "refresh", id="refresh", show=False),
        Binding(
            "w",
            "changes",
            "changes",
            id="changes",
            show=False,
            tooltip="What changed around this, the likeliest cause first; w again draws its lineage",
        ),
        Binding(
            "a",
            "acknowledge",
            "mine",
            id="ack",
            show=False,
            tooltip="Take on what needs attention here: it is quiet until it changes; again lets go of it",
        ),
        Binding("m", "note", "note", id="note", show=False, tooltip="Write a note on what is here, for the team"),
        Binding(
            "H",
            "hand_over",
            "hand over",
            id="handover",
            show=False,
            tooltip="The shift as Markdown: what is open, what happened, what was done",
        ),
        Binding("y", "copy", "copy", id="copy", tooltip="Copy as id, command, Python, Markdown, JSON"),
        Binding("escape,backspace", "back", "Back", id="back", show=False),
        Binding("q", "back_or_quit", "Back where one came from; where one began, end", id="quit_or_back", show=False),
    ]

    def __init__(self, deck: Deck) -> None:
        super().__init__()
        self.deck = deck
        self._flash: tuple[Piece, ...] = ()
        self.noted_on: Subject | None = None
        """What the note is about that is being written."""
        self._was_mounted = False

    def body(self) -> Iterable[Widget]:
        """The widgets between the rules."""
        raise NotImplementedError  # abstract: ABCMeta and Textual's metaclass do not go together

    def subject(self) -> tuple[Sequence[Piece], Sequence[Piece]]:
        """What the second line says: what is looked at, and on the right how fresh it is."""
        return (), ()

    def copies(self) -> Sequence[Copy]:
        """What `y` offers to copy of what is looked at; nothing where there is nothing."""
        return ()

    def subject_here(self) -> Subject | None:
        """What `w`, `a` and `m` are about: the row under the cursor, else what the page is about."""
        return None

    def called_here(self) -> str:
        """What people call that thing; "" where its subject tells."""
        return ""

    def command_words(self) -> Sequence[str]:
        """What completes a command on this screen, besides the commands and kinds of subjects."""
        return ()

    def compose(self) -> ComposeResult:
        """The frame."""
        palette = self.deck.palette
        yield Line(palette, id="deck")
        yield Line(palette, id="subject")
        yield Line(palette, fill="─", id="rule")
        yield from self.body()
        yield Line(palette, fill="─", id="notice")
        yield Line(palette, id="keys")
        prompt = Prompt(id="prompt")
        prompt.display = False  # before it is laid out: after that it costs a second layout
        yield prompt

    def on_mount(self) -> None:
        """Write the lines of the frame."""
        if not self.is_composed:
            return
        self._was_mounted = True
        self.write_frame()

    @property
    def is_composed(self) -> bool:
        """Whether the widgets were made: Textual makes none for a screen that comes while the program ends."""
        return bool(self.children)

    @property
    def is_ready(self) -> bool:
        """Its widgets are there: news and timers may come before, and after they are gone."""
        return self._was_mounted and self.is_composed

    def on_resize(self) -> None:
        """Write the lines anew: what fits has changed."""
        self.write_frame()

    @property
    def prompt(self) -> Prompt:
        """The line that asks for a filter, a command or a name."""
        return self.query_one("#prompt", Prompt)

    # -- the lines ----------------------------------------------------------------------------------------------

    def write_frame(self) -> None:
        """Write every line of the frame that differs."""
        if not self.is_ready:
            return
        self.query_one("#deck", Line).show(self._deck_left(), self._deck_right())
        self.query_one("#subject", Line).show(*self.subject())
        self.query_one("#notice", Line).show(self._flash or self._notice())
        self.query_one("#keys", Line).show(self._keys())

    def _notice(self) -> list[Piece]:
        return list(self.deck.acting) or self._lasting()

    def _lasting(self) -> list[Piece]:
        """What stands on the lower rule where no act is told of."""
        deck, now = self.deck, self.deck.now()
        told = notice_line(deck.watched.unread, self.size.width)
        return told or trouble(deck.states, now, deck.zone, self.size.width) or unwatched(deck.gaps, now, deck.zone)

    def _deck_left(self) -> list[Piece]:
        return deck_left(self.deck, self.TAB, self.size)

    def _deck_right(self) -> list[Piece]:
        return deck_right(self.deck, self.TAB, self.size)

    def _keys(self) -> list[Piece]:
        """The keys of this screen, as many as fit; `? all` always stands last."""
        help_key = (self.help_key(), "all")
        room = self.size.width - 8
        made: list[Piece] = [(" ", "text")]
        for key, says in [*self.shown_keys(), help_key]:
            taken = cells(key) + cells(says) + 3
            if taken > room and (key, says) != help_key:
                continue
            room -= taken
            made += [(key, "accent"), (f" {says}  ", "dim")]
        return made

    def help_key(self) -> str:
        """The key that shows all keys now."""
        return self.HELP_KEY

    def shown_keys(self) -> list[tuple[str, str]]:
        """Keys and what they do, the leading ones first, then in the order of the bindings, as they are mapped now."""
        found: dict[str, tuple[int, str]] = {}
        idle = ("help", *self.idle_keys())
        for active in self.active_bindings.values():
            binding = active.binding
            if binding.show and binding.id not in idle and binding.description not in found:
                found[binding.description] = (self._rank(binding.id), self.app.get_key_display(binding))
        ordered = sorted(found.items(), key=lambda item: item[1][0])
        return [(key, says) for says, (_, key) in ordered]

    def idle_keys(self) -> Sequence[str]:
        """Ids of keys that do nothing where one stands: the line of keys leaves them out."""
        return ()

    def _rank(self, binding: str | None) -> int:
        leading, last = self.LEADING_KEYS, ("copy", "tag", "register", "baseline", "back")
        if binding in leading:
            return leading.index(binding) - len(leading)
        return last.index(binding) + 1 if binding in last else 0

    def say(self, text: str, role: str = "text") -> None:
        """Put a sentence on the lower rule until the next one, or until a key is pressed."""
        self._flash = ((f" {shown(text)} ", role),) if text else ()
        self.write_frame()

    def on_key(self, event: events.Key) -> None:
        """A sentence was read when the next key is pressed."""
        if self.prompt.display:
            return
        if self._flash:
            self.say("")
        elif not self.deck.acting and self.deck.watched.read(self.deck.now()):
            for screen in self.app.screen_stack:
                if isinstance(screen, FrameScreen):
                    screen.write_frame()

    # -- what the app tells -------------------------------------------------------------------------------------

    def cache_changed(self, changed: Changed) -> None:
        """The syncer wrote: states always, the other kinds where said."""
        self.write_frame()

    def news(self) -> None:
        """There are notices of watched runs: they come before what this screen said itself."""
        if not self.prompt.display:
            self._flash = ()
        self.write_frame()

    def time_passed(self) -> None:
        """Some seconds went by: ages may have reached their next word."""
        self.write_frame()

    def recolour(self, palette: Palette) -> None:
        """Draw the same in other colours."""
        for line in self.query(Line):
            line.repaint(palette)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """In the prompt `/` and `:` are letters like any other."""
        if action in ("filter", "command") and self.is_ready and self.prompt.display:
            return False
        return super().check_action(action, parameters)

    # -- keys ---------------------------------------------------------------------------------------------------

    def action_sync_now(self) -> None:
        """Ask for a pass now."""
        self.deck.sync_now()
        self.say("asked the syncer for a pass", "dim")

    def action_back(self) -> None:
        """Go back to where one came from. Where one began nothing happens: Escape never ends the program."""
        self._go_back()

    def action_back_or_quit(self) -> None:
        """Go back to where one came from; where one began, end."""
        roots = self.deck.roots
        if (roots is not None and roots.is_first(self)) or not self._go_back():
            self.app.exit(0)

    @property
    def leads_back(self) -> bool:
        """Whether one came here from somewhere."""
        roots = self.deck.roots
        return len(self.app.screen_stack) > ROOT or (roots is not None and roots.leads_back)

    def _go_back(self) -> bool:
        if len(self.app.screen_stack) > ROOT:
            self.app.pop_screen()
            return True
        return self.deck.roots is not None and self.deck.roots.back()

    def focus_body(self) -> None:
        """Give the keys back to what this screen is about."""
        for widget in self.query("#table, #page"):
            self.set_focus(widget)
        self.write_frame()

    async def action_command(self) -> None:
        """Ask for a command or a place to go to."""
        await self.run_action("app.command")

    def action_copy(self) -> None:
        """Choose in which form to copy what is looked at."""
        offer_copies(self)

    def notes_changed(self) -> None:
        """Something was written down on what this shows."""

    def action_acknowledge(self) -> None:
        """Take on what is here, or let go of it."""
        take_on(self)

    def action_note(self) -> None:
        """Write a note on what is here."""
        ask_for_note(self)

    def action_hand_over(self) -> None:
        """Show the shift as it would be handed over."""
        hand_over(self)

    def on_prompt_answered(self, event: Prompt.Answered) -> None:
        """A note was written."""
        if event.purpose == PURPOSE:
            answer_note(self, event.value)

    def on_prompt_left(self, event: Prompt.Left) -> None:
        """No note."""
        if event.purpose == PURPOSE:
            leave(self)

    def action_changes(self) -> None:
        """Show what changed around the thing here."""
        subject = self.subject_here() if self.is_ready else None
        if subject is None:
            self.say("there is nothing here around which something could have changed", "dim")
            return
        from .attention import ChangesScreen  # with what it brings, when it is wanted

        self.app.push_screen(ChangesScreen(self.deck, subject))

    async def action_help(self) -> None:
        """Show all keys, searchable; Enter does what the key does."""
        await self.run_action("app.help")
