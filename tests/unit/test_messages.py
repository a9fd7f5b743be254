"""Mail messages, as text and HTML, and safe whatever they contain."""

from html.parser import HTMLParser

import pytest

from backend.features.mail import templates

URL = "https://auth.example.com/api/auth/verify-email?token=a&callbackURL=%2F"
HOSTILE = '"><img src=x onerror=alert(1)>@example.com'
TO_ADA = ("Tor", "ada@example.com", URL, "a")

ALL = {
    "verify": templates.VERIFY_EMAIL.render(*TO_ADA),
    "reset": templates.RESET_PASSWORD.render(*TO_ADA),
    "change-email": templates.confirm_change("new@example.com").render(*TO_ADA),
    "new address": templates.VERIFY_NEW_ADDRESS.render(*TO_ADA),
    "delete": templates.DELETE_ACCOUNT.render(*TO_ADA),
    "notice": templates.build_notice("Tor", "ada@example.com", "Your password was changed."),
}


class Tags(HTMLParser):
    """Every tag of a page with its attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))


@pytest.mark.parametrize("message", ALL.values(), ids=ALL)
def test_a_letter_says_the_same_with_and_without_html(message):
    assert "Tor" in message.subject
    links = [attributes["href"] for tag, attributes in Tags(message.html).tags if tag == "a"]
    assert set(links) == ({message.url} if message.url else set())
    assert (message.url or "") in message.text
    for paragraph in message.text.splitlines():
        if paragraph and paragraph != message.url and not paragraph.endswith(":"):
            assert paragraph.replace("&", "&amp;") in message.html


@pytest.mark.parametrize("message", ALL.values(), ids=ALL)
def test_a_letter_loads_nothing_from_anywhere(message):
    tags = Tags(message.html).tags
    assert {tag for tag, _ in tags}.isdisjoint({"img", "script", "link", "iframe", "object"})
    assert all("src" not in attributes for _, attributes in tags)
    assert "url(" not in message.html
    assert "@import" not in message.html


@pytest.mark.parametrize("message", ALL.values(), ids=ALL)
def test_a_letter_knows_the_dark(message):
    assert '<meta name="color-scheme" content="light dark">' in message.html
    assert "prefers-color-scheme: dark" in message.html


def test_hostile_words_stay_words():
    template = templates.confirm_change(f"{{app}}{HOSTILE}")
    message = template.render(f"Tor{HOSTILE}%(heading)s", "a@example.com", URL, "a")

    assert "img" not in {tag for tag, _ in Tags(message.html).tags}
    assert "&lt;img src=x" in message.html
    assert "%(heading)s" in message.html
    assert "{app}" in message.html


def test_a_name_of_two_lines_makes_a_subject_of_one():
    message = templates.build_notice(
        "Tor\r\nBcc: eve@example.com", "ada@example.com", "It happened."
    )

    assert message.subject == "Your Tor Bcc: eve@example.com account"
