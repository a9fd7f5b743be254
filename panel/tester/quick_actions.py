"""The quick actions: what each button sends for the test user."""

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from panel.client.loopback import Call
from panel.ports import Randomness
from panel.tester import words

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")


@dataclass(frozen=True)
class Person:
    """A test user."""

    name: str
    email: str
    password: str
    remember: bool = True


QuickAction = Callable[[Person], Call]


def sign_up(person: Person) -> Call:
    """Create an account for the person."""
    payload = {"name": person.name, "email": person.email, "password": person.password}
    return post("/api/auth/sign-up/email", payload)


def sign_in(person: Person) -> Call:
    """Sign the person in."""
    payload = {"email": person.email, "password": person.password, "rememberMe": person.remember}
    return post("/api/auth/sign-in/email", payload)


def _get(path: str) -> QuickAction:
    """Build the action that requests a path."""
    return lambda _: Call("GET", path)


call_me = _get("/api/me")
list_sessions = _get("/api/auth/list-sessions")


def sign_out(_: Person) -> Call:
    """End the session."""
    return post("/api/auth/sign-out", {})


def new_person(randomness: Randomness) -> Person:
    """Generate a test user; the password is random, as a known one would be an open door."""
    number = int.from_bytes(randomness.bytes(4), "big") % 1_000_000
    password = base64.b32encode(randomness.bytes(10)).decode().lower()
    return Person(f"Test user {number:06}", f"test-{number:06}@example.com", password)


def post(path: str, payload: dict[str, Any]) -> Call:
    """Send JSON."""
    return Call("POST", path, json.dumps(payload, indent=2, ensure_ascii=False))


QUICK_ACTIONS: Mapping[str, QuickAction] = {
    words.SIGN_UP: sign_up,
    words.SIGN_IN: sign_in,
    words.READ_SESSION: _get("/api/auth/get-session"),
    words.CALL_ME: call_me,
    words.LIST_SESSIONS: list_sessions,
    words.SIGN_OUT: sign_out,
    words.WATCH_STREAM: _get("/api/stream"),
}
"""Each button's label and what it sends."""
