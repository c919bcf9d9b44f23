"""Going on after a mistake of our own."""

from __future__ import annotations

from textual.message import Message
from textual.message_pump import MessagePump


class Bearing(MessagePump):
    """What goes on when one of its handlers fails, and has the application tell of it.

    Textual ends the loop of whatever failed: of the application, which then is over as if somebody had quit, or of a
    screen, which then is deaf. Tests (headless) see the failure as it is.
    """

    async def _dispatch_message(self, message: Message) -> None:
        try:
            await super()._dispatch_message(message)
        except Exception as error:  # the boundary: whatever it is, the person at the keys must be able to go on
            if self.app.is_headless:
                raise
            self.app._handle_exception(error)
