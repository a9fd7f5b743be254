"""Threat: bots that sign up, guess passwords and have mails sent, where a captcha keeps them out.

The scenes ask stand-ins that speak the three providers' protocols, and then one that is slow,
broken or lies.
"""

import json
from urllib.parse import parse_qsl

import pytest
from structlog.testing import capture_logs

from backend.features.captcha import service as captcha
from tests.admins import ADA, BOB
from tests.make import PASSWORD
from tests.rig.stand_in import StandIn, drip, hang_up, hold, say

SITE_KEY, SECRET = "10000000-site", "0x-the-captcha-secret"
TOKEN, HEADER = "a-token-of-the-widget", "x-captcha-response"
PROVIDERS = ["turnstile", "hcaptcha", "recaptcha"]
MISSING = (400, {"message": "Missing CAPTCHA response", "code": "MISSING_RESPONSE"})
FAILED = (403, {"message": "Captcha verification failed", "code": "VERIFICATION_FAILED"})
BROKEN = (500, {"message": "Something went wrong", "code": "UNKNOWN_ERROR"})
ANY = {HEADER: TOKEN}
BY_BETTER_AUTH = ["sign-up/email", "sign-in/email", "request-password-reset"]
BESIDES = [
    "sign-in/username",
    "sign-in/magic-link",
    "sign-in/anonymous",
    "email-otp/send-verification-otp",
    "email-otp/request-password-reset",
    "forget-password/email-otp",
]


def siteverify(*tokens, **more):
    """Take each of these tokens once, as a provider does."""
    left = list(tokens)

    def answer(handler, received):
        fields = read_fields(received)
        good = fields.get("secret") == SECRET and fields.get("response") in left
        if good:
            left.remove(fields["response"])
        wrong = {"success": False, "error-codes": ["timeout-or-duplicate"]}
        body = {"success": True, "hostname": "app.example.com", **more} if good else wrong
        handler.say(json.dumps(body).encode(), kind="application/json")

    return answer


def read_fields(received):
    if received.headers["content-type"] == "application/json":
        return json.loads(received.body)
    return dict(parse_qsl(received.body.decode()))


@pytest.fixture
def provider():
    with StandIn(siteverify(TOKEN)) as stand_in:
        yield stand_in


@pytest.fixture
def start_guarded(start, provider):
    def start_guarded(name="turnstile", **settings):
        return start(
            captcha_provider=name,
            captcha_site_key=SITE_KEY,
            captcha_secret=SECRET,
            captcha_verify_url=f"{provider.url}siteverify",
            **settings,
        )

    return start_guarded


def verdict(response):
    return response.status_code, response.json()


def sign_up(visitor, email=ADA, **headers):
    body = {"name": "Ada", "email": email, "password": PASSWORD}
    return visitor.post("sign-up/email", body, headers={HEADER: TOKEN, **headers})


@pytest.mark.parametrize("name", PROVIDERS)
def test_the_provider_is_asked_in_its_own_way(start_guarded, provider, name):
    assert sign_up(start_guarded(name).visitor()).status_code == 200
    (asked,) = provider.requests
    kind = "application/json" if name == "turnstile" else "application/x-www-form-urlencoded"
    expected = {"secret": SECRET, "response": TOKEN, "remoteip": "203.0.113.7"}
    if name == "hcaptcha":
        expected["sitekey"] = SITE_KEY
    assert (asked.method, asked.path, asked.headers["content-type"]) == (
        "POST",
        "/siteverify",
        kind,
    )
    assert read_fields(asked) == expected
    assert not {"cookie", "authorization", HEADER} & asked.headers.keys()


@pytest.mark.parametrize("name", PROVIDERS)
def test_without_a_token_or_with_a_bad_one_nobody_comes_in(start_guarded, provider, name):
    visitor = start_guarded(name).visitor()
    assert verdict(sign_up(visitor, **{HEADER: None})) == MISSING
    assert verdict(sign_up(visitor, **{HEADER: ""})) == MISSING
    assert provider.requests == []
    assert verdict(sign_up(visitor, **{HEADER: "forged"})) == FAILED
    assert sign_up(visitor).status_code == 200
    assert verdict(sign_up(visitor, BOB)) == FAILED  # a token works once


