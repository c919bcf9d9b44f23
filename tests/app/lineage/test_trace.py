"""What a thing came from and what came of it, as the cache knows it."""

from __future__ import annotations

from pathlib import Path

import pytest

from quarterdeck.app.errors import UsageError
from quarterdeck.app.lineage import UNKNOWN, trace
from quarterdeck.app.records import Dataset, Identities, Job, Pipeline, RegisteredModel, parse_subject
from quarterdeck.app.store.state import State
from tests.app.promotion.evidence import ANN, DAY, HOUR, NEW, NOW, OLD

from .worlds import BASE, DECLARED, FIRST, RAW, SECOND, Traced, of_kind, titles

# -- from an alias up to commit and data


def test_an_alias_leads_to_version_run_commit_and_data(world: Traced) -> None:
    found = world.trace("alias/churn@champion")
    (version,) = of_kind(found.upstream, "version")
    (run,) = version.children
    assert (version.title, run.title, run.words) == ("churn v13", "fox-13", ("ann",))
    assert [(node.kind, node.title) for node in run.children] == [
        ("commit", "1313131"), ("data", "orders-train@0001"), ("data", "orders@77ab"), ("params", "none"),
    ]  # fmt: skip


def test_each_link_says_by_what(world: Traced) -> None:
    by = {(link.from_, link.kind): link.by for link in world.trace("alias/churn@champion").links}
    assert by["model/churn/13", "shown"] == "id"
    assert by["run/run13", "registered"] == "id"
    assert by[f"commit/{OLD}", "ran"] == "digest"
    assert by["dataset/orders@77ab", "used"] == "digest"


def test_the_ledger_tells_how_an_alias_moved(world: Traced) -> None:
    (moved,) = of_kind(world.trace("alias/churn@champion").upstream, "moved")
    assert (moved.title, moved.words) == ("v12 → v13", ("by ann (signed)", "entry 11"))
    assert not moved.is_known


def test_an_alias_that_nobody_knows_how_it_moved_says_so(world: Traced) -> None:
    (moved,) = of_kind(world.trace("alias/churn@challenger").upstream, "moved")
    assert (moved.title, moved.state) == ("who moved it here is not known", "unknown")


def test_what_was_seen_between_two_looks_tells_when_it_moved(world: Traced, tmp_path: Path) -> None:
    with State(tmp_path / "state.db") as state:
        state.observe_aliases("r", {"churn": {"challenger": "13"}}, (), NOW - DAY)
        state.observe_aliases("r", {"churn": {"challenger": "14"}}, (), NOW - HOUR)
        (moved,) = of_kind(world.trace("alias/churn@challenger", state=state).upstream, "moved")
    assert (moved.title, moved.words, moved.at) == ("v13 → v14", ("nobody wrote down who did it",), NOW - HOUR)


def test_what_is_served_is_not_known_yet(world: Traced) -> None:
    (serving,) = world.trace("alias/churn@champion").downstream
    assert (serving.kind, serving.subject, serving.state) == ("serving", UNKNOWN, "unknown")


def test_params_are_counted_and_compared_with_what_the_alias_showed_before(world: Traced) -> None:
    world.run("12", 0.9, params={"lr": "0.1", "depth": "3"})
    world.run("13", 0.9, params={"lr": "0.2", "depth": "3", "seed": "1"})
    (params,) = of_kind(world.trace("alias/churn@champion").upstream, "params")
    assert (params.title, params.words) == ("3", ("2 differ from v12",))


# -- what is not known


def test_a_run_without_a_commit_says_that_it_is_unknown(world: Traced) -> None:
    world.run("14", 0.941, commit=None)
    found = world.trace("run/run14")
    assert (found.upstream[0].title, found.upstream[0].subject) == ("commit unknown", UNKNOWN)
    assert [link.known for link in found.links if link.from_ == UNKNOWN and link.kind == "ran"] == [False]


