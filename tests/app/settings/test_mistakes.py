"""Wrong settings: one clear sentence with file, line, place, what was found, what is allowed, the nearest word."""

from __future__ import annotations

import os
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quarterdeck.app.errors import SettingsError
from quarterdeck.app.settings import Personal, ProjectFile, ProjectList, load, seconds
from quarterdeck.app.settings.files import LARGEST, parse_settings, read_settings


def complaint(text: str, kind: type = ProjectFile) -> str:
    with pytest.raises(SettingsError) as caught:
        parse_settings(text, kind, "quarterdeck.toml")
    assert caught.value.exit_status == 2
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            '[project]\nname = "churn"\n\n[mlflow]\ntracking_url = "http://x"\n',
            "quarterdeck.toml:5: [mlflow] has no key “tracking_url”. Did you mean “tracking_uri”? Allowed: token_env",
        ),
        ("[projct]\n", "quarterdeck.toml:1: The file has no key “projct”. Did you mean “project”? Allowed: project,"),
        (
            '[mlflow]\nexperiments = "churn*"\n',
            "quarterdeck.toml:2: [mlflow] “experiments” must be a list in [ ], not “churn*”.",
        ),
        (
            "[mlflow]\nexperiments = [1]\n",
            "quarterdeck.toml:2: [mlflow] “experiments”, item 1, must be a text in quotes, not the number 1.",
        ),
        (
            '[[ci]]\nkind = "local"\njobs = []\n[[ci]]\nkind = "githb"\n',
            "quarterdeck.toml:5: [[ci]] number 2 “kind” cannot be “githb”. Did you mean “github”? Allowed: github,",
        ),
        ('[[ci]]\nname = "x"\n', "quarterdeck.toml:1: [[ci]] number 1 needs the key “kind”: github, gitlab, jenkins,"),
        (
            '[[registries]]\nkind = "kubflow"\nbase_url = "http://x"\n',
            "quarterdeck.toml:2: [[registries]] number 1 “kind” cannot be “kubflow”. Did you mean “kubeflow”?",
        ),
        ('[[registries]]\nkind = "kubeflow"\n', "quarterdeck.toml:1: [[registries]] number 1 needs the key “base_url”"),
        ('[ci]\nkind = "github"\n', "quarterdeck.toml:1: [ci] must be written [[ci]], with two brackets each,"),
        ("[[git]]\n", "quarterdeck.toml:1: [git] must be a table, [git] with one bracket each, not a list."),
        ('[[ci]]\nkind = "github"\n', "quarterdeck.toml:1: [[ci]] number 1 needs the key “repository”."),
        (
            '[[checks]]\nkind = "dbtt"\n',
            "quarterdeck.toml:2: [[checks]] number 1 “kind” cannot be “dbtt”. Did you mean “dbt”? Allowed: great_",
        ),
        (
            '[[checks]]\nkind = "dbt"\npaths = ["a/**.json"]\n',
            "quarterdeck.toml:3: [[checks]] number 1 “paths” (“a/**.json”) has more beside “**”: write “**/*.json”",
        ),
        (
            '[[checks]]\nkind = "dbt"\npaths = ["target/**"]\n',
            "quarterdeck.toml:3: [[checks]] number 1 “paths” (“target/**”) names folders: write which files in them",
        ),
        (
            '[[checks]]\nkind = "dbt"\nmlflow_artifact = "../x.json"\n',
            "quarterdeck.toml:3: [[checks]] number 1 “mlflow_artifact” (“../x.json”) names no artifacts: write",
        ),
        (
            '[[checks]]\nkind = "dbt"\nci_artifact = "/x.json"\n',
            "quarterdeck.toml:3: [[checks]] number 1 “ci_artifact” (“/x.json”) names no artifacts: write one as in",
        ),
        (
            '[[checks]]\nkind = "dbt"\npaths = ["a"]\nevery = "10m"\n',
            "quarterdeck.toml:4: [[checks]] number 1 “every” says how often `command` is run, and there is no command",
        ),
        (
            '[[checks]]\nkind = "dbt"\ncommand = ["dbt"]\nevery = "10s"\n',
            "quarterdeck.toml:4: [[checks]] number 1 “every” (“10s”) is too short: 60 seconds at least.",
        ),
        (
            '[sync]\nevery = "2 fortnights"\n',
            "quarterdeck.toml:2: [sync] “every” (“2 fortnights”) is no duration: write",
        ),
        (
            '[mlflow]\ntimeout = "5m"\n',
            "quarterdeck.toml:2: [mlflow] “timeout” (“5m”) is too long: 30 seconds at most.",
        ),
        (
            '[metrics]\nauc = { greater_is_better = true }\n"val loss" = { greater_is_beter = false }\n',
            'quarterdeck.toml:3: [metrics."val loss"] has no key “greater_is_beter”. Did you mean “greater_is_better”?',
        ),
        (
            '[promotion."churn"]\nto = "champion"\n[[promotion."churn".metric]]\nname = "a"\ngreater_is_better = true\n'
            '[[promotion."churn".metric]]\nname = "b"\ngreater_is_better = true\nthreshold = "0.8"\n',
            "quarterdeck.toml:9: [[promotion.churn.metric]] number 2 “threshold” must be a number, not “0.8”.",
        ),
        (
            '[[ci]]\nkind = "local"\njobs = [\n  { name = "data", run = "make data" },\n'
            '  { name = "test", run = "make test", timeot = "10m" },\n]\n',
            "quarterdeck.toml:5: [[ci.jobs]] number 2 has no key “timeot”. Did you mean “timeout”?",
        ),
        (
            '[[ci]]\nkind = "local"\njobs = [{ name = "test", run = "make", junit = "r/**.xml" }]\n',
            "quarterdeck.toml:3: [[ci.jobs]] number 1 “junit” (“r/**.xml”) has more beside “**”: write “**/*.xml”",
        ),
        (
            '[[ci]]\nkind = "local"\njobs = [{ name = "test", run = "make", junit = "./" }]\n',
            "quarterdeck.toml:3: [[ci.jobs]] number 1 “junit” (“./”) names no files inside the work tree: write one",
        ),
        (
            '[[ci]]\nkind = "local"\njobs = [{ name = "test", run = "make", junit = "../r.xml" }]\n',
            "quarterdeck.toml:3: [[ci.jobs]] number 1 “junit” (“../r.xml”) names no files inside the work tree",
        ),
        (
            '[[ci]]\nkind = "local"\njobs = [{ name = "test", run = "make\\u0000" }]\n',
            "quarterdeck.toml:3: [[ci.jobs]] number 1 “run” holds a NUL character, which no command can",
        ),
        (
            '[[ci]]\nkind = "local"\njobs = [{ name = "test", run = "make", needs = ["data"] }]\n',
            "quarterdeck.toml:3: [[ci]] number 1 “jobs” cannot run “test”: it needs “data”, which is no other job",
        ),
        (
            '[[datasets]]\nname = "orders"\nis = ["orders"]\n',
            "quarterdeck.toml:3: [[datasets]] number 1 “is” holds “orders”",
        ),
        (
            '[promotion."churn"]\nto = "champion"\n[promotion."churn".approvals]\nsigners = "../signers"\n',
            "quarterdeck.toml:4: [promotion.churn.approvals] “signers” (“../signers”) is no file of the repository",
        ),
        (
            '[promotion."churn"]\nto = "champion"\n[promotion."churn".waivers]\naccept = ["sworn"]\n',
            "quarterdeck.toml:4: [promotion.churn.waivers] “accept”, item 1, cannot be “sworn”. Allowed: signed, forge",
        ),
        ('[mlflow]\nname = "a\n', "quarterdeck.toml:2: is not TOML at column 10: Illegal character '\\n'."),
        ("a = 1\na = 2\n", "quarterdeck.toml:2: is not TOML at column 6: Cannot overwrite a value."),
        ("[project]\nname = 1979-05-27\n", "quarterdeck.toml:2: [project] “name” must be a text in quotes, not a date"),
    ],
)
def test_a_mistake_is_one_sentence_with_its_place(text: str, said: str) -> None:
    assert complaint(text).startswith(said)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[display]\nzone = "Europe/Olso"\n', ":2: [display] “zone” (“Europe/Olso”) is no time zone"),
        ('[hosts."https://mlflow.acme"]\ntoken_env = "T"\n', "holds “https://mlflow.acme”: write the host alone"),
        ('[[webhooks]]\nurl_env = "HOOK"\nformat = "teams"\n', "“format” cannot be “teams”. Allowed: slack."),
        ("[cache]\npath = 3\n", ":2: [cache] “path”"),
        (
            '[display]\nnotify = ["bel"]\n',
            ":2: [display] “notify”, item 1, cannot be “bel”. Did you mean “bell”? Allowed: bell, terminal.",
        ),
        ('[display]\nnotify = "bell"\n', ":2: [display] “notify” must be a list in [ ], not “bell”."),
    ],
)
def test_personal_settings_are_checked_as_well(text: str, said: str) -> None:
    assert said in complaint(text, Personal)


