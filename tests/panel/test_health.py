"""How the Overview assesses a deployment, for each problem it may have."""

import copy

import pytest

from panel.pages.overview import health, words
from tests.clocks import NOON

SNAPSHOT = {"lastAt": "2026-11-22T11:59:00.000Z", "trouble": None}
RESTORED = {
    "asOf": "2026-11-22T11:40:00.000Z",
    "restoredAt": "2026-11-22T11:59:00.000Z",
    "accounts": 3,
    "sessionsEnded": 5,
    "linksEnded": 1,
    "damaged": 0,
}
READY = {"status": "ready", "database": "ok", "migrations": "current", "sessions": "cached"}
HEALTHY = {
    "version": "1.2.3",
    "environment": "production",
    "commit": "0123456789abcdef",
    "startedAt": "2026-11-22T09:00:00.000Z",
    "providers": [],
    "database": {"kind": "postgresql", "durability": "durable", "userSearch": "indexed"},
    "cache": {"state": "listening", "sessions": 12, "size": 100_000},
    "mail": {
        "sends": "smtp",
        "waiting": 0,
        "waitingSince": None,
        "lastSentAt": None,
        "lastError": None,
    },
    "secret": {"state": "set", "oldKeys": 0},
    "proxy": {
        "peer": "10.0.0.5",
        "forwardedFor": "203.0.113.7",
        "believed": "203.0.113.7",
        "trusted": True,
    },
    "limits": {"store": "memory"},
    "clock": {"comparedWith": "database", "ahead": 0, "right": True},
}


def assess(ready=None, **changed):
    """Assess a healthy deployment with the given changes."""
    status = copy.deepcopy(HEALTHY)
    for part, value in changed.items():
        status[part] = {**status[part], **value} if isinstance(value, dict) else value
    return health.assess(status, {**READY, **(ready or {})}, NOON)


def test_a_deployment_that_is_well_is_called_well():
    matters = assess()
    assert {matter.severity for matter in matters} == {"good"}
    assert {matter.fix for matter in matters} == {""}
    html = health.render(matters)
    assert words.ALL_WELL in html
    assert "Gatehouse 1.2.3 (0123456789), production, started 3 hours ago." in html
    assert words.SEEN_FROM.format("203.0.113.7") in html


