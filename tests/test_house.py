"""The house keeps its own rules: who imports whom, what an import costs, what a wheel holds, what the papers say."""

from __future__ import annotations

import os
import pwd
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path
from typing import Any

import pytest

HOUSE = Path(__file__).resolve().parents[1]
PROJECT: dict[str, Any] = tomllib.loads((HOUSE / "pyproject.toml").read_text())
FOLDERS = ("app", "widgets", "screens")
CONTRACTS: dict[str, dict[str, Any]] = {one["name"]: one for one in PROJECT["tool"]["importlinter"]["contracts"]}

# For each contract an import that it must refuse: the file, and the line put at its end.
PLANTED = {
    "the house, top to bottom": ("app/errors.py", "from .store import schema as planted"),
    "all but the terminal runs headless": ("app/records/__init__.py", "import rich as planted"),
    "widgets know records and text at most": ("widgets/__init__.py", "from ..app.store import schema as planted"),
    "screens read the cache and nothing else": ("screens/__init__.py", "from ..app.sources import Source as planted"),
    "promotions are judged by the cache": ("app/promotion/facts.py", "from ..sources import Source as planted"),
    "lineage is read from the cache": ("app/lineage/__init__.py", "from ..sources import Source as planted"),
    "triage is read from the cache": ("app/triage/outlook.py", "import quarterdeck.app.sources"),
    "nothing of ours is imported under its folder's bare name": ("app/text.py", "import widgets as planted"),
}


