"""The form that passkeys.js fills in: with it one signs in, and adds a passkey."""

from panel.server import static_files
from panel.ui import urls, words
from panel.ui.markup import Markup

OPTIONS = "passkey-options"
"""The action that asks for what the browser needs first."""
_FORM = Markup(
    '<form method="post" action="{}" id="passkey" data-kind="{}" data-options="{}" hidden>{}'
    '<input type="hidden" name="credential"><button{}>{}</button></form>'
    '<p class="notice error" id="passkey-problem" role="alert" hidden data-framed="{}"'
    ' data-cancelled="{}" data-address="{}" data-exists="{}"></p>'
    '<p class="about" id="passkey-tab" hidden><a href="{}" target="_blank" rel="noopener">{}</a>'
    '</p><script src="{}" defer></script>'
)
_QUIET = Markup(' class="quiet"')


def passkey_form(action: str, fields: Markup, button: str, base_url: str) -> Markup:
    """Return the form with which one signs in at `action`; hidden where there are no scripts."""
    return _format(action, "", fields, _QUIET, button, base_url)


def new_passkey_form(action: str, fields: Markup, button: str, base_url: str) -> Markup:
    """Return the form that adds a passkey; it is sent with the action `passkey`."""
    hidden = Markup('<input type="hidden" name="action" value="passkey">')
    return _format(action, "new", hidden + fields, Markup(), button, base_url)


def _format(
    action: str, kind: str, fields: Markup, look: Markup, button: str, base_url: str
) -> Markup:
    return _FORM.format(
        action,
        kind,
        OPTIONS,
        fields,
        look,
        button,
        words.PASSKEY_FRAMED,
        words.PASSKEY_CANCELLED,
        words.PASSKEY_ADDRESS.format(base_url),
        words.PASSKEY_EXISTS,
        urls.HOME,
        words.OWN_TAB,
        static_files.url("passkeys.js"),
    )
