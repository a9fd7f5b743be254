"""The client of a request."""

from concurrent.futures import Future
from dataclasses import dataclass, field
from threading import Event
from typing import Any, Protocol
from uuid import UUID


class QueueSlot(Protocol):
    """A slot in the hash queue (`backend/process/hash_queue.py`)."""

    @property
    def order(self) -> tuple[int, int]:
        """The priority; the lowest is next."""

    def set_pending(self, future: Future[Any]) -> None:
        """Set the hash that the request waits for; refuses with 503 if the slot was evicted."""


@dataclass(slots=True)
class Client:
    """The client of one request."""

    address: str
    user_agent: str
    request_id: str
    disconnected: Event = field(default_factory=Event, compare=False, repr=False)
    """Set when the client has disconnected; hashes it waited for are then skipped."""
    slot: QueueSlot | None = field(default=None, compare=False, repr=False)
    """Its slot in the hash queue, if it hashes; commands have none and go first."""
    is_panel: bool = False
    """Whether it uses the panel in this process."""
    impersonated_by: UUID | None = None
    """The admin who impersonates the user; set when the session is read."""

    def impersonator_of(self, actor: UUID | None) -> UUID | None:
        """Return the impersonating admin, unless the admin is the `actor`."""
        return None if self.impersonated_by == actor else self.impersonated_by


SYSTEM = Client(address="", user_agent="", request_id="")
"""The server itself, for what it does without a request."""
