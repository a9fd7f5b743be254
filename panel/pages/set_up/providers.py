"""The providers on Set-up: what to enter where, and a check of each."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import gradio as gr

from panel.pages.set_up import provider_words as words
from panel.pages.set_up.setting_lines import Setting, render_lines, render_where
from panel.ports import PanelSettings
from panel.services import PageContext, Services
from panel.ui.markup import Markup, badge, breakable, code_block, pairs, soft, verbatim
from panel.ui.table import render_table
from panel.ui.wiring import on

ProviderJson = Mapping[str, Any]
_URL = re.compile(r"(https?://\S*[^\s.,:;])")
_SECRETS = ("CLIENT_SECRET", "PRIVATE_KEY")
_CARD = Markup("<details class='card setup-step'><summary><b>{}</b> {}</summary>{}</details>")


def build(services: Services) -> None:
    """Lay out what checks a provider; hidden where there is none."""
    choices = [(each.name, each.id) for each in services.settings.providers]
    with gr.Column(elem_classes=["card", "actions"], visible=bool(choices)):
        gr.Markdown(soft(words.CHECK_LEAD))
        which = gr.Dropdown(
            choices,
            value=choices[0][1] if choices else None,
            label=words.WHICH,
            filterable=False,
        )
        button = gr.Button(words.CHECK, size="md")
    findings = gr.Markdown(elem_id="findings-of-provider", latex_delimiters=[])
    on(services, button.click, check, which, findings, show_progress="full")


async def load(context: PageContext) -> Sequence[ProviderJson]:
    """Load the providers and the presets."""
    listed = await context.get("/api/admin/providers")
    providers: Sequence[ProviderJson] = listed["providers"]
    return providers


async def check(context: PageContext, provider_id: str | None) -> Markup:
    """Have a provider checked, and show what was found."""
    body = {"provider": provider_id or ""}
    checked = await context.post("/api/admin/check-provider", body)
    rows = [
        [words.CHECKS[each["check"]], badge(*words.OUTCOMES[each["outcome"]]), _message(each)]
        for each in checked["findings"]
    ]
    return render_table(
        words.COLUMNS,
        rows,
        caption=words.CAPTION,
        empty_text=words.NOTHING,
        wide=words.COLUMNS[-1],
    )


def _message(finding: Mapping[str, str]) -> Markup:
    """Let addresses break between their parts."""
    pieces = _URL.split(finding["message"])  # text, address, text ...
    parts = (breakable(piece) if at % 2 else verbatim(piece) for at, piece in enumerate(pieces))
    return Markup("<span>{}</span>").format(Markup().join(parts))


def render_providers(providers: Sequence[ProviderJson], settings: PanelSettings) -> Markup:
    """Return a card for each provider, folded."""
    ids = [each["id"] for each in providers if each["configured"] and not each["byHub"]]
    cards = Markup().join(_render_card(each, ids, settings) for each in providers)
    return Markup("<h2>{}</h2>{}<div class='setup-steps'>{}</div>").format(
        words.TITLE, soft(words.LEAD), cards
    )


def _render_card(
    provider: ProviderJson, configured_ids: Sequence[str], settings: PanelSettings
) -> Markup:
    state = badge(words.NOT_CONFIGURED)
    if provider["configured"]:
        state = badge(words.CONFIGURED, "good")
    content = _render_registration(provider)
    if not provider["byHub"]:
        content += Markup("<p>{}</p>{}").format(
            words.REDIRECT_URI, code_block(provider["redirectUri"])
        )
        lines = _list_lines(provider, configured_ids)
        content += render_where(settings) + render_lines(lines, settings)
    return _CARD.format(provider["name"], state, content)


def _render_registration(provider: ProviderJson) -> Markup:
    facts = [(words.SCOPES, " ".join(provider["scopes"]))]
    if provider["issuer"]:
        facts.append((words.ISSUER, provider["issuer"]))
    if provider["byHub"]:
        facts.append((words.REDIRECT_URI, provider["redirectUri"]))
        return Markup("<p>{}</p>{}").format(words.BY_HUB, pairs(facts))
    url, how = words.CONSOLES.get(provider["id"], ("", words.OWN))
    console = Markup("<a href='{}' target='_blank' rel='noreferrer'>{}</a>")
    opened = console.format(url, words.OPEN_CONSOLE) if url else Markup()
    return Markup("<p>{} {}</p>{}").format(how, opened, pairs(facts))


def _list_lines(provider: ProviderJson, configured_ids: Sequence[str]) -> list[Setting]:
    """Return the settings of a provider, with a word in place of each value."""
    ids = dict.fromkeys([*configured_ids, provider["id"]])
    lines = [Setting("OIDC_PROVIDERS", ",".join(ids))]
    for name in provider["settings"]:
        suffix = next(each for each in words.VALUES if name.endswith(each))
        lines.append(Setting(name, words.VALUES[suffix], secret=suffix in _SECRETS))
    return lines
