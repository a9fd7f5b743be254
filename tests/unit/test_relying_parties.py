"""Which domain passkeys belong to, with each kind of address."""

import pytest

from backend.kernel.settings import SettingsError, load_settings

IN_A_SPACE = {"SPACE_ID": "ada/app", "SPACE_HOST": "ada-app.hf.space"}
SPACE = "https://ada-app.hf.space"
AUTH = {"ENVIRONMENT": "production", "PUBLIC_URL": "https://auth.example.com"}


@pytest.fixture
def find(monkeypatch, tmp_path):
    """Work out the relying parties that settings lead to."""
    monkeypatch.chdir(tmp_path)

    def find(environment):
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        return load_settings().relying_parties

    return find


def summary(found):
    return {each.rp_id: list(each.origins) for each in found.parties}


DOMAINS = {
    "a developer's machine": (
        {},
        {"localhost": ["http://localhost:3000", "http://localhost:7860"]},
    ),
    "a Space by itself": (IN_A_SPACE, {"ada-app.hf.space": [SPACE]}),
    "a Space behind Vercel": (
        {**IN_A_SPACE, "FRONTEND_URL": "https://app.vercel.app"},
        {"app.vercel.app": ["https://app.vercel.app"], "ada-app.hf.space": [SPACE]},
    ),
    "a domain of one's own": (AUTH, {"auth.example.com": ["https://auth.example.com"]}),
    "a frontend beside it": (
        {**AUTH, "FRONTEND_URL": "https://app.example.com"},
        {
            "app.example.com": ["https://app.example.com"],
            "auth.example.com": ["https://auth.example.com"],
        },
    ),
    "a frontend above it": (
        {**AUTH, "FRONTEND_URL": "https://example.com"},
        {"example.com": ["https://example.com", "https://auth.example.com"]},
    ),
    "frontends of one domain": (
        {**AUTH, "FRONTEND_URL": "https://a.app.example.com,https://b.app.example.com:8443"},
        {
            "app.example.com": ["https://a.app.example.com", "https://b.app.example.com:8443"],
            "auth.example.com": ["https://auth.example.com"],
        },
    ),
    "frontends that share a public suffix": (
        {**AUTH, "FRONTEND_URL": "https://one.vercel.app,https://two.vercel.app"},
        {
            "one.vercel.app": ["https://one.vercel.app"],
            "auth.example.com": ["https://auth.example.com"],
        },
    ),
    "a pattern": (
        {**AUTH, "FRONTEND_URL": "https://*.example.com"},
        {"example.com": ["https://*.example.com", "https://auth.example.com"]},
    ),
    "a pattern of previews": (
        {**AUTH, "FRONTEND_URL": "https://app.vercel.app,https://app-*.vercel.app"},
        {
            "app.vercel.app": ["https://app.vercel.app"],
            "auth.example.com": ["https://auth.example.com"],
        },
    ),
    "a phone's app beside a page": (
        {**AUTH, "FRONTEND_URL": "myapp://,https://app.example.com"},
        {
            "app.example.com": ["https://app.example.com"],
            "auth.example.com": ["https://auth.example.com"],
        },
    ),
    "a host without a dot": (
        {"ENVIRONMENT": "production", "PUBLIC_URL": "https://intranet"},
        {"intranet": ["https://intranet"]},
    ),
    "a parent that is named": (
        {**AUTH, "FRONTEND_URL": "https://app.example.com", "PASSKEY_RP_ID": "Example.COM"},
        {"example.com": ["https://app.example.com", "https://auth.example.com"]},
    ),
    "pages that are named": (
        {
            **AUTH,
            "FRONTEND_URL": "https://www.example.org",
            "PASSKEY_ORIGINS": "https://App.example.com/, android:apk-key-hash:AbC-1",
        },
        {
            "app.example.com": ["https://app.example.com", "android:apk-key-hash:AbC-1"],
            "auth.example.com": ["https://auth.example.com"],
        },
    ),
    "an address, and a page on localhost": (
        {"PUBLIC_URL": "http://127.0.0.1:7860", "FRONTEND_URL": "http://localhost:3000"},
        {"localhost": ["http://localhost:3000"]},
    ),
    "nothing, where they are off": ({**AUTH, "PASSKEYS": "off"}, {}),
}


