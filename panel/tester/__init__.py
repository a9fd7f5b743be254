"""The Tester: the API, used as browsers would. Nothing in here knows of Gradio."""
