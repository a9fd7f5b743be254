"""Signing in with an account at a provider: Hugging Face, Google, or anybody's OpenID Connect."""
