"""The panel's pages: one file each, and one line here. The first is the one /admin/ opens."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Page:
    """A page. Its module has `build(tools)`, and is imported only together with Gradio."""

    title: str
    slug: str
    module: str


PAGES: tuple[Page, ...] = (Page("Tester", "", "panel.pages.tester"),)
