"""The page a browser shows at this server's own URL."""
