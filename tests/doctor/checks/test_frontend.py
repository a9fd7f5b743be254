"""Apps that pass /api/auth on: as the guide says, and wrong in each way the doctor looks for."""

from dataclasses import dataclass

import httpx
import pytest

from doctor.client.sites import is_same_site, registrable_domain
from tests.doctor.run_checks import QUICK, WITH_ADMIN, outcome_of, run_checks
from tests.doctor.scripted_proxy import ScriptedProxy, make_response
from tests.rig.space import Space

VISITOR, APPS_SERVER = "203.0.113.50", "203.0.113.99"
KEY = "what the app's server and ours know"
PAGE = make_response(200, b"<!doctype html><title>An app</title>", "text/html")


@dataclass
class App:
    """An app's server in front of a server, and the platform's edge in front of that."""

    url: str
    server_url: str
    proxy: ScriptedProxy


def from_the_visitor(request):
    """What the platform's edge adds for who comes from the open internet."""
    request.headers["x-forwarded-for"] = VISITOR


def as_in_the_guide(request):
    """What `proxy.ts` does, on a host that overwrites what visitors claim."""
    if not request.path.startswith("/api/auth"):
        return PAGE
    request.headers["x-forwarded-for"] = APPS_SERVER
    request.headers["x-gatehouse-key"] = KEY
    request.headers["x-gatehouse-client-ip"] = VISITOR
    return None


@pytest.fixture(scope="module")
def edge_and_space(tmp_path_factory):
    with ScriptedProxy(before=from_the_visitor) as edge:
        settings = {
            **QUICK,
            **WITH_ADMIN,
            "PUBLIC_URL": edge.url,
            "FRONTEND_URL": "http://127.0.0.1:*",
            "FRONTEND_PROXY_KEY": KEY,
        }
        with Space(tmp_path_factory.mktemp("space"), settings) as space:
            edge.target = space.url
            yield edge, space


@pytest.fixture
def app(edge_and_space):
    """An app that does as the guide says, until a test spoils it."""
    edge, space = edge_and_space
    with ScriptedProxy(before=as_in_the_guide) as proxy:
        proxy.target = space.url
        yield App(proxy.url, edge.url, proxy)


def seen_through(app, *names):
    found = run_checks(app.server_url, *(names or ("frontend",)), frontend=app.url)
    return {name: each for name, each in found.items() if name.startswith("frontend.")}


def not_right(found):
    """What did not pass, but for what was not made because of something that failed."""
    return {
        name: each.verdict.value for name, each in found.items() if each.verdict in {"fail", "warn"}
    }


def test_an_app_as_in_the_guide_is_right(app):
    found = seen_through(app)
    others = {name: outcome_of(each) for name, each in found.items() if each.verdict != "pass"}
    not_passed_on = ("skipped", "the app does not pass /api/stream on")
    assert others == {"frontend.stream": not_passed_on}
    assert VISITOR in found["frontend.address"].evidence


def test_without_an_app_one_line_says_so(edge_and_space):
    edge, _ = edge_and_space
    found = run_checks(edge.url, "frontend")
    assert [name for name in found if name.startswith("frontend.")] == ["frontend.reaches"]
    assert "--frontend" in found["frontend.reaches"].evidence


def spoiled(name, *, before=None, after=None, finds):
    return pytest.param(before, after, finds, id=name)


def page_for_all(_):
    return PAGE


def drop_cookies(_, response):
    response.drop_headers("set-cookie")


def drop_deletions(_, response):
    response.headers = [each for each in response.headers if "max-age=0" not in each[1].lower()]


def cookies(change):
    """Change each Set-Cookie line."""

    def after(_, response):
        response.headers = [
            (name, change(value) if name == "set-cookie" else value)
            for name, value in response.headers
        ]

    return after


def keep_cookie_back(request):
    request.headers.pop("cookie", None)
    return as_in_the_guide(request)


def without_the_key(request):
    response = as_in_the_guide(request)
    request.headers.pop("x-gatehouse-key", None)
    return response


def believing_the_visitor(request):
    claimed = request.headers.get("x-gatehouse-client-ip")
    response = as_in_the_guide(request)
    request.headers["x-gatehouse-client-ip"] = claimed or VISITOR
    return response


def without_origin(request):
    request.headers.pop("origin", None)
    return as_in_the_guide(request)


def open_to_all(request, response):
    response.set_header("access-control-allow-origin", request.headers.get("origin", "*"))


def let_everybody_in(request):
    if request.path == "/api/auth/list-sessions" and "cookie" not in request.headers:
        return make_response(200, b"[]")
    return as_in_the_guide(request)


def sign_out_by_itself(request):
    if request.path != "/api/auth/sign-out":
        return as_in_the_guide(request)
    response = make_response(200, b'{"success":true}')
    response.set_header("set-cookie", "better-auth.session_token=; Path=/; Max-Age=0")
    return response


