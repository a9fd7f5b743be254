"""One's own passkeys on the account's page, as HTML."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from panel.server.account import words
from panel.server.passkey_form import new_passkey_form
from panel.ui import timestamps, urls
from panel.ui.markup import Markup, format_rows

_SECTION = Markup("<h2>{}</h2>{}<details><summary>{}</summary><p class='about'>{}</p>{}</details>")
_LIST = Markup("<ul id='passkeys'>{}</ul>")
_PASSKEY = Markup(
    "<li><b>{}</b><span class='about'>{}</span><details><summary>{}</summary>"
    "<form method='post' action='{}'><input type='hidden' name='id' value='{}'>{}"
    "<button name='action' value='rename-passkey' class='quiet'>{}</button></form>"
    "<p class='about'><a href='{}'>{}</a></p></details></li>"
)
_NAME = Markup(
    "<label>{}<input name='name' value='{}' placeholder='{}' maxlength='{}' autocomplete='off'{}>"
    "</label>"
)
_REQUIRED = Markup(" required")
_QUESTION = Markup(
    "<section role='alertdialog' aria-labelledby='question' aria-describedby='meaning'>"
    "<h2 id='question'>{}</h2><p class='about' id='meaning'>{}</p>"
    "<form method='post' action='{}'><input type='hidden' name='id' value='{}'>"
    "<button name='action' value='remove-passkey' class='danger'>{}</button></form>"
    "<p class='about'><a href='{}'>{}</a></p></section>"
)


def render_passkeys(passkeys: Sequence[Mapping[str, Any]], now: datetime, base_url: str) -> Markup:
    """Return the list, and the form that adds one."""
    rows = (_row(each, now) for each in passkeys)
    listed = _LIST.format(format_rows(_PASSKEY, rows)) if passkeys else Markup()
    name = _NAME.format(words.PASSKEY_NAME, "", words.NAME_HINT, words.LONGEST_NAME, "")
    form = new_passkey_form(urls.ACCOUNT, name, words.GO_ON, base_url)
    return _SECTION.format(words.PASSKEYS, listed, words.ADD_PASSKEY, words.PASSKEYS_LEAD, form)


def render_removal(passkey: Mapping[str, Any]) -> Markup:
    """Return the question before one is removed."""
    return _QUESTION.format(
        words.REMOVE_PASSKEY,
        words.REMOVE_PASSKEY_LEAD.format(_name_of(passkey)),
        urls.ACCOUNT,
        passkey["id"],
        words.REMOVE_PASSKEY,
        urls.ACCOUNT,
        words.CANCEL,
    )


def _row(passkey: Mapping[str, Any], now: datetime) -> tuple[Any, ...]:
    query = urls.encode_query({"do": "remove-passkey", "id": passkey["id"]})
    name = _NAME.format(
        words.PASSKEY_NAME, passkey["name"] or "", "", words.LONGEST_NAME, _REQUIRED
    )
    return (
        _name_of(passkey),
        describe_passkey(passkey, now),
        words.CHANGE,
        urls.ACCOUNT,
        passkey["id"],
        name,
        words.RENAME,
        f"{urls.ACCOUNT}?{query}",
        words.REMOVE_PASSKEY,
    )


def _name_of(passkey: Mapping[str, Any]) -> str:
    return passkey["name"] or words.UNNAMED


def describe_passkey(passkey: Mapping[str, Any], now: datetime) -> str:
    """Say when a passkey was added and used, and what kind it is."""
    added = words.ADDED.format(timestamps.format_relative(passkey["createdAt"], now))
    used = words.NEVER_USED
    if passkey["lastUsedAt"]:
        used = words.LAST_USED.format(timestamps.format_relative(passkey["lastUsedAt"], now))
    parts = [added, used]
    parts += [words.SYNCED] if passkey["backedUp"] else []
    parts += [] if passkey["works"] else [words.ELSEWHERE.format(passkey["rpId"])]
    return ", ".join(parts)
