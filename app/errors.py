"""What can go wrong, as one tree. The message of each is a sentence that a tired person can act on.

QuarterdeckError            1   it failed
├── UsageError              2   the command line, the settings or a filter cannot be understood
│   ├── SettingsError       2   ... names file, place, what was found, what is allowed
│   ├── FilterError         2   ... names the column
│   └── UntrustedError      2   the project's settings want something that nobody has trusted yet
├── SourceError             3   a source could not be read; `state` says in which of the known ways
│   └── IncompleteError     3   ... but for one thing of it all was read
├── RefusedError            4   policy, read-only mode, or the world moved
└── StoreError              1   the cache or the state file cannot be used

The number is the exit status of the command line.
"""

from __future__ import annotations

from typing import ClassVar


class QuarterdeckError(Exception):
    """Something went wrong, said in a sentence."""

    exit_status: ClassVar[int] = 1


class UsageError(QuarterdeckError):
    """The user asked for something that cannot be understood."""

    exit_status = 2


class SettingsError(UsageError):
    """A settings file is wrong. The sentence names the file and the place in it."""


class FilterError(UsageError):
    """A filter cannot be read. `column` (0-based) is where it went wrong."""

    def __init__(self, message: str, column: int) -> None:
        super().__init__(message)
        self.column = column


class UntrustedError(UsageError):
    """The project's settings reach out or run something, and nobody has trusted them yet."""


class SourceError(QuarterdeckError):
    """A source could not be read.

    `state` is one of records.SOURCE_STATES; `retry_at` (UTC milliseconds) is when the server
    itself asked to be left alone until, or None.
    """

    exit_status = 3

    def __init__(self, sentence: str, state: str = "unreachable", retry_at: int | None = None) -> None:
        super().__init__(sentence)
        self.state = state
        self.retry_at = retry_at


class IncompleteError(SourceError):
    """All that could be read was handed over; one thing of it could not, or there was nothing there.

    The next pass comes as soon as after a good one. State "never": there is nothing to read yet, which is no failure.
    """


class RefusedError(QuarterdeckError):
    """Policy or read-only mode forbids it, or the world is not as it was when it was asked for."""

    exit_status = 4


class StoreError(QuarterdeckError):
    """The cache or the state file cannot be used."""
