"""A key that means nothing where it is pressed is said so: silence might as well be a program that hangs."""

from __future__ import annotations

from textual.app import App

from .frame import FrameScreen


class Unheard(App[int]):
    """An application that says of a letter or a digit that it does nothing on the screen in sight.

    Other keys are mostly those of movement, which have an end to come to: of these nothing is said.
    """

    async def _check_bindings(self, key: str, priority: bool = False) -> bool:
        """Whether a binding took the key. Those with priority are asked first, before any widget hears of it."""
        was_heard = await super()._check_bindings(key, priority)
        if not was_heard and not priority and len(key) == 1:
            self._say_unheard(key)
        return was_heard

    def _say_unheard(self, key: str) -> None:
        screen = self.screen
        if isinstance(screen, FrameScreen) and screen.is_ready and not screen.prompt.display:
            screen.say(f"{key} does nothing here: {screen.help_key()} lists the keys that do", "dim")
