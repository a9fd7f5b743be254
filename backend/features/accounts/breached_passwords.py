"""Asks a service whether a new password is in a known breach (ASVS 6.2.12).

It speaks the range protocol of Have I Been Pwned: it is sent the first five hex digits of the
SHA-1 of a password, and answers with the rest of every digest it knows that begins so. What it
learns fits hundreds of passwords. `Add-Padding` adds lines with a count of 0, so that the size of
the response does not tell which range was asked for.
"""

import re
from hashlib import sha1

import structlog

from backend.kernel.clock import Clock
from backend.kernel.log_limit import LogLimit
from backend.kernel.passwords.rules import is_common, normalize_password
from backend.kernel.refusals import Refusal
from backend.kernel.secrets.secret import Password
from backend.process.circuit_breaker import CircuitBreaker
from backend.process.outside_service import NoUsableResponse, OutsideService

_TIMEOUT = 2.0  # seconds in all, so that a slow service does not keep people from signing up
_MAX_SIZE = 1_000_000  # bytes; a padded response has some 40,000
_ASK_AGAIN_AFTER = 30.0  # seconds, if it was away
_PREFIX_LENGTH = 5
_HEADERS = {"add-padding": "true", "user-agent": "Gatehouse"}  # without the latter it answers 403
_LINE = re.compile(rb"([0-9A-Fa-f]{35}):([0-9]{1,18})\s*")

log = structlog.get_logger()


class BreachedPasswords:
    """Refuses new passwords that the service knows. While it is away the built-in list decides."""

    def __init__(self, url: str, clock: Clock) -> None:
        """With an empty `url` nothing is asked, and nothing refused."""
        self._service = (
            OutsideService(url, clock, timeout=_TIMEOUT, max_size=_MAX_SIZE) if url else None
        )
        self._clock = clock
        self._breaker = CircuitBreaker(clock, retry_interval=_ASK_AGAIN_AFTER)
        self._log_limit = LogLimit()

    def check_new(self, password: Password) -> None:
        """Refuse a breached password. Takes up to two seconds, so never within a transaction."""
        if self._service is None:
            return
        text = normalize_password(password)  # what is hashed, and opens the account
        known = self._ask(self._service, text)
        if is_common(text) if known is None else known:
            raise Refusal("PASSWORD_COMPROMISED")

    def close(self) -> None:
        """Close the connections to the service."""
        if self._service is not None:
            self._service.close()

    def _ask(self, service: OutsideService, text: str) -> bool | None:
        """Tell whether the service knows a password; None if it is away."""
        if self._breaker.find_obstacle() is not None:
            return None
        try:
            known = _is_known(service, text)
        except NoUsableResponse as error:
            self._breaker.record_failure(error)
            if self._log_limit.allows("away", self._clock.monotonic()):
                log.warning("breached_passwords_unavailable", url=service.url, reason=str(error))
            return None
        except BaseException as error:
            self._breaker.record_failure(error)
            raise
        self._breaker.record_success()
        return known


def _is_known(service: OutsideService, text: str) -> bool:
    digest = sha1(text.encode(), usedforsecurity=False).hexdigest().upper()
    prefix, rest = digest[:_PREFIX_LENGTH], digest[_PREFIX_LENGTH:].encode()
    return (rest, True) in _parse(service.get(prefix, _HEADERS))


def _parse(body: bytes) -> set[tuple[bytes, bool]]:
    """Return the rest of each digest, and whether it was found in a breach.

    Every line is read, whether it fits or not: the page of some gateway is no response.
    """
    lines = [_LINE.fullmatch(line) for line in body.split(b"\n") if line.strip()]
    if not all(lines):
        raise NoUsableResponse("its response is not one of the range protocol")
    return {(line[1].upper(), int(line[2]) > 0) for line in lines if line}
