"""Threat: a mistake of our own tells a secret: its exception quotes what a request brought along.

A real server with bugs whose exceptions say all that they know (tests/rig/buggy_app.py).
"""

import json
from urllib.parse import quote, unquote

import httpx
import pytest

from tests.make import READABLE_COOKIE
from tests.rig.space import ROOT, Space

PASSWORD = 'Break "it", söme 1 canary'
SHORT = {"authorization": "Bearer canary-key-22", "x-gatehouse-key": "canary-of-the-proxy"}
ADMIN = {"email": "admin@example.com", "password": "Canary-of-the-admin-333"}


class BuggySpace(Space):
    program = ROOT / "tests" / "rig" / "buggy_app.py"


@pytest.fixture(scope="module", params=["json", "text"])
def recorded(request, tmp_path_factory):
    """All text about the bugs (responses, the log, the log as admins see it), and the secrets."""
    environment = {
        **{"PYTHONPATH": str(ROOT), "LOG_LEVEL": "debug", "LOG_FORMAT": request.param},
        **{"ADMIN_EMAIL": ADMIN["email"], "ADMIN_PASSWORD": ADMIN["password"]},
    }
    folder = tmp_path_factory.mktemp("crashes")
    with (
        BuggySpace(folder, environment) as space,
        httpx.Client(base_url=space.url, trust_env=False, timeout=30) as browser,
    ):
        browser.headers["origin"] = space.url
        assert browser.post("/api/auth/sign-in/email", json=ADMIN).status_code == 200
        responses, secrets = provoke_crashes(browser)
        listed = browser.get("/api/admin/log?limit=1000&level=error").text
        space.terminate()
        return {"answers": responses, "log": space.log, "listed": listed}, secrets


def provoke_crashes(browser):
    cookies = [value for name, value in browser.cookies.items() if name != READABLE_COOKIE]
    typed = {"email": ADMIN["email"], "password": PASSWORD}
    checked = browser.post("/api/auth/sign-in/email", json=typed)
    pairs = [("proxy", "canary-cookie"), *browser.cookies.items()]
    cookie = "; ".join(f"{name}={value}" for name, value in pairs)
    message = (
        f"/break/canary-in-path?token=canary%20in%20query&code=canary-code&x={quote(cookies[0])}"
    )
    failed = [browser.get(message, headers={**SHORT, "cookie": cookie})]
    failed.append(browser.post(message, headers={**SHORT, "cookie": cookie}, json={}))
    assert {each.status_code for each in (checked, *failed)} == {500}
    values = ["canary-cookie", "canary-in-path", "canary in query", "canary-code", *SHORT.values()]
    values += [PASSWORD, *cookies, SHORT["authorization"].partition(" ")[2]]
    secrets = {form for each in values for form in (each, unquote(each), quote(each, safe=""))}
    return "".join(each.text for each in (checked, *failed)), sorted(secrets)


def test_no_secret_of_the_request_is_told(recorded):
    texts, secrets = recorded
    leaks = {
        name: [each for each in secrets if each in text or json.dumps(each)[1:-1] in text]
        for name, text in texts.items()
    }
    assert leaks == {name: [] for name in texts}
    assert [name for name, text in texts.items() if "canary" in text.lower()] == []


def test_the_log_says_all_the_same_what_went_wrong_and_where(recorded):
    texts, _ = recorded
    for excerpt in ("cannot check ***", "a note about", "buggy_app.py", "KeyError", "/break/"):
        assert excerpt in texts["log"]
        assert excerpt in texts["listed"]


def test_the_caller_hears_nothing_of_it(recorded):
    texts, _ = recorded
    message = '{"message": "Internal Server Error", "code": "INTERNAL_SERVER_ERROR"}'
    assert texts["answers"] == message * 3
