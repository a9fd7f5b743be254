"""Which ways to sign in this server offers."""
