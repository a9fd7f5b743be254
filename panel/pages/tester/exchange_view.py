"""An exchange as the Tester shows it: as HTML, in which all that comes from outside is escaped."""

import json
from collections.abc import Mapping
from datetime import datetime
from math import ceil

from doctor.client.set_cookie import SetCookie
from panel.client.loopback import Request, Response
from panel.pages.tester import cookie_view, cookie_words
from panel.pages.tester.countdown import countdown
from panel.quantities import count
from panel.tester import words
from panel.tester.browsers import Browser
from panel.tester.exchange import Exchange, response_json
from panel.tester.masking import MASK, mask, mask_exchange, mask_path
from panel.ui.markup import FIGURE, Markup, alert, badge, format_rows, isolate, pairs, short, soft

_LONGEST_MESSAGE = 300
_LONGEST_SHOWN = 60_000  # characters; more of it makes a page slow and nobody wiser
_LONGEST_LINE = 4_000
_AT_ONCE = 50.0  # milliseconds
_DUMPED = 512  # bytes of a body that is no text


def card(exchange: Exchange, secrets: list[str]) -> Markup:
    """Return status, time and size, and in words what they mean."""
    response = exchange.response
    figures = [
        (_severity(response.status), words.STATUS, f"{response.status} {response.reason}"),
        ("", words.TIME, f"{response.milliseconds:,.1f} ms"),
        ("", words.SIZE, count(len(response.body), "byte")),
    ]
    cells = format_rows(FIGURE, figures)
    meaning = ((each,) for each in _meaning(mask_exchange(exchange, secrets)))
    sentences = format_rows(Markup("<p class='told'>{}</p>"), meaning)
    return Markup("<div class='card'>{}<div class='figures'>{}</div>{}</div>").format(
        _line(exchange, secrets), cells, sentences
    )


def browser_state(browser: Browser) -> Markup:
    """Return what a browser holds: who is signed in, and how many cookies."""
    who = browser.signed_in_as
    if browser.impersonates and who:
        mark = badge(words.IMPERSONATED, "warn")
        return Markup("<p class='held warn'><span>{} {}</span></p>").format(
            words.ACTING_AS.format(who), mark
        )
    text = words.browser_state(who, len(browser.cookies))
    return Markup("<p class='held {}'>{}</p>").format("good" if who else "", text)


def jar(browser: Browser, *, reveal: bool) -> Markup:
    """Return every cookie a browser holds."""
    if not browser.cookies:
        return soft(words.NO_COOKIES)
    return format_rows(
        Markup("<div class='cookie'><p><b>{}</b></p><p class='value'>{}</p>{}</div>"),
        (
            (
                short(each.name, 200),
                short(each.value, 4096) if reveal else MASK,
                soft(f"{', '.join(cookie_view.flags(each))}; {cookie_view.lifetime(each)}"),
            )
            for each in browser.cookies.values()
        ),
    )


def limit_notice(limited: Mapping[str, datetime], now: datetime) -> Markup:
    """Return which paths are refused for now, and for how long."""
    left = {path: max(1, ceil((until - now).total_seconds())) for path, until in limited.items()}
    notices = {path: words.limited(mask_path(path), limited[path], left[path]) for path in left}
    return format_rows(
        Markup("<div class='limit-notice' role='status'><span>{}</span>{}</div>"),
        ((notices[path], countdown(wait)) for path, wait in left.items()),
    )


def cookies_title(exchange: Exchange) -> str:
    """Return the title of the tab for cookies."""
    number = len(exchange.cookies)
    return f"{words.TABS[2]} ({number})" if number else words.TABS[2]


def failure(message: str) -> Markup:
    """Return why nothing was sent, or no answer came."""
    return Markup("<div class='card'>{}</div>").format(alert(message))


def nothing_yet() -> Markup:
    """Return what stands there before the first request."""
    return Markup("<div class='card empty'>{}</div>").format(soft(words.NOTHING_YET))


def body(response: Response) -> str:
    """Return the body: JSON indented, a stream with the time of each event, anything as text."""
    if not response.body:
        return words.NO_BODY
    if response.arrivals:
        return _cut("\n".join(f"{ms:7,.0f} ms  {each}" for ms, each in _events(response)))
    payload = response_json(response)
    if payload is not None or response.body.strip() == b"null":
        return _cut(json.dumps(payload, indent=2, ensure_ascii=False))
    return _as_it_came(response)


def request(sent: Request) -> str:
    """Return a request as it went over the wire."""
    head = [f"{sent.method} {sent.path} HTTP/1.1", *(f"{k}: {v}" for k, v in sent.headers)]
    return "\n".join([*head, "", sent.body]).rstrip()


def requests(exchange: Exchange) -> str:
    """Return what was sent, with what a browser asks before."""
    sent = request(exchange.request)
    if exchange.preflight is None:
        return sent
    before = exchange.preflight
    answer = _head(before.response)
    return (
        f"# {words.PREFLIGHT}\n{request(before.request)}\n\n# {words.ANSWERED}\n{answer}\n\n{sent}"
    )


