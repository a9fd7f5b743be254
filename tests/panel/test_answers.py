"""What stands around the pages: headers, policies, the nonce, what Gradio gets to see."""

import re

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from panel.server.gradio.middleware import GradioMiddleware
from panel.server.headers import PanelHeaders
from tests.clocks import SeededRandomness
from tests.in_process import Loop
from tests.make import make_settings
from tests.panel.conftest import HOME, LOGIN, Guest
from tests.panel.test_guard import JOIN

CLOSED = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
PAGE = (
    '<html><link rel="manifest" href="/manifest.json" /><script>a()</script>'
    '<script type="module" src="./x.js"></script><p>&lt;script&gt;</p><scripty></scripty></html>'
)


async def page(request):
    payload = {"access-control-allow-origin": "*", "query": request.url.query}
    return HTMLResponse(PAGE, headers=payload)


async def seen(request):
    payload = {"headers": dict(request.headers), "query": request.url.query}
    headers = {"access-control-allow-credentials": "true", "cache-control": "max-age=1"}
    return JSONResponse(payload, headers=headers)


async def asset(request):
    return Response("x", 404 if "gone" in request.url.path else 200)


class Dressed:
    """A stand-in for Gradio with everything around it that the panel puts there, but the guard."""

    def __init__(self, loop, settings):
        self.loop, self.settings = loop, settings
        chance = SeededRandomness("nonce")
        routes = [Route(HOME, page), Route(JOIN, seen, methods=["POST"]), Route("/{p:path}", asset)]
        around = Middleware(GradioMiddleware, settings=settings, randomness=chance)
        self.app = PanelHeaders(Starlette(routes=routes, middleware=[around]), settings)


@pytest.fixture
def dressed(loop: Loop, tmp_path):
    def dress(**told) -> Guest:
        settings = make_settings(tmp_path, **told)
        return Guest(Dressed(loop, settings), "203.0.113.7")

    return dress


def test_every_script_of_a_page_gets_the_nonce_and_nothing_else_does(dressed):
    answer = dressed().get(HOME)
    (nonce,) = set(re.findall('<script nonce="([^"]+)"', answer.text))
    assert f"script-src 'self' 'nonce-{nonce}';" in answer.headers["content-security-policy"]
    assert len(re.findall("<script[ >]", answer.text)) == answer.text.count(f'nonce="{nonce}"') == 3
    assert "<p>&lt;script&gt;</p><scripty>" in answer.text
    assert int(answer.headers["content-length"]) == len(answer.content)


def test_a_page_is_sent_small_to_whoever_can_unpack_it(dressed):
    guest = dressed()
    small = guest.get(HOME, headers={"accept-encoding": "gzip, br"})
    assert small.headers["content-encoding"] == "gzip"
    assert re.search('<script nonce="[^"]+"', small.text)
    assert "content-encoding" not in guest.get(HOME).headers


def test_each_page_has_a_nonce_of_its_own(dressed):
    guest = dressed()
    assert guest.get(HOME).text != guest.get(HOME).text


def test_the_pages_policy(dressed):
    policy = dressed().get(HOME).headers["content-security-policy"]
    assert re.sub("nonce-[^']+", "nonce", policy) == (
        "default-src 'none'; script-src 'self' 'nonce'; style-src 'self' 'unsafe-inline'; "
        "img-src 'self' data:; font-src 'self'; connect-src 'self'; base-uri 'self'; "
        "form-action 'self'; frame-ancestors 'none'"
    )


def test_instead_of_a_manifest_the_page_has_our_script_and_icon(dressed):
    text = dressed().get(HOME).text
    assert "manifest" not in text
    assert re.search(r'src="/admin/panel\.js\?[0-9a-f]{12}"', text)


def test_gradio_sees_neither_cookies_nor_where_a_request_comes_from(dressed):
    guest = dressed()
    guest.cookies["gatehouse_panel"] = "secret"
    payload = {
        "x-forwarded-host": "evil.example",
        "x-gradio-server": "http://evil.example",
        "x-forwarded-proto": "https",
        "authorization": "Bearer x",
        "content-type": "application/json",
    }
    headers = guest.post(f"{JOIN}?a=b", {}, headers=payload).json()["headers"]
    assert set(headers) == {"host", "content-type", "content-length", "user-agent"}


def test_of_what_an_address_asks_for_only_what_pages_may_read_comes_through(dressed):
    text = "?id=01a2&deep_link=x&__theme=dark&user=%3Cb%3E&search=O%27Brien%20%26+co"
    assert dressed().get(f"{HOME}{text}").headers["query"] == ""
    passed_on = dressed().post(f"{JOIN}{text}", {}).json()["query"]
    assert passed_on == "id=01a2&search=O%27Brien%20%26%20co"


def test_behind_https_gradio_is_told_so(dressed):
    headers = dressed(public_url="https://auth.example").post(JOIN, {}).json()["headers"]
    assert headers["x-forwarded-proto"] == "https"


def test_gradios_cors_headers_go_nowhere(dressed):
    guest = dressed()
    for answer in (guest.get(HOME), guest.post(JOIN, {})):
        assert [name for name in answer.headers if name.startswith("access-control")] == []


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
def test_only_what_never_changes_is_kept_by_browsers(dressed, path, cached):
    assert dressed().get(path).headers["cache-control"] == cached


@pytest.mark.parametrize("path", [HOME, LOGIN, JOIN, "/admin/theme.css", "/admin/nothing"])
def test_every_answer_carries_the_security_headers(shared, path):
    headers = shared.visitor().get(path).headers
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


def test_behind_https_every_answer_insists_on_it(dressed):
    headers = dressed(public_url="https://auth.example").get(HOME).headers
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
    ("path", "kind"), [("/admin/panel.js", "text/javascript"), ("/admin/icon.svg", "image/svg+xml")]
)
def test_our_own_files_are_open_to_anybody(shared, path, kind):
    answer = shared.visitor().get(path)
    assert answer.headers["content-type"].startswith(kind)
    assert answer.headers["cache-control"] == "public, max-age=86400"