@pytest.mark.parametrize(
    ("tags", "said"),
    [
        ({}, "tree state unknown"),
        ({"mlflow.source.git.dirty": "true"}, "with changes that were not committed"),
        ({"mlflow.source.git.dirty": "False"}, "tree clean"),
    ],
)
def test_a_known_commit_does_not_tell_the_state_of_the_tree(world: Traced, tags: dict[str, str], said: str) -> None:
    world.run("14", 0.941, tags=tags)
    assert titles(world.trace("run/run14").upstream, "tree") == [said]


def test_a_run_without_a_dataset_says_that_none_was_logged(world: Traced) -> None:
    world.run("14", 0.941, datasets=())
    (data,) = of_kind(world.trace("run/run14").upstream, "data")
    assert (data.title, data.state) == ("no dataset was logged", "unknown")


def test_a_commit_that_is_not_in_the_history_is_named_and_said_so(world: Traced) -> None:
    world.run("14", 0.941, commit="ee" * 20)
    commit = world.trace("run/run14").upstream[0]
    assert (commit.title, commit.words) == ("eeeeeee", ("not in the history that was read",))


def test_a_version_without_a_run_says_so(world: Traced) -> None:
    world.version("14", run_id=None)
    (run,) = of_kind(world.trace("model/churn/14").upstream, "run")
    assert run.subject == UNKNOWN


def test_a_version_whose_run_is_not_in_the_cache_names_it(world: Traced) -> None:
    world.version("14", run_id="gone")
    (run,) = of_kind(world.trace("model/churn/14").upstream, "run")
    assert (run.subject, run.words) == ("run/gone", ("not in the cache",))


@pytest.mark.parametrize(
    "subject",
    [
        "run/no", "model/no", "model/churn/99", "alias/churn@no", "pipeline/no", "job/no", "commit/abcdef0", "check/no",
        "dataset/orders@no", "result/no.no", "result/no", "experiment/no",
    ],
)  # fmt: skip
def test_what_the_cache_does_not_have_has_no_lineage(world: Traced, subject: str) -> None:
    assert trace(world.reader, parse_subject(subject), DECLARED, now=NOW) is None


def test_a_kind_without_a_lineage_is_refused(world: Traced) -> None:
    with pytest.raises(UsageError, match="no lineage of source/x"):
        trace(world.reader, parse_subject("source/x"), DECLARED, now=NOW)
    with pytest.raises(UsageError, match="an event is none of"):
        trace(world.reader, parse_subject("event/x"), DECLARED, now=NOW)


# -- models


def test_a_version_is_found_by_the_logged_model_where_it_names_no_run(world: Traced) -> None:
    world.logged("14")
    world.write("r", logged_models=(_logged("m-14", "run14"),))
    world.version("14", model_id="m-14", run_id=None)
    assert titles(world.trace("model/churn/14").upstream, "run") == ["fox-14"]
    assert titles(world.trace("run/run14").downstream, "version") == ["churn v14"]


def _logged(model: str, run: str):  # type: ignore[no-untyped-def]  # a record, in one line
    from quarterdeck.app.records import LoggedModel

    return LoggedModel(source="r", id=model, run_id=run)


def test_a_copy_leads_to_what_it_is_a_copy_of_and_back(world: Traced) -> None:
    world.models(
        RegisteredModel(source="r", name="churn", aliases={"champion": "13"}),
        RegisteredModel(source="r", name="prod", aliases={"live": "1"}),
    )
    world.made("prod", "1", copied_from=("churn", "14"))
    up = world.trace("model/prod/1").upstream
    assert titles(up, "version") == ["churn v14"]
    assert titles(up, "run") == ["fox-14"]
    assert titles(world.trace("model/churn/14").downstream, "version", "alias") == ["prod v1", "prod@live"]


def test_versions_that_are_copies_of_each_other_end(world: Traced) -> None:
    world.made("churn", "21", copied_from=("churn", "22"))
    world.made("churn", "22", copied_from=("churn", "21"))
    found = world.trace("model/churn/21")
    assert titles(found.upstream, "version").count("churn v22") == 1


def test_a_version_without_a_run_is_joined_with_the_commit_of_its_tag_both_ways(world: Traced) -> None:
    world.version("14", run_id=None, tags={"git_commit": NEW})
    assert titles(world.trace("model/churn/14").upstream, "commit") == ["1414141"]
    assert "churn v14" in titles(world.trace(f"commit/{NEW}").downstream, "version")


