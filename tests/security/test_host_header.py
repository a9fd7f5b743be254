"""Threat: an attacker chooses the host of a mailed link, and gets its token (CVE-2025-64101)."""

import pytest

from tests.mailbox import open_link
from tests.make import PASSWORD

PUBLIC = "https://auth.example.com"
ADA, NEW = "ada@example.com", "new@example.com"
EVIL = [
    {"host": "evil.example"},
    {"host": "auth.example.com@evil.example"},
    {"x-forwarded-host": "evil.example"},
    {"x-forwarded-host": "evil.example", "x-forwarded-proto": "http"},
    {"forwarded": "host=evil.example;proto=http"},
    {"x-original-host": "evil.example", "x-host": "evil.example"},
]


@pytest.fixture(params=EVIL, ids=lambda headers: str(headers))
def evil(request):
    return request.param


@pytest.fixture
def public(start_mailing):
    return start_mailing(public_url=PUBLIC, delete_user_needs_link=True)


def test_every_mailed_link_leads_to_the_public_url(public, mailbox, evil):
    ada = public.visitor()
    body = {"name": "Ada", "email": ADA, "password": PASSWORD}
    ada.post("sign-up/email", body, headers=evil)
    ada.post("send-verification-email", {"email": ADA}, headers=evil)
    ada.post("request-password-reset", {"email": ADA}, headers=evil)
    ada.post("change-email", {"newEmail": NEW}, headers=evil)
    ada.post("delete-user", {}, headers=evil)
    open_link(public.visitor(), mailbox.last("verify"))
    ada.post("change-email", {"newEmail": NEW}, headers=evil)
    ada.get(mailbox.last("change-email").path, headers=evil)

    mails = mailbox.all()

    kinds = ["verify", "verify", "reset", "verify", "delete", "change-email", "verify"]
    assert [mail.kind for mail in mails] == kinds
    assert {mail.url.partition("/api/")[0] for mail in mails} == {PUBLIC}
    assert "evil" not in mailbox.file.read_text()


def test_every_redirect_stays_with_the_public_url(public, mailbox, evil):
    public.member()
    public.visitor().post("request-password-reset", {"email": ADA, "redirectTo": "/new"})
    path = mailbox.last("reset").path

    for link in (path, path.replace("%2Fnew", ""), path.replace("%2Fnew", "%2Fold")):
        response = public.visitor().get(link, headers=evil)
        assert response.headers["location"].startswith(f"{PUBLIC}/")
