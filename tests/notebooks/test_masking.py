"""What may be shown of a secret: enough to tell two apart, and nothing that opens anything."""

import pytest

from notebooks.helpers.masking import hide, masked, shortened

TOKEN = "N5vT0cXq8mYw2bKzR4hLp7sDf9gJ1aUe3iOoPtCdWx"
SIGNED = f"{TOKEN}.aGVsbG8gd29ybGQgaGVsbG8gd29ybGQgaGVsbG8gd28%3D"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"cookie: better-auth.session_token={SIGNED}", "better-auth.session_token=N5vT•••"),
        (f"__Secure-better-auth.session_token={SIGNED}; Path=/", "session_token=N5vT•••; Path=/"),
        ("gatehouse.device=device-01a2-x.c2ln; Path=/", "gatehouse.device=devi•••; Path=/"),
        ("better-auth.session_token=; Max-Age=0", "better-auth.session_token=; Max-Age=0"),
        (f'{{"token": "{TOKEN}", "name": "Ada"}}', '{"token": "N5vT•••", "name": "Ada"}'),
        ('{"password": "short"}', '{"password": "•••"}'),
        ('{"password": "a \\"b\\" c", "x": 1}', '{"password": "•••", "x": 1}'),
        ("{'password': 'a \\'b'}", "{'password': '•••'}"),
        (f"authorization: Bearer {TOKEN}", "authorization: Bearer •••"),
        (f"set-auth-token: {SIGNED}", "set-auth-token: N5vT•••"),
        ("postgresql://ada:secret@db.example/auth", "postgresql://ada:•••@db.example/auth"),
        (f"a bare {TOKEN} somewhere", "a bare N5vT••• somewhere"),
    ],
)
def test_a_secret_is_hidden_wherever_it_stands(text, expected):
    assert expected in masked(text)
    assert TOKEN[4:] not in masked(text)


@pytest.mark.parametrize(
    "text",
    [
        "01a20478-6866-7839-a0aa-3d270bc679fe",
        "notebook-98f0b45b62a0@example.com",
        "401 Unauthorized",
    ],
)
def test_what_is_no_secret_stays_readable(text):
    assert masked(text) == text


def test_a_shortened_secret_says_how_long_it_is():
    assert shortened(TOKEN) == "N5vT••• (42 characters)"


def test_a_password_that_a_server_quotes_is_hidden_however_it_is_written():
    hide('one "canary" of ours')
    for output in (
        'not with one "canary" of ours',
        'not with one \\"canary\\" of ours',
        "not with one%20%22canary%22%20of%20ours",
    ):
        assert masked(output) == "not with •••"
