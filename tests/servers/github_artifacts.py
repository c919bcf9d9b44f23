"""What the runs of our own GitHub uploaded, and the store that it is downloaded from."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Mapping
from typing import Any


def zipped(files: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """An archive as `upload-artifact` makes it."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", method) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return made.getvalue()


def junit(passed: int = 0, failed: int = 0, name: str = "unit") -> bytes:
    """A JUnit file with so many tests."""
    good = "".join(f'<testcase classname="{name}" name="good_{n}" time="0.1"/>' for n in range(passed))
    bad = "".join(
        f'<testcase classname="{name}" name="bad_{n}"><failure message="worse than before"/></testcase>'
        for n in range(failed)
    )
    return f'<?xml version="1.0"?><testsuites><testsuite name="{name}">{good}{bad}</testsuite></testsuites>'.encode()


class Artifacts:
    """Artifacts by the run. Take one out of `blobs`, and GitHub redirects to a store that has it no more."""

    def __init__(self) -> None:
        self.of_run: dict[int, list[dict[str, Any]]] = {}
        self.blobs: dict[int, bytes] = {}

    def add(self, run: Mapping[str, Any], made: str, name: str, data: bytes, **fields: Any) -> int:
        """The run uploads something; gives its id. The newest is listed first, those of earlier attempts stay."""
        number = 80_000 + sum(map(len, self.of_run.values()))
        here = f"{run['url'].partition('/runs/')[0]}/artifacts/{number}"
        self.of_run.setdefault(run["id"], []).insert(0, {
            "id": number, "node_id": f"A_{number}", "name": name, "size_in_bytes": len(data), "url": here,
            "archive_download_url": f"{here}/zip", "expired": False, "created_at": made, "expires_at": made,
            "updated_at": made, "digest": f"sha256:{hashlib.sha256(data).hexdigest()}",
            "workflow_run": {
                "id": run["id"], "repository_id": 9, "head_repository_id": 9, "head_branch": run["head_branch"],
                "head_sha": run["head_sha"],
            }, **fields,
        })  # fmt: skip
        self.blobs[number] = data
        return number

    def one(self, number: int) -> dict[str, Any] | None:
        """The artifact of that id."""
        return next((one for some in self.of_run.values() for one in some if one["id"] == number), None)
