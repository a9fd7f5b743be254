"""How an event reaches its handler, and which message an error in it becomes."""

from html import unescape

import httpx
import pytest
from starlette.requests import Request

from panel.client.api import ApiError
from panel.client.visitor import CURRENT_ADMIN
from panel.ui import words
from panel.ui.markup import Markup
from tests.lazy_import import lazy_import
from tests.panel.stub_server import make_admin

gr = lazy_import("gradio")
wiring = lazy_import("panel.ui.wiring")
confirm = lazy_import("panel.ui.confirm")


def run_event(handler, *inputs, query=b"", services=None, outputs=None):
    """Run a handler as Gradio does, with the request of an owner."""
    scope = {"type": "http", "headers": [], "query_string": query, CURRENT_ADMIN: make_admin()}
    return wiring._wrap(services, handler, outputs)(gr.Request(request=Request(scope)), *inputs)


def test_a_handler_is_told_who_asks_for_what_and_gets_the_inputs(loop):
    async def handler(context, first, second):
        return context.services, context.admin.email, context.query, first, second

    event = run_event(handler, 1, 2, query=b"id=a&evil=%3Cb%3E", services="tools")
    assert loop.run(event) == ("tools", "owner@example.com", {"id": "a"}, 1, 2)


def test_a_handler_may_tell_its_results_one_by_one(loop):
    async def handler(context, many):
        for number in range(many):
            yield number

    async def collect():
        return [step async for step in run_event(handler, 3)]

    assert loop.run(collect()) == [0, 1, 2]


class TestWhatAHandlerReturns:
    NAME = "<b>&\"'"

    @pytest.fixture
    def components(self):
        return gr.Markdown(), gr.Textbox(), gr.Button()

    def test_is_named_by_component_and_what_is_left_out_stays(self, loop, components):
        _, textbox, _ = components

        async def handler(context):
            return {textbox: self.NAME}

        assert loop.run(run_event(handler, outputs=[*components])) == {textbox: self.NAME}

    def test_may_be_nothing(self, loop, components):
        async def handler(context):
            return {}

        assert loop.run(run_event(handler, outputs=[*components])) == gr.skip()

    def test_is_escaped_where_it_becomes_html_unless_it_is_html(self, loop, components):
        markdown, textbox, _ = components

        async def handler(context):
            return {markdown: self.NAME, textbox: self.NAME}

        async def steps(context):
            yield {markdown: Markup("<b>bold</b>")}

        async def return_text(context):
            return self.NAME

        async def collect():
            return [each async for each in run_event(steps, outputs=[*components])]

        escaped = "&lt;b&gt;&amp;&#34;&#39;"
        updates = loop.run(run_event(handler, outputs=[*components]))
        assert updates == {markdown: escaped, textbox: self.NAME}
        assert loop.run(collect()) == [{markdown: "<b>bold</b>"}]
        assert loop.run(run_event(return_text, outputs=markdown)) == escaped
        assert loop.run(run_event(return_text, outputs=textbox)) == self.NAME


def make_error(status, code="", message="", retry_after=5, request_id=""):
    error = ApiError(status, code, message, retry_after)
    error.request_id = request_id
    return error


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (make_error(401), words.ENDED),
        (make_error(403, "ADMINS_ONLY"), words.ADMINS_ONLY),
        (make_error(403), words.ADMINS_ONLY),
        (make_error(403, "BANNED_USER", "This user is banned"), "This user is banned."),
        (make_error(400, "LAST_ADMIN", "Somebody must stay!"), "Somebody must stay!"),
        (make_error(400), "The API answered 400."),
        (make_error(429, retry_after=9), "Too many attempts. Try again in 9 seconds."),
        (
            make_error(503, retry_after=1),
            words.try_later(503, 1),
        ),
        (make_error(500, request_id="01a2"), words.failed("01a2")),
        (make_error(500), f"{words.FAILED}."),
    ],
    ids=lambda value: str(value)[-45:],
)
@pytest.mark.parametrize("steps", [False, True])
def test_a_refusal_becomes_a_sentence(loop, error, expected, steps):
    async def handler(context):
        raise error

    async def generator_handler(context):
        yield 1
        raise error

    async def collect():
        async for _ in run_event(generator_handler):
            pass

    with pytest.raises(gr.Error) as excinfo:
        loop.run(collect() if steps else run_event(handler))
    assert unescape(excinfo.value.message).startswith(expected)
    assert not excinfo.value.print_exception


