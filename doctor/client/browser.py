"""A simulated browser: it keeps cookies, sends Origin, and follows no redirects.

It also keeps cookies that a real browser would drop: checks of their own report those, and the
others can still run.
"""

import re
import ssl
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

import httpx

from doctor.client.body import iterate_body, parse_json
from doctor.client.deadline import Deadline, DeadlineTransport
from doctor.client.redaction import EvidenceRedactor
from doctor.client.secret_text import NO_SECRET, SecretText
from doctor.client.set_cookie import SetCookie, parse_set_cookie, rejection_reasons
from doctor.clock import BlockingClock
from doctor.deployment import Deployment
from doctor.findings import CheckSkipped

ProgressCallback = Callable[[str], None]

USER_AGENT = "Gatehouse-Doctor"
_CAPTCHA_TOKEN = "gatehouse-doctor"  # noqa: S105  taken by the test keys of captchas' providers
_HEADERS = {
    "user-agent": USER_AGENT,
    "accept": "application/json, */*",
    "accept-encoding": "gzip, deflate",
}
_SIGNED_COOKIE_VALUE = re.compile(
    r"[A-Za-z0-9]{20,}\.(?:[A-Za-z0-9+/]|%2[BF]){43,}(?:=|%3D)", re.IGNORECASE
)
_MAX_WAIT = 65  # seconds; the longest window of a rate limit is a minute
_MAX_RETRIES = 4  # for one request
_MAX_WAIT_IN_ALL = 300.0  # seconds, for all rate limits of one server
_MAX_MESSAGE_CHARS = 120  # characters
_MAX_COOKIES = 50  # of one response; Gatehouse sets four at most


class UnfinishedResponse(httpx.ReadTimeout):
    """A response that began, and had not ended when its time was over."""


@dataclass(frozen=True)
class Reply:
    """A response, with the seconds until its headers arrived."""

    status: int
    headers: httpx.Headers
    body: bytes
    seconds: float
    url: str
    redactor: EvidenceRedactor = field(repr=False, compare=False)

    @property
    def cookies(self) -> tuple[SetCookie, ...]:
        """The cookies of all Set-Cookie headers."""
        return tuple(map(parse_set_cookie, self.headers.get_list("set-cookie")[:_MAX_COOKIES]))

    def json(self) -> Any:
        """Return the body parsed as JSON, or None if it is not JSON."""
        return self._parsed

    @cached_property
    def _parsed(self) -> Any:
        return parse_json(self.body)

    def field(self, name: str) -> Any:
        """Return a field of a JSON object, or None."""
        body = self.json()
        return body.get(name) if isinstance(body, dict) else None

    @property
    def content_type(self) -> str:
        """The Content-Type, or `none`."""
        return str(self.headers.get("content-type", "none"))

    @property
    def is_page(self) -> bool:
        """Whether it is a page for people, which the API never sends."""
        return "html" in self.content_type.lower()

    @property
    def is_redirect(self) -> bool:
        """Whether it sends the caller elsewhere."""
        return 300 <= self.status < 400 and "location" in self.headers

    def dropped_cookies(self, page: str) -> list[str]:
        """Return which cookies a browser on `page` would not keep, and why."""
        reasons = (
            (each.name, why) for each in self.cookies for why in rejection_reasons(each, page)
        )
        return [f"{name}: {why}" for name, why in reasons]

    @property
    def summary(self) -> str:
        """The status, with the message if there is one, to be quoted as evidence."""
        message = self.field("message")
        if not isinstance(message, str):
            return str(self.status)
        # Redacted before it is cut: nobody would recognise half a secret.
        return f"{self.status} {self.redactor.redact(message)[:_MAX_MESSAGE_CHARS]!r}"


class HttpClient:
    """The HTTP client for one origin, which waits for its rate limits."""

    def __init__(
        self,
        base: str,
        deployment: Deployment,
        clock: BlockingClock,
        report_progress: ProgressCallback,
        redactor: EvidenceRedactor,
    ) -> None:
        self.base = base
        self.redactor = redactor
        self._clock = clock
        self._report_progress = report_progress
        self._connect_to = deployment.address if base == deployment.url else None
        self._seconds_to_wait = _MAX_WAIT_IN_ALL
        self._timeout = httpx.Timeout(deployment.timeout)
        self._deadline = Deadline(clock, deployment.timeout)
        # Not httpx.Client, which keeps cookies: each SimulatedBrowser has its own.
        self._transport = DeadlineTransport(_ssl_context(base, deployment), self._deadline)

    def close(self) -> None:
        """Close the connections."""
        self._transport.close()

    def send(
        self, method: str, path: str, headers: Mapping[str, str], content: bytes | None
    ) -> Reply:
        """Send one request; raises httpx.TransportError."""
        with self.stream(method, path, headers, content) as (response, seconds):
            body = b"".join(iterate_body(response))
            status, headers, url = response.status_code, response.headers, str(response.url)
            return Reply(status, headers, body, seconds, url, self.redactor)

    @contextmanager
    def stream(
        self, method: str, path: str, headers: Mapping[str, str], content: bytes | None
    ) -> Iterator[tuple[httpx.Response, float]]:
        """Open a response whose body is streamed; raises httpx.TransportError."""
        request = self._request(method, path, headers, content)
        self._deadline.restart()
        began = self._clock.monotonic()
        try:
            response = self._transport.handle_request(request)
            response.request = request
            with closing(response):
                yield response, self._clock.monotonic() - began
        except httpx.ReadTimeout as error:
            if not self._deadline.has_begun:
                raise
            raise UnfinishedResponse(
                f"the response to {method} {path} had not ended in {self._deadline.seconds:.0f} s"
            ) from error

    def allow_waiting(self, seconds: float) -> None:
        """Wait for rate limits no longer than this in all from now on."""
        self._seconds_to_wait = seconds

    def wait_before_retry(self, reply: Reply) -> None:
        """Wait as long as Retry-After asks; raises CheckSkipped if it is missing or too long."""
        header = str(reply.headers.get("retry-after", reply.headers.get("x-retry-after", "")))
        answered = f"{urlsplit(reply.url).path} answered {reply.summary}"
        if not is_short_number(header) or int(header) > _MAX_WAIT:
            wait = f"with Retry-After: {header}" if header else "without Retry-After"
            raise CheckSkipped(f"{answered} {wait}")
        seconds = int(header)
        if seconds > self._seconds_to_wait:
            raise CheckSkipped(f"{answered}, and the doctor has waited long enough in all")
        self._seconds_to_wait -= seconds
        why = "the rate limit" if reply.status == 429 else "a busy server"
        self._report_progress(f"waiting {seconds} s for {why}")
        self._clock.wait(seconds + 0.2)

    def _request(
        self, method: str, path: str, headers: Mapping[str, str], content: bytes | None
    ) -> httpx.Request:
        if self._connect_to is None:
            url, host = httpx.URL(self.base + path), {}
        else:
            url = httpx.URL(f"http://{self._connect_to}{path}")
            host = {"host": urlsplit(self.base).netloc}
        return httpx.Request(
            *(method, url),
            headers={**_HEADERS, **headers, **host},
            content=content,
            extensions={"timeout": self._timeout.as_dict()},
        )


