"""Links in mails: made, recognised, used once."""
