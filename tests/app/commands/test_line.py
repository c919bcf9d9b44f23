"""The command line as a whole: help, mistakes, exit statuses, what an import costs."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from quarterdeck.app.acts.model_notes import NoteOutcome
from quarterdeck.app.acts.pipelines import PipelineOutcome
from quarterdeck.app.acts.registrations import RegistrationOutcome
from quarterdeck.app.acts.tags import TagOutcome
from quarterdeck.app.commands.dataset_json import dataset_json
from quarterdeck.app.commands.events import event_json
from quarterdeck.app.commands.examine import Finding
from quarterdeck.app.commands.line import COMMANDS, line
from quarterdeck.app.commands.status import state_json
from quarterdeck.app.copies import run_json
from quarterdeck.app.pipeline_copies import pipeline_json
from quarterdeck.app.records import Event, Pipeline, Run, SourceState
from quarterdeck.app.store.dataset_lists import ListedDataset
from quarterdeck.app.store.dataset_names import DatasetRow

DOCS = Path(__file__).resolve().parents[3] / "docs" / "commands.md"
HEAVY = ("textual", "rich", "httpx", "mlflow", "sqlalchemy")


def commands(group: click.Group = line, before: str = "") -> Iterator[tuple[str, click.Command]]:
    """Every command that can be typed, those of a group as `pipeline run`."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            yield from commands(command, f"{before}{name} ")
        elif not command.hidden:  # what a terminal starts, and nobody types
            yield f"{before}{name}", command


def test_help_names_every_command() -> None:
    for name, _ in commands():
        *group, last = name.split()
        shown = CliRunner().invoke(line, [*group, "--help"]).output
        assert re.search(rf"^  {last} ", shown, re.MULTILINE), name


def test_every_command_teaches_by_example() -> None:
    lacking = [name for name, command in commands() if f"  quarterdeck {name}" not in (command.help or "")]
    assert lacking == []


def test_every_option_says_what_it_is_for() -> None:
    options = [
        (name, option) for name, command in commands() for option in command.params if isinstance(option, click.Option)
    ]
    assert [(name, option.name) for name, option in options if not option.help and not option.hidden] == []


def test_every_list_and_verb_speaks_json() -> None:
    silent = {name for name, command in commands() if "as_json" not in {option.name for option in command.params}}
    # the first two open the terminal, and a log is text
    assert silent - {"pipeline log"} == {"demo", "open"}


def test_the_documentation_names_every_command_and_option_and_no_other() -> None:
    text = DOCS.read_text()
    table = "\n".join(row for row in text.splitlines() if row.startswith("| `"))
    for name, command in commands():
        rows = "\n".join(row for row in table.splitlines() if re.search(rf"`{name}[ `]", row))
        assert rows, name
        known = {
            word
            for option in command.params
            if isinstance(option, click.Option) and not option.hidden
            for word in option.opts
        }
        assert known - {"--json"} <= set(re.findall(r"--[a-z-]+", rows)), name
        assert set(re.findall(r"--[a-z-]+", rows)) <= known, name
    assert set(re.findall(r"^\| `([a-z-]+)", table, re.MULTILINE)) <= set(COMMANDS)


def fields(name: str) -> set[str]:
    """The top-level fields that the documentation gives a list or an outcome."""
    text = re.sub(r"\s+", " ", DOCS.read_text())
    found = re.search(rf"\*\*{name}\*\*(?: is an object)?: (.*?)(?=; \*\*|\*\*|$)", text)
    assert found is not None
    inner = re.sub(r"\{[^{}]*\}", "", re.sub(r"\{[^{}]*\{[^{}]*\}[^{}]*\}", "", found[1]))
    first_sentence = re.sub(r"\([^()]*\)", "", re.split(r"\. (?=[`A-Z])", inner)[0])
    return set(re.findall(r"`([a-z_]+)`", first_sentence))


def test_the_documentation_gives_the_fields_that_there_are(make_run: Callable[..., Run]) -> None:
    state = SourceState(source="k", kind="git", name="git")
    assert fields("runs") == run_json(make_run(1), {}, source="", experiment=None).keys()
    pipeline = Pipeline(source="k", id="1", name="ci", status="passed")
    assert fields("pipelines") == pipeline_json(pipeline, "gh").keys()
    dataset = ListedDataset(row=DatasetRow(name="orders"))
    assert fields("datasets") == dataset_json(dataset, ()).keys()
    assert fields("status") == state_json(state).keys()
    assert fields("events") == event_json(Event(id="e", at=0, kind="note", title=""), {}).keys()
    assert fields("doctor") == set(Finding._fields)
    assert fields("tag") == set(TagOutcome.__struct_fields__)
    assert fields("tag of a model, describe") == set(NoteOutcome.__struct_fields__)
    assert fields("register, copy-version") == set(RegistrationOutcome.__struct_fields__)
    assert fields("pipeline rerun, cancel, approve, play") == set(PipelineOutcome.__struct_fields__)


