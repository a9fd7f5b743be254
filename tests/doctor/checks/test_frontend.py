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
class AppServer:
    """An app's server in front of a server, and the platform's edge in front of that."""

    url: str
    server_url: str
    proxy: ScriptedProxy


def add_visitor_address(request):
    """What the platform's edge adds for who comes from the open internet."""
    request.headers["x-forwarded-for"] = VISITOR


def forward_as_in_guide(request):
    """What `proxy.ts` does, on a host that overwrites what visitors claim."""
    if not request.path.startswith("/api/auth"):
        return PAGE
    request.headers["x-forwarded-for"] = APPS_SERVER
    request.headers["x-gatehouse-key"] = KEY
    request.headers["x-gatehouse-client-ip"] = VISITOR
    return None


@pytest.fixture(scope="module")
def edge_and_space(tmp_path_factory):
    with ScriptedProxy(before=add_visitor_address) as edge:
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
    with ScriptedProxy(before=forward_as_in_guide) as proxy:
        proxy.target = space.url
        yield AppServer(proxy.url, edge.url, proxy)


def run_frontend_checks(app, *names):
    findings = run_checks(app.server_url, *(names or ("frontend",)), frontend=app.url)
    return {name: each for name, each in findings.items() if name.startswith("frontend.")}


def problems_in(findings):
    """What did not pass, but for what was not made because of something that failed."""
    return {
        name: each.verdict.value
        for name, each in findings.items()
        if each.verdict in {"fail", "warn"}
    }


def test_an_app_as_in_the_guide_is_right(app):
    findings = run_frontend_checks(app)
    others = {name: outcome_of(each) for name, each in findings.items() if each.verdict != "pass"}
    not_passed_on = ("skipped", "the app does not pass /api/stream on")
    assert others == {"frontend.stream": not_passed_on}
    assert VISITOR in findings["frontend.address"].evidence


def test_without_an_app_one_line_says_so(edge_and_space):
    edge, _ = edge_and_space
    findings = run_checks(edge.url, "frontend")
    assert [name for name in findings if name.startswith("frontend.")] == ["frontend.reaches"]
    assert "--frontend" in findings["frontend.reaches"].evidence


def faulty_app(name, *, before=None, after=None, expected):
    return pytest.param(before, after, expected, id=name)


def send_page(_):
    return PAGE


def drop_cookies(_, response):
    response.drop_headers("set-cookie")


def drop_deletions(_, response):
    response.headers = [each for each in response.headers if "max-age=0" not in each[1].lower()]


def change_cookies(change):
    """Change each Set-Cookie line."""

    def after(_, response):
        response.headers = [
            (name, change(value) if name == "set-cookie" else value)
            for name, value in response.headers
        ]

    return after


def forward_without_cookie(request):
    request.headers.pop("cookie", None)
    return forward_as_in_guide(request)


def forward_without_key(request):
    response = forward_as_in_guide(request)
    request.headers.pop("x-gatehouse-key", None)
    return response


def forward_claimed_address(request):
    claimed = request.headers.get("x-gatehouse-client-ip")
    response = forward_as_in_guide(request)
    request.headers["x-gatehouse-client-ip"] = claimed or VISITOR
    return response


def allow_every_origin(request, response):
    response.set_header("access-control-allow-origin", request.headers.get("origin", "*"))


def answer_without_session(request):
    if request.path == "/api/auth/list-sessions" and "cookie" not in request.headers:
        return make_response(200, b"[]")
    return forward_as_in_guide(request)


def answer_sign_out(request):
    if request.path != "/api/auth/sign-out":
        return forward_as_in_guide(request)
    response = make_response(200, b'{"success":true}')
    response.set_header("set-cookie", "better-auth.session_token=; Path=/; Max-Age=0")
    return response


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        faulty_app("no rewrite", before=send_page, expected={"frontend.reaches": "fail"}),
        faulty_app("cookies dropped", after=drop_cookies, expected={"frontend.cookie": "fail"}),
        faulty_app(
            "a Domain of its own",
            after=change_cookies(lambda line: f"{line}; Domain=127.0.0.1"),
            expected={"frontend.cookie": "fail"},
        ),
        faulty_app(
            "a foreign Domain",
            after=change_cookies(lambda line: f"{line}; Domain=vercel.app"),
            expected={"frontend.cookie": "fail"},
        ),
        faulty_app(
            "a prefix without Secure",
            after=change_cookies(lambda line: f"__Secure-{line}"),
            expected={"frontend.cookie-kept": "fail", "frontend.session": "fail"},
        ),
        faulty_app(
            "SameSite=None without Secure",
            after=change_cookies(lambda line: line.replace("SameSite=Lax", "SameSite=None")),
            expected={"frontend.cookie-kept": "fail", "frontend.cookie-safe": "warn"},
        ),
        faulty_app(
            "Partitioned",
            after=change_cookies(lambda line: f"{line}; Secure; Partitioned"),
            expected={"frontend.cookie-safe": "warn"},
        ),
        faulty_app(
            "no HttpOnly",
            after=change_cookies(lambda line: line.replace("; HttpOnly", "")),
            expected={"frontend.cookie-safe": "fail"},
        ),
        faulty_app(
            "Cookie kept back", before=forward_without_cookie, expected={"frontend.session": "fail"}
        ),
        faulty_app("no key", before=forward_without_key, expected={"frontend.address": "fail"}),
        faulty_app(
            "the visitor's word",
            before=forward_claimed_address,
            expected={"frontend.forged-address": "fail"},
        ),
        faulty_app(
            "CORS for everyone", after=allow_every_origin, expected={"frontend.foreign": "fail"}
        ),
        faulty_app(
            "let in", before=answer_without_session, expected={"frontend.protected": "fail"}
        ),
        faulty_app(
            "cookies not cleared", after=drop_deletions, expected={"frontend.sign-out": "fail"}
        ),
        faulty_app(
            "sign-out by itself", before=answer_sign_out, expected={"frontend.sign-out": "fail"}
        ),
    ],
)
def test_a_spoiled_app_is_found(app, before, after, expected):
    app.proxy.before = before or app.proxy.before
    app.proxy.after = after or app.proxy.after
    findings = run_frontend_checks(app)
    assert problems_in(findings) == expected
    assert [name for name in expected if not findings[name].fix] == []


