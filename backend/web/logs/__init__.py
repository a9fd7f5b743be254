"""Log lines: how they look, the latest of them, and what a crash leaves."""
