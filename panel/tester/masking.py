"""Secrets of an exchange, so that a screen can be shared while the Tester is open."""

import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, unquote

from panel.tester.exchange import Exchange, json_of

MASK = "••••••••"
_NAMED = re.compile(r"password|token|secret", re.I)
_IN_PATH = re.compile(r"[?&][^=&]*(?:password|token|secret)[^=&]*=([^&]+)", re.I)
_BELOW = re.compile(r"/reset-password/([^/?]+)")
# As our tokens and cookies look, wherever they stand: a mail in the outbox has one in its text.
_SHAPE = re.compile(r"[A-Za-z0-9]{32,}(?:\.[\w%+/=-]{20,})?")
_HEADERS = {"authorization", "set-auth-token"}
_SHORTEST = 6  # characters; hiding every "a" would hide the rest with it


def secrets_in(exchange: Exchange, jar: tuple[str, ...] = ()) -> list[str]:
    """Return what gives access: cookies, tokens, passwords; the longest first."""
    found = {each for each in (*_found(exchange), *jar) if len(each) >= _SHORTEST}
    both = found | {quote(each, safe="") for each in found} | {unquote(each) for each in found}
    written = {json.dumps(each, ensure_ascii=False)[1:-1] for each in both}
    return sorted(both | written, key=lambda each: (-len(each), each))


def masked(text: str, secrets: list[str]) -> str:
    """Return a text with its secrets hidden."""
    for each in secrets:
        text = text.replace(each, MASK)
    return text


def masked_path(path: str) -> str:
    """Return a path without what a mailed link carries in it."""
    return _SHAPE.sub(MASK, _BELOW.sub(f"/reset-password/{MASK}", path))


def _found(exchange: Exchange) -> Iterator[str]:
    for name, value in (*exchange.request.headers, *exchange.response.headers):
        if name.lower() in _HEADERS:
            yield value.removeprefix("Bearer ")
        elif name.lower() == "cookie":
            yield from (pair.partition("=")[2] for pair in value.split("; "))
    yield from (cookie.value for cookie in exchange.cookies)
    for path in (exchange.request.path, exchange.response.header("location")):
        yield from (*_IN_PATH.findall(path), *_BELOW.findall(path))
    yield from _named(_json(exchange.request.body))
    yield from _named(json_of(exchange.response))
    came = exchange.response.body.decode(errors="replace")
    for said in (exchange.request.path, exchange.request.body, came):
        yield from _SHAPE.findall(said)


def _named(said: Any) -> Iterator[str]:
    """Yield the texts that stand under a telling name, however deep."""
    waiting = [said]
    while waiting:
        each = waiting.pop()
        if isinstance(each, dict):
            texts = ((name, value) for name, value in each.items() if isinstance(value, str))
            yield from (value for name, value in texts if _NAMED.search(name))
            waiting += each.values()
        elif isinstance(each, list):
            waiting += each


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
