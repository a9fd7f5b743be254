"""A request and its response, as the Tester keeps them."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from doctor.client.set_cookie import SetCookie
from panel.client.loopback import Call, ReceivedResponse, SentRequest


@dataclass(frozen=True)
class Preflight:
    """The CORS preflight of a request."""

    request: SentRequest
    response: ReceivedResponse

    @property
    def allows(self) -> bool:
        """Whether a browser would then send the request (Fetch standard, section 4.9)."""
        requested = dict(self.request.headers)
        response = self.response
        methods = _split_header(response.header("access-control-allow-methods"))
        headers = _split_header(response.header("access-control-allow-headers"))
        needed = _split_header(requested.get("Access-Control-Request-Headers", ""))
        return (
            200 <= response.status < 300
            and response.header("access-control-allow-origin") == requested.get("Origin")
            and response.header("access-control-allow-credentials") == "true"
            and requested.get("Access-Control-Request-Method", "").lower() in {*methods, "post"}
            and needed <= headers
        )


@dataclass(frozen=True)
class Exchange:
    """A request, its response, and the cookies it set."""

    browser: str
    call: Call
    request: SentRequest
    response: ReceivedResponse
    cookies: tuple[SetCookie, ...]
    at: datetime
    number: int = 0
    """Its number in the history; 0 while the response is still arriving."""
    preflight: Preflight | None = None
    withheld_cookies: tuple[str, ...] = ()
    """Cookies that a browser would not have sent from another site."""

    @property
    def limited_until(self) -> datetime | None:
        """Until when the path is rate limited, if it is."""
        wait = self.response.header("retry-after")
        if self.response.status != 429 or not (wait.isascii() and wait.isdecimal()):
            return None
        return self.at + timedelta(seconds=min(int(wait[:6]), 86_400))

    @property
    def size(self) -> int:
        """Its approximate size in bytes."""
        return len(self.response.body) + len(self.request.body)


def response_json(response: ReceivedResponse) -> Any:
    """Return a response's JSON, or None."""
    return parse_json(response.body)


def parse_json(text: str | bytes) -> Any:
    """Parse JSON; None if it is invalid."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _split_header(header: str) -> set[str]:
    return {each.strip().lower() for each in header.split(",") if each.strip()}
