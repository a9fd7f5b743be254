"""Reads the body of a request with an Upgrade header, which every Java client sends.

A server may ignore Upgrade (RFC 9110 section 7.8), and the request itself remains HTTP/1.1. But
httptools stops at its head, so a second parser reads the body, knowing only its length.
"""

from typing import Protocol

import httptools


class BodyOwner(Protocol):
    """The connection, which receives the body."""

    def on_body(self, body: bytes) -> None: ...

    def on_message_complete(self) -> None: ...


class IgnoredUpgrade:
    """Reads one body; what follows it is discarded."""

    def __init__(self, owner: BodyOwner, length: int | None) -> None:
        # Only the callbacks of a body, so that trailers never become headers.
        self.on_body = owner.on_body
        self.on_message_complete = owner.on_message_complete
        self._parser = httptools.HttpRequestParser(self)
        framing = (
            b"Transfer-Encoding: chunked" if length is None else b"Content-Length: %d" % length
        )
        head = b"POST / HTTP/1.1\r\nConnection: close\r\n%s\r\n\r\n" % framing
        self._parser.feed_data(head)

    def feed_data(self, data: bytes) -> None:
        """Parse more data; raises httptools.HttpParserError if it is not a valid body."""
        self._parser.feed_data(data)

    def should_upgrade(self) -> bool:
        """Tell uvicorn to ignore the Upgrade header."""
        return False
