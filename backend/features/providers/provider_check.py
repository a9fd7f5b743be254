"""Checks a provider as far as that goes without a person: what it says, and who we are to it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum
from urllib.parse import parse_qs, urlsplit

import httpx2

from backend.features.providers.authorization_url import AuthorizationRequest
from backend.features.providers.client import ProviderClient
from backend.features.providers.client_secrets import ClientSecrets
from backend.features.providers.discovery import Endpoints
from backend.features.providers.errors import ProviderError, ProviderUnavailable
from backend.features.providers.id_tokens import CLOCK_SKEW
from backend.kernel.clock import Clock
from backend.kernel.configuration.providers import ProviderConfig
from backend.kernel.secrets.secret import Secret

_MADE_UP = Secret("gatehouse-checks-this-provider-with-a-code-that-nobody-has-issued")
_CODE_REFUSED = {"invalid_grant", "bad_verification_code"}  # the latter GitHub's
_CLIENT_REFUSED = {"invalid_client", "unauthorized_client", "incorrect_client_credentials"}
_URI_REFUSED = {"redirect_uri_mismatch", "invalid_redirect_uri"}
_NOBODY_THERE = {"login_required", "interaction_required", "consent_required", "access_denied"}
"""What a provider says of a browser without a session, once it knows client and redirect URI."""
_REFUSING = {400, 401, 404, 422}


class Check(StrEnum):
    """What is checked."""

    ENDPOINTS = "endpoints"
    KEYS = "keys"
    CLIENT = "client"
    REDIRECT_URI = "redirectUri"
    CLOCK = "clock"


class Outcome(StrEnum):
    """How it ended."""

    PASSED = "passed"
    FAILED = "failed"
    UNKNOWN = "unknown"
    """Only somebody who signs in can tell."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check has found, as a sentence."""

    check: Check
    outcome: Outcome
    sentence: str


def check_provider(config: ProviderConfig, clock: Clock) -> Sequence[Finding]:
    """Ask the provider; nothing that is kept of it counts."""
    client = ProviderClient(config, clock, ClientSecrets())
    try:
        return list(_run(client, clock))
    finally:
        client.close()


def _run(client: ProviderClient, clock: Clock) -> Iterator[Finding]:
    try:
        endpoints = client.discovery.find_endpoints()
    except ProviderUnavailable as error:
        yield Finding(Check.ENDPOINTS, Outcome.FAILED, f"{error}.")
        return
    yield _describe(client.config, endpoints)
    if client.gives_id_tokens:
        yield _check_keys(client)
    yield _check_client(client)
    try:
        answer = client.ask(_build_url(client))
    except ProviderUnavailable as error:
        yield Finding(Check.REDIRECT_URI, Outcome.FAILED, f"{error}.")
        return
    yield _check_redirect_uri(client.config, answer)
    yield from _check_clock(answer, clock)


def _describe(config: ProviderConfig, endpoints: Endpoints) -> Finding:
    sentence = "The settings name all endpoints."
    if config.issuer:
        sentence = f"{config.issuer} is who it says, and names its endpoints."
    sentence += f" People sign in at {endpoints.authorization_url.partition('?')[0]}."
    return Finding(Check.ENDPOINTS, Outcome.PASSED, sentence)


def _check_keys(client: ProviderClient) -> Finding:
    try:
        number = len(client.discovery.keys.get().keys)
    except ProviderUnavailable as error:
        return Finding(Check.KEYS, Outcome.FAILED, f"{error}.")
    if number == 0:
        return Finding(Check.KEYS, Outcome.FAILED, "It publishes no key that signs ID tokens.")
    return Finding(Check.KEYS, Outcome.PASSED, f"Keys that sign ID tokens: {number}.")


def _check_client(client: ProviderClient) -> Finding:
    """Offer a code that nobody has issued: who we are is checked before it."""
    try:
        client.exchange(_MADE_UP.reveal(), _MADE_UP)
    except ProviderError as error:
        return Finding(Check.CLIENT, *_judge(client.config, error))
    sentence = "It has accepted a code that it never issued: this is no provider to trust."
    return Finding(Check.CLIENT, Outcome.FAILED, sentence)


def _judge(config: ProviderConfig, error: ProviderError) -> tuple[Outcome, str]:
    answer = error.answer
    if answer in _CODE_REFUSED:
        return Outcome.PASSED, "It knows the client ID and its secret."
    if answer in _CLIENT_REFUSED:
        return Outcome.FAILED, f"It refuses the client ID or its secret ({answer})."
    if answer in _URI_REFUSED:
        return Outcome.FAILED, f"{config.redirect_uri} is not registered there ({answer})."
    if answer:
        return Outcome.UNKNOWN, f"Its answer tells nothing about the secret ({answer[:100]})."
    return Outcome.FAILED, f"{error.reason}."


def _build_url(client: ProviderClient) -> str:
    request = AuthorizationRequest(_MADE_UP, _MADE_UP, _MADE_UP.reveal(), params={"prompt": "none"})
    return client.build_authorization_url(request)


def _check_redirect_uri(config: ProviderConfig, answer: httpx2.Response) -> Finding:
    """Judge what a browser without a session gets: a page that says no, or a way back to us."""
    location, uri = answer.headers.get("location", ""), config.redirect_uri
    if answer.status_code in _REFUSING:
        sentence = f"It answers {answer.status_code}: {uri} or the client ID is not registered."
        return Finding(Check.REDIRECT_URI, Outcome.FAILED, sentence)
    if location.partition("?")[0] != uri:
        sentence = f"Only a sign-in shows whether {uri} is registered there."
        return Finding(Check.REDIRECT_URI, Outcome.UNKNOWN, sentence)
    code = parse_qs(urlsplit(location).query).get("error", [""])[-1][:100]
    if code and code not in _NOBODY_THERE:
        sentence = f"It sends browsers back with an error ({code})."
        return Finding(Check.REDIRECT_URI, Outcome.FAILED, sentence)
    return Finding(Check.REDIRECT_URI, Outcome.PASSED, f"{uri} is registered there.")


def _check_clock(answer: httpx2.Response, clock: Clock) -> Iterator[Finding]:
    try:
        there = parsedate_to_datetime(answer.headers["date"])
    except (KeyError, ValueError):
        return
    ahead = int((clock.now() - _as_utc(there)).total_seconds())
    if abs(ahead) <= CLOCK_SKEW:
        yield Finding(Check.CLOCK, Outcome.PASSED, "Its clock and this server's agree.")
        return
    way = "ahead of" if ahead > 0 else "behind"
    sentence = (
        f"This server's clock is {abs(ahead):,} seconds {way} the provider's. From {CLOCK_SKEW} "
        "seconds on, ID tokens are refused."
    )
    yield Finding(Check.CLOCK, Outcome.FAILED, sentence)


def _as_utc(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