def test_a_listed_project_must_name_its_repository() -> None:
    assert "[[projects]] number 1 needs the key “url”" in complaint('[[projects]]\nname = "churn"\n', ProjectList)


@pytest.mark.parametrize(
    "text",
    [
        '[mlflow]\ntoken_env = "ghp-5ecret!"\n',
        '[mlflow]\ntracking_uri = "https://ann:5ecret@mlflow.acme"\n',
        '[mlflow]\ntracking_uri = "postgresql://ann:5ecret@db/mlflow"\n',
        '[[ci]]\nkind = "jenkins"\nrepository = "a"\nbase_url = "https://ann:5ecret@ci"\n',
        '[mlflow]\nproxy = "http://u:5ecret@proxy:3128"\n',
        '[mlflow]\ntoken_command = "5ecret"\n',
        '[mlflow]\ntoken = "5ecret"\n',
        '[hosts]\nx = "5ecret"\n',
    ],
)
def test_what_may_be_a_secret_is_never_repeated(text: str) -> None:
    assert "5ecret" not in complaint(text)


def test_two_ways_to_a_credential_are_one_too_many() -> None:
    assert "one way too many" in complaint('[mlflow]\ntoken_env = "A"\ntoken_file = "b"\n')
    assert "needs the other of the two" in complaint('[mlflow]\nusername_env = "A"\n')


