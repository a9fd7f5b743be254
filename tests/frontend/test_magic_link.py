"""Magic links in Chromium: opened by a scanner first, in another browser, and where they were
asked for; through the app's proxy, and straight to the server beside the app."""

from playwright.sync_api import expect

from tests.frontend.visitor import DeployedApp, Visitor, Visitors, visitors_of
from tests.mailbox import ReceivedMail

ASK = """(body) => fetch("/api/auth/sign-in/magic-link", {
  method: "POST",
  headers: { "content-type": "application/json" },
  body: JSON.stringify({ name: "Ada", ...body }),
}).then((response) => response.status)"""
VERIFY = """(token) => fetch(`/api/auth/magic-link/verify?token=${token}`)
  .then((response) => response.json()).then(({ user }) => user.email)"""
QUESTION = "Sign in to Gatehouse?"


def ask(visitor: Visitor, app: DeployedApp, callback: str = "/account") -> ReceivedMail:
    """Ask for a link on a page of the app; returns the mail."""
    visitor.page.goto("/sign-in")
    body = {"email": visitor.email, "callbackURL": callback}
    assert visitor.page.evaluate(ASK, body) == 200
    return app.mailbox.last("magic-link", visitor.email)


def test_a_scanner_opens_the_link_and_then_somebody_reads_the_mail_on_a_phone(
    visitors: Visitors, visitor: Visitor, deployed: DeployedApp
):
    mail = ask(visitor, deployed)
    scanner = visitors()
    assert "<button>" in scanner.page.context.request.get(mail.url).text()
    scanner.page.goto(mail.url)

    phone = visitors()
    phone.page.goto(mail.url)
    expect(phone.heading).to_have_text(QUESTION)
    expect(phone.main).to_contain_text(visitor.email)
    phone.page.keyboard.press("Tab")
    expect(phone.page.get_by_role("button", name="Sign in")).to_be_focused()
    phone.page.keyboard.press("Enter")
    expect(phone.heading).to_have_text("Hello Ada")

    assert phone.complaints == scanner.complaints == []
    scanner.assert_signed_out()
    visitor.page.goto(mail.url)
    visitor.assert_signed_out()


def test_where_it_was_asked_for_a_click_is_enough(visitor: Visitor, deployed: DeployedApp):
    visitor.page.goto(ask(visitor, deployed).url)
    expect(visitor.heading).to_have_text("Hello Ada")


def test_the_apps_own_fetch_needs_no_button(
    visitors: Visitors, visitor: Visitor, deployed: DeployedApp
):
    mail, phone = ask(visitor, deployed), visitors()
    phone.page.goto("/sign-in")
    assert phone.page.evaluate(VERIFY, mail.token) == visitor.email
    phone.page.goto("/account")
    expect(phone.heading).to_have_text("Hello Ada")


def test_two_presses_of_the_button_sign_in_once(
    visitors: Visitors, visitor: Visitor, deployed: DeployedApp
):
    mail, phone = ask(visitor, deployed), visitors()
    phone.page.goto(mail.url)
    phone.page.get_by_role("button", name="Sign in").dblclick()
    expect(phone.heading).to_have_text("Hello Ada")


def test_over_plain_http_it_leads_to_the_app_on_another_port(
    on_my_machine: DeployedApp, browser, developer: Visitor
):
    mail = ask(developer, on_my_machine, f"{on_my_machine.url}/account")
    assert not mail.url.startswith(on_my_machine.url)
    with visitors_of(on_my_machine, browser) as others:
        phone = others(java_script_enabled=False)
        phone.page.goto(mail.url)
        expect(phone.heading).to_have_text(QUESTION)
        phone.page.get_by_role("button", name="Sign in").click()
        phone.page.wait_for_url(f"{on_my_machine.url}/account")
        names = {cookie["name"] for cookie in phone.cookies}
        assert "better-auth.session_token" in names
