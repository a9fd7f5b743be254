"""One request and its answer, as the Tester keeps them."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from doctor.client.set_cookie import SetCookie
from panel.client.loopback import Call, Request, Response


@dataclass(frozen=True)
class Preflight:
    """What a browser asks before it lets a page of another site send a request."""

    request: Request
    response: Response

    @property
    def allows(self) -> bool:
        """Whether a browser would go on (Fetch standard, section 4.9)."""
        requested = dict(self.request.headers)
        response = self.response
        methods = _listed(response.header("access-control-allow-methods"))
        headers = _listed(response.header("access-control-allow-headers"))
        needed = _listed(requested.get("Access-Control-Request-Headers", ""))
        return (
            200 <= response.status < 300
            and response.header("access-control-allow-origin") == requested.get("Origin")
            and response.header("access-control-allow-credentials") == "true"
            and requested.get("Access-Control-Request-Method", "").lower() in {*methods, "post"}
            and needed <= headers
        )


@dataclass(frozen=True)
class Exchange:
    """One request, its answer, and the cookies that came with it."""

    browser: str
    call: Call
    request: Request
    response: Response
    cookies: tuple[SetCookie, ...]
    at: datetime
    number: int = 0
    """Its place in the history; 0 while the answer is still coming in."""
    preflight: Preflight | None = None
    withheld_cookies: tuple[str, ...] = ()
    """Cookies that a browser would not have sent from a page of another site."""

    @property
    def limited_until(self) -> datetime | None:
        """Until when the server refuses this kind of request, if it said so."""
        wait = self.response.header("retry-after")
        if self.response.status != 429 or not (wait.isascii() and wait.isdecimal()):
            return None
        return self.at + timedelta(seconds=min(int(wait[:6]), 86_400))

    @property
    def size(self) -> int:
        """How many bytes it takes to keep, roughly."""
        return len(self.response.body) + len(self.request.body)


def response_json(response: Response) -> Any:
    """Return an answer's JSON, or None if it is none."""
    return parse_json(response.body)


def parse_json(text: str | bytes) -> Any:
    """Return the JSON in a text, or None if it is none."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _listed(header: str) -> set[str]:
    return {each.strip().lower() for each in header.split(",") if each.strip()}
