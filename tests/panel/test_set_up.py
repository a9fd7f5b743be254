"""Set-up: each step, for each thing that may be missing, and the handler before a real API."""

import copy
import re

import pytest

from panel.client.api import ApiError
from panel.pages.set_up import setup_steps, words
from tests.clocks import NOON, SeededRandomness
from tests.lazy_import import lazy_import
from tests.make import PASSWORD, make_settings
from tests.panel.conftest import OWNER_EMAIL
from tests.panel.test_health import HEALTHY, READY
from tests.rig.space import ROOT

page = lazy_import("panel.pages.set_up.page")

EXAMPLE = ROOT / "examples" / "nextjs"
APP = "https://app.example.com"
COMPLETE = {**HEALTHY, "publicUrl": "https://auth.example.com", "frontendUrls": [APP]}
OPEN_STEP = re.compile(r"<details class='card setup-step' open><summary>.*?<b>(.*?)</b>")
PRESENT_KEY = "the present key, which nobody must see: 0123456789"


def make_state(tmp_path, *, own_password=True, settings=None, **changed):
    """Make the state of a deployment where every step is done, with the given changes."""
    status = copy.deepcopy(COMPLETE)
    for part, value in changed.items():
        status[part] = {**status[part], **value} if isinstance(value, dict) else value
    overrides = {
        "frontend_proxy_key": "shared",
        "secret_key": PRESENT_KEY,
        "require_two_factor_for": "admins",
        **(settings or {}),
    }
    app_settings = make_settings(tmp_path, **overrides)
    randomness = SeededRandomness("set-up")
    return setup_steps.SetupState(
        status, READY, app_settings, randomness, NOON, "me@example.com", "id-1", False, own_password
    )


def list_open_steps(state):
    return [
        (step.name, step.severity)
        for step in setup_steps.build_steps(state)
        if step.severity != "good"
    ]


def test_where_all_is_done_every_step_is_folded(tmp_path):
    state = make_state(tmp_path)
    assert list_open_steps(state) == []
    html = page.render_steps(setup_steps.build_steps(state), state.settings)
    assert words.ALL_DONE in html
    assert "<details class='card setup-step' open>" not in html
    assert "/admin/checks" in html


@pytest.mark.parametrize(
    ("changes", "name", "severity", "expected"),
    [
        ({"secret": {"state": "generated"}}, words.KEY, "bad", "SECRET_KEY="),
        ({"secret": {"state": "example"}}, words.KEY, "bad", "SECRET_KEY="),
        ({"database": {"durability": "ephemeral"}}, words.DATA, "bad", "DATABASE_URL=postgresql"),
        ({"database": {"userSearch": "reads all users"}}, words.DATA, "warn", "pg_trgm"),
        ({"publicUrl": "http://localhost:7860"}, words.PUBLIC, "bad", "PUBLIC_URL=https"),
        ({"publicUrl": "http://a.example"}, words.PUBLIC, "bad", "PUBLIC_URL=https"),
        (
            {"publicUrl": "http://a.example", "environment": "development"},
            words.PUBLIC,
            "warn",
            "https",
        ),
        ({"frontendUrls": []}, words.FRONTEND, "warn", f"FRONTEND_URL={APP}"),
        ({"settings": {"frontend_proxy_key": None}}, words.FRONTEND, "warn", "FRONTEND_PROXY_KEY="),
        (
            {"frontendUrls": ["http://localhost:3000"], "environment": "development"},
            words.FRONTEND,
            "warn",
            "proxy.ts",
        ),
        ({"mail": {"sends": "outbox"}}, words.MAIL, "warn", "SMTP_URL="),
        ({"mail": {"waiting": 1, "lastError": "550"}}, words.MAIL, "bad", "550"),
        (
            {"settings": {"require_two_factor_for": "none"}},
            words.FACTOR,
            "warn",
            "REQUIRE_TWO_FACTOR_FOR=admins",
        ),
        (
            {"settings": {"require_two_factor_for": "none", "two_factor": False}},
            words.FACTOR,
            "warn",
            "TWO_FACTOR=on",
        ),
        ({"limits": {"store": "off"}}, words.REPLICAS, "warn", "RATE_LIMITS=on"),
        (
            {"limits": {"store": "memory, because redis is away"}},
            words.REPLICAS,
            "warn",
            "REDIS_URL=",
        ),
    ],
    ids=str,
)
def test_what_is_missing_is_open_with_how_to_set_it(tmp_path, changes, name, severity, expected):
    state = make_state(tmp_path, **changes)
    assert list_open_steps(state) == [(name, severity)]
    html = page.render_steps(setup_steps.build_steps(state), state.settings)
    assert "1 step left" in html
    assert OPEN_STEP.findall(html) == [name]
    assert expected in html


