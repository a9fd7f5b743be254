"""Overview: health, figures and the latest events."""
