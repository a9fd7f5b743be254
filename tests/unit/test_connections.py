"""Which connections are counted together, and how long an evicted one may linger."""

import asyncio

import pytest
from uvicorn import Config
from uvicorn.server import ServerState

from backend.web.server.connections import ConnectionLimits, ConnectionRegistry
from backend.web.server.framing import no_cors_headers
from backend.web.server.protocol import GuardedProtocol
from tests.server.wire_client import TIMEOUT

SHARE = ConnectionLimits(connections=10, connections_per_address=2)


def nobody(peer):
    return False


def test_all_addresses_of_an_ipv6_subscriber_share_one_share():
    registry = ConnectionRegistry(SHARE, nobody)
    names = {registry.acquire(f"2001:db8:1:2::{number}", ()) for number in (1, 2)}
    assert names == {"2001:db8:1:2::/64"}
    assert registry.acquire("2001:db8:1:2:ffff:ffff:ffff:ffff", ()) is None
    assert registry.acquire("2001:db8:1:3::1", ()) == "2001:db8:1:3::/64"

    registry.release("2001:db8:1:2::/64")

    assert registry.acquire("2001:db8:1:2::3", ()) == "2001:db8:1:2::/64"


@pytest.mark.parametrize("alias", ["203.0.113.7", "::ffff:203.0.113.7"])
def test_an_ipv4_address_is_alone_with_its_share(alias):
    registry = ConnectionRegistry(SHARE, nobody)
    assert [registry.acquire(alias, ()) is None for _ in range(3)] == [False, False, True]
    assert registry.acquire("203.0.113.8", ()) is not None


class Stuck(asyncio.Transport):
    """A connection whose client reads nothing: the buffer stays full, and it never closes."""

    def __init__(self):
        super().__init__({"peername": ("203.0.113.7", 4711)})
        self.written, self.aborted, self._closing = b"", asyncio.Event(), False

    def write(self, data):
        self.written += data

    def write_eof(self):
        pass

    def get_write_buffer_size(self):
        return 0

    def is_closing(self):
        return self._closing

    def close(self):
        self._closing = True

    def abort(self):
        self.aborted.set()


@pytest.mark.parametrize(
    "sent",
    [b"", b"GET /", b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nha"],
    ids=["nothing", "half a head", "half a body"],
)
def test_one_that_made_room_is_cut_after_its_deadline_though_its_client_takes_nothing(sent):
    asyncio.run(_evicted_and_cut(sent))


async def _evicted_and_cut(sent):
    async def wait_for_body(scope, receive, send):
        await receive()

    limits = ConnectionLimits(connections=1, connections_per_address=1, linger_seconds=0.01)
    config, state, registry = (
        Config(wait_for_body),
        ServerState(),
        ConnectionRegistry(limits, nobody),
    )
    config.load()
    first, second = Stuck(), Stuck()
    for transport in (first, second):
        protocol = GuardedProtocol(
            *(config, state, {}, asyncio.get_running_loop()),
            limits=limits,
            registry=registry,
            cors_headers=no_cors_headers,
        )
        protocol.connection_made(transport)
        if transport is first:
            protocol.data_received(sent)

    assert first.is_closing()
    assert not second.is_closing()
    assert (b" 503 " in first.written) is bool(sent)
    await asyncio.wait_for(first.aborted.wait(), TIMEOUT)
