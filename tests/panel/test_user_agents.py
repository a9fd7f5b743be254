"""How a browser is described, from the headers that browsers and programs really send."""

import pytest

from panel.ui.user_agents import describe_device

WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)"
WINDOWS = f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {WEBKIT}"
MAC = f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) {WEBKIT}"
APPLE = "AppleWebKit/605.1.15 (KHTML, like Gecko)"
IPHONE = f"Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) {APPLE}"
IPAD = f"Mozilla/5.0 (iPad; CPU OS 17_6 like Mac OS X) {APPLE}"
ANDROID = f"Mozilla/5.0 (Linux; Android 10; K) {WEBKIT}"


@pytest.mark.parametrize(
    ("user_agent", "expected"),
    [
        (f"{WINDOWS} Chrome/131.0.0.0 Safari/537.36", "Chrome on Windows"),
        (f"{MAC} Chrome/131.0.0.0 Safari/537.36", "Chrome on macOS"),
        (f"{ANDROID} Chrome/131.0.0.0 Mobile Safari/537.36", "Chrome on Android"),
        (f"{IPHONE} CriOS/131.0.6778.73 Mobile/15E148 Safari/604.1", "Chrome on iPhone"),
        (
            f"Mozilla/5.0 (X11; Linux x86_64) {WEBKIT} Chrome/131.0.0.0 Safari/537.36",
            "Chrome on Linux",
        ),
        (
            f"Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) {WEBKIT} Chrome/131.0.0.0 Safari/537.36",
            "Chrome on ChromeOS",
        ),
        (f"{WINDOWS} Chrome/131.0.0.0 Safari/537.36 Edg/131.0.0.0", "Edge on Windows"),
        (f"{ANDROID} Chrome/131.0.0.0 Mobile Safari/537.36 EdgA/131.0.0.0", "Edge on Android"),
        (f"{IPHONE} Version/17.0 EdgiOS/131.0 Mobile/15E148 Safari/605.1.15", "Edge on iPhone"),
        (f"{MAC} Chrome/130.0.0.0 Safari/537.36 OPR/115.0.0.0", "Opera on macOS"),
        (f"{WINDOWS} Chrome/130.0.0.0 Safari/537.36 Vivaldi/7.0", "Vivaldi on Windows"),
        (
            f"{ANDROID} SamsungBrowser/26.0 Chrome/122.0.0.0 Mobile Safari/537.36",
            "Samsung Internet on Android",
        ),
        (f"{WINDOWS} Chrome/130.0.0.0 YaBrowser/24.12 Safari/537.36", "Yandex Browser on Windows"),
        (
            f"{ANDROID} Version/4.0 Chrome/130.0 Mobile DuckDuckGo/5 Safari/537.36",
            "DuckDuckGo on Android",
        ),
        (f"{IPHONE} Version/18.1 Mobile/15E148 Safari/604.1", "Safari on iPhone"),
        (f"{IPAD} Version/17.6 Mobile/15E148 Safari/604.1", "Safari on iPad"),
        (
            f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) {APPLE} Version/18.1 Safari/605.1.15",
            "Safari on macOS",
        ),
        (f"{IPHONE} FxiOS/133.0 Mobile/15E148 Safari/605.1.15", "Firefox on iPhone"),
        (
            "Mozilla/5.0 (Windows NT 10.0; rv:133.0) Gecko/20100101 Firefox/133.0",
            "Firefox on Windows",
        ),
        (
            "Mozilla/5.0 (Android 14; Mobile; rv:133.0) Gecko/133.0 Firefox/133.0",
            "Firefox on Android",
        ),
        (
            "Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0",
            "Firefox on Linux",
        ),
        (
            "Mozilla/5.0 (Windows NT 6.1; Trident/7.0; rv:11.0) like Gecko",
            "Internet Explorer on Windows",
        ),
        (f"{IPHONE} Mobile/15E148", "an app on iPhone"),
        (
            f"Mozilla/5.0 (Linux; Android 14; wv) {WEBKIT} Version/4.0 Chrome/131.0 Mobile",
            "an app on Android",
        ),
        (
            f"Mozilla/5.0 (X11; Linux x86_64) {WEBKIT} HeadlessChrome/131.0.0.0 Safari/537.36",
            "Headless Chrome on Linux",
        ),
        ("curl/8.11.0", "curl"),
        ("python-httpx/0.28.1", "python-httpx"),
        ("python-requests/2.32.3", "python-requests"),
        ("PostmanRuntime/7.43.0", "PostmanRuntime"),
        ("okhttp/4.12.0", "okhttp"),
        ("Dart/3.5 (dart:io)", "Dart"),
        ("node", "node"),
        ("Gatehouse-Tester", "Gatehouse-Tester"),
        (
            "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
            "Googlebot (bot)",
        ),
        ("Mozilla/5.0 (compatible; bingbot/2.0)", "bingbot (bot)"),
        ("Mozilla/5.0 (Windows NT 10.0)", "unknown browser on Windows"),
        ("Mozilla/5.0 (PlayStation 5) Firefox/99.0", "Firefox on unknown system"),
        ("Browser/1.0", "unknown browser"),
        ("<img src=x onerror=alert(1)>", "unknown browser"),
        ("", "Unknown client"),
        ("   ", "Unknown client"),
    ],
)
def test_a_user_agent_is_said_in_words(user_agent, expected):
    assert describe_device(user_agent) == expected


def test_an_endless_header_is_read_in_no_time():
    assert describe_device("Mozilla/5.0 " + "(iPhone AppleWebKit/ " * 50_000) == "an app on iPhone"
