"""How the panel looks: system fonts, one accent, the same in light and dark."""

from pathlib import Path

import gradio as gr

CSS = (Path(__file__).parents[1] / "static" / "panel.css").read_text("utf-8")

_STOP, _STOP_HOVER = "#b42318", "#912018"
_BORDER, _BORDER_DARK = "#80879b", "#68728c"
# WCAG 1.4.3 and 1.4.11: 4.5:1 for texts and placeholders, 3:1 for the edges of controls.
_READABLE = {
    "button_cancel_background_fill": _STOP,
    "button_cancel_background_fill_dark": _STOP,
    "button_cancel_background_fill_hover": _STOP_HOVER,
    "button_cancel_background_fill_hover_dark": _STOP_HOVER,
    "button_cancel_border_color": _STOP,
    "button_cancel_border_color_dark": "#d92d20",
    "input_placeholder_color": "#5a6072",
    "input_placeholder_color_dark": "#9aa2b8",
    "input_border_color": _BORDER,
    "input_border_color_dark": _BORDER_DARK,
    "checkbox_border_color": _BORDER,
    "checkbox_border_color_dark": _BORDER_DARK,
    "checkbox_label_border_color": _BORDER,
    "checkbox_label_border_color_dark": _BORDER_DARK,
    "button_border_width": "1px",
    "button_secondary_border_color": _BORDER,
    "button_secondary_border_color_dark": _BORDER_DARK,
}


def theme() -> gr.themes.Base:
    """Return Gradio's theme with our fonts and colours; nothing of it is fetched from elsewhere."""
    return gr.themes.Default(
        primary_hue="indigo",
        neutral_hue="slate",
        radius_size="lg",
        spacing_size="md",
        font=["system-ui", "sans-serif"],
        font_mono=["ui-monospace", "SFMono-Regular", "Menlo", "monospace"],
    ).set(
        body_background_fill="#f4f5f9",
        body_background_fill_dark="#0c0f18",
        block_background_fill_dark="#151a27",
        block_border_color_dark="#2c3346",
        border_color_primary_dark="#2c3346",
        input_background_fill="#f8f9fc",
        input_background_fill_dark="#0f1420",
        button_primary_background_fill="*primary_600",
        button_primary_background_fill_dark="*primary_600",
        button_primary_background_fill_hover="*primary_700",
        button_primary_background_fill_hover_dark="*primary_500",
        button_primary_text_color="white",
        button_secondary_background_fill="white",
        button_secondary_background_fill_dark="#1d2434",
        button_secondary_background_fill_hover="*neutral_100",
        button_secondary_background_fill_hover_dark="#283045",
        **_READABLE,
        block_label_text_color="*neutral_600",
    )