@pytest.mark.parametrize("where", DOMAINS)
def test_the_domain(find, where):
    environment, expected = DOMAINS[where]
    assert summary(find(environment)) == expected


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:7860",
        "https://127.0.0.1",
        "http://192.168.1.5:7860",
        "https://203.0.113.7",
        "https://[2001:db8::1]:8443",
        "http://auth.example.com",
    ],
)
def test_an_address_and_an_open_line_cannot_have_passkeys(find, url):
    found = find({"PUBLIC_URL": url})
    assert found.parties == ()
    (reason,) = found.left_out
    assert reason.startswith(f"{url}: browsers offer passkeys on https and a domain only")


@pytest.mark.parametrize(
    ("frontends", "left_out"),
    [
        (
            "https://one.vercel.app,https://two.vercel.app",
            "https://two.vercel.app: it is not part of one.vercel.app",
        ),
        (
            "https://one.vercel.app,https://one-*.vercel.app",
            "https://one-*.vercel.app: its hosts have no domain in common that strangers do not "
            "share",
        ),
        (
            "https://one.vercel.app,http://10.0.0.1:3000",
            "http://10.0.0.1:3000: browsers offer passkeys on https and a domain only, or on "
            "localhost",
        ),
    ],
)
def test_a_page_without_passkeys_is_named(find, frontends, left_out):
    assert find({**AUTH, "FRONTEND_URL": frontends}).left_out == (left_out,)


MISTAKES = {
    "not a domain": ({"PASSKEY_RP_ID": "https://example.com"}, "must be a domain such as"),
    "an address": ({"PASSKEY_RP_ID": "10.0.0.1"}, "must be a domain such as example.com"),
    "of somebody else": (
        {"PASSKEY_RP_ID": "example.org"},
        "PASSKEY_RP_ID must be the host of your pages or a parent of it; example.org is none of "
        "https://auth.example.com",
    ),
    "a part of a label": ({"PASSKEY_RP_ID": "ample.com"}, "ample.com is none of"),
    "below the host": ({"PASSKEY_RP_ID": "a.auth.example.com"}, "is none of https://auth.example"),
    "a public suffix": ({"PASSKEY_RP_ID": "com"}, "PASSKEY_RP_ID: com is shared by strangers"),
    "where strangers are": (
        {"PUBLIC_URL": SPACE, "PASSKEY_RP_ID": "hf.space"},
        "PASSKEY_RP_ID: hf.space is shared by strangers",
    ),
    "a page without encryption": (
        {"PASSKEY_ORIGINS": "http://app.example.com"},
        "PASSKEY_ORIGINS cannot have http://app.example.com: browsers offer",
    ),
    "a page at an address": (
        {"PASSKEY_ORIGINS": "https://app.example.com, https://10.0.0.1"},
        "PASSKEY_ORIGINS cannot have https://10.0.0.1: browsers offer passkeys on https and a",
    ),
    "a page without a scheme": (
        {"PASSKEY_ORIGINS": "app.example.com"},
        "'app.example.com' has no scheme; write https://app.example.com",
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_one_line_that_says_what_to_do(find, mistake):
    environment, message = MISTAKES[mistake]
    with pytest.raises(SettingsError) as refused:
        find({**AUTH, **environment})
    assert message in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_pattern_covers_what_it_says_and_no_more(find):
    (party,) = find({**AUTH, "FRONTEND_URL": "https://*.example.com"}).parties
    assert party.covers("https://app.example.com")
    assert party.covers("https://a.b.example.com")
    for origin in (
        "https://example.com.evil.test",
        "https://evilexample.com",
        "http://app.example.com",
        "https://evil.test/.example.com",
        "https://app.example.com:8443",
        "",
    ):
        assert not party.covers(origin), origin
