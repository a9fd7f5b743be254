"""The page of the second step: a field for the code, and the other ways to give one."""

from collections.abc import Mapping

from starlette.responses import HTMLResponse

from panel.server.sign_in import second_step_words as words
from panel.server.sign_in.plain_pages import PlainPages, render_notice
from panel.server.sign_in.step import Step
from panel.ui import urls
from panel.ui.markup import Markup, format_rows

_CODE_FORM = Markup("""<form method="post" action="{action}">{hidden}
<label>{label}<input name="code" autocomplete="one-time-code"{keyboard} autocapitalize="none"
spellcheck="false" required{focus}></label>
<label class="check"><input type="checkbox" name="trust" value="1">{trust}</label>
<button>{button}</button></form>""")
_MAIL_FORM = Markup("""<form method="post" action="{action}">{hidden}
<button name="action" value="send"{kind}>{button}</button></form>""")
_HIDDEN = Markup('<input type="hidden" name="{}" value="{}">')
_LINK = Markup('<li><a href="{}">{}</a></li>')
_WAYS = Markup("<nav aria-label='{}'><ul class='ways'>{}</ul></nav>")
_QUIET = Markup(' class="quiet"')
_NUMBERS = Markup(' inputmode="numeric"')


def render(
    pages: PlainPages, step: Step, message: str, *, framed: bool, status: int = 200
) -> HTMLResponse:
    """Return the page that asks for a code, with an error `message` above the field."""
    is_mail = step.way == "otp"
    notice = Markup()
    if message:
        notice = render_notice(message)
    elif is_mail and step.is_sent:
        notice = render_notice(words.SENT, is_error=False)
    hidden = _hidden(step.fields())
    mail_form = _mail_form(hidden, is_first=is_mail and not step.is_sent, again=step.is_sent)
    if is_mail and not step.is_sent:
        content = mail_form
    else:
        content = _code_form(step, hidden, framed=framed)
        content += mail_form if "otp" in step.methods else Markup()
    return pages.page(words.TITLE, words.LEAD, notice + content + _other_ways(step), status=status)


def _code_form(step: Step, hidden: Markup, *, framed: bool) -> Markup:
    return _CODE_FORM.format(
        action=urls.SECOND_STEP,
        hidden=hidden,
        label=words.FIELDS[step.way],
        keyboard=Markup() if step.way == "backup" else _NUMBERS,
        trust=words.TRUST,
        button=words.CONTINUE,
        # Browsers refuse it to the frame of another site.
        focus=Markup() if framed else Markup(" autofocus"),
    )


def _mail_form(hidden: Markup, *, is_first: bool, again: bool) -> Markup:
    return _MAIL_FORM.format(
        action=urls.SECOND_STEP,
        hidden=hidden,
        kind=Markup() if is_first else _QUIET,
        button=words.MAIL_ANOTHER if again else words.MAIL_CODE,
    )


def _other_ways(step: Step) -> Markup:
    available = [way for way in words.WAYS if way == "backup" or way in step.methods]
    links = [(step.with_way(way).url(), words.WAYS[way]) for way in available if way != step.way]
    links.append((urls.SIGN_IN, words.START_OVER))
    return _WAYS.format(words.OTHER_WAYS, format_rows(_LINK, links))


def _hidden(fields: Mapping[str, str]) -> Markup:
    return format_rows(_HIDDEN, fields.items())
