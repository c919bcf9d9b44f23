"""SSH signatures as Git makes and checks them, by ssh-keygen (openssh PROTOCOL.sshsig; git-config gpg.format=ssh).

Which key signs is taken from the user's own Git settings, never from a repository's: that could name a program.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Mapping
from hashlib import blake2b
from pathlib import Path
from typing import Final, NamedTuple

from ..errors import SourceError
from ..git import GitError, decode, run_git

NAMESPACE: Final = "git"
_BEGIN: Final = b"-----BEGIN SSH SIGNATURE-----\n"
_SECONDS: Final = 30.0
"""A key in hardware waits for a touch."""
_LITERAL: Final = re.compile(r"(key::)?((?:ssh|sk-ssh|ecdsa|sk-ecdsa)-\S+ \S+.*)")


_REMEMBERED: Final = 100_000
_known: Final[dict[bytes, frozenset[str]]] = {}
"""Who made a signature, by its digest: a look costs two processes, of some 8 ms each."""


class SigningError(SourceError):
    """Something could not be signed, or no signature be looked at: nothing left us."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence, state="misconfigured")


class Signer(NamedTuple):
    """The key that signs: a file, private or public with the private one in an agent, or the public key itself."""

    key: str


def find_signer() -> Signer | None:
    """The SSH key of the user's own Git settings (user.signingKey with gpg.format = ssh); None without one."""
    found = _personal(r"^(gpg\.format|user\.signingkey)$")
    key = found.get("user.signingkey", "")
    if not key or (found.get("gpg.format") != "ssh" and not _LITERAL.fullmatch(key)):
        return None
    return Signer(key) if shutil.which("ssh-keygen") else None


def personal_signers() -> str:
    """The allowed signers that the user's own Git settings name (gpg.ssh.allowedSignersFile); "" without one."""
    written = _personal(r"^gpg\.ssh\.allowedsignersfile$").get("gpg.ssh.allowedsignersfile", "")
    try:
        return Path(written).expanduser().read_text("utf-8") if written else ""
    except (OSError, ValueError, RuntimeError):
        return ""


def _personal(pattern: str) -> Mapping[str, str]:
    """System and global settings by lower-case key, the last one of each."""
    try:
        raw = run_git(Path("/"), "config", "-z", "--get-regexp", pattern)
    except GitError:
        return {}
    pairs = (line.partition("\n") for line in decode(raw).split("\0") if line)
    return {key.lower(): value for key, _, value in pairs}


def sign(payload: bytes, signer: Signer) -> bytes:
    """The armoured signature of a payload. Blocks, for 30 s at most. Raises SigningError."""
    with tempfile.TemporaryDirectory(prefix="quarterdeck-") as folder:
        place = Path(folder)
        (place / "payload").write_bytes(payload)
        literal = _LITERAL.fullmatch(signer.key)
        if literal is not None:
            (place / "key.pub").write_text(literal[2] + "\n", "utf-8")
        key = str(place / "key.pub") if literal is not None else os.path.expanduser(signer.key)  # noqa: PTH111  # ~nobody
        agent = ["-U"] if literal is not None or key.endswith(".pub") else []
        said = _run(["-Y", "sign", "-n", NAMESPACE, "-f", key, *agent, str(place / "payload")], b"")
        try:
            return (place / "payload.sig").read_bytes()
        except OSError:
            why = decode(said.stderr).strip().splitlines()
            raise SigningError(
                f"It could not be signed with {signer.key}: {why[-1] if why else 'ssh-keygen gave no signature'}."
                " A key with a passphrase has to be in the SSH agent."
            ) from None


def split(raw: bytes) -> tuple[bytes, bytes]:
    """What was signed, and the signature at its end; b"" where there is none."""
    at = raw.rfind(b"\n" + _BEGIN)
    return (raw, b"") if at < 0 else (raw[: at + 1], raw[at + 1 :])


def principals(payload: bytes, signature: bytes, signers: str, at: int | None = None) -> frozenset[str]:
    """Who, by the allowed signers, made this signature; nobody where it does not hold. Blocks.

    `at`, in seconds since 1970: a key that has ended since, or had not begun, counts as it did then; None: as now.
    """
    if not signature or not signers.strip() or not shutil.which("ssh-keygen"):
        return frozenset()
    lasting = not re.search("valid-|cert-authority", signers, re.IGNORECASE)  # else what holds now may end
    name = blake2b(b"\0".join((payload, signature, signers.encode("utf-8", "surrogateescape")))).digest()
    if lasting and (known := _known.get(name)):
        return known
    found = _principals(payload, signature, signers, at)
    if lasting and found and len(_known) < _REMEMBERED:
        _known[name] = found
    return found


def _principals(payload: bytes, signature: bytes, signers: str, at: int | None) -> frozenset[str]:
    with tempfile.TemporaryDirectory(prefix="quarterdeck-") as folder:
        allowed, armoured = Path(folder, "allowed"), Path(folder, "signature")
        allowed.write_bytes(signers.encode("utf-8", "surrogateescape"))
        armoured.write_bytes(signature)
        then = _then(at)
        found = _run(["-Y", "find-principals", *then, "-f", str(allowed), "-s", str(armoured)], b"")
        names = [name for name in decode(found.stdout).splitlines() if name] if found.returncode == 0 else []
        return frozenset(name for name in names if _verifies(payload, name, allowed, armoured, then))


def _then(at: int | None) -> list[str]:
    """As Git says it: by the clock of this machine, which is how the allowed signers are read."""
    try:
        return [] if at is None else [time.strftime("-Overify-time=%Y%m%d%H%M%S", time.localtime(at))]
    except (OverflowError, ValueError, OSError):
        return []


def _verifies(payload: bytes, name: str, allowed: Path, armoured: Path, then: list[str]) -> bool:
    words = ["-Y", "verify", *then, "-n", NAMESPACE, "-f", str(allowed), "-I", name, "-s", str(armoured)]
    return _run(words, payload).returncode == 0


def belongs(payload: bytes, signature: bytes) -> bool:
    """Whether a signature was made of this payload, by whoever it was. Blocks."""
    with tempfile.TemporaryDirectory(prefix="quarterdeck-") as folder:
        armoured = Path(folder, "signature")
        armoured.write_bytes(signature)
        return _run(["-Y", "check-novalidate", "-n", NAMESPACE, "-s", str(armoured)], payload).returncode == 0


def _run(words: list[str], stdin: bytes) -> subprocess.CompletedProcess[bytes]:
    environment = {k: v for k, v in os.environ.items() if k != "DISPLAY"}
    environment |= {"LC_ALL": "C", "SSH_ASKPASS_REQUIRE": "never"}
    try:
        return subprocess.run(
            ["ssh-keygen", *words],  # noqa: S607  # the one on the user's PATH, as Git takes it
            input=stdin, capture_output=True, timeout=_SECONDS, check=False, start_new_session=True, env=environment,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as error:
        raise SigningError(f"ssh-keygen did not answer: {error}.") from error
