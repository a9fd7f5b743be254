"""The handlers of the Outbox, before a real API."""

import re

import pytest
from sqlalchemy import update

from backend.storage import tables
from panel.client.api import ApiError
from panel.pages.outbox import words
from tests.lazy_import import lazy_import
from tests.panel.conftest import Panel, lay_out

page = lazy_import("panel.pages.outbox.page")
paging = lazy_import("panel.ui.paging")

ADA = "ada@example.com"
HOSTILE = "<img src=x> $x$ **b** `c`"
NOWHERE = "smtp://127.0.0.1:1"


@pytest.fixture
def mails(panel: Panel):
    """A panel whose users have been written to."""
    panel.gatehouse.member(ADA)
    panel.gatehouse.member("bob@example.com")
    return panel


@pytest.fixture(scope="module")
def outbox(shared):
    """The page."""
    return lay_out(page, shared)


@pytest.fixture
def seen(outbox):
    """What the page shows of a panel's mails."""
    return lambda panel: panel.run_handler(outbox.on_load, panel.context())


def readers(shown: str) -> list[str]:
    return re.findall(r"<span class='to'><bdi>([^<]*)</bdi>", shown)


def test_while_nobody_was_written_to_it_says_how_to_cause_a_mail(panel, outbox, seen):
    shown = seen(panel)
    assert set(shown) == set(outbox.outputs)
    assert words.HELD_NOTE in shown[outbox.note]
    assert "/admin/set-up" in shown[outbox.note]
    assert words.NOTHING in shown[outbox.listed]
    assert "Tester" in shown[outbox.listed]


def test_without_a_mailer_mails_can_be_read_the_newest_first(mails, outbox, seen):
    shown = seen(mails)[outbox.listed]
    assert readers(shown) == ["bob@example.com", ADA]
    assert words.NO_SENDER in shown
    assert "Please confirm that this address is yours." in shown
    assert words.LINK_WARNING.format(f"<bdi>{ADA}</bdi>") in shown
    (link,) = set(re.findall(r"href='([^']*)' target", shown.split(ADA)[0])) or [""]
    assert link.startswith(f"{mails.settings.base_url}/api/auth/verify-email?token=")
    assert f"```\n{link.replace('&amp;', '&')}\n```" in shown


def test_who_sends_is_named_where_it_is_set(open_panel, outbox, seen):
    panel = open_panel(mail_from="App <no-reply@example.com>")
    panel.gatehouse.member(ADA)
    assert "App &lt;no-reply@example.com&gt;" in seen(panel)[outbox.listed]


def test_what_others_chose_is_text_and_nothing_else(open_panel, outbox, seen):
    panel = open_panel(app_name=HOSTILE)
    panel.gatehouse.member(ADA)
    shown = seen(panel)[outbox.listed]
    assert shown.startswith("<div>"), "else Markdown would be read in all that follows"
    assert "<img" not in shown
    assert "&lt;img src=x&gt; &#36;x&#36; **b** `c`" in shown
    assert "\n\n" not in shown.split("```")[0].split("<div class='link'>")[0]


def test_the_text_keeps_its_lines():
    assert page.preserve_lines("a\n\n  <b>\n") == "a<br>&#8203;<br>  &lt;b&gt;"


def test_with_a_mailer_it_says_why_the_text_is_not_shown(open_panel, outbox, seen):
    panel = open_panel(smtp_url=NOWHERE, mail_from="a@example.com")
    panel.gatehouse.member(ADA)
    shown = seen(panel)
    assert words.SENDS_NOTE in shown[outbox.note]
    assert words.HIDDEN["waiting"] in shown[outbox.listed]
    assert "verify-email" not in shown[outbox.listed]


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ({"state": "sent"}, [words.HIDDEN["sent"], "1 attempt, sent just now."]),
        ({"state": "given_up"}, [words.STATES["given_up"], words.HIDDEN["given_up"]]),
        ({"last_error": "550 <no> such user"}, ["550 &lt;no&gt; such user", words.PROBLEM]),
    ],
    ids=["sent", "given up", "error"],
)
def test_a_mail_says_what_became_of_it(mails, outbox, seen, row, told):
    now = mails.clock.now()
    gone = {"sealed": None, "sent_at": now if row.get("state") == "sent" else None}
    mails.gatehouse.change(update(tables.outbox).values(attempts=1, **gone, **row))
    shown = seen(mails)[outbox.listed]
    for each in told:
        assert each in shown


def test_a_mail_says_when_it_is_tried_next(mails, outbox, seen):
    due = mails.clock.now().replace(hour=13)
    mails.gatehouse.change(update(tables.outbox).values(state="waiting", attempts=2, due_at=due))
    assert "2 attempts, next attempt in 1 hour." in seen(mails)[outbox.listed]


def test_what_no_key_opens_is_said_to_be_lost(mails, outbox, seen):
    mails.gatehouse.change(update(tables.outbox).values(sealed=b"not ours"))
    assert words.UNREADABLE in seen(mails)[outbox.listed]


def test_pages_are_turned_and_the_address_follows(mails, outbox, seen, monkeypatch):
    def turnable(shown):
        pager = outbox.pager
        return shown[pager.newer].interactive, shown[pager.older].interactive

    monkeypatch.setattr("panel.pages.outbox.page.PAGE", 1)
    context, stack, it = mails.context(), outbox.stack, outbox.listed
    first = seen(mails)
    assert (readers(first[it]), turnable(first)) == (["bob@example.com"], (False, True))
    assert "1 mail<" in first[outbox.pager.position]
    second = mails.run_handler(outbox.older, context, first[stack])
    assert (readers(second[it]), turnable(second)) == ([ADA], (True, False))
    assert f"/admin/outbox?cursor={first[stack].next}" in second[it]
    again = mails.run_handler(outbox.on_load, mails.context(cursor=first[stack].next))
    assert readers(again[it]) == [ADA]
    back = mails.run_handler(outbox.newer, context, second[stack])
    assert (readers(back[it]), back[stack]) == (["bob@example.com"], first[stack])


def test_a_plain_user_reads_no_mail(mails, outbox):
    bob = mails.gatehouse.visitor()
    bob.sign_in("bob@example.com")
    for handler, *inputs in (
        (outbox.on_load,),
        (outbox.page_at, paging.CursorStack()),
        (outbox.newer, paging.CursorStack()),
        (outbox.older, paging.CursorStack()),
    ):
        with pytest.raises(ApiError) as refused:
            mails.run_handler(handler, mails.context(bob), *inputs)
        assert refused.value.status == 403
