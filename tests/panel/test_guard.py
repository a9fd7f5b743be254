"""Who gets past the guard, and with what."""

import httpx
import pytest
from sqlalchemy import update

from backend.limits.rules import SESSION_CHECKS_OF_ADMINS
from backend.storage.tables import users
from panel.client.visitor import CurrentAdmin, Visitor
from panel.server.recent_admins import RecentAdmins
from panel.tester.browsers import Browser
from tests.panel.conftest import HOME, LOGIN, LOGOUT, OWNER_EMAIL, Panel, PanelBrowser

JOIN = "/admin/gradio_api/queue/join"
PER_WINDOW = SESSION_CHECKS_OF_ADMINS.amount
SPACE = {"space_id": "abc/space", "bcrypt_rounds": 10}
ASSET = "/admin/assets/index-DphvyggB.js"
FONT = "/admin/static/fonts/Inter/Inter-Regular.woff2"
PANEL_PATHS = [
    ("GET", ASSET),
    ("GET", FONT),
    ("GET", "/admin/theme.css"),
    ("GET", "/admin/gradio_api/queue/data"),
    ("GET", "/admin/gradio_api/heartbeat/abc123"),
    ("GET", "/admin/gradio_api/app_id"),
    ("POST", JOIN),
    ("POST", "/admin/gradio_api/cancel"),
]
NOT_FOUND = [
    ("GET", "/admin/config"),
    ("GET", "/admin/info"),
    ("GET", "/admin/users/"),
    ("POST", "/admin/users"),
    ("GET", "/admin/nothing"),
    ("GET", "/admin/openapi.json"),
    ("GET", "/admin/monitoring"),
    ("GET", "/admin/manifest.json"),
    ("GET", "/admin/logout"),
    ("GET", "/admin//"),
    ("GET", "/admin/theme.css/"),
    ("GET", "/admin/theme.css%0A"),
    ("GET", "/admin/assets/"),
    ("GET", "/admin/assets/%2e%2e/config"),
    ("GET", "/admin/log%69n"),
    ("POST", "/admin/logou%74"),
    ("GET", "/admin/%75sers"),
    ("GET", "/admin%2Fusers"),
    ("GET", "/admin/users%2Ecsv"),
    ("GET", "/admin/theme%2Ecss"),
    ("POST", "/admin/gradio_api%2Fqueue/join"),
    ("POST", "/admin/gradio_api/queue/jo%69n"),
    ("GET", f"{ASSET.removesuffix('.js')}%2Ejs"),
    ("GET", "/admin/assets/.hidden"),
    ("GET", "/admin/assets//x.js"),
    ("GET", "/admin/gradio_api/info"),
    ("GET", "/admin/gradio_api/openapi.json"),
    ("GET", "/admin/gradio_api/file=/etc/passwd"),
    ("GET", "/admin/gradio_api/proxy=https://x.hf.space/"),
    ("GET", "/admin/gradio_api/startup-events"),
    ("GET", "/admin/gradio_api/heartbeat/%2e%2e/info"),
    ("POST", "/admin/gradio_api/upload"),
    ("POST", "/admin/gradio_api/run/predict"),
    ("POST", "/admin/gradio_api/call/predict"),
    ("POST", "/admin/gradio_api/component_server"),
    ("POST", "/admin/gradio_api/queue/data"),
    ("GET", JOIN),
    ("POST", HOME),
    ("PUT", HOME),
    ("DELETE", LOGIN),
    ("OPTIONS", JOIN),
]


def browser_a_of_tester(panel: Panel, browser: PanelBrowser) -> Browser:
    """Return browser A of the Tester for the session in a browser."""
    key = browser.cookies["gatehouse_panel"]
    visitor = Visitor(("", 0), None, "", framed=False, token=key)
    return panel.services.tester.browser(CurrentAdmin(visitor, key, OWNER_EMAIL, ""), "A")


def is_ok(response: httpx.Response) -> bool:
    return response.status_code == 200


@pytest.mark.parametrize("accept", ["text/html", "application/json", "*/*", None])
@pytest.mark.parametrize("path", ["/admin", HOME])
def test_a_stranger_is_led_to_the_sign_in_page_whatever_they_accept(shared_panel, path, accept):
    response = shared_panel.visitor().get(path, headers={"accept": accept})
    assert (response.status_code, response.headers["location"]) == (303, LOGIN)


@pytest.mark.parametrize(("method", "path"), PANEL_PATHS)
def test_a_stranger_gets_no_part_of_a_page(shared_panel, method, path):
    response = shared_panel.visitor().send(method, path)
    assert response.status_code == 401
    assert response.json() == {"message": "Sign in first."}


