"""One's own accounts at providers on the account's page, as HTML."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from panel.ports import Provider
from panel.server.account import words
from panel.ui import timestamps, urls
from panel.ui.markup import Markup, format_rows
from panel.ui.words import OWN_TAB

_SECTION = Markup("<h2>{}</h2><p class='about'>{}</p>{}{}")
_LIST = Markup("<ul id='accounts'>{}</ul>")
_ACCOUNT = Markup(
    "<li><b>{}</b><span class='about'>{}</span><span class='about'><a href='{}'>{}</a></span></li>"
)
_FORM = Markup(
    "<form class='providers' method='post' action='{}'>"
    "<input type='hidden' name='action' value='link'>{}</form>"
)
_BUTTON = Markup("<button class='quiet' name='provider' value='{}'>{}</button>")
_TAB = Markup("<p class='about'><a href='{}' target='_blank' rel='noopener'>{}</a></p>")
_QUESTION = Markup(
    "<section role='alertdialog' aria-labelledby='question' aria-describedby='meaning'>"
    "<h2 id='question'>{}</h2><p class='about' id='meaning'>{}</p>"
    "<form method='post' action='{}'><input type='hidden' name='id' value='{}'>"
    "<button name='action' value='unlink' class='danger'>{}</button></form>"
    "<p class='about'><a href='{}'>{}</a></p></section>"
)


def render_accounts(
    accounts: Sequence[Mapping[str, Any]],
    providers: Sequence[Provider],
    now: datetime,
    *,
    framed: bool,
) -> Markup:
    """Return the linked accounts, and a button for each provider; nothing without either.

    A frame has its own cookies, which the tab that the provider needs does not share.
    """
    if not accounts and not providers:
        return Markup()
    listed = _LIST.format(format_rows(_ACCOUNT, (_row(each, now) for each in accounts)))
    labels = [(each.id, words.LINK.format(each.name)) for each in providers]
    offers = _FORM.format(urls.ACCOUNT, format_rows(_BUTTON, labels)) if labels else Markup()
    if framed:
        offers = _TAB.format(urls.ACCOUNT, OWN_TAB)
    return _SECTION.format(
        words.ACCOUNTS, words.ACCOUNTS_LEAD, listed if accounts else Markup(), offers
    )


def render_unlinking(account: Mapping[str, Any]) -> Markup:
    """Return the question before one is unlinked."""
    return _QUESTION.format(
        words.UNLINK,
        words.UNLINK_LEAD.format(_name_of(account)),
        urls.ACCOUNT,
        account["id"],
        words.UNLINK,
        urls.ACCOUNT,
        words.CANCEL,
    )


def _row(account: Mapping[str, Any], now: datetime) -> tuple[Any, ...]:
    query = urls.encode_query({"do": "unlink", "id": account["id"]})
    linked = words.LINKED.format(timestamps.format_relative(account["createdAt"], now))
    facts = f"{account['accountId']}, {linked}"
    return _name_of(account), facts, f"{urls.ACCOUNT}?{query}", words.UNLINK


def _name_of(account: Mapping[str, Any]) -> str:
    return str(account["providerName"] or account["providerId"])
