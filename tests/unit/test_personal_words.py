"""Passwords made from personal words."""

import pytest

from backend.kernel.passwords.personal_words import is_made_from

ADA = ("ada.lovelace@example.com", "Ada Lovelace", "Gatehouse")


@pytest.mark.parametrize(
    "password",
    [
        "ada.lovelace@example.com",
        "ADA.LOVELACE@EXAMPLE.COM",
        "ada.lovelace",
        "lovelace-ada-1815",
        "AdaLovelace!",
        "gatehouse",
        "Gatehouse2026!",
        "123gatehouse",
        "G4teh0use!!",
        "g@tehouse$$",
        "1ovelace1815",
        "esuohetag",
        "ecalevol99",
        "adaadaada",
        "gatehouse-ada",
        "L\u00f3vel\u00e1ce1",
        "\uff27\uff21\uff34\uff25\uff28\uff2f\uff35\uff33\uff25",
    ],
    ids=ascii,
)
def test_what_is_made_from_known_words_is_found(password):
    assert is_made_from(password, ADA)


@pytest.mark.parametrize(
    "password",
    [
        "correct horse battery",
        "ada keeps a white horse",
        "gatehouse-keeper",
        "lovelace and babbage",
        "4829 1038 2938",
        "!!!!!!!!!!!!",
        "adam-lovelace",
        "",
    ],
)
def test_a_word_within_a_good_password_does_no_harm(password):
    assert not is_made_from(password, ADA)


@pytest.mark.parametrize("password", ["xyio20262026", "x@y.io 2026", "\u674e\u660e\u534e 2026"])
def test_short_addresses_and_names_in_any_script_are_known_words(password):
    assert is_made_from(password, ("x@y.io", "\u674e\u660e\u534e"))


@pytest.mark.parametrize("name", ["", "A", "Al B", "123", "  ", "a b c d e f g h"])
def test_a_name_that_says_nothing_refuses_nothing(name):
    assert not is_made_from("bad cafe face", (name,))


def test_words_that_overlap_are_read_in_every_way():
    assert is_made_from("ab" * 60 + "abc", ("abab aba abc",))
    assert not is_made_from("ab" * 60 + "x", ("abab aba abc",))
