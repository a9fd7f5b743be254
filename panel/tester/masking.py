"""Masks the secrets of an exchange, so that a screen with the Tester can be shared."""

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from doctor.client.redaction import mask_secrets
from panel.client.loopback import ReceivedResponse, SentRequest
from panel.tester.exchange import Exchange, Preflight, parse_json, response_json

MASK = "••••••••"
_SECRET_NAME = re.compile(r"password|token|secret|backupcodes|totpuri", re.I)
_SENT_NAME = re.compile(
    rf"{_SECRET_NAME.pattern}|^(?:code|otp)$", re.I
)  # a refusal has a code as well
_IN_PATH = re.compile(r"[?&][^=&]*(?:password|token|secret)[^=&]*=([^&]+)", re.I)
_RESET_PATH = re.compile(r"/reset-password/([^/?]+)")
# The form of our tokens and cookies, wherever they occur: mails in the outbox contain them.
_SHAPE = re.compile(r"[A-Za-z0-9]{32,}(?:\.[\w%+/=-]{20,})?")
# In text that is not JSON, such as a form or invalid JSON: name=value, name: "value"
_PAIR = re.compile(
    r"""(?:password|token|secret)[\w.-]{0,30}["']?\s{0,8}[=:]\s{0,8}"""
    r"""(?:"((?:\\.|[^"\\])*)|'((?:\\.|[^'\\])*)|([^\s&;,"'}]+))""",
    re.I,
)
_SECRET_HEADER = re.compile(r"authorization|token|secret|key|password", re.I)
_SCHEME = re.compile(r"\w+ +(?=\S)")


def secrets_in(exchange: Exchange) -> list[str]:
    """Return what gives access: cookies, tokens, passwords."""
    return sorted(set(_find_secrets(exchange)))


def mask(text: str, secrets: list[str]) -> str:
    """Return a text with its secrets masked, however they are encoded."""
    return mask_secrets(text, secrets, MASK)


def mask_exchange(exchange: Exchange, secrets: list[str]) -> Exchange:
    """Return an exchange with its secrets masked, before it is truncated or quoted."""
    if not secrets:
        return exchange
    preflight = exchange.preflight
    return replace(
        exchange,
        request=_mask_request(exchange.request, secrets),
        response=_mask_response(exchange.response, secrets),
        preflight=preflight
        and Preflight(
            _mask_request(preflight.request, secrets), _mask_response(preflight.response, secrets)
        ),
    )


def _mask_request(request: SentRequest, secrets: list[str]) -> SentRequest:
    return replace(
        request,
        path=mask(request.path, secrets),
        headers=_mask_headers(request.headers, secrets),
        body=mask(request.body, secrets),
    )


def _mask_response(response: ReceivedResponse, secrets: list[str]) -> ReceivedResponse:
    def mask_bytes(data: bytes) -> bytes:
        return mask(data.decode(errors="surrogateescape"), secrets).encode(errors="surrogateescape")

    return replace(
        response,
        headers=_mask_headers(response.headers, secrets),
        body=mask_bytes(response.body),
        arrivals=tuple((after, mask_bytes(piece)) for after, piece in response.arrivals),
    )


def _mask_headers(
    headers: tuple[tuple[str, str], ...], secrets: list[str]
) -> tuple[tuple[str, str], ...]:
    return tuple((name, mask(value, secrets)) for name, value in headers)


def mask_path(path: str) -> str:
    """Return a path with the tokens of mailed links masked."""
    return _SHAPE.sub(MASK, _RESET_PATH.sub(f"/reset-password/{MASK}", path))


def _find_secrets(exchange: Exchange) -> Iterator[str]:
    for name, value in (*exchange.request.headers, *exchange.response.headers):
        if _SECRET_HEADER.search(name):
            yield from (value, _SCHEME.sub("", value, count=1))
        elif name.lower() == "cookie":
            yield from (pair.partition("=")[2] for pair in value.split("; "))
    yield from (cookie.value for cookie in exchange.cookies)
    for path in (exchange.request.path, exchange.response.header("location")):
        yield from (*_IN_PATH.findall(path), *_RESET_PATH.findall(path))
    sent, received = exchange.request.body, exchange.response.body.decode(errors="replace")
    is_page = exchange.response.header("content-type").startswith("text/html")
    yield from _named_in(parse_json(sent), sent, _SENT_NAME)
    yield from _named_in(response_json(exchange.response), "" if is_page else received)
    for text in (exchange.request.path, sent, received):
        yield from _SHAPE.findall(text)


def _named_in(payload: Any, text: str, names: re.Pattern[str] = _SECRET_NAME) -> Iterator[str]:
    """Yield values with a secret's name, in JSON or in other text."""
    if payload is not None:
        yield from _walk_named(payload, names)
        return
    for quoted in _PAIR.findall(text):
        yield from filter(None, quoted)


def _walk_named(payload: Any, names: re.Pattern[str]) -> Iterator[str]:
    """Yield texts and numbers with a secret's name, at any depth."""
    pending = [payload]
    while pending:
        each = pending.pop()
        if isinstance(each, dict):
            for name, value in each.items():
                if names.search(name):
                    yield from _plain(value)
            pending += each.values()
        elif isinstance(each, list):
            pending += each


def _plain(value: Any) -> Iterator[str]:
    for each in value if isinstance(value, list) else [value]:
        if isinstance(each, str | int | float) and not isinstance(each, bool):
            yield str(each)