def test_a_model_lists_those_that_an_alias_points_at_first(world: Traced) -> None:
    for number in range(20, 40):
        world.version(str(number))
    found = world.trace("model/churn", limit=3)
    assert titles(found.downstream, "version") == ["churn v14", "churn v13", "churn v39"]
    assert (found.more, found.more_of) == (20, "versions")


# -- commits, pipelines, jobs


def test_a_commit_tells_how_ci_did_and_how_many_jobs_there_were(world: Traced) -> None:
    (commit,) = of_kind(world.trace("run/run14").upstream, "commit")
    (ci,) = commit.asides
    assert (ci.title, ci.state, ci.words) == ("ci #1", "passed", ("2 jobs",))


def test_a_commit_leads_to_its_runs_and_what_came_of_them(world: Traced) -> None:
    found = world.trace(f"commit/{NEW}")
    assert titles(found.downstream, "pipeline", "run", "version", "alias") == [
        "ci #1", "fox-14", "churn v14", "churn@challenger",
    ]  # fmt: skip
    assert found.at_risk == ("alias/churn@challenger",)


def test_an_abbreviated_commit_is_the_whole_one_both_ways(world: Traced) -> None:
    world.run("14", 0.941, commit=NEW[:9])
    assert world.trace(f"commit/{NEW[:7]}").subject == f"commit/{NEW}"
    assert "fox-14" in titles(world.trace(f"commit/{NEW}").downstream, "run")
    assert of_kind(world.trace("run/run14").upstream, "commit")[0].subject == f"commit/{NEW}"


def test_a_run_that_abbreviates_a_commit_is_of_no_other_that_begins_so(world: Traced) -> None:
    other = NEW[:9] + "f" * 31  # which the history does not have
    world.run("14", 0.941, commit=NEW[:9])
    world.run_of(1, git_commit=other)
    assert titles(world.trace(f"commit/{other}").downstream, "run") == ["more-1"]


def test_what_is_no_utf_8_names_nothing() -> None:
    with pytest.raises(UsageError, match="UTF-8"):
        parse_subject("run/\udcff")


def test_a_job_leads_to_its_pipeline_and_its_commit(world: Traced) -> None:
    (pipeline,) = world.trace("job/1-unit").upstream
    assert (pipeline.title, titles(pipeline.children, "commit")) == ("ci #1", ["1414141"])
    assert titles(world.trace("pipeline/1").downstream, "job") == ["unit", "integration"]


def test_a_pipeline_without_a_commit_says_so(world: Traced) -> None:
    made = Pipeline(source="c", id="9", name="nightly", status="failed", jobs=(Job(id="n", name="n", status="failed"),))
    world.write("c", pipelines=(made,))
    assert world.trace("pipeline/9").upstream[0].subject == UNKNOWN


def test_child_runs_and_parents_are_joined_both_ways(world: Traced) -> None:
    world.run_of(1, parent_id="run14")
    assert "more-1" in titles(world.trace("run/run14").downstream, "run")
    assert "fox-14" in titles(world.trace("run/more00001").upstream, "run")


# -- data


def test_data_leads_to_runs_versions_and_the_aliases_at_risk(world: Traced) -> None:
    found = world.trace("dataset/orders@77ab")
    assert titles(found.downstream, "run") == ["fox-14", "fox-13"]
    assert found.at_risk == ("alias/churn@challenger", "alias/churn@champion")


def test_of_many_runs_those_behind_an_alias_stand_first_then_running_ones_then_the_newest(world: Traced) -> None:
    for number in range(60):
        world.run_of(number, status="running" if number == 7 else "finished")
    found = world.trace("dataset/orders@77ab", limit=4)
    assert titles(found.downstream, "run") == ["fox-14", "fox-13", "more-7", "more-59"]
    assert (found.more, found.more_of, found.running) == (58, "runs", 1)


