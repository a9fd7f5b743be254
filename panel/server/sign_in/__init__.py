"""The sign-in page and the panel's other pages without Gradio."""
