"""The middleware around the pages: headers, policies, the nonce, and what Gradio receives."""

import re

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from panel.client.visitor import CURRENT_ADMIN, CurrentAdmin
from panel.pages import PAGES
from panel.server.gradio.middleware import GradioMiddleware
from panel.server.headers import PanelHeaders
from panel.server.sign_in import words as sign_in_words
from panel.ui import words
from tests.clocks import SeededRandomness
from tests.in_process import Loop
from tests.make import make_settings
from tests.panel.conftest import HOME, LOGIN, OWNER_EMAIL, PanelBrowser
from tests.panel.test_guard import JOIN

CLOSED = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
PAGE = (
    '<html><link rel="manifest" href="/manifest.json" /><script>a()</script><body style="x">'
    '<script type="module" src="./x.js"></script><p>&lt;script&gt;</p><scripty></scripty></html>'
)


async def page(request):
    payload = {"access-control-allow-origin": "*", "query": request.url.query}
    return HTMLResponse(PAGE, headers=payload)


async def echo(request):
    payload = {"headers": dict(request.headers), "query": request.url.query}
    headers = {"access-control-allow-credentials": "true", "cache-control": "max-age=1"}
    return JSONResponse(payload, headers=headers)


async def asset(request):
    return Response("x", 404 if "gone" in request.url.path else 200)


class WrappedGradio:
    """A stand-in for Gradio with all of the panel's middleware except the guard."""

    def __init__(self, loop, settings):
        self.loop, self.settings = loop, settings
        randomness = SeededRandomness("nonce")
        routes = [Route(HOME, page), Route(JOIN, echo, methods=["POST"]), Route("/{p:path}", asset)]
        middleware = Middleware(GradioMiddleware, settings=settings, randomness=randomness)
        self._panel = PanelHeaders(Starlette(routes=routes, middleware=[middleware]), settings)

    async def app(self, scope, receive, send):
        """Serve the owner, whom the guard puts into the scope."""
        owner = CurrentAdmin(None, "", OWNER_EMAIL, "")
        await self._panel({**scope, CURRENT_ADMIN: owner}, receive, send)


@pytest.fixture
def open_gradio(loop: Loop, tmp_path):
    def open_browser(**overrides) -> PanelBrowser:
        settings = make_settings(tmp_path, **overrides)
        return PanelBrowser(WrappedGradio(loop, settings), "203.0.113.7")

    return open_browser


def test_every_script_of_a_page_gets_the_nonce_and_nothing_else_does(open_gradio):
    response = open_gradio().get(HOME)
    (nonce,) = set(re.findall('<script nonce="([^"]+)"', response.text))
    assert f"script-src 'self' 'nonce-{nonce}';" in response.headers["content-security-policy"]
    assert (
        len(re.findall("<script[ >]", response.text))
        == response.text.count(f'nonce="{nonce}"')
        == 4
    )
    assert "<p>&lt;script&gt;</p><scripty>" in response.text
    assert int(response.headers["content-length"]) == len(response.content)


def test_a_page_is_sent_small_to_whoever_can_unpack_it(open_gradio):
    browser = open_gradio()
    compressed = browser.get(HOME, headers={"accept-encoding": "gzip, br"})
    assert compressed.headers["content-encoding"] == "gzip"
    assert re.search('<script nonce="[^"]+"', compressed.text)
    assert "content-encoding" not in browser.get(HOME).headers


def test_each_page_has_a_nonce_of_its_own(open_gradio):
    browser = open_gradio()
    assert browser.get(HOME).text != browser.get(HOME).text


def test_the_pages_policy(open_gradio):
    policy = open_gradio().get(HOME).headers["content-security-policy"]
    assert re.sub("nonce-[^']+", "nonce", policy) == (
        "default-src 'none'; script-src 'self' 'nonce'; style-src 'self' 'unsafe-inline'; "
        "img-src 'self' data:; font-src 'self'; connect-src 'self'; base-uri 'self'; "
        "form-action 'self'; frame-ancestors 'none'"
    )


def test_instead_of_a_manifest_the_page_has_our_script_and_icon(open_gradio):
    text = open_gradio().get(HOME).text
    assert "manifest" not in text
    assert re.search(r'src="/admin/panel\.js\?[0-9a-f]{12}"', text)


