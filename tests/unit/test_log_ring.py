"""The latest log lines, kept for admins."""

import threading

import pytest

from backend.web.logs.log_ring import LogRing


def keep(ring, event, level="info", **fields):
    entry = {"event": event, "level": level, "timestamp": "2026-11-22T12:00:00.123456Z", **fields}
    assert ring.keep(None, "", entry) is entry


def event_names(lines):
    return [line.event for line in lines]


def test_the_newest_line_comes_first():
    ring = LogRing()
    keep(ring, "first")
    keep(ring, "second", "warning", request_id="7", address="203.0.113.7", amount=3)
    line, _ = ring.latest(10)
    assert (line.event, line.level, line.request_id) == ("second", "warning", "7")
    assert line.fields == {"address": "203.0.113.7", "amount": 3}
    assert line.at.isoformat() == "2026-11-22T12:00:00.123456+00:00"
    assert event_names(ring.latest(1)) == ["second"]


def test_a_request_finds_its_lines():
    ring = LogRing()
    for number in range(6):
        keep(ring, f"line {number}", request_id=f"r-{number % 2}")
    assert event_names(ring.latest(10, request_id="r-1")) == ["line 5", "line 3", "line 1"]
    assert ring.latest(10, request_id="r-") == []


@pytest.mark.parametrize(
    ("level", "expected"),
    [
        ("debug", ["error", "warning", "info", "debug"]),
        ("warning", ["error", "warning"]),
        ("critical", []),
    ],
)
def test_a_level_means_this_one_and_worse(level, expected):
    ring = LogRing()
    for each in ("debug", "info", "warning", "error"):
        keep(ring, each, each)
    assert event_names(ring.latest(10, level=level)) == expected


def test_what_no_request_caused_has_no_request():
    ring = LogRing()
    keep(ring, "admin_created", request_id="")
    assert ring.latest(1)[0].request_id is None


def test_the_oldest_lines_make_room():
    ring = LogRing(lines=3)
    for number in range(10):
        keep(ring, str(number))
    assert event_names(ring.latest(10)) == ["9", "8", "7"]


def test_long_lines_make_more_room():
    ring = LogRing(characters=1000)
    for number in range(10):
        keep(ring, f"{number}" * 300)
    assert [event[0] for event in event_names(ring.latest(10))] == ["9", "8", "7"]


def test_a_traceback_without_end_is_cut():
    ring = LogRing()
    keep(ring, "crashed", exception="x" * 100_000)
    (line,) = ring.latest(1)
    assert len(line.fields["exception"]) == 8003


def test_what_is_no_json_is_kept_as_text():
    ring = LogRing()
    keep(ring, "odd", reason=ValueError("no"), nothing=None)
    (line,) = ring.latest(1)
    assert line.fields == {"reason": "no", "nothing": None}


def test_many_threads_keep_every_line():
    ring = LogRing()
    threads = [
        threading.Thread(target=lambda: [keep(ring, "line") for _ in range(200)]) for _ in range(8)
    ]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert len(ring.latest(2000)) == 1600
