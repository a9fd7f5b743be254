import signal
from contextlib import closing

import pytest

POST = ("POST /echo HTTP/1.1", "Host: localhost")


@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGINT])
def test_an_idle_server_ends_well(start, sent):
    server = start()
    with closing(server.connect()) as client:
        client.get("/health").response()
        server.send_signal(sent)

        assert client.is_closed()
    assert server.end() == (0, "", "")


def test_a_request_in_flight_is_answered_first(start):
    server = start()
    with closing(server.connect()) as client, closing(server.connect()) as idle:
        client.send(*POST, "Content-Length: 5", "Expect: 100-continue")
        assert client.response().status == 100, "the application waits for the body"
        idle.get("/health").response()
        server.send_signal(signal.SIGTERM)
        assert idle.is_closed()

        client.send_bytes(b"hello")

        response = client.response()
        assert (response.json, response.headers["connection"]) == ({"size": 5}, "close")
        assert client.is_closed()
    assert server.end() == (0, "", "")


def test_an_open_event_stream_does_not_hold_it_up(start):
    server = start()
    with closing(server.connect()) as client:
        client.get("/stream").response()
        assert client.chunk() == b"data: 1\n\n"

        server.send_signal(signal.SIGTERM)

        assert server.end() == (0, "", "")


def test_a_request_for_which_nobody_waits_any_more_does_not_hold_it_up(start):
    server = start()
    with closing(server.connect()) as client:
        client.get("/wait")
        client.close()
        with closing(server.connect()) as other:
            other.get("/health").response()

        server.send_signal(signal.SIGTERM)

        assert server.end()[0] == 0


def test_told_to_end_while_it_starts_it_ends_well(start):
    server = start("slow")
    assert server.stdout.readline() == b"starting\n"

    server.send_signal(signal.SIGTERM)

    assert server.end(b"go on\n") == (0, "stopped\n", "")


@pytest.mark.parametrize("second", [signal.SIGTERM, signal.SIGINT])
def test_told_twice_it_ends_at_once(start, second):
    server = start()
    with closing(server.connect()) as client, closing(server.connect()) as idle:
        client.get("/wait")
        idle.get("/health").response()
        server.send_signal(signal.SIGTERM)
        assert idle.is_closed()

        server.send_signal(second)

        assert server.end()[0] == 128 + second


def test_what_hangs_is_abandoned_and_named(start):
    server = start("abandoned soon")
    with closing(server.connect()) as client:
        client.get("/stubborn").response()
        client.chunk()

    server.send_signal(signal.SIGTERM)

    code, _, stderr = server.end()
    assert code == 1
    assert "Timeout" in stderr
    assert "threading.py" in stderr
