"""Threat: what goes wrong tells a secret, in the log, the outbox, the audit trail or an answer.

A real process whose neighbours are all away or hostile, with a canary in every secret it has.
"""

import json
import socket
from urllib.parse import quote, unquote

import httpx
import pytest

from tests.make import KEY
from tests.rig.processes import free_port, wait_until
from tests.rig.space import Space

PASSWORD, ADMIN_PASSWORD = "Canary-of-the-password-1", "Canary-of-the-admin-333"
SECRETS = {
    "SECRET_KEY": KEY,
    "SECRET_KEYS_OLD": "canary-old-key-0123456789abcdefghi-XYZ",
    "ADMIN_PASSWORD": ADMIN_PASSWORD,
    "FRONTEND_PROXY_KEY": "canary-of-the-proxy-key",
    "MAIL_API_KEY": "re_canary_of_the_mail_key",
}
REDIS_PASSWORD = "canary-of-redis"
EMAIL = "canary-address@example.com"


@pytest.fixture(scope="module", params=["json", "text"])
def recorded(request, tmp_path_factory):
    """All text of one run: the log, the outbox, the audit trail and the responses."""
    folder = tmp_path_factory.mktemp("errors")
    away = free_port()
    environment = {
        **SECRETS,
        **{"SECRET_KEYS_OLD": SECRETS["SECRET_KEYS_OLD"], "ADMIN_EMAIL": "admin@example.com"},
        **{"LOG_LEVEL": "debug", "LOG_FORMAT": request.param, "MAIL_FROM": "a@example.com"},
        **{
            "MAIL_API_URL": f"http://127.0.0.1:{away}/send",
            "MAIL_API_KEY": "re_canary_of_the_mail_key\n",
        },
        **{"REDIS_URL": f"redis://:{REDIS_PASSWORD}@127.0.0.1:{away}/0"},
    }
    with (
        Space(folder, environment) as space,
        httpx.Client(base_url=space.url, trust_env=False, timeout=30) as browser,
    ):
        responses, secrets = provoke_errors(space, browser)
        admin = read_as_admin(space)
        wait_until(lambda: "mail_not_sent" in space.log, "a mail that cannot leave")
        space.terminate()
        return {"log": space.log, "answers": responses, **admin}, secrets


def provoke_errors(space, browser):
    account = {"name": "Ada", "email": EMAIL, "password": PASSWORD}
    browser.headers["origin"] = space.url
    token = browser.post("/api/auth/sign-up/email", json=account).json()["token"]
    cookie = next(value for name, value in browser.cookies.items() if "session_token" in name)
    forms = {token, cookie, unquote(cookie), quote(cookie, safe="")}
    browser.cookies.clear()
    lines = []
    for form in sorted(forms):
        hostile = {
            "user-agent": f"curl {form}",
            "authorization": f"Bearer {form}",
            "x-forwarded-for": form,
        }
        payload = {"email": EMAIL, "password": "wrong wrong"}
        lines += [
            browser.post("/api/auth/sign-in/email", json=payload, headers=hostile),
            browser.get(f"/api/auth/reset-password/{quote(form, safe='')}", headers=hostile),
            browser.get(f"/api/auth/verify-email?token={quote(form)}", headers=hostile),
            browser.post("/api/auth/sign-in/email", content=form, headers=hostile),
            browser.get(f"/api/nothing/{quote(form)}?token={quote(form)}", headers=hostile),
        ]
    browser.post("/api/auth/request-password-reset", json={"email": EMAIL})
    lines.append(browser.get("/ready"))
    send_garbage(space, token)
    return "".join(each.text for each in lines), [
        *SECRETS.values(),
        REDIS_PASSWORD,
        PASSWORD,
        *forms,
    ]


def send_garbage(space, token):
    """Send what is no HTTP: it is refused before it reaches an endpoint."""
    with socket.create_connection(("127.0.0.1", space.port)) as raw:
        raw.sendall(f"GET /{token} HTTP/9.9\r\nHost: {token} x\r\n\r\n".encode())
        raw.recv(4096)


def read_as_admin(space):
    with httpx.Client(base_url=space.url, trust_env=False, timeout=30) as root:
        payload = {"email": "admin@example.com", "password": ADMIN_PASSWORD}
        far = {"x-forwarded-for": "203.0.113.99", "origin": space.url}
        response = root.post("/api/auth/sign-in/email", json=payload, headers=far)
        assert response.status_code == 200
        wait_until(
            lambda: (
                "LocalProtocol" in read_page(root, "outbox")
                or "Connect" in read_page(root, "outbox")
            ),
            "a failure",
        )
        return {
            name: read_page(root, name) for name in ("outbox", "events", "status", "log?limit=1000")
        }


def read_page(root, name):
    return root.get(f"/api/admin/{name}").text


def test_no_text_tells_a_secret(recorded):
    texts, secrets = recorded
    leaks = {
        name: [secret for secret in secrets if secret in text or json.dumps(secret)[1:-1] in text]
        for name, text in texts.items()
    }
    assert leaks == {name: [] for name in texts}


def test_the_log_names_nobody(recorded):
    texts, _ = recorded
    assert EMAIL not in texts["log"]
    assert EMAIL not in texts["log?limit=1000"]


def test_everything_was_really_tried(recorded):
    texts, _ = recorded
    for event in ("sign_in_failed", "limits_store_away", "mail_not_sent"):
        assert event in texts["log"]
    assert "curl (token)" in texts["events"]


@pytest.mark.parametrize("url", ["redis://:canary/tail@cache:6379/0", "redis://:cana#ry@cache/0"])
def test_a_redis_url_with_a_bare_special_character_is_one_plain_line(tmp_path, url):
    space = Space(tmp_path, {"REDIS_URL": url}).launch()
    assert space.wait() == 1
    assert "REDIS_URL: must be a Redis URL" in space.log
    assert "cana" not in space.log
