"""The guide's app as on Vercel: what a visitor does in Chromium, and what reaches Gatehouse."""

import pytest
from playwright.sync_api import expect

from tests.frontend.visitor import DeployedApp, Visitor, Visitors

NEW_PASSWORD = "battery staple horse"
FORGED = {
    "x-forwarded-for": "198.51.100.66",
    "x-gatehouse-client-ip": "198.51.100.66",
    "x-gatehouse-key": "guessed",
}
# Reads a stream as it comes; tells when its first piece was there, and when each had been sent.
LISTEN = """async (path) => {
  const response = await fetch(path);
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  const { value } = await reader.read();
  const firstAt = new Date().toISOString();
  let text = value;
  for (let more; !(more = await reader.read()).done; ) text += more.value;
  const sentAt = [...text.matchAll(/^data: (.*)$/gm)].map((match) => JSON.parse(match[1]).sentAt);
  return { status: response.status, firstAt, sentAt };
}"""

LAST_WAY = "better-auth.last_used_login_method"


def test_a_visitor_signs_up_stays_signed_in_and_signs_out(visitors: Visitors, visitor: Visitor):
    visitor.sign_up()
    visitor.page.reload()
    expect(visitor.heading).to_have_text("Hello Ada")
    expect(visitor.header).to_contain_text("Signed in as Ada")
    thief = visitors()
    thief.page.context.add_cookies(visitor.cookies)
    thief.page.goto("/account")
    expect(thief.heading).to_have_text("Hello Ada")

    visitor.sign_out()
    visitor.assert_signed_out()
    thief.assert_signed_out()

    visitor.sign_in(visitor.email)
    expect(visitor.heading).to_have_text("Hello Ada")


def test_the_cookies_are_first_party_and_hidden_from_scripts(
    visitor: Visitor, deployed: DeployedApp
):
    origins: set[str] = set()
    visitor.page.on("request", lambda request: origins.add("/".join(request.url.split("/")[:3])))
    visitor.sign_up()
    assert origins == {deployed.url}
    names = {cookie["name"] for cookie in visitor.cookies}
    hidden = {"__Secure-better-auth.session_token", "__Secure-gatehouse.device"}
    assert names == hidden | {LAST_WAY}
    for cookie in visitor.cookies:
        assert (
            cookie["domain"] == "localhost"
        )  # with a dot in front it would be for every host below
        assert (cookie["secure"], cookie["sameSite"]) == (True, "Lax")
        assert cookie["httpOnly"] == (cookie["name"] in hidden)
    assert visitor.page.evaluate("document.cookie") == f"{LAST_WAY}=email"


def test_a_refusal_is_said_and_what_was_typed_stays(visitor: Visitor):
    visitor.sign_in("nobody@example.com")
    expect(visitor.alert).to_have_text("Invalid email or password")
    expect(visitor.page.get_by_label("E-mail or user name")).to_have_value("nobody@example.com")


def test_a_protected_endpoint_is_called_through_the_app(visitor: Visitor):
    visitor.sign_up()
    visitor.press_button("Call /api/me")
    expect(visitor.page.locator("code")).to_contain_text(f'"email":"{visitor.email}"')
    visitor.page.context.clear_cookies()
    visitor.press_button("Call /api/me")
    expect(visitor.page.locator("code")).to_contain_text("401")


@pytest.mark.parametrize("path", ["/api/stream", "/api/live"])
def test_an_event_stream_arrives_bit_by_bit(visitor: Visitor, path):
    visitor.sign_up()
    result = visitor.page.evaluate(LISTEN, path)
    assert result["status"] == 200
    assert len(result["sentAt"]) == 5
    assert result["firstAt"] < result["sentAt"][-1]
    visitor.press_button(f"Listen to {path}")
    expect(visitor.page.get_by_role("listitem")).to_have_count(5)


def test_gatehouse_sees_the_visitors_address_whatever_the_browser_says(visitors: Visitors):
    forger = visitors(extra_http_headers=FORGED)
    forger.sign_up()
    session = forger.page.evaluate(
        "fetch('/api/auth/get-session').then((response) => response.json())"
    )
    assert session["session"]["ipAddress"] == forger.address


