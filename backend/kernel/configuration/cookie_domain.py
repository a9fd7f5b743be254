"""The domain whose hosts all receive the session cookie, if the operator chooses one."""

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator

from backend.kernel.configuration.domains import is_address, is_public_suffix
from backend.kernel.configuration.web_urls import parse_host

_EXAMPLE = "must be a domain such as example.com"


def parse_cookie_domain(text: str) -> str:
    """Return a domain as browsers compare it, without a leading dot; raises ValueError."""
    if not text:
        return ""
    domain = parse_host(text.removeprefix("."))
    if domain is None or "." not in domain or is_address(domain):
        raise ValueError(f"{_EXAMPLE}, and {text!r} is none")
    return domain


def check_cookie_domain(domain: str, base_url: str) -> None:
    """Raise ValueError unless a server at this address may set cookies for the whole domain.

    Browsers refuse a public suffix, such as co.uk or hf.space, only if their own list has it.
    Where it does not, the session would be sent to strangers (RFC 6265, section 5.3, step 5).
    """
    host = urlsplit(base_url).hostname or ""
    if host != domain and not host.endswith(f".{domain}"):
        raise ValueError(
            f"COOKIE_DOMAIN must be PUBLIC_URL's host or a parent of it; {host} is not part of "
            f"{domain}"
        )
    if is_public_suffix(domain):
        raise ValueError(
            f"COOKIE_DOMAIN would send your users' sessions to every site below {domain}, which "
            "strangers share; name a domain of your own, or unset it"
        )


CookieDomain = Annotated[str, AfterValidator(parse_cookie_domain)]
"""A domain in a setting; `check_cookie_domain` compares it with the server's address."""
