"""The body of a request that offers to speak another protocol, as every Java client does.

An Upgrade is an offer that a server may ignore (RFC 9110 section 7.8), and the request itself is
HTTP/1.1 to its end. httptools stops at the head of such a request, so its body is read by a parser
of its own, which is told nothing but how long it is.
"""

from typing import Protocol

import httptools


class BodyOwner(Protocol):
    """Whoever wants the body: the connection."""

    def on_body(self, body: bytes) -> None: ...

    def on_message_complete(self) -> None: ...


class IgnoredUpgrade:
    """Reads one body; after its end nothing is HTTP that anybody listens to."""

    def __init__(self, owner: BodyOwner, length: int | None) -> None:
        # Only the callbacks of a body: what a trailer says never becomes a header.
        self.on_body = owner.on_body
        self.on_message_complete = owner.on_message_complete
        self._parser = httptools.HttpRequestParser(self)
        framing = (
            b"Transfer-Encoding: chunked" if length is None else b"Content-Length: %d" % length
        )
        head = b"POST / HTTP/1.1\r\nConnection: close\r\n%s\r\n\r\n" % framing
        self._parser.feed_data(head)

    def feed_data(self, data: bytes) -> None:
        """Read on; raises httptools.HttpParserError where this is no body."""
        self._parser.feed_data(data)

    def should_upgrade(self) -> bool:
        """Tell uvicorn that nobody takes the offer."""
        return False
