"""A time limit for a whole response: httpx limits only the time between two of its bytes."""

import ssl
from collections.abc import Iterable

import httpcore
import httpx

from doctor.clock import BlockingClock


class Deadline:
    """When the response that is being received must have ended."""

    def __init__(self, clock: BlockingClock, seconds: float) -> None:
        self._clock = clock
        self.seconds = seconds
        self._end = 0.0
        self.has_begun = False
        """Whether any of the response has arrived."""

    def restart(self) -> None:
        """Begin to count, for another request."""
        self._end = self._clock.monotonic() + self.seconds
        self.has_begun = False

    def limit(self, timeout: float | None) -> float:
        """Return a timeout that ends no later than this; raises httpcore.ReadTimeout."""
        left = self._end - self._clock.monotonic()
        if left <= 0:
            raise httpcore.ReadTimeout(f"not finished within {self.seconds:.0f} s")
        return left if timeout is None else min(timeout, left)


class DeadlineTransport(httpx.HTTPTransport):
    """An HTTP transport whose responses end by a deadline, headers and body."""

    def __init__(self, context: ssl.SSLContext, deadline: Deadline) -> None:
        super().__init__(verify=context, trust_env=False)
        # httpx offers no other way to reach the sockets of its pool.
        self._pool = httpcore.ConnectionPool(
            ssl_context=context,
            keepalive_expiry=5,
            network_backend=_DeadlineBackend(httpcore.SyncBackend(), deadline),
        )


class _DeadlineBackend(httpcore.NetworkBackend):
    def __init__(self, backend: httpcore.NetworkBackend, deadline: Deadline) -> None:
        self._backend = backend
        self._deadline = deadline

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        stream = self._backend.connect_tcp(host, port, timeout, local_address, socket_options)
        return _DeadlineStream(stream, self._deadline)


class _DeadlineStream(httpcore.NetworkStream):
    def __init__(self, stream: httpcore.NetworkStream, deadline: Deadline) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        data = self._stream.read(max_bytes, self._deadline.limit(timeout))
        self._deadline.has_begun = True
        return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, timeout)

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        stream = self._stream.start_tls(ssl_context, server_hostname, timeout)
        return _DeadlineStream(stream, self._deadline)

    def get_extra_info(self, info: str) -> object:
        return self._stream.get_extra_info(info)
