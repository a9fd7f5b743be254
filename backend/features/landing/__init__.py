"""Where a browser lands that follows a link to this server."""
