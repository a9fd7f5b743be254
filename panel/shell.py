"""The frame in which the panel's pages hang."""

from importlib import import_module

import gradio as gr
from starlette.applications import Starlette
from starlette.middleware import Middleware

from panel import files, shown, theme, words
from panel.given import PanelSettings, Randomness
from panel.gradio_page import GradioPage
from panel.guard import OWNER
from panel.pages import PAGES, Page
from panel.plain_pages import key_warning
from panel.tester import Tester
from panel.tools import PRIVATE, Tools, owner_of

_WAITING_AT_MOST, _AT_ONCE = 64, 8  # events


def mounted(settings: PanelSettings, tester: Tester, randomness: Randomness) -> Starlette:
    """Build all pages and mount them at /admin. Gradio's own ways in stay shut."""
    blocks = _built(settings, Tools(tester, randomness))
    blocks.queue(api_open=False, max_size=_WAITING_AT_MOST, default_concurrency_limit=_AT_ONCE)
    around = Middleware(GradioPage, settings=settings, randomness=randomness)
    holder = Starlette(middleware=[around])
    gr.mount_gradio_app(
        holder,
        blocks,
        path="/admin",
        auth_dependency=lambda request: request.scope[OWNER].email,
        theme=theme.theme(),
        css=theme.CSS,
        footer_links=[],
        show_error=False,
        run_history=False,
        ssr_mode=False,
        enable_monitoring=False,
        mcp_server=False,
        pwa=False,
        blocked_paths=["/"],
        max_file_size="1kb",
        app_kwargs={"openapi_url": None},
    )
    return holder


def _built(settings: PanelSettings, tools: Tools) -> gr.Blocks:
    with gr.Blocks(title=settings.app_name, analytics_enabled=False, fill_width=True) as blocks:
        _page(blocks, PAGES[0], settings, tools)
    for page in PAGES[1:]:
        with blocks.route(page.title, page.slug):
            _page(blocks, page, settings, tools)
    return blocks


def _page(blocks: gr.Blocks, page: Page, settings: PanelSettings, tools: Tools) -> None:
    gr.Navbar(main_page_name=PAGES[0].title, visible=len(PAGES) > 1)
    with gr.Row(elem_classes="top"):
        name = shown.text(settings.app_name)
        gr.Markdown(f"<p class='brand'><img src='{files.ICON}' alt=''>{name}</p>")
        who = gr.Markdown(elem_classes="who")
        gr.Button(words.LEAVE, elem_id="sign-out", size="sm", min_width=90)
    if warning := key_warning(settings):
        gr.Markdown(f"<p class='warning' role='note'>{warning}</p>")
    blocks.load(greet, None, who, **PRIVATE)
    import_module(page.module).build(blocks, tools)


def greet(request: gr.Request) -> str:
    """Say who is signed in."""
    return f"<p>{shown.text(owner_of(request).email)}</p>"
