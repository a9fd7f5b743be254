"""The guide's app as it is deployed, and as it runs on a developer's machine."""

from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.frontend.app import App
from tests.frontend.edge import Edge
from tests.frontend.visitor import TIMEOUT, DeployedApp, Visitor, Visitors, visitors_of
from tests.in_process import Loop
from tests.mailbox import Mailbox
from tests.make import KEY
from tests.rig.openid_provider import OpenIdProvider, Realm
from tests.rig.space import Space

PROXY_KEY = "what-the-app-and-gatehouse-share"
APP_SERVER_ADDRESS = "198.51.100.1"


@pytest.fixture(scope="session")
def deployed(
    loop: Loop, tmp_path_factory: pytest.TempPathFactory, openid_provider: OpenIdProvider
) -> Iterator[DeployedApp]:
    """Production, as the guide sets it up, with an edge before the app and before the Space."""
    folder: Path = tmp_path_factory.mktemp("deployed")
    mailbox = Mailbox(folder / "mails")
    with ExitStack() as running:
        edge = running.enter_context(closing(Edge(loop, folder / "vercel", "203.0.113.1")))
        hub = running.enter_context(closing(Edge(loop, folder / "hub", "203.0.113.1")))
        # The Hub's edge as the app's server reaches it: from an address that is no visitor's.
        internal_edge = running.enter_context(
            closing(Edge(loop, folder / "behind", APP_SERVER_ADDRESS))
        )
        # By its number the Space has another host than the app, whose cookies it never sees.
        space_host = hub.host.replace("localhost", "127.0.0.1")
        company = running.enter_context(
            openid_provider.realm(f"{edge.url}/api/auth/callback/mycompany")
        )
        hugging_face = running.enter_context(
            openid_provider.realm(f"https://{space_host}/api/auth/callback/huggingface")
        )
        environment = {
            **provider_settings(company, hugging_face),
            "SSL_CERT_FILE": str(openid_provider.ca_file),
            "ENVIRONMENT": "production",
            "SPACE_HOST": f"{space_host},{hub.host}",
            "SECRET_KEY": KEY,
            "BCRYPT_ROUNDS": "10",
            "PUBLIC_URL": edge.url,
            "FRONTEND_URL": edge.url,
            "FRONTEND_PROXY_KEY": PROXY_KEY,
            "SIGN_IN_AFTER_VERIFICATION": "on",
            "MAILBOX_FILE": str(mailbox.file),
        }
        space = running.enter_context(Space(folder, environment))
        hub.port = internal_edge.port = space.port
        app_environment = {"GATEHOUSE_URL": internal_edge.url, "GATEHOUSE_KEY": PROXY_KEY}
        node_environment = {"NODE_EXTRA_CA_CERTS": str(internal_edge.certificate)}
        app = running.enter_context(
            App(folder / "app.log", {**app_environment, **node_environment})
        )
        edge.port = app.port
        yield DeployedApp(edge.url, space, mailbox, edge, hub, company=company)


def own_provider(company: Realm) -> dict[str, str]:
    """The settings for a provider of one's own."""
    return {**company.settings("mycompany"), "OIDC_MYCOMPANY_NAME": "My Company"}


def provider_settings(company: Realm, hugging_face: Realm) -> dict[str, str]:
    """A provider of one's own, one that is always away, and what the Hub sets on a Space."""
    return {
        **own_provider(company),
        "OIDC_PROVIDERS": "mycompany,away",
        "OIDC_AWAY_ISSUER": f"{company.issuer}-away",
        "OIDC_AWAY_CLIENT_ID": company.client_id,
        "OPENID_PROVIDER_URL": hugging_face.issuer,
        "OAUTH_CLIENT_ID": hugging_face.client_id,
        "OAUTH_CLIENT_SECRET": hugging_face.client_secret,
        "OAUTH_SCOPES": "openid profile email",
    }


@pytest.fixture(scope="session")
def on_my_machine(
    tmp_path_factory: pytest.TempPathFactory, openid_provider: OpenIdProvider
) -> Iterator[DeployedApp]:
    """Development: two ports of localhost, plain http, and no settings but each other's address."""
    folder: Path = tmp_path_factory.mktemp("local")
    mailbox = Mailbox(folder / "mails")
    environment = {"MAILBOX_FILE": str(mailbox.file), "RATE_LIMITS": "off"}
    more_ways = {"ANONYMOUS_SIGN_IN": "on", "MULTI_SESSION": "on"}
    space = Space(folder, {**environment, **more_ways})
    redirect_uri = f"http://localhost:{space.port}/api/auth/callback/mycompany"
    app_environment = {"GATEHOUSE_URL": f"http://localhost:{space.port}"}
    app = App(folder / "app.log", app_environment)
    dev = App(folder / "dev.log", app_environment, "dev", folder / "app")
    # Port 3000 is trusted without this; a test takes whichever port is free.
    space.environment["FRONTEND_URL"] = f"{app.url},{dev.url}"
    with openid_provider.realm(redirect_uri) as company:
        space.environment |= {"SSL_CERT_FILE": str(openid_provider.ca_file)}
        space.environment |= own_provider(company)
        with space, app:
            yield DeployedApp(app.url, space, mailbox, dev=dev)


@pytest.fixture(autouse=True, scope="module")
def patience() -> Iterator[None]:
    """Wait longer than Playwright's five seconds: a busy machine draws a page slowly."""
    expect.set_options(timeout=TIMEOUT)
    yield
    expect.set_options(timeout=5000)


@pytest.fixture
def visitors(deployed: DeployedApp, browser: Browser) -> Iterator[Visitors]:
    """People who open the deployed app."""
    with visitors_of(deployed, browser) as visitors:
        yield visitors


@pytest.fixture
def visitor(visitors: Visitors) -> Visitor:
    """Somebody who opens the deployed app for the first time."""
    return visitors()


@pytest.fixture
def developer(on_my_machine: DeployedApp, browser: Browser) -> Iterator[Visitor]:
    """Somebody who tries the app on the machine it runs on."""
    with visitors_of(on_my_machine, browser) as visitors:
        yield visitors()
