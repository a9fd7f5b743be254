"""The panel's pages: one file each, and one line here. The first is the one /admin/ opens.

A page that people read is in the order of use; its module has `build(blocks, tools)`.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Page:
    """A page. Its module has `build(blocks, tools)`, and is imported only together with Gradio."""

    title: str
    slug: str
    module: str


PAGES: tuple[Page, ...] = (
    Page("Overview", "", "panel.pages.overview"),
    Page("Users", "users", "panel.pages.users"),
    Page("Sessions", "sessions", "panel.pages.sessions"),
    Page("Events", "events", "panel.pages.events"),
    Page("Tester", "tester", "panel.pages.tester"),
    Page("Outbox", "outbox", "panel.pages.outbox"),
    Page("Checks", "checks", "panel.pages.checks"),
    Page("Set-up", "set-up", "panel.pages.set_up"),
)