@pytest.mark.parametrize(
    ("before", "after", "finds"),
    [
        spoiled("no rewrite", before=page_for_all, finds={"frontend.reaches": "fail"}),
        spoiled("cookies dropped", after=drop_cookies, finds={"frontend.cookie": "fail"}),
        spoiled(
            "a Domain of its own",
            after=cookies(lambda line: f"{line}; Domain=127.0.0.1"),
            finds={"frontend.cookie": "fail"},
        ),
        spoiled(
            "a foreign Domain",
            after=cookies(lambda line: f"{line}; Domain=vercel.app"),
            finds={"frontend.cookie": "fail"},
        ),
        spoiled(
            "a prefix without Secure",
            after=cookies(lambda line: f"__Secure-{line}"),
            finds={"frontend.cookie-kept": "fail", "frontend.session": "fail"},
        ),
        spoiled(
            "SameSite=None without Secure",
            after=cookies(lambda line: line.replace("SameSite=Lax", "SameSite=None")),
            finds={"frontend.cookie-kept": "fail", "frontend.cookie-safe": "warn"},
        ),
        spoiled(
            "Partitioned",
            after=cookies(lambda line: f"{line}; Secure; Partitioned"),
            finds={"frontend.cookie-safe": "warn"},
        ),
        spoiled(
            "no HttpOnly",
            after=cookies(lambda line: line.replace("; HttpOnly", "")),
            finds={"frontend.cookie-safe": "fail"},
        ),
        spoiled("Cookie kept back", before=keep_cookie_back, finds={"frontend.session": "fail"}),
        spoiled("no key", before=without_the_key, finds={"frontend.address": "fail"}),
        spoiled(
            "the visitor's word",
            before=believing_the_visitor,
            finds={"frontend.forged-address": "fail"},
        ),
        spoiled("CORS for everyone", after=open_to_all, finds={"frontend.foreign": "fail"}),
        spoiled("let in", before=let_everybody_in, finds={"frontend.protected": "fail"}),
        spoiled("cookies not cleared", after=drop_deletions, finds={"frontend.sign-out": "fail"}),
        spoiled(
            "sign-out by itself", before=sign_out_by_itself, finds={"frontend.sign-out": "fail"}
        ),
    ],
)
def test_a_spoiled_app_is_found(app, before, after, finds):
    app.proxy.before = before or app.proxy.before
    app.proxy.after = after or app.proxy.after
    found = seen_through(app)
    assert not_right(found) == finds
    assert [name for name in finds if not found[name].fix] == []


def everything_passed_on(request):
    as_in_the_guide(request)


def test_a_stream_that_is_passed_on_piece_by_piece_is_right(app):
    app.proxy.before = everything_passed_on
    found = seen_through(app, "frontend.stream")["frontend.stream"]
    assert found.verdict == "pass"
    assert found.evidence.startswith("5 events, ")


def test_a_stream_that_is_collected_first_is_found(app):
    def collect(_, response):
        response.read()

    app.proxy.before, app.proxy.after = everything_passed_on, collect
    found = seen_through(app, "frontend.stream")["frontend.stream"]
    assert found.verdict == "fail"
    assert "collects the response" in found.fix


def test_an_origin_that_is_rewritten_is_found(app):
    def rewritten(request):
        if "origin" in request.headers:
            request.headers["origin"] = app.url
        return as_in_the_guide(request)

    app.proxy.before = rewritten
    assert not_right(seen_through(app)) == {"frontend.foreign": "fail"}


def test_answers_that_are_kept_are_found(app):
    kept = {}

    def from_memory(request):
        return kept.get(request.path) if "get-session" in request.path else as_in_the_guide(request)

    def remember(request, response):
        if "get-session" in request.path and response.read() != b"null":
            kept.setdefault(request.path, response)

    app.proxy.before = lambda request: from_memory(request) or as_in_the_guide(request)
    app.proxy.after = remember
    found = seen_through(app)
    assert found["frontend.session"].verdict == "fail"
    assert "without a cookie" in found["frontend.session"].evidence


def test_an_app_in_front_of_another_server_is_found(app, tmp_path):
    elsewhere = {**QUICK, "FRONTEND_URL": "http://127.0.0.1:*"}
    with Space(tmp_path, elsewhere) as another:
        app.proxy.target = another.url
        found = seen_through(app)
    assert not_right(found) == {"frontend.sign-in": "fail"}
    assert "another database" in found["frontend.sign-in"].fix


def test_an_app_that_is_not_named_in_frontend_url_is_told_the_setting(tmp_path):
    with Space(tmp_path, QUICK) as space, ScriptedProxy(before=as_in_the_guide) as proxy:
        proxy.target = space.url
        found = run_checks(space.url, "frontend.sign-in", frontend=proxy.url)["frontend.sign-in"]
    assert found.verdict == "fail"
    assert found.fix == f"Set FRONTEND_URL={proxy.url} on the server."


@pytest.mark.parametrize(
    ("host", "its_site"),
    [
        ("app.example.com", "example.com"),
        ("example.com", "example.com"),
        ("owner-auth.hf.space", "owner-auth.hf.space"),
        ("a.owner-auth.hf.space", "owner-auth.hf.space"),
        ("my-app.vercel.app", "my-app.vercel.app"),
        ("shop.example.co.uk", "example.co.uk"),
        ("localhost", "localhost"),
        ("127.0.0.1", "127.0.0.1"),
        ("::1", "::1"),
    ],
)
def test_the_site_of_a_host(host, its_site):
    assert registrable_domain(host) == its_site


def test_an_app_on_vercel_and_a_space_are_two_sites():
    assert not is_same_site("https://my-app.vercel.app", "https://owner-auth.hf.space")
    assert not is_same_site("http://app.example.com", "https://auth.example.com")
    assert is_same_site("https://app.example.com", "https://auth.example.com")


def test_what_would_happen_without_the_app_is_said(app, monkeypatch):
    monkeypatch.setattr("doctor.checks.frontend.cookie.is_same_site", lambda app, server: False)
    found = seen_through(app, "frontend.cookie")["frontend.cookie"]
    assert "third-party: with SameSite=Lax, neither kept nor sent" in found.evidence


def test_the_proxy_of_these_tests_passes_on_what_it_gets(app):
    reply = httpx.get(f"{app.url}/api/auth/ok", trust_env=False)
    assert reply.json() == {"ok": True}
