"""Commits: those that the version in force was built on and the one before was not, those that broke a pipeline, those
that were deployed, and those that only fell into the window."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from ..records import Commit, Evidence, Millis, Run
from ..store.cause_reads import Deployed, Ran
from ..store.events import event_id
from .candidates import Candidate, Carrier, Link, few, stem, written
from .case import Case
from .causes import FITS, Cause, cause_of_path, is_code, measures, sorted_paths
from .infra_causes import of_stack, own_code
from .needs import failing_names, needs_of
from .running_causes import stopped
from .window import DAY, HOUR, SKEW, Why, lasting

_MOST: Final = 300
"""Commits of one set that are looked at."""
_BUSY: Final = 5
"""So often in three weeks, and a file changes every day or two ..."""
_RARE: Final = 21 * DAY
"""... and one that did not in that time is rarely touched."""
_LOOKED_FOR: Final = 200
"""Files of one commit that are looked for in what failed."""
_MANY: Final = 40
"""Files of one commit: it is a merge or a move rather than a change of one thing."""
_RELEVANT: Final[dict[str, frozenset[str]]] = {
    "operational": frozenset({"serving code", "dependency", "config", "infrastructure code"}),
    "business": frozenset({"serving code", "data code", "config"}),
}
"""What works without a new version being trained."""
_NOT_IN_MODELS: Final = frozenset({"serving code", "infrastructure code", "ci", "check code"})
"""What a version that is promoted does not bring along, though it was built on it."""


_TESTING: Final = re.compile(
    r"(?:^|[^a-z])(?:py|unit|e2e)?tests?(?:[^a-z]|$)|unit|lint|mypy|ruff|flake|cover|tox|nox|style|format|check|\bqa\b|build"
    r"|install|setup",
    re.IGNORECASE,
)
"""What a job is called that runs tests or installs what they need ..."""
_TESTED: Final = re.compile(
    r"pytest|unittest|\btests?/|mypy|ruff|flake8|pip install|ModuleNotFoundError", re.IGNORECASE
)
"""... and what its log says."""
_PLANNED: Final = re.compile(r"\.(?:tf|tfvars|tofu)$")
"""Files that a plan names without their folder."""


class Found(NamedTuple):
    """A commit, and why it may matter."""

    commit: Commit
    link: Link
    why: str
    carrier: Carrier | None = None


class Given(NamedTuple):
    """What is known of one search, whichever commit is looked at."""

    scripts: frozenset[str]
    """Files that made data which changed."""
    needs: Mapping[str, str]
    stops: tuple[tuple[Ran, Millis, Why], ...]
    """Pipelines that run no more."""


def code_causes(case: Case, taken: frozenset[str], scripts: frozenset[str]) -> Iterator[Candidate]:
    """All commits that may matter, each once, by its surest link. `taken`: those that stand behind other changes;
    `scripts`: files that made data which changed."""
    found: dict[str, Found] = {}
    for one in _found(case):
        found.setdefault(one.commit.sha, one)
    stops = tuple(stopped(case)) if case.symptom.family == "silence" else ()
    paths, given = case.reads.paths_of(found), Given(scripts, needs_of(case), stops)
    for one in found.values():
        candidate = _candidate(case, one, paths.get(one.commit.sha, ()), given, one.commit.sha in taken)
        if candidate is not None:
            yield candidate


def _found(case: Case) -> Iterator[Found]:
    yield from _broke(case)
    yield from _of_run(case)
    yield from _of_check(case)
    yield from (Found(commit, "id", why) for commit, why in own_code(case))
    yield from _deployed(case)
    yield from _built_on(case)
    for commit in case.reads.commits(case.symptom.reach, case.symptom.until + SKEW, _MOST):
        yield Found(commit, "none", "")


# -- which ----------------------------------------------------------------------------------------------------------


def _built_on(case: Case) -> Iterator[Found]:
    if not case.carries or case.good is None or case.bad is None or case.carrier is None:
        return
    between = _ahead(case, case.good.commit, case.bad.commit)
    told = f"{case.carrier.title} was built on it, and v{case.good.version} was not"
    if between is not None:
        yield from (Found(commit, "digest", told, case.carrier) for commit in between)
        return
    if case.good.commit is None or case.bad.commit is None:
        for commit in case.reads.commits(case.good.at, case.bad.at + SKEW, _MOST):
            yield Found(commit, "name", "it lies between the runs of both versions, by time alone", case.carrier)


def _ahead(case: Case, base: str | None, head: str | None) -> tuple[Commit, ...] | None:
    if base is None or head is None:
        return None
    between = case.reader.commits_between(base, head)
    return None if between is None else between.ahead[:_MOST]


def _broke(case: Case) -> Iterator[Found]:
    """Of a pipeline that fails: what came to its branch since it last passed."""
    if case.symptom.family not in ("pipeline", "silence", "infrastructure") or case.subject.kind not in (
        "pipeline",
        "job",
    ):
        return
    rowid = _pipeline(case)
    broken = None if rowid is None else case.reader.pipelines.broke(rowid)
    if broken is None:
        return
    rows = case.reader.pipelines.rows([broken.first_bad])
    for commit in broken.commits.ahead[:_MOST] if broken.commits is not None else ():
        yield Found(commit, "digest", f"{rows[0].pipeline.name} first failed with it, and passed before it")


def _pipeline(case: Case) -> int | None:
    if case.subject.kind == "job":
        found = case.reader.pipelines.job(case.subject.parts[0])
        return None if found is None else found[0]
    return case.reader.pipelines.find(case.subject.parts[0])


def _of_run(case: Case) -> Iterator[Found]:
    """Of a run that failed: what is new since the last of its experiment that finished."""
    if case.subject.kind != "run":
        return
    run, before = runs_around(case)
    if run is None or before is None:
        return
    for commit in _ahead(case, before.git_commit, run.git_commit) or ():
        yield Found(commit, "digest", f"it ran on it, and {before.name or before.id} did not")


def runs_around(case: Case) -> tuple[Run | None, Run | None]:
    """The run that it is about, and the last of its experiment that finished before."""
    rowids = case.reader.rowids([case.subject.parts[0]]) if case.subject.kind == "run" else []
    run = next(iter(case.reader.runs(rowids[:1])), None)
    if run is None:
        return None, None
    before = case.reads.finished_before(rowids[0])
    return run, None if before is None else next(iter(case.reader.runs([before])), None)


def _of_check(case: Case) -> Iterator[Found]:
    """Of a check that fails: what lies between the commits on which it passed last and failed first."""
    if case.check is None:
        return
    for commit in _ahead(case, case.check.last_passed_commit, case.check.first_failed_commit) or ():
        yield Found(commit, "digest", "the check passed before it, and failed with it")


def _deployed(case: Case) -> Iterator[Found]:
    """What a pipeline put into production in the window."""
    if case.symptom.family not in ("business", "operational", "any"):
        return
    here = case.outlook.environment.casefold()
    for one in case.reads.deployed(case.symptom.reach, case.symptom.until + SKEW, 200):
        if here and one.environment and here not in one.environment.casefold():
            continue
        yield from _brought(case, one)


def _brought(case: Case, one: Deployed) -> Iterator[Found]:
    before = case.reads.deployed_before(one.name, one.environment, one.at)
    head = case.reader.commit(one.commit)
    commits = _ahead(case, before, one.commit) or ((head,) if head is not None else ())
    carrier = Carrier(title=f"{one.name} to {one.environment}", subject=written("pipeline", one.pipeline), at=one.at)
    for commit in commits:
        yield Found(commit, "digest", f"{one.name} put it into {one.environment}", carrier)


# -- how ------------------------------------------------------------------------------------------------------------


def _candidate(case: Case, one: Found, paths: tuple[str, ...], given: Given, is_taken: bool) -> Candidate | None:
    commit = one.commit
    if not paths and len(commit.parents) > 1:
        return None  # a merge: its commits speak for themselves
    kinds = sorted_paths(path for path in paths if not (is_taken and _explained(path)))
    if is_taken and not kinds:
        return None
    made = frozenset(paths) & (given.scripts | case.scripts.keys())
    if made:
        kinds["data code"] = sorted({*kinds.get("data code", ()), *made})
    cause = kind = _worst(case, kinds)
    own = Evidence(at=commit.committed_at, text=commit.subject, subject=written("commit", commit.sha))
    stack = of_stack(case, commit, paths, given.needs, (own,)) if "infrastructure code" in kinds else None
    if stack is not None and _fit(case, stack[0]) >= _fit(case, cause):
        kind = "infrastructure code"
        cause, link, joined, name = stack  # a version that was built on it brings it nowhere
        one = one._replace(carrier=None) if one.carrier == case.carrier else one
    else:
        (link, joined), name = _link(case, one, cause, paths, given), ""
        one = one._replace(carrier=None) if cause == "evaluation" else one  # no model carries it
    event = event_id(commit.source, "commit", commit.sha)
    return Candidate(
        subject=own.subject, cause=cause, kind=_KINDS.get(cause, "commit"), title=f"{commit.sha[:7]} {commit.subject}",
        at=commit.committed_at, actor=commit.author, event=event, link=link, carrier=one.carrier,
        names=frozenset({*paths, name} - {""}), rules=(*_rules(case, one, kind, kinds, own), *joined), evidence=(own,),
        commits=frozenset({commit.sha}),
    )  # fmt: skip


_KINDS: Final = {
    "dependency": "dependency", "params": "params", "infrastructure code": "infrastructure",
    "data infrastructure code": "infrastructure",
}  # fmt: skip


def _explained(path: str) -> bool:
    """Whether what stands for this commit already speaks of such a file: a lock of data, the rules of checks."""
    return path.endswith((".dvc", "dvc.lock")) or next(iter(sorted_paths([path]))) == "check code"


def _fit(case: Case, cause: Cause) -> float:
    return FITS[case.symptom.family, cause]


def _worst(case: Case, kinds: dict[Cause, list[str]]) -> Cause:
    """What a commit is: of all that it touched what most readily causes this."""
    return max(kinds, key=lambda cause: (_fit(case, cause), cause), default="code")


def _link(case: Case, one: Found, cause: Cause, paths: tuple[str, ...], given: Given) -> tuple[Link, list[Why]]:
    """By what it is on the path, and the sentence of that."""
    own = (Evidence(at=one.commit.committed_at, text=one.commit.subject, subject=written("commit", one.commit.sha)),)
    if read := [path for path in paths if path in case.scripts or path in given.scripts]:
        return "digest", [Why(factor=1.15, text=f"{few(read)} is what the data was made with", evidence=own)]
    if case.symptom.series and _measures(case, cause, paths):
        told = "it is what the model is measured by, from the next evaluation on"
        return "name", [Why(factor=1.05, text=told, evidence=own)]
    if one.carrier is not None and one.carrier == case.carrier and cause == "data code" and _unread(case, paths):
        told = f"but the run of {one.carrier.title} recorded what it was made of, and that is not among it"
        return "none", [Why(factor=0.5, text=told, evidence=own)]
    if one.carrier is not None and one.carrier == case.carrier and cause in _NOT_IN_MODELS:
        told = f"but that is no part of a model, and {one.carrier.title} brought only the model"
        return "name", [Why(factor=0.7, text=told, evidence=own)]
    if cause == "ci" and (schedule := _stopped_by(one.commit, paths, given)) is not None:
        return "declared", [schedule]
    if one.link != "none":
        return one.link, [Why(factor=1.0, text=one.why, evidence=own)] if one.why else []
    family = case.symptom.family
    if family == "business" and case.bad is not None and cause not in _RELEVANT["business"]:
        return "none", [Why(factor=0.5, text="but no version in force was built on it", evidence=own)]
    if cause in _RELEVANT.get(family, ()):
        return "name", [Why(factor=0.9, text="nobody says when it was deployed", evidence=own)]
    words = [name for name in _stems(case) if any(name in _tokens(path) for path in paths)]
    if words:
        return "name", [Why(factor=1.1, text=f"it touches files named after {few(words)}", evidence=own)]
    return "none", []


def _measures(case: Case, cause: Cause, paths: tuple[str, ...]) -> bool:
    """Whether it is of what measures models: where a line fell silent, also what says when that is run."""
    is_schedule = cause == "ci" and case.symptom.family == "silence"
    return cause == "evaluation" or (is_schedule and any(map(measures, paths)))


def _stopped_by(commit: Commit, paths: tuple[str, ...], given: Given) -> Why | None:
    """Of what says when pipelines run: whether one that it is called after did not run since, though it used to."""
    for last, usual, why in given.stops:
        words = _tokens(last.name)
        files = [path for path in paths if words and words <= _tokens(path)]
        if files and -SKEW <= commit.committed_at - last.at <= usual + HOUR:
            text = f"{last.name} ran last before it, and it changes {few(files)}"
            return Why(factor=1.25, text=text, evidence=why.evidence)
    return None


def _unread(case: Case, paths: tuple[str, ...]) -> bool:
    """Whether all data that it brings is none that the version was made of, whose run says what it read."""
    data = [path.removesuffix(".dvc") for path in paths if cause_of_path(path) == "data code"]
    if case.bad is None or not case.bad.parts or not all(f"{one}.dvc" in paths for one in data):
        return False
    read = {name for part in case.bad.parts for name in (part.name, part.called)}
    return not any({one, case.outlook.identities.name_of("dvc", one)} & read for one in data)


def _stems(case: Case) -> list[str]:
    """Last words of what the data on the path is called: orders of data/orders.csv."""
    if case.symptom.family not in ("check", "silence", "any"):
        return []
    return [word for word in dict.fromkeys(map(stem, case.all_called())) if len(word) > 2]


def _tokens(path: str) -> set[str]:
    return set(re.split(r"[^0-9a-z]+", path.casefold()))


def _rules(
    case: Case, one: Found, cause: Cause, kinds: dict[Cause, list[str]], own: Evidence
) -> Iterator[Why]:  # fmt: skip
    paths = kinds.get(cause, [])
    everything = [path for of in kinds.values() for path in of]
    if not paths:
        yield Why(factor=0.7, text="nobody says which files it touched", evidence=(own,))
        return
    yield Why(factor=1.0, text=f"it changes {few(paths)}", evidence=(own,))
    yield from _mentioned(case, everything, own)
    if cause == "tests" and not _is_tested(case):
        yield Why(factor=0.3, text="but no job that failed runs tests", evidence=(own,))
    yield from _dated(case, one, own)
    yield from _rarity(case, one.commit, paths, own)
    if len(everything) > _MANY:
        yield Why(factor=0.85, text=f"but it touches {len(everything)} files, as a move does", evidence=(own,))
    others = _of_other_model(case, everything)
    if others:
        yield Why(factor=0.2, text=f"but it is about {others}", evidence=(own,))


def _dated(case: Case, one: Found, own: Evidence) -> Iterator[Why]:
    """A commit that is younger than the run which was built on it: two clocks, and no younger change."""
    later = one.commit.committed_at - case.bad_at
    if one.carrier is not None and one.carrier == case.carrier and case.bad_at and later > SKEW:
        text = f"it is dated {lasting(later)} after the run that was built on it: their clocks differ"
        yield Why(factor=1.0, text=text, evidence=(own,))


def _mentioned(case: Case, paths: list[str], own: Evidence) -> Iterator[Why]:
    """Whether what failed names a file that it touched."""
    if not case.symptom.words:
        return
    whole = [path for path in paths[:_LOOKED_FOR] if _names(case.symptom.words, path)]
    if whole:
        text = f"what failed names {few(whole)}"
        yield Why(factor=1.35, text=text, evidence=(own, *case.symptom.said_by[:2]))


def _is_tested(case: Case) -> bool:
    """Whether what failed may be tests, or tools of developers; nobody can tell where no job says that it failed."""
    names = list(failing_names(case))
    return not names or _TESTED.search(case.symptom.words) is not None or any(map(_TESTING.search, names))


def _names(words: str, path: str) -> bool:
    """Whether a text names a file: by its path, as a Python module, or by its own name where that says enough."""
    name = path.rpartition("/")[2]
    module = re.sub(r"\.py$", "", path).replace("/", ".")
    return path in words or (path.endswith(".py") and "." in module and module in words) or (
        len(name) > 5 and (is_code(path) or _PLANNED.search(name) is not None) and name != "__init__.py"
        and re.search(rf"(?<![\w]){re.escape(name)}", words) is not None
    )  # fmt: skip


def _rarity(case: Case, commit: Commit, paths: list[str], own: Evidence) -> Iterator[Why]:
    touched = case.reads.touched(paths, commit.committed_at, commit.committed_at - _RARE)
    if touched.last_at is None:
        return
    if touched.times == 0:
        last = lasting(commit.committed_at - touched.last_at)
        yield Why(
            factor=1.1, text=f"nobody had touched {'that' if len(paths) == 1 else 'those'} for {last}", evidence=(own,)
        )
    elif touched.times >= _BUSY:
        yield Why(factor=0.85, text=f"but that file changed {touched.times} times in three weeks", evidence=(own,))


def _of_other_model(case: Case, paths: list[str]) -> str:
    """Another registered model, where all files are named after it and none after this one."""
    if not case.symptom.model or not paths:
        return ""
    mine = case.symptom.model.casefold()
    tokens = [_tokens(path) for path in paths]
    if any(mine in words for words in tokens):
        return ""
    names = sorted(name for name in case.other_models if name.casefold() not in (mine, "") and "-" not in name)
    return next((name for name in names if all(name.casefold() in words for words in tokens)), "")
