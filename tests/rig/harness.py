"""Runs the harnesses beside the repository, `../shared`, on Gatehouse as it is started by people.

python -m tests.rig.harness conformance [--only AREA,...] [--id ID,...] [--postgresql]
python -m tests.rig.harness attacks [--profile NAME] [--only ID-OR-GROUP,...] [--postgresql]

With --postgresql each server has a database of a PostgreSQL that is started for it.
"""

import argparse
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.rig import shared
from tests.rig.node import find_node
from tests.rig.postgres import shared_server, stop_shared_server
from tests.rig.processes import free_port
from tests.rig.space import ROOT, Space

HARNESSES = ROOT.parent / "shared"
CACHE = ROOT / ".cache"
ADMIN = ("admin@example.com", "admin-password-123")
OWNER = {"ADMIN_EMAIL": ADMIN[0], "ADMIN_PASSWORD": ADMIN[1], "APP_NAME": "Conformance"}

# Better Auth's own behaviour, without the rules of ours that are stricter.
LIKE_BETTER_AUTH = {
    **OWNER,
    "PUBLIC_URL": "{url}",
    "FRONTEND_URL": "http://localhost:3000",
    "RATE_LIMIT_PER_USER": "1000/minute",
    "STRICT": "off",
    "PASSKEY_RP_ID": "localhost",
    "PASSKEY_ORIGINS": "http://localhost:3000",
    "ANONYMOUS_SIGN_IN": "on",
    "MULTI_SESSION": "on",
    "OIDC_PROVIDERS": "conformance",
    "OIDC_CONFORMANCE_CLIENT_ID": "conformance-client",
    "OIDC_CONFORMANCE_CLIENT_SECRET": "conformance-client-secret",
    "OIDC_CONFORMANCE_ISSUER": "{provider}",
    "OIDC_CONFORMANCE_SCOPES": "openid email profile",
}
CONFORMANCE = {
    "base": LIKE_BETTER_AUTH,
    "short": {
        **LIKE_BETTER_AUTH,
        "SESSION_LIFETIME": "4",
        "SESSION_REFRESH_AFTER": "1",
        "SESSION_FRESH_FOR": "1",
        "VERIFICATION_LINK_LIFETIME": "1",
        "RESET_LINK_LIFETIME": "1",
        "MAGIC_LINK_LIFETIME": "1",
        "EMAIL_CODE_LIFETIME": "1",
        "RESET_REVOKES_SESSIONS": "false",
    },
    "strict": {
        **LIKE_BETTER_AUTH,
        "COOKIE_SECURE": "on",
        "REQUIRE_VERIFIED_EMAIL": "true",
        "SIGN_IN_AFTER_VERIFICATION": "true",
        "RESEND_VERIFICATION_ON_SIGN_IN": "true",
        "DELETE_USER_NEEDS_LINK": "true",
        "MAGIC_LINK_SIGN_UP": "false",
    },
}

TRUSTED = "https://app.example.test"
PUBLIC = "https://auth.example.test"
UNDER_ATTACK = {
    **OWNER,
    "PUBLIC_URL": "{url}",
    "FRONTEND_URL": TRUSTED,
    "STRICT": "on",
    "PANEL": "on",
    "BCRYPT_ROUNDS": "10",  # dear enough that a hash left out shows in the answer's time
    "OIDC_PROVIDERS": "test",
    "OIDC_TEST_CLIENT_ID": "cid",
    "OIDC_TEST_CLIENT_SECRET": "csecret",
    "OIDC_TEST_AUTHORIZATION_URL": "{provider}/authorize",
    "OIDC_TEST_TOKEN_URL": "{provider}/token",
    "OIDC_TEST_USERINFO_URL": "{provider}/userinfo",
}
ATTACKS: Mapping[str, tuple[dict[str, str], list[str]]] = {
    "main": ({"RATE_LIMITS": "off", "DOCS": "off"}, []),
    "limits": ({"RATE_LIMITS": "on"}, []),
    "verify": ({"RATE_LIMITS": "off", "REQUIRE_VERIFIED_EMAIL": "true"}, []),
    "secure": ({"COOKIE_SECURE": "on", "PUBLIC_URL": PUBLIC}, ["--https", "--origin", PUBLIC]),
    "slow": ({}, []),
}

FindDatabase = Callable[[], Mapping[str, str]]
"""Returns the settings of another empty database."""


def on_sqlite() -> Mapping[str, str]:
    return {}


def on_postgresql() -> Mapping[str, str]:
    server = shared_server()
    return {"DATABASE_URL": server.url(server.create_database())}


