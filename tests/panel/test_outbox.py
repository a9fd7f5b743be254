"""The handlers of the Outbox, before a real API."""

import re

import pytest
from sqlalchemy import update

from backend.storage.tables import outbox
from panel.api import ApiRefused
from panel.pages import outbox as page
from panel.words import outbox as words
from tests.panel.conftest import Panel

ADA = "ada@example.com"
HOSTILE = "<img src=x> $x$ **b** `c`"
NOWHERE = "smtp://127.0.0.1:1"


@pytest.fixture
def mails(panel: Panel):
    """A panel whose users have been written to."""
    panel.gatehouse.member(ADA)
    panel.gatehouse.member("bob@example.com")
    return panel


def seen(panel, *trail, **query):
    return panel.does(page.shown, panel.asked(**query), trail)


def readers(shown: str) -> list[str]:
    return re.findall(r"<span class='to'><bdi>([^<]*)</bdi>", shown)


def test_while_nobody_was_written_to_it_says_how_to_cause_a_mail(panel):
    about, shown, *_ = seen(panel)
    assert words.HOLDS in about
    assert "/admin/set-up" in about
    assert words.NOTHING in shown
    assert "Tester" in shown


def test_without_a_mailer_mails_can_be_read_the_newest_first(mails):
    _, shown, *_ = seen(mails)
    assert readers(shown) == ["bob@example.com", ADA]
    assert words.NO_SENDER in shown
    assert "Please confirm that this address is yours." in shown
    assert words.ACTS.format(f"<bdi>{ADA}</bdi>") in shown
    (link,) = set(re.findall(r"href='([^']*)' target", shown.split(ADA)[0])) or [""]
    assert link.startswith(f"{mails.settings.base_url}/api/auth/verify-email?token=")
    assert f"```\n{link.replace('&amp;', '&')}\n```" in shown


def test_who_sends_is_named_where_it_is_set(open_panel):
    panel = open_panel(mail_from="App <no-reply@example.com>")
    panel.gatehouse.member(ADA)
    assert "App &lt;no-reply@example.com&gt;" in seen(panel)[1]


def test_what_others_chose_is_text_and_nothing_else(open_panel):
    panel = open_panel(app_name=HOSTILE)
    panel.gatehouse.member(ADA)
    shown = seen(panel)[1]
    assert shown.startswith("<div>"), "else Markdown would be read in all that follows"
    assert "<img" not in shown
    assert "&lt;img src=x&gt; &#36;x&#36; **b** `c`" in shown
    assert "\n\n" not in shown.split("```")[0].split("<div class='link'>")[0]


def test_the_text_keeps_its_lines():
    assert page.laid_out("a\n\n  <b>\n") == "a<br>&#8203;<br>  &lt;b&gt;"


def test_with_a_mailer_it_says_why_the_text_is_not_shown(open_panel):
    panel = open_panel(smtp_url=NOWHERE, mail_from="a@example.com")
    panel.gatehouse.member(ADA)
    about, shown, *_ = seen(panel)
    assert words.SENDS in about
    assert words.HIDDEN["waiting"] in shown
    assert "verify-email" not in shown


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ({"state": "sent"}, [words.HIDDEN["sent"], "Tried 1 time, left just now."]),
        ({"state": "given_up"}, [words.STATES["given_up"], words.HIDDEN["given_up"]]),
        ({"last_error": "550 <no> such user"}, ["550 &lt;no&gt; such user", words.PROBLEM]),
    ],
    ids=["sent", "given up", "error"],
)
def test_a_mail_says_what_became_of_it(mails, row, told):
    now = mails.clock.now()
    gone = {"sealed": None, "sent_at": now if row.get("state") == "sent" else None}
    mails.gatehouse.change(update(outbox).values(attempts=1, **gone, **row))
    shown = seen(mails)[1]
    for each in told:
        assert each in shown


def test_a_mail_says_when_it_is_tried_next(mails):
    due = mails.clock.now().replace(hour=13)
    mails.gatehouse.change(update(outbox).values(state="waiting", attempts=2, due_at=due))
    assert "Tried 2 times, next try in 1 hour." in seen(mails)[1]


def test_what_no_key_opens_is_said_to_be_lost(mails):
    mails.gatehouse.change(update(outbox).values(sealed=b"not ours"))
    assert words.UNREADABLE in seen(mails)[1]


def test_pages_are_turned_and_the_address_follows(mails, monkeypatch):
    monkeypatch.setattr(page, "PAGE", 1)
    _, shown, trail, following, newer, older, told = seen(mails)
    assert (readers(shown), newer.interactive, older.interactive) == (
        ["bob@example.com"],
        False,
        True,
    )
    assert "1 mail<" in told
    _, shown, trail, _, newer, older, _ = mails.does(page.older, mails.asked(), trail, following)
    assert (readers(shown), newer.interactive, older.interactive) == ([ADA], True, False)
    assert f"/admin/outbox?cursor={following}" in shown
    _, again, *_ = mails.does(page.opened, mails.asked(cursor=following))
    assert readers(again) == [ADA]
    _, shown, trail, *_ = mails.does(page.newer, mails.asked(), trail)
    assert (readers(shown), trail) == (["bob@example.com"], ())


def test_a_plain_user_reads_no_mail(mails):
    bob = mails.gatehouse.visitor()
    bob.signs_in("bob@example.com")
    for handler, inputs in (
        (page.opened, ()),
        (page.shown, ((),)),
        (page.newer, ((),)),
        (page.older, ((), "")),
    ):
        with pytest.raises(ApiRefused) as refused:
            mails.does(handler, mails.asked(bob), *inputs)
        assert refused.value.status == 403
