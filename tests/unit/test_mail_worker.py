"""The thread that sends mails: what becomes of its connection when the server ends."""

import threading
from types import SimpleNamespace
from typing import Any

import pytest

from backend.features.mail import worker as mail_worker
from backend.features.mail.worker import MailWorker


class Connection:
    """What a mail goes out by."""

    def __init__(self) -> None:
        self.is_closed = False

    def close(self) -> None:
        self.is_closed = True


@pytest.fixture
def connection() -> Connection:
    return Connection()


@pytest.fixture
def worker(connection: Connection, gatehouse: Any) -> MailWorker:
    """A worker that has not begun."""
    mailer: Any = SimpleNamespace(wake_up=threading.Event())
    transport: Any = connection
    nobody: Any = None
    return MailWorker(gatehouse.context.runtime, mailer, transport, nobody)


def test_a_mail_under_way_keeps_its_socket(worker, connection, monkeypatch):
    """Closed under the thread that uses it, its descriptor would become another file's."""
    reached, go_on = threading.Event(), threading.Event()
    monkeypatch.setattr(mail_worker, "_STOP_WITHIN", 0.01)
    monkeypatch.setattr(worker, "_send_all_due", lambda: reached.set() or go_on.wait(30))
    worker.start()
    assert reached.wait(30)
    worker.stop()
    assert not connection.is_closed
    go_on.set()


def test_otherwise_it_is_closed(worker, connection, monkeypatch):
    monkeypatch.setattr(worker, "_send_all_due", lambda: None)
    worker.start()
    worker.stop()
    assert connection.is_closed
