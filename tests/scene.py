"""Scenes: one request each, and everything that is expected of its answer."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from backend.kernel.refusals import CODES
from tests.in_process import AuditRow, Gatehouse, Visitor
from tests.make import PASSWORD

Setup = Callable[[Gatehouse, Visitor], object]


def a_stranger(_: Gatehouse, __: Visitor) -> None:
    """Nothing has happened before."""


def ada_signed_up(_: Gatehouse, visitor: Visitor) -> None:
    """The visitor is ada@example.com, signed in."""
    assert visitor.sign_up().status_code == 200


def ada_exists(gatehouse: Gatehouse, _: Visitor) -> None:
    """ada@example.com has an account, and signed in elsewhere."""
    gatehouse.member()


@dataclass(frozen=True, kw_only=True)
class Scene:
    """One request: `setup` what went before, this is sent, and exactly this comes of it.

    `code` names a refusal, in Better Auth's words unless `message` says otherwise; a `message`
    alone is a refusal without code. `has` and `lacks` are pieces of the body. `cookies` are the
    Set-Cookie lines in order, each as its short name and its Max-Age if it has one. `events` are
    the lines of the audit trail that the request added, in alphabetical order.
    """

    name: str
    path: str
    method: str = "POST"
    body: Any = ...
    raw: bytes | None = None
    headers: Mapping[str, str | None] = field(default_factory=dict)
    setup: Setup = a_stranger
    status: int
    response: Any = ...
    code: str | None = None
    message: str | None = None
    has: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()
    cookies: tuple[str, ...] = ()
    events: tuple[str, ...] = ()

    def play(self, gatehouse: Gatehouse) -> httpx.Response:
        """Play the scene, and compare everything that it did with what was expected."""
        visitor = gatehouse.visitor()
        self.setup(gatehouse, visitor)
        before = gatehouse.events()
        response = visitor.send(
            self.method, self.path, self.body, raw=self.raw, headers=self.headers
        )
        actual = (response.status_code, cookies_of(response), events_after(gatehouse, before))
        assert actual == (self.status, list(self.cookies), list(self.events)), response.text
        self._compare_body(response)
        check_like_every_answer(response)
        return response

    def _compare_body(self, response: httpx.Response) -> None:
        if self.code or self.message:
            assert response.json() == refusal(self.code, self.message)
        if self.response is not ...:
            assert response.json() == self.response
        assert [piece for piece in self.has if piece not in response.text] == []
        assert [piece for piece in self.lacks if piece in response.text] == []


def scenes(*cases: Scene) -> pytest.MarkDecorator:
    """Give a test its `scene`, one after the other."""
    return pytest.mark.parametrize("scene", cases, ids=[scene.name for scene in cases])


def refusal(code: str | None, message: str | None = None) -> dict[str, str]:
    """The body of a refusal, in Better Auth's words."""
    if code is None:
        assert message is not None
        return {"message": message}
    return {"message": message or CODES[code][1], "code": code}


def events_after(gatehouse: Gatehouse, before: list[AuditRow]) -> list[str]:
    """The kinds of the events that were not there before, in alphabetical order."""
    return [event.kind for event in gatehouse.events() if event not in before]


def cookies_of(response: httpx.Response) -> list[str]:
    """The Set-Cookie lines in short: `session_token 604800`, or without a number if it has none."""
    return [_short(line) for line in response.headers.get_list("set-cookie")]


def check_like_every_answer(response: httpx.Response) -> None:
    """What holds for every answer of the API, whatever the request."""
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["x-request-id"]
    assert "server" not in response.headers
    assert PASSWORD not in response.text + str(response.headers)


def _short(line: str) -> str:
    name, *attributes = line.split("; ")
    max_ages = [part.removeprefix("Max-Age=") for part in attributes if part.startswith("Max-Age=")]
    return " ".join([name.partition("=")[0].rpartition(".")[2], *max_ages])
