"""Several accounts in one browser: listing them, choosing the active one, signing one out."""
