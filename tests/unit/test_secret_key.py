"""The signing keys: where they come from, and which are refused."""

import pytest

from backend.kernel.secrets.secret_key import is_key_generated, load_keyring
from backend.kernel.settings import SettingsError
from tests.clocks import SeededRandomness
from tests.make import KEY, ExplicitSettings

RANDOMNESS = SeededRandomness()


def load_ring(**values):
    return load_keyring(ExplicitSettings(**values), RANDOMNESS)


def refusal(**values) -> str:
    with pytest.raises(SettingsError) as error:
        load_ring(**values)
    return str(error.value)


def production_values(**values):
    return {"environment": "production", "secret_key": KEY, **values}


def test_the_key_that_is_set_signs(tmp_path):
    assert load_ring(secret_key=KEY, data_dir=tmp_path).sign("x") == load_ring(secret_key=KEY).sign(
        "x"
    )
    assert list(tmp_path.iterdir()) == []


def test_development_makes_one_and_keeps_it(tmp_path):
    first = load_ring(data_dir=tmp_path).sign("x")
    assert (
        load_keyring(ExplicitSettings(data_dir=tmp_path), SeededRandomness("other")).sign("x")
        == first
    )


def test_the_kept_key_is_readable_by_its_owner_only(tmp_path):
    load_ring(data_dir=tmp_path)
    assert (tmp_path / "secret_key").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("content", ["", "\n", "short"])
def test_a_key_that_was_cut_off_while_written_signs_nothing(tmp_path, content):
    (tmp_path / "secret_key").write_text(content)
    assert "contains an incomplete key. Remove it" in refusal(data_dir=tmp_path)


def test_old_keys_still_verify():
    both = load_ring(secret_key=KEY, secret_keys_old="an old key")
    assert both.verify("x", load_ring(secret_key="an old key").sign("x"))


def test_production_refuses_to_start_without_a_key(tmp_path):
    message = refusal(environment="production", data_dir=tmp_path)
    assert message.startswith(
        "SECRET_KEY is not set, but production requires it. Generate one with: "
    )
    assert list(tmp_path.iterdir()) == []


EXAMPLES = [
    "better-auth-secret-12345678901234567890",
    "09d25e094faa6ca2556c818166b7a9563b93f7099f6f0f4caa6cf63b88e8d3e7",
]


@pytest.mark.parametrize("example", EXAMPLES)
def test_production_refuses_to_start_with_a_key_that_everybody_knows(example):
    message = refusal(**production_values(secret_key=example))
    assert message.startswith(
        "SECRET_KEY is an example from documentation, which anyone knows. Generate"
    )
    message = refusal(**production_values(secret_keys_old=example))
    assert message.startswith("SECRET_KEYS_OLD is an example")


def test_a_fresh_space_starts_with_a_key_of_its_own(tmp_path):
    values = {"environment": "production", "space_id": "ada/gatehouse", "data_dir": tmp_path}
    assert load_ring(**values).sign("x")
    assert is_key_generated(ExplicitSettings(**values))


def test_but_not_with_a_database_that_outlives_the_key(tmp_path):
    message = refusal(
        environment="production",
        space_id="ada/gatehouse",
        data_dir=tmp_path,
        database_url="postgres://h/d",
    )
    assert "SECRET_KEY is not set" in message


@pytest.mark.parametrize(
    ("key", "why"),
    [
        ("c8Jq2vXo5mRzL0tW9yKpB4nGd7sHf1E", "SECRET_KEY is shorter than 32 characters"),
        ("", "SECRET_KEY is not set"),
        ("a" * 100, "SECRET_KEY is too easy to guess"),
        ("abcabcabcabcabcabcabcabcabcabcabcabc", "SECRET_KEY is too easy to guess"),
        ("0123456789012345678901234567890123456789", "SECRET_KEY is too easy to guess"),
        ("12345678901" * 4, "SECRET_KEY is too easy to guess"),
    ],
)
def test_production_refuses_a_weak_key_and_says_how_to_make_one(key, why):
    message = refusal(**production_values(secret_key=key))
    assert message.startswith(why)
    assert "Generate one with: " in message
    assert not key or key not in message


def test_production_refuses_a_weak_old_key_too():
    assert "SECRET_KEYS_OLD is shorter" in refusal(**production_values(secret_keys_old="weak"))


@pytest.mark.parametrize(
    "key", [KEY, "0123456789abcdef" * 4, "correct horse battery staple and more"]
)
def test_production_takes_a_good_key(key):
    assert load_ring(**production_values(secret_key=key)).sign("x")


def test_development_takes_any_key():
    assert load_ring(secret_key="weak").sign("x")
