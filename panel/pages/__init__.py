"""The panel's pages: one folder each, and one line here. The first is the one /admin/ opens.

They stand in the order of use. A page's module has `build(blocks, services)`.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Page:
    """A page. Its module has `build(blocks, services)` and is imported only with Gradio."""

    title: str
    slug: str
    module: str


PAGES: tuple[Page, ...] = (
    Page("Overview", "", "panel.pages.overview.page"),
    Page("Users", "users", "panel.pages.users.page"),
    Page("Sessions", "sessions", "panel.pages.sessions.page"),
    Page("Events", "events", "panel.pages.events.page"),
    Page("Tester", "tester", "panel.pages.tester.page"),
    Page("Outbox", "outbox", "panel.pages.outbox.page"),
    Page("Checks", "checks", "panel.pages.checks.page"),
    Page("Set-up", "set-up", "panel.pages.set_up.page"),
)
