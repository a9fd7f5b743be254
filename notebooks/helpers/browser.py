"""HTTP clients with retries, a throw-away account, and responses to display."""

import atexit
import json
import ssl
from dataclasses import dataclass, field
from functools import cache
from html import escape
from typing import Any

import httpx

from doctor.clock import SystemBlockingClock, random_hex
from notebooks.helpers.masking import hide, masked

_CLOCK = SystemBlockingClock()
_BUSY = (429, 503)
_MAX_RETRIES = 4  # for one request
_MAX_WAIT = 65  # seconds; the longest window of a limit is a minute
_MAX_TEXT_CHARS = 500  # of a body that is not JSON
_MONOSPACED = (
    "margin:0;padding:.6em 1em;white-space:pre-wrap;color:#1f2430;"
    "font:12.5px/1.45 Menlo,Consolas,'DejaVu Sans Mono',monospace"
)
_DISPLAYED_HEADERS = ("location", "set-cookie", "set-auth-token", "retry-after", "x-retry-after")


class RetryingTransport(httpx.HTTPTransport):
    """Retries after 429 and 503, when Retry-After says so, and prints the wait."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        response = super().handle_request(request)
        for _ in range(_MAX_RETRIES):
            seconds = response.headers.get("retry-after", "")
            if response.status_code not in _BUSY or not seconds.isdecimal():
                break
            if int(seconds) > _MAX_WAIT:
                break
            response.close()
            print(f"{request.url.path} answered {response.status_code}: waiting {seconds} s.")
            _CLOCK.wait(int(seconds) + 0.2)
            response = super().handle_request(request)
        return response


@cache
def certificates() -> ssl.SSLContext:
    """Return the certificates that are trusted: reading them takes 50 ms, for every client."""
    return httpx.create_ssl_context()


def new_browser(base_url: str, *, name: str = "notebook") -> httpx.Client:
    """Return a client without cookies, which keeps them and sends Origin as browsers do."""
    url = base_url.rstrip("/")
    return httpx.Client(
        base_url=url,
        transport=RetryingTransport(verify=certificates()),
        headers={"origin": url, "user-agent": f"Gatehouse {name}"},
        timeout=30,
    )


@dataclass
class NotebookAccount:
    """A throw-away account. It is deleted when the notebook ends, however it ends."""

    browser: httpx.Client = field(repr=False)
    name: str = "Ada Lovelace"
    email: str = field(default_factory=lambda: f"notebook-{random_hex(12)}@example.com")
    password: str = field(default_factory=lambda: f"Pw-{random_hex(24)}", repr=False)
    _is_deleted: bool = field(default=False, init=False, repr=False)

    def __post_init__(self) -> None:
        hide(self.password)
        # Not a context manager: a notebook is many cells, and each of them may fail.
        atexit.register(self.delete)

    def sign_up(self) -> httpx.Response:
        """Create the account, signed in; raises RuntimeError without a session."""
        payload = {"name": self.name, "email": self.email, "password": self.password}
        answer = self.browser.post("/api/auth/sign-up/email", json=payload)
        if answer.status_code != 200 or not answer.json().get("token"):
            raise RuntimeError(f"no session for a new account: {_failure_reason(answer)}")
        return answer

    def sign_in(self, browser: httpx.Client, *, remember: bool = True) -> httpx.Response:
        """Sign in on another device."""
        payload = {"email": self.email, "password": self.password, "rememberMe": remember}
        return browser.post("/api/auth/sign-in/email", json=payload)

    def cookie_header(self) -> str:
        """Return the Cookie header of its browser, for other clients. A secret."""
        return "; ".join(f"{each.name}={each.value}" for each in self.browser.cookies.jar)

    def delete_own_account(self) -> httpx.Response:
        """Delete the account as its owner, and return the response."""
        answer = self.browser.post("/api/auth/delete-user", json={"password": self.password})
        self._is_deleted = _was_deleted(answer)
        return answer

    def delete(self) -> None:
        """Delete the account, unless it is deleted; raises RuntimeError if that fails."""
        atexit.unregister(self.delete)
        if self._is_deleted:
            return
        answer = self.delete_own_account()
        if answer.status_code != 200:
            again = self.sign_in(self.browser)
            if again.status_code == 401:
                return
            # A proxy may have dropped the cookie; the token in the body works without it.
            payload = {"password": self.password}
            bearer = {"authorization": f"Bearer {again.json().get('token')}"}
            answer = self.browser.post("/api/auth/delete-user", json=payload, headers=bearer)
        if not _was_deleted(answer):
            raise RuntimeError(f"delete {self.email} by hand: {_failure_reason(answer)}")


def _was_deleted(answer: httpx.Response) -> bool:
    return answer.status_code == 200 and answer.json().get("message") == "User deleted"


def session_cookie(browser: httpx.Client) -> str:
    """Return the value of a browser's session cookie, or an empty string. A secret."""
    names = ("better-auth.session_token", "__Secure-better-auth.session_token")
    return next((each.value or "" for each in browser.cookies.jar if each.name in names), "")


def with_cookie(base_url: str, value: str, like: httpx.Client) -> httpx.Client:
    """Return a client that sends this value as the session cookie, named as in `like`."""
    name = next(each.name for each in like.cookies.jar if each.name.endswith("session_token"))
    browser = new_browser(base_url)
    browser.headers["cookie"] = f"{name}={value}"
    return browser


@dataclass(frozen=True)
class ExchangeView:
    """Displays a request and its response, without secrets."""

    answer: httpx.Response

    def __repr__(self) -> str:
        return "\n".join([*self._format_request(), "", *self._format_response()])

    def _repr_html_(self) -> str:
        colour = "#1f7a5c" if self.answer.status_code < 400 else "#b4472f"
        sent, came = (
            escape("\n".join(lines)) for lines in (self._format_request(), self._format_response())
        )
        status, _, rest = came.partition("\n")
        style = f"{_MONOSPACED};background"
        return (
            f'<div style="border-left:3px solid {colour}">'
            f'<pre style="{style}:#f5f6f8">{sent}</pre><pre style="{style}:none">'
            f'<b style="color:{colour}">{status}</b>\n{rest}</pre></div>'
        )

    def _format_request(self) -> list[str]:
        request = self.answer.request
        lines = [masked(f"{request.method} {request.url.raw_path.decode()}")]
        lines += [
            masked(f"{name}: {request.headers[name]}")
            for name in ("origin", "cookie", "authorization")
            if name in request.headers
        ]
        return lines + _body(request.content)

    def _format_response(self) -> list[str]:
        answer = self.answer
        lines = [f"{answer.status_code} {answer.reason_phrase}"]
        lines += [
            masked(f"{name}: {value}")
            for name, value in answer.headers.multi_items()
            if name in _DISPLAYED_HEADERS
        ]
        return lines + _body(answer.content)


def _body(content: bytes) -> list[str]:
    if not content:
        return []
    try:
        text = json.dumps(json.loads(content), indent=2, ensure_ascii=False)
    except ValueError:
        text = content.decode(errors="replace")
        return ["", *masked(text)[:_MAX_TEXT_CHARS].splitlines()]
    return ["", *masked(text).splitlines()]


def _failure_reason(answer: httpx.Response) -> str:
    body: Any = answer.json() if answer.content.startswith(b"{") else {}
    message = body.get("message") or (
        "addresses must be verified first (REQUIRE_VERIFIED_EMAIL)"
        if "token" in body
        else "no reason given"
    )
    return f"{answer.request.url.path} answered {answer.status_code}, {masked(str(message))}"
