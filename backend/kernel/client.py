"""Who is asking, as far as the network tells."""

import threading
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Client:
    """The caller of one request."""

    address: str
    user_agent: str
    request_id: str
    gone: threading.Event = field(default_factory=threading.Event, compare=False, repr=False)
    """Set when the caller hung up; work that nobody waits for is then skipped."""


NOBODY = Client(address="", user_agent="", request_id="")
"""The server itself, for what it does without being asked."""