@dataclass
class SimulatedBrowser:
    """A cookie jar and an HTTP client; `origin` is that of the page it shows."""

    client: HttpClient
    origin: str
    jar: dict[str, SetCookie] = field(default_factory=dict)
    session_ends: str = ""
    """When its session ends, in the server's words."""
    bearer: SecretText = NO_SECRET
    """A session sent as a bearer token instead of a cookie."""

    def get(self, path: str, **headers: str) -> Reply:
        """GET as a page of `origin` does."""
        return self.send("GET", path, None, headers)

    def post(self, path: str, payload: Any, **headers: str) -> Reply:
        """POST JSON as a page of `origin` does."""
        return self.send("POST", path, payload, headers)

    def send(
        self, method: str, path: str, payload: Any = None, headers: Mapping[str, str] | None = None
    ) -> Reply:
        """Send, keep the cookies, and retry after rate limits and 503."""
        reply = self.send_once(method, path, payload, headers)
        for _ in range(_MAX_RETRIES):
            if reply.status not in {429, 503}:
                break
            self.client.wait_before_retry(reply)
            reply = self.send_once(method, path, payload, headers)
        return reply

    def send_once(
        self, method: str, path: str, payload: Any = None, headers: Mapping[str, str] | None = None
    ) -> Reply:
        """Send and keep the cookies, without a retry."""
        all_headers = self.headers(method, payload, headers)
        reply = self.client.send(method, path, all_headers, _encode_json(payload))
        for cookie in reply.cookies:
            self.client.redactor.add(cookie.value)
            self._keep(cookie)
        return reply

    def headers(
        self, method: str, payload: Any = None, headers: Mapping[str, str] | None = None
    ) -> dict[str, str]:
        """Return the headers of a request; `headers` add to them, with _ for - in the names."""
        own = {"cookie": "; ".join(f"{each.name}={each.value}" for each in self.jar.values())}
        if method not in {"GET", "HEAD"}:
            own["origin"] = self.origin
            own["x-captcha-response"] = _CAPTCHA_TOKEN
        if payload is not None:
            own["content-type"] = "application/json"
        if self.bearer:
            own["authorization"] = f"Bearer {self.bearer.reveal()}"
        named = {name.replace("_", "-"): value for name, value in (headers or {}).items()}
        return {name: value for name, value in {**own, **named}.items() if value}

    def session_cookie(self) -> SetCookie | None:
        """Return the session cookie, even if a proxy has renamed it."""
        return session_cookie_in(self.jar.values())

    def copy(self) -> "SimulatedBrowser":
        """Return another browser with the same cookies, as if they had been stolen."""
        return replace(self, jar=dict(self.jar))

    def _keep(self, cookie: SetCookie) -> None:
        if cookie.is_deletion:
            self.jar.pop(cookie.name, None)
        else:
            self.jar[cookie.name] = cookie  # an existing cookie keeps its position


def session_cookie_in(cookies: Iterable[SetCookie]) -> SetCookie | None:
    """Return the session cookie, even if a proxy has renamed it."""
    held = [each for each in cookies if not each.is_deletion]
    named = [each for each in held if each.name.endswith("better-auth.session_token")]
    signed = [each for each in held if _SIGNED_COOKIE_VALUE.fullmatch(each.value)]
    return next(iter(named + signed), None)


def is_short_number(text: str) -> bool:
    """Tell whether a header is a whole number; int() takes other digits too, and seconds for it."""
    return text.isascii() and text.isdecimal() and len(text) <= 9


def _encode_json(payload: Any) -> bytes | None:
    return None if payload is None else httpx.Request("POST", "http://x", json=payload).content


def _ssl_context(base: str, deployment: Deployment) -> ssl.SSLContext:
    if not base.startswith("https://"):  # loading the public certificates takes 50 ms
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # trusts no certificate
    context = ssl.create_default_context()
    if deployment.ca_file is not None:
        context.load_verify_locations(deployment.ca_file)
    return context
