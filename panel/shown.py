"""An exchange as the Tester shows it: as HTML, in which all that comes from outside is escaped."""

import json
from html import escape

from panel import words
from panel.loopback import Request, Response
from panel.set_cookie import SetCookie, explained
from panel.tester import Exchange, json_of

_LONGEST_MESSAGE = 300


def card(exchange: Exchange) -> str:
    """Return status, time and size, and in words what they mean."""
    response = exchange.response
    figures = [
        (words.STATUS, f"{response.status} {response.reason}", _mood(response.status)),
        (words.TIME, f"{response.milliseconds:,.1f} ms", ""),
        (words.SIZE, words.count(len(response.body), "byte"), ""),
    ]
    cells = "".join(
        f"<div class='figure {mood}'><span>{name}</span><b>{text(value)}</b></div>"
        for name, value, mood in figures
    )
    told = _outcome(exchange.request, response)
    return (
        f"<div class='card'>{_line(exchange)}<div class='figures'>{cells}</div>"
        f"<p class='told'>{text(told)}</p></div>"
    )


def held(who: str | None, number: int) -> str:
    """Return what a browser holds: who is signed in, and how many cookies."""
    mood = "good" if who else ""
    return f"<p class='held {mood}'>{text(words.held(who, number))}</p>"


def cookies_title(exchange: Exchange) -> str:
    """Return the title of the tab for cookies."""
    number = len(exchange.cookies)
    return f"{words.TABS[1]} ({number})" if number else words.TABS[1]


def failure(message: str) -> str:
    """Return why nothing was sent, or no answer came."""
    return f"<div class='card'><p class='told bad'>{text(message)}</p></div>"


def nothing_yet() -> str:
    """Return what stands there before the first request."""
    return f"<div class='card empty'><p class='soft'>{words.NOTHING_YET}</p></div>"


def body(response: Response) -> str:
    """Return the body, JSON indented."""
    if not response.body:
        return words.NO_BODY
    said = json_of(response)
    if said is not None or response.body.strip() == b"null":
        return json.dumps(said, indent=2, ensure_ascii=False)
    text = response.body.decode(errors="replace")
    return f"{text}\n{words.CUT}" if response.cut else text


def request(sent: Request) -> str:
    """Return the request as it went over the wire."""
    head = [f"{sent.method} {sent.path} HTTP/1.1", *(f"{k}: {v}" for k, v in sent.headers)]
    return "\n".join([*head, "", sent.body]).rstrip()


def headers(response: Response) -> str:
    """Return the answer's headers as a table."""
    rows = "".join(
        f"<tr><th>{text(name)}</th><td>{text(value)}</td></tr>" for name, value in response.headers
    )
    return f"<div class='cookie'><table class='pairs'>{rows}</table></div>"


def cookies(exchange: Exchange) -> str:
    """Return each Set-Cookie line, taken apart."""
    if not exchange.cookies:
        return f"<p class='soft'>{words.NO_COOKIES_SET}</p>"
    return "".join(map(_cookie, exchange.cookies))


def _cookie(cookie: SetCookie) -> str:
    mark = words.DELETED if cookie.deletes else words.SET
    rows = "".join(
        f"<tr><th>{text(part)}</th><td>{text(meaning)}</td></tr>"
        for part, meaning in explained(cookie)
    )
    value = f"<p class='value'>{text(cookie.value)}</p>" if cookie.value else ""
    return (
        f"<div class='cookie'><p><b>{text(cookie.name)}</b> <span class='mark'>{mark}</span></p>"
        f"{value}<table class='pairs'>{rows}</table></div>"
    )


def _outcome(sent: Request, response: Response) -> str:
    path = sent.path.partition("?")[0]
    if (path, response.body) == ("/api/auth/get-session", b"null"):
        return words.NO_SESSION
    wait_for = response.header("retry-after")
    return words.outcome(path, response.status, _message(response), wait_for)


def _line(exchange: Exchange) -> str:
    sent = exchange.request
    return (
        f"<p class='line'><span class='letter'>{exchange.letter}</span>"
        f"<b>{text(sent.method)}</b> {text(sent.path)}</p>"
    )


def _mood(status: int) -> str:
    return {2: "good", 3: "turn", 4: "bad", 5: "bad"}.get(status // 100, "")


def _message(response: Response) -> str:
    said = json_of(response)
    message = said.get("message") if isinstance(said, dict) and response.status >= 400 else None
    return message[:_LONGEST_MESSAGE] if isinstance(message, str) else ""


def text(value: str) -> str:
    """Escape for HTML inside Markdown, where a blank line would end the HTML and $ begin TeX."""
    return escape(" ".join(value.split())).replace("$", "&#36;")
