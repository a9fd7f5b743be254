"""The deployment as the users of an app reach it: through the app's own server."""
