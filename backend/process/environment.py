"""Variables of the environment that libraries read and nobody has set for Gatehouse."""

import os
from pathlib import Path

import httpx

_LIBPQ, _GRADIO = "PG", "GRADIO_"
# These only help where DATABASE_URL has no password.
_PASSWORDS = {"PGPASSWORD", "PGPASSFILE"}
_PROXIES = {"ALL_PROXY", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"}
_CERTIFICATES = {"SSL_CERT_FILE", "SSL_CERT_DIR"}


def drop_inherited_variables() -> list[str]:
    """Remove from the environment what libraries read and nobody has set for Gatehouse.

    A PGHOSTADDR in a developer's shell would lead to another database, a PGOPTIONS or a
    GRADIO_SERVER_PORT would stop the start. Proxies and certificates stay if they can be used;
    returns the names of those that were removed because they cannot.
    """
    for name in [*os.environ]:
        if name.startswith((_LIBPQ, _GRADIO)) and name not in _PASSWORDS:
            del os.environ[name]
    unusable = [name for name in os.environ if name in _CERTIFICATES and not _is_trust_store(name)]
    proxies = [name for name in os.environ if name.upper() in _PROXIES]
    if proxies and not _are_usable_proxies():
        unusable += proxies
    for name in unusable:
        del os.environ[name]
    return unusable


def _is_trust_store(name: str) -> bool:
    path = Path(os.environ[name])
    if name == "SSL_CERT_DIR":
        return path.is_dir()
    # To parse it would take as long as the rest of the settings.
    return path.is_file() and b"CERTIFICATE-----" in path.read_bytes()


def _are_usable_proxies() -> bool:
    try:
        httpx.Client(verify=False).close()  # noqa: S501  it connects to nobody
    except (ImportError, ValueError, httpx.InvalidURL):
        return False
    return True
