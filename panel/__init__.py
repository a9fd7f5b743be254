"""The admin and testing panel: a client of the API, beside it in one process."""

import sys

from panel.server.gradio.import_hook import StubSkippingFinder
from panel.server.mount import mount_panel

__all__ = ["mount_panel"]

sys.meta_path.insert(0, StubSkippingFinder())  # before any of our modules imports Gradio
