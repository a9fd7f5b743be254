"""What a start prints."""

import pytest
from structlog.testing import capture_logs

from backend.start import list_urls, log_pages_without_passkeys
from tests.make import make_settings

HOW = "(for admins; ADMIN_EMAIL and ADMIN_PASSWORD create the first)"


def panel_line(tmp_path, **overrides) -> str:
    lines = list_urls(make_settings(tmp_path, panel=True, **overrides))
    return next(line for line in lines if "the panel" in line)


def test_a_start_without_an_admin_says_how_to_create_one(tmp_path):
    assert panel_line(tmp_path).endswith(f"/admin/  {HOW}")


def test_a_start_with_an_admin_does_not(tmp_path):
    line = panel_line(tmp_path, admin_email="owner@example.com", admin_password="a long one")
    assert line.endswith("/admin/")


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
