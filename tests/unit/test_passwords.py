"""How passwords are validated, hashed and checked; four rounds take a millisecond."""

from dataclasses import replace

import bcrypt
import pytest
from passlib.hash import bcrypt_sha256

from backend.kernel.passwords.hasher import PasswordHasher
from backend.kernel.passwords.rules import PasswordRules, is_common, normalize_password
from backend.kernel.refusals import Refusal
from backend.kernel.secrets.secret import Password

RULES = PasswordRules(
    min_length=8, max_length=128, refuses_common=True, refuses_personal=True, app_name="Gatehouse"
)


@pytest.fixture(scope="module")
def hasher() -> PasswordHasher:
    return PasswordHasher(4)


def tells_apart(hasher: PasswordHasher, one: str, other: str) -> bool:
    """Whether the hash of one password refuses the other and takes the one."""
    hashed = hasher.hash(Password(one))
    assert hasher.verify(Password(one), hashed).matches
    return not hasher.verify(Password(other), hashed).matches


def refusal_code(password: str, rules: PasswordRules = RULES) -> str | None:
    """The code with which a new password is refused, or None."""
    try:
        rules.check_new(Password(password))
    except Refusal as refusal:
        return refusal.code
    return None


@pytest.mark.parametrize("at", [71, 72, 73, 79, 127])
def test_every_character_counts(hasher, at):
    password = "x" * 128
    assert tells_apart(hasher, password, password[:at] + "y" + password[at + 1 :])


def test_a_longer_password_is_another(hasher):
    assert tells_apart(hasher, "x" * 72, "x" * 73)
    assert tells_apart(hasher, "x" * 73, "x" * 72)


@pytest.mark.parametrize("other", ["secret", "secret\0tail of anothe", "\0", ""])
def test_nul_is_a_character_like_any_other(hasher, other):
    assert tells_apart(hasher, "secret\0tail of one", other)


def test_spaces_and_case_count(hasher):
    assert tells_apart(hasher, " Secret ", "Secret")
    assert tells_apart(hasher, "Secret", "secret")


@pytest.mark.parametrize(
    ("typed", "elsewhere"),
    [
        ("e\u0301gale\u0301", "égalé"),
        ("\ufb01ancée", "fiancée"),
        ("\uff11\uff12\uff13", "123"),
        ("\u212b", "Å"),
    ],
    ids=ascii,
)
def test_the_same_password_from_another_keyboard_matches(hasher, typed, elsewhere):
    assert typed != elsewhere
    hashed = hasher.hash(Password(typed))
    assert hasher.verify(Password(elsewhere), hashed).matches


def test_a_hash_names_its_algorithm_and_cost(hasher):
    assert hasher.hash(Password("x")).startswith("$bcrypt-sha256$v=2,t=2b,r=4$")


def test_two_hashes_of_one_password_differ(hasher):
    assert hasher.hash(Password("x")) != hasher.hash(Password("x"))


def test_nobody_has_a_password(hasher):
    for guess in ("nobody has this password", "", "x"):
        verdict = hasher.verify(Password(guess), None)
        assert (verdict.matches, verdict.new_hash) == (False, None)


def test_nobody_costs_as_much_as_anybody(monkeypatch):
    salts = []
    real = bcrypt.hashpw
    monkeypatch.setattr(bcrypt, "hashpw", lambda text, salt: salts.append(salt) or real(text, salt))
    hasher = PasswordHasher(5)
    hashed = hasher.hash(Password("x"))
    salts.clear()
    hasher.verify(Password("x"), hashed)
    hasher.verify(Password("x"), None)
    assert [salt[:7] for salt in salts] == [b"$2b$05$", b"$2b$05$"]


def test_a_hash_that_is_none_matches_nothing(hasher):
    for broken in ("", "x", "$2b$", "$2b$04$tooshort", "a" * 32 + ":" + "b" * 128):
        assert not hasher.verify(Password("x"), broken).matches


@pytest.mark.parametrize("stored", [None, "", "x", "ours", "plain"])
@pytest.mark.parametrize("guess", ["x", "x\0"])
def test_every_refusal_costs_one_hash(hasher, monkeypatch, stored, guess):
    ours, plain = hasher.hash(Password("y")), bcrypt.hashpw(b"y", bcrypt.gensalt(4)).decode()
    hashed, hashpw = [], bcrypt.hashpw
    monkeypatch.setattr(bcrypt, "hashpw", lambda *args: hashed.append(1) or hashpw(*args))
    known = {"ours": ours, "plain": plain}.get(stored, stored)
    assert not hasher.verify(Password(guess), known).matches
    assert len(hashed) == 1


