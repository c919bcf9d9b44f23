"""The shapes in which Great Expectations leaves its results, and the validations that are found in them."""

from __future__ import annotations

import msgspec

from .documents import ABSENT, Raw, count, document, part, text
from .reading import ResultFile, UnreadableError

_NO_RESULT = "it holds no validation result of Great Expectations"


class Validation(msgspec.Struct):
    """What any of the files may have at its top, or in it for each validation."""

    results: Raw = ABSENT
    expectations: Raw = ABSENT
    """The results, as `describe` calls them."""
    meta: Raw = ABSENT
    statistics: Raw = ABSENT
    suite_name: Raw = ABSENT
    run_id: Raw = ABSENT
    run_results: Raw = ABSENT
    """Of a checkpoint until 0.18."""
    validation_results: Raw = ABSENT
    """Of a checkpoint as `describe` tells it."""
    validation_result: Raw = ABSENT
    success: Raw = ABSENT
    expectation_config: Raw = ABSENT
    """It is the result of a single expectation, and so are the next ones."""
    expectation_type: Raw = ABSENT
    kwargs: Raw = ABSENT
    result: Raw = ABSENT
    exception_info: Raw = ABSENT
    result_url: Raw = ABSENT


class Result(msgspec.Struct):
    """Of one expectation."""

    success: Raw = ABSENT
    expectation_config: Raw = ABSENT
    expectation_type: Raw = ABSENT
    kwargs: Raw = ABSENT
    result: Raw = ABSENT
    exception_info: Raw = ABSENT
    severity: Raw = ABSENT


class Found(msgspec.Struct):
    """One validation in a file, and how the file knows it."""

    validation: Validation
    results: list[Result]
    key: str = ""
    """Its place in the validations store, as results of checkpoints name it."""
    run_id: Raw = ABSENT
    """Of the checkpoint."""
    is_suite: bool = True
    """All of a suite, and the file says of which: `describe` does not."""


class _Statistics(msgspec.Struct):
    evaluated_expectations: Raw = ABSENT


class _Kwargs(msgspec.Struct):
    batch_id: Raw = ABSENT


class _Version(msgspec.Struct):
    new: Raw = msgspec.field(default=ABSENT, name="great_expectations_version")
    old: Raw = msgspec.field(default=ABSENT, name="great_expectations.__version__")


def validations(file: ResultFile) -> list[Found]:
    """All that the file holds. Raises UnreadableError where it is no file of Great Expectations."""
    top = document(file, Validation | list[Validation])  # type: ignore[arg-type]  # a union is no type for mypy
    if not isinstance(top, list):
        return _by_identifier(file) if top == Validation() else _validations(file, top)
    alone = [_alone(one) for one in top if _is_alone(one)]
    if alone and len(alone) == len(top):
        return [Found(Validation(), alone, is_suite=False)]
    if not top:
        raise UnreadableError(file.path, _NO_RESULT)
    return [found for one in top for found in _validations(file, one)]


def evaluated(validation: Validation) -> int | None:
    """How many expectations the tool says that it evaluated."""
    statistics = part(validation.statistics, _Statistics)
    return count(statistics.evaluated_expectations) if statistics else None


def version(meta: Raw) -> str:
    """Of the tool that wrote it."""
    told = part(meta, _Version) or _Version()
    return text(told.new, 40) or text(told.old, 40)


def batch_id(found: Found) -> str:
    """The batch that was validated, as the arguments of its expectations name it; "" where they do not."""
    for one in found.results[:3]:
        config = part(one.expectation_config, Result)
        kwargs = part(config.kwargs if config else one.kwargs, _Kwargs)
        if kwargs and (name := text(kwargs.batch_id, 300)):
            return name
    return ""


def _by_identifier(file: ResultFile) -> list[Found]:
    """Of what people make of a checkpoint's `run_results` since 1.0, whose own JSON cannot be written."""
    try:
        runs = document(file, dict[str, Validation])
    except UnreadableError as error:
        raise UnreadableError(file.path, _NO_RESULT) from error
    if not runs:
        raise UnreadableError(file.path, _NO_RESULT)
    return [_of_run(file, key, run, ABSENT) for key, run in runs.items()]


def _validations(file: ResultFile, top: Validation) -> list[Found]:
    if len(top.run_results):
        if (runs := part(top.run_results, dict[str, Validation])) is None:
            raise UnreadableError(file.path, "its run_results are no validation results")
        return [_of_run(file, key, run, top.run_id) for key, run in runs.items()]
    if len(top.validation_results):
        if (described := part(top.validation_results, list[Validation])) is None:
            raise UnreadableError(file.path, "its validation_results are none")
        return [_whole(file, one) for one in described]
    if _is_alone(top):
        return [Found(Validation(), [_alone(top)], is_suite=False)]
    return [_whole(file, top)]


def _of_run(file: ResultFile, key: str, run: Validation, run_id: Raw) -> Found:
    inner = part(run.validation_result, Validation) if len(run.validation_result) else run
    if inner is None:
        raise UnreadableError(file.path, "one of its run_results is no validation result")
    found = _whole(file, inner)
    found.key, found.run_id = key, run_id
    return found


def _whole(file: ResultFile, validation: Validation) -> Found:
    is_described = not len(validation.results) and len(validation.expectations) > 0
    results = part(validation.expectations if is_described else validation.results, list[Result])
    if results is None:
        raise UnreadableError(file.path, _NO_RESULT)
    if not (any(map(_is_expectation, results)) or version(validation.meta) or evaluated(validation) is not None):
        raise UnreadableError(file.path, _NO_RESULT)
    if results and not any(map(_is_expectation, results)):
        raise UnreadableError(file.path, "its results name no expectations")
    return Found(validation, results, is_suite=not is_described)


def _is_expectation(result: Result) -> bool:
    return len(result.expectation_config) > 0 or len(result.expectation_type) > 0


def _is_alone(one: Validation) -> bool:
    return not len(one.results) and (len(one.expectation_config) > 0 or len(one.expectation_type) > 0)


def _alone(one: Validation) -> Result:
    return Result(
        success=one.success, expectation_config=one.expectation_config, expectation_type=one.expectation_type,
        kwargs=one.kwargs, result=one.result, exception_info=one.exception_info,
    )  # fmt: skip
