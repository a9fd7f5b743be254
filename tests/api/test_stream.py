"""GET /api/stream, and what holds for every streaming response."""

import json
import re
import threading

import pytest

from backend.features.stream_demo.service import Ticker
from backend.kernel.events import Event, EventKind
from backend.kernel.refusals import Refusal
from backend.storage.engine import DatabaseUnavailable
from backend.storage.queries.audit_list import AuditFilter, find_page
from backend.storage.work import Work, run_query
from backend.web.app_context import AppContext
from backend.web.responses.responses import StreamingResponse
from backend.web.routing.endpoint import Endpoint
from backend.web.routing.routes import Routes
from tests.admins import ADA, make_admin, user_id_of
from tests.in_process import TIMEOUT
from tests.scene import cookies_of, refusal

NOON = "2026-11-22T12:00:0"


@pytest.fixture
def pauses(gatehouse, clock):
    """The pauses between events, without the wait; `during` is called in each of them."""

    class Pauses(list):
        during = None

        async def __call__(self, seconds):
            self.append(seconds)
            clock.advance(seconds=seconds)
            if self.during is not None:
                await self.during()

    waits = Pauses()
    gatehouse.context.services[Ticker].pause = waits
    return waits


def parse_events(response):
    """The events of a response, each as its name (if any) and its data."""
    matches = re.findall(r"(?:event: (\w+)\n)?data: (.+)\n\n", response.text)
    return [(name, json.loads(data)) for name, data in matches]


def test_five_events_come_a_fifth_of_a_second_apart(gatehouse, pauses):
    response = gatehouse.member().get("/api/stream")
    assert parse_events(response) == [
        ("", {"number": number, "sentAt": f"{NOON}0.{200 * (number - 1):03d}Z"})
        for number in range(1, 6)
    ]
    assert pauses == [0.2, 0.2, 0.2, 0.2]


def test_nothing_in_between_is_asked_to_hold_it(gatehouse, pauses):
    headers = gatehouse.member().get("/api/stream").headers
    assert headers["content-type"] == "text/event-stream"
    assert headers["cache-control"] == "no-store, no-transform"
    assert headers["x-accel-buffering"] == "no"
    assert "content-length" not in headers


def test_it_has_the_headers_of_every_answer(gatehouse, pauses):
    ada = gatehouse.member()
    headers = ada.get("/api/stream", headers={"origin": "http://localhost:3000"}).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-request-id"]
    assert headers["access-control-allow-origin"] == "http://localhost:3000"


def test_head_tells_its_headers_and_sends_no_event(gatehouse, pauses):
    response = gatehouse.member().send("HEAD", "/api/stream")
    assert (response.status_code, response.content, pauses) == (200, b"", [])
    assert response.headers["content-type"] == "text/event-stream"


def test_a_stranger_is_refused_in_json(gatehouse):
    response = gatehouse.visitor().get("/api/stream")
    assert (response.status_code, response.json()) == (401, refusal("UNAUTHORIZED"))


def test_it_is_limited_for_each_user(start):
    gatehouse = start(rate_limits=True, rate_limit_per_user="1/minute")
    gatehouse.context.services[Ticker].pause = skip_pause
    ada = gatehouse.member()
    assert [ada.get("/api/stream").status_code for _ in range(2)] == [200, 429]


async def skip_pause(_):
    """Continue at once."""


def test_a_session_that_is_due_is_prolonged_as_by_any_use(gatehouse, pauses, clock):
    ada = gatehouse.member()
    clock.advance(days=1)
    assert cookies_of(ada.get("/api/stream")) == ["session_token 604800"]


@pytest.mark.parametrize("size", [0, 100])
def test_who_is_signed_out_meanwhile_gets_no_more_events(start, clock, size):
    gatehouse = start(session_cache_size=size)
    ada = gatehouse.member()
    elsewhere = gatehouse.visitor()
    elsewhere.cookies = dict(ada.cookies)

    async def sign_out_during_the_second(_):
        await elsewhere.send_async("POST", "sign-out")

    gatehouse.context.services[Ticker].pause = sign_out_during_the_second
    first, last = parse_events(ada.get("/api/stream"))
    assert first[1]["number"] == 1
    assert last == ("end", {"reason": "signed-out"})


def test_a_user_who_is_banned_meanwhile_gets_no_more_events(gatehouse, pauses):
    root, ada = make_admin(gatehouse), gatehouse.member()

    async def ban():
        await root.send_async("POST", "admin/ban-user", {"userId": user_id_of(gatehouse, ADA)})

    pauses.during = ban
    assert [name for name, _ in parse_events(ada.get("/api/stream"))] == ["", "end"]


def add_endpoint(gatehouse, handler):
    """Add an endpoint with this handler."""
    routes = Routes("test", auth_rules=False)
    routes.get("/api/made-up", response_model=StreamingResponse)(handler)
    gatehouse.app.router.routes.insert(0, Endpoint(routes.specs[0], gatehouse.context))


def test_what_was_written_is_committed_before_the_first_byte(any_gatehouse):
    def handler(work: Work, context: AppContext) -> StreamingResponse:
        """Write a line, and read it back while the answer leaves."""
        work.record(Event(EventKind.DATA_EXPORTED))
        return StreamingResponse(read_back(context), b"text/plain")

    def read_back(context):
        yield str(
            len(run_query(context.runtime.database, lambda db: find_page(db, AuditFilter(), 9)))
        ).encode()

    add_endpoint(any_gatehouse, handler)
    assert any_gatehouse.visitor().get("/api/made-up").text == "1"
    assert [event.kind for event in any_gatehouse.events()] == ["data_exported"]


@pytest.mark.parametrize(
    ("error", "status"),
    [(Refusal("USER_NOT_FOUND"), 404), (DatabaseUnavailable("away"), 503), (ValueError("?"), 500)],
)
def test_what_goes_wrong_before_the_first_piece_is_refused_as_ever(gatehouse, error, status):
    def handler() -> StreamingResponse:
        """Fail."""
        return StreamingResponse(failing(), b"text/plain")

    def failing():
        raise error
        yield b""

    add_endpoint(gatehouse, handler)
    response = gatehouse.visitor().get("/api/made-up")
    assert (response.status_code, response.headers["content-type"]) == (status, "application/json")


def test_a_first_piece_that_hangs_is_a_503_and_freed_in_the_end(gatehouse, monkeypatch):
    monkeypatch.setattr("backend.web.responses.streaming.RESPONSE_TIMEOUT", 0.05)
    gate, freed = threading.Event(), threading.Event()

    def handler() -> StreamingResponse:
        """Hang."""
        return StreamingResponse(hanging(), b"text/plain")

    def hanging():
        try:
            gate.wait(TIMEOUT)
            yield b"too late"
        finally:
            freed.set()

    add_endpoint(gatehouse, handler)
    assert gatehouse.visitor().get("/api/made-up").status_code == 503
    gate.set()
    assert freed.wait(TIMEOUT)


def test_a_stream_without_pieces_is_an_empty_answer(gatehouse):
    def handler() -> StreamingResponse:
        """Send nothing."""
        return StreamingResponse((piece for piece in ()), b"text/plain")

    add_endpoint(gatehouse, handler)
    response = gatehouse.visitor().get("/api/made-up")
    assert (response.status_code, response.content) == (200, b"")
