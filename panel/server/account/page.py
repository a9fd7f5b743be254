"""The states of the account's page, as HTML."""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

from starlette.responses import HTMLResponse

from panel.client.api import ApiError
from panel.client.visitor import CurrentAdmin
from panel.ports import Clock, PanelSettings
from panel.server import static_files
from panel.server.account import words
from panel.server.account.passkey_view import render_passkeys, render_removal
from panel.server.account.provider_view import render_accounts, render_unlinking
from panel.server.return_path import FIELD
from panel.server.sign_in.plain_pages import PlainPages, render_notice
from panel.ui import timestamps, urls
from panel.ui.markup import Markup, format_rows, pairs
from panel.ui.provider_words import explain_error

_FORM = Markup('<form method="post" action="{}">{}{}</form>')
_HIDDEN = Markup('<input type="hidden" name="{}" value="{}">')
_PASSWORD = Markup(
    '<label>{}<input name="password" type="password" autocomplete="current-password" required'
    "></label>"
)
_CODE = Markup(
    '<label>{}<input name="code" autocomplete="one-time-code" inputmode="numeric" required{}>'
    "</label>"
)
_BUTTON = Markup('<button name="action" value="{}"{}>{}</button>')
_QUIET = Markup(' class="quiet"')
_PARAGRAPH = Markup("<p class='about'>{}</p>")
_LINK = Markup('<a href="{}">{}</a>')
_HEADING = Markup("<h2>{}</h2>")
_QR = Markup(
    "<h2>{}</h2><div class='qr' role='img' aria-label='{}'>{}</div>"
    "<p class='about'>{}</p><p class='key'><code>{}</code></p><p class='about'>{}</p>"
)
_CODES = Markup(
    "<h2>{}</h2><p class='about'>{}</p><ol id='codes'>{}</ol>"
    "<p class='tools'><button type='button' class='quiet' id='copy' hidden data-done='{}'>{}"
    "</button><a class='button quiet' download='{}' href='{}'>{}</a></p>"
    "<script src='{}' defer></script>"
)
_DIALOG = Markup(
    "<section role='alertdialog' aria-labelledby='question' aria-describedby='meaning'>"
    "<h2 id='question'>{}</h2><p class='about' id='meaning'>{}</p>{}</section>"
)
_OFFER = Markup("<details{}><summary>{}</summary><p class='about'>{}</p>{}</details>")
_FOOT = Markup(
    "<footer>{}<form method='post' action='{}'><button class='link'>{}</button></form></footer>"
)


