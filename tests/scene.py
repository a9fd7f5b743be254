"""Scenes: one request each, and everything that is expected of its answer."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from backend.kernel.refusals import CODES
from tests.inside import Gatehouse, Recorded, Visitor
from tests.make import PASSWORD

Given = Callable[[Gatehouse, Visitor], object]


def a_stranger(_: Gatehouse, __: Visitor) -> None:
    """Nothing has happened before."""


def ada_signed_up(_: Gatehouse, visitor: Visitor) -> None:
    """The visitor is ada@example.com, signed in."""
    assert visitor.signs_up().status_code == 200


def ada_exists(gatehouse: Gatehouse, _: Visitor) -> None:
    """ada@example.com has an account, and signed in elsewhere."""
    gatehouse.member()


@dataclass(frozen=True, kw_only=True)
class Scene:
    """One request: `given` what went before, this is sent, and exactly this comes of it.

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
    given: Given = a_stranger
    status: int
    answer: Any = ...
    code: str | None = None
    message: str | None = None
    has: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()
    cookies: tuple[str, ...] = ()
    events: tuple[str, ...] = ()

    def play(self, gatehouse: Gatehouse) -> httpx.Response:
        """Play the scene, and compare all that came of it with what was expected."""
        visitor = gatehouse.visitor()
        self.given(gatehouse, visitor)
        before = gatehouse.events()
        answer = visitor.send(self.method, self.path, self.body, raw=self.raw, headers=self.headers)
        came = (answer.status_code, cookies_of(answer), events_after(gatehouse, before))
        assert came == (self.status, list(self.cookies), list(self.events)), answer.text
        self._compare_body(answer)
        check_like_every_answer(answer)
        return answer

    def _compare_body(self, answer: httpx.Response) -> None:
        if self.code or self.message:
            assert answer.json() == refusal(self.code, self.message)
        if self.answer is not ...:
            assert answer.json() == self.answer
        assert [piece for piece in self.has if piece not in answer.text] == []
        assert [piece for piece in self.lacks if piece in answer.text] == []


def scenes(*told: Scene) -> pytest.MarkDecorator:
    """Give a test its `scene`, one after the other."""
    return pytest.mark.parametrize("scene", told, ids=[scene.name for scene in told])


def refusal(code: str | None, message: str | None = None) -> dict[str, str]:
    """The body of a refusal, in Better Auth's words."""
    if code is None:
        assert message is not None
        return {"message": message}
    return {"message": message or CODES[code][1], "code": code}


def events_after(gatehouse: Gatehouse, before: list[Recorded]) -> list[str]:
    """The kinds of the events that were not there before, in alphabetical order."""
    return [event.kind for event in gatehouse.events() if event not in before]


def cookies_of(answer: httpx.Response) -> list[str]:
    """The Set-Cookie lines in short: `session_token 604800`, or without a number if it has none."""
    return [_short(line) for line in answer.headers.get_list("set-cookie")]


def check_like_every_answer(answer: httpx.Response) -> None:
    """What holds for every answer of the API, whatever was asked."""
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-request-id"]
    assert "server" not in answer.headers
    assert PASSWORD not in answer.text + str(answer.headers)


def _short(line: str) -> str:
    name, *attributes = line.split("; ")
    ages = [part.removeprefix("Max-Age=") for part in attributes if part.startswith("Max-Age=")]
    return " ".join([name.partition("=")[0].rpartition(".")[2], *ages])
