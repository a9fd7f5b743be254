"""A running server whose addresses were pasted as people write them."""

import pytest

from tests.in_process import cookie_lines

FRONTENDS = (
    '"HTTPS://App.Example.COM/" https://*.b\u00fccher.example; myapp://,exp://10.0.0.5:8081/--/'
)


@pytest.fixture
def pasted(start):
    return start(public_url=" HTTPS://Auth.Example.COM:443/\n", frontend_url=FRONTENDS)


def test_a_scheme_in_capitals_still_makes_cookies_secure(pasted):
    response = pasted.visitor().sign_up()
    line = cookie_lines(response)["session_token"]
    assert line.startswith("__Secure-better-auth.session_token=")
    assert "; Secure;" in line
    assert "strict-transport-security" in response.headers


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        ("https://auth.example.com", 200),
        ("https://app.example.com", 200),
        ("https://shop.xn--bcher-kva.example", 200),
        ("myapp://", 200),
        ("exp://10.0.0.5:8081/--/", 200),
        ("otherapp://", 403),
        ("https://xn--bcher-kva.example", 403),
        ("http://app.example.com", 403),
    ],
)
def test_the_origins_are_those_that_browsers_and_apps_send(pasted, origin, status):
    member = pasted.member()
    response = member.post("update-user", {"name": "Ada"}, headers={"origin": origin})
    assert response.status_code == status


@pytest.mark.parametrize(
    ("target", "status"),
    [
        ("myapp://", 200),
        ("myapp:///reset", 200),
        ("myapp://open/chat?id=1", 200),
        ("exp://10.0.0.5:8081/--/reset", 200),
        ("exp://10.0.0.5:8081/other", 403),
        ("exp://10.0.0.6:8081/--/reset", 403),
        ("otherapp://reset", 403),
        ("https://app.example.com/reset", 200),
    ],
)
def test_an_apps_deep_link_may_be_where_a_mail_leads(pasted, target, status):
    pasted.member(email="ada@example.com")
    payload = {"email": "ada@example.com", "redirectTo": target}
    assert pasted.visitor().post("request-password-reset", payload).status_code == status
