"""How an event reaches its handler, and what people are told when it cannot be carried out."""

from html import unescape

import httpx
import pytest
from starlette.requests import Request

from panel.client.api import ApiError
from panel.client.visitor import CURRENT_ADMIN
from panel.ui import words
from panel.ui.markup import Markup
from tests.lazy_import import lazy_import
from tests.panel.test_tester import owner

gr = lazy_import("gradio")
wiring = lazy_import("panel.ui.wiring")
confirm = lazy_import("panel.ui.confirm")


def event_of(handler, *given, query=b"", services=None, outputs=None):
    """Run a handler as Gradio does, with the request of an owner."""
    scope = {"type": "http", "headers": [], "query_string": query, CURRENT_ADMIN: owner()}
    return wiring._wrap(services, handler, outputs)(gr.Request(request=Request(scope)), *given)


def test_a_handler_is_told_who_asks_for_what_and_gets_the_inputs(loop):
    async def handler(services, context, first, second):
        return services, context.admin.email, context.query, first, second

    context = event_of(handler, 1, 2, query=b"id=a&evil=%3Cb%3E", services="tools")
    assert loop.run(context) == ("tools", "owner@example.com", {"id": "a"}, 1, 2)


def test_a_handler_may_tell_its_results_one_by_one(loop):
    async def handler(services, context, many):
        for number in range(many):
            yield number

    async def all_of_it():
        return [step async for step in event_of(handler, 3)]

    assert loop.run(all_of_it()) == [0, 1, 2]


class TestWhatAHandlerReturns:
    NAME = "<b>&\"'"

    @pytest.fixture
    def components(self):
        return gr.Markdown(), gr.Textbox(), gr.Button()

    def test_is_named_by_component_and_what_is_left_out_stays(self, loop, components):
        _, textbox, _ = components

        async def handler(services, context):
            return {textbox: self.NAME}

        assert loop.run(event_of(handler, outputs=[*components])) == {textbox: self.NAME}

    def test_may_be_nothing(self, loop, components):
        async def handler(services, context):
            return {}

        assert loop.run(event_of(handler, outputs=[*components])) == gr.skip()

    def test_is_escaped_where_it_becomes_html_unless_it_is_html(self, loop, components):
        markdown, textbox, _ = components

        async def handler(services, context):
            return {markdown: self.NAME, textbox: self.NAME}

        async def steps(services, context):
            yield {markdown: Markup("<b>bold</b>")}

        async def one(services, context):
            return self.NAME

        async def stepping():
            return [each async for each in event_of(steps, outputs=[*components])]

        escaped = "&lt;b&gt;&amp;&#34;&#39;"
        told = loop.run(event_of(handler, outputs=[*components]))
        assert told == {markdown: escaped, textbox: self.NAME}
        assert loop.run(stepping()) == [{markdown: "<b>bold</b>"}]
        assert loop.run(event_of(one, outputs=markdown)) == escaped
        assert loop.run(event_of(one, outputs=textbox)) == self.NAME


def refusal(status, code="", message="", retry_after=5, request_id=""):
    refused = ApiError(status, code, message, retry_after)
    refused.request_id = request_id
    return refused


@pytest.mark.parametrize(
    ("refused", "said"),
    [
        (refusal(401), words.ENDED),
        (refusal(403, "ADMINS_ONLY"), words.ADMINS_ONLY),
        (refusal(403), words.ADMINS_ONLY),
        (refusal(403, "BANNED_USER", "This user is banned"), "This user is banned."),
        (refusal(400, "LAST_ADMIN", "Somebody must stay!"), "Somebody must stay!"),
        (refusal(400), "The API answered 400."),
        (refusal(429, retry_after=9), "Too many attempts. Try again in 9 seconds."),
        (
            refusal(503, retry_after=1),
            words.try_later(503, 1),
        ),
        (refusal(500, request_id="01a2"), words.failed("01a2")),
        (refusal(500), f"{words.FAILED}."),
    ],
    ids=lambda value: str(value)[-45:],
)
@pytest.mark.parametrize("steps", [False, True])
def test_a_refusal_becomes_a_sentence(loop, refused, said, steps):
    async def handler(services, context):
        raise refused

    async def handler_in_steps(services, context):
        yield 1
        raise refused

    async def all_of_it():
        async for _ in event_of(handler_in_steps):
            pass

    with pytest.raises(gr.Error) as told:
        loop.run(all_of_it() if steps else event_of(handler))
    assert unescape(told.value.message).startswith(said)
    assert not told.value.print_exception


