"""Which page a notebook plays when it registers a passkey."""

from collections.abc import Mapping
from typing import Any


def find_page(methods: Mapping[str, Any], base_url: str) -> str | None:
    """Find the origin of a page that can have passkeys, preferably one of this server's own.

    `methods` is the JSON of /api/sign-in-methods. Returns None where no page can.
    """
    passkeys = methods.get("passkey", {})
    if not passkeys.get("enabled"):
        return None
    origins = [each for party in passkeys["relyingParties"] for each in party["origins"]]
    exact = [each for each in origins if each.startswith("http") and not set(each) & {"*", "?"}]
    own = base_url.rstrip("/")
    return own if own in exact else next(iter(exact), None)
