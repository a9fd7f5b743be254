"""Threat: an unexpected body. Whatever is sent, the response is never a 5xx."""

import json
from contextlib import suppress
from typing import Any, get_args

import pytest
from pydantic import BaseModel

from backend.kernel.refusals import Refusal
from backend.routes import FEATURES
from backend.web.routing.routes import signature_of
from backend.web.wire import validate
from tests.in_process import Gatehouse, Visitor
from tests.make import PASSWORD
from tests.scene import check_like_every_answer

ADA = {"name": "Ada", "email": "ada@example.com", "password": PASSWORD}
LONE, NUL = "\ud800", "\0"
PATHS = {
    "sign-up/email": ADA,
    "sign-in/email": ADA,
    "update-user": {"name": "Ada", "image": "/a.png"},
    "revoke-session": {"token": "x"},
    "sign-out": {},
    "revoke-sessions": {},
    "get-session": {},
}
ENDS_THE_SESSION = {"sign-out", "revoke-sessions"}
RAW = {
    "nothing but a brace": b"{",
    "half of the body": json.dumps(ADA).encode()[:-10],
    "two bodies": b"{}{}",
    "not a number": b'{"name": NaN}',
    "infinity": b'{"email": -Infinity}',
    "a number beyond every size": b'{"name": 1e999999}',
    "a number of 5000 digits": b'{"name": ' + b"9" * 5000 + b"}",
    "a key said twice": b'{"email": "a", "email": "b"}',
    "deep arrays": b"[" * 30_000 + b"]" * 30_000,
    "deep objects": b'{"a":' * 9_000 + b"1" + b"}" * 9_000,
    "no UTF-8": b'{"name": "\xff\xfe"}',
    "UTF-16": json.dumps(ADA).encode("utf-16"),
    "a byte order mark": b"\xef\xbb\xbf{}",
    "surrogates as bytes": b'{"name": "\xed\xa0\x80"}',
    "zeros": b"\0" * 1000,
    "a form": b"email=a&password=b",
    "a megabyte": b'{"name": "' + b"x" * 1_000_000 + b'"}',
    "a page": b"<html></html>",
    "a word": b"null",
    "an empty string": b'""',
    "a control character": b'{"name": "\x01"}',
    "a key of sixty thousand characters": b'{"' + b"k" * 60_000 + b'": 1}',
    "five thousand keys": json.dumps({f"k{number}": 1 for number in range(5000)}).encode(),
}
VALUES: dict[str, Any] = {
    "null": None,
    "true": True,
    "zero": 0,
    "a huge number": 10**400,
    "a fraction": 0.1,
    "an empty string": "",
    "an array": [],
    "an object": {"$gt": ""},
    "half a surrogate pair": LONE,
    "the other half": "\udfff",
    "the halves the wrong way round": "\udfff\ud800",
    "a zero character": NUL,
    "one in the middle": f"a{NUL}b",
    "ten thousand characters": "x" * 10_000,
    "ten thousand and an address": "x" * 10_000 + "@example.com",
    "sixty thousand characters": "x" * 60_000,
    "an address of a thousand dots": "a." * 1000 + "@example.com",
    "an address of a thousand signs": "a@" + "b." * 1000,
    "SQL": "' OR 1=1; DROP TABLE users; --",
    "a template": "${7*7}{{7*7}}%(x)s{0}",
    "right to left": "\u202eada",
    "a combining storm": "e" + "\u0301" * 500,
    "what NFKC makes longer": "\ufdfa" * 128,
    "emoji": "👩‍👩‍👧‍👦" * 20,
    "nested": [[[[[["x"]]]]]],
    "two of them": ["x", "y"],
}


@pytest.fixture(scope="module")
def shared_gatehouse(loop, tmp_path_factory) -> Any:
    """One application for the whole catalogue: what one body breaks, the next would notice."""
    from tests.clocks import FixedClock, SeededRandomness
    from tests.make import make_settings

    settings = make_settings(tmp_path_factory.mktemp("catalogue"), rate_limits=False)
    gatehouse = Gatehouse(loop, settings, FixedClock(), SeededRandomness())
    yield gatehouse
    gatehouse.close()


