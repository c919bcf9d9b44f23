"""Every Git call of the product, built in one place, so that a hostile repository runs nothing.

A repository's own configuration is somebody else's program: it may name a command at status, diff, log, fetch,
push, tag and checkout. `call` switches all of that off and starts Git without a terminal, without prompts, in a
session of its own and with a time limit; `repository` answers the small questions; `address` reads remote
URLs; `names` keeps names that are not UTF-8; `trouble` turns Git's complaints into sentences.
"""

from __future__ import annotations

from .address import Credential, canonical_url, split_credential
from .call import LONGEST_QUESTION, GitProcess, run_git, stream_git
from .names import decode, encode
from .repository import Head, git_version, head, is_bare, is_shallow, remote_names, remote_url, work_tree
from .trouble import GitError, Reason

__all__ = [
    "LONGEST_QUESTION",
    "Credential",
    "GitError",
    "GitProcess",
    "Head",
    "Reason",
    "canonical_url",
    "decode",
    "encode",
    "git_version",
    "head",
    "is_bare",
    "is_shallow",
    "remote_names",
    "remote_url",
    "run_git",
    "split_credential",
    "stream_git",
    "work_tree",
]
