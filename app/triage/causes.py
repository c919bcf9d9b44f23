"""Which kind of change can cause which kind of symptom: the table of it, and what a commit is by its files.

docs/triage.md has the same in words. The figures are judgement, fitted to nothing: only their order means something.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final, Literal, TypeAlias

Family: TypeAlias = Literal[
    "business", "operational", "pipeline", "check", "silence", "alias", "run", "infrastructure", "any"
]
"""Kinds of symptoms. silence: something that should have come did not; any: nothing is wrong as far as is known."""

Cause: TypeAlias = Literal[
    "data", "stale data", "rule loosened", "rule removed", "check silent", "rule changed", "rule tightened",
    "check failing", "model code", "serving code", "data code", "code", "dependency", "params", "config", "check code",
    "evaluation", "threshold",
    "infrastructure code", "ci", "tests", "docs", "promotion", "alias", "rollback", "version", "infrastructure",
    "drift", "data infrastructure", "data infrastructure code", "pipeline broke", "load", "registry act",
]  # fmt: skip
"""Kinds of changes."""

_TABLE: Final = """
                     business operational pipeline check silence alias  run   infrastructure any
data                 0.90     0.25        0.60     0.90  0.30    0.05   0.75  0.05           0.60
stale data           0.75     0.05        0.40     0.60  0.85    0.02   0.40  0.02           0.50
rule loosened        0.80     0.02        0.05     0.10  0.10    0.10   0.05  0.02           0.50
rule removed         0.75     0.02        0.05     0.20  0.60    0.10   0.05  0.02           0.50
check silent         0.50     0.02        0.10     0.20  0.50    0.05   0.05  0.02           0.40
rule changed         0.50     0.02        0.30     0.75  0.20    0.05   0.05  0.02           0.40
rule tightened       0.08     0.02        0.50     0.92  0.10    0.02   0.05  0.02           0.35
check failing        0.50     0.05        0.60     0.45  0.20    0.05   0.40  0.02           0.45
model code           0.80     0.35        0.80     0.45  0.30    0.10   0.80  0.05           0.60
serving code         0.62     0.88        0.70     0.15  0.20    0.10   0.20  0.15           0.55
data code            0.75     0.20        0.80     0.80  0.65    0.05   0.60  0.05           0.55
code                 0.55     0.50        0.78     0.45  0.45    0.15   0.65  0.15           0.50
dependency           0.68     0.76        0.85     0.50  0.55    0.10   0.80  0.20           0.50
params               0.80     0.35        0.65     0.35  0.20    0.05   0.78  0.05           0.55
config               0.60     0.65        0.72     0.40  0.55    0.25   0.65  0.35           0.45
check code           0.25     0.02        0.65     0.70  0.55    0.05   0.10  0.02           0.35
infrastructure code  0.20     0.70        0.35     0.20  0.50    0.10   0.30  0.88           0.45
ci                   0.12     0.20        0.85     0.20  0.70    0.45   0.30  0.30           0.30
evaluation           0.75     0.02        0.65     0.10  0.72    0.02   0.40  0.02           0.40
threshold            0.90     0.90        0.02     0.02  0.30    0.02   0.02  0.02           0.50
tests                0.03     0.02        0.72     0.08  0.10    0.02   0.05  0.02           0.10
docs                 0.00     0.00        0.02     0.00  0.00    0.00   0.00  0.00           0.01
promotion            0.60     0.62        0.12     0.10  0.05    0.70   0.05  0.02           0.60
alias                0.88     0.75        0.20     0.10  0.05    0.88   0.05  0.02           0.70
rollback             0.62     0.60        0.12     0.10  0.05    0.80   0.05  0.02           0.60
version              0.45     0.40        0.10     0.10  0.05    0.30   0.05  0.02           0.40
infrastructure       0.30     0.92        0.50     0.30  0.60    0.05   0.45  0.70           0.55
drift                0.22     0.62        0.45     0.30  0.60    0.05   0.30  0.80           0.45
data infrastructure  0.55     0.30        0.60     0.50  0.80    0.05   0.40  0.70           0.50
data infrastructure code 0.50 0.25        0.50     0.45  0.70    0.05   0.30  0.88           0.45
pipeline broke       0.80     0.25        0.60     0.70  0.92    0.20   0.40  0.20           0.50
load                 0.12     0.80        0.30     0.05  0.30    0.02   0.30  0.20           0.30
registry act         0.60     0.55        0.20     0.05  0.10    0.90   0.05  0.02           0.40
"""


def _fits() -> Mapping[tuple[str, str], float]:
    head, *rows = [line for line in _TABLE.splitlines() if line.strip()]
    families = head.split()
    found: dict[tuple[str, str], float] = {}
    for row in rows:
        cause, *figures = (word.strip() for word in row.rsplit(maxsplit=len(families)))
        found |= {(family, cause): float(figure) for family, figure in zip(families, figures, strict=True)}
    return found


FITS: Final = _fits()
"""(family, cause) -> how readily that causes this, 0 to 1."""

WORDS: Final[Mapping[str, str]] = {
    "business": "what a model is good for", "operational": "latency and errors", "pipeline": "a pipeline that fails",
    "check": "a check that fails", "silence": "something that does not come any more",
    "alias": "where an alias points", "run": "a run that fails", "infrastructure": "infrastructure out of step",
    "any": "what is asked about",
}  # fmt: skip
"""How a family is called at the end of "that can change ..."."""

# -- commits ------------------------------------------------------------------------------------------------------

_DEPENDENCIES: Final = re.compile(
    r"(?:^|/)(?:[^/]*requirements[^/]*\.(?:txt|in)|constraints[^/]*\.txt|pyproject\.toml|setup\.(?:py|cfg)|uv\.lock"
    r"|poetry\.lock|pdm\.lock|Pipfile(?:\.lock)?|pixi\.(?:toml|lock)|conda[^/]*\.ya?ml|environment[^/]*\.ya?ml"
    r"|package(?:-lock)?\.json|yarn\.lock|pnpm-lock\.yaml|go\.(?:mod|sum)|Cargo\.(?:toml|lock)|renv\.lock"
    r"|[^/]*Dockerfile[^/]*|\.python-version|packages\.yml)$"
)
_DOCS: Final = re.compile(
    r"(?:\.(?:md|rst|adoc|png|jpe?g|svg|gif|pdf)$)|(?:^|/)(?:docs?|notes)/|(?:^|/)(?:LICEN[CS]E|CODEOWNERS|AUTHORS|NOTICE"
    r"|CHANGELOG|README|\.gitignore|\.gitattributes|\.editorconfig|\.mailmap|\.pre-commit-config\.yaml)[^/]*$"
)
_TESTS: Final = re.compile(
    r"(?:^|/)(?:tests?|testing|__tests__)/|(?:^|/)(?:test_[^/]*|[^/]*_test|conftest)\.\w+$"
    r"|(?:^|/)(?:dev|tests?|lint|docs)[-_.]requirements[^/]*\.(?:txt|in)$"
    r"|(?:^|/)requirements(?:[-_.]|/)(?:dev|tests?|testing|lint|docs)[^/]*\.(?:txt|in)$"
)
"""Also what only tests and tools of developers need."""
_CI: Final = re.compile(
    r"(?:^|/)(?:\.github|\.gitlab|\.circleci|\.buildkite|\.ci|ci)/|(?:^|/)(?:\.gitlab-ci[^/]*|Jenkinsfile[^/]*|Makefile"
    r"|quarterdeck\.toml|azure-pipelines[^/]*|noxfile\.py|tox\.ini|cloudbuild[^/]*)$|(?:^|/)dags?/"
)
_INFRA: Final = re.compile(
    r"\.(?:tf|tfvars|tofu|hcl)$|\.tf\.json$|(?:^|/)(?:k8s|kubernetes|helm|charts?|terraform|kustomize|ansible|infra"
    r"|deploy(?:ment)?s?)/|(?:^|/)(?:kustomization|docker-compose|compose)[^/]*\.ya?ml$"
)
_CHECKS: Final = re.compile(
    r"(?:^|/)(?:checks?|expectations?|gx|great_expectations|soda|contracts?|validations?|quality|monitors?)/"
    r"|(?:^|/)(?:schema|_?schemas|checks?|rules?|contracts?|expectations?|sources)\.(?:ya?ml|json|toml|py)$"
    r"|(?:^|/)[^/]*(?:suite|expectations?|checks|rules|validation)[^/]*\.(?:ya?ml|json|toml|py)$"
)
_EVALUATION: Final = re.compile(
    r"(?:^|[/_.-])(?:eval(?:s|uate|uation|uator)?|hold_?outs?|golden(?:_?set)?|(?:eval|test)_?set)(?:[/_.-]|$)",
    re.IGNORECASE,
)
"""What a model is measured by, and with."""
_PARAMS: Final = re.compile(r"(?:^|/)[^/]*(?:params?|hparams?|hyper[^/]*)[^/]*\.(?:ya?ml|json|toml|ini|py)$")
_CONFIG: Final = re.compile(
    r"(?:^|/)(?:conf|configs?|settings)/|(?:^|/)[^/]*(?:config|settings|flags?|values)[^/]*\.(?:ya?ml|json|toml|ini|cfg|py)$"
    r"|\.(?:toml|ini|cfg|env|properties)$|(?:^|/)\.env[^/]*$"
)
_SERVING: Final = re.compile(
    r"(?:^|[/_.-])(?:serving|serve[rd]?|api|inference|predict(?:or|ion)?s?|endpoints?|handlers?|gateway|online|scoring"
    r"|score|webapp|service)(?:[/_.-]|$)|(?:^|/)(?:app|main|wsgi|asgi)\.py$"
)
_DATA: Final = re.compile(
    r"\.(?:sql|dvc)$|(?:^|/)(?:dvc\.(?:ya?ml|lock)|dbt_project\.yml)$|(?:^|[/_.-])(?:ingest(?:ion)?|etl|elt|extract(?:or)?"
    r"|load(?:er)?|data|dataset|warehouse|staging|stg|sources?|clean(?:ing)?|join|sync|prep(?:are)?|import(?:er)?)(?:[/_.-]|$)"
)
_MODEL: Final = re.compile(
    r"(?:^|[/_.-])(?:features?|featuri[sz]e(?:r)?|train(?:er|ing)?|models?|preprocess(?:ing)?|transform(?:s|er|ers)?"
    r"|encod(?:e|er|ing)|embed(?:ding)?s?|label(?:s|ing)?|sampl(?:e|er|ing)|split|loss)(?:[/_.-]|$)"
)
_CODE: Final = re.compile(r"\.(?:py|pyx|ipynb|r|R|scala|java|kt|go|rs|ts|js|sh|cpp|cc|c|h|jl|sql)$")

_ORDER: Final[tuple[tuple[Cause, re.Pattern[str]], ...]] = (
    ("docs", _DOCS), ("tests", _TESTS), ("dependency", _DEPENDENCIES), ("ci", _CI), ("infrastructure code", _INFRA),
    ("check code", _CHECKS), ("evaluation", _EVALUATION), ("params", _PARAMS), ("serving code", _SERVING),
    ("data code", _DATA), ("model code", _MODEL), ("config", _CONFIG), ("code", _CODE),
)  # fmt: skip


def cause_of_path(path: str) -> Cause:
    """What a change of this file is, by its name and folder alone; `docs` for what no program reads."""
    for cause, pattern in _ORDER:
        if pattern.search(path):
            if cause in ("serving code", "model code") and _CONFIG.search(path) and not _CODE.search(path):
                return "config"
            return cause
    return "config" if path.endswith((".yaml", ".yml", ".json")) else "docs" if path.endswith(".txt") else "code"


def measures(path: str) -> bool:
    """Whether a file is called after what measures models, whatever else it is: a schedule of it too."""
    return _EVALUATION.search(path) is not None


def sorted_paths(paths: Iterable[str]) -> dict[Cause, list[str]]:
    """The files of a commit by what a change of them is, each kind in the order of its paths."""
    found: dict[Cause, list[str]] = {}
    for path in sorted(paths):
        found.setdefault(cause_of_path(path), []).append(path)
    return found


def is_code(path: str) -> bool:
    """Whether a file is read by people who program: DVC lists scripts among what a stage read."""
    return _CODE.search(path) is not None


CODE: Final[frozenset[Cause]] = frozenset({
    "model code", "serving code", "data code", "code", "dependency", "params", "config", "check code",
    "infrastructure code", "ci", "evaluation", "tests", "docs",
})  # fmt: skip
"""What commits are."""
