"""Threat: a link to us that leads elsewhere. The targets are read as a browser reads them."""

import re
from urllib.parse import unquote

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from backend.routes import FEATURES
from backend.storage.tables import outbox
from backend.web.edge import origins
from backend.web.edge.origins import TrustedOrigins
from backend.web.routing.routes import signature_of
from tests.in_process import Gatehouse
from tests.make import PASSWORD
from tests.scene import refusal

OWN, APP, EVIL = "https://auth.example.test", "https://app.example.test", "https://evil.example"
TRUST = TrustedOrigins([OWN, APP, "https://*.preview.test"])
PIECES = st.sampled_from(
    [
        *("/", "//", "\\", "@", ":", "?", "#", ".", "..", "%2f", "%5c", "%2e", "%00", "%09", "%40"),
        *(" ", "\t", "\n", "\r", "\0", "\u3002", "\uff0f", "\uff20", "\u2025", "\u200b", "\ufeff"),
        *(
            "http:",
            "https:",
            "HTTPS:",
            "javascript:",
            "data:",
            "//",
            "evil.example",
            EVIL,
            APP,
            OWN,
        ),
        *("app.example.test", "x.preview.test", "preview.test", "[::1]", "443", "a", "login"),
    ]
)
TARGET_FIELDS = st.one_of(st.text(max_size=40), st.lists(PIECES, max_size=8).map("".join))


def find_browser_origin(target: str) -> str:
    """The origin where a browser on OWN lands, by the first steps of the WHATWG URL parser."""
    url = re.sub(r"[\t\r\n]", "", target.strip("".join(map(chr, range(33)))))
    scheme = re.match(r"([A-Za-z][A-Za-z0-9+.-]*):", url)
    if scheme and scheme[1].lower() not in {"http", "https"}:
        return "another scheme"
    rest = (url[scheme.end() :] if scheme else url).replace("\\", "/")
    if scheme is None and not rest.startswith("//"):
        return OWN
    protocol = scheme[1].lower() if scheme else "https"
    if protocol == "https" and not rest.startswith("/") and scheme:
        return OWN  # "https:path" is relative where the page itself is https
    authority = re.split(r"[/?#]", rest.lstrip("/"), maxsplit=1)[0]
    host = unquote(authority.rpartition("@")[2]).lower()
    host = host.replace("\u3002", ".").replace("\uff0f", "/").replace("\uff20", "@")
    default = re.compile(":(443)?$" if protocol == "https" else ":(80)?$")
    return f"{protocol}://{default.sub('', host)}"


@settings(max_examples=1500)
@given(TARGET_FIELDS)
@example("//evil.example")
@example("/\\evil.example")
@example("https://app.example.test@evil.example")
@example("https:evil.example")
@example("/\t/evil.example")
@example("https://app.example.test:")
@example("https://evil.example\\@app.example.test")
def test_what_is_allowed_never_leaves(target):
    if not TRUST.allows_target(target):
        return
    landed = find_browser_origin(target)
    assert landed in {OWN, APP} or re.fullmatch(r"https://[^/@?#\\]+\.preview\.test", landed)


@given(st.from_regex(r"/[a-zA-Z0-9_~-][a-zA-Z0-9_~/?=&.-]*", fullmatch=True))
def test_a_plain_path_of_ours_is_allowed_unless_it_doubles_back(target):
    path = target.partition("?")[0]
    assert TRUST.allows_target(target) or ("//" in path and "/." in path)


def sign_in(gatehouse: Gatehouse, **more):
    body = {"email": "ada@example.com", "password": PASSWORD, **more}
    return gatehouse.visitor().post("sign-in/email", body)


def test_no_spelling_of_the_field_reaches_the_location(gatehouse):
    gatehouse.member()
    for name in ("callback_url", "callbackUrl", "callbackurl", "CallbackURL", "redirect", "url"):
        response = sign_in(gatehouse, **{name: EVIL})
        assert (response.status_code, response.json()["redirect"]) == (200, False), name
        assert "location" not in response.headers, name
        assert "evil" not in response.text, name