def ended(*words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "quarterdeck.app", *words],
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["rusn"], "There is no command “rusn”. Did you mean “runs”?"),
        (["runs", "--fitler", "x"], "--filter"),
        (["runs", "--limit", "many"], "'many' is not a valid integer range."),
        (["open", "run"], "names nothing"),
        (["open", "project/churn"], "can be opened"),
        (["--project", "nowhere", "status"], "nowhere is not a folder"),
        (["--config", "absent.toml", "runs"], "absent.toml: there is no such file"),
        (["-p", "churn", "status"], "no project is called “churn”"),
        (["sync", "--watch", "--install"], "do not go together"),
        (["sync", "--watch", "--full"], "for a single pass"),
        (["sync", "--notify"], "it goes with --watch or --install"),
        (["sync", "--watch", "--notify"], "There is no webhook to tell"),
        (["events", "--since", "yesterday"], "“yesterday” is no time"),
        (["--project"], "requires an argument"),
    ],
)
def test_a_mistake_on_the_command_line_is_said_and_ends_with_2(words: list[str], sentence: str, project: Path) -> None:
    said = ended(*words, cwd=project)
    assert said.returncode == 2
    assert sentence in said.stderr
    assert said.stdout == ""
    assert "Traceback" not in said.stderr


@pytest.mark.parametrize(
    ("settings", "place", "sentence"),
    [
        ('[mlflow]\ntracking_url = "x"\n', "quarterdeck.toml:2:", "Did you mean “tracking_uri”?"),
        ("[sync]\nevery = 30\n", "quarterdeck.toml:2:", "must be a text in quotes"),
        ('[sync]\nevery = "soon"\n', "quarterdeck.toml:2:", "is no duration"),
        ("[project\n", "quarterdeck.toml:1:", "is not TOML"),
        ('[[ci]]\nkind = "gihub"\nrepository = "a/b"\n', "quarterdeck.toml:2:", "Did you mean “github”?"),
    ],
)
@pytest.mark.parametrize("command", ["status", "runs", ""])
def test_a_mistake_in_the_settings_is_one_sentence_and_ends_with_2(
    settings: str, place: str, sentence: str, command: str, project: Path
) -> None:
    (project / "quarterdeck.toml").write_text(settings)
    said = ended(*command.split(), cwd=project)
    assert said.returncode == 2
    assert place in said.stderr
    assert sentence in said.stderr
    assert said.stderr.count("\n") == 1
    assert said.stdout == ""


def test_an_unreadable_settings_file_is_said_and_ends_with_2(project: Path) -> None:
    (project / "quarterdeck.toml").unlink()
    (project / "quarterdeck.toml").mkdir()
    said = ended("status", cwd=project)
    assert (said.returncode, said.stdout) == (2, "")
    assert "quarterdeck.toml: is not a file" in said.stderr


@pytest.mark.parametrize("words", [["--version"], ["--help"], ["status"], ["runs"], ["events"], ["trust"]])
def test_what_reads_the_cache_imports_nothing_heavy(words: list[str], project: Path) -> None:
    code = (
        "import sys; from quarterdeck.app.__main__ import main; status = main(sys.argv[1:]);"
        f"print('\\nheavy:', [name for name in {HEAVY} if name in sys.modules], status)"
    )
    said = subprocess.run(
        [sys.executable, "-c", code, *words], cwd=project, capture_output=True, text=True, timeout=60, check=False
    )
    assert said.stdout.endswith("heavy: [] 0\n"), said


def test_the_module_that_is_started_imports_neither_click_nor_the_settings() -> None:
    code = (
        "import sys, quarterdeck.app.__main__; print([m for m in ('click', 'msgspec', 'sqlite3') if m in sys.modules])"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert said.stdout == "[]\n"


BARE = """
import sys, types
opened = types.ModuleType("quarterdeck.app.terminal")
opened.open_terminal = lambda settings, **given: print(given["read_only"]) or 0
sys.modules["quarterdeck.app.terminal"] = opened  # textual's own cost is not counted here
from quarterdeck.app.__main__ import main
main(["--read-only"])
print([name for name in ("click", "asyncio", "httpx", "textual", "mlflow") if name in sys.modules])
"""


def test_the_terminal_is_opened_without_click(project: Path) -> None:
    said = subprocess.run([sys.executable, "-c", BARE], cwd=project, capture_output=True, text=True, check=False)
    assert said.stdout == "True\n[]\n", said


def test_the_version_is_the_distribution_s() -> None:
    from importlib.metadata import version

    assert CliRunner().invoke(line, ["--version"]).output == f"quarterdeck {version('quarterdeck')}\n"
