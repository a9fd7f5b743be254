"""Loads Gradio in the background, mounts the pages in it, and narrows what it sees."""