def raw(response: Response) -> str:
    """Return an answer as it came over the wire."""
    return f"{_head(response)}\n\n{_as_it_came(response) if response.body else ''}".rstrip()


def headers(response: Response, secrets: list[str]) -> Markup:
    """Return the answer's headers as a table."""
    rows = ((name, mask(value, secrets)) for name, value in response.headers)
    return Markup("<div class='cookie'>{}</div>").format(pairs(rows))


def cookies(exchange: Exchange, secrets: list[str], page: str) -> Markup:
    """Return each Set-Cookie line taken apart, and whether a browser on `page` would keep it."""
    if not exchange.cookies:
        return soft(words.NO_COOKIES_SET)
    return Markup().join(_cookie(each, secrets, page) for each in exchange.cookies)


def _cookie(cookie: SetCookie, secrets: list[str], page: str) -> Markup:
    mark = cookie_words.DELETED if cookie.is_deletion else cookie_words.SET
    value = mask(cookie.value, secrets)
    value_html = Markup("<p class='value'>{}</p>").format(value) if value else ""
    why = cookie_view.dropped(cookie, page)
    dropped = Markup("<p class='told bad'>{}</p>").format(why) if why else ""
    return Markup(
        "<div class='cookie'><p><b>{}</b> <span class='mark'>{}</span></p>{}{}{}</div>"
    ).format(cookie.name, mark, value_html, dropped, pairs(cookie_view.explain_cookie(cookie)))


def _meaning(exchange: Exchange) -> list[str]:
    """Return what an exchange means, sentence by sentence."""
    response, before = exchange.response, exchange.preflight
    sentences = [_outcome(exchange.request, response)]
    if response.arrivals:
        flows = words.STREAM_FLOWS if _is_spread(response) else words.STREAM_AT_ONCE
        sentences = [flows if exchange.number else words.STREAM_RUNS]
    if before:
        sentences.append(words.PREFLIGHT_ALLOWS if before.allows else words.PREFLIGHT_REFUSES)
    if exchange.withheld_cookies:
        sentences.append(words.withheld_cookies(exchange.withheld_cookies))
    return sentences


def _outcome(sent: Request, response: Response) -> str:
    path = sent.path.partition("?")[0]
    if (path, response.body) == ("/api/auth/get-session", b"null"):
        return words.NO_SESSION
    wait_for = response.header("retry-after")
    return words.outcome(path, response.status, _message(response), wait_for)


def _line(exchange: Exchange, secrets: list[str]) -> Markup:
    sent = exchange.request
    page = exchange.call.origin
    whose = (
        Markup(" <span class='soft'>{}</span>").format(words.AS_A_PAGE_OF.format(page))
        if page
        else ""
    )
    return Markup("<p class='line'><span class='letter'>{}</span><b>{}</b> {}{}</p>").format(
        isolate(exchange.browser), sent.method, mask(sent.path, secrets), whose
    )


def _events(response: Response) -> list[tuple[float, str]]:
    """Return each piece of a stream on a line of its own, and when it came."""
    return [
        (milliseconds, " ".join(piece.decode(errors="replace").split()))
        for milliseconds, piece in response.arrivals
    ]


def _is_spread(response: Response) -> bool:
    first, last = response.arrivals[0][0], response.arrivals[-1][0]
    return last - first > _AT_ONCE


def _head(response: Response) -> str:
    lines = [f"{name}: {value}" for name, value in response.headers]
    return "\n".join([f"HTTP/1.1 {response.status} {response.reason}".rstrip(), *lines])


def _as_it_came(response: Response) -> str:
    kind = response.header("content-type")
    if b"\0" in response.body:
        heading = words.bytes_of(len(response.body), kind.partition(";")[0])
        return f"{heading}\n{response.body[:_DUMPED].hex(' ', 1)}"
    text = response.body.decode(_charset(kind), errors="replace")
    return _cut(text) if not response.cut else f"{_cut(text)}\n{words.CUT}"


def _charset(kind: str) -> str:
    """Return the encoding an answer names, if it is one to read text by."""
    named = kind.lower().partition("charset=")[2].strip(" \"';")
    return named if named in {"iso-8859-1", "latin-1", "utf-16", "windows-1252"} else "utf-8"


def _cut(text: str) -> str:
    """Cut what is too long to be shown, and break lines that are."""
    lines = [
        line[start : start + _LONGEST_LINE]
        for line in text[:_LONGEST_SHOWN].split("\n")
        for start in range(0, max(len(line), 1), _LONGEST_LINE)
    ]
    return "\n".join([*lines, words.CUT] if len(text) > _LONGEST_SHOWN else lines)


def _severity(status: int) -> str:
    return {2: "good", 3: "warn", 4: "bad", 5: "bad"}.get(status // 100, "")


def _message(response: Response) -> str:
    payload = response_json(response)
    message = (
        payload.get("message") if isinstance(payload, dict) and response.status >= 400 else None
    )
    return message[:_LONGEST_MESSAGE] if isinstance(message, str) else ""