def test_an_app_that_takes_secure_away_is_not_taken_for_a_wrong_address(app):
    app.proxy.after = change_cookies(lambda line: f"__Secure-{line}")
    finding = run_frontend_checks(app, "frontend.cookie-kept")["frontend.cookie-kept"]
    assert "the prefix of __Secure-better-auth.session_token requires Secure" in finding.evidence
    assert finding.fix.startswith("Let the app's server pass Set-Cookie on unchanged")


def forward_everything(request):
    forward_as_in_guide(request)


def test_a_stream_that_is_passed_on_piece_by_piece_is_right(app):
    app.proxy.before = forward_everything
    finding = run_frontend_checks(app, "frontend.stream")["frontend.stream"]
    assert finding.verdict == "pass"
    assert finding.evidence.startswith("5 events, ")


def test_a_stream_that_is_collected_first_is_found(app):
    def collect(_, response):
        response.read()

    app.proxy.before, app.proxy.after = forward_everything, collect
    finding = run_frontend_checks(app, "frontend.stream")["frontend.stream"]
    assert finding.verdict == "fail"
    assert "collects the response" in finding.fix


def test_an_origin_that_is_rewritten_is_found(app):
    def rewrite_origin(request):
        if "origin" in request.headers:
            request.headers["origin"] = app.url
        return forward_as_in_guide(request)

    app.proxy.before = rewrite_origin
    assert problems_in(run_frontend_checks(app)) == {"frontend.foreign": "fail"}


def test_answers_that_are_kept_are_found(app):
    kept = {}

    def recall(request):
        return (
            kept.get(request.path)
            if "get-session" in request.path
            else forward_as_in_guide(request)
        )

    def remember(request, response):
        if "get-session" in request.path and response.read() != b"null":
            kept.setdefault(request.path, response)

    app.proxy.before = lambda request: recall(request) or forward_as_in_guide(request)
    app.proxy.after = remember
    findings = run_frontend_checks(app)
    assert findings["frontend.session"].verdict == "fail"
    assert "without a cookie" in findings["frontend.session"].evidence


def test_an_app_in_front_of_another_server_is_found(app, tmp_path):
    elsewhere = {**QUICK, "FRONTEND_URL": "http://127.0.0.1:*"}
    with Space(tmp_path, elsewhere) as another:
        app.proxy.target = another.url
        findings = run_frontend_checks(app)
    assert problems_in(findings) == {"frontend.sign-in": "fail"}
    assert "another database" in findings["frontend.sign-in"].fix


def test_an_app_that_is_not_named_in_frontend_url_is_told_the_setting(tmp_path):
    with Space(tmp_path, QUICK) as space, ScriptedProxy(before=forward_as_in_guide) as proxy:
        proxy.target = space.url
        finding = run_checks(space.url, "frontend.sign-in", frontend=proxy.url)["frontend.sign-in"]
    assert finding.verdict == "fail"
    assert finding.fix == f"Set FRONTEND_URL={proxy.url} on the server."


@pytest.mark.parametrize(
    ("host", "site"),
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
def test_the_site_of_a_host(host, site):
    assert registrable_domain(host) == site


def test_an_app_on_vercel_and_a_space_are_two_sites():
    assert not is_same_site("https://my-app.vercel.app", "https://owner-auth.hf.space")
    assert not is_same_site("http://app.example.com", "https://auth.example.com")
    assert is_same_site("https://app.example.com", "https://auth.example.com")


def test_what_would_happen_without_the_app_is_said(app, monkeypatch):
    monkeypatch.setattr("doctor.checks.frontend.cookie.is_same_site", lambda app, server: False)
    finding = run_frontend_checks(app, "frontend.cookie")["frontend.cookie"]
    assert "third-party: with SameSite=Lax, neither kept nor sent" in finding.evidence


def test_the_proxy_of_these_tests_passes_on_what_it_gets(app):
    reply = httpx.get(f"{app.url}/api/auth/ok", trust_env=False)
    assert reply.json() == {"ok": True}
