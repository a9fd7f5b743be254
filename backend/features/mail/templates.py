"""The mails we send: plain text, and HTML that fits a phone.

With a light and a dark style: mail programs that know neither `color-scheme` nor media queries show
the inline colours. Nothing is loaded from the network, so opening a mail is not tracked.
"""

from dataclasses import dataclass

from markupsafe import Markup

from backend.features.mail.service import Mailer, Message, enqueue
from backend.kernel.configuration.values import MailKind
from backend.storage.work import Work

_PAGE = Markup("""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="supported-color-schemes" content="light dark">
<title>%(subject)s</title>
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
font-family:system-ui,-apple-system,'Segoe UI',Roboto,sans-serif;-webkit-text-size-adjust:100%%">
<div class="card" style="max-width:480px;margin:0 auto;padding:24px;background:#ffffff;\
border:1px solid #dde3e9;border-radius:12px">
<p class="name" style="margin:0 0 16px;font-size:14px;color:#5b6670">%(app_name)s</p>
<h1 class="head" style="margin:0 0 16px;font-size:22px;line-height:1.3;color:#14181c;\
overflow-wrap:anywhere">%(heading)s</h1>
%(parts)s
</div>
</body>
</html>
""")
_TEXT = Markup(
    '<p class="text" style="margin:0 0 16px;font-size:16px;line-height:1.5;color:#14181c;'
    'overflow-wrap:anywhere">{}</p>'
)
_SMALL = Markup(
    '<p class="small" style="margin:0;font-size:14px;line-height:1.5;color:#5b6670;'
    'overflow-wrap:anywhere">{}</p>'
)
_BUTTON = Markup(
    '<p style="margin:24px 0"><a href="{url}" style="display:inline-block;padding:14px 22px;'
    "border-radius:8px;background:#1d4ed8;color:#ffffff;font-size:16px;font-weight:600;"
    'text-decoration:none">{label}</a></p>'
    '<p class="small" style="margin:0 0 16px;font-size:14px;line-height:1.5;color:#5b6670">'
    'Or open this address:<br><a class="link" href="{url}" style="color:#1d4ed8;'
    'overflow-wrap:anywhere;word-break:break-all">{url}</a></p>'
)


@dataclass(frozen=True, slots=True)
class Template:
    """The texts of a mail."""

    kind: MailKind
    subject: str
    """`{app}` in it is the application's name."""
    heading: str
    before: str
    """The paragraph before the button, and in the plain text before the link."""
    label: str
    """Of the button."""
    after: str

    def render(
        self,
        app_name: str,
        to: str,
        url: str | None = None,
        token: str | None = None,
        code: str | None = None,
    ) -> Message:
        """Render the mail, with a button if there is a URL; `{code}` in a text is the code."""
        subject = self.subject.format(app=app_name)
        before = self.before.format(code=code) if code else self.before
        link = [f"{self.label}:\n{url}"] if url else []
        button = [_BUTTON.format(url=url, label=self.label)] if url else []
        html = _PAGE % {
            "subject": subject,
            "app_name": app_name,
            "heading": self.heading,
            "parts": Markup("\n").join([_TEXT.format(before), *button, _SMALL.format(self.after)]),
        }
        text = "\n\n".join([before, *link, self.after]) + "\n"
        return Message(self.kind, to, _one_line(subject), text, str(html), url, token, code)


