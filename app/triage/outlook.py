"""What of the settings says what matters: which aliases are production, and what is one dataset."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ..identities import identities
from ..records import Identities, Record
from ..settings import Settings

PRODUCTION: Final = ("champion", "production", "prod")
"""Names of aliases that are taken for production's where no policy names one."""


class Outlook(Record, frozen=True, kw_only=True):
    """What a look at the cache needs to know of the settings."""

    aliases: tuple[str, ...] = PRODUCTION
    """Aliases by which models are in production."""
    identities: Identities = Identities()
    stacks: Mapping[str, tuple[str, ...]] = {}
    """Stack -> registered models that are served from it."""
    folders: Mapping[str, str] = {}
    """Stack -> folder of its code in the repository, where the settings say so."""
    environment: str = ""
    """The project's: results of checks of another one endanger nothing here."""


def outlook(settings: Settings) -> Outlook:
    """The outlook of a project."""
    named = tuple(dict.fromkeys(policy.to for policy in settings.promotion.values()))
    return Outlook(
        aliases=tuple(dict.fromkeys((*named, *PRODUCTION))),
        identities=identities(settings),
        stacks={section.stack: section.models for section in settings.infra},
        folders={section.stack: section.path for section in settings.infra if section.path},
        environment=settings.project.environment,
    )
