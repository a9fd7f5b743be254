"""Threat: a link to us that leads elsewhere. The targets are read as a browser reads them."""

import re
from urllib.parse import unquote

from hypothesis import example, given, settings
from hypothesis import strategies as st

from backend.web.origins import TrustedOrigins
from tests.inside import Gatehouse
from tests.make import PASSWORD

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
TARGETS = st.one_of(st.text(max_size=40), st.lists(PIECES, max_size=8).map("".join))


def origin_a_browser_goes_to(target: str) -> str:
    """Where a browser on OWN lands: the first steps of the WHATWG URL parser, nothing trusted."""
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
    return f"{protocol}://{host.removesuffix(':443' if protocol == 'https' else ':80')}"


@settings(max_examples=1500)
@given(TARGETS)
@example("//evil.example")
@example("/\\evil.example")
@example("https://app.example.test@evil.example")
@example("https:evil.example")
@example("/\t/evil.example")
@example("https://evil.example\\@app.example.test")
def test_what_is_allowed_never_leaves(target):
    if not TRUST.allows_target(target):
        return
    landed = origin_a_browser_goes_to(target)
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
        answer = sign_in(gatehouse, **{name: EVIL})
        assert (answer.status_code, answer.json()["redirect"]) == (200, False), name
        assert "location" not in answer.headers, name
        assert "evil" not in answer.text, name


def test_a_good_one_beside_a_bad_one_does_not_vouch_for_it(gatehouse):
    gatehouse.member()
    answer = sign_in(gatehouse, callbackURL="/fine", callback_url=EVIL)
    assert answer.headers["location"] == "/fine"
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
    for asked in (f"error={EVIL}", "error=//evil.example", f"error=x&callbackURL={EVIL}"):
        location = gatehouse.visitor().get(f"error?{asked}").headers["location"]
        assert location in {"/?error=UNKNOWN", "/?error=x"}
