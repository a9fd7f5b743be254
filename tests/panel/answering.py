"""A server that answers as the test says, and the Tester in front of it."""

import httpx

from panel.client.loopback import Loopback
from panel.client.visitor import CurrentAdmin, Visitor
from panel.tester import service
from panel.tester.browsers import BrowserStore
from tests.make import make_settings

TOKEN = "better-auth.session_token=abc.def; Max-Age=604800; Path=/; HttpOnly; SameSite=Lax"


class Server:
    """Answers with `answer`, and remembers what it was asked."""

    def __init__(self):
        self.asked = []
        self.answer = httpx.Response(200, json={})

    def __call__(self, request):
        self.asked.append(request)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def owner(name="session one"):
    """An admin, in one session of the panel."""
    visitor = Visitor(("198.51.100.9", 1), None, "Browser/1.0", framed=False, token=name)
    return CurrentAdmin(visitor, name, "owner@example.com", "203.0.113.7")


def loopback_to(server, clock, tmp_path, **told):
    """What reaches the server."""
    return Loopback(make_settings(tmp_path, **told), clock, httpx.MockTransport(server))


def a_tester(server, clock, tmp_path, **told):
    """The Tester with its browsers."""
    return service.Tester(loopback_to(server, clock, tmp_path, **told), BrowserStore(clock), clock)
