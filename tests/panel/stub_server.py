"""A server whose response a test chooses, and the Tester that calls it."""

import httpx

from panel.client.loopback import Loopback
from panel.client.visitor import CurrentAdmin, Visitor
from panel.tester import service
from panel.tester.browsers import BrowserStore
from tests.make import make_settings

TOKEN = "better-auth.session_token=abc.def; Max-Age=604800; Path=/; HttpOnly; SameSite=Lax"


class StubServer:
    """Answers with `response`, or raises it, and records the requests."""

    def __init__(self):
        self.requests = []
        self.response = httpx.Response(200, json={})

    def __call__(self, request):
        self.requests.append(request)
        if isinstance(self.response, Exception):
            raise self.response
        return self.response


def make_admin(session="session one"):
    """Make an admin who is signed in to one session of the panel."""
    visitor = Visitor(("198.51.100.9", 1), None, "Browser/1.0", framed=False, token=session)
    return CurrentAdmin(visitor, session, "owner@example.com", "203.0.113.7")


def make_loopback(server, clock, tmp_path, **settings):
    """Make a loopback client that reaches the stub server."""
    return Loopback(make_settings(tmp_path, **settings), clock, httpx.MockTransport(server))


def make_tester(server, clock, tmp_path, **settings):
    """Make a Tester with its browsers that calls the stub server."""
    return service.Tester(
        make_loopback(server, clock, tmp_path, **settings), BrowserStore(clock), clock
    )