@pytest.mark.parametrize(("method", "path"), PANEL_PATHS)
def test_the_owner_gets_every_part(owner, method, path):
    response = owner.send(method, path)
    assert response.json() == {"path": path, "email": OWNER_EMAIL, "address": "203.0.113.7"}


@pytest.mark.parametrize(("method", "path"), NOT_FOUND)
def test_what_the_pages_do_not_need_is_not_there_even_for_the_owner(
    shared_panel, owner, method, path
):
    assert shared_panel.visitor().send(method, path).status_code == 404
    assert owner.send(method, path).status_code == 404


def test_only_what_begins_with_the_prefix_is_the_panels(shared_panel):
    assert shared_panel.visitor().get("/health").json()["status"] == "ok"
    assert shared_panel.visitor().get("/administer").status_code == 404
    assert "x-request-id" in shared_panel.visitor().get("/administer").headers  # the API said so


def test_without_the_slash_the_owner_is_led_to_the_first_page(owner):
    response = owner.get("/admin")
    assert (response.status_code, response.headers["location"]) == (303, HOME)


def test_a_session_ended_elsewhere_opens_nothing_from_that_moment(panel):
    browser, api_visitor = panel.owner(), panel.gatehouse.visitor()
    assert is_ok(browser.get(HOME))
    api_visitor.sign_in(OWNER_EMAIL)
    assert api_visitor.post("revoke-other-sessions", {}).status_code == 200
    assert browser.get(HOME).headers["location"] == LOGIN
    assert browser.post(JOIN, {}).status_code == 401


def test_the_testers_browsers_are_forgotten_with_the_session(panel):
    browser, api_visitor = panel.owner(), panel.gatehouse.visitor()
    browser_a_of_tester(panel, browser).signed_in_as = "ada@example.com"
    api_visitor.sign_in(OWNER_EMAIL)
    api_visitor.post("revoke-other-sessions", {})
    assert browser_a_of_tester(panel, browser).signed_in_as == "ada@example.com"
    browser.get(HOME)
    assert browser_a_of_tester(panel, browser).signed_in_as is None


@pytest.mark.parametrize(
    ("role", "is_let_in"),
    [("user,admin", True), ("admin,editor", True), ("administrator", False), ("user", False)],
)
def test_admin_may_be_one_of_several_roles_but_not_part_of_one(panel, role, is_let_in):
    browser, gatehouse = panel.owner(), panel.gatehouse
    statement = update(users).where(users.c.email == OWNER_EMAIL).values(role=role)
    gatehouse.execute(statement, gatehouse.user_id(OWNER_EMAIL))
    assert is_ok(browser.get(HOME)) is is_let_in


def test_a_session_of_the_api_does_not_open_the_panel(panel):
    admin = panel.gatehouse.visitor()
    admin.sign_in(OWNER_EMAIL)
    browser = panel.visitor()
    browser.cookies = dict(admin.cookies)
    assert browser.get(HOME).headers["location"] == LOGIN


def test_a_session_of_the_panel_does_not_open_the_api(panel):
    assert panel.owner().get("get-session").json() is None


@pytest.mark.parametrize("forged", ["x", "x.y", "../..", "a; b", "%00", "a" * 2000, ""])
def test_a_forged_cookie_opens_nothing(shared_panel, forged):
    browser = shared_panel.visitor()
    browser.cookies["gatehouse_panel"] = forged
    assert browser.get(HOME).headers["location"] == LOGIN


FROM_ELSEWHERE = [
    {"origin": "https://evil.example"},
    {"origin": "http://localhost:7861"},
    {"origin": "https://localhost:7860"},
    {"origin": "null"},
    {"origin": "http://localhost:7860.evil.example"},
    {"sec-fetch-site": "cross-site"},
    {"sec-fetch-site": "same-site"},
    {"sec-fetch-site": "none"},
    {"origin": None, "sec-fetch-site": "cross-site"},
    {"origin": None},
]


@pytest.mark.parametrize("headers", FROM_ELSEWHERE, ids=str)
@pytest.mark.parametrize("path", [JOIN, LOGIN, LOGOUT, "/admin/gradio_api/cancel"])
def test_a_write_from_another_site_is_refused(owner, path, headers):
    response = owner.post(path, {}, headers=headers)
    assert response.status_code == 403
    assert "set-cookie" not in response.headers


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://localhost:7860"},
        {"origin": "http://127.0.0.1:7860"},
        {"origin": "http://localhost:7860", "sec-fetch-site": "same-origin"},
        {"origin": None, "sec-fetch-site": "same-origin"},
        {"origin": "http://192.168.1.20:7860", "host": "192.168.1.20:7860"},
    ],
    ids=str,
)
def test_a_write_from_our_own_pages_is_let_through(owner, headers):
    assert is_ok(owner.post(JOIN, {}, headers=headers))


