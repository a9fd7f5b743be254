"""Captchas: which endpoints need a token, and asking its provider whether it is genuine."""
