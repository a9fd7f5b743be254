"""What the notebooks share: HTTP clients, measurements, tables, plots and assertions."""
