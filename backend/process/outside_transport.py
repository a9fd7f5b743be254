"""The transport of requests to somebody else's server, which may be slow, broken or hostile."""

import threading
from concurrent.futures import Future, ThreadPoolExecutor

import httpx2

from backend.kernel.clock import Clock
from backend.kernel.configuration.web_urls import is_loopback

_THREADS = 8  # as many requests at once; what waits longer than the timeout is not sent
_PENDING = 2 * _THREADS  # more would only wait, and keep others from their threads
_KEEP_IDLE = 30.0  # seconds
_CONNECTED = "connection.connect_tcp.started"
"""The event of a request for which a new connection is opened."""
_DROPPED = (httpx2.RemoteProtocolError, httpx2.ReadError, httpx2.WriteError)


class UnusableResponse(httpx2.TransportError):
    """The response is longer than allowed, or in a form that we did not ask for."""


class OutsideTransport(httpx2.BaseTransport):
    """A request takes at most `timeout` seconds, its response `max_size` bytes.

    Requests run in threads of their own, because a name that cannot be resolved holds up its thread
    for longer than any timeout. Connections are kept. Redirects are not followed: they could lead
    to a server without TLS, or into our own network (ASVS 15.3.2). A proxy of the environment is
    used as for mails, but not for loopback. A server that hangs holds up few callers: others are
    told at once.
    """

    def __init__(self, url: str, clock: Clock, *, timeout: float, max_size: int) -> None:
        """`url` is any of the server's."""
        self._clock = clock
        self._timeout = timeout
        self._max_size = max_size
        self._executor = ThreadPoolExecutor(_THREADS, "outside-service")
        self._pending = threading.BoundedSemaphore(_PENDING)
        self._client = httpx2.Client(
            timeout=timeout,
            limits=httpx2.Limits(max_connections=_THREADS, keepalive_expiry=_KEEP_IDLE),
            follow_redirects=False,
            verify=httpx2.create_ssl_context(),
            trust_env=not is_loopback(url),
        )

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send a request and wait for the whole response; raises httpx2.HTTPError."""
        future = self.submit(request)
        try:
            return future.result(self._timeout)
        except TimeoutError:
            future.cancel()
            raise self.timed_out() from None

    def submit(self, request: httpx2.Request) -> "Future[httpx2.Response]":
        """Send a request in a thread; whoever waits for the response limits how long.

        Raises httpx2.PoolTimeout at once if too many wait already.
        """
        if not self._pending.acquire(blocking=False):
            raise httpx2.PoolTimeout(f"{_PENDING} requests wait for it already")
        request.headers["accept-encoding"] = "identity"  # a small body could unpack to a huge one
        future = self._executor.submit(self._exchange, request)
        future.add_done_callback(lambda _: self._pending.release())
        return future

    def timed_out(self) -> httpx2.TimeoutException:
        return httpx2.ReadTimeout(f"it did not answer in {self._timeout:g} s")

    def close(self) -> None:
        """Cancel what has not been sent; what has been is not waited for.

        Its sockets stay open until it ends. If one was closed under the thread that reads it, the
        next file to be opened would get its descriptor, and TLS would write into that file.
        """
        self._executor.shutdown(wait=False, cancel_futures=True)
        threading.Thread(target=self._close_at_end, name="outside-close", daemon=True).start()

    def _close_at_end(self) -> None:
        self._executor.shutdown(wait=True)
        self._client.close()

    def _exchange(self, request: httpx2.Request) -> httpx2.Response:
        response = self._open(request)
        content = self._read(response)
        headers = {
            name: value for name, value in response.headers.items() if name != "transfer-encoding"
        }
        return httpx2.Response(response.status_code, headers=headers, content=content)

    def _open(self, request: httpx2.Request) -> httpx2.Response:
        """Send a request, again if it went into a kept connection that the server was closing.

        With a connection of its own it is sent once: a code or a refresh token must not come twice.
        """
        for _ in range(_THREADS):
            connected: list[str] = []
            request.extensions = {
                **request.extensions,
                "trace": lambda event, _, connected=connected: connected.append(event),
            }
            try:
                return self._client.send(request, stream=True)
            except _DROPPED:
                if _CONNECTED in connected:
                    raise
        return self._client.send(request, stream=True)

    def _read(self, response: httpx2.Response) -> bytes:
        body, started = bytearray(), self._clock.monotonic()
        try:
            if response.headers.get("content-encoding", "identity").lower() != "identity":
                raise UnusableResponse("it compresses what it was asked not to")
            for chunk in response.iter_raw():
                body += chunk
                if len(body) > self._max_size:
                    raise UnusableResponse(f"its response is longer than {self._max_size} bytes")
                if self._clock.monotonic() - started > self._timeout:
                    raise self.timed_out()
        finally:
            response.close()
        return bytes(body)