VERIFY_EMAIL = Template(
    kind="verify",
    subject="Confirm your address for {app}",
    heading="Confirm your address",
    before="Please confirm that this address is yours.",
    label="Confirm my address",
    after="If you did not sign up, ignore this mail: nothing happens.",
)
RESET_PASSWORD = Template(
    kind="reset",
    subject="Choose a new password for {app}",
    heading="Choose a new password",
    before="Somebody, hopefully you, asked for a new password for this address.",
    label="Choose a new password",
    after="If it was not you, ignore this mail: your password stays as it is.",
)
VERIFY_NEW_ADDRESS = Template(
    kind="verify",
    subject="Confirm your new address for {app}",
    heading="Confirm your new address",
    before="Please confirm that your account should use this address from now on.",
    label="Use this address",
    after="If you did not ask for this, ignore this mail: nothing happens.",
)
SECOND_FACTOR = Template(
    kind="code",
    subject="Your code for {app}",
    heading="Your code for signing in",
    before="{code} is your code. It works for three minutes.",
    label="",
    after="If you are not signing in, somebody else knows your password: change it.",
)
_NOT_PASSED_ON = "Give it to nobody: whoever asks you for this code wants your account."
_CODES = {
    "sign-in": (
        "Your sign-in code for {app}",
        "Your code for signing in",
        "is your code for signing in",
        "If you are not signing in, ignore this mail: nobody gets in without the code.",
    ),
    "email-verification": (
        "Your code to confirm your address for {app}",
        "Confirm your address",
        "is your code to confirm that this address is yours",
        "If you did not ask for it, ignore this mail: nothing happens.",
    ),
    "forget-password": (
        "Your code for a new {app} password",
        "Choose a new password",
        "is your code for choosing a new password",
        "If you did not ask for it, ignore this mail: your password stays as it is.",
    ),
    "change-email": (
        "Your code to confirm your new address for {app}",
        "Confirm your new address",
        "is the code with which an account moves to this address",
        "If you did not ask for this, ignore this mail: nothing happens.",
    ),
}
"""Subject, heading, what the code does, and what to do with one that was not asked for."""
DELETE_ACCOUNT = Template(
    kind="delete",
    subject="Delete your {app} account?",
    heading="Delete your account?",
    before="You asked to delete your account. This cannot be undone.",
    label="Delete my account",
    after="If you changed your mind, ignore this mail: your account stays.",
)


def magic_link(lifetime: int) -> Template:
    """Build the mail with a link that signs in and works for `lifetime` seconds."""
    return Template(
        kind="magic-link",
        subject="Sign in to {app}",
        heading="Sign in",
        before="Somebody, hopefully you, asked for a link to sign in with this address.",
        label="Sign in",
        after=f"The link works once, for {describe_duration(lifetime)}. If it was not you, ignore "
        "this mail: nobody gets in without it.",
    )


def describe_duration(seconds: int) -> str:
    """Describe a lifetime in the largest unit that divides it: `5 minutes`."""
    units = ((86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second"))
    length, unit = next(each for each in units if seconds % each[0] == 0)
    number = seconds // length
    return f"{number} {unit}{'' if number == 1 else 's'}"


def code_for(purpose: str, lifetime: int) -> Template:
    """Build the mail with a code for a purpose, which works for `lifetime` seconds."""
    subject, heading, deed, after = _CODES[purpose]
    return Template(
        kind="code",
        subject=subject,
        heading=heading,
        before=f"{{code}} {deed}. It works once, for {describe_duration(lifetime)}. "
        f"{_NOT_PASSED_ON}",
        label="",
        after=after,
    )


def confirm_change(new_address: str) -> Template:
    """Build the mail that asks the old address to confirm the new one."""
    return Template(
        kind="change-email",
        subject="Confirm the change of your address for {app}",
        heading="Change your address?",
        before=f"Your account is about to move from this address to {new_address}.",
        label="Yes, change it",
        after="If it was not you, do not click, and change your password.",
    )


def build_notice(app_name: str, to: str, sentence: str) -> Message:
    """Build a mail about something that has just happened to the account."""
    template = Template(
        kind="notice",
        subject="Your {app} account",
        heading="About your account",
        before=sentence,
        label="",
        after="If it was not you, reset your password.",
    )
    return template.render(app_name, to)


def enqueue_notice(work: Work, mailer: Mailer, to: str, sentence: str) -> None:
    """Mail somebody about something that has just happened to their account."""
    enqueue(work, mailer, build_notice(work.settings.app_name, to, sentence))


def _one_line(text: str) -> str:
    return " ".join(text.split())
