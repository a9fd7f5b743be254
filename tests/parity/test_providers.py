"""Signing in with a provider, with the official client: what Better Auth does and no other."""

import pytest

from tests.parity.test_official_client import HERE, find_failures, read_shapes
from tests.rig.harness import ADMIN
from tests.rig.node import require_node, run_node
from tests.rig.processes import free_port
from tests.rig.space import Space


def list_settings(provider: str) -> dict[str, str]:
    """The providers of tests/parity/providers.mjs, as Gatehouse's settings name them."""
    clients = {
        f"OIDC_{name}_{field}": text
        for name in ("COMPANY", "LEAVING", "PLAIN")
        for field, text in (
            ("CLIENT_ID", "parity-client"),
            ("CLIENT_SECRET", "parity secret+1"),
            ("SCOPES", "email" if name == "PLAIN" else "openid email profile"),
        )
    }
    return {
        "ANONYMOUS_SIGN_IN": "on",
        "RATE_LIMITS": "off",
        "STRICT": "off",
        "PUBLIC_URL": "{url}",
        "ADMIN_EMAIL": ADMIN[0],
        "ADMIN_PASSWORD": ADMIN[1],
        "OIDC_PROVIDERS": "company,leaving,plain",
        **clients,
        "OIDC_COMPANY_ISSUER": provider,
        "OIDC_LEAVING_ISSUER": f"{provider}/leaving",
        "OIDC_PLAIN_AUTHORIZATION_URL": f"{provider}/authorize?a=b%20c&state=x",
        "OIDC_PLAIN_TOKEN_URL": f"{provider}/token",
        "OIDC_PLAIN_USERINFO_URL": f"{provider}/userinfo",
    }


@pytest.mark.parametrize("script", ["oauth.mjs", "linked_accounts.mjs"])
def test_signing_in_with_a_provider_is_better_auths(tmp_path, script):
    """The same scenes on both: refusals and redirects word by word, else fields and cookies."""
    require_node(HERE)
    port = free_port()
    with Space(tmp_path, list_settings(f"http://127.0.0.1:{port}")) as space:
        ours = run_node(HERE, script, space.url, str(port), seconds=120)
    theirs = run_node(HERE, script, seconds=60)
    assert find_failures(ours.stdout) == find_failures(theirs.stdout) == []
    assert read_shapes(ours.stdout) == read_shapes(theirs.stdout)
