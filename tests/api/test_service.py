"""The server about itself: /, /error, /ok, /health, /ready, and /api/me."""

import pytest

from tests.scene import check_like_every_answer, cookies_of, refusal


def test_health_is_ok_for_everybody(gatehouse):
    response = gatehouse.visitor().get("/health")
    assert (response.status_code, response.json()["status"]) == (200, "ok")
    assert set(response.json()) == {"status", "version"}
    assert cookies_of(response) == []
    check_like_every_answer(response)


def test_health_never_asks_the_database(gatehouse):
    ada = gatehouse.member()
    with gatehouse.statements() as statements:
        for _ in range(5):
            assert ada.get("/health").status_code == 200
    assert statements == []


@pytest.mark.parametrize("path", ["/health", "/ready"])
def test_a_probe_may_ask_without_wanting_a_body(gatehouse, path):
    probe = gatehouse.visitor()
    response = probe.send("HEAD", path)
    assert (response.status_code, response.content) == (200, b"")
    assert response.headers["content-length"] == probe.get(path).headers["content-length"]
    check_like_every_answer(response)


def test_ready_tells_what_it_needs(any_gatehouse):
    any_gatehouse.wait_for_the_feed()
    response = any_gatehouse.visitor().get("/ready")
    assert response.status_code == 200
    body = response.json()
    assert (body["status"], body["database"], body["migrations"]) == ("ready", "ok", "current")


def test_ready_asks_the_database_at_most_every_two_seconds(gatehouse, clock):
    visitor = gatehouse.visitor()
    visitor.get("/ready")
    with gatehouse.statements() as statements:
        for _ in range(10):
            visitor.get("/ready")
    assert statements == []
    clock.advance(seconds=2.1)
    with gatehouse.statements() as statements:
        visitor.get("/ready")
    assert len(statements) == 1


def test_ready_says_so_when_the_tables_are_of_another_version(any_gatehouse):
    from sqlalchemy import text

    any_gatehouse.execute(text("UPDATE alembic_version SET version_num = '0000'"))
    response = any_gatehouse.visitor().get("/ready")
    assert (response.status_code, response.json()["migrations"]) == (503, "outdated")
    assert any_gatehouse.visitor().send("HEAD", "/ready").status_code == 503


def test_me_is_the_caller(any_gatehouse):
    ada = any_gatehouse.member()
    response = ada.get("/api/me")
    assert list(response.json()) == ["user", "sessionExpiresAt"]
    assert response.json()["user"] == ada.session()["user"]
    assert response.json()["sessionExpiresAt"] == "2026-11-29T12:00:00.000Z"


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"cookie": "better-auth.session_token=x"},
        {"cookie": "session=admin; user=1"},
        {"authorization": "Bearer x"},
        {"x-user-id": "1", "x-forwarded-user": "admin", "x-role": "admin"},
        {"x-original-url": "/health", "x-http-method-override": "OPTIONS"},
    ],
    ids=str,
)
def test_me_is_401_in_json_for_everybody_else(gatehouse, headers):
    response = gatehouse.visitor().get("/api/me", headers=headers)
    assert (response.status_code, response.json()) == (401, refusal("UNAUTHORIZED"))
    check_like_every_answer(response)


def test_me_by_bearer(gatehouse):
    token = gatehouse.visitor().sign_up().json()["token"]
    response = gatehouse.visitor().get("/api/me", headers={"authorization": f"Bearer {token}"})
    assert response.json()["user"]["email"] == "ada@example.com"


def test_an_expired_session_is_401_and_clears_its_cookies(gatehouse, clock):
    ada = gatehouse.member()
    clock.advance(days=7)
    response = ada.get("/api/me")
    assert response.status_code == 401
    assert cookies_of(response) == ["session_token 0", "session_data 0", "dont_remember 0"]


def test_me_prolongs_a_session_as_any_use_does(gatehouse, clock):
    ada = gatehouse.member()
    clock.advance(days=1)
    assert cookies_of(ada.get("/api/me")) == ["session_token 604800"]


def test_the_landing_page_says_what_runs_here(start):
    response = start(app_name="Ada & <Co>").visitor().get("/")
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert "<h1>Ada &amp; &lt;Co&gt;</h1>" in response.text
    assert 'class="error"' not in response.text


def test_the_landing_page_has_a_policy_of_its_own_and_no_script(gatehouse):
    response = gatehouse.visitor().get("/")
    policy = response.headers["content-security-policy"]
    assert "default-src 'none'; style-src 'sha256-" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert "<script" not in response.text


def test_the_hash_in_its_policy_is_that_of_its_style(gatehouse):
    import base64
    import hashlib

    response = gatehouse.visitor().get("/")
    style = response.text.partition("<style>")[2].partition("</style>")[0]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"'sha256-{digest}'" in response.headers["content-security-policy"]


@pytest.mark.parametrize(
    ("docs", "panel", "links"),
    [
        (True, True, ["/admin/", "/docs", "/health"]),
        (False, True, ["/admin/", "/health"]),
        (False, False, ["/health"]),
    ],
)
def test_it_links_to_what_is_switched_on(start, docs, panel, links):
    page = start(docs=docs, panel=panel).visitor().get("/").text
    assert [piece.partition('"')[0] for piece in page.split('href="')[1:]] == links


def test_it_names_a_code_it_can_read(gatehouse):
    page = gatehouse.visitor().get("/?error=INVALID_TOKEN").text
    assert "That link did not work: <code>INVALID_TOKEN</code>" in page


@pytest.mark.parametrize("code", ["<script>", "a b", "%00", "a%22b", "é", "a&error=b", ""])
def test_it_does_not_repeat_what_it_cannot(gatehouse, code):
    page = gatehouse.visitor().get(f"/?error={code}").text
    assert "<code>UNKNOWN</code>" in page


@pytest.mark.parametrize(
    ("query", "target"),
    [
        ("?error=INVALID_TOKEN", "/?error=INVALID_TOKEN"),
        ("?error=it's_gone-2", "/?error=it%27s_gone-2"),
        ("", "/?error=UNKNOWN"),
        ("?error=<script>", "/?error=UNKNOWN"),
        ("?error=a%0d%0ax:y", "/?error=UNKNOWN"),
        ("?error=https://evil.example", "/?error=UNKNOWN"),
        ("?error=a&error=b", "/?error=UNKNOWN"),
        ("?error=x&redirect=https://evil.example", "/?error=x"),
        ("?error=a&error_description=b%20c%26d", "/?error=a&error_description=b+c%26d"),
        ("?error=a&error_description=b&error_description=c", "/?error=a"),
    ],
)
def test_error_leads_to_the_landing_page(gatehouse, query, target):
    response = gatehouse.visitor().get(f"error{query}")
    assert (response.status_code, response.content) == (302, b"")
    assert response.headers["location"] == target
    assert response.headers["content-type"] == "application/json"
