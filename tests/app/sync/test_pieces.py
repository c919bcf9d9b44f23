from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from quarterdeck.app.records import (
    Batch,
    CheckResult,
    Commit,
    Experiment,
    Invocation,
    Job,
    LoggedModel,
    LogPart,
    ModelVersion,
    Pipeline,
    Point,
    Promotions,
    Ref,
    RegisteredModel,
    Run,
    Series,
)
from quarterdeck.app.sync.pieces import Pace, pieces


def batch_of(runs: int, commits: int, histories: int) -> Batch:
    return Batch(
        experiments=(Experiment(source="s", id="1", name="e"),),
        experiments_complete=True,
        runs=tuple(
            Run(source="s", id=str(n), experiment_id="1", name="r", status="finished", params={"a": "1"})
            for n in range(runs)
        ),
        commits=tuple(
            Commit(
                source="s", sha=str(n), parents=(), author="a", email="e", authored_at=0, committed_at=0, subject="s"
            )
            for n in range(commits)
        ),
        histories=tuple(Series.of(str(n), "k", (Point(step=0, at=0, value=1.0),)) for n in range(histories)),
        tails=tuple(Series.of(str(n), "k", ()) for n in range(histories)),
        pipelines=tuple(
            Pipeline(
                source="s",
                id=str(n),
                name="ci",
                status="passed",
                jobs=(Job(id=str(n), name="j", status="passed"),) * (n % 4),
            )
            for n in range(commits)
        ),
        pipelines_gone=("old",),
        models=tuple(RegisteredModel(source="s", name=str(n), aliases={"a": "1"}) for n in range(histories)),
        models_complete=True,
        versions=tuple(ModelVersion(source="s", model="0", version=str(n)) for n in range(commits)),
        versions_gone=(("0", "x"),),
        versions_gone_unless_seen_since=6,
        logged_models=tuple(LoggedModel(source="s", id=str(n)) for n in range(commits)),
        promotions=Promotions(),
        log_parts=tuple(LogPart(source="s", pipeline="1", job="2", start=n, data=b"x") for n in range(histories)),
        refs=(Ref(source="s", name="main", kind="branch", sha="1"),),
        runs_gone_unless_seen_since=5,
        cursor={"at": 1},
        done=3,
        total=9,
        sweep_period=7,
    )


@given(st.integers(0, 60), st.integers(0, 40), st.integers(0, 40), st.floats(1, 5_000))
def test_pieces_together_are_the_batch_and_only_the_last_moves_the_cursor(
    runs: int, commits: int, histories: int, rate: float
) -> None:
    pace = Pace()
    pace._rows_a_second = rate
    whole = batch_of(runs, commits, histories)
    cut = [piece for piece, _ in pieces(whole, pace)]
    cut_up = (
        "runs",
        "histories",
        "tails",
        "listings",
        "commits",
        "pipelines",
        "log_parts",
        "versions",
        "logged_models",
    )
    for name in ("experiments", "models", *cut_up):
        assert tuple(record for piece in cut for record in getattr(piece, name)) == getattr(whole, name)
    assert (cut[0].experiments_complete, cut[0].models_complete) == (True, True)
    assert cut[0].models == whole.models
    assert not any(piece.experiments_complete or piece.models_complete for piece in cut[1:])
    for piece in cut[:-1]:
        assert (piece.cursor, piece.refs, piece.runs_gone_unless_seen_since, piece.done) == (None,) * 4
        assert (piece.pipelines_gone, piece.versions_gone) == ((), ())
        assert (piece.promotions, piece.versions_gone_unless_seen_since) == (None, None)
    last = cut[-1]
    assert (last.pipelines_gone, last.versions_gone) == (whole.pipelines_gone, whole.versions_gone)
    assert (last.versions_gone_unless_seen_since, last.promotions) == (6, Promotions())
    assert (last.cursor, last.refs, last.done, last.total) == (whole.cursor, whole.refs, 3, 9)
    assert (last.runs_gone_unless_seen_since, last.sweep_period) == (5, 7)


def test_runs_come_before_their_histories() -> None:
    pace = Pace()
    pace._rows_a_second = 100
    kinds = [
        "run" if piece.runs else "history"
        for piece, _ in pieces(batch_of(30, 0, 30), pace)
        if piece.runs or piece.histories
    ]
    assert kinds == sorted(kinds, reverse=True)


def test_a_slow_disk_makes_pieces_smaller() -> None:
    pace = Pace()
    before = pace.rows
    for _ in range(5):
        pace.learn(1_000, 1.0)
    assert pace.rows < before / 10


def test_a_single_small_transaction_says_nothing_about_the_pace() -> None:
    pace = Pace()
    before = pace.rows
    pace.learn(2, 0.05)
    assert pace.rows == before


@given(st.lists(st.integers(0, 50), max_size=6), st.floats(1, 500))
def test_a_large_invocation_comes_in_parts_of_which_the_last_alone_is_whole(sizes: list[int], rows: float) -> None:
    pace = Pace()
    pace._rows_a_second *= rows / pace.rows
    whole = tuple(
        Invocation(
            source="s", id=str(n), tool="dbt", at=n, is_whole=True,
            results=tuple(CheckResult(name=str(k), outcome="pass") for k in range(size)),
        )
        for n, size in enumerate(sizes)
    )  # fmt: skip
    cut = list(pieces(Batch(invocations=whole, cursor={"at": 1}), pace))
    parts = [part for piece, _ in cut for part in piece.invocations]
    for one in whole:
        own = [part for part in parts if part.id == one.id]
        assert tuple(result for part in own for result in part.results) == one.results
        assert [part.is_whole for part in own] == [False] * (len(own) - 1) + [True]
    assert all(piece.cursor is None for piece, _ in cut[:-1])
    assert all(size < max(pace.rows, 6) + 6 for _, size in cut)
