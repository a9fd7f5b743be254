"""While "show secrets" is off, no tab, copy or list of the Tester shows what opens something."""

import json
from html import unescape
from types import SimpleNamespace
from urllib.parse import quote, quote_plus

import httpx
import pytest

from panel.client.loopback import Call
from panel.pages.tester.journey_view import render_progress
from panel.services import PageContext
from panel.tester.code_snippets import FORMATS
from panel.tester.journeys.runner import Journey, Progress, Step, StepResult
from tests.lazy_import import lazy_import
from tests.panel.stub_server import make_admin

tester_results = lazy_import("panel.pages.tester.results")

AWKWARD = 'it\'s "so" \\ lång, 1 canary'
TOKEN = "N5vT0cXq8mYw2bKzR4hLp7sDf9gJ1aUe3iOoPtCdWx"
PIECE = 8  # characters of a secret that would help an attacker


class Names:
    """Stands in for components: each is its name."""

    def __getattr__(self, name):
        return name


def render_everything(service, exchange, *, reveal=False):
    """Return the text of every tab, every copy, the history, and a journey with this exchange."""
    context = PageContext(SimpleNamespace(tester=service), make_admin())
    texts = []
    for name in FORMATS:
        options = tester_results.ViewOptions("A", reveal=reveal, snippet=name)
        updates = tester_results.Results.show(Names(), context, exchange, options).values()
        texts += [getattr(each, "value", None) or getattr(each, "label", each) for each in updates]
    view = tester_results.TesterView(None, None, None, None, "history")
    history = view.show_history(context)["history"]
    texts += [label for label, _ in history.choices]
    step = Step(("A title", "what it proves"), None)
    progress = Progress(Journey("A journey", (step,)), [StepResult(False, "failed", (exchange,))])
    texts.append(render_progress(progress, reveal=reveal).replace("&nbsp;", " "))
    return unescape("\n".join(map(str, texts)))


def find_pieces(text, secret):
    pieces = (secret[start : start + PIECE] for start in range(max(1, len(secret) - PIECE + 1)))
    return [piece for piece in pieces if piece in text]


FORM = (("Content-Type", "application/x-www-form-urlencoded"),)
CALLS = {
    "JSON": (Call("POST", "/x", json.dumps({"password": AWKWARD}, ensure_ascii=False)), AWKWARD),
    "JSON of ASCII": (Call("POST", "/x", json.dumps({"newPassword": AWKWARD})), AWKWARD),
    "JSON with a comma too many": (
        Call("POST", "/x", '{"password": "canary-22-x",}'),
        "canary-22-x",
    ),
    "a number": (Call("POST", "/x", '{"password": 8812349977}'), "8812349977"),
    "a list": (Call("POST", "/x", '{"tokens": ["canary-22-x"]}'), "canary-22-x"),
    "a code": (Call("POST", "/x", '{"code": "canary-22-x"}'), "canary-22-x"),
    "a mailed code": (Call("POST", "/x", '{"otp": "canary-23-x"}'), "canary-23-x"),
    "a form": (
        Call("POST", "/x", f"a=b&password={quote_plus('one canary 22')}", headers=FORM),
        "one canary 22",
    ),
    "a query": (Call("GET", f"/x?token={quote('one canary 22')}"), "one canary 22"),
    "a key": (Call("GET", "/x", headers=(("X-Gatehouse-Key", "canary-22-x"),)), "canary-22-x"),
    "a scheme": (Call("GET", "/x", headers=(("Authorization", "Basic Y2FuYXJ5"),)), "Y2FuYXJ5"),
}


@pytest.mark.parametrize(("call", "secret"), CALLS.values(), ids=CALLS)
def test_what_was_sent_is_masked_in_every_way_it_is_shown(loop, service, server, call, secret):
    quoted = f"{secret} {quote_plus(secret)} {json.dumps(secret)}"
    server.response = httpx.Response(400, json={"message": f"not with {quoted}", "again": secret})
    exchange = loop.run(service.send(make_admin(), "A", call))

    shown_text = render_everything(service, exchange)

    forms = {secret, quote(secret), quote_plus(secret)}
    assert [find_pieces(shown_text, form) for form in sorted(forms)] == [[]] * len(forms)
    assert find_pieces(render_everything(service, exchange, reveal=True), secret), "it was there"


def test_what_an_enrolment_returns_is_masked_and_the_code_of_a_refusal_is_not(
    loop, service, server
):
    uri = "otpauth://totp/Mine:ada?secret=CANARY22"
    server.response = httpx.Response(200, json={"totpURI": uri, "backupCodes": ["Can22-ary33"]})
    exchange = loop.run(service.send(make_admin(), "A", Call("POST", "/x")))
    shown_text = render_everything(service, exchange)
    for secret in (uri, "CANARY22", "Can22-ary33"):
        assert find_pieces(shown_text, secret) == [], secret
    server.response = httpx.Response(401, json={"code": "INVALID_CODE"})
    exchange = loop.run(service.send(make_admin(), "A", Call("POST", "/x")))
    assert "INVALID_CODE" in render_everything(service, exchange)


@pytest.mark.parametrize("offset", [*range(3950, 4001, 7), *range(230, 300, 9), 59_980])
def test_a_secret_that_lies_where_a_long_text_is_cut_is_masked_whole(loop, service, server, offset):
    text = "x " * (offset // 2) + TOKEN + " x" * 100
    server.response = httpx.Response(401, json={"message": text})
    exchange = loop.run(service.send(make_admin(), "A", Call("GET", "/x")))

    shown_text = render_everything(service, exchange)

    assert find_pieces(shown_text, TOKEN) == []


def test_a_stream_and_bytes_are_masked_too(loop, service, server):
    for kind, body in (
        ("text/event-stream", f'data: {{"token": "canary-22-x"}} {TOKEN}\n\n'.encode()),
        ("application/octet-stream", f"\0{TOKEN}".encode()),
    ):
        server.response = httpx.Response(200, content=body, headers={"content-type": kind})
        exchange = loop.run(service.send(make_admin(), "A", Call("GET", "/x")))
        shown_text = render_everything(service, exchange)
        assert (
            find_pieces(shown_text, TOKEN)
            == find_pieces(shown_text, TOKEN.encode().hex(" ", 1))
            == []
        )
        assert "canary-22" not in shown_text
