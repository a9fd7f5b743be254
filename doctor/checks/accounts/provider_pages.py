"""What a provider itself answers: whether it knows this app, and who it says it is."""

import re
from urllib.parse import urlsplit

import httpx

from doctor.check import check
from doctor.check_context import CheckContext
from doctor.checks.accounts.providers import BegunSignIn, list_begun
from doctor.client.browser import Reply
from doctor.deployment import is_public_host
from doctor.findings import CheckResult, CheckSkipped, failed, passed, warned

_DISCOVERY = "/.well-known/openid-configuration"
_UNKNOWN_CLIENT = re.compile(r"invalid_client|unauthorized_client|client.{0,20}(not found|unknown)")
_WRONG_URI = re.compile(r"redirect[_ ]ur[il]")
_MAX_PREFIXES = 4  # of a path, each of which may be the issuer's
_WITHOUT_DOCUMENT = {"github.com", "discord.com"}
_TEMPLATE = "{tenantid}"


@check("providers.registered", "The providers know this app", "providers.redirect-uri")
def registered(context: CheckContext) -> CheckResult:
    """As far as it can be seen before somebody has signed in there."""
    problems, doubts, seen = [], [], []
    for begun in list_begun(context):
        try:
            reply = _fetch(context, begun.url)
        except httpx.RequestError as error:
            doubts.append(f"{begun.provider_id}: {error or type(error).__name__}")
            continue
        if problem := _judge_page(reply, begun):
            problems.append(f"{begun.provider_id}: {problem}")
        else:
            seen.append(f"{begun.provider_id}: its sign-in answered {reply.status}")
    if problems:
        uris = ", ".join(each.params.get("redirect_uri", "") for each in list_begun(context))
        return failed(
            "; ".join(problems),
            f"Enter the redirect URI at the provider, to the letter ({uris}), and check the client "
            "ID and the scopes (docs/providers.md).",
        )
    if not seen:
        raise CheckSkipped(f"no provider can be reached from here: {'; '.join(doubts)}")
    return passed("; ".join([*seen, *doubts]))


def _judge_page(reply: Reply, begun: BegunSignIn) -> str:
    """Return what is wrong, in the provider's own words as far as they are known."""
    location = str(reply.headers.get("location", ""))
    text = f"{location} {reply.body[:50_000].decode('utf-8', 'replace')}".lower()
    if location.startswith(begun.params.get("redirect_uri", "\0")) and "error=" in location:
        return f"it sends the browser back with {location.partition('?')[2][:200]}"
    if reply.status >= 400 or urlsplit(location).path.rstrip("/").endswith("/error"):
        if _WRONG_URI.search(text):
            return f"it answered {reply.status}, and something about the redirect URI"
        if _UNKNOWN_CLIENT.search(text):
            return f"it answered {reply.status}, and does not know the client"
        return f"it answered {reply.status}"
    return ""


@check("providers.discovery", "The providers' documents name them rightly", "providers.begin")
def discovery(context: CheckContext) -> CheckResult:
    """A document of another issuer belongs to somebody else (OpenID Connect Discovery, 4.3)."""
    found, wrong, unseen = [], [], []
    for begun in list_begun(context):
        try:
            issuer, document = _find_document(context, begun)
        except httpx.RequestError as error:
            unseen.append(f"{begun.provider_id}: {error or type(error).__name__}")
            continue
        if document is None:
            unseen.append(f"{begun.provider_id}: none beside {begun.endpoint}")
            continue
        named = str(document.get("issuer", ""))
        if named != issuer and _TEMPLATE not in named:
            wrong.append(f"{begun.provider_id}: the document of {issuer} is of {named or 'nobody'}")
        methods = document.get("code_challenge_methods_supported")
        if isinstance(methods, list) and "S256" not in methods:
            wrong.append(f"{begun.provider_id}: it does not support PKCE with S256")
        found.append(f"{begun.provider_id}: {named}")
    if wrong:
        fix = "Set OIDC_<ID>_ISSUER to the issuer that the provider's own document names."
        return warned("; ".join(wrong), fix)
    if not found:
        raise CheckSkipped(f"no document can be seen from here: {'; '.join(unseen)}")
    return passed("; ".join([*found, *unseen]))


def _find_document(
    context: CheckContext, begun: BegunSignIn
) -> tuple[str, dict[str, object] | None]:
    """Look for the document that names this authorization endpoint, where it can be."""
    parts = urlsplit(begun.endpoint)
    if parts.hostname in _WITHOUT_DOCUMENT:
        return "", None
    names = [each for each in parts.path.split("/") if each]
    for length in range(min(len(names), _MAX_PREFIXES), -1, -1):
        path = "".join(f"/{each}" for each in names[:length])
        issuer = f"{parts.scheme}://{parts.netloc}{path}"
        reply = _fetch(context, issuer + _DISCOVERY)
        document = reply.json() if reply.status == 200 else None
        if isinstance(document, dict) and document.get("authorization_endpoint") == begun.endpoint:
            return issuer, document
    return "", None


def _fetch(context: CheckContext, url: str) -> Reply:
    """GET a page of the provider's; raises httpx.RequestError.

    A deployment on the internet sends nobody to a host of the doctor's own network.
    """
    parts = urlsplit(url)
    if context.deployment.is_public and not is_public_host(parts.hostname or ""):
        raise httpx.UnsupportedProtocol(f"{parts.netloc} is no public host")
    context.report_progress(f"asking {parts.netloc}")
    origin = f"{parts.scheme}://{parts.netloc}"
    client = context.connect(origin)
    try:
        path = url.removeprefix(origin) or "/"
        path = path if path.startswith("/") else f"/{path}"
        return client.send("GET", path, {"accept": "text/html, application/json"}, None)
    finally:
        client.close()


CHECKS = (registered, discovery)