def test_two_sources_of_one_name_are_refused_with_the_second_ones_line(tmp_path: Path) -> None:
    file = tmp_path / "quarterdeck.toml"
    file.write_text('[[checks]]\nkind = "dbt"\npaths = ["a"]\n\n[[checks]]\nkind = "dbt"\npaths = ["b"]\n')
    with pytest.raises(SettingsError, match=r"quarterdeck\.toml:5: two sources are called “dbt”"):
        load(config=file)


def test_a_missing_file_names_its_neighbour(tmp_path: Path) -> None:
    (tmp_path / "quarterdeck.toml").write_text("")
    with pytest.raises(SettingsError, match=r"quaterdeck\.toml: there is no such file\. Did you mean “quarterdeck"):
        load(config=tmp_path / "quaterdeck.toml")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_an_unreadable_file_says_why(tmp_path: Path) -> None:
    file = tmp_path / "quarterdeck.toml"
    file.touch(mode=0o000)
    with pytest.raises(SettingsError, match="cannot be read: Permission denied"):
        load(config=file)


def test_a_pipe_does_not_hold_us_and_a_folder_is_no_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "quarterdeck.toml")
    with pytest.raises(SettingsError, match="is not a file"):
        load(directory=tmp_path)
    with pytest.raises(SettingsError, match="is not a file"):
        load(config=tmp_path)


def test_a_file_that_is_no_utf8_says_on_which_line(tmp_path: Path) -> None:
    (tmp_path / "quarterdeck.toml").write_bytes(b'[project]\nname = "caf\xe9"\n')
    with pytest.raises(SettingsError, match=r"quarterdeck\.toml:2: is not UTF-8: byte 0xe9"):
        load(directory=tmp_path)


