"""The Tester's deeds: what each button sends, and what comes of it."""

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from panel import words
from panel.browsers import Browser, Desks
from panel.given import Randomness
from panel.loopback import Call, Loopback, Request, Response
from panel.set_cookie import SetCookie, read_set_cookie
from panel.visitor import Owner

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")


@dataclass(frozen=True)
class Person:
    """The test person of the form."""

    name: str
    email: str
    password: str
    remember: bool = True


@dataclass(frozen=True)
class Exchange:
    """One request, its answer, and the cookies that came with it."""

    letter: str
    request: Request
    response: Response
    cookies: tuple[SetCookie, ...]


Deed = Callable[[Person], Call]


def sign_up(person: Person) -> Call:
    """Make an account for the person."""
    said = {"name": person.name, "email": person.email, "password": person.password}
    return _post("/api/auth/sign-up/email", said)


def sign_in(person: Person) -> Call:
    """Sign the person in."""
    said = {"email": person.email, "password": person.password, "rememberMe": person.remember}
    return _post("/api/auth/sign-in/email", said)


def read_session(_: Person) -> Call:
    """Ask who is signed in."""
    return Call("GET", "/api/auth/get-session")


def call_me(_: Person) -> Call:
    """Call the protected example endpoint."""
    return Call("GET", "/api/me")


def list_sessions(_: Person) -> Call:
    """List the sessions of whoever is signed in."""
    return Call("GET", "/api/auth/list-sessions")


def sign_out(_: Person) -> Call:
    """End the session."""
    return _post("/api/auth/sign-out", {})


def new_person(randomness: Randomness) -> tuple[str, str, str]:
    """Think up a test person's name, e-mail and password: a known password were an open door."""
    number = int.from_bytes(randomness.bytes(4), "big") % 1_000_000
    password = base64.b32encode(randomness.bytes(10)).decode().lower()
    return f"Test person {number:06}", f"test-{number:06}@example.com", password


DEEDS: Mapping[str, Deed] = {
    words.SIGN_UP: sign_up,
    words.SIGN_IN: sign_in,
    words.READ_SESSION: read_session,
    words.CALL_ME: call_me,
    words.LIST_SESSIONS: list_sessions,
    words.SIGN_OUT: sign_out,
}
"""What each button is called, and what it sends."""


class Tester:
    """Performs calls in the browsers of one session of the panel."""

    def __init__(self, loopback: Loopback, desks: Desks) -> None:
        self._loopback = loopback
        self._desks = desks

    def browser(self, owner: Owner, letter: str) -> Browser:
        """Return one of the owner's browsers."""
        return self._desks.browser(owner.key, letter)

    async def perform(self, owner: Owner, letter: str, call: Call) -> Exchange:
        """Send a call from a browser and keep what it sets; raises CallRefused or NoAnswer."""
        browser = self.browser(owner, letter)
        held = browser.cookie_header(call.path)
        request, response = await self._loopback.send(call, held, owner.address)
        cookies = tuple(map(read_set_cookie, response.set_cookies()))
        for cookie in cookies:
            browser.keep(cookie)
        _notice_who(browser, response)
        return Exchange(letter, request, response, cookies)


def _notice_who(browser: Browser, response: Response) -> None:
    if not any(name.endswith("session_token") for name in browser.cookies):
        browser.signed_in_as = None
        return
    said = json_of(response)
    user = said.get("user") if isinstance(said, dict) else None
    if response.status == 200 and isinstance(user, dict) and isinstance(user.get("email"), str):
        browser.signed_in_as = user["email"]


def json_of(response: Response) -> Any:
    """Return an answer's JSON, or None if it is none."""
    try:
        return json.loads(response.body)
    except ValueError:
        return None


def _post(path: str, said: dict[str, Any]) -> Call:
    return Call("POST", path, json.dumps(said, indent=2, ensure_ascii=False))
