"""Requests to somebody else's server: what becomes of them when ours ends."""

import threading

import httpx2

from backend.kernel.clock import SystemClock
from backend.process.outside_transport import OutsideTransport
from tests.rig.stand_in import Handler, Received, StandIn


def test_a_request_under_way_keeps_its_socket_when_the_server_ends():
    """Closed under the thread that reads it, its descriptor would become another file's."""
    reached, go_on = threading.Event(), threading.Event()

    def answer(handler: Handler, _: Received) -> None:
        reached.set()
        assert go_on.wait(30)
        handler.say(b"whole")

    with StandIn(answer) as stand_in:
        transport = OutsideTransport(stand_in.url, SystemClock(), timeout=30, max_size=100)
        future = transport.submit(httpx2.Request("GET", stand_in.url))
        assert reached.wait(30)
        transport.close()
        go_on.set()
        assert future.result(30).content == b"whole"