@pytest.mark.parametrize(
    ("changes", "name", "severity", "sentence"),
    [
        ({"ready": {"database": "away"}}, words.DATABASE, "bad", words.AWAY),
        ({"ready": {"database": "full"}}, words.DATABASE, "bad", words.TROUBLES["full"]),
        ({"ready": {"migrations": "outdated"}}, words.DATABASE, "bad", words.OUTDATED),
        (
            {"database": {"userSearch": "reads all users"}},
            words.DATABASE,
            "warn",
            words.SLOW_SEARCH,
        ),
        ({"database": {"durability": "ephemeral"}}, words.DATA, "bad", "lost"),
        (
            {"database": {"snapshots": {**SNAPSHOT, "trouble": "No space left on device"}}},
            words.DATA,
            "bad",
            words.snapshots_fail("No space left on device"),
        ),
        (
            {"database": {"restored": RESTORED}},
            words.RESTORED,
            "bad",
            "restored as of 22 November 2026, 11:40:00 UTC.",
        ),
        (
            {"database": {"restored": {**RESTORED, "damaged": 1}}},
            words.RESTORED,
            "bad",
            "1 newer snapshot could not be used.",
        ),
        (
            {"database": {"restored": {**RESTORED, "asOf": None}}},
            words.RESTORED,
            "bad",
            "between the backup and 22 November 2026, 11:59:00 UTC",
        ),
        (
            {"database": {"restored": {**RESTORED, "asOf": None, "damaged": 3}}},
            words.RESTORED,
            "bad",
            "3 snapshots could not be used: the server started with an empty one",
        ),
        ({"cache": {"state": "bypassed: deaf"}}, words.CACHE, "warn", "slower: deaf."),
        ({"mail": {"sends": "outbox"}}, words.MAIL, "warn", words.SENDS["outbox"]),
        (
            {"mail": {"waiting": 2, "lastError": "550 no such user."}},
            words.MAIL,
            "bad",
            "2 mails waiting. " + words.LAST_ERROR.format("550 no such user"),
        ),
        ({"secret": {"state": "generated"}}, words.SECRET, "bad", words.SECRETS["generated"]),
        (
            {"secret": {"state": "generated"}, "environment": "development"},
            words.SECRET,
            "warn",
            words.SECRETS["generated"],
        ),
        (
            {"secret": {"state": "example"}, "environment": "development"},
            words.SECRET,
            "bad",
            "example",
        ),
        ({"proxy": {"trusted": False}}, words.PROXY, "bad", "10.0.0.5"),
        (
            {"clock": {"ahead": 8_640_000, "right": False}},
            words.CLOCK,
            "bad",
            "clock is 3 months ahead of the database's: expired data is not deleted.",
        ),
        (
            {"clock": {"ahead": -61, "right": False}},
            words.CLOCK,
            "bad",
            "clock is 1 minute behind the database's",
        ),
        (
            {"clock": {"comparedWith": "newest entry", "ahead": 8_640_000, "right": False}},
            words.CLOCK,
            "bad",
            "3 months older than this machine's clock",
        ),
        (
            {"clock": {"comparedWith": "newest entry", "ahead": -7200, "right": False}},
            words.CLOCK,
            "bad",
            "2 hours behind the newest entry",
        ),
        ({"limits": {"store": "off"}}, words.LIMITS, "warn", "off"),
    ],
    ids=str,
)
def test_what_is_wrong_stands_first_with_what_to_do(changes, name, severity, sentence):
    first, *others = assess(**changes)
    assert (first.name, first.severity) == (name, severity)
    assert sentence in first.sentence
    assert first.fix
    assert {matter.severity for matter in others} == {"good"}
    assert words.problems(1) in health.render([first, *others])


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"database": {"durability": "snapshots"}}, "since the last snapshot"),
        ({"database": {"snapshots": SNAPSHOT}}, words.LAST_SNAPSHOT.format("1 minute ago")),
        (
            {"database": {"restored": {**RESTORED, "restoredAt": "2026-11-15T11:00:00.000Z"}}},
            words.database("postgresql"),  # a week later it is in the trail alone
        ),
        ({"secret": {"oldKeys": 2}}, words.old_keys(2)),
        ({"proxy": {"trusted": False, "forwardedFor": None}}, words.SEEN_FROM.partition("{")[0]),
        (
            {"mail": {"waiting": 1, "waitingSince": "2026-11-22T11:59:00.000Z"}},
            words.waiting(1, "1 minute ago"),
        ),
        (
            {"database": {"kind": "sqlite", "userSearch": "reads all users"}},
            words.database("sqlite"),
        ),
        (
            {"database": {"kind": "sqlite"}, "cache": {"state": "bypassed: a write takes long"}},
            "slower: a write takes long.",
        ),
    ],
    ids=str,
)
def test_what_is_as_it_should_be_is_told_without_alarm(changes, sentence):
    matters = assess(**changes)
    assert {matter.severity for matter in matters} == {"good"}
    assert any(sentence in matter.sentence for matter in matters)


def test_without_a_database_that_is_all_there_is_to_say():
    (matter,) = health.assess(None, {**READY, "database": "away"}, NOON)
    assert (matter.severity, matter.sentence) == ("bad", words.AWAY)


def test_what_comes_from_outside_is_escaped():
    matters = assess(mail={"waiting": 1, "lastError": "<img src=x onerror=alert(1)>"})
    assert "<img" not in health.render(matters)


def test_providers_are_named_where_there_are_any():
    named = {**HEALTHY, "providers": ["Hugging Face", "<b>Mine"]}
    items = {each.name: each for each in health.assess(named, READY, NOON)}
    assert items[words.PROVIDERS].severity == "good"
    assert "Hugging Face, &lt;b&gt;Mine" in health.render([items[words.PROVIDERS]])
    assert words.PROVIDERS not in {each.name for each in health.assess(HEALTHY, READY, NOON)}
