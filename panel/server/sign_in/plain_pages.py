"""The panel's pages without Gradio: sign-in, starting, broken. One inline style, no scripts."""

from collections.abc import Sequence

from starlette.responses import HTMLResponse

from panel.ports import PanelSettings
from panel.server import content_security_policy, static_files
from panel.server.passkey_form import passkey_form
from panel.server.return_path import FIELD
from panel.server.sign_in import words
from panel.ui import urls
from panel.ui.markup import Markup, format_rows
from panel.ui.words import OWN_TAB, try_later

_STYLE = Markup("""
:root { color-scheme: light dark; --page: #f4f5f9; --card: #fff; --line: #d9dce6; --ink: #171a26;
  --soft: #5a6072; --edge: #80879b; --action: #4f46e5; --over: #4338ca; --ring: #4f46e5;
  --bad: #b42318; --bad-fill: #fef3f2; --bad-button: #b42318;
  --info-fill: #eef2ff; --warn: #92400e; --warn-fill: #fffbeb; --warn-line: #f0c36d; }
@media (prefers-color-scheme: dark) { :root { --page: #0c0f18; --card: #151a27; --line: #2c3346;
  --ink: #eceef6; --soft: #9aa2b8; --edge: #68728c; --action: #4f46e5; --over: #6366f1;
  --ring: #8b8cf8; --bad: #fda29b;
  --bad-fill: #2c1618; --bad-button: #b42318; --info-fill: #1c2138; --warn: #fcd68a;
  --warn-fill: #2a2110; --warn-line: #6b5218; } }
* { box-sizing: border-box; }
body { margin: 0; min-height: 100vh; display: grid; align-content: center; justify-items: center;
  gap: 1rem; padding: 1.25rem; font: 16px/1.5 system-ui, sans-serif; background: var(--page);
  color: var(--ink); }
main, aside { width: min(25rem, 100%); }
main { background: var(--card); border: 1px solid var(--line); border-radius: 14px;
  padding: 2rem 1.75rem; box-shadow: 0 1px 2px #0000000a, 0 12px 32px #0000000f; }
header { display: flex; align-items: center; gap: .75rem; margin-bottom: 1.25rem; }
header img { width: 40px; height: 40px; }
h1 { font-size: 1.2rem; line-height: 1.3; margin: 0; }
p { margin: 0; }
header p, details { color: var(--soft); font-size: .9rem; }
form { display: grid; gap: 1rem; }
form + form { margin-top: .75rem; }
form.providers { gap: .75rem; }
form.providers button { margin: 0; }
label { display: grid; gap: .35rem; font-size: .9rem; font-weight: 600; }
input { font: inherit; font-weight: 400; padding: .65rem .8rem; color: var(--ink);
  background: var(--page); border: 1px solid var(--edge); border-radius: 9px; width: 100%; }
button { font: inherit; font-weight: 600; padding: .7rem; color: #fff; background: var(--action);
  border: 0; border-radius: 9px; cursor: pointer; margin-top: .25rem; }
button:hover { background: var(--over); }
button.quiet { color: var(--ink); background: none; border: 1px solid var(--edge); margin: 0; }
button.quiet:hover { background: var(--page); }
label.check { display: flex; align-items: center; gap: .5rem; font-weight: 400; }
label.check input { width: 1.1rem; height: 1.1rem; margin: 0; accent-color: var(--action); }
button.danger { background: var(--bad-button); }
button.link { padding: 0; margin: 0; background: none; color: inherit; font-weight: 400;
  text-decoration: underline; }
a.button { font-weight: 600; padding: .7rem; border-radius: 9px; text-decoration: none;
  border: 1px solid var(--edge); color: inherit; text-align: center; }
h2 { font-size: 1rem; margin: 1.25rem 0 .5rem; }
.about { color: var(--soft); font-size: .9rem; margin: 0 0 .9rem; }
.about a, footer a { color: inherit; }
form + .about { margin-top: 1rem; }
details + .about { border-top: 1px solid var(--line); margin: 1.4rem 0 0; padding-top: 1rem; }
.qr { background: #fff; border-radius: 10px; max-width: 15rem; margin: 0 auto 1rem; }
.qr svg { display: block; width: 100%; }
.key { text-align: center; margin: -.5rem 0 .9rem; overflow-wrap: anywhere; }
code { font: .95rem/1.6 ui-monospace, monospace; }
#codes { display: grid; grid-template-columns: 1fr 1fr; gap: .25rem 1.5rem; margin: 0 0 1rem;
  padding-left: 1.75rem; }
.tools { display: grid; grid-auto-flow: column; grid-auto-columns: 1fr; gap: .75rem;
  margin-bottom: 1rem; }
#passkeys, #accounts { list-style: none; margin: 0 0 1rem; padding: 0; display: grid; gap: .9rem; }
#passkeys b, #accounts b { display: block; overflow-wrap: anywhere; }
#passkeys .about, #accounts .about { display: block; margin: 0; }
#passkeys details { border: 0; margin: .25rem 0 0; padding: 0; }
#passkeys summary { font-weight: 400; }
#passkeys form, #passkeys form + .about { margin-top: .75rem; }
table { width: 100%; border-collapse: collapse; font-size: .92rem; margin-bottom: 1rem; }
th { text-align: left; font-weight: 400; color: var(--soft); padding: .3rem 1rem .3rem 0; }
footer { display: flex; justify-content: space-between; gap: 1rem; margin-top: 1.5rem;
  border-top: 1px solid var(--line); padding-top: 1rem; font-size: .9rem; }
footer form { margin: 0 0 0 auto; }
.ways { list-style: none; margin: 1.25rem 0 0; padding: 0; display: grid; gap: .35rem; }
.ways a { color: inherit; font-size: .9rem; display: inline-block; padding: .25rem 0; }
[hidden] { display: none; }
:focus-visible { outline: 3px solid var(--ring); outline-offset: 2px; }
.notice { border-radius: 9px; padding: .7rem .85rem; margin-bottom: 1.1rem; font-size: .92rem; }
.notice.error { background: var(--bad-fill); color: var(--bad); }
.notice.info { background: var(--info-fill); }
.notice a { color: inherit; font-weight: 600; }
aside { border: 1px solid var(--warn-line); background: var(--warn-fill); color: var(--warn);
  border-radius: 10px; padding: .75rem .9rem; font-size: .9rem; }
details { margin-top: 1.4rem; border-top: 1px solid var(--line); padding-top: 1rem; }
summary { cursor: pointer; font-weight: 600; border-radius: 4px; }
details p { margin-top: .5rem; }
""")
_PAGE = Markup("""<!doctype html>
<html lang="en"><head><meta charset="utf-8">{refresh}
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>{title} · {name}</title><link rel="icon" type="image/svg+xml" href="{icon}">
<style>{style}</style></head>
<body>{warning}<main>
<header><img src="{icon}" alt=""><div><h1>{name}</h1><p>{lead}</p></div></header>
{content}
</main></body></html>
""")
_FORM = Markup("""<form method="post" action="{action}">{target}
<label>{email}<input name="email" type="email" autocomplete="username{offer}" required{focus}>
</label>
<label>{password}<input name="password" type="password" autocomplete="current-password" required>
</label><button>{button}</button></form>""")
_PROVIDERS = Markup('<form class="providers" method="post" action="{}"{}>{}{}</form>')
_PROVIDER = Markup('<button class="quiet" name="provider" value="{}">{}</button>')
_IN_FRAME = Markup('<p class="about">{} <a href="{}"{}>{}</a>.</p>')
_OWN_TAB = Markup(' target="_blank" rel="noopener"')
_LEAVE = Markup('<p><a class="button" href="{}">{}</a></p>')
_LEAVE_AT_ONCE = Markup('<meta http-equiv="refresh" content="0; url={}">')
_REFRESH = Markup('<meta http-equiv="refresh" content="2">')


