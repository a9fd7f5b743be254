"""The page of one's own account: setting up and removing second factors, without Gradio."""