def test_a_forged_cookie_passes_the_proxy_and_not_the_page(visitor: Visitor, deployed: DeployedApp):
    forged = {"name": "__Secure-better-auth.session_token", "value": "forged"}
    visitor.page.context.add_cookies([{**forged, "url": deployed.url, "secure": True}])
    visitor.assert_signed_out()


def test_a_server_function_asks_again(visitors: Visitors, visitor: Visitor):
    visitor.sign_up()
    visitor.press_button("Greet me")
    expect(visitor.page.locator("output")).to_have_text("Hello again, Ada.")
    elsewhere = visitors()
    elsewhere.page.context.add_cookies(visitor.cookies)
    elsewhere.page.goto("/")
    elsewhere.sign_out()
    visitor.press_button("Greet me")
    expect(visitor.page.locator("output")).to_have_text("You are not signed in.")


def test_a_forgotten_password_is_replaced(
    visitors: Visitors, visitor: Visitor, deployed: DeployedApp
):
    visitor.sign_up()
    forgetful = visitors()
    forgetful.page.goto("/sign-in")
    forgetful.page.get_by_role("link", name="Forgotten your password?").click()
    forgetful.fill_in("Send me a link", **{"E-mail": visitor.email})
    expect(forgetful.alert).to_contain_text("we have sent it an e-mail")
    link = deployed.mailbox.last("reset", visitor.email).url
    assert link.startswith(f"{deployed.url}/api/auth/reset-password/")

    forgetful.page.goto(link)
    forgetful.page.wait_for_url("**/reset-password")  # the token has left the address bar
    forgetful.fill_in("Set password", **{"New password": NEW_PASSWORD})
    forgetful.page.wait_for_url("**/sign-in")
    visitor.assert_signed_out()
    forgetful.sign_in(visitor.email, NEW_PASSWORD)
    expect(forgetful.heading).to_have_text("Hello Ada")

    visitor.page.goto(link)
    expect(visitor.alert).to_contain_text("has been used or has expired")


def test_a_mailed_link_signs_in_in_the_app(
    visitors: Visitors, visitor: Visitor, deployed: DeployedApp
):
    visitor.sign_up()
    expect(visitor.main).to_contain_text("not verified yet")
    link = deployed.mailbox.last("verify", visitor.email).url
    phone = visitors()
    follow_link(phone, link)
    expect(phone.header).to_contain_text("Signed in as Ada")
    phone.page.goto("/account")
    expect(phone.main).to_contain_text(f"{visitor.email}, verified")


def test_a_link_that_opens_nothing_says_so(visitor: Visitor, deployed: DeployedApp):
    visitor.sign_up()
    mail = deployed.mailbox.last("verify", visitor.email)
    visitor.page.goto(mail.url.replace(mail.token, "made-up"))
    expect(visitor.alert).to_contain_text("This link is not valid")


def test_an_address_is_changed_by_links_to_the_old_and_the_new(
    visitors: Visitors, visitor: Visitor, deployed: DeployedApp
):
    visitor.sign_up()
    follow_link(visitor, deployed.mailbox.last("verify", visitor.email).url)
    visitor.page.goto("/account")
    new = visitor.email.replace("@", "@new.")
    visitor.fill_in("Change e-mail", **{"New e-mail": new})
    expect(visitor.alert).to_contain_text("open the link we sent you by e-mail")
    follow_link(visitor, deployed.mailbox.last("change-email", visitor.email).url)

    link = deployed.mailbox.last("verify", new).url
    other = visitors()
    other.sign_up()
    other.page.goto(link)
    expect(other.alert).to_contain_text("Another user is signed in here")
    follow_link(visitor, link)
    visitor.page.goto("/account")
    expect(visitor.main).to_contain_text(f"{new}, verified")


def follow_link(visitor: Visitor, link: str) -> None:
    visitor.page.goto(link)
    expect(visitor.main).to_have_text("Thank you, that worked.")
