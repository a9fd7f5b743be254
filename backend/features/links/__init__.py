"""Single-use links in mails."""
