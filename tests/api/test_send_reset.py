"""POST /api/admin/send-reset: a link for a new password, that an admin sends."""

from sqlalchemy import delete

from backend.storage.tables import users
from tests.admins import ADA, ROOT, make_admin, user_id_of
from tests.make import PASSWORD
from tests.scene import events_after, refusal

SEND = "/api/admin/send-reset"


def list_mails(root):
    """The mails with a link for a new password, as the outbox shows them."""
    every = root.get("/api/admin/outbox").json()["mails"]
    return [mail for mail in every if mail["kind"] == "reset"]


def test_a_user_is_mailed_a_link_with_which_they_set_a_password(any_gatehouse):
    root, ada = make_admin(any_gatehouse), any_gatehouse.member(ADA, address="198.51.100.1")
    before = any_gatehouse.events()
    response = root.post(
        SEND, {"userId": user_id_of(any_gatehouse, ADA), "redirectTo": "/new-password"}
    )
    assert (response.status_code, response.json()) == (200, {"email": ADA, "sends": False})
    assert events_after(any_gatehouse, before) == ["password_reset_requested"]
    (event,) = [each for each in any_gatehouse.events() if each.kind == "password_reset_requested"]
    assert (event.actor, event.subject) == (any_gatehouse.user_id(ROOT), any_gatehouse.user_id(ADA))

    (mail,) = list_mails(root)
    assert mail["to"] == ADA
    opened = ada.get(mail["url"].removeprefix(any_gatehouse.settings.base_url))
    page, _, token = opened.headers["location"].partition("?token=")
    assert page.endswith("/new-password")
    chosen = {"newPassword": "another password", "token": token}
    assert ada.post("reset-password", chosen).status_code == 200
    assert any_gatehouse.visitor().sign_in(ADA, "another password").status_code == 200
    assert any_gatehouse.visitor().sign_in(ADA, PASSWORD).status_code == 401


def test_without_a_page_the_link_leads_to_that_of_the_first_frontend(start):
    frontends = ("https://*.example.net", "https://app.example.com/")
    gatehouse = start(frontend_url=frontends)
    root, _ = make_admin(gatehouse), gatehouse.member(ADA)
    assert root.post(SEND, {"userId": user_id_of(gatehouse, ADA)}).status_code == 200
    page = "callbackURL=https%3A%2F%2Fapp.example.com%2Freset-password"
    assert list_mails(root)[0]["url"].endswith(page)


def test_without_a_frontend_it_is_a_page_of_this_server(gatehouse):
    root, _ = make_admin(gatehouse), gatehouse.member(ADA)
    root.post(SEND, {"userId": user_id_of(gatehouse, ADA)})
    assert list_mails(root)[0]["url"].endswith("?callbackURL=%2Freset-password")


def test_who_asked_too_often_themselves_is_mailed_nevertheless(start):
    gatehouse = start(rate_limits=True)
    root, ada = make_admin(gatehouse), gatehouse.member(ADA, address="198.51.100.1")
    for number in range(4):
        stranger = gatehouse.visitor(f"198.51.100.{number + 2}")
        stranger.post("request-password-reset", {"email": ADA})
    before = len(list_mails(root))
    assert root.post(SEND, {"userId": user_id_of(gatehouse, ADA)}).status_code == 200
    assert len(list_mails(root)) == before + 1
    assert ada.session() is not None


def test_what_cannot_be_sent_is_refused_and_nothing_is_written(gatehouse):
    root, _ = make_admin(gatehouse), gatehouse.member(ADA)
    ada, before = user_id_of(gatehouse, ADA), gatehouse.events()
    elsewhere = root.post(SEND, {"userId": ada, "redirectTo": "https://evil.example"})
    assert (elsewhere.status_code, elsewhere.json()) == (403, refusal("INVALID_REDIRECT_URL"))
    gatehouse.execute(delete(users).where(users.c.email == ADA))
    gone = root.post(SEND, {"userId": ada})
    assert (gone.status_code, gone.json()) == (404, refusal("USER_NOT_FOUND"))
    assert root.post(SEND, {"userId": "ada"}).status_code == 404
    assert root.post(SEND, {}).json()["code"] == "VALIDATION_ERROR"
    assert (list_mails(root), events_after(gatehouse, before)) == ([], [])


def test_another_site_cannot_have_it_sent(gatehouse):
    root, _ = make_admin(gatehouse), gatehouse.member(ADA)
    root.origin = "https://evil.example"
    refused = root.post(SEND, {"userId": user_id_of(gatehouse, ADA)})
    assert (refused.status_code, refused.json()) == (403, refusal("INVALID_ORIGIN"))