def test_a_good_one_beside_a_bad_one_does_not_vouch_for_it(gatehouse):
    gatehouse.member()
    response = sign_in(gatehouse, callbackURL="/fine", callback_url=EVIL)
    assert response.headers["location"] == "/fine"
    body = {"email": "ada@example.com", "password": PASSWORD, "callbackURL": "/fine"}
    path = f"sign-in/email?errorCallbackURL={EVIL}"
    assert gatehouse.visitor().post(path, body).status_code == 403


def test_a_key_said_twice_is_refused(gatehouse):
    gatehouse.member()
    raw = b"".join(
        [
            b'{"email": "ada@example.com", "password": "correct horse battery",',
            b'"callbackURL": "https://evil.example", "callbackURL": "/fine"}',
        ]
    )
    assert gatehouse.visitor().post("sign-in/email", raw=raw).status_code == 400


def test_the_error_page_leads_nowhere_else(gatehouse):
    for query in (f"error={EVIL}", "error=//evil.example", f"error=x&callbackURL={EVIL}"):
        location = gatehouse.visitor().get(f"error?{query}").headers["location"]
        assert location in {"/?error=UNKNOWN", "/?error=x"}


@pytest.mark.parametrize(
    ("path", "field", "code"),
    [
        ("sign-up/email", "callbackURL", "INVALID_CALLBACK_URL"),
        ("sign-in/email", "callbackURL", "INVALID_CALLBACK_URL"),
        ("sign-in/email", "errorCallbackURL", "INVALID_ERROR_CALLBACK_URL"),
        ("sign-in/email", "newUserCallbackURL", "INVALID_NEW_USER_CALLBACK_URL"),
        ("request-password-reset", "redirectTo", "INVALID_REDIRECT_URL"),
        ("send-verification-email", "callbackURL", "INVALID_CALLBACK_URL"),
        ("change-email", "callbackURL", "INVALID_CALLBACK_URL"),
        ("delete-user", "callbackURL", "INVALID_CALLBACK_URL"),
    ],
)
def test_a_target_longer_than_any_page_has_is_not_stored_and_mailed(
    mailing_gatehouse, path, field, code
):
    ada = mailing_gatehouse.member()
    before = len(mailing_gatehouse.rows(select(outbox.c.id)))
    body = {"email": "bob@example.com", "password": PASSWORD, "name": "Bob"}
    body |= {"newEmail": "new@example.com"}

    response = ada.post(path, body | {field: "/" + "\u6f22" * 2048})

    assert (response.status_code, response.json()) == (403, refusal(code))
    assert len(mailing_gatehouse.rows(select(outbox.c.id))) == before


@pytest.mark.parametrize(
    "path", ["verify-email?token=x&", "reset-password/x?", "delete-user/callback?token=x&"]
)
def test_nor_is_a_browser_sent_to_one(gatehouse, path):
    response = gatehouse.member().get(f"{path}callbackURL=/{'x' * 2048}")
    assert (response.status_code, response.json()) == (403, refusal("INVALID_CALLBACK_URL"))


def list_target_fields():
    """Every endpoint that takes a redirect target, with the field that holds it."""
    for spec in (each for feature in FEATURES for each in feature.specs):
        signature = signature_of(spec.handler, spec.path)
        for _, model, *_ in (each for each in (signature.body, signature.query) if each):
            for name, field in model.model_fields.items():
                if (field.alias or name) in origins.TARGET_FIELDS:
                    scene = f"{spec.handler.__name__} {field.alias}"
                    yield pytest.param(spec, field.alias, id=scene)


@pytest.mark.parametrize(("spec", "field"), list(list_target_fields()))
def test_every_endpoint_that_takes_a_target_refuses_a_foreign_one(gatehouse, spec, field):
    path, ada = spec.path.replace("{token}", "x"), gatehouse.member()
    if spec.method == "GET":
        response, code = ada.get(f"{path}?token=x&{field}={EVIL}"), "INVALID_CALLBACK_URL"
    else:
        response, code = ada.post(path, {field: EVIL}), origins.TARGET_FIELDS[field]
    assert (response.status_code, response.json()) == (403, refusal(code))


def test_2048_characters_are_a_target():
    assert TRUST.allows_target("/" + "x" * 2047)
    assert not TRUST.allows_target("/" + "x" * 2048)
