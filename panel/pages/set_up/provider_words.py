"""Texts about providers on Set-up: what to enter where."""

TITLE = "Sign-in with providers"
LEAD = (
    "People can sign in with an account they have elsewhere. Register your app at the provider "
    "with exactly this redirect URI, then set what it gives you."
)
CONFIGURED, NOT_CONFIGURED = "configured", "not configured"
BY_HUB = (
    "The Hub has registered this Space, because the front matter of its README says hf_oauth: "
    "true. There is nothing to do."
)
OWN = "Register your app at this provider, as a web application with a client secret."
REDIRECT_URI = "Redirect URI"
SCOPES, ISSUER = "Scopes", "Issuer"
CONSOLES = {
    "huggingface": (
        "https://huggingface.co/settings/applications/new",
        "On a Space, hf_oauth: true in the front matter of its README does all of this. Elsewhere, "
        "make an app with the scopes openid, profile and email.",
    ),
    "google": (
        "https://console.cloud.google.com/auth/clients",
        "Create a client of the type Web application, and enter the URI under Authorized redirect "
        "URIs. Under Audience, publish the app.",
    ),
    "github": (
        "https://github.com/settings/applications/new",
        "Register an OAuth app with the URI as Authorization callback URL, then generate a client "
        "secret.",
    ),
    "microsoft": (
        "https://entra.microsoft.com",
        "Under App registrations, register an app with the URI for the platform Web. The secret is "
        "the Value under Certificates & secrets, not its ID.",
    ),
    "gitlab": (
        "https://gitlab.com/-/user_settings/applications",
        "Add a confidential application with the scopes openid, profile and email.",
    ),
    "discord": (
        "https://discord.com/developers/applications",
        "Make an application, enter the URI under OAuth2, Redirects, and reset the secret to see "
        "it.",
    ),
    "apple": (
        "https://developer.apple.com/account/resources/identifiers/list/serviceId",
        "Make a Services ID with Sign in with Apple, enter domain and URI, and download a key for "
        "it. Apple takes neither localhost nor an IP address.",
    ),
}
"""By preset: where an app is registered, and how."""
OPEN_CONSOLE = "Open it there"
VALUES = {
    "CLIENT_ID": "the client ID",
    "CLIENT_SECRET": "the client secret",
    "TEAM_ID": "your Team ID",
    "KEY_ID": "the Key ID",
    "PRIVATE_KEY": "the content of the .p8 file",
}
"""By the end of a setting's name: what stands for its value."""

# ---- checking one
WHICH, CHECK = "Provider", "Check this provider"
CHECK_LEAD = (
    "This asks the provider what can be seen without a person. Whether people get through, only "
    "signing in shows."
)
COLUMNS = ("What", "Result", "What it says")
CAPTION = "What the check has found"
NOTHING = "There is no such provider."
CHECKS = {
    "endpoints": "Who it is",
    "keys": "Keys",
    "client": "Client ID and secret",
    "redirectUri": "Redirect URI",
    "clock": "Clock",
}
OUTCOMES = {
    "passed": ("right", "good"),
    "failed": ("wrong", "bad"),
    "unknown": ("cannot be seen", "warn"),
}
"""What a result is called, and how it looks."""