def test_a_file_from_windows_reads_as_any_other(tmp_path: Path) -> None:
    (tmp_path / "quarterdeck.toml").write_bytes(b'\xef\xbb\xbf[project]\r\nname = "churn"\r\n')
    assert load(directory=tmp_path).project.name == "churn"


@pytest.mark.parametrize(
    "text",
    [
        "a = " + "[" * 100_000,
        "a = " + "9" * 10_000,
        "a." * 120_000 + "b = 1",
        '"a" . ' * 40_000 + "b = 1",
        "[" + "a." * 500 + "b]\n" * 3,
        "x" * (LARGEST + 1),
        '"\\u001b[2J" = 1',
        '[mlflow]\n"\\u202Eevil\\u0007" = 1\n',
        '[mlflow]\ntracking_uri = ["' + "\\u001b]0;x\\u0007" * 1000 + '"]\n',
        '[git]\nremote = "-\\u001b[31m"\n',
    ],
)
def test_a_hostile_file_is_refused_in_a_short_safe_sentence(text: str, tmp_path: Path) -> None:
    file = tmp_path / "quarterdeck.toml"
    file.write_text(text)
    with pytest.raises(SettingsError) as caught:
        read_settings(file, ProjectFile)
    assert len(str(caught.value)) < 1_000
    assert not any(unicodedata.category(character) in {"Cc", "Cf"} for character in str(caught.value))


def test_a_mistake_after_a_long_value_keeps_its_line() -> None:
    names = '"ann@example.com",\n' * 200
    said = complaint(f'[teams]\nml = [\n{names}]\n\n[project]\nnme = "churn"\n')
    assert said.startswith("quarterdeck.toml:206: [project] has no key “nme”. Did you mean “name”?")


def test_a_mistake_behind_an_endless_value_is_said_without_a_line() -> None:
    said = complaint("[teams]\nml = [\n" + '"a",\n' * 40_000 + "]\n[project]\nnme = 1\n")
    assert said.startswith("quarterdeck.toml: [project] has no key “nme”.")


def test_words_with_dots_between_are_no_deep_key() -> None:
    query = ".".join(["a"] * 500)
    text = f'[[monitors]]\nkind = "mlflow"\n[[monitors.series]]\nname = "x"\nquery = "{query}"\n'
    assert parse_settings(text, ProjectFile, "quarterdeck.toml").monitors[0].series[0].query == query


toml_values = st.recursive(
    st.one_of(st.text(max_size=8), st.integers(), st.booleans(), st.floats(allow_nan=False, allow_infinity=False)),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=5,
)


@given(
    section=st.sampled_from([*ProjectFile.__struct_fields__, "other"]),
    key=st.sampled_from(["kind", "name", "path", "every", "fetch", "base_url", "jobs", "paths", "series", "x"]),
    value=toml_values,
    repeated=st.booleans(),
)
def test_any_wrong_value_is_a_settings_error_and_nothing_else(
    section: str, key: str, value: object, repeated: bool
) -> None:
    from quarterdeck.app.detect import _value

    header = f"[[{section}]]" if repeated else f"[{section}]"
    said = ""
    try:
        parse_settings(f"{header}\n{key} = {_value(value)}\n", ProjectFile, "quarterdeck.toml")
    except SettingsError as error:
        said = str(error)
    assert "\n" not in said


@pytest.mark.parametrize(
    ("duration", "length"),
    [("30s", 30), ("2m", 120), ("8h", 28_800), ("14d", 1_209_600), ("1w", 604_800), ("250ms", 0.25), ("1.5 h", 5_400)],
)
def test_durations_are_read_as_people_write_them(duration: str, length: float) -> None:
    assert seconds(duration) == length


@pytest.mark.parametrize("duration", ["", "30", "s", "-2m", "2 years", "1e3s", "٣s"])
def test_what_is_no_duration_is_refused(duration: str) -> None:
    with pytest.raises(ValueError, match="is no duration"):
        seconds(duration)
