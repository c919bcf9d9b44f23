"""On which file system a folder lies: SQLite's WAL needs shared memory, a network file system has none."""

from __future__ import annotations

import os
import re
from pathlib import Path

MOUNTS = Path("/proc/self/mountinfo")
NETWORK = frozenset({
    "nfs", "nfs4", "cifs", "smb3", "smbfs", "afs", "9p", "ceph", "lustre", "gpfs", "glusterfs", "beegfs",
    "fuse.sshfs", "fuse.glusterfs", "fuse.cephfs", "fuse.s3fs", "fuse.gcsfuse", "fuse.rclone", "fuse.juicefs",
    "fuse.blobfuse", "fuse.blobfuse2", "fuse.goofys", "fuse.mount-s3", "virtiofs", "pvfs2", "davfs",
})  # fmt: skip


def file_system(path: Path, mounts: Path = MOUNTS) -> str | None:
    """The type of the file system that holds `path` (which need not exist); None where it cannot be told."""
    try:
        listing = mounts.read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return None
    where = os.path.realpath(path)
    best, kind = "", None
    for line in listing.splitlines():
        point, found = _mount(line)
        inside = where == point or where.startswith(point.rstrip("/") + "/")
        if inside and len(point) >= len(best):  # a later mount on the same point covers the earlier one
            best, kind = point, found
    return kind


def is_network(path: Path, mounts: Path = MOUNTS) -> bool:
    """Whether `path` lies on a file system that other machines write too."""
    return file_system(path, mounts) in NETWORK


def _mount(line: str) -> tuple[str, str]:
    """`36 35 98:0 / /mnt/data rw - ext4 /dev/sda1 rw` -> ("/mnt/data", "ext4"); see proc(5), mountinfo."""
    left, _, right = line.partition(" - ")
    point = re.sub(r"\\([0-7]{3})", lambda octal: chr(int(octal[1], 8)), left.split(" ")[4])
    return point, right.split(" ")[0]
