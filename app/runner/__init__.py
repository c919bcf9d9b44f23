"""The embedded CI: runs the jobs of the settings in a clean work tree of a commit, and keeps what came of it.

No more than that: no matrix, no caching, no remote workers. `run` does it, `kept` says where records and logs lie and
who is at it, `checkout` makes the work tree, `job` starts one job and ends all that it started.
"""

from __future__ import annotations

from .checkout import Chosen, choose
from .kept import Kept, LocalJob, LocalRun
from .listening import Listener
from .local import Local, find_local
from .run import run

__all__ = ["Chosen", "Kept", "Listener", "Local", "LocalJob", "LocalRun", "choose", "find_local", "run"]