@pytest.mark.parametrize("strict", [True, False])
def test_what_is_guarded(start_guarded, strict):
    settings = {"strict": strict, "anonymous_sign_in": True}
    visitor = start_guarded(**settings).visitor()
    for path in BY_BETTER_AUTH + (BESIDES if strict else []):
        assert verdict(visitor.post(path, {})) == MISSING, path
    for path in ["sign-out", "verify-password", "change-password", *([] if strict else BESIDES)]:
        assert b"MISSING_RESPONSE" not in visitor.post(path, {}).content, path
    assert visitor.get("get-session").status_code == 200


def test_it_comes_after_the_limits_and_before_all_else(start_guarded, provider):
    visitor = start_guarded(rate_limits=True).visitor()
    wrong = {"content-type": "text/plain", "origin": "https://evil.example"}
    assert verdict(visitor.post("sign-in/email", raw=b"{", headers=wrong)) == MISSING
    forged = {**wrong, HEADER: "forged"}
    assert verdict(visitor.post("sign-in/email", raw=b"{", headers=forged)) == FAILED
    good = {**wrong, **ANY}
    assert visitor.post("sign-in/email", raw=b"{", headers=good).status_code == 415
    assert visitor.post("sign-in/email", raw=b"{", headers=forged).status_code == 429
    assert len(provider.requests) == 2


SAYS = {
    "hangs up": (hang_up, BROKEN),
    "fails": (say(b'{"success":true}', 500), BROKEN),
    "refuses": (say(b'{"success":true}', 403), BROKEN),
    "leads elsewhere": (say(b"", 307, location="http://127.0.0.1:9/"), BROKEN),
    "says nothing": (say(b""), BROKEN),
    "says null": (say(b"null"), BROKEN),
    "shows a page": (say(b"<html>Sign in to this network</html>", kind="text/html"), FAILED),
    "nests for ever": (say(b"[" * 60_000), FAILED),
    "says something else": (say(b'{"ok":true}'), FAILED),
    "says yes in words": (say(b'{"success":"true"}'), FAILED),
    "says yes as a number": (say(b'{"success":1}'), FAILED),
    "says it in a list": (say(b'[{"success":true}]'), FAILED),
    "is of bytes": (say(b"\xff\xfe\x00"), FAILED),
    "never ends": (say(b'{"success":true,"x":"' + b"x" * 100_000 + b'"}'), BROKEN),
    "compresses": (say(b"\x1f\x8b\x08", content_encoding="gzip"), BROKEN),
}


@pytest.mark.parametrize(("answer", "expected"), SAYS.values(), ids=SAYS.keys())
def test_a_provider_that_is_broken_lets_nobody_in(start_guarded, provider, answer, expected):
    provider.answer = answer
    gatehouse = start_guarded()
    with capture_logs() as logs:
        assert verdict(sign_up(gatehouse.visitor())) == expected
        assert verdict(sign_up(gatehouse.visitor())) == expected
        assert gatehouse.visitor().get("/ready").status_code == 200
    assert [each["event"] for each in logs].count("captcha_unavailable") <= 1  # once a minute
    assert not any(word in str(logs) for word in (SECRET, TOKEN))
    if expected == BROKEN:
        assert logs[0]["event"] == "captcha_unavailable"


@pytest.mark.parametrize("answer", [hold, drip], ids=["silent", "byte by byte"])
def test_a_slow_provider_holds_up_nobody_else(start_guarded, provider, monkeypatch, answer):
    monkeypatch.setattr(captcha, "_TIMEOUT", 0.3)
    provider.answer = answer
    gatehouse = start_guarded()
    body = {"name": "Ada", "email": ADA, "password": PASSWORD}
    requests = [
        gatehouse.visitor().send_async("POST", "sign-up/email", body, headers=ANY)
        for _ in range(20)
    ]
    others = [gatehouse.visitor().send_async("GET", "get-session")]
    *refused, session = gatehouse.gather(*requests, *others)
    assert [verdict(each) for each in refused] == [BROKEN] * 20
    assert session.status_code == 200


