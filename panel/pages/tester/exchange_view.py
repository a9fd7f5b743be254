"""Exchanges as HTML and text; everything that comes from outside is escaped."""

import json
from collections.abc import Mapping
from datetime import datetime
from math import ceil

from doctor.client.set_cookie import SetCookie
from panel.client.loopback import ReceivedResponse, SentRequest
from panel.pages.tester import cookie_view, cookie_words
from panel.pages.tester.countdown import render_countdown
from panel.quantities import pluralize
from panel.tester import words
from panel.tester.browsers import Browser
from panel.tester.exchange import Exchange, response_json
from panel.tester.masking import MASK, mask, mask_exchange, mask_path
from panel.ui.markup import FIGURE, Markup, alert, badge, format_rows, isolate, pairs, shorten, soft

_MAX_MESSAGE = 300
_MAX_SHOWN = 60_000  # characters; longer bodies make the page slow
_MAX_LINE = 4_000
_SPREAD = 50.0  # milliseconds
_HEX_BYTES = 512  # bytes of a body that is no text


def render_card(exchange: Exchange, secrets: list[str]) -> Markup:
    """Return status, time and size, and what they mean."""
    response = exchange.response
    figures = [
        (_severity(response.status), words.STATUS, f"{response.status} {response.reason}"),
        ("", words.TIME, f"{response.milliseconds:,.1f} ms"),
        ("", words.SIZE, pluralize(len(response.body), "byte")),
    ]
    cells = format_rows(FIGURE, figures)
    meaning = ((each,) for each in _explain(mask_exchange(exchange, secrets)))
    sentences = format_rows(Markup("<p class='note'>{}</p>"), meaning)
    return Markup("<div class='card'>{}<div class='figures'>{}</div>{}</div>").format(
        _line(exchange, secrets), cells, sentences
    )


def render_browser_state(browser: Browser) -> Markup:
    """Return who is signed in to a browser, or how many cookies it has."""
    user = browser.signed_in_as
    if browser.impersonates and user:
        mark = badge(words.IMPERSONATED, "warn")
        return Markup("<p class='held warn'><span>{} {}</span></p>").format(
            words.ACTING_AS.format(user), mark
        )
    text = words.browser_state(user, len(browser.cookies))
    return Markup("<p class='held {}'>{}</p>").format("good" if user else "", text)


def render_jar(browser: Browser, *, reveal: bool) -> Markup:
    """Return a browser's cookies."""
    if not browser.cookies:
        return soft(words.NO_COOKIES)
    return format_rows(
        Markup("<div class='cookie'><p><b>{}</b></p><p class='value'>{}</p>{}</div>"),
        (
            (
                shorten(each.name, 200),
                shorten(each.value, 4096) if reveal else MASK,
                soft(f"{', '.join(cookie_view.flags(each))}; {cookie_view.lifetime(each)}"),
            )
            for each in browser.cookies.values()
        ),
    )


def render_limits(limited: Mapping[str, datetime], now: datetime) -> Markup:
    """Return which paths are rate limited, and for how long."""
    waits = {path: max(1, ceil((until - now).total_seconds())) for path, until in limited.items()}
    notices = {path: words.limited(mask_path(path), limited[path], waits[path]) for path in limited}
    return format_rows(
        Markup("<div class='limit-notice' role='status'><span>{}</span>{}</div>"),
        ((notices[path], render_countdown(wait)) for path, wait in waits.items()),
    )


def cookies_title(exchange: Exchange) -> str:
    """Return the label of the Cookies tab."""
    number = len(exchange.cookies)
    return f"{words.TABS[2]} ({number})" if number else words.TABS[2]


def render_failure(message: str) -> Markup:
    """Return why nothing was sent, or no response came."""
    return Markup("<div class='card'>{}</div>").format(alert(message))


def render_empty() -> Markup:
    """Return the card shown before the first request."""
    return Markup("<div class='card empty'>{}</div>").format(soft(words.NOTHING_YET))


def format_body(response: ReceivedResponse) -> str:
    """Return the body: JSON indented, a stream with the time of each event, the rest as text."""
    if not response.body:
        return words.NO_BODY
    if response.arrivals:
        return _cut("\n".join(f"{ms:7,.0f} ms  {each}" for ms, each in _events(response)))
    payload = response_json(response)
    if payload is not None or response.body.strip() == b"null":
        return _cut(json.dumps(payload, indent=2, ensure_ascii=False))
    return _raw_body(response)


def format_request(sent: SentRequest) -> str:
    """Return a request as it was sent."""
    head = [f"{sent.method} {sent.path} HTTP/1.1", *(f"{k}: {v}" for k, v in sent.headers)]
    return "\n".join([*head, "", sent.body]).rstrip()


def format_requests(exchange: Exchange) -> str:
    """Return the request, after its preflight if there was one."""
    sent = format_request(exchange.request)
    if exchange.preflight is None:
        return sent
    preflight = exchange.preflight
    parts = [f"# {words.PREFLIGHT}", format_request(preflight.request), ""]
    parts += [f"# {words.ANSWERED}", _head(preflight.response), "", sent]
    return "\n".join(parts)


