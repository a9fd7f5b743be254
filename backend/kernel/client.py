"""Who is asking, as far as the network tells."""

import threading
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, Protocol
from uuid import UUID


class HashQueueSlot(Protocol):
    """A slot in the queue for hashing (`backend/process/hash_queue.py`)."""

    @property
    def order(self) -> tuple[int, int]:
        """The lowest is next."""

    def set_pending(self, hashing: Future[Any]) -> None:
        """Note what the request waits for; refuses with 503 if the slot was lost meanwhile."""


@dataclass(slots=True)
class Client:
    """The caller of one request."""

    address: str
    user_agent: str
    request_id: str
    disconnected: threading.Event = field(
        default_factory=threading.Event, compare=False, repr=False
    )
    """Set when the caller hung up; work that nobody waits for is then skipped."""
    slot: HashQueueSlot | None = field(default=None, compare=False, repr=False)
    """Where it waits for a hash, if it does; who has none, such as a command, does not wait."""
    impersonated_by: UUID | None = None
    """The admin who acts as the user; noted where the session is found."""

    def impersonator_of(self, actor: UUID | None) -> UUID | None:
        """Return the admin who does what `actor` is said to do, unless it is the admin's own."""
        return None if self.impersonated_by == actor else self.impersonated_by


SYSTEM = Client(address="", user_agent="", request_id="")
"""The server itself, for what it does without being asked."""
