"""Parts of the settings: what was pasted, the file `.env`, and web addresses."""
