"""The findings, for people (`table`), for programs (`as_json`) and for CI (`junit`)."""
