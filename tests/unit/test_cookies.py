"""Cookies, as Better Auth writes and reads them."""

from urllib.parse import quote
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.kernel.secrets.secret import SessionToken
from backend.kernel.secrets.signing import Keyring
from backend.web.cookie_header import find_cookie
from backend.web.cookies import Cookies

RING = Keyring([b"key"])
COOKIES = Cookies(RING, secure=False)
SECURE = Cookies(RING, secure=True)
NAME = "better-auth.session_token"
ADA, BOB = UUID(int=1), UUID(int=2)
TOKEN_CHARACTERS = st.characters(min_codepoint=33, max_codepoint=126, exclude_characters='";,\\')


@pytest.mark.parametrize(
    "header",
    [
        "n=v",
        "a=1; n=v; b=2",
        "a=1;n=v;b=2",
        "  a=1 ;  n=v  ; b=2",
        "n = v",
        'n="v"',
        "n=v; n=other",
        "nn=1; n=v",
        'x={"a":1}; n=v',
        "k@1=v2; n=v",
        'x="; n=v',
        "x; n=v",
        "=x; n=v",
        ";;; n=v",
        "a=b=c; n=v",
        "ü=1; n=v",
        "a=1; n=v; broken",
        "$Version=1; n=v",
        "N=other; n=v",
    ],
)
def test_a_cookie_is_found_among_odd_neighbours(header):
    assert find_cookie(header.encode(), "n") == "v"


@pytest.mark.parametrize("header", ["", "n", "N=v", "nn=v", "x=n=v", "an=v", "n;=v", "x=; y"])
def test_what_is_not_there_is_not_found(header):
    assert find_cookie(header.encode(), "n") is None


def test_the_first_of_two_with_one_name_wins():
    assert find_cookie(b"n=first; n=second", "n") == "first"


def test_a_value_may_contain_equal_signs():
    assert find_cookie(b"n=a=b==", "n") == "a=b=="


@given(st.binary())
def test_no_header_is_too_odd_to_read(header):
    find_cookie(header, "n")
    assert COOKIES.read_signed(header, NAME) is None


@given(st.text(alphabet=TOKEN_CHARACTERS, min_size=1))
def test_what_is_signed_is_read_back(value):
    header = f"{NAME}={quote(COOKIES.sign(value), safe='')}".encode()
    assert COOKIES.read_signed(header, NAME) == value


def test_a_signed_value_that_nobody_encoded_is_read_too():
    assert COOKIES.verify(COOKIES.sign("value")) == "value"


def test_what_follows_the_last_dot_is_the_signature():
    assert COOKIES.verify(COOKIES.sign("a.b.c")) == "a.b.c"


SIGNED = COOKIES.sign("value")


@pytest.mark.parametrize(
    "raw",
    [
        "",
        ".",
        "value",
        "value.",
        SIGNED[:-1],
        SIGNED + "=",
        SIGNED.replace("value", "other"),
        SIGNED.replace("value.", "value"),
        "." + SIGNED.partition(".")[2],
        SIGNED.upper(),
        SIGNED + "." + SIGNED,
        "value." + "A" * 43 + "=",
        "%",
        "%zz",
        "value.%F0%9F%99%82" + "a" * 43,
        "value." + "\xff" * 44,
    ],
)
def test_a_forged_value_is_none(raw):
    assert COOKIES.verify(raw) is None


def test_a_value_of_another_key_is_none():
    assert COOKIES.verify(Cookies(Keyring([b"other"]), secure=False).sign("value")) is None


def test_a_cookie_signed_before_the_key_changed_is_good():
    assert Cookies(Keyring([b"new", b"key"]), secure=False).verify(SIGNED) == "value"


def test_secure_cookies_have_a_prefix_and_their_plain_twins_are_not_read():
    header = f"{NAME}={SIGNED}".encode()
    assert SECURE.session_token == f"__Secure-{NAME}"
    assert COOKIES.read_signed(header, COOKIES.session_token) == "value"
    assert SECURE.read_signed(header, SECURE.session_token) is None


def test_a_session_cookie_reads_exactly_like_this():
    (line,) = COOKIES.set_session(SessionToken("tok"), 604800)
    value = quote(f"tok.{RING.sign('tok')}", safe="")
    assert line == f"{NAME}={value}; Max-Age=604800; Path=/; HttpOnly; SameSite=Lax"


def test_over_https_it_is_secure():
    (line,) = SECURE.set_session(SessionToken("tok"), 60)
    assert line.startswith(f"__Secure-{NAME}=tok.")
    assert line.endswith("; Max-Age=60; Path=/; HttpOnly; Secure; SameSite=Lax")


def test_without_an_age_it_ends_with_the_browser_and_says_so():
    session, dont_remember = COOKIES.set_session(SessionToken("tok"), None)
    assert "Max-Age" not in session + dont_remember
    assert COOKIES.read_signed(dont_remember.encode(), COOKIES.dont_remember) == "true"


def test_clearing_names_three_cookies_with_the_attributes_they_were_set_with():
    assert SECURE.clear_session() == [
        f"__Secure-better-auth.{name}=; Max-Age=0; Path=/; HttpOnly; Secure; SameSite=Lax"
        for name in ("session_token", "session_data", "dont_remember")
    ]


def test_a_known_device_is_known_for_its_own_user_only():
    header = COOKIES.set_device(ADA, "hash", "nonce").encode()
    assert COOKIES.find_device(header, ADA, "hash") == f"device-{ADA}-nonce"
    assert COOKIES.find_device(header, BOB, "hash") is None


def test_a_device_is_known_until_the_password_changes():
    header = COOKIES.set_device(ADA, "hash", "nonce").encode()
    assert COOKIES.find_device(header, ADA, "another hash") is None
    rotated = Cookies(Keyring([b"new", b"key"]), secure=False)
    assert rotated.find_device(header, ADA, "hash") is not None


def test_what_says_of_itself_that_it_is_a_device_is_none():
    """The signature of any other cookie covers only its value."""
    mark = quote(COOKIES.sign(f"device-{ADA}-nonce"), safe="")
    assert COOKIES.find_device(f"{COOKIES.device}={mark}".encode(), ADA, "hash") is None
    line = COOKIES.set_device(ADA, "hash", "nonce").partition(";")[0]
    as_a_session = line.replace(COOKIES.device, NAME).encode()
    assert COOKIES.read_signed(as_a_session, NAME) is None


def test_a_value_of_another_cookie_is_no_device():
    for value in ("true", "tok", str(ADA)):
        forged = f"{COOKIES.device}={quote(COOKIES.sign(value), safe='')}".encode()
        assert COOKIES.find_device(forged, ADA, "hash") is None


def test_a_device_is_kept_as_long_as_browsers_keep_anything():
    assert "; Max-Age=34560000;" in COOKIES.set_device(ADA, "hash", "nonce")


def test_every_line_fits_into_a_browser():
    lines = [*SECURE.set_session(SessionToken("x" * 42), None), SECURE.set_device(ADA, "hash", "x")]
    assert max(map(len, lines)) < 4096
