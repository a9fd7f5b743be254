"""Notebooks that check and explain a deployment, as ordinary clients of its API."""

import sys

# nbformat brings jsonschema, which compiles the grammar of IRIs at its import if this is there: two
# seconds, for a format that no notebook's schema has. `None` is to Python a module that is missing.
sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
