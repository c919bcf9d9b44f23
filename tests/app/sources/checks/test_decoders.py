"""Decoders that threads ask for at the same moment."""

from __future__ import annotations

import subprocess
import sys

RACE = """
import sys, threading
from typing import Any
import msgspec
from quarterdeck.app.sources.checks.documents import decoder_of

sys.setswitchinterval(1e-6)
for number in range(400):
    inner = msgspec.defstruct(f"Inner{number}", [("x", dict[str, str])])
    outer = msgspec.defstruct(f"Outer{number}", [("a", int | None), ("c", dict[str, list[int]]), ("e", list[inner])])
    ready = threading.Barrier(2)

    def read() -> None:
        ready.wait()
        decoder_of(outer).decode(b'{"a": 1, "c": {"k": [1]}, "e": [{"x": {"q": "r"}}]}')

    threads = [threading.Thread(target=read) for _ in range(2)]
    [one.start() for one in threads]
    [one.join() for one in threads]
"""


def test_two_threads_that_read_a_shape_for_the_first_time_do_not_end_the_process() -> None:
    done = subprocess.run([sys.executable, "-c", RACE], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
