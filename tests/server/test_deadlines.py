import pytest

from backend.web.server.connections import ConnectionLimits
from tests.server.wire_client import TIMEOUT

BLINK = 0.25
NEVER = 1000


@pytest.fixture
def limits(request):
    """Every deadline is far away but those a scene names."""
    far = {"head_seconds": NEVER, "body_seconds": NEVER, "idle_seconds": NEVER}
    return ConnectionLimits(**far | dict.fromkeys(getattr(request, "param", ()), BLINK))


def with_deadlines(*deadlines):
    return pytest.mark.parametrize("limits", [deadlines], indirect=True, ids=["soon"])


@with_deadlines("head_seconds")
def test_a_connection_that_says_nothing_is_closed_without_a_word(connect):
    assert connect().is_closed()


@with_deadlines("head_seconds")
def test_a_head_that_stops_halfway_is_answered_408(connect, toy):
    client = connect().send_bytes(b"GET /health HTTP/1.1\r\nHost: localh")

    assert client.response().status == 408
    assert client.is_closed()
    assert toy.paths == []


@with_deadlines("head_seconds")
def test_header_lines_that_trickle_in_do_not_put_the_end_off(connect):
    client = connect().send_bytes(b"GET /health HTTP/1.1\r\n")

    client.dribble(b"X: y\r\n")

    assert client.response().status == 408


@with_deadlines("head_seconds")
def test_blank_lines_do_not_put_the_end_off(connect):
    client = connect()

    client.dribble(b"\r\n")

    assert client.is_closed()


@with_deadlines("head_seconds")
def test_the_next_request_of_a_connection_has_the_same_deadline(connect):
    client = connect().get("/health")
    assert client.response().status == 200

    client.send_bytes(b"GET /health HTT")

    assert client.response().status == 408
    assert client.is_closed()


@with_deadlines("body_seconds")
@pytest.mark.parametrize("framing", ["Content-Length: 10", "Transfer-Encoding: chunked"])
def test_a_body_that_stops_halfway_is_answered_408(connect, toy, framing):
    client = connect().send("POST /echo HTTP/1.1", "Host: localhost", framing, body=b"4\r\nhal")

    response = client.response()

    assert (response.status, response.json["code"]) == (408, "REQUEST_TIMEOUT")
    assert client.is_closed()
    assert toy.departures.acquire(timeout=TIMEOUT), "the application was not told"


@with_deadlines("body_seconds")
def test_a_body_that_trickles_in_does_not_put_the_end_off(connect):
    client = connect().send("POST /echo HTTP/1.1", "Host: localhost", "Content-Length: 60000")

    client.dribble(b"x")

    assert client.response().status == 408


@with_deadlines("body_seconds")
def test_an_answer_that_is_ready_after_the_408_goes_nowhere(connect, toy, caplog):
    client = connect().send("POST /wait HTTP/1.1", "Host: localhost", "Content-Length: 10")
    assert client.response().status == 408

    connect().get("/open").response()

    assert client.is_closed()
    assert connect().get("/health").response().status == 200
    assert caplog.records == []


@with_deadlines("body_seconds")
def test_an_early_answer_does_not_excuse_a_body_that_never_comes(connect):
    client = connect().send("POST /health HTTP/1.1", "Host: localhost", "Content-Length: 10")

    assert client.response().status == 200
    assert client.is_closed()


@with_deadlines("idle_seconds")
def test_a_connection_that_asks_nothing_more_is_closed(connect):
    client = connect().get("/health")

    assert client.response().status == 200
    assert client.is_closed()


@with_deadlines("idle_seconds")
def test_so_is_one_whose_last_request_was_answered_early(connect):
    client = connect().send("POST /health HTTP/1.1", "Host: localhost", "Content-Length: 5")
    assert client.response().status == 200
    client.send_bytes(b"hello")

    assert client.is_closed()


@with_deadlines("head_seconds", "body_seconds", "idle_seconds")
def test_an_answer_may_take_longer_than_any_deadline(connect):
    waiting = connect().get("/wait")
    assert connect().is_closed(), "the deadlines have passed"

    connect().get("/open")

    assert waiting.response().status == 200


@with_deadlines("head_seconds", "body_seconds")
def test_a_whole_request_after_a_slow_answer_is_served(connect):
    client = connect().get("/wait")
    assert connect().is_closed(), "the deadlines have passed"
    connect().get("/open")
    assert client.response().status == 200

    assert client.get("/health").response().status == 200


@with_deadlines("idle_seconds")
def test_a_client_that_does_not_read_its_answer_is_cut_off(connect, toy):
    connect().get("/flood")

    assert toy.departures.acquire(timeout=TIMEOUT)


@with_deadlines("linger_seconds")
def test_a_refused_client_that_goes_on_sending_is_cut_off(connect):
    client = connect().send("POST /echo HTTP/1.1", "Host: localhost", "Content-Length: 99999999")
    assert client.response().status == 413

    client.push_until_cut(b"x" * 1000)