class PlainPages:
    """Builds the pages with a deployment's settings."""

    def __init__(self, settings: PanelSettings) -> None:
        self._settings = settings

    @property
    def has_passkeys(self) -> bool:
        """Whether a page of this server can use passkeys."""
        parties, own = self._settings.relying_parties.parties, self._settings.own_origins
        return any(party.covers(origin) for party in parties for origin in own)

    def provider_name(self, provider_id: str) -> str | None:
        """Return what people call a provider; None if there is none of this id."""
        names = {each.id: each.name for each in self._settings.providers}
        return names.get(provider_id)

    def sign_in(
        self,
        message: str = "",
        *,
        framed: bool,
        target: str = urls.HOME,
        is_error: bool = True,
        status: int = 200,
    ) -> HTMLResponse:
        """Return the sign-in page, with `message` above the form; it leads to `target`."""
        hidden = Markup('<input type="hidden" name="{}" value="{}">').format(FIELD, target)
        notice = render_notice(message, is_error=is_error) if message else Markup()
        form = _FORM.format(
            action=urls.SIGN_IN,
            target=Markup() if target == urls.HOME else hidden,
            email=words.EMAIL,
            password=words.PASSWORD,
            button=words.SIGN_IN,
            offer=" webauthn" if self.has_passkeys else "",
            # Browsers refuse it to the frame of another site.
            focus=Markup() if framed else Markup(" autofocus"),
        )
        content = notice + form
        content += self._providers(hidden if target != urls.HOME else Markup(), framed=framed)
        if self.has_passkeys:
            fields = Markup() if target == urls.HOME else hidden
            content += passkey_form(
                urls.PASSKEY, fields, words.USE_PASSKEY, self._settings.base_url
            )
        content += self._first_admin_help()
        return self.page(
            words.SIGN_IN, words.LEAD, content, status=status, has_script=self.has_passkeys
        )

    def _providers(self, fields: Markup, *, framed: bool) -> Markup:
        """Return a button for each provider. None of them opens in a frame, nor does what follows:
        a sign-in in a tab of its own never reaches the frame of another site."""
        if not self._settings.providers:
            return Markup()
        labels = (
            (each.id, words.USE_PROVIDER.format(each.name)) for each in self._settings.providers
        )
        buttons = format_rows(_PROVIDER, labels)
        if not framed:
            return _PROVIDERS.format(urls.PROVIDER, Markup(), fields, buttons)
        about = _IN_FRAME.format(words.PROVIDER_IN_FRAME, urls.HOME, _OWN_TAB, OWN_TAB)
        return _PROVIDERS.format(urls.PROVIDER, _OWN_TAB, fields, buttons) + about

    def leave_for(self, name: str, url: str, cookies: Sequence[str]) -> HTMLResponse:
        """Return a page that leads to another site at once, with Set-Cookie lines."""
        link = _LEAVE.format(url, words.GO_ON.format(name))
        title, refresh = words.LEAVING.format(name), _LEAVE_AT_ONCE.format(url)
        page = self.page(title, words.LEAVING_LEAD, link, refresh=refresh)
        for line in cookies:
            page.headers.append("set-cookie", line)
        return page

    def starting(self) -> HTMLResponse:
        """Return the page shown while the panel starts; it reloads itself."""
        content = render_notice(words.STARTING, is_error=False)
        page = self.page(words.STARTING_TITLE, words.STARTING_TITLE, content, 503, _REFRESH)
        page.headers["retry-after"] = "2"
        return page

    def broken(self) -> HTMLResponse:
        """Return the page shown when the panel could not start."""
        return self.page(words.BROKEN_TITLE, words.BROKEN_TITLE, render_notice(words.BROKEN), 503)

    def try_later(self, status: int, seconds: int) -> HTMLResponse:
        """Return the page for 429 and 503."""
        content = render_notice(try_later(status, seconds))
        page = self.page(words.LATER_TITLE, words.LATER_TITLE, content, status)
        page.headers["retry-after"] = str(seconds)
        return page

    def _first_admin_help(self) -> Markup:
        if self._settings.admin_password is not None:
            return Markup()
        by_hub = words.FIRST_ADMIN_ON_A_SPACE if self._settings.hub_provider is not None else ""
        return Markup("<details open><summary>{}</summary><p>{}</p></details>").format(
            words.FIRST_ADMIN_TITLE, by_hub + words.FIRST_ADMIN
        )

    def page(
        self,
        title: str,
        lead: str,
        content: Markup,
        status: int = 200,
        refresh: str = "",
        *,
        has_script: bool = False,
    ) -> HTMLResponse:
        """Return a page with this content below its title; `has_script` allows our own files."""
        warning = key_warning(self._settings)
        page = _PAGE.format(
            name=self._settings.app_name,
            title=title,
            lead=lead,
            content=content,
            refresh=refresh,
            icon=static_files.ICON,
            style=_STYLE,
            warning=Markup('<aside role="note">{}</aside>').format(warning) if warning else "",
        )
        policy = content_security_policy.plain_page(self._settings, _STYLE, has_script=has_script)
        return HTMLResponse(page, status, {"content-security-policy": policy})


def key_warning(settings: PanelSettings) -> Markup:
    """Return the warning about a missing SECRET_KEY for every page, or nothing (ASVS 13.3.1)."""
    if settings.secret_key is not None or not settings.production:
        return Markup()
    return Markup("<b>{}</b> {}").format(words.NO_KEY, words.GENERATED_KEY)


def no_cookie(*, framed: bool) -> str:
    """Return the message for a browser that dropped the session cookie."""
    if not framed:
        return f"{words.MESSAGES['no-cookie']} {words.DROPPED_DIRECT}"
    return Markup('{} {} <a href="{}" target="_blank" rel="noopener">{}</a>.').format(
        words.MESSAGES["no-cookie"], words.DROPPED_IN_FRAME, urls.HOME, OWN_TAB
    )


def render_notice(text: str, *, is_error: bool = True) -> Markup:
    """Return the box with a message above a form."""
    kind, role = ("error", "alert") if is_error else ("info", "status")
    return Markup('<p class="notice {}" role="{}">{}</p>').format(kind, role, text)
