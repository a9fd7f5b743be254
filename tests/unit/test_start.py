"""What a start prints."""

import pytest
from structlog.testing import capture_logs

from backend.start import (
    list_urls,
    log_pages_without_passkeys,
    log_unused_provider_settings,
)
from tests.make import make_settings

LINK = "http://localhost:7860/admin/first-admin?token=once"


def panel_line(tmp_path, **overrides) -> str:
    lines = list_urls(make_settings(tmp_path, panel=True, **overrides))
    return next(line for line in lines if "the panel" in line)


def test_a_start_without_an_admin_prints_the_link_that_makes_one(tmp_path):
    *_, line, url = list_urls(make_settings(tmp_path, panel=True), LINK)
    assert (
        line == "There is no admin yet. Whoever opens this link becomes the first; it works once:"
    )
    assert url.strip() == LINK


def test_a_start_with_an_admin_does_not(tmp_path):
    assert "first" not in "\n".join(list_urls(make_settings(tmp_path, panel=True)))


def test_on_a_space_the_panel_is_at_the_space_whatever_is_in_front(tmp_path):
    space = {"space_host": "ada-app.hf.space", "public_url": "https://app.example.com"}
    assert panel_line(tmp_path, **space).endswith(" https://ada-app.hf.space/admin/")
    assert panel_line(tmp_path).endswith(" http://localhost:7860/admin/")


def test_a_start_names_only_what_is_there(tmp_path):
    text = "\n".join(list_urls(make_settings(tmp_path, docs=False)))
    assert "/docs" not in text
    assert "/admin/" not in text
    assert f"SQLite in {tmp_path}" in text


def passkey_lines(tmp_path, **overrides):
    with capture_logs() as lines:
        log_pages_without_passkeys(make_settings(tmp_path, **overrides))
    return lines


def test_where_no_page_can_have_passkeys_one_line_says_why_and_what_helps(tmp_path):
    (line,) = passkey_lines(tmp_path, public_url="http://127.0.0.1:7860")
    assert (line["event"], line["log_level"]) == ("passkeys_off", "warning")
    assert line["reason"].startswith("http://127.0.0.1:7860: browsers offer passkeys on https")
    assert "PUBLIC_URL or FRONTEND_URL" in line["fix"]


def test_pages_that_are_left_out_are_named_in_one_line(tmp_path):
    frontends = "https://one.vercel.app,https://two.vercel.app,http://10.0.0.1:3000"
    (line,) = passkey_lines(tmp_path, frontend_url=frontends.split(","))
    assert (line["event"], line["log_level"]) == ("pages_without_passkeys", "info")
    assert "https://two.vercel.app: it is not part of one.vercel.app" in line["pages"]
    assert "http://10.0.0.1:3000: browsers offer" in line["pages"]


@pytest.mark.parametrize(
    "settings", [{}, {"passkeys": False, "public_url": "http://127.0.0.1:7860"}]
)
def test_where_nothing_is_missing_nothing_is_said(tmp_path, settings):
    assert passkey_lines(tmp_path, **settings) == []


def test_settings_of_a_provider_that_is_off_are_named_in_one_line(tmp_path):
    client = {"CLIENT_ID": "client", "CLIENT_SECRET": "a secret word"}
    oidc = {
        f"OIDC_{name}_{key}": text for name in ("GOOGLE", "GITLAB") for key, text in client.items()
    }
    with capture_logs() as lines:
        log_unused_provider_settings(make_settings(tmp_path, oidc=oidc, oidc_providers="gitlab"))
    (line,) = lines
    assert (line["event"], line["log_level"]) == ("provider_settings_unused", "warning")
    assert line["names"] == "OIDC_GOOGLE_CLIENT_ID, OIDC_GOOGLE_CLIENT_SECRET"
    assert "a secret word" not in str(line)
    with capture_logs() as lines:
        log_unused_provider_settings(
            make_settings(tmp_path, oidc=oidc, oidc_providers="gitlab google")
        )
    assert lines == []
