"""The handlers of the Outbox, before a real API."""

import re

import pytest
from sqlalchemy import update

from backend.storage import tables
from panel.client.api import ApiError
from panel.pages.outbox import words
from tests.lazy_import import lazy_import
from tests.panel.conftest import Panel, build_page

page = lazy_import("panel.pages.outbox.page")
paging = lazy_import("panel.ui.paging")

ADA = "ada@example.com"
HOSTILE = "<img src=x> $x$ **b** `c`"
NOWHERE = "smtp://127.0.0.1:1"


@pytest.fixture
def mail_panel(panel: Panel):
    """A panel whose users have been sent mails."""
    panel.gatehouse.member(ADA)
    panel.gatehouse.member("bob@example.com")
    return panel


@pytest.fixture(scope="module")
def outbox(shared_panel):
    """The components and handlers of the page."""
    return build_page(page, shared_panel)


@pytest.fixture
def load_outbox(outbox):
    """Loads the Outbox of a panel, and returns the updates."""
    return lambda panel: panel.run_handler(outbox.on_load, panel.context())


def find_recipients(html: str) -> list[str]:
    return re.findall(r"<span class='to'><bdi>([^<]*)</bdi>", html)


def test_while_nobody_was_written_to_it_says_how_to_cause_a_mail(panel, outbox, load_outbox):
    updates = load_outbox(panel)
    assert set(updates) == set(outbox.outputs)
    assert words.HELD_NOTE in updates[outbox.note]
    assert "/admin/set-up" in updates[outbox.note]
    assert words.NOTHING in updates[outbox.listed]
    assert "Tester" in updates[outbox.listed]


def test_without_a_mailer_mails_can_be_read_the_newest_first(mail_panel, outbox, load_outbox):
    html = load_outbox(mail_panel)[outbox.listed]
    assert find_recipients(html) == ["bob@example.com", ADA]
    assert words.NO_SENDER in html
    assert "Please confirm that this address is yours." in html
    assert words.LINK_WARNING.format(f"<bdi>{ADA}</bdi>") in html
    (link,) = set(re.findall(r"href='([^']*)' target", html.split(ADA)[0])) or [""]
    assert link.startswith(f"{mail_panel.settings.base_url}/api/auth/verify-email?token=")
    assert f"```\n{link.replace('&amp;', '&')}\n```" in html


def test_who_sends_is_named_where_it_is_set(open_panel, outbox, load_outbox):
    panel = open_panel(mail_from="App <no-reply@example.com>")
    panel.gatehouse.member(ADA)
    assert "App &lt;no-reply@example.com&gt;" in load_outbox(panel)[outbox.listed]


def test_what_others_chose_is_text_and_nothing_else(open_panel, outbox, load_outbox):
    panel = open_panel(app_name=HOSTILE)
    panel.gatehouse.member(ADA)
    html = load_outbox(panel)[outbox.listed]
    assert html.startswith("<div>"), "else Markdown would be read in all that follows"
    assert "<img" not in html
    assert "&lt;img src=x&gt; &#36;x&#36; **b** `c`" in html
    assert "\n\n" not in html.split("```")[0].split("<div class='link'>")[0]


def test_the_text_keeps_its_lines():
    assert page.preserve_lines("a\n\n  <b>\n") == "a<br>&#8203;<br>  &lt;b&gt;"


def test_with_a_mailer_it_says_why_the_text_is_not_shown(open_panel, outbox, load_outbox):
    panel = open_panel(smtp_url=NOWHERE, mail_from="a@example.com")
    panel.gatehouse.member(ADA)
    updates = load_outbox(panel)
    assert words.SENDS_NOTE in updates[outbox.note]
    assert words.HIDDEN["waiting"] in updates[outbox.listed]
    assert "verify-email" not in updates[outbox.listed]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"state": "sent"}, [words.HIDDEN["sent"], "1 attempt, sent just now."]),
        ({"state": "given_up"}, [words.STATES["given_up"], words.HIDDEN["given_up"]]),
        ({"last_error": "550 <no> such user"}, ["550 &lt;no&gt; such user", words.PROBLEM]),
    ],
    ids=["sent", "given up", "error"],
)
def test_a_mail_says_what_became_of_it(mail_panel, outbox, load_outbox, values, expected):
    now = mail_panel.clock.now()
    columns = {"sealed": None, "sent_at": now if values.get("state") == "sent" else None}
    mail_panel.gatehouse.execute(update(tables.outbox).values(attempts=1, **columns, **values))
    html = load_outbox(mail_panel)[outbox.listed]
    for text in expected:
        assert text in html


def test_a_mail_says_when_it_is_tried_next(mail_panel, outbox, load_outbox):
    due_at = mail_panel.clock.now().replace(hour=13)
    mail_panel.gatehouse.execute(
        update(tables.outbox).values(state="waiting", attempts=2, due_at=due_at)
    )
    assert "2 attempts, next attempt in 1 hour." in load_outbox(mail_panel)[outbox.listed]


def test_what_no_key_opens_is_said_to_be_lost(mail_panel, outbox, load_outbox):
    mail_panel.gatehouse.execute(update(tables.outbox).values(sealed=b"not ours"))
    assert words.UNREADABLE in load_outbox(mail_panel)[outbox.listed]


def test_pages_are_turned_and_the_address_follows(mail_panel, outbox, load_outbox, monkeypatch):
    def pager_state(updates):
        pager = outbox.pager
        return updates[pager.newer].interactive, updates[pager.older].interactive

    monkeypatch.setattr("panel.pages.outbox.page.PAGE", 1)
    context, stack, listed = mail_panel.context(), outbox.stack, outbox.listed
    first = load_outbox(mail_panel)
    assert find_recipients(first[listed]) == ["bob@example.com"]
    assert pager_state(first) == (False, True)
    assert "1 mail<" in first[outbox.pager.position]
    second = mail_panel.run_handler(outbox.older, context, first[stack])
    assert (find_recipients(second[listed]), pager_state(second)) == ([ADA], (True, False))
    assert f"/admin/outbox?cursor={first[stack].next}" in second[listed]
    again = mail_panel.run_handler(outbox.on_load, mail_panel.context(cursor=first[stack].next))
    assert find_recipients(again[listed]) == [ADA]
    back = mail_panel.run_handler(outbox.newer, context, second[stack])
    assert (find_recipients(back[listed]), back[stack]) == (["bob@example.com"], first[stack])


def test_a_plain_user_reads_no_mail(mail_panel, outbox):
    bob = mail_panel.gatehouse.visitor()
    bob.sign_in("bob@example.com")
    for handler, *inputs in (
        (outbox.on_load,),
        (outbox.page_at, paging.CursorStack()),
        (outbox.newer, paging.CursorStack()),
        (outbox.older, paging.CursorStack()),
    ):
        with pytest.raises(ApiError) as excinfo:
            mail_panel.run_handler(handler, mail_panel.context(bob), *inputs)
        assert excinfo.value.status == 403