@pytest.mark.parametrize(
    "settings",
    [
        {"environment": "production", "bcrypt_rounds": 10, "public_url": "http://auth.example"},
        {"public_url": "https://auth.example"},
    ],
    ids=["production", "https"],
)
def test_the_host_a_request_names_proves_nothing_there(open_panel, settings):
    owner = open_panel(**settings).owner()
    headers = {"origin": "http://evil.example", "host": "evil.example"}
    assert owner.post(JOIN, {}, headers=headers).status_code == 403


def test_each_of_a_spaces_hosts_is_our_own(open_panel):
    hosts = ("abc-space.hf.space", "auth.example")
    owner = open_panel(**SPACE, space_host=hosts).owner()
    for host in hosts:
        assert is_ok(owner.post(JOIN, {}, headers={"origin": f"https://{host}"}))
    assert owner.post(JOIN, {}, headers={"origin": "https://x.hf.space"}).status_code == 403


def test_websockets_are_refused(shared_panel):
    messages = []

    async def connect():
        scope = {"type": "websocket", "path": HOME, "headers": [], "query_string": b""}

        async def receive():
            return {"type": "websocket.connect"}

        async def send(message):
            messages.append(message)

        await shared_panel.app(scope, receive, send)

    shared_panel.loop.run(connect())
    assert messages == [{"type": "websocket.close", "code": 1008}]


def test_one_session_may_ask_so_often_in_ten_seconds_and_no_more(open_panel):
    panel = open_panel(rate_limits=True)
    owner, other = panel.owner(), panel.owner(address="198.51.100.9")
    panel.gatehouse.wait_for_the_feed()
    owner.get(HOME)  # reads the session, which is remembered and counted from now on
    statuses = {owner.get("/admin/theme.css").status_code for _ in range(PER_WINDOW)}
    assert statuses == {200}
    response = owner.get("/admin/theme.css")
    assert (response.status_code, response.headers["retry-after"]) == (429, "11")
    assert response.json() == {"message": "Too many attempts. Try again in 11 seconds."}
    page = owner.get(HOME)
    assert page.status_code == 429
    assert "Too many attempts." in page.text
    assert is_ok(other.get(HOME))
    panel.clock.advance(minutes=1, seconds=1)
    assert is_ok(owner.get(HOME))


def test_files_neither_count_nor_ask_the_api_anew(open_panel, monkeypatch):
    panel = open_panel(rate_limits=True)
    owner = panel.owner()
    assert is_ok(owner.get(HOME))
    paths: list[str] = []
    call = panel.services.api.call
    monkeypatch.setattr(
        panel.services.api,
        "call",
        lambda *args, **options: (paths.append(args[2]), call(*args, **options))[1],
    )
    for path in (ASSET, FONT):
        assert all(is_ok(owner.get(path)) for _ in range(PER_WINDOW))
    assert paths == []
    assert is_ok(owner.get(HOME))
    assert len(paths) == 1


def test_a_file_is_shown_for_a_minute_after_its_reader_was_known_and_then_asked_for(panel):
    browser, api_visitor = panel.owner(), panel.gatehouse.visitor()
    assert is_ok(browser.get(HOME))
    api_visitor.sign_in(OWNER_EMAIL)
    api_visitor.post("revoke-other-sessions", {})
    assert is_ok(browser.get(ASSET))  # it is the same for everybody, and holds no secret
    panel.clock.advance(seconds=61)
    assert browser.get(ASSET).status_code == 401


def test_with_the_session_its_files_end_as_soon_as_the_panel_hears_of_it(panel):
    browser, api_visitor = panel.owner(), panel.gatehouse.visitor()
    assert is_ok(browser.get(HOME))
    api_visitor.sign_in(OWNER_EMAIL)
    api_visitor.post("revoke-other-sessions", {})
    browser.get(HOME)
    assert browser.get(ASSET).status_code == 401


def test_a_bounded_number_of_owners_is_remembered(clock, monkeypatch):
    monkeypatch.setattr("panel.server.recent_admins._MAX_SESSIONS", 2)
    known = RecentAdmins(clock)
    for name in ("a", "b", "c"):
        known.remember(
            CurrentAdmin(Visitor(("", 0), None, "", framed=False, token=name), name, "", "")
        )
    assert [known.find(name) is None for name in ("a", "b", "c", None)] == [
        True,
        False,
        False,
        True,
    ]