def run(*words: str | Path, cwd: Path = HOUSE) -> subprocess.CompletedProcess[str]:
    """Run a command on the house in `cwd` and give what it said."""
    env = os.environ | {"PYTHONPATH": str(cwd / ".links"), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run([str(word) for word in words], cwd=cwd, env=env, capture_output=True, text=True, timeout=120)


def committed(*under: str) -> list[str]:
    listed = run("git", "ls-files", "-z", *under)
    assert listed.returncode == 0, listed.stderr
    return [name for name in listed.stdout.split("\0") if name]


# -- who imports whom


def lint_imports(house: Path) -> subprocess.CompletedProcess[str]:
    code = "import sys; from importlinter.cli import lint_imports_command; sys.exit(lint_imports_command())"
    return run(sys.executable, "-c", code, "--no-cache", cwd=house)


def test_every_contract_on_imports_is_kept() -> None:
    linted = lint_imports(HOUSE)
    assert linted.returncode == 0, linted.stdout


def test_every_contract_breaks_on_an_import_that_it_forbids(tmp_path: Path) -> None:
    assert PLANTED.keys() == CONTRACTS.keys()
    for folder in (*FOLDERS, ".links"):
        shutil.copytree(HOUSE / folder, tmp_path / folder, symlinks=True, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(HOUSE / "pyproject.toml", tmp_path)
    for name, line in PLANTED.values():
        with (tmp_path / name).open("a") as module:
            module.write(f"\n{line}\n")
    told = lint_imports(tmp_path).stdout
    broken = {name for name in CONTRACTS if re.search(re.escape(name) + r"\s+BROKEN", told)}
    assert broken == CONTRACTS.keys(), told


def rooms() -> set[str]:
    """What stands directly under app/, by the name it is imported as."""
    found = (path for path in (HOUSE / "app").iterdir() if path.suffix == ".py" or (path / "__init__.py").exists())
    return {f"quarterdeck.app.{path.stem}" for path in found if path.stem != "__init__"}


def test_every_room_of_app_has_its_place_in_the_layers() -> None:
    layers = CONTRACTS["the house, top to bottom"]["layers"]
    named = {name.strip(" ()") for layer in layers for name in layer.split("|")}
    assert rooms() - named == set()


def test_every_room_of_app_is_on_the_map() -> None:
    drawn = re.findall(r"^  (\w+)(?:\.py|/)  ", (HOUSE / "CONTRIBUTING.md").read_text(), re.MULTILINE)
    assert {name.removeprefix("quarterdeck.app.") for name in rooms()} == set(drawn)


def test_every_room_of_app_but_the_terminals_runs_headless() -> None:
    headless = set(CONTRACTS["all but the terminal runs headless"]["source_modules"])
    doors = {f"quarterdeck.app.{name}" for name in ("__main__", "commands", "demo", "main", "terminal")}
    assert rooms() - headless - doors == set()


# -- what an import costs: the static graph does not see what a library brings along


HEAVY = {"mlflow", "pandas", "numpy", "httpx", "sqlite_utils", "sqlalchemy", "alembic", "git"}
TERMINAL = {"textual", "rich"}


def loaded_by(code: str) -> set[str]:
    """The top-level packages that a fresh interpreter has loaded after this code."""
    tell = "import atexit, sys; atexit.register(lambda: print('\\n'.join({'', *sys.modules})))"
    asked = run(sys.executable, "-c", f"{tell}\n{code}")
    assert asked.returncode == 0, asked.stderr
    return {name.partition(".")[0] for name in asked.stdout.split()}


def test_opening_the_terminal_loads_nothing_heavy() -> None:
    loaded = loaded_by("import quarterdeck.app.terminal")
    assert loaded & TERMINAL == TERMINAL
    assert loaded & HEAVY == set()


def test_the_command_line_answers_without_loading_the_terminal_or_anything_heavy() -> None:
    code = "import runpy; sys.argv[1:] = ['--version']; runpy.run_module('quarterdeck.app', run_name='__main__')"
    assert loaded_by(code) & (TERMINAL | HEAVY) == set()


@pytest.mark.parametrize("room", sorted(CONTRACTS["all but the terminal runs headless"]["source_modules"]))
def test_a_headless_room_loads_no_terminal(room: str) -> None:
    assert loaded_by(f"import {room}") & TERMINAL == set()


# -- what a wheel holds


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """The wheel built from the source distribution, with the tools that are installed and nothing fetched."""
    out = tmp_path_factory.mktemp("dist")
    built = run(sys.executable, "-m", "build", "--no-isolation", "--outdir", out)
    assert built.returncode == 0, built.stdout + built.stderr
    (file,) = out.glob("*.whl")
    return zipfile.ZipFile(file)


def test_the_wheel_holds_every_file_of_the_house(wheel: zipfile.ZipFile) -> None:
    ours = {f"quarterdeck/{name}" for name in committed(*FOLDERS) if (HOUSE / name).exists()}
    assert len(ours) > 20
    assert ours - set(wheel.namelist()) == set()


def test_the_wheel_installs_one_package_and_no_other_projects_app(wheel: zipfile.ZipFile) -> None:
    tops = {name.partition("/")[0] for name in wheel.namelist()}
    assert tops == {"quarterdeck", f"quarterdeck-{PROJECT['project']['version']}.dist-info"}


def test_the_wheel_runs_outside_the_checkout(wheel: zipfile.ZipFile, tmp_path: Path) -> None:
    wheel.extractall(tmp_path / ".links")
    told = run(sys.executable, "-P", "-m", "quarterdeck.app", "--version", cwd=tmp_path)
    assert (told.returncode, PROJECT["project"]["version"] in told.stdout) == (0, True), told.stderr


# -- what the papers say


def dependencies() -> list[str]:
    wanted = [*PROJECT["project"]["dependencies"], *PROJECT["dependency-groups"]["dev"]]
    return [re.split(r"[^\w.-]", one, maxsplit=1)[0].lower() for one in wanted]


def test_every_dependency_is_explained() -> None:
    told = (HOUSE / "CONTRIBUTING.md").read_text().lower()
    assert [name for name in dependencies() if f"`{name}`" not in told] == []


def test_every_dependency_has_one_exact_version() -> None:
    pinned = {line.partition("==")[0].lower() for line in (HOUSE / "constraints.txt").read_text().splitlines()}
    assert set(dependencies()) - pinned == set()


@pytest.mark.parametrize("file", sorted(HOUSE.glob("constraints*.txt")), ids=lambda file: file.name)
def test_a_constraints_file_holds_names_and_versions_only(file: Path) -> None:
    lines = [line for line in file.read_text().splitlines() if not line.startswith("# ")]
    assert [line for line in lines if not re.fullmatch(r"[\w.-]+==[\w.+!]+", line)] == []


LINK = re.compile(r"\]\((?!https?://|#)([^)#\s]+)")


@pytest.mark.parametrize("name", [name for name in committed() if name.endswith(".md")])
def test_a_link_in_the_papers_leads_somewhere(name: str) -> None:
    targets = LINK.findall((HOUSE / name).read_text())
    assert [target for target in targets if not (HOUSE / name).parent.joinpath(target).exists()] == []


def test_the_readme_leads_to_every_page_of_docs() -> None:
    led_to = set(LINK.findall((HOUSE / "README.md").read_text()))
    assert {name for name in committed("docs") if name.endswith(".md")} - led_to == set()


def developers_places() -> list[str]:
    """Patterns of what only one machine knows: package registries' addresses and folders of a developer."""
    registries = [r"pypi\.org", r"pythonhosted\.org", r"npmjs\.org", r"--?(extra-)?index-url", r"--find-links"]
    folders = [pwd.getpwuid(os.getuid()).pw_dir, str(HOUSE)]
    # "/root" or "/src" alone may well stand in a text that means something else
    return registries + [rf"(?<![\w.]){re.escape(folder)}/" for folder in folders if folder != "/"]


def test_no_file_names_a_registry_or_a_folder_of_one_machine() -> None:
    pattern = re.compile("|".join(developers_places()).encode())
    mine = Path(__file__).relative_to(HOUSE).as_posix()
    files = [name for name in committed() if name != mine and (HOUSE / name).is_file()]
    assert [name for name in files if pattern.search((HOUSE / name).read_bytes())] == []