@contextmanager
def conformance(
    folder: Path, only: str = "", ids: str = "", find_database: FindDatabase = on_sqlite
) -> Iterator[tuple[list[str], Path]]:
    """Start the three profiles; gives the harness's command and the folder to run it in."""
    mailbox = folder / "mailbox.jsonl"
    harness = _with_packages(HARNESSES / "conformance")
    provider_port = free_port()  # the harness starts the provider, after the servers
    with ExitStack() as running:
        urls = []
        for name, environment in CONFORMANCE.items():
            settings = {**environment, **find_database(), "MAILBOX_FILE": str(mailbox)}
            space = _space(folder / name, _at_provider(settings, provider_port))
            urls += [f"--{name}-url", running.enter_context(space).url]
        admin_options = ["--admin-email", ADMIN[0], "--admin-password", ADMIN[1]]
        selection = [*(["--only", only] if only else []), *(["--id", ids] if ids else [])]
        mail_options = ["--mailbox", str(mailbox), "--oidc-port", str(provider_port)]
        yield (
            [str(find_node()), "run.mjs", *urls, *admin_options, *mail_options, *selection],
            harness,
        )


@contextmanager
def attacks(
    folder: Path, profile: str, only: str = "", find_database: FindDatabase = on_sqlite
) -> Iterator[tuple[list[str], Path]]:
    """Start the server of a profile; gives the harness's command and the folder to run it in."""
    outbox = folder / "outbox.jsonl"
    outbox.touch()
    environment, flags = ATTACKS[profile]
    settings = {**UNDER_ATTACK, **environment, **find_database(), "MAILBOX_FILE": str(outbox)}
    provider_port = free_port()  # the harness starts the provider, after the server
    with _space(folder / profile, _at_provider(settings, provider_port)) as space:
        target = ["--base-url", space.url, "--outbox", str(outbox), "--admin", ":".join(ADMIN)]
        profile_options = ["--profile", profile, "--trusted", TRUSTED, "--panel", "/admin"]
        profile_options += ["--idp-port", str(provider_port)]
        chosen = ["--only", only] if only else []
        yield (
            [sys.executable, "attacks.py", *target, *profile_options, *flags, *chosen],
            HARNESSES / "attacks",
        )


def _at_provider(environment: Mapping[str, str], port: int) -> dict[str, str]:
    address = f"http://127.0.0.1:{port}"
    return {name: text.replace("{provider}", address) for name, text in environment.items()}


def _space(folder: Path, environment: Mapping[str, str]) -> Space:
    folder.mkdir()
    return Space(folder, environment)


def _with_packages(source: Path) -> Path:
    """A copy of a read-only harness that has its Node packages, kept from one run to the next."""
    copy = CACHE / source.name
    installed = copy / "node_modules" / ".gatehouse-lock"
    lock = (source / "package-lock.json").read_bytes()
    shutil.rmtree(copy / "scenarios", ignore_errors=True)
    for file in filter(Path.is_file, source.rglob("*")):
        (target := copy / file.relative_to(source)).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, target)
    if not installed.exists() or installed.read_bytes() != lock:
        subprocess.run(["npm", "ci", "--silent", "--no-audit", "--no-fund"], cwd=copy, check=True)
        installed.write_bytes(lock)
    return copy


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.rig.harness")
    parser.add_argument("harness", choices=["conformance", "attacks"])
    parser.add_argument("--only", default="")
    parser.add_argument("--id", default="")
    parser.add_argument("--profile", choices=ATTACKS, default="main")
    parser.add_argument("--postgresql", action="store_true")
    return parser.parse_args()


def main() -> int:
    arguments = _arguments()
    if not (HARNESSES / arguments.harness).is_dir():
        sys.exit(f"{HARNESSES / arguments.harness} is not here; it is not part of the repository")
    if arguments.harness == "conformance" and not (find_node() and shutil.which("npm")):
        sys.exit("the conformance harness needs Node.js 20 or newer, with npm")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # ... through the clean-up below
    shared.open_folder()
    try:
        folder = shared.folder()
        database = on_postgresql if arguments.postgresql else on_sqlite
        harness = (
            conformance(folder, arguments.only, arguments.id, database)
            if arguments.harness == "conformance"
            else attacks(folder, arguments.profile, arguments.only, database)
        )
        with harness as (command, cwd):
            return subprocess.run(command, cwd=cwd, timeout=1800, check=False).returncode
    finally:
        stop_shared_server()
        shared.close_folder()


if __name__ == "__main__":
    sys.exit(main())
