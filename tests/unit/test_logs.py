"""The log of a process of its own, as logging can be set up only once."""

import json
import subprocess
import sys

import pytest

PROGRAM = """
import logging
import sys
from uuid import UUID
import structlog
from backend.kernel.client import Client
from backend.kernel.events import Event, EventKind
from backend.web.logs import logs
from tests.make import ExplicitSettings

logs.configure(ExplicitSettings(log_format=sys.argv[1], log_level=sys.argv[2]))
log = structlog.get_logger()
client = Client("203.0.113.7", "Browser/1.0", "request-1")
logs.log_event(Event(EventKind.SIGN_IN_FAILED, subject=UUID(int=1), detail={"known": True}), client)
log.debug("a_detail")
log.warning("two\\nlines", name="\\x1b[31mred")
logging.getLogger("some.library").info("chatter")
logging.getLogger("some.library").warning("careful")


def sign_in(password):
    try:
        raise RuntimeError("boom")
    except RuntimeError:
        log.exception("request_crashed")
        logging.getLogger("uvicorn.error").exception("Exception in ASGI application")


sign_in("canary password")
"""


def run(log_format: str, level: str = "info") -> str:
    """What the program writes to stderr."""
    command = [sys.executable, "-W", "error", "-c", PROGRAM, log_format, level]
    process = subprocess.run(command, capture_output=True, text=True, check=True)
    assert process.stdout == ""
    return process.stderr


@pytest.fixture(scope="module")
def as_json() -> str:
    return run("json")


@pytest.fixture(scope="module")
def as_text() -> str:
    return run("text")


def test_each_line_is_json(as_json):
    lines = [json.loads(line) for line in as_json.splitlines()]
    assert len(lines) > 4
    assert all({"event", "level", "timestamp"} <= set(line) for line in lines)


def test_an_event_tells_who_from_where_and_in_which_request(as_json):
    line = json.loads(as_json.splitlines()[0])
    assert (line["event"], line["level"]) == ("sign_in_failed", "info")
    assert (line["subject"], line["actor"]) == ("00000000-0000-0000-0000-000000000001", None)
    assert (line["address"], line["agent"]) == ("203.0.113.7", "Browser/1.0")
    assert (line["request_id"], line["detail_known"]) == ("request-1", True)


def test_what_libraries_say_is_there_from_warning_on(as_json):
    events = [json.loads(line)["event"] for line in as_json.splitlines()]
    assert "careful" in events
    assert "chatter" not in events


def test_details_are_for_the_level_debug(as_json):
    assert "a_detail" in run("json", "debug")
    assert "a_detail" not in as_json


def test_level_error_leaves_out_the_rest():
    output = run("json", "error")
    assert "request_crashed" in output
    assert "sign_in_failed" not in output


@pytest.mark.parametrize("event", ["request_crashed", "Exception in ASGI application"])
def test_a_crash_has_its_traceback(as_json, event):
    (line,) = [each for each in map(json.loads, as_json.splitlines()) if each["event"] == event]
    assert "RuntimeError: boom" in line["exception"]
    assert "in sign_in" in line["exception"]


def test_as_text_a_crash_has_its_traceback_too(as_text):
    assert as_text.count("RuntimeError: boom") == 2


@pytest.mark.parametrize("kind", ["as_json", "as_text"])
def test_no_traceback_shows_the_values_of_variables(request, kind):
    log = request.getfixturevalue(kind)
    assert "canary" not in log.replace('sign_in("canary password")', "")
