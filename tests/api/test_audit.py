"""GET /api/admin/events and GET /api/admin/stats."""

from datetime import timedelta
from urllib.parse import urlencode

import pytest
from structlog.testing import capture_logs

from tests.admins import ADA, ROOT, make_admin, user_id_of
from tests.clocks import NOON
from tests.scene import refusal

EVENTS, STATS = "/api/admin/events", "/api/admin/stats"


@pytest.fixture
def root(any_gatehouse):
    """An admin's browser. In the two hours before they came, Ada did four things."""
    any_gatehouse.clock.advance(hours=-2)
    ada = any_gatehouse.member(ADA, address="198.51.100.1")
    any_gatehouse.clock.advance(minutes=30)
    ada.post("sign-out")
    any_gatehouse.clock.advance(minutes=30)
    stranger = any_gatehouse.visitor("198.51.100.2")
    stranger.sign_in(ADA, "a wrong password")
    any_gatehouse.clock.advance(minutes=30)
    ada.sign_in(ADA)
    any_gatehouse.clock.advance(minutes=30)
    return make_admin(any_gatehouse)


def list_events(root, **query):
    response = root.get(f"{EVENTS}?{urlencode(query, doseq=True)}")
    assert response.status_code == 200, response.text
    return response.json()["events"]


def list_kinds(root, **query):
    return [event["kind"] for event in list_events(root, **query)]


def test_the_trail_is_read_newest_first_with_everything_about_each_event(any_gatehouse, root):
    everything = ["sign_up", "sign_in", "sign_in_failed", "sign_out", "sign_up"]
    assert list_kinds(root) == everything
    page = root.get(EVENTS).json()
    ada = user_id_of(any_gatehouse, ADA)
    signed_out = page["events"][3]
    assert signed_out.pop("id")
    assert signed_out.pop("requestId")
    assert signed_out == {
        "at": "2026-11-22T10:30:00.000Z",
        "kind": "sign_out",
        "actor": ada,
        "subject": ada,
        "impersonatedBy": None,
        "address": "198.51.100.1",
        "agent": "Browser/1.0",
        "detail": {},
    }
    assert page["emails"] == {ada: ADA, user_id_of(any_gatehouse, ROOT): ROOT}
    assert page["nextCursor"] is None


def test_filters_narrow_it_and_all_of_them_hold(any_gatehouse, root):
    ada = user_id_of(any_gatehouse, ADA)
    assert list_kinds(root, kind="sign_in") == ["sign_in"]
    assert list_kinds(root, kind=["sign_up", "sign_out"]) == ["sign_up", "sign_out", "sign_up"]
    assert list_kinds(root, user=ada) == ["sign_in", "sign_in_failed", "sign_out", "sign_up"]
    assert list_kinds(root, user=ada, kind=["sign_up", "sign_out"]) == ["sign_out", "sign_up"]
    assert list_kinds(root, address="198.51.100.2") == ["sign_in_failed"]
    assert list_kinds(root, address="198.51.100.2", kind="sign_up") == []
    (failed,) = list_events(root, kind="sign_in_failed")
    assert list_events(root, requestId=failed["requestId"]) == [failed]
    hour = {"from": "2026-11-22T10:30:00Z", "to": "2026-11-22T11:30:00Z"}
    assert list_kinds(root, **hour) == ["sign_in_failed", "sign_out"]
    assert list_kinds(root, **hour, kind="sign_out") == ["sign_out"]
    assert list_kinds(root, user="00000000-0000-7000-8000-000000000000") == []