@pytest.mark.parametrize(
    ("name", "settings", "more", "status"),
    [
        ("recaptcha", {}, {"score": 0.5}, 200),
        ("recaptcha", {}, {"score": 0.49}, 403),
        ("recaptcha", {"captcha_min_score": 0.9}, {"score": 0.7}, 403),
        ("recaptcha", {}, {"score": float("nan")}, 403),
        ("recaptcha", {}, {}, 200),  # v2 has none
        ("hcaptcha", {}, {"score": 0.1}, 200),  # there 1 is a bot
        ("turnstile", {"captcha_action": "auth"}, {"action": "auth"}, 200),
        ("turnstile", {"captcha_action": "auth"}, {"action": "newsletter"}, 403),
        ("recaptcha", {"captcha_action": "auth"}, {}, 403),
        ("turnstile", {"captcha_hostnames": "app.example.com"}, {}, 200),
        ("hcaptcha", {"captcha_hostnames": "App.Example.com"}, {}, 200),
        ("turnstile", {"captcha_hostnames": "other.example,x.example"}, {}, 403),
        ("turnstile", {"captcha_hostnames": "other.example"}, {"hostname": None}, 403),
    ],
)
def test_a_token_for_something_else_is_not_taken(
    start_guarded, provider, name, settings, more, status
):
    provider.answer = siteverify(TOKEN, **more)
    assert sign_up(start_guarded(name, **settings).visitor()).status_code == status


def test_the_log_names_a_wrong_secret_once(start_guarded, provider):
    provider.answer = say(b'{"success":false,"error-codes":["invalid-input-secret","<b>"]}')
    gatehouse = start_guarded()
    with capture_logs() as logs:
        for _ in range(3):
            assert verdict(sign_up(gatehouse.visitor())) == FAILED
    (line,) = logs
    assert (line["event"], line["provider"]) == ("captcha_misconfigured", "turnstile")
    assert "invalid-input-secret" in line["reason"]


def test_a_page_of_a_trusted_origin_may_send_a_token(start_guarded):
    app = "https://app.example.com"
    visitor = start_guarded(frontend_url=app).visitor(origin=app)
    asked = {
        "origin": app,
        "access-control-request-method": "POST",
        "access-control-request-headers": f"content-type,{HEADER}",
    }
    preflight = visitor.send("OPTIONS", "sign-up/email", headers=asked)
    assert HEADER in preflight.headers["access-control-allow-headers"]
    refused = sign_up(visitor, **{HEADER: None})
    assert refused.headers["access-control-allow-origin"] == app
    assert verdict(refused) == MISSING


@pytest.mark.parametrize("name", PROVIDERS)
def test_a_page_is_told_which_widget_to_show(start_guarded, name):
    methods = start_guarded(name).visitor().get("/api/sign-in-methods").json()
    assert methods["captcha"]["provider"] == name
    assert methods["captcha"]["siteKey"] == SITE_KEY
    assert "/sign-up/email" in methods["captcha"]["endpoints"]
    assert SECRET not in str(methods)


def test_the_secret_is_not_shown(start_guarded):
    gatehouse = start_guarded()
    assert SECRET not in repr(gatehouse.settings)
    assert gatehouse.settings.redactor().redact_secrets(f"x {SECRET} y") == "x *** y"


def test_without_a_provider_nothing_is_asked(start, provider):
    gatehouse = start()
    assert sign_up(gatehouse.visitor(), **{HEADER: None}).status_code == 200
    captcha = gatehouse.visitor().get("/api/sign-in-methods").json()["captcha"]
    assert captcha == {"enabled": False, "provider": None, "siteKey": None, "endpoints": []}
