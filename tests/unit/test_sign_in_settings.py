"""Settings of signing in: what is meant by them, and the one-line error for each invalid one."""

import pytest

from backend.kernel.settings import load_settings
from tests.unit.test_settings import empty_environment, refusal

__all__ = ["empty_environment"]

REFUSED = [
    ({"BREACHED_PASSWORDS": "on"}, "BREACHED_PASSWORDS: must be common, off, or the URL of a ser"),
    ({"BREACHED_PASSWORDS": "api.pwnedpasswords.com/range"}, "BREACHED_PASSWORDS: must be common"),
    (
        {"BREACHED_PASSWORDS": "http://api.pwnedpasswords.com/range/"},
        "BREACHED_PASSWORDS: must begin with https://",
    ),
    (
        {"BREACHED_PASSWORDS": "https://ada:word@p.example/"},
        "BREACHED_PASSWORDS: must not contain ",
    ),
    ({"BREACHED_PASSWORDS": "https://p.example/?mode=ntlm"}, "BREACHED_PASSWORDS: must not contai"),
    ({"BREACHED_PASSWORDS": "ftp://p.example/"}, "BREACHED_PASSWORDS: must be a URL such as http"),
    ({"BREACHED_PASSWORDS": "https://p.example:0/"}, "BREACHED_PASSWORDS: must be a URL such as "),
    ({"CAPTCHA_PROVIDER": "mosaic"}, "CAPTCHA_PROVIDER: must be 'none', 'turnstile', 'hcaptcha'"),
    ({"CAPTCHA_PROVIDER": "turnstile", "CAPTCHA_SITE_KEY": "1x"}, "CAPTCHA_PROVIDER needs CAPTCHA"),
    (
        {
            "CAPTCHA_PROVIDER": "hcaptcha",
            "CAPTCHA_SITE_KEY": "1x",
            "CAPTCHA_SECRET": "2x",
            "CAPTCHA_ACTION": "auth",
        },
        "CAPTCHA_ACTION must be unset",
    ),
    ({"CAPTCHA_VERIFY_URL": "http://verify.example/"}, "CAPTCHA_VERIFY_URL: must begin with http"),
    ({"CAPTCHA_HOSTNAMES": "https://app.example.com"}, "CAPTCHA_HOSTNAMES: 'https://app.example."),
    ({"CAPTCHA_MIN_SCORE": "2"}, "CAPTCHA_MIN_SCORE: must be at most 1"),
]


@pytest.mark.parametrize(("environment", "beginning"), REFUSED)
def test_what_cannot_work_is_refused_in_one_plain_line(monkeypatch, environment, beginning):
    error = refusal(monkeypatch, **environment)
    assert error.startswith(beginning)
    assert "\n" not in error


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("COMMON", "common"),
        ("Off", "off"),
        ("https://api.pwnedpasswords.com/range", "https://api.pwnedpasswords.com/range/"),
        ("https://api.pwnedpasswords.com/range/", "https://api.pwnedpasswords.com/range/"),
        ("http://127.0.0.1:8080/range/", "http://127.0.0.1:8080/range/"),
        ("http://localhost:8080", "http://localhost:8080/"),
        ("http://[::1]:8080/", "http://[::1]:8080/"),
    ],
)
def test_breached_passwords_are_a_list_or_a_service(monkeypatch, given, meant):
    monkeypatch.setenv("BREACHED_PASSWORDS", given)
    assert load_settings().breached_passwords == meant