@pytest.mark.parametrize(
    ("options", "detail"),
    [
        ({"banReason": "sent spam"}, {"until": "lifted", "ban_reason": "sent spam"}),
        (
            {"banExpiresIn": 60},
            {"until": "2026-11-22T12:01:00.000Z", "ban_reason": "No reason"},
        ),
    ],
)
def test_a_ban_is_recorded_with_its_reason_which_the_log_does_not_get(
    any_gatehouse, root, options, detail
):
    with capture_logs() as log:
        root.post("admin/ban-user", {"userId": user_id_of(any_gatehouse, ADA), **options})
    (banned,) = list_events(root, kind="user_banned")
    assert banned["detail"] == detail
    (line,) = [line for line in log if line["event"] == "user_banned"]
    assert line["detail_until"] == detail["until"]
    assert detail["ban_reason"] not in str(line)


def test_what_an_admin_did_to_somebody_is_found_by_either(any_gatehouse, root):
    root.post("admin/ban-user", {"userId": user_id_of(any_gatehouse, ADA)})
    (banned,) = list_events(root, kind="user_banned")
    assert (banned["actor"], banned["subject"]) == (
        user_id_of(any_gatehouse, ROOT),
        user_id_of(any_gatehouse, ADA),
    )
    assert banned in list_events(root, user=user_id_of(any_gatehouse, ROOT))
    assert banned in list_events(root, user=user_id_of(any_gatehouse, ADA))


def test_what_an_admin_did_as_somebody_names_both_and_is_found_by_either(any_gatehouse, root):
    own = user_id_of(any_gatehouse, ROOT)
    for path, body in (
        ("admin/impersonate-user", {"userId": user_id_of(any_gatehouse, ADA)}),
        ("update-user", {"name": "Ada King"}),
        ("admin/stop-impersonating", {}),
    ):
        any_gatehouse.clock.advance(seconds=1)
        assert root.post(path, body).status_code == 200
    ended, changed, started = list_events(root, limit=3)
    assert changed["kind"] == "user_updated"
    both = (user_id_of(any_gatehouse, ADA), user_id_of(any_gatehouse, ADA), own)
    assert (changed["actor"], changed["subject"], changed["impersonatedBy"]) == both
    for plain in (started, ended):
        assert (plain["actor"], plain["impersonatedBy"]) == (own, None)
    assert changed in list_events(root, user=own)
    assert changed in list_events(root, user=user_id_of(any_gatehouse, ADA))
    assert root.get(f"{EVENTS}?id={changed['id']}").json()["emails"][own] == ROOT


def test_an_admin_who_signs_out_as_somebody_is_named_too(any_gatehouse, root):
    root.post("admin/impersonate-user", {"userId": user_id_of(any_gatehouse, ADA)})
    root.post("sign-out")
    second = make_admin(any_gatehouse, "second@example.com")
    sign_outs = list_events(second, kind="sign_out")
    ended = {(each["actor"], each["impersonatedBy"]) for each in sign_outs}
    ada, admin = user_id_of(any_gatehouse, ADA), user_id_of(any_gatehouse, ROOT)
    assert ended >= {(ada, admin), (admin, None)}  # the admin's own, which waited, ends as well


def test_what_an_admin_did_as_somebody_is_not_the_users_own_after_the_admin_has_gone(
    any_gatehouse, root
):
    root.post("admin/impersonate-user", {"userId": user_id_of(any_gatehouse, ADA)})
    root.post("update-user", {"name": "Ada King"})
    second = make_admin(any_gatehouse, "second@example.com")
    second.post("admin/remove-user", {"userId": user_id_of(any_gatehouse, ROOT)})
    (changed,) = list_events(second, kind="user_updated")
    assert changed["impersonatedBy"] == "00000000-0000-0000-0000-000000000000"
    assert (changed["actor"], changed["address"]) == (user_id_of(any_gatehouse, ADA), "")


def test_one_event_is_read_by_its_id_and_those_of_somebody_by_their_address(any_gatehouse, root):
    (failed,) = list_events(root, kind="sign_in_failed")
    assert list_events(root, id=failed["id"]) == [failed]
    assert list_events(root, id=failed["id"], kind="sign_in") == []
    assert list_kinds(root, email="ADA@example.com") == list_kinds(
        root, user=user_id_of(any_gatehouse, ADA)
    )
    assert list_kinds(root, email=ADA, user=user_id_of(any_gatehouse, ROOT)) == []
    assert list_kinds(root, email="nobody@example.com") == []


