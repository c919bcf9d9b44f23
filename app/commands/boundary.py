"""Where every error ends: one sentence on stderr and an exit status. Tracebacks go to a file.

`QUARTERDECK_DEBUG=1` shows them instead.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

from ..errors import QuarterdeckError

INTERRUPTED = 130
"""128 + SIGINT, as shells count."""
NOBODY_READS = 141
"""128 + SIGPIPE: `quarterdeck runs | head` ends as any other program ends there."""
LONGEST_LINE = 2_000
"""Cells of a line of narration: an error may quote a page of HTML."""
LONGEST_LOG = 1 << 20
"""Bytes after which the error log is begun anew; the one before is kept."""


def guarded(command: Callable[[], int]) -> int:
    """Run it and give the exit status; nothing that goes wrong in it gets past."""
    _make_printable()
    try:
        status = command()
        _flush()
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        _silence_stdout()
        return NOBODY_READS
    except Exception as error:  # the outermost boundary: whatever it is, it must not look like a crash
        return _tell(error)
    return status


def say(text: str) -> None:
    """Narrate on stderr, safe to look at whatever foreign text is in it. Text that is safe stays as it is."""
    from ..text import fit

    for line in text.split("\n"):
        print(fit(line, LONGEST_LINE), file=sys.stderr)


def _tell(error: Exception) -> int:
    if os.environ.get("QUARTERDECK_DEBUG") == "1":
        import traceback

        traceback.print_exception(error)
    elif isinstance(error, QuarterdeckError):
        say(str(error))
    else:
        reason = error.strerror if isinstance(error, OSError) else None  # a full disk says it well enough
        say(f"quarterdeck failed unexpectedly ({reason or type(error).__name__}). {_logged(error)}")
    return error.exit_status if isinstance(error, QuarterdeckError) else 1


def _logged(error: Exception) -> str:
    import traceback

    from ..paths import make_private, state_dir

    try:
        log = make_private(state_dir()) / "errors.log"
        if log.exists() and log.stat().st_size > LONGEST_LOG:
            log.replace(log.with_suffix(".log.1"))
        _append(
            log, f"{time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime())}\n{''.join(traceback.format_exception(error))}\n"
        )
    except (OSError, QuarterdeckError):
        return "QUARTERDECK_DEBUG=1 shows where."
    return f"Where and why is in {log}."


def _append(log: Path, entry: str) -> None:
    with os.fdopen(os.open(log, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600), "ab") as file:
        file.write(entry.encode("utf-8", "backslashreplace"))


def _make_printable() -> None:
    """A locale that lacks a sign must not stop the program: print its escape."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)  # closed streams are None, tests put in others
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")


def _flush() -> None:
    """Meet a closed pipe or a full disk here, not when the interpreter ends."""
    if sys.stdout is not None:
        sys.stdout.flush()


def _silence_stdout() -> None:
    """Send what is still buffered nowhere, so that the interpreter's last flush is quiet."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
