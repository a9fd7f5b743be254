"""The admin and testing panel: a client of the API, beside it in one process."""

from panel.server.mount import beside

__all__ = ["beside"]