def test_pages_follow_each_other_without_gap_or_repeat(any_gatehouse, root):
    for query in (
        {},
        {"user": user_id_of(any_gatehouse, ADA)},
        {"kind": ["sign_up", "sign_out", "sign_in"]},
    ):
        everything, collected, cursor = list_events(root, **query), [], None
        while True:
            more = {"cursor": cursor} if cursor else {}
            page = root.get(f"{EVENTS}?{urlencode({**query, **more, 'limit': 1}, doseq=True)}")
            collected += page.json()["events"]
            cursor = page.json()["nextCursor"]
            if cursor is None:
                break
        assert collected == everything


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=201",
        "limit=x",
        "kind=nothing",
        "user=ada",
        "id=7",
        "cursor=7",
        "from=yesterday",
        "from=0001-01-01T00:00:00Z",
        "address=%00",
    ],
)
def test_what_cannot_be_asked_is_refused(gatehouse, query):
    response = make_admin(gatehouse).get(f"{EVENTS}?{query}")
    assert (response.status_code, response.json()["code"]) == (400, "VALIDATION_ERROR")


def test_the_unknown_kind_is_answered_with_those_there_are(gatehouse):
    message = make_admin(gatehouse).get(f"{EVENTS}?kind=nothing").json()["message"]
    assert message.startswith('[query.kind.0] Invalid option: expected one of "sign_up"|')


def list_figures(root, **query):
    response = root.get(f"{STATS}?{urlencode(query)}")
    assert response.status_code == 200, response.text
    names = ("signIns", "signInFailures", "signUps", "activeSessions")
    return [
        (bucket["start"][5:16], *(bucket[name] for name in names))
        for bucket in response.json()["buckets"]
    ]


def test_hours_are_counted_without_gaps_and_the_last_one_ends_now(root):
    rows = list_figures(root, by="hour")
    assert len(rows) == 48
    assert rows[0] == ("11-20T13:00", 0, 0, 0, 0)
    assert rows[-3:] == [
        ("11-22T10:00", 0, 0, 1, 0),
        ("11-22T11:00", 1, 1, 0, 1),
        ("11-22T12:00", 0, 0, 1, 2),
    ]


def test_days_are_counted_the_same_way(root):
    rows = list_figures(root)
    assert len(rows) == 30
    assert rows[-2:] == [("11-21T00:00", 0, 0, 0, 0), ("11-22T00:00", 1, 1, 2, 2)]


def test_sessions_that_have_run_out_are_not_active(any_gatehouse, root):
    any_gatehouse.clock.advance(days=8)
    root.sign_in(ROOT)
    assert list_figures(root)[-1] == ("11-30T00:00", 1, 0, 0, 1)


def test_a_time_of_ones_own_is_widened_to_whole_hours(root):
    params = {"by": "hour", "from": "2026-11-22T11:45:00+01:00", "to": "2026-11-22T11:01:00Z"}
    assert [hour[0] for hour in list_figures(root, **params)] == ["11-22T10:00", "11-22T11:00"]


@pytest.mark.parametrize(
    "query",
    [
        {"by": "week"},
        {"from": (NOON + timedelta(days=1)).isoformat()},
        {"from": "2026-11-22T11:00:00Z", "to": "2026-11-22T10:00:00Z"},
        {"by": "hour", "from": "2026-01-01T00:00:00Z"},
    ],
)
def test_figures_that_cannot_be_are_refused(gatehouse, query):
    response = make_admin(gatehouse).get(f"{STATS}?{urlencode(query)}")
    assert response.status_code == 400
    assert response.json()["code"] == refusal("VALIDATION_ERROR")["code"]
