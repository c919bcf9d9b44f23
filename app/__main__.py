"""`quarterdeck`: the command line. Imports nothing heavy, so that the terminal is there at once."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from .commands.boundary import guarded
from .commands.options import Options, read_plain


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and give its exit status; `arguments` are the process's own when left out."""
    words = sys.argv[1:] if arguments is None else list(arguments)
    options = read_plain(words)
    return guarded(lambda: _command(words) if options is None else _terminal(options))


def _terminal(options: Options) -> int:
    from .commands.terminal import open_here

    return open_here(options)


def _command(words: list[str]) -> int:
    from .commands.line import run_line

    return run_line(words)


if __name__ == "__main__":
    sys.exit(main())
