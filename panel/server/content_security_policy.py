"""The Content-Security-Policy of the panel's pages (ASVS 3.4.3)."""

import base64
import hashlib

from panel.ports import PanelSettings

CLOSED = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
_HUB = "https://huggingface.co"


def frame_ancestors(settings: PanelSettings) -> str:
    """Return who may frame the panel: the Hub on a Space, otherwise no one."""
    return f"frame-ancestors {_HUB}" if settings.space_id else "frame-ancestors 'none'"


def plain_page(settings: PanelSettings, style: str, *, has_script: bool = False) -> str:
    """Return the policy of a page with one inline style; `has_script` allows our own files."""
    script = "script-src 'self'; connect-src 'self'; " if has_script else ""
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return (
        f"default-src 'none'; {script}style-src 'sha256-{digest}'; img-src 'self'; "
        "form-action 'self'; "
        f"base-uri 'none'; {frame_ancestors(settings)}"
    )


def gradio_page(settings: PanelSettings, nonce: str) -> str:
    """Return the policy of a Gradio page: scripts only with the nonce, no eval.

    Gradio sets hundreds of style attributes, hence unsafe-inline for styles alone, uses data:
    images for its ticks, and has a <base>.
    """
    return (
        f"default-src 'none'; script-src 'self' 'nonce-{nonce}'; style-src 'self' 'unsafe-inline'; "
        "img-src 'self' data:; font-src 'self'; connect-src 'self'; base-uri 'self'; "
        f"form-action 'self'; {frame_ancestors(settings)}"
    )