@pytest.fixture(scope="module")
def member(shared_gatehouse: Gatehouse) -> Visitor:
    return shared_gatehouse.member("somebody@example.com")


def check_response(response: Any, allowed: set[int]) -> None:
    assert response.status_code in allowed, response.text
    assert response.headers["content-type"] == "application/json"
    assert len(response.content) < 100_000
    check_like_every_answer(response)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("raw", RAW)
def test_raw_bytes(shared_gatehouse, member, path, raw):
    for visitor in (shared_gatehouse.visitor(), None if path in ENDS_THE_SESSION else member):
        if visitor is not None:
            check_response(visitor.post(path, raw=RAW[raw]), {200, 400, 401, 405, 413})


@pytest.mark.parametrize("value", VALUES)
def test_a_value_in_every_field(shared_gatehouse, member, value):
    for path, body in PATHS.items():
        for field in [*body, "callbackURL", "rememberMe", "role", "x", LONE]:
            stranger = path.startswith("sign-") or path in ENDS_THE_SESSION
            visitor = shared_gatehouse.visitor() if stranger else member
            response = visitor.post(path, {**body, field: VALUES[value]})
            check_response(response, {200, 400, 401, 403, 405, 413, 422})
    member.post("update-user", {"name": "Ada", "image": None})


@pytest.mark.parametrize("value", VALUES)
def test_a_value_for_a_body(shared_gatehouse, value):
    for path in PATHS:
        check_response(shared_gatehouse.visitor().post(path, VALUES[value]), {200, 400, 401, 405})


def list_models():
    """Every model that an endpoint reads from a request, and the part it reads it from."""
    for spec in (each for feature in FEATURES for each in feature.specs):
        signature = signature_of(spec.handler, spec.path)
        yield from ((each[1], "body") for each in (signature.body,) if each)
        yield from ((each[1], "query") for each in (signature.query,) if each)


def build_bodies(model, value):
    """Bodies that hold a value in one field each, and in one of each field that has its own."""
    for name, field in model.model_fields.items():
        yield {field.alias or name: value}
        for inner in (field.annotation, *get_args(field.annotation)):
            if isinstance(inner, type) and issubclass(inner, BaseModel):
                yield from ({field.alias or name: each} for each in build_bodies(inner, value))


@pytest.mark.parametrize("value", VALUES)
def test_a_value_in_every_field_of_every_endpoint_passes_or_is_refused(value):
    for model, part in list_models():
        for payload in build_bodies(model, VALUES[value]):
            with suppress(Refusal):
                validate(model, payload, part)


@pytest.mark.parametrize("body", [{"name": LONE}, {"image": LONE}, {"password": LONE * 8}])
def test_half_a_surrogate_pair_is_refused_and_not_stored(any_gatehouse, body):
    response = any_gatehouse.visitor().post("sign-up/email", {**ADA, **body})
    (field,) = body
    assert response.json()["message"] == f"[body.{field}] Invalid input"


@pytest.mark.parametrize("body", [{"name": f"a{NUL}b"}, {"image": NUL}])
def test_a_zero_character_is_refused_where_it_cannot_be_stored(any_gatehouse, body):
    assert any_gatehouse.visitor().post("sign-up/email", {**ADA, **body}).status_code == 400


@pytest.mark.parametrize("name", ["Zoë 🙂 ﷺ", "' OR 1=1 --", "\\", "%s%d{}", "a" * 200, " "])
def test_a_name_comes_back_as_it_was_given(any_gatehouse, name):
    visitor = any_gatehouse.visitor()
    assert visitor.post("sign-up/email", {**ADA, "name": name}).status_code == 200
    assert visitor.session()["user"]["name"] == name


@pytest.mark.parametrize("agent", [b"\xff\xfe", b"x\x00y", "é🙂".encode(), b"x" * 20_000])
def test_an_odd_agent_is_stored_without_complaint(any_gatehouse, agent):
    response = any_gatehouse.visitor().post("sign-up/email", ADA, headers={"user-agent": agent})
    assert response.status_code == 200


def test_the_server_is_as_good_as_new(shared_gatehouse, member):
    assert member.session()["user"]["email"] == "somebody@example.com"
    assert shared_gatehouse.visitor().sign_up("last@example.com").status_code == 200
