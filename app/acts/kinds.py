"""Every kind of act that there is, and whose an act is."""

from __future__ import annotations

from typing import Any, Final

from . import Kind
from .agreements import Agreements
from .model_notes import ModelNotes
from .notes import NotesShared
from .pipelines import Pipelines
from .promotions import PromotionActs
from .registrations import Registrations
from .tags import Tags

KINDS: Final[tuple[Kind[Any, Any], ...]] = (
    Tags(), Pipelines(), PromotionActs(), Agreements(), Registrations(), ModelNotes(), NotesShared(),
)  # fmt: skip


def kind_of(act: str) -> Kind[Any, Any]:
    """Whose act it is."""
    return next(kind for kind in KINDS if act in kind.acts)
