"""Signing out at the provider too, where it has a page for it."""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from backend.storage.work import Work


@dataclass(frozen=True, slots=True)
class ProviderSignOutRequest:
    """Who signs out, and what the page asks for."""

    user_id: UUID
    target: str = ""
    """The URL to which the provider sends the browser afterwards, of a trusted origin."""
    state: str = ""
    """What it sends along then."""


@dataclass(frozen=True, slots=True)
class ProviderSignOut:
    """Finds the provider's page. The sessions here have ended already, whatever it finds."""

    find_url: Callable[[Work, ProviderSignOutRequest], str | None]
