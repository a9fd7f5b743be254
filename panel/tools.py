"""What every page is built with."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import gradio as gr

from panel.given import Randomness
from panel.guard import OWNER
from panel.tester import Tester
from panel.visitor import Owner

PRIVATE: Mapping[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
"""How every event is declared. It hides events from Gradio's clients; the guard is the lock."""


@dataclass(frozen=True)
class Tools:
    """The services of the pages."""

    tester: Tester
    randomness: Randomness


def owner_of(request: gr.Request) -> Owner:
    """Return who sent an event: the guard has put it into the scope of that very request."""
    owner: Owner = request.request.scope[OWNER]
    return owner
