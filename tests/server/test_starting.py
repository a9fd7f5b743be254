import errno
import logging
import socket
from contextlib import ExitStack, closing

import pytest

from backend.web.server.server import CannotListen, listen
from tests.rig.background import in_background
from tests.rig.processes import free_port
from tests.server.toy import Toy
from tests.server.wire_client import WireClient


def test_a_port_in_use_is_one_line_that_says_what_to_do(start):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]

        code, out, stderr = start(port=port).end()

    assert (code, out) == (1, "")
    assert stderr == (
        f"Gatehouse cannot start: port {port} on 127.0.0.1 is already in use."
        " End the program that uses it, or set PORT.\n"
    )


def test_a_second_server_does_not_get_as_far_as_its_application(start):
    first = start("slow")
    assert first.stdout.readline() == b"starting\n"

    code, out, stderr = start("slow", port=first.port).end()

    assert (code, out) == (1, "")
    assert "already in use" in stderr


def test_the_limits_told_are_the_limits_kept(start):
    server = start("tight")
    head = ("POST /echo HTTP/1.1", "Host: localhost")
    with closing(server.connect()) as too_much, closing(server.connect()) as too_slow:
        assert too_much.send(*head, "Content-Length: 11").response().status == 413
        assert too_slow.send(*head, "Content-Length: 10").response().status == 408


def test_a_low_limit_of_open_files_is_raised_first(start):
    server = start("few files")
    with ExitStack() as held:
        clients = [held.enter_context(closing(server.connect())) for _ in range(100)]

        assert {client.get("/health").response().status for client in clients} == {200}


def test_where_it_listens_is_in_the_log(caplog):
    caplog.set_level(logging.INFO)

    with in_background(Toy()) as (host, port), closing(WireClient((host, port))) as client:
        client.get("/health").response()

    assert f"listening on http://127.0.0.1:{port}" in caplog.messages


def refuse_with(error):
    def create_server(*_, **__):
        raise OSError(error, "said by the system")

    return create_server


def test_a_port_that_takes_more_rights_is_told(monkeypatch):
    monkeypatch.setattr(socket, "create_server", refuse_with(errno.EACCES))

    with pytest.raises(CannotListen, match=r"may not open port 80 .* Set PORT to 1024 or more"):
        listen("0.0.0.0", 80)  # noqa: S104


def test_a_reason_nobody_thought_of_is_told_in_the_words_of_the_system(monkeypatch):
    monkeypatch.setattr(socket, "create_server", refuse_with(errno.ENETDOWN))

    with pytest.raises(CannotListen, match=r"port 7860 on 127.0.0.1 cannot be opened: Network is"):
        listen("127.0.0.1", 7860)


@pytest.mark.parametrize("host", ["203.0.113.7", "not a host", "a" * 300, "."])
def test_a_host_that_is_not_this_machine_is_told(host):
    with pytest.raises(CannotListen, match=r"no address of this machine. Set HOST to 0.0.0.0"):
        listen(host, 0)


@pytest.mark.parametrize("port", [-1, 65536])
def test_a_port_that_cannot_be_is_told(port):
    with pytest.raises(CannotListen, match=f"PORT is {port}"):
        listen("127.0.0.1", port)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "0.0.0.0", ""])  # noqa: S104
def test_every_way_to_name_this_machine_is_reached_over_ipv4(host):
    port = free_port()

    with ExitStack() as opened:
        for each in listen(host, port):
            opened.enter_context(each)
        opened.enter_context(socket.create_connection(("127.0.0.1", port), timeout=5))
