"""A visitor of the API: a browser's cookies, patience with rate limits, a throw-away account."""

import atexit
import json
from dataclasses import dataclass, field
from html import escape
from typing import Any

import httpx

from doctor.clock import SystemBlockingClock, random_hex
from notebooks.masking import hide, masked

_CLOCK = SystemBlockingClock()
_BUSY = (429, 503)
_WAITS = 4  # for one request
_LONGEST_WAIT = 65  # seconds; the longest window of a limit is a minute
_NO_JSON_AT_MOST = 500  # characters of a body
_MONOSPACED = (
    "margin:0;padding:.6em 1em;white-space:pre-wrap;color:#1f2430;"
    "font:12.5px/1.45 Menlo,Consolas,'DejaVu Sans Mono',monospace"
)
_TOLD = ("location", "set-cookie", "set-auth-token", "retry-after", "x-retry-after")


class RetryingTransport(httpx.HTTPTransport):
    """Waits as long as a busy server asks, says so, and sends the request again."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        response = super().handle_request(request)
        for _ in range(_WAITS):
            told = response.headers.get("retry-after", "")
            if response.status_code not in _BUSY or not told.isdecimal():
                break
            if int(told) > _LONGEST_WAIT:
                break
            response.close()
            print(f"{request.url.path} is at its limit: waiting {told} s, as the server asks.")
            _CLOCK.wait(int(told) + 0.2)
            response = super().handle_request(request)
        return response


def new_browser(base_url: str, *, name: str = "notebook") -> httpx.Client:
    """Return an empty browser: it keeps cookies, and names its page's origin as browsers do."""
    url = base_url.rstrip("/")
    return httpx.Client(
        base_url=url,
        transport=RetryingTransport(),
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
    _gone: bool = field(default=False, init=False, repr=False)

    def __post_init__(self) -> None:
        hide(self.password)
        # Not a context manager: a notebook is many cells, and each of them may fail.
        atexit.register(self.delete)

    def sign_up(self) -> httpx.Response:
        """Make the account, signed in; raises RuntimeError where that gives no session."""
        said = {"name": self.name, "email": self.email, "password": self.password}
        answer = self.browser.post("/api/auth/sign-up/email", json=said)
        if answer.status_code != 200 or not answer.json().get("token"):
            raise RuntimeError(f"no session for a new account: {_failure_reason(answer)}")
        return answer

    def sign_in(self, browser: httpx.Client, *, remember: bool = True) -> httpx.Response:
        """Sign in on another device."""
        said = {"email": self.email, "password": self.password, "rememberMe": remember}
        return browser.post("/api/auth/sign-in/email", json=said)

    def cookie_header(self) -> str:
        """Return the Cookie header of its browser, for other clients. A secret."""
        return "; ".join(f"{each.name}={each.value}" for each in self.browser.cookies.jar)

    def delete_own_account(self) -> httpx.Response:
        """Ask the server to delete the account, as its owner; return what it answers."""
        answer = self.browser.post("/api/auth/delete-user", json={"password": self.password})
        self._gone = _says_deleted(answer)
        return answer

    def delete(self) -> None:
        """Delete the account, unless it is gone; raises RuntimeError if it stays."""
        atexit.unregister(self.delete)
        # Who left is not looked for again: that is a sign-in, which may wait for its limit.
        if self._gone:
            return
        answer = self.delete_own_account()
        if answer.status_code != 200:
            again = self.sign_in(self.browser)
            if again.status_code == 401:
                return
            # A proxy may have eaten the cookie; the token in the body works without.
            said = {"password": self.password}
            bearer = {"authorization": f"Bearer {again.json().get('token')}"}
            answer = self.browser.post("/api/auth/delete-user", json=said, headers=bearer)
        if not _says_deleted(answer):
            raise RuntimeError(f"{self.email} stays: {_failure_reason(answer)}. Delete it by hand.")


def _says_deleted(answer: httpx.Response) -> bool:
    return answer.status_code == 200 and answer.json().get("message") == "User deleted"


def session_cookie(browser: httpx.Client) -> str:
    """Return the value of a browser's session cookie, or an empty string. A secret."""
    names = ("better-auth.session_token", "__Secure-better-auth.session_token")
    return next((each.value or "" for each in browser.cookies.jar if each.name in names), "")


def with_cookie(base_url: str, value: str, like: httpx.Client) -> httpx.Client:
    """Return a browser that shows this value as the session cookie, under the name `like` uses."""
    name = next(each.name for each in like.cookies.jar if each.name.endswith("session_token"))
    browser = new_browser(base_url)
    browser.headers["cookie"] = f"{name}={value}"
    return browser


@dataclass(frozen=True)
class Exchange:
    """A request and its answer, to be looked at: without secrets."""

    answer: httpx.Response

    def __repr__(self) -> str:
        return "\n".join([*self._sent(), "", *self._came()])

    def _repr_html_(self) -> str:
        colour = "#1f7a5c" if self.answer.status_code < 400 else "#b4472f"
        sent, came = (escape("\n".join(lines)) for lines in (self._sent(), self._came()))
        status, _, rest = came.partition("\n")
        style = f"{_MONOSPACED};background"
        return (
            f'<div style="border-left:3px solid {colour}">'
            f'<pre style="{style}:#f5f6f8">{sent}</pre><pre style="{style}:none">'
            f'<b style="color:{colour}">{status}</b>\n{rest}</pre></div>'
        )

    def _sent(self) -> list[str]:
        request = self.answer.request
        lines = [masked(f"{request.method} {request.url.raw_path.decode()}")]
        lines += [
            masked(f"{name}: {request.headers[name]}")
            for name in ("origin", "cookie", "authorization")
            if name in request.headers
        ]
        return lines + _body(request.content)

    def _came(self) -> list[str]:
        answer = self.answer
        lines = [f"{answer.status_code} {answer.reason_phrase}"]
        lines += [
            masked(f"{name}: {value}")
            for name, value in answer.headers.multi_items()
            if name in _TOLD
        ]
        return lines + _body(answer.content)


def _body(content: bytes) -> list[str]:
    if not content:
        return []
    try:
        text = json.dumps(json.loads(content), indent=2, ensure_ascii=False)
    except ValueError:
        text = content.decode(errors="replace")
        return ["", *masked(text)[:_NO_JSON_AT_MOST].splitlines()]
    return ["", *masked(text).splitlines()]


def _failure_reason(answer: httpx.Response) -> str:
    said: Any = answer.json() if answer.content.startswith(b"{") else {}
    message = said.get("message") or (
        "addresses must be verified first (REQUIRE_VERIFIED_EMAIL)"
        if "token" in said
        else "no reason given"
    )
    return f"{answer.request.url.path} answered {answer.status_code}, {masked(str(message))}"
