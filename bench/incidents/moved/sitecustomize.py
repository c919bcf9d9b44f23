"""Python reads this when it starts, where this folder is on its path: the clock of the process stands elsewhere.

The benchmark's own part: a story of last March is played with the commands of today. Only the time of day moves;
what measures how long something takes does not.
"""

import os
import time

_AHEAD = float(os.environ.get("INCIDENT_SECONDS_AHEAD", "0"))
_time, _time_ns = time.time, time.time_ns


def _moved() -> float:
    return _time() + _AHEAD


def _moved_ns() -> int:
    return _time_ns() + round(_AHEAD * 1e9)


time.time, time.time_ns = _moved, _moved_ns