def test_an_ended_session_leads_to_the_sign_in_page(loop):
    async def handler(services, context):
        raise refusal(401)

    with pytest.raises(gr.Error) as told:
        loop.run(event_of(handler))
    assert "href='/admin/login?why=ended'" in told.value.message


def test_what_the_api_repeats_of_a_stranger_is_escaped(loop):
    async def handler(services, context):
        raise refusal(400, "X", "<img src=x onerror=alert(1)> is not allowed")

    with pytest.raises(gr.Error) as told:
        loop.run(event_of(handler))
    assert "<img" not in told.value.message
    assert "&lt;img src=x" in told.value.message


def test_a_mistake_of_ours_is_logged_and_said_in_plain_words(loop, capsys):
    async def handler(services, context):
        return {}["no such key"]

    with pytest.raises(gr.Error) as told:
        loop.run(event_of(handler))
    assert "no such key" not in told.value.message
    assert "no such key" in capsys.readouterr().out


def test_what_a_handler_says_itself_is_said_as_it_is(loop):
    async def handler(services, context):
        raise gr.Error("Write something first.", print_exception=False)

    with pytest.raises(gr.Error, match=r"Write something first\."):
        loop.run(event_of(handler))


@pytest.mark.parametrize(
    ("body", "code", "message"),
    [
        (
            {"code": "LAST_ADMIN", "message": "Somebody must stay"},
            "LAST_ADMIN",
            "Somebody must stay",
        ),
        ({"message": None}, "", ""),
        ([1], "", ""),
        (None, "", ""),
    ],
)
def test_a_refusal_is_read_off_any_answer(body, code, message):
    payload = {"retry-after": "7", "x-request-id": "01a2"}
    answer = httpx.Response(429, json=body, headers=payload)
    refused = ApiError.from_response(answer)
    assert (refused.status, refused.code, refused.message) == (429, code, message)
    assert (refused.retry_after, refused.request_id) == (7, "01a2")
    assert ApiError.from_response(httpx.Response(502, content=b"<html>")).message == ""


class TestAsking:
    @pytest.fixture
    def events(self, monkeypatch):
        """The handlers of a confirmation, by what triggers them."""
        wired, said = {}, []
        monkeypatch.setattr(
            "panel.ui.confirm.on",
            lambda services, trigger, handler, inputs, outputs: wired.update(
                {str(trigger): handler}
            ),
        )
        monkeypatch.setattr("panel.ui.confirm.show_success", said.append)
        done = []

        async def delete(services, context):
            done.append("deleted")
            return "It is gone."

        async def question(services, context, name):
            return confirm.Question(f"{name} is deleted.", "Delete", delete)

        async def after(services, context):
            return {"shown": "fresh"}

        bar = confirm.Confirmation()
        bar.add_button(None, gr.Button("Delete"), question)
        bar.bind(None, after, [])
        ask, cancel, carry_out = wired.values()
        return bar, ask, cancel, carry_out, said, done

    def test_a_deed_that_hurts_asks_first_and_then_says_what_it_did(self, loop, events):
        bar, ask, _, carry_out, said, done = events
        context = loop.run(ask(None, None, "Ada"))
        assert context[bar.row].visible is True
        assert "Ada is deleted." in context[bar.sentence]
        assert context[bar.yes].value == "Delete"
        assert done == []
        after = loop.run(carry_out(None, None, context[bar.pending]))
        assert (after[bar.pending], after[bar.row].visible) == (None, False)
        assert after["shown"] == "fresh"
        assert (done, said) == (["deleted"], ["It is gone."])

    def test_what_is_not_confirmed_is_not_done(self, loop, events):
        bar, ask, cancel, carry_out, said, done = events
        loop.run(ask(None, None, "Ada"))
        after = loop.run(cancel(None, None))
        assert (after[bar.pending], after[bar.row].visible) == (None, False)
        loop.run(carry_out(None, None, None))
        assert (done, said) == ([], [])
