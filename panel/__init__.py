"""The admin and testing panel: a client of the API, beside it in one process."""

from panel.server.mount import mount_panel

__all__ = ["mount_panel"]
