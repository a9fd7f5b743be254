"""Settings to copy, in the form in which this deployment takes them."""

from collections.abc import Sequence
from dataclasses import dataclass

from panel.pages.set_up import words
from panel.ports import PanelSettings
from panel.ui.markup import Markup, code_block, format_rows, soft

_SPACE_SETTINGS = "https://huggingface.co/spaces/{}/settings"


@dataclass(frozen=True)
class Setting:
    """A setting to copy. On a public Space everyone can read those that are not `secret`."""

    name: str
    value: str
    secret: bool = False


def render_where(settings: PanelSettings) -> Markup:
    """Say where settings are entered."""
    if not settings.space_id:
        return soft(words.ELSEWHERE)
    address = _SPACE_SETTINGS.format(settings.space_id)
    return Markup("<p>{} <a href='{}' target='_blank' rel='noreferrer'>{}</a></p>").format(
        words.ON_A_SPACE, address, words.OPEN_SETTINGS
    )


def render_lines(lines: Sequence[Setting], settings: PanelSettings) -> Markup:
    """Return settings to copy: on a Space one by one, elsewhere as lines for .env."""
    if not settings.space_id:
        return code_block("\n".join(f"{each.name}={_quoted(each.value)}" for each in lines))
    kinds = {True: words.SECRET_KIND, False: words.VARIABLE_KIND}
    return format_rows(
        Markup("<p>{} <code>{}</code></p>{}"),
        ((kinds[each.secret], each.name, code_block(each.value)) for each in lines),
    )


def _quoted(value: str) -> str:
    return f'"{value}"' if " " in value else value