def format_response(response: ReceivedResponse) -> str:
    """Return a response as it was received."""
    return f"{_head(response)}\n\n{_raw_body(response) if response.body else ''}".rstrip()


def render_headers(response: ReceivedResponse, secrets: list[str]) -> Markup:
    """Return the response's headers as a table."""
    rows = ((name, mask(value, secrets)) for name, value in response.headers)
    return Markup("<div class='cookie'>{}</div>").format(pairs(rows))


def render_cookies(exchange: Exchange, secrets: list[str], page: str) -> Markup:
    """Return each Set-Cookie line explained, and whether a browser on `page` would keep it."""
    if not exchange.cookies:
        return soft(words.NO_COOKIES_SET)
    return Markup().join(_cookie(each, secrets, page) for each in exchange.cookies)


def _cookie(cookie: SetCookie, secrets: list[str], page: str) -> Markup:
    mark = cookie_words.DELETED if cookie.is_deletion else cookie_words.SET
    value = mask(cookie.value, secrets)
    value_html = Markup("<p class='value'>{}</p>").format(value) if value else ""
    reason = cookie_view.drop_reason(cookie, page)
    dropped_html = Markup("<p class='note bad'>{}</p>").format(reason) if reason else ""
    return Markup(
        "<div class='cookie'><p><b>{}</b> <span class='mark'>{}</span></p>{}{}{}</div>"
    ).format(cookie.name, mark, value_html, dropped_html, pairs(cookie_view.explain_cookie(cookie)))


def _explain(exchange: Exchange) -> list[str]:
    """Return sentences that explain an exchange."""
    response, preflight = exchange.response, exchange.preflight
    sentences = [_outcome(exchange.request, response)]
    if response.arrivals:
        flows = words.STREAM_FLOWS if _is_spread(response) else words.STREAM_AT_ONCE
        sentences = [flows if exchange.number else words.STREAM_RUNS]
    if preflight:
        sentences.append(words.PREFLIGHT_ALLOWS if preflight.allows else words.PREFLIGHT_REFUSES)
    if exchange.withheld_cookies:
        sentences.append(words.withheld_cookies(exchange.withheld_cookies))
    return sentences


def _outcome(sent: SentRequest, response: ReceivedResponse) -> str:
    path = sent.path.partition("?")[0]
    if (path, response.body) == ("/api/auth/get-session", b"null"):
        return words.NO_SESSION
    wait_for = response.header("retry-after")
    return words.outcome(path, response.status, _message(response), wait_for)


def _line(exchange: Exchange, secrets: list[str]) -> Markup:
    sent = exchange.request
    page = exchange.call.origin
    origin = (
        Markup(" <span class='soft'>{}</span>").format(words.AS_A_PAGE_OF.format(page))
        if page
        else ""
    )
    return Markup("<p class='line'><span class='browser-name'>{}</span><b>{}</b> {}{}</p>").format(
        isolate(exchange.browser), sent.method, mask(sent.path, secrets), origin
    )


def _events(response: ReceivedResponse) -> list[tuple[float, str]]:
    """Return each piece of a stream on one line, with its time."""
    return [
        (milliseconds, " ".join(piece.decode(errors="replace").split()))
        for milliseconds, piece in response.arrivals
    ]


def _is_spread(response: ReceivedResponse) -> bool:
    first, last = response.arrivals[0][0], response.arrivals[-1][0]
    return last - first > _SPREAD


def _head(response: ReceivedResponse) -> str:
    lines = [f"{name}: {value}" for name, value in response.headers]
    return "\n".join([f"HTTP/1.1 {response.status} {response.reason}".rstrip(), *lines])


def _raw_body(response: ReceivedResponse) -> str:
    kind = response.header("content-type")
    if b"\0" in response.body:
        heading = words.bytes_of(len(response.body), kind.partition(";")[0])
        return f"{heading}\n{response.body[:_HEX_BYTES].hex(' ', 1)}"
    text = response.body.decode(_charset(kind), errors="replace")
    return _cut(text) if not response.is_truncated else f"{_cut(text)}\n{words.CUT}"


def _charset(kind: str) -> str:
    """Return the charset that a response names, if it is a known one, else UTF-8."""
    charset = kind.lower().partition("charset=")[2].strip(" \"';")
    return charset if charset in {"iso-8859-1", "latin-1", "utf-16", "windows-1252"} else "utf-8"


def _cut(text: str) -> str:
    """Truncate long text and wrap long lines."""
    lines = [
        line[start : start + _MAX_LINE]
        for line in text[:_MAX_SHOWN].split("\n")
        for start in range(0, max(len(line), 1), _MAX_LINE)
    ]
    return "\n".join([*lines, words.CUT] if len(text) > _MAX_SHOWN else lines)


def _severity(status: int) -> str:
    return {2: "good", 3: "warn", 4: "bad", 5: "bad"}.get(status // 100, "")


def _message(response: ReceivedResponse) -> str:
    payload = response_json(response)
    message = (
        payload.get("message") if isinstance(payload, dict) and response.status >= 400 else None
    )
    return message[:_MAX_MESSAGE] if isinstance(message, str) else ""