class AccountPages:
    """Builds the page in each of its states."""

    def __init__(self, pages: PlainPages, settings: PanelSettings, clock: Clock) -> None:
        self._pages = pages
        self._settings = settings
        self._clock = clock

    @property
    def has_passkeys(self) -> bool:
        """Whether a page of this server can use passkeys."""
        return self._pages.has_passkeys

    def overview(
        self,
        admin: CurrentAdmin,
        factors: Mapping[str, Any] | None,
        passkeys: Sequence[Mapping[str, Any]] | None,
        accounts: Sequence[Mapping[str, Any]],
        query: Mapping[str, str],
        target: str,
    ) -> HTMLResponse:
        """Return the page that shows factors, passkeys and accounts, and offers others."""
        why = query.get("why", "")
        content = self._message(query)
        if admin.must_enrol and not why:
            content = render_notice(words.REQUIRED, is_error=False)
        content += self._second_factor(factors, target)
        now, base_url = self._clock.now(), self._settings.base_url
        if not admin.must_enrol:
            providers, framed = self._settings.providers, admin.visitor.framed
            content += render_accounts(accounts, providers, now, framed=framed)
        if passkeys is None:
            return self._page(admin, content)
        content += render_passkeys(passkeys, now, base_url)
        return self._page(admin, content, has_script=True)

    def _second_factor(self, factors: Mapping[str, Any] | None, target: str) -> Markup:
        content = _HEADING.format(words.SECOND_FACTOR)
        if not self._settings.two_factor:
            return content + _PARAGRAPH.format(words.OFF)
        content += self._facts(factors) if factors else _PARAGRAPH.format(words.NONE_YET)
        content += _offers(factors, target)
        if factors:
            content += _PARAGRAPH.format(_LINK.format(f"{urls.ACCOUNT}?do=remove", words.REMOVE))
        return content

    def _message(self, query: Mapping[str, str]) -> Markup:
        """Return the message that the page's address names, of a provider too."""
        why, provider = query.get("why", ""), self._pages.provider_name(query.get("provider", ""))
        if why and provider and why not in words.MESSAGES:
            return render_notice(explain_error(why, provider))
        return _message(why)

    def unlinking(self, admin: CurrentAdmin, account: Mapping[str, Any]) -> HTMLResponse:
        """Return the question before an account at a provider is unlinked."""
        return self._page(admin, render_unlinking(account))

    def passkey_removal(self, admin: CurrentAdmin, passkey: Mapping[str, Any]) -> HTMLResponse:
        """Return the question before a passkey is removed."""
        return self._page(admin, render_removal(passkey))

    def first_code(self, admin: CurrentAdmin, uri: str, why: str, target: str) -> HTMLResponse:
        """Return the page with an app's QR code, and a field for the first code."""
        secret = parse_qs(urlsplit(uri).query)["secret"][0]
        groups = " ".join(secret[at : at + 4] for at in range(0, len(secret), 4))
        code = _CODE.format(words.FIRST_CODE, _focus(admin))
        content = _message(why) + _QR.format(
            words.SCAN,
            words.SCAN_ALT,
            _render_qr(uri),
            words.OR_TYPE,
            groups,
            _LINK.format(uri, words.OR_OPEN),
        )
        content += _form(target, code + _button("code", words.CONFIRM))
        content += _PARAGRAPH.format(words.CLOCK)
        content += _form(target, _button("done", words.CANCEL, is_quiet=True))
        return self._page(admin, content)

    def backup_codes(self, codes: Sequence[str], target: str) -> HTMLResponse:
        """Return the page that shows backup codes, once."""
        text = "\n".join([self._settings.app_name, *codes, ""])
        content = _CODES.format(
            words.CODES,
            words.CODES_LEAD,
            format_rows(Markup("<li><code>{}</code></li>"), ((code,) for code in codes)),
            words.COPIED,
            words.COPY,
            words.FILE_NAME,
            f"data:text/plain;charset=utf-8,{quote(text)}",
            words.DOWNLOAD,
            static_files.url("copy.js"),
        )
        content += _form(target, _button("done", words.KEPT))
        return self._pages.page(words.TITLE, words.TITLE, content, has_script=True)

    def removal(self, admin: CurrentAdmin, why: str) -> HTMLResponse:
        """Return the question before the factor is removed; the password answers it."""
        meaning = words.REMOVE_LEAD
        if self._settings.require_two_factor_for != "none":
            meaning = f"{meaning} {words.REMOVE_REQUIRED}"
        password = _PASSWORD.format(words.PASSWORD)
        form = _form(urls.HOME, password + _button("remove", words.REMOVE, is_danger=True))
        cancel = _PARAGRAPH.format(_LINK.format(urls.ACCOUNT, words.CANCEL))
        dialog = _DIALOG.format(words.REMOVE, meaning, form + cancel)
        return self._page(admin, _message(why) + dialog)

    def failed(self, error: ApiError, later: str) -> HTMLResponse:
        """Return the page for what the API could not do now."""
        is_later = error.status in {429, 503}
        content = render_notice(later if is_later else words.FAILED)
        content += _PARAGRAPH.format(_LINK.format(urls.ACCOUNT, words.TITLE))
        page = self._pages.page(words.TITLE, words.TITLE, content, error.status)
        if is_later:
            page.headers["retry-after"] = str(error.retry_after)
        return page

    def _page(
        self, admin: CurrentAdmin, content: Markup, *, has_script: bool = False
    ) -> HTMLResponse:
        back = Markup() if admin.must_enrol else _LINK.format(urls.HOME, words.BACK)
        foot = _FOOT.format(back, urls.SIGN_OUT, words.SIGN_OUT)
        content += foot
        return self._pages.page(words.TITLE, admin.email, content, has_script=has_script)

    def _facts(self, factors: Mapping[str, Any]) -> Markup:
        now = self._clock.now()
        values = (
            words.ON if factors["app"] else words.NO,
            words.ON if factors["mailCodes"] else words.NO,
            words.unused(factors["backupCodes"]),
            str(len(factors["trustedBrowsers"])),
        )
        rows = list(zip(words.FACTS, values, strict=True))
        if factors["since"]:
            rows.insert(0, (words.SINCE, timestamps.format_relative(factors["since"], now)))
        return pairs(rows)


def _offers(factors: Mapping[str, Any] | None, target: str) -> Markup:
    """Return what can be set up, each with a form of its own, folded once there is a factor."""
    offers = []
    if not (factors and factors["app"]):
        offers.append(("app", words.SET_UP_APP, words.APP_LEAD))
    if not (factors and factors["mailCodes"]):
        offers.append(("mail", words.TURN_MAIL_ON, words.MAIL_LEAD))
    if factors:
        offers.append(("backup", words.NEW_BACKUP_CODES, words.BACKUP_LEAD))
    return Markup().join(
        _OFFER.format(
            Markup(" open") if factors is None and action == "app" else Markup(),
            title,
            lead,
            _form(target, _PASSWORD.format(words.PASSWORD) + _button(action, words.GO_ON)),
        )
        for action, title, lead in offers
    )


def _render_qr(uri: str) -> Markup:
    import segno  # only here: the panel's start does not need it

    code = segno.make(uri, error="m", micro=False)
    svg = code.svg_inline(omitsize=True, border=4, dark="#000", light="#fff")
    return Markup(svg)  # noqa: S704  paths and numbers


def _message(why: str) -> Markup:
    text = words.MESSAGES.get(why)
    return render_notice(text, is_error=why not in words.NO_ERROR) if text else Markup()


def _form(target: str, content: Markup) -> Markup:
    hidden = Markup() if target == urls.HOME else _HIDDEN.format(FIELD, target)
    return _FORM.format(urls.ACCOUNT, hidden, content)


def _button(action: str, text: str, *, is_quiet: bool = False, is_danger: bool = False) -> Markup:
    kind = _QUIET if is_quiet else Markup(' class="danger"') if is_danger else Markup()
    return _BUTTON.format(action, kind, text)


def _focus(admin: CurrentAdmin) -> Markup:
    # Browsers refuse it to the frame of another site.
    return Markup() if admin.visitor.framed else Markup(" autofocus")
