"""What is redacted in texts before they are stored, logged or shown."""

import json
from base64 import b64encode
from urllib.parse import quote

import pytest

from backend.kernel.redaction import Redactor, secrets_in_url
from backend.kernel.secrets.secret import Secret
from tests.make import make_settings

TOKEN = "aB3" * 14
SHAPES = [
    ("/api/auth/reset-password/" + TOKEN, "/api/auth/reset-password/(token)"),
    (f"Bearer {'x' * 42}.c2lnbmF0dXJl%3D", "Bearer (token)"),
    ("authorization: bearer re_Abc12345_k", "authorization: bearer (token)"),
    ("Bearer authentication failed", "Bearer authentication failed"),
    ("redis://:p4ss/w@rd@cache:6379/0", "redis://:p4ss/w@rd@cache:6379/0"),  # known by its value
    ("redis://:p4ssw@rd@cache:6379/0", "redis://(credentials)@cache:6379/0"),
    (
        "GET /verify-email?token=short.one&callbackURL=/x",
        "GET /verify-email?token=***&callbackURL=/x",
    ),
    ("failing row (1, $bcrypt-sha256$v=2,t=2b,r=12$salt$digest)", "failing row (1, (hash))"),
    ("$2b$12$" + "k" * 53, "(hash)"),
    ("key aB-3_" + "xY_9-" * 9, "key (token)"),
    ("01a20474-0c95-738c-bcd2-da8a8380bd03", "01a20474-0c95-738c-bcd2-da8a8380bd03"),
    ("test_a_rather_long_name_of_a_function_in_a_traceback_of_ours", None),
    ("Mozilla/5.0 (X11; Linux x86_64)", "Mozilla/5.0 (X11; Linux x86_64)"),
]


@pytest.mark.parametrize(("text", "redacted"), SHAPES, ids=[each[0][:40] for each in SHAPES])
def test_what_looks_like_a_secret_is_blanked_and_nothing_else(text, redacted):
    assert Redactor().redact_secrets(text) == (text if redacted is None else redacted)


def test_an_address_is_blanked_only_where_it_must_be():
    text = "550 no such user <ada@example.com>"
    assert Redactor().redact_secrets_and_emails(text) == "550 no such user <(address)>"
    assert Redactor().redact_secrets(text) == text


@pytest.mark.parametrize(
    "secret", ["re_Abc_Key\n", "pa ss/wörd%41", "with'quote\"both", "hunter-2"]
)
def test_a_configured_secret_is_found_in_every_way_it_may_be_written(secret):
    redactor = Redactor([secret])
    written = [secret, repr(secret), json.dumps(secret), quote(secret, safe=""), quote(secret)]
    written += [repr(secret.encode()), f"Illegal value {f'Bearer {secret}'.encode()!r}"]
    for each in written:
        assert secret.strip() not in redactor.redact_secrets(each)
        assert "***" in redactor.redact_secrets(each)


def test_a_short_one_does_not_blank_ordinary_words():
    assert Redactor(["postgres", "abc"]).redact_secrets("postgresql, abc, postgres") == (
        "postgresql, abc, ***"
    )


def test_settings_know_all_their_secrets_and_the_parts_of_their_urls(tmp_path):
    settings = {
        "secret_keys_old": [Secret("an-old-key-of-before")],
        "frontend_proxy_key": Secret("canary-proxy-key"),
        "admin_email": "root@example.com",
        "admin_password": "canary-admin-password",
        "mail_api_key": Secret("canary-api-key"),
        "mail_api_url": "https://api.example.com/send?api_key=canary-in-query",
        "redis_url": Secret("redis://:canary-redis%2Ftail-of-it@cache:6379"),
        "database_url": Secret("postgresql://u:canary-%2Fdb@db.example.com/x"),
    }
    redactor = make_settings(tmp_path, **settings).redactor()
    for each in ("an-old-key-of-before", "canary-proxy-key", "canary-admin-password"):
        assert redactor.redact_secrets(f"<{each}>") == "<***>"
    for each in ("canary-api-key", "canary-in-query", "canary-redis/tail-of-it"):
        assert redactor.redact_secrets(f"<{each}>") == "<***>"
    for each in ("canary-%2Fdb", "canary-/db"):
        assert redactor.redact_secrets(f"<{each}>") == "<***>"
    assert redactor.redact_secrets("db.example.com") == "db.example.com"


def test_of_a_password_that_is_not_percent_encoded_its_pieces_are_known_too():
    """A parser that takes one for a host or a port quotes it in its error."""
    parts = secrets_in_url("redis://:canary-redis/tail-of-it@cache:6379")
    assert {"canary-redis/tail-of-it", "canary-redis", "tail-of-it"} <= set(parts)


def test_a_password_is_known_as_it_is_sent_to_a_mail_server_or_a_proxy(tmp_path):
    url = Secret("smtps://postman:canary%2Fpw%C3%A9@mail.example.com")
    redactor = make_settings(tmp_path, smtp_url=url, mail_from="a@example.com").redactor()
    for sent in ("\0postman\0canary/pwé", "canary/pwé", "postman:canary/pwé"):
        encoded = b64encode(sent.encode()).decode()
        text = redactor.redact_secrets(f"535 5.7.8 you said {encoded}")
        assert encoded.rstrip("=") not in text
        assert text.startswith("535 5.7.8 you said ***")
