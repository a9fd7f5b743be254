"""Threat: somebody chooses a password that attackers have from another site's breach.

BREACHED_PASSWORDS names a service that knows such passwords. The scenes ask a stand-in that speaks
its protocol, and then one that is slow, broken or lies.
"""

import threading
from hashlib import sha1

import pytest
from structlog.testing import capture_logs

from backend.features.accounts import breached_passwords
from tests.admins import ADA, BOB, make_admin, user_id_of
from tests.make import PASSWORD
from tests.rig.authority import Authority
from tests.rig.processes import wait_until
from tests.rig.stand_in import PADDING, StandIn, drip, hang_up, hold, know_passwords, say

BREACHED = "tr0ub4dor and three"  # in no list of ours
COMMON = "password123"
MESSAGE = "The password you entered has been compromised. Please choose a different password."


@pytest.fixture
def service():
    with StandIn(know_passwords(BREACHED)) as stand_in:
        yield stand_in


@pytest.fixture
def start_asking(start, service):
    """Start an application that asks the service."""
    return lambda **settings: start(breached_passwords=f"{service.url}range", **settings)


def assert_refused(response):
    expected = {"message": MESSAGE, "code": "PASSWORD_COMPROMISED"}
    assert (response.status_code, response.json()) == (400, expected)


@pytest.mark.parametrize("strict", [True, False])
def test_wherever_a_password_is_chosen_a_breached_one_is_refused(
    start_on, service, mailbox, strict
):
    url = f"{service.url}range/"
    gatehouse = start_on(breached_passwords=url, strict=strict, mailbox_file=mailbox.file)
    assert_refused(gatehouse.visitor().sign_up(ADA, BREACHED))
    ada = gatehouse.member(ADA)
    wrong = {"currentPassword": "not the current one", "newPassword": BREACHED}
    assert_refused(ada.post("change-password", wrong))  # before the other is looked at
    ada.post("request-password-reset", {"email": ADA, "redirectTo": "/"})
    token = mailbox.last("reset").token
    assert_refused(ada.post("reset-password", {"token": token, "newPassword": BREACHED}))
    ada.post("email-otp/request-password-reset", {"email": ADA})
    code = {"email": ADA, "otp": mailbox.all(ADA)[-1].code, "password": BREACHED}
    assert_refused(ada.post("email-otp/reset-password", code))
    admin = make_admin(gatehouse)
    bob = {"email": BOB, "name": "Bob", "password": BREACHED}
    assert_refused(admin.post("admin/create-user", bob))
    someone = {"userId": user_id_of(gatehouse, ADA), "newPassword": BREACHED}
    assert_refused(admin.post("admin/set-user-password", someone))

    assert gatehouse.visitor().sign_in(ADA).status_code == 200  # as before
    good = {"token": token, "newPassword": "another good password"}
    assert ada.post("reset-password", good).status_code == 200  # its link was not used up


def test_five_digits_are_all_the_service_learns(start_asking, service):
    assert start_asking().visitor().sign_up().status_code == 200
    (asked,) = service.requests
    digest = sha1(PASSWORD.encode(), usedforsecurity=False).hexdigest().upper()
    assert (asked.method, asked.path, asked.body) == ("GET", f"/range/{digest[:5]}", b"")
    assert asked.headers["add-padding"] == "true"
    assert not {"cookie", "authorization", "referer", "x-forwarded-for"} & asked.headers.keys()
    assert digest[5:15] not in str(asked).upper()


def test_the_same_connection_is_used_again(start_asking, service):
    visitor = start_asking().visitor()
    for number in range(3):
        assert visitor.sign_up(f"user{number}@example.com").status_code == 200
    assert (len(service.requests), service.connections) == (3, 1)


def test_padding_is_no_breach(start_asking):
    assert start_asking().visitor().sign_up(password=PADDING[0]).status_code == 200


def test_a_password_counts_in_the_form_that_opens_the_account(start_asking):
    wide = "".join(chr(ord(each) + 0xFEE0) if "!" <= each <= "~" else each for each in BREACHED)
    assert_refused(start_asking().visitor().sign_up(password=wide))


def test_signing_in_asks_nobody(start_asking, service):
    gatehouse = start_asking()
    gatehouse.member(ADA)
    service.requests.clear()
    gatehouse.visitor().sign_in(ADA)
    gatehouse.visitor().sign_in(ADA, BREACHED)
    assert service.requests == []


def test_nobody_waits_for_the_database_meanwhile(start_on, service):
    released = threading.Event()
    gatehouse = start_on(breached_passwords=service.url)
    gatehouse.member(BOB)
    asked = len(service.requests)

    def answer(handler, received):
        released.wait(60)
        know_passwords()(handler, received)

    service.answer = answer
    ada = gatehouse.visitor()
    body = {"name": "Ada", "email": ADA, "password": PASSWORD}
    waiting = gatehouse.loop.start(ada.send_async("POST", "sign-up/email", body))
    wait_until(lambda: len(service.requests) > asked, "the question")
    assert gatehouse.visitor().sign_in(BOB).status_code == 200  # it writes a session
    released.set()
    assert waiting.result().status_code == 200


