"""Requests to a service of somebody else's, which may be slow, broken or lie."""

import asyncio
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor

import httpx

from backend.kernel.clock import Clock
from backend.kernel.configuration.web_urls import is_loopback

_THREADS = 8  # as many requests at once; what waits longer than the timeout is not sent
_KEEP_IDLE = 30.0  # seconds
_DROPPED = (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError)


class NoUsableResponse(Exception):
    """The service did not answer in time, or not with what it is there for; says why."""


class OutsideService:
    """One URL's service: a request takes at most `timeout` seconds, its response `max_size` bytes.

    Requests run in threads of their own, because a name that cannot be resolved holds up its thread
    for longer than any timeout. Connections are kept. Redirects are not followed: they could lead
    to a server without TLS. A proxy of the environment is used as for mails, but not for loopback.
    """

    def __init__(self, url: str, clock: Clock, *, timeout: float, max_size: int) -> None:
        self.url = url
        self._clock = clock
        self._timeout = timeout
        self._max_size = max_size
        self._executor = ThreadPoolExecutor(_THREADS, "outside-service")
        self._client = httpx.Client(
            timeout=timeout,
            limits=httpx.Limits(max_connections=_THREADS, keepalive_expiry=_KEEP_IDLE),
            follow_redirects=False,
            verify=httpx.create_ssl_context(),
            trust_env=not is_loopback(url),
            headers={"accept-encoding": "identity"},  # a small body could unpack to a huge one
        )

    def get(self, path: str, headers: Mapping[str, str]) -> bytes:
        """Send a GET to a path below the URL, and wait for the body; raises NoUsableResponse."""
        future = self._submit(self._client.build_request("GET", self.url + path, headers=headers))
        try:
            return future.result(self._timeout)
        except TimeoutError:
            future.cancel()
            raise self._timed_out() from None

    async def post_async(self, fields: Mapping[str, str], *, as_json: bool) -> bytes:
        """Send fields as a form or as JSON, without holding up the event loop.

        Raises NoUsableResponse.
        """
        request = (
            self._client.build_request("POST", self.url, json=fields)
            if as_json
            else self._client.build_request("POST", self.url, data=fields)
        )
        try:
            async with asyncio.timeout(self._timeout):
                return await asyncio.wrap_future(self._submit(request))
        except TimeoutError:
            raise self._timed_out() from None

    def close(self) -> None:
        """Cancel what has not been sent; what has been is not waited for."""
        self._executor.shutdown(wait=False, cancel_futures=True)
        self._client.close()

    def _submit(self, request: httpx.Request) -> Future[bytes]:
        return self._executor.submit(self._exchange, request)

    def _exchange(self, request: httpx.Request) -> bytes:
        try:
            return self._read(self._open(request))
        except httpx.TimeoutException:
            raise self._timed_out() from None
        except httpx.HTTPError as error:
            raise NoUsableResponse(f"{type(error).__name__}: {error}") from error

    def _open(self, request: httpx.Request) -> httpx.Response:
        try:
            return self._client.send(request, stream=True)
        except _DROPPED:  # a kept connection that the service was just closing
            return self._client.send(request, stream=True)

    def _read(self, response: httpx.Response) -> bytes:
        body, started = bytearray(), self._clock.monotonic()
        try:
            if not response.is_success:
                raise NoUsableResponse(f"it answered {response.status_code}")
            if response.headers.get("content-encoding", "identity").lower() != "identity":
                raise NoUsableResponse("it compresses what it was asked not to")
            for chunk in response.iter_raw():
                body += chunk
                if len(body) > self._max_size:
                    raise NoUsableResponse(f"its response is longer than {self._max_size} bytes")
                if self._clock.monotonic() - started > self._timeout:
                    raise self._timed_out()
        finally:
            response.close()
        return bytes(body)

    def _timed_out(self) -> NoUsableResponse:
        return NoUsableResponse(f"it did not answer in {self._timeout:g} s")
