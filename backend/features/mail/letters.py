"""The letters we send: plain words, and an HTML twin that looks right on a phone.

In light and in dark: mail programs that know neither `color-scheme` nor media queries show the
inline colours, which stand on their own. No picture, no font and no address is loaded from
anywhere, so opening a letter tells nobody.
"""

from html import escape
from string import Template

from backend.features.mail.service import Letter
from backend.kernel.settings import MailKind

_PAGE = Template("""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="supported-color-schemes" content="light dark">
<title>$subject</title>
<style>
:root { color-scheme: light dark; supported-color-schemes: light dark; }
@media (prefers-color-scheme: dark) {
  .page { background: #101418 !important; }
  .card { background: #1b2128 !important; border-color: #323c47 !important; }
  .text, .head { color: #e8edf2 !important; }
  .small, .name { color: #a9b4bf !important; }
  .link { color: #8ab8ff !important; }
}
</style>
</head>
<body class="page" style="margin:0;padding:24px 16px;background:#f3f5f7;\
font-family:system-ui,-apple-system,'Segoe UI',Roboto,sans-serif;-webkit-text-size-adjust:100%">
<div class="card" style="max-width:480px;margin:0 auto;padding:24px;background:#ffffff;\
border:1px solid #dde3e9;border-radius:12px">
<p class="name" style="margin:0 0 16px;font-size:14px;color:#5b6670">$app_name</p>
<h1 class="head" style="margin:0 0 16px;font-size:22px;line-height:1.3;color:#14181c;\
overflow-wrap:anywhere">$heading</h1>
$parts
</div>
</body>
</html>
""")
_TEXT = (
    '<p class="text" style="margin:0 0 16px;font-size:16px;line-height:1.5;color:#14181c;'
    'overflow-wrap:anywhere">{}</p>'
)
_SMALL = (
    '<p class="small" style="margin:0;font-size:14px;line-height:1.5;color:#5b6670;'
    'overflow-wrap:anywhere">{}</p>'
)
_BUTTON = (
    '<p style="margin:24px 0"><a href="{url}" style="display:inline-block;padding:14px 22px;'
    "border-radius:8px;background:#1d4ed8;color:#ffffff;font-size:16px;font-weight:600;"
    'text-decoration:none">{label}</a></p>'
    '<p class="small" style="margin:0 0 16px;font-size:14px;line-height:1.5;color:#5b6670">'
    'Or open this address:<br><a class="link" href="{url}" style="color:#1d4ed8;'
    'overflow-wrap:anywhere;word-break:break-all">{url}</a></p>'
)


def verify_email(app_name: str, to: str, url: str, token: str) -> Letter:
    """Ask somebody to confirm that an address is theirs."""
    return _letter(
        app_name,
        "verify",
        to,
        f"Confirm your address for {app_name}",
        "Confirm your address",
        "Please confirm that this address is yours.",
        "Confirm my address",
        "If you did not sign up, ignore this mail: nothing happens.",
        url,
        token,
    )


def reset_password(app_name: str, to: str, url: str, token: str) -> Letter:
    """Let somebody choose a new password."""
    return _letter(
        app_name,
        "reset",
        to,
        f"Choose a new password for {app_name}",
        "Choose a new password",
        "Somebody, hopefully you, asked for a new password for this address.",
        "Choose a new password",
        "If it was not you, ignore this mail: your password stays as it is.",
        url,
        token,
    )


def confirm_change(app_name: str, to: str, new_address: str, url: str, token: str) -> Letter:
    """Ask at the old address whether the new one is wanted."""
    return _letter(
        app_name,
        "change-email",
        to,
        f"Confirm the change of your address for {app_name}",
        "Change your address?",
        f"Your account is about to move from this address to {new_address}.",
        "Yes, change it",
        "If it was not you, do not click, and change your password.",
        url,
        token,
    )


def verify_new_address(app_name: str, to: str, url: str, token: str) -> Letter:
    """Ask at the new address whether it is theirs."""
    return _letter(
        app_name,
        "verify",
        to,
        f"Confirm your new address for {app_name}",
        "Confirm your new address",
        "Please confirm that your account should use this address from now on.",
        "Use this address",
        "If you did not ask for this, ignore this mail: nothing happens.",
        url,
        token,
    )


def delete_account(app_name: str, to: str, url: str, token: str) -> Letter:
    """Ask whether the account shall really be deleted."""
    return _letter(
        app_name,
        "delete",
        to,
        f"Delete your {app_name} account?",
        "Delete your account?",
        "You asked to delete your account. This cannot be undone.",
        "Delete my account",
        "If you changed your mind, ignore this mail: your account stays.",
        url,
        token,
    )


def notice(app_name: str, to: str, what: str) -> Letter:
    """Tell somebody what has just happened to their account."""
    return _letter(
        app_name,
        "notice",
        to,
        f"Your {app_name} account",
        "About your account",
        what,
        "",
        "If it was not you, reset your password.",
    )


def _letter(
    app_name: str,
    kind: MailKind,
    to: str,
    subject: str,
    heading: str,
    before: str,
    label: str,
    after: str,
    url: str | None = None,
    token: str | None = None,
) -> Letter:
    link = [f"{label}:\n{url}"] if url else []
    button = [_BUTTON.format(url=escape(url), label=escape(label))] if url else []
    parts = [_TEXT.format(escape(before)), *button, _SMALL.format(escape(after))]
    html = _PAGE.substitute(
        subject=escape(subject),
        app_name=escape(app_name),
        heading=escape(heading),
        parts="\n".join(parts),
    )
    text = "\n\n".join([before, *link, after]) + "\n"
    return Letter(kind, to, _one_line(subject), text, html, url, token)


def _one_line(text: str) -> str:
    return " ".join(text.split())