def test_the_page_comes_with_its_header(open_gradio):
    text = open_gradio(app_name="<Mine>").get(HOME).text
    header = text.partition('<body style="x">')[2].partition("</header>")[0]
    assert re.findall(r"<a href='([^']*)' aria-current='page'>([^<]*)<", header) == [
        (HOME, "Overview")
    ]
    assert header.count("<a href=") == len(PAGES) + 1
    assert f"<b>&lt;Mine&gt;</b> <a href='/admin/account'>{OWNER_EMAIL}</a>" in header
    assert "<form method='post' action='/admin/logout'>" in header
    assert f"role='status'>{words.LOADING}" in text
    assert sign_in_words.NO_KEY not in text


def test_without_a_secret_key_every_page_of_production_warns(open_gradio):
    text = open_gradio(environment="production", secret_key=None, bcrypt_rounds=10).get(HOME).text
    assert f"<p class='warning' role='note'><b>{sign_in_words.NO_KEY}</b>" in text


def test_gradio_sees_neither_cookies_nor_where_a_request_comes_from(open_gradio):
    browser = open_gradio()
    browser.cookies["gatehouse_panel"] = "secret"
    payload = {
        "x-forwarded-host": "evil.example",
        "x-gradio-server": "http://evil.example",
        "x-forwarded-proto": "https",
        "authorization": "Bearer x",
        "content-type": "application/json",
    }
    headers = browser.post(f"{JOIN}?a=b", {}, headers=payload).json()["headers"]
    assert set(headers) == {"host", "content-type", "content-length", "user-agent"}


def test_of_what_an_address_asks_for_only_what_pages_may_read_comes_through(open_gradio):
    text = "?id=01a2&deep_link=x&__theme=dark&user=%3Cb%3E&search=O%27Brien%20%26+co"
    assert open_gradio().get(f"{HOME}{text}").headers["query"] == ""
    query = open_gradio().post(f"{JOIN}{text}", {}).json()["query"]
    assert query == "id=01a2&search=O%27Brien%20%26%20co&refused=user"


def test_behind_https_gradio_is_told_so(open_gradio):
    headers = open_gradio(public_url="https://auth.example").post(JOIN, {}).json()["headers"]
    assert headers["x-forwarded-proto"] == "https"


def test_gradios_cors_headers_go_nowhere(open_gradio):
    browser = open_gradio()
    for response in (browser.get(HOME), browser.post(JOIN, {})):
        assert [name for name in response.headers if name.startswith("access-control")] == []


@pytest.mark.parametrize(
    ("path", "cached"),
    [
        ("/admin/assets/index-1a2b.js", "private, max-age=31536000, immutable"),
        ("/admin/static/img/logo.svg", "private, max-age=86400"),
        ("/admin/assets/gone.js", "no-store"),
        ("/admin/theme.css", "no-store"),
        (HOME, "no-store"),
    ],
)
def test_only_what_never_changes_is_kept_by_browsers(open_gradio, path, cached):
    assert open_gradio().get(path).headers["cache-control"] == cached


@pytest.mark.parametrize("path", [HOME, LOGIN, JOIN, "/admin/theme.css", "/admin/nothing"])
def test_every_answer_carries_the_security_headers(shared_panel, path):
    headers = shared_panel.visitor().get(path).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "same-origin"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert headers["permissions-policy"].startswith("camera=()")
    assert headers["cache-control"] == "no-store"
    assert "strict-transport-security" not in headers
    if path != LOGIN:
        assert headers["content-security-policy"] == CLOSED


def test_behind_https_every_answer_insists_on_it(open_gradio):
    headers = open_gradio(public_url="https://auth.example").get(HOME).headers
    assert headers["strict-transport-security"].startswith("max-age=63072000")


def test_only_the_hub_may_frame_a_space_and_only_its_pages(open_panel):
    hosts = ("abc-space.hf.space",)
    panel = open_panel(space_id="abc/space", space_host=hosts, bcrypt_rounds=10)
    page, part = panel.visitor().get(LOGIN), panel.visitor().get("/admin/theme.css")
    assert page.headers["content-security-policy"].endswith(
        "frame-ancestors https://huggingface.co"
    )
    assert part.headers["content-security-policy"] == CLOSED
    assert "x-frame-options" not in page.headers


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/admin/panel.js", "text/javascript"),
        ("/admin/connection.js", "text/javascript"),
        ("/admin/icon.svg", "image/svg+xml"),
        ("/admin/header.css", "text/css"),
        ("/admin/lists.css", "text/css"),
    ],
)
def test_our_own_files_are_open_to_anybody(shared_panel, path, kind):
    response = shared_panel.visitor().get(path)
    assert response.headers["content-type"].startswith(kind)
    assert response.headers["cache-control"] == "public, max-age=86400"
