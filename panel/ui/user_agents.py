"""Browser and system from a User-Agent header: “Chrome on Windows”.

A hint for people, never a proof: clients send what they like. Browsers name their ancestors too, so
the most specific name is tried first.
"""

import re

from panel.ui import words
from panel.ui.markup import Markup, shorten

_LONGEST = 1000
_BROWSERS = (
    (r"Edg(?:e|A|iOS)?/", "Edge"),
    (r"OPR/|Opera|OPiOS/|OPT/", "Opera"),
    (r"SamsungBrowser/", "Samsung Internet"),
    (r"Vivaldi/", "Vivaldi"),
    (r"YaBrowser/", "Yandex Browser"),
    (r"DuckDuckGo/|Ddg/", "DuckDuckGo"),
    (r"Brave/", "Brave"),
    (r"UCBrowser/", "UC Browser"),
    (r"FxiOS/|Firefox/", "Firefox"),
    (r"HeadlessChrome/", "Headless Chrome"),
    (r"; wv\).*Chrome/", "an app"),
    (r"CriOS/|Chrome/", "Chrome"),
    (r"Chromium/", "Chromium"),
    (r"MSIE |Trident/", "Internet Explorer"),
    (r"Version/[\d.]+.*Safari/", "Safari"),
    (r"(?:iPhone|iPad).*AppleWebKit/(?!.*Safari/)", "an app"),
)
_SYSTEMS = (
    (r"iPhone|iPod", "iPhone"),
    (r"iPad", "iPad"),
    (r"Android", "Android"),
    (r"CrOS", "ChromeOS"),
    (r"Windows", "Windows"),
    (r"Macintosh|Mac OS X|Darwin/", "macOS"),
    (r"Linux|X11", "Linux"),
)
_PROGRAMS = re.compile(
    r"(curl|Wget|HTTPie|PostmanRuntime|insomnia|python-requests|python-httpx|Python-urllib|aiohttp|"
    r"okhttp|Go-http-client|axios|node-fetch|undici|node|Deno|Bun|Java|Apache-HttpClient|Dart|"
    r"Gatehouse-Tester)\b",
    re.IGNORECASE,
)
_ROBOT = re.compile(r"([A-Za-z-]*(?:bot|spider|crawler)[A-Za-z-]*)\b", re.IGNORECASE)


def describe_device(user_agent: str) -> str:
    """Return browser and system in words."""
    text = user_agent.strip()[:_LONGEST]
    if not text:
        return words.NO_USER_AGENT
    if program := _PROGRAMS.match(text):
        return program[1]
    if robot := _ROBOT.search(text):
        return words.ROBOT.format(robot[1])
    browser, system = _first(_BROWSERS, text), _first(_SYSTEMS, text)
    if browser is None and system is None:
        return words.UNKNOWN_BROWSER
    return words.DEVICE.format(browser or words.UNKNOWN_BROWSER, system or words.UNKNOWN_SYSTEM)


def render_device(user_agent: str) -> Markup:
    """Return the same for a list, whose column it keeps wide enough for its words."""
    return Markup("<span class='device'>{}</span>").format(shorten(describe_device(user_agent)))


def _first(patterns: tuple[tuple[str, str], ...], text: str) -> str | None:
    return next((name for pattern, name in patterns if re.search(pattern, text)), None)
