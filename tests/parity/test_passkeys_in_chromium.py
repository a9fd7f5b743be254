"""Passkeys in Chromium with its virtual authenticator, and the browser's half of the client."""

from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.make import PASSWORD
from tests.parity.test_official_client import HERE
from tests.rig.node import require_node
from tests.rig.space import Space

BUNDLE = HERE / "node_modules/@simplewebauthn/browser/dist/bundle/index.umd.min.js"
PAGE = "<!doctype html><title>A page</title><input autocomplete='username webauthn'>"
CALL = """async ([path, body]) => {
  const init = body && { method: "POST", body: JSON.stringify(body) };
  const headers = { "content-type": "application/json" };
  const response = await fetch(`/api/auth/${path}`, init ? { ...init, headers } : {});
  return { status: response.status, body: await response.json() };
}"""
CREATE = """async (optionsJSON) => {
  const { startRegistration } = SimpleWebAuthnBrowser;
  return startRegistration({ optionsJSON }).catch((error) => ({ error: error.code ?? error.name }));
}"""
GET = """async ([optionsJSON, useBrowserAutofill]) =>
  SimpleWebAuthnBrowser.startAuthentication({ optionsJSON, useBrowserAutofill })"""
_numbers = count()


class Person:
    """Somebody with a browser whose device has a screen lock."""

    def __init__(self, page: Page, url: str) -> None:
        self._page = page
        self.email = f"ada{next(_numbers)}@example.com"
        page.route("**/a-page", lambda route: route.fulfill(body=PAGE, content_type="text/html"))
        page.goto(f"{url}/a-page")
        page.add_script_tag(path=BUNDLE)
        session = page.context.new_cdp_session(page)
        session.send("WebAuthn.enable")
        options = {
            "protocol": "ctap2",
            "transport": "internal",
            "hasResidentKey": True,
            "hasUserVerification": True,
            "isUserVerified": True,
            "automaticPresenceSimulation": True,
        }
        made = session.send("WebAuthn.addVirtualAuthenticator", {"options": options})
        self._session, self._authenticator = session, made["authenticatorId"]

    def call(self, path: str, body: Any = None) -> Any:
        """Call an endpoint as a page of the app does; returns what it answers with 200."""
        response = self._page.evaluate(CALL, [path, body])
        assert response["status"] == 200, response
        return response["body"]

    def sign_up(self) -> None:
        self.call("sign-up/email", {"name": "Ada", "email": self.email, "password": PASSWORD})

    def sign_out(self) -> None:
        self.call("sign-out", {})
        assert self.call("get-session") is None

    def create(self) -> Any:
        """Let the browser make a passkey."""
        return self._page.evaluate(CREATE, self.call("passkey/generate-register-options"))

    def register(self) -> Any:
        return self.call("passkey/verify-registration", {"response": self.create(), "name": "Here"})

    def sign_in(self, *, while_typing: bool = False) -> Any:
        options = self.call("passkey/generate-authenticate-options")
        assert "allowCredentials" not in options
        signed = self._page.evaluate(GET, [options, while_typing])
        return self.call("passkey/verify-authentication", {"response": signed})

    def credentials(self) -> list[Any]:
        """What the authenticator keeps."""
        payload = {"authenticatorId": self._authenticator}
        kept: list[Any] = self._session.send("WebAuthn.getCredentials", payload)["credentials"]
        return kept


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server under the one name without https that browsers allow passkeys for."""
    folder = tmp_path_factory.mktemp("passkeys")
    with Space(folder, {"RATE_LIMITS": "off"}) as space:
        yield f"http://localhost:{space.port}"


@pytest.fixture
def ada(browser: Browser, url: str) -> Iterator[Person]:
    require_node(HERE)
    context = browser.new_context()
    person = Person(context.new_page(), url)
    person.sign_up()
    yield person
    context.close()


def test_a_passkey_is_registered_signs_in_and_is_deleted(ada):
    passkey = ada.register()
    (kept,) = ada.credentials()
    assert (kept["rpId"], kept["isResidentCredential"]) == ("localhost", True)
    assert passkey["transports"] == "internal"
    ada.sign_out()

    assert ada.sign_in()["user"]["email"] == ada.email
    assert ada.call("get-session")["user"]["email"] == ada.email
    (listed,) = ada.call("passkey/list-user-passkeys")
    assert (listed["name"], listed["counter"]) == ("Here", ada.credentials()[0]["signCount"])
    assert ada.call("passkey/delete-passkey", {"id": passkey["id"]}) == {"status": True}
    assert ada.call("passkey/list-user-passkeys") == []


def test_the_browser_offers_it_while_the_address_is_typed(ada):
    ada.register()
    ada.sign_out()
    assert ada.sign_in(while_typing=True)["user"]["email"] == ada.email


def test_a_device_that_has_one_is_not_registered_again(ada):
    ada.register()
    assert ada.create() == {"error": "ERROR_AUTHENTICATOR_PREVIOUSLY_REGISTERED"}
