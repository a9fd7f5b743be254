"""User names: signing in with one, and whether one is free."""
