"""No value out of the data gets into the cache, however loudly a tool reports it."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path

import msgspec

from quarterdeck.app.records import Batch, SourceSpec
from quarterdeck.app.sources.checks.great_expectations import read
from quarterdeck.app.sources.checks.reading import ResultFile
from quarterdeck.app.store.cache import Cache
from quarterdeck.app.store.reading import Reader
from quarterdeck.app.store.state import State

SOURCE = SourceSpec(key="k", kind="checks", name="gx", address="gx/")
PLANTED = ("ann.planted@example.com", "bo.planted@example.org")


def failing(at: str, *, success: bool) -> bytes:
    """A validation whose result holds the rows that fail, wherever Great Expectations puts such."""
    rows = list(PLANTED)
    indexes = [{"customer": PLANTED[0], "email": PLANTED[1]}]
    result = {
        "element_count": 100, "unexpected_count": 0 if success else 2, "unexpected_percent": 0.0 if success else 2.0,
        "partial_unexpected_list": rows, "unexpected_list": rows, "unexpected_index_list": indexes,
        "partial_unexpected_counts": [{"value": row, "count": 1} for row in rows],
        "unexpected_index_query": f"df.query('email == {PLANTED[0]}')", "observed_value": PLANTED[0],
    }  # fmt: skip
    config = {
        "type": "expect_column_values_to_match_regex",
        "kwargs": {"column": "email", "regex": f"^(?!{PLANTED[0]})", "value_set": rows, "batch_id": "shop-users"},
        "meta": {}, "severity": "critical",
    }  # fmt: skip
    problem = {"raised_exception": True, "exception_message": f"no {PLANTED[0]}", "exception_traceback": PLANTED[1]}
    calm = {"raised_exception": False, "exception_message": None, "exception_traceback": None}
    some = [
        {"success": success, "expectation_config": config, "result": result, "meta": {}, "exception_info": calm},
        {
            "success": False, "expectation_config": {**config, "type": "expect_column_values_to_be_in_set"},
            "result": result, "meta": {}, "exception_info": problem,
        },
    ]  # fmt: skip
    meta = {
        "great_expectations_version": "1.0.6", "batch_spec": {"rows": rows}, "checkpoint_id": None,
        "run_id": {"run_name": None, "run_time": at}, "validation_time": at,
        "active_batch_definition": {"datasource_name": "shop", "data_asset_name": "users"},
    }  # fmt: skip
    statistics = {"evaluated_expectations": 2, "successful_expectations": int(success), "success_percent": 0.0}
    whole = {
        "success": False, "results": some, "suite_name": "users", "suite_parameters": {}, "statistics": statistics,
        "meta": meta, "id": None,
    }  # fmt: skip
    return json.dumps(whole).encode()


def test_no_address_of_a_failing_row_is_in_the_cache_or_in_state_db(tmp_path: Path) -> None:
    with closing(Cache(tmp_path / "cache.db")) as cache, State(tmp_path / "state.db") as state:
        cache.declare([SOURCE])
        for day, success in ((20, True), (21, False)):
            at = f"2025-11-{day}T03:00:00+00:00"
            file = ResultFile(path=f"gx/{day}.json", data=failing(at, success=success))
            found = tuple(msgspec.structs.replace(one, source="k") for one in read(file))
            assert [result.outcome for one in found for result in one.results] == [
                "pass" if success else "fail",
                "error",
            ]
            cache.write("k", Batch(invocations=found), 0)
            while news := cache.news():
                state.keep_news(news)
                cache.forget_news(news)
        files = [path for path in tmp_path.iterdir() if path.is_file()]
        assert {path.name for path in files} >= {"cache.db", "cache.db-wal", "state.db"}
        everything = b"".join(path.read_bytes() for path in files)
        assert b"users" in everything
        for planted in PLANTED:
            assert planted.encode() not in everything
        assert b"planted" not in everything
        with closing(Reader(tmp_path / "cache.db")) as reader:
            assert reader.checks.summary(None, 0).outcomes == {"fail": 1, "error": 1}
        assert len(state.events(10)) == 2
