"""Requests to one service of somebody else's."""

import asyncio
from collections.abc import Mapping

import httpx2

from backend.kernel.clock import Clock
from backend.process.outside_transport import OutsideTransport, UnusableResponse


class NoUsableResponse(Exception):
    """The service did not answer in time, or not with what it is there for; says why."""


class OutsideService:
    """One URL's service: a request takes at most `timeout` seconds, its response `max_size` bytes.

    See `OutsideTransport` for what else may go wrong.
    """

    def __init__(self, url: str, clock: Clock, *, timeout: float, max_size: int) -> None:
        self.url = url
        self._timeout = timeout
        self._transport = OutsideTransport(url, clock, timeout=timeout, max_size=max_size)

    def get(self, path: str, headers: Mapping[str, str]) -> bytes:
        """Send a GET to a path below the URL, and wait for the body; raises NoUsableResponse."""
        request = httpx2.Request("GET", self.url + path, headers=headers)
        try:
            return _read_body(self._transport.handle_request(request))
        except httpx2.HTTPError as error:
            raise _describe(error) from error

    async def post_async(self, fields: Mapping[str, str], *, as_json: bool) -> bytes:
        """Send fields as a form or as JSON, without holding up the event loop.

        Raises NoUsableResponse.
        """
        request = (
            httpx2.Request("POST", self.url, json=fields)
            if as_json
            else httpx2.Request("POST", self.url, data=fields)
        )
        try:
            async with asyncio.timeout(self._timeout):
                return _read_body(await asyncio.wrap_future(self._transport.submit(request)))
        except TimeoutError:
            raise _describe(self._transport.timed_out()) from None
        except httpx2.HTTPError as error:
            raise _describe(error) from error

    def close(self) -> None:
        """Cancel what has not been sent; what has been is not waited for."""
        self._transport.close()


def _read_body(response: httpx2.Response) -> bytes:
    if not response.is_success:
        raise NoUsableResponse(f"it answered {response.status_code}")
    return response.content


def _describe(error: httpx2.HTTPError) -> NoUsableResponse:
    if isinstance(error, httpx2.TimeoutException | UnusableResponse):
        return NoUsableResponse(str(error))
    return NoUsableResponse(f"{type(error).__name__}: {error}")