def test_an_ended_session_leads_to_the_sign_in_page(loop):
    async def handler(context):
        raise make_error(401)

    with pytest.raises(gr.Error) as excinfo:
        loop.run(run_event(handler))
    assert "href='/admin/login?why=ended'" in excinfo.value.message


def test_what_the_api_repeats_of_a_stranger_is_escaped(loop):
    async def handler(context):
        raise make_error(400, "X", "<img src=x onerror=alert(1)> is not allowed")

    with pytest.raises(gr.Error) as excinfo:
        loop.run(run_event(handler))
    assert "<img" not in excinfo.value.message
    assert "&lt;img src=x" in excinfo.value.message


def test_a_mistake_of_ours_is_logged_and_said_in_plain_words(loop, capsys):
    async def handler(context):
        return {}["no such key"]

    with pytest.raises(gr.Error) as excinfo:
        loop.run(run_event(handler))
    assert "no such key" not in excinfo.value.message
    assert "no such key" in capsys.readouterr().out


def test_what_a_handler_says_itself_is_said_as_it_is(loop):
    async def handler(context):
        raise gr.Error("Write something first.", print_exception=False)

    with pytest.raises(gr.Error, match=r"Write something first\."):
        loop.run(run_event(handler))


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
    headers = {"retry-after": "7", "x-request-id": "01a2"}
    response = httpx.Response(429, json=body, headers=headers)
    error = ApiError.from_response(response)
    assert (error.status, error.code, error.message) == (429, code, message)
    assert (error.retry_after, error.request_id) == (7, "01a2")
    assert ApiError.from_response(httpx.Response(502, content=b"<html>")).message == ""


class TestConfirmation:
    @pytest.fixture
    def confirmation(self, monkeypatch, loop):
        """The handlers of a confirmation, by what triggers them."""
        handlers, toasts = {}, []
        monkeypatch.setattr(
            "panel.ui.confirm.on",
            lambda services, trigger, handler, inputs, outputs: handlers.update(
                {str(trigger): handler}
            ),
        )
        monkeypatch.setattr("panel.ui.confirm.show_success", toasts.append)
        deleted = []

        async def delete(context):
            deleted.append("deleted")
            return "It is gone."

        async def ask_delete(context, name):
            return confirm.Question(f"{name} is deleted.", "Delete", delete)

        async def on_success(context):
            return {"shown": "fresh"}

        async def build():  # on a loop, or Gradio's queue would leave one open
            with gr.Blocks():
                bar = confirm.Confirmation()
                bar.add_button(None, gr.Button("Delete"), ask_delete)
                bar.bind(None, on_success, [])
                return bar

        bar = loop.run(build())
        ask, cancel, execute = handlers.values()
        return bar, ask, cancel, execute, toasts, deleted

    def test_a_destructive_action_asks_first_and_then_says_what_it_did(self, loop, confirmation):
        bar, ask, _, execute, toasts, deleted = confirmation
        question_updates = loop.run(ask(None, "Ada"))
        assert question_updates[bar.row].visible is True
        assert "Ada is deleted." in question_updates[bar.sentence]
        assert question_updates[bar.yes].value == "Delete"
        assert deleted == []
        updates = loop.run(execute(None, question_updates[bar.pending], ""))
        assert (updates[bar.pending], updates[bar.row].visible) == (None, False)
        assert updates["shown"] == "fresh"
        assert (deleted, toasts) == (["deleted"], ["It is gone."])

    def test_what_is_not_confirmed_is_not_done(self, loop, confirmation):
        bar, ask, cancel, execute, toasts, deleted = confirmation
        loop.run(ask(None, "Ada"))
        updates = loop.run(cancel(None))
        assert (updates[bar.pending], updates[bar.row].visible) == (None, False)
        loop.run(execute(None, None, ""))
        assert (deleted, toasts) == ([], [])