def test_on_this_machine_its_own_address_is_right(tmp_path):
    state = make_state(tmp_path, publicUrl="http://localhost:7860", environment="development")
    assert list_open_steps(state) == []


def test_the_given_password_is_to_be_changed(tmp_path):
    settings = {"admin_email": "me@example.com", "admin_password": PASSWORD}
    state = make_state(tmp_path, own_password=False, settings=settings)
    assert list_open_steps(state) == [(words.ADMIN, "warn")]
    assert "/admin/users?id=id-1" in page.render_steps(
        setup_steps.build_steps(state), state.settings
    )
    assert list_open_steps(make_state(tmp_path, own_password=False)) == []


def test_who_signs_in_with_hugging_face_has_no_password_to_change(tmp_path):
    hub = {"oauth_client_id": "client", "space_host": "me-space.hf.space"}
    settings = {"admin_email": "me@example.com", **hub}
    assert list_open_steps(make_state(tmp_path, own_password=False, settings=settings)) == []


def test_on_a_space_each_value_is_copied_by_itself(tmp_path):
    settings = {"space_id": "owner/name", "environment": "development"}
    state = make_state(tmp_path, mail={"sends": "outbox"}, settings=settings)
    html = page.render_steps(setup_steps.build_steps(state), state.settings)
    assert "https://huggingface.co/spaces/owner/name/settings" in html
    assert "Secret <code>MAIL_API_KEY</code>" in html
    assert "Variable <code>MAIL_FROM</code>" in html
    assert "MAIL_FROM=" not in html
    assert "SMTP_URL" not in html


def test_keys_are_fresh_each_time_and_never_the_present_one(tmp_path):
    state = make_state(tmp_path, secret={"state": "generated"})
    pages = [page.render_steps(setup_steps.build_steps(state), state.settings) for _ in range(2)]
    keys = [re.search(r"^SECRET_KEY=(\S{64})$", page_html, re.M).group(1) for page_html in pages]
    assert len(set(keys)) == 2
    assert all(PRESENT_KEY not in page_html for page_html in pages)


@pytest.mark.parametrize(
    ("key", "shown"), [("generated", True), ("example", False), ("set", False)]
)
def test_only_the_generated_key_is_one_to_keep(tmp_path, key: str, shown: bool):
    state = make_state(tmp_path, secret={"state": key})
    html = page.render_steps(setup_steps.build_steps(state), state.settings)
    assert (words.KEY_GENERATED in html) == shown


@pytest.mark.parametrize("name", ["proxy.ts", "lib/gatehouse.ts"])
def test_the_apps_files_are_those_of_the_guide(name):
    (file,) = [each for each in setup_steps.app_files() if each.name == name]
    assert file.content == (EXAMPLE / name).read_text()


def test_the_owner_is_led_from_what_the_server_knows(panel):
    html = panel.run_handler(page.render, panel.context())
    assert words.ADMIN_FIRST.format(OWNER_EMAIL) in html
    owner = panel.gatehouse.visitor()
    owner.sign_in(OWNER_EMAIL)
    payload = {"currentPassword": PASSWORD, "newPassword": "one of my own, and long"}
    assert owner.post("change-password", payload).status_code == 200
    assert words.ADMIN_OK.format(OWNER_EMAIL) in panel.run_handler(
        page.render, panel.context(owner)
    )


def test_a_plain_user_is_told_nothing(panel):
    ada = panel.gatehouse.member("ada@example.com")
    with pytest.raises(ApiError) as excinfo:
        panel.run_handler(page.render, panel.context(ada))
    assert excinfo.value.status == 403