AWAY = {
    "hangs up": hang_up,
    "refuses": say(b"Forbidden", 403),
    "fails": say(b"", 500),
    "is busy": say(b"Too many", 429, retry_after="2"),
    "leads elsewhere": say(b"", 302, location="http://127.0.0.1:9/"),
    "shows a page": say(b"<html><p>Sign in to this network</p></html>", kind="text/html"),
    "counts in words": say(b"%s:many" % (b"0" * 35)),
    "answers other digests": say(b"0123456789ABCDEF:3\r\n"),
    "never ends": say(b"%s:0\r\n" % (b"F" * 35) * 40_000),
    "compresses": say(b"\x1f\x8b\x08", content_encoding="gzip"),
}


@pytest.mark.parametrize("answer", AWAY.values(), ids=AWAY.keys())
@pytest.mark.parametrize("strict", [True, False])
def test_a_service_that_is_broken_leaves_it_to_the_built_in_list(start, service, answer, strict):
    service.answer = answer
    gatehouse = start(breached_passwords=service.url, strict=strict)
    with capture_logs() as logs:
        assert gatehouse.visitor().sign_up(BOB, BREACHED).status_code == 200
        assert_refused(gatehouse.visitor().sign_up(ADA, COMMON))
        assert gatehouse.visitor().get("/ready").status_code == 200
    (line,) = [each for each in logs if each["event"] == "breached_passwords_unavailable"]
    assert line["url"] == service.url
    assert line["reason"]
    assert BREACHED not in str(logs)


@pytest.mark.parametrize("answer", [hold, drip], ids=["silent", "byte by byte"])
def test_a_slow_service_is_waited_for_once_in_a_while(start, service, clock, monkeypatch, answer):
    monkeypatch.setattr(breached_passwords, "_TIMEOUT", 0.2)
    service.answer = answer
    gatehouse = start(breached_passwords=service.url)
    for number in range(4):
        assert gatehouse.visitor().sign_up(f"user{number}@example.com").status_code == 200
    assert len(service.requests) == 1
    service.answer = know_passwords(BREACHED)
    clock.advance(seconds=31)
    assert_refused(gatehouse.visitor().sign_up(ADA, BREACHED))
    assert_refused(gatehouse.visitor().sign_up(ADA, BREACHED))  # it is asked again, each time
    assert len(service.requests) == 3


def test_the_log_says_once_a_minute_that_it_is_away(start, service, clock):
    service.answer = hang_up
    gatehouse = start(breached_passwords=service.url)
    with capture_logs() as logs:
        for number in range(8):
            gatehouse.visitor().sign_up(f"user{number}@example.com")
            clock.advance(seconds=15)
    assert [each["event"] for each in logs].count("breached_passwords_unavailable") == 2


def test_a_service_without_a_certificate_to_trust_is_not_asked(start, tmp_path, monkeypatch):
    authority = Authority(tmp_path)
    with StandIn(know_passwords(BREACHED), tls=authority.tls()) as service:
        distrusting = start(breached_passwords=service.url, data_dir=tmp_path / "a")
        assert distrusting.visitor().sign_up(BOB, BREACHED).status_code == 200
        assert service.requests == []
        monkeypatch.setenv("SSL_CERT_FILE", str(authority.ca_file))
        trusting = start(breached_passwords=service.url, data_dir=tmp_path / "b")
        assert_refused(trusting.visitor().sign_up(ADA, BREACHED))


def test_no_proxy_of_the_environment_stands_before_this_machine(start_asking, monkeypatch):
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert_refused(start_asking().visitor().sign_up(password=BREACHED))


@pytest.mark.parametrize(
    ("settings", "common", "personal"),
    [
        ({"strict": True}, 400, 400),
        ({"strict": True, "breached_passwords": "off"}, 200, 400),
        ({"strict": False}, 200, 200),
        ({"strict": False, "breached_passwords": "off"}, 200, 200),
    ],
    ids=["common", "off", "common, not strict", "off, not strict"],
)
def test_what_is_refused_without_a_service(start, settings, common, personal):
    visitor = start(**settings).visitor()
    assert visitor.sign_up(BOB, COMMON).status_code == common
    assert visitor.sign_up("grace@example.com", "grace-12345").status_code == personal


def test_with_a_service_only_that_decides_without_strict(start_asking, service):
    service.answer = know_passwords()
    gatehouse = start_asking(strict=False)
    assert gatehouse.visitor().sign_up(password=COMMON).status_code == 200
    gatehouse.close()
    assert_refused(start_asking().visitor().sign_up(BOB, COMMON))
    assert len(service.requests) == 1  # where STRICT is on, the list has refused it before
