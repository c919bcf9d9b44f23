"""Folds runs off the interface's thread: the groups first, then their metrics one by one."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field

from ..app.folds import metric_field, ordered
from ..app.query import Field, Node
from ..app.store.groups import Groups, RunGroups, TooManyGroupsError
from ..app.store.reading import Reader


@dataclass(frozen=True, slots=True, kw_only=True)
class FoldQuestion:
    """What is folded, by what, and what is to be known of it."""

    experiments: Sequence[int] | None
    where: Node | None
    by: tuple[Field, ...]
    metrics: tuple[Field, ...]
    sort: tuple[str, bool]
    better: Mapping[str, bool] = field(default_factory=dict)

    def folds_as(self, other: FoldQuestion) -> bool:
        """Whether the groups are the same, whatever is asked of them."""
        return (self.experiments, self.where, self.by) == (other.experiments, other.where, other.by)


@dataclass(frozen=True, slots=True, kw_only=True)
class Folded:
    """An answer, or a part of one."""

    groups: Groups | None
    order: Sequence[int] = ()
    complete: bool = False
    refused: str = ""
    """Why there are no groups."""


class FoldWork:
    """Folds; another sort or one more metric of the same groups costs no new fold."""

    def __init__(self) -> None:
        self._kept: tuple[int, FoldQuestion, Groups] | None = None

    def __call__(self, reader: Reader, question: FoldQuestion) -> Generator[Folded, None, None]:
        """The groups, then the same with each metric as it comes: the one that they are sorted by first."""
        fold = RunGroups(reader.connection, experiments=question.experiments, where=question.where, by=question.by)
        content = reader.content().runs
        try:
            groups = self._known(content, question) or fold.groups()
        except TooManyGroupsError as error:
            yield Folded(groups=None, complete=True, refused=str(error))
            return
        self._kept = (content, question, groups)
        missing = [metric for metric in _sorted_first(question) if metric not in groups.spreads]
        yield _ordered(groups, question, complete=not missing)
        for metric in missing:
            groups = groups.with_spreads(metric, fold.spreads(groups, metric))
            self._kept = (content, question, groups)
            yield _ordered(groups, question, complete=metric is missing[-1])

    def _known(self, content: int, question: FoldQuestion) -> Groups | None:
        if self._kept is None or self._kept[0] != content or not self._kept[1].folds_as(question):
            return None
        return self._kept[2]


def _sorted_first(question: FoldQuestion) -> list[Field]:
    first = metric_field(question.sort[0])
    named = [first] if first is not None else []
    return list(dict.fromkeys([*named, *question.metrics]))


def _ordered(groups: Groups, question: FoldQuestion, *, complete: bool) -> Folded:
    return Folded(groups=groups, order=ordered(groups, question.sort, question.better), complete=complete)