def test_the_declared_name_of_data_serves_as_well(world: Traced) -> None:
    identities = Identities([DECLARED.declared[0].__class__(name="buyers", same=(("mlflow", "orders"),))])
    assert world.trace("dataset/buyers@77ab", identities).subject == "dataset/orders@77ab"


def test_data_is_the_version_that_the_runs_commit_tracks_of_what_is_declared_to_be_the_same(world: Traced) -> None:
    world.tracked(FIRST, BASE, stage="prepare", deps=(_part("raw/orders.csv", RAW),))
    world.tracked(SECOND, NEW, stage="prepare")
    (old,) = [node for node in of_kind(world.trace("run/run13").upstream, "data") if node.title == "orders@77ab"]
    (tracked,) = old.children
    assert (tracked.title, tracked.words) == ("data/orders.csv@a1a1a1a", ("dvc stage prepare",))
    assert tracked.link is not None
    assert tracked.link.by == "declared"
    assert titles(tracked.children, "data") == ["raw/orders.csv@36973f5"]
    new = next(n for n in of_kind(world.trace("run/run14").upstream, "data") if n.title == "orders@77ab")
    assert [node.title for node in new.children] == ["data/orders.csv@b2b2b2b"]


def _part(path: str, digest: str | None):  # type: ignore[no-untyped-def]  # a record, in one line
    from quarterdeck.app.records import DataPart

    return DataPart(path=path, digest=digest)


def test_what_is_declared_and_cannot_be_told_is_drawn_as_unknown(world: Traced) -> None:
    world.run("14", 0.941, commit=None)
    data = next(n for n in of_kind(world.trace("run/run14").upstream, "data") if n.title == "orders@77ab")
    (tracked,) = data.children
    assert (tracked.subject, tracked.words) == (UNKNOWN, ("the run names no commit",))


def test_without_a_declaration_no_tracked_file_is_taken_for_it(world: Traced) -> None:
    world.tracked(FIRST, BASE)
    data = next(n for n in of_kind(world.trace("run/run14", Identities()).upstream, "data") if "77ab" in n.title)
    assert data.children == ()


def test_equal_digests_are_the_same_data_whatever_it_is_called(world: Traced) -> None:
    world.run("14", 0.941, datasets=(Dataset(name="anything", digest=FIRST),))
    world.tracked(FIRST, BASE)
    (tracked,) = of_kind(world.trace("run/run14", Identities()).upstream, "data")[0].children
    assert tracked.link is not None
    assert (tracked.title, tracked.link.by) == ("data/orders.csv@a1a1a1a", "digest")


def test_tracked_data_leads_to_its_commit_its_sources_and_the_runs_that_used_it(world: Traced) -> None:
    world.tracked(RAW, BASE, "raw/orders.csv")
    world.tracked(SECOND, NEW, stage="prepare", deps=(_part("raw/orders.csv", RAW), _part("src/prepare.py", None)))
    found = world.trace(f"dataset/data%2Forders.csv@{SECOND}")
    assert titles(found.upstream, "commit") == ["1414141"]
    assert [node.title for node in of_kind(found.upstream, "data")] == [
        "raw/orders.csv@36973f5", "src/prepare.py, digest unknown",
    ]  # fmt: skip
    assert titles(found.downstream, "data", "run") == ["orders@77ab", "fox-14", "fox-13"]
    raw = world.trace(f"dataset/raw%2Forders.csv@{RAW}")
    assert titles(raw.downstream, "data") == ["data/orders.csv@b2b2b2b"]
    assert titles(world.trace(f"commit/{NEW}").downstream, "data") == ["data/orders.csv@b2b2b2b"]


def test_an_experiment_leads_to_its_runs(world: Traced) -> None:
    found = world.trace("experiment/1")
    assert (found.root.title, titles(found.downstream, "run")) == ("churn-train", ["fox-14", "fox-13"])
    assert "churn-train" in titles(world.trace("run/run14").upstream, "experiment")


def test_a_name_that_a_terminal_would_obey_is_kept_exactly(world: Traced) -> None:
    world.run("14", 0.941, name="evil\x1b[31m", user=ANN.name)
    assert world.trace("run/run14").root.title == "evil\x1b[31m"
