"""Threat: input becomes a header line of a response, or a line of the log."""

from urllib.parse import quote

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.web.responses.responses import header_safe
from tests.scene import check_like_every_answer

SPLITTERS = [
    "\r\nset-cookie: evil=1",
    "\nevil: 1",
    "\r",
    "\0",
    "%0d%0aevil: 1",
    "\u010d\u010aevil: 1",
]


def list_lines(response: httpx.Response) -> list[str]:
    return [f"{name}: {value}" for name, value in response.headers.multi_items()]


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_a_location_is_always_one_line(target):
    assert not set(header_safe(target)) & set("\r\n\0 ")


@pytest.mark.parametrize("splitter", SPLITTERS, ids=ascii)
def test_a_callback_url_makes_no_header(gatehouse, splitter):
    gatehouse.member()
    response = gatehouse.visitor().sign_in(callbackURL=f"/x{splitter}")
    assert response.status_code in {200, 403}
    assert [
        line for line in list_lines(response) if line.startswith(("evil", "set-cookie: evil"))
    ] == []
    check_like_every_answer(response)


@pytest.mark.parametrize("splitter", SPLITTERS, ids=ascii)
def test_an_error_code_makes_no_header(gatehouse, splitter):
    response = gatehouse.visitor().get(f"error?error={quote(splitter)}")
    assert response.headers["location"] == "/?error=UNKNOWN"


@pytest.mark.parametrize("name", ["name", "image", "email"])
@pytest.mark.parametrize("splitter", SPLITTERS, ids=ascii)
def test_a_profile_makes_no_header(gatehouse, name, splitter):
    visitor = gatehouse.visitor()
    response = visitor.sign_up(**{name: f"a{splitter}"} if name != "email" else {"email": splitter})
    assert response.status_code in {200, 400}
    assert [line for line in list_lines(response) if line.startswith("evil")] == []


def test_an_origin_is_echoed_only_if_it_is_trusted(gatehouse):
    for origin in ("http://localhost:7860\x0bevil", "http://localhost:7860/\tx", "\xff"):
        response = gatehouse.visitor().get("ok", headers={"origin": origin.encode("latin-1")})
        assert "access-control-allow-origin" not in response.headers


def test_an_agent_moves_no_cursor_and_makes_no_line(gatehouse, capsys):
    agent = b"x\x1b[2J\x9b2J\x85forged\x7f\r\n\0 level=info"
    visitor = gatehouse.visitor()
    visitor.sign_up()
    visitor.post(
        "sign-in/email",
        {"email": "ada@example.com", "password": "x"},
        headers={"user-agent": agent},
    )
    output = capsys.readouterr()
    assert (
        len([line for line in (output.out + output.err).splitlines() if "sign_in_failed" in line])
        == 1
    )
    (event,) = [each for each in gatehouse.events() if each.kind == "sign_in_failed"]
    assert event.user_agent == "x[2J2Jforged level=info"


def test_a_refused_type_is_repeated_short_and_inside_the_body_only(gatehouse):
    headers = {"content-type": "text/" + "x" * 5000}
    response = gatehouse.visitor().post("sign-in/email", raw=b"{}", headers=headers)
    assert response.status_code == 415
    assert len(response.content) < 400
    assert "xxxxx" not in str(response.headers)
