"""The official Better Auth client, in Node.js, against a running Gatehouse."""

import json
from pathlib import Path

from tests.docs.guide import ROOT, list_blocks
from tests.openid import environment_of, redirect_uri
from tests.rig.harness import HARNESSES, conformance
from tests.rig.node import require_node, run_node
from tests.rig.space import Space

HERE = Path(__file__).parent
# The areas of the conformance harness that are built; each new feature adds its own.
AREAS = [
    *("core", "sessions", "csrf", "bearer", "rate-limit", "two-factor", "username"),
    *(
        "last-login-method",
        "anonymous",
        "multi-session",
        "magic-link",
        "email-otp",
        "passkey",
        "oauth",
    ),
]


def find_failures(output: str) -> list[str]:
    """Return the lines of the failed scenes, or the whole output if none ran."""
    lines = output.splitlines()
    if not any(line.startswith("ok ") for line in lines):
        return lines
    return [line for line in lines if line.startswith("not ok ")]


def test_the_client_signs_people_up_and_in(database_target, tmp_path):
    require_node(HERE)
    with Space(tmp_path, database_target.environment) as space:
        result = run_node(HERE, "client.mjs", space.url, seconds=120)
    assert find_failures(result.stdout) == []
    assert result.returncode == 0


def test_second_factors_and_user_names_are_better_auths(tmp_path):
    """The same scenes on both: each response has the same status, fields and cookies."""
    require_node(HERE)
    mailbox = tmp_path / "mails"
    with Space(tmp_path, {"MAILBOX_FILE": str(mailbox), "RATE_LIMITS": "off"}) as space:
        ours = run_node(HERE, "two_factor.mjs", space.url, str(mailbox), seconds=120)
    theirs = run_node(HERE, "two_factor.mjs", seconds=60)
    assert find_failures(ours.stdout) == find_failures(theirs.stdout) == []
    assert read_shapes(ours.stdout) == read_shapes(theirs.stdout)


def test_anonymous_users_and_several_accounts_are_better_auths(tmp_path):
    require_node(HERE)
    environment = {
        "ANONYMOUS_SIGN_IN": "on",
        "MULTI_SESSION": "on",
        "RATE_LIMITS": "off",
        "STRICT": "off",
    }
    with Space(tmp_path, environment) as space:
        ours = run_node(HERE, "accounts.mjs", space.url, seconds=120)
    theirs = run_node(HERE, "accounts.mjs", seconds=60)
    assert find_failures(ours.stdout) == find_failures(theirs.stdout) == []
    assert read_shapes(ours.stdout) == read_shapes(theirs.stdout)


def test_passkeys_are_better_auths(tmp_path):
    """The same scenes on both: refusals word by word, else status, fields and cookies."""
    require_node(HERE)
    settings = {"FRONTEND_URL": "http://localhost:3000", "STRICT": "off", "RATE_LIMITS": "off"}
    with Space(tmp_path, settings) as space:
        ours = run_node(HERE, "passkey.mjs", space.url, seconds=120)
    theirs = run_node(HERE, "passkey.mjs", seconds=60)
    assert find_failures(ours.stdout) == find_failures(theirs.stdout) == []
    assert read_shapes(ours.stdout) == read_shapes(theirs.stdout)


def test_signing_in_at_an_openid_provider_is_better_auths(openid_provider, tmp_path):
    """The provider is one that others wrote; refusals and redirects are compared word by word."""
    settings = {"PUBLIC_URL": "{url}", "STRICT": "off", "RATE_LIMITS": "off"}
    space = Space(tmp_path, {**settings, "SSL_CERT_FILE": str(openid_provider.ca_file)})
    base_urls = (space.url, "http://127.0.0.1:3000")
    firsts, seconds = ([redirect_uri(id_, url) for url in base_urls] for id_ in ("first", "second"))
    with openid_provider.realm(*firsts) as first, openid_provider.realm(*seconds) as second:
        space.environment |= environment_of(first=first, second=second)
        script = ("openid.mjs", first.issuer, second.issuer)
        options = {"seconds": 120, "ca_file": openid_provider.ca_file}
        with space:
            ours = run_node(HERE, *script, space.url, **options)
        theirs = run_node(HERE, *script, **options)
    assert find_failures(ours.stdout) == find_failures(theirs.stdout) == []
    assert read_shapes(ours.stdout) == read_shapes(theirs.stdout)


def read_shapes(output: str) -> list[object]:
    """Return what the last line tells of all responses."""
    shapes: list[object] = json.loads(output.splitlines()[-1])
    assert len(shapes) > 50
    return shapes


def test_mailed_links_and_codes_are_better_auths(tmp_path):
    """As above, and with STRICT off word by word what is refused, and where each link leads."""
    require_node(HERE)
    mailbox = tmp_path / "mails"
    settings = {"MAILBOX_FILE": str(mailbox), "RATE_LIMITS": "off", "STRICT": "off"}
    with Space(tmp_path, settings) as space:
        for script in ("magic_link.mjs", "email_otp.mjs"):
            ours = run_node(HERE, script, space.url, str(mailbox), seconds=120)
            theirs = run_node(HERE, script, seconds=60)
            assert find_failures(ours.stdout) == find_failures(theirs.stdout) == []
            assert read_shapes(ours.stdout) == read_shapes(theirs.stdout)


def test_the_expo_client_signs_people_up_and_in_on_a_phone(tmp_path, openid_provider):
    require_node(HERE)
    mailbox = tmp_path / "mails"
    setting, *_ = list_blocks(ROOT / "docs/mobile.md")
    frontends = setting.text.strip().removeprefix("FRONTEND_URL=")
    environment = {"FRONTEND_URL": frontends, "SIGN_IN_AFTER_VERIFICATION": "on"}
    authority = str(openid_provider.ca_file)
    space = Space(
        tmp_path, {**environment, "MAILBOX_FILE": str(mailbox), "SSL_CERT_FILE": authority}
    )
    redirect_uri = f"http://localhost:{space.port}/api/auth/callback/mycompany"
    with openid_provider.realm(redirect_uri) as realm:
        space.environment |= realm.settings("mycompany")
        with space:
            result = run_node(
                *(HERE, "expo.mjs", f"http://localhost:{space.port}", str(mailbox), "mycompany"),
                seconds=120,
                ca_file=openid_provider.ca_file,
            )
    assert find_failures(result.stdout) == []
    assert result.returncode == 0


if (HARNESSES / "conformance").is_dir():  # elsewhere the client's own scenes above are the proof

    def test_nothing_differs_from_better_auth(tmp_path):
        require_node(HERE)
        with conformance(tmp_path, only=",".join(AREAS)) as (command, folder):
            result = run_node(folder, *command[1:], seconds=600)
        assert find_failures(result.stdout) == []
        assert result.returncode == 0


def test_a_scene_that_does_not_hold_is_seen():
    assert find_failures("ok a\nnot ok b: why\n1 passed, 1 failed\n") == ["not ok b: why"]
    assert find_failures("Error: no server\n") == ["Error: no server"]
