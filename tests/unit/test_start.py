"""What a start prints."""

from backend.start import list_urls
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
