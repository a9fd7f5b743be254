"""The findings, for people (`table`), for programs (`render_json`) and for CI (`render_junit`)."""