def test_a_hash_of_our_own_cost_is_kept(hasher):
    hashed = hasher.hash(Password("x"))
    assert hasher.verify(Password("x"), hashed).new_hash is None


@pytest.mark.parametrize("rounds", [5, 6])
def test_a_hash_of_another_cost_is_replaced(hasher, rounds):
    new_hash = hasher.verify(Password("x"), PasswordHasher(rounds).hash(Password("x"))).new_hash
    assert new_hash.startswith("$bcrypt-sha256$v=2,t=2b,r=4$")


def test_a_plain_bcrypt_hash_from_elsewhere_is_taken_and_replaced(hasher):
    foreign = bcrypt.hashpw(b"secret", bcrypt.gensalt(4)).decode()
    verdict = hasher.verify(Password("secret"), foreign)
    assert verdict.matches
    assert bcrypt_sha256.verify("secret", verdict.new_hash)
    assert not hasher.verify(Password("Secret"), foreign).matches


@pytest.mark.parametrize("odd", ["secret\0", "secret\0x", "\0", "secret" + "x" * 100])
def test_what_plain_bcrypt_cannot_read_does_not_match_it(hasher, odd):
    foreign = bcrypt.hashpw(b"secret", bcrypt.gensalt(4)).decode()
    assert not hasher.verify(Password(odd), foreign).matches


def test_a_wrong_password_upgrades_nothing(hasher):
    foreign = bcrypt.hashpw(b"secret", bcrypt.gensalt(4)).decode()
    assert hasher.verify(Password("wrong"), foreign).new_hash is None


def test_a_working_library_is_proved():
    PasswordHasher(4).self_test()


@pytest.mark.parametrize("broken", ["x", "x" * 72])
def test_a_library_that_looks_at_the_first_characters_only_is_found_out(monkeypatch, broken):
    monkeypatch.setattr(
        "backend.kernel.passwords.hasher.normalize_password",
        lambda password: password.reveal()[: len(broken)],
    )
    with pytest.raises(RuntimeError, match="does not tell passwords apart"):
        PasswordHasher(4).self_test()


@pytest.mark.parametrize(
    ("password", "code"),
    [
        ("seven ch", None),
        ("seven c", "PASSWORD_TOO_SHORT"),
        ("", "PASSWORD_TOO_SHORT"),
        ("u" * 128, None),
        ("u" * 129, "PASSWORD_TOO_LONG"),
        ("🙂" * 8, None),
        ("🙂" * 7, "PASSWORD_TOO_SHORT"),
        ("é🙂" * 64, None),
        ("e\u0301" * 128, None),  # 256 typed, 128 composed
        ("e\u0301" * 129, "PASSWORD_TOO_LONG"),
        ("e\u0301" * 7, "PASSWORD_TOO_SHORT"),
        ("\ufb03" * 3, None),  # three ligatures are nine letters
        ("        ", None),
        ("a\0bcdefg", None),
    ],
    ids=ascii,
)
def test_a_new_password_has_8_to_128_characters(password, code):
    assert refusal_code(password) == code


def test_the_bounds_are_settings():
    rules = replace(RULES, min_length=15, max_length=20, refuses_common=False)
    assert refusal_code("x" * 14, rules) == "PASSWORD_TOO_SHORT"
    assert refusal_code("x" * 20, rules) is None
    assert refusal_code("x" * 21, rules) == "PASSWORD_TOO_LONG"


@pytest.mark.parametrize(
    "password",
    ["password", "PASSWORD", "Password1", "password123!", "qwertyuiop", "12345678", "iloveyou2024"],
)
def test_a_common_password_is_refused_whatever_its_case_and_tail(password):
    assert refusal_code(password) == "PASSWORD_COMPROMISED"


@pytest.mark.parametrize(
    "password",
    ["correct horse battery", "my password is long", "1password manager", "dragonfly-teapot"],
)
def test_a_good_password_with_a_common_word_in_it_is_taken(password):
    assert refusal_code(password) is None


def test_where_common_ones_are_allowed_they_are_taken():
    assert refusal_code("password", replace(RULES, refuses_common=False)) is None


def test_signs_alone_are_not_common():
    assert not is_common("!" * 11)


def test_the_list_is_ten_thousand_folded_words():
    from backend.kernel.passwords.rules import _common_passwords

    assert len(_common_passwords()) == 10_000
    assert all(word == word.casefold() for word in _common_passwords())


def test_the_form_is_nfkc():
    assert normalize_password(Password("\ufb01")) == "fi"
