"""What guessing and lying get a stranger: rate limits, enumeration, forged addresses."""
