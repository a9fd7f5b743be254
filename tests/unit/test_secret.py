"""Values that hide themselves."""

import copy
import json
import pickle  # noqa: TID251  only to see it refused
import traceback

import pytest

from backend.kernel.secrets.secret import Password, Secret, SessionToken

HIDDEN = "hunter2"
KINDS = [Secret, Password, SessionToken]


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_shown_only_on_purpose(kind):
    secret = kind(HIDDEN)
    texts = [repr(secret), str(secret), f"{secret}", f"{secret:>40}", "%s" % secret, repr([secret])]  # noqa: UP031
    assert [text for text in texts if HIDDEN in text] == []
    assert secret.reveal() == HIDDEN


@pytest.mark.parametrize("kind", KINDS)
def test_its_name_tells_what_it_hides(kind):
    assert repr(kind(HIDDEN)) == f"{kind.__name__}(***)"


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_not_serialised(kind):
    for serialise in (pickle.dumps, copy.deepcopy, json.dumps):
        with pytest.raises(TypeError):
            serialise(kind(HIDDEN))


@pytest.mark.parametrize("kind", KINDS)
def test_a_traceback_with_every_variable_does_not_show_it(kind):
    secret = kind(HIDDEN)
    try:
        raise ValueError(secret)
    except ValueError as error:
        summary = traceback.TracebackException.from_exception(error, capture_locals=True)
    text = "".join(summary.format())
    assert f"secret = {kind.__name__}(***)" in text
    assert HIDDEN not in text


def test_it_has_no_room_for_more_attributes():
    with pytest.raises(AttributeError):
        Password(HIDDEN).note = "x"


def test_an_empty_one_counts_as_none():
    assert not Secret("")
    assert Secret("x")
