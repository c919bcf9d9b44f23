"""Who we are, and the ledger that we write to."""

from __future__ import annotations

import getpass
from collections.abc import Callable
from pathlib import Path

from .. import trust
from ..errors import SourceError
from ..git import GitError, decode, run_git
from ..ledger.signing import find_signer
from ..paths import mirror_dir
from ..records import Actor, PolicyText
from ..settings import Settings
from ..text import clip
from .ledgers import GitLedger, Ledger, LocalLedger


def you(settings: Settings) -> Actor:
    """Who acts: by the personal settings, else by the user's own Git settings, else by the login.

    `signed` where there is a key to sign with; how well others know it depends on the allowed signers.
    """
    user = settings.personal.user
    name = user.name or _own("user.name") or _login()
    email = user.email or _own("user.email")
    return Actor(name=name, email=email, strength="signed" if find_signer() else "claimed")


def _own(key: str) -> str:
    """A setting of the user's own; a repository's is somebody else's word."""
    try:
        return decode(run_git(Path("/"), "config", "--get", key)).strip()
    except GitError:
        return ""


def _login() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "somebody"


def open_ledger(settings: Settings, source: str, state: Path, policy: Callable[[], PolicyText | None]) -> Ledger:
    """The ledger of a project: in its Git remote, else the local one in `state`. `source`: key of the Git source.

    `policy` is read where there is no remote. Raises UntrustedError: pushing reaches out; SourceError where the
    settings name no remote of the clone and the clone has one all the same: others would not see a local ledger.
    """
    if not settings.remote:
        told = policy()
        if told is not None and not told.is_local:
            raise SourceError(
                f"The clone has no remote {clip(settings.git.remote, 60)} that could hold the ledger, and has another:"
                " set [git] remote.",
                "misconfigured",
            )
        return LocalLedger(state, policy)
    trust.check_trusted(settings, "git")
    return GitLedger(
        source, settings.remote, mirror_dir(settings.repository) if settings.repository else None,
        path=settings.file_in_repository, signer=find_signer(),
    )  # fmt: skip
