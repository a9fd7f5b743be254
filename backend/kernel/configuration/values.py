"""What operators paste into a setting, and what they mean by it."""

import json
import re
from ipaddress import ip_network
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_settings import NoDecode

from backend.kernel.secrets.secret import Password, Secret

_BLANKS = "[\\s\u200b\u2060\ufeff]+"  # the last three have no width, and come along with a copy
_ENDS = re.compile(f"^{_BLANKS}|{_BLANKS}$")
_LIST_SEPARATORS = re.compile(f"(?:[,;]|{_BLANKS})+")
_CONTROL_CHARACTERS = re.compile(r"[\x00-\x1f\x7f]")
_REDIS_PATH = re.compile(r"(/\d{0,9})?")
_RATE = re.compile(r"[1-9]\d{0,8}\s*(?:/|per)\s*(?:[1-9]\d{0,4}\s*)?(?:second|minute|hour|day)s?")
_QUOTES = {'"': '"', "'": "'", "`": "`", "\u201c": "\u201d", "\u2018": "\u2019"}

_MESSAGES = {
    "bool_parsing": "must be on or off",
    "dict_type": 'must be JSON such as {{"reset": "Your new password"}}',
    "float_parsing": "must be a number",
    "greater_than": "must be greater than {gt:g}",
    "greater_than_equal": "must be at least {ge:.15g}",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "less_than_equal": "must be at most {le:.15g}",
    "literal_error": "must be {expected}",
    "string_pattern_mismatch": "must be one line",
    "string_too_long": "must have at most {max_length} characters",
}
"""By pydantic's type of the mistake."""


def clean(text: str, name: str) -> str:
    """Return a value without what comes along when it is copied.

    That is whitespace around it, `NAME=` before it, and a pair of quotes, which a shell removes
    but `docker --env-file` and the forms of most hosts do not.
    """
    return _unquote(_strip(_strip(text).removeprefix(f"{name}=")))


def check_characters(text: str) -> str:
    """Return a value of one line; raises ValueError if it has more or is not text."""
    if _CONTROL_CHARACTERS.search(text):
        raise ValueError("has a line break or another control character inside; copy it again")
    return text


def split_list(value: Any) -> Any:
    """Split addresses at commas, semicolons and whitespace."""
    if not isinstance(value, str):
        return value
    return tuple(filter(None, map(_unquote, _LIST_SEPARATORS.split(value))))


def split_keys(value: Any) -> Any:
    """Split keys at commas. A key that has a comma itself counts too."""
    if not isinstance(value, str):
        return value
    keys = tuple(filter(None, (_unquote(_strip(part)) for part in value.split(","))))
    return keys if len(keys) < 2 else (*keys, value)


def parse_json(value: Any) -> Any:
    """Parse JSON; raises ValueError with an example."""
    if isinstance(value, str):
        try:
            return json.loads(value)
        except ValueError:
            raise ValueError('must be JSON such as {"reset": "Your new password"}') from None
    return value


def parse_redis_url(value: Any) -> Any:
    """Return a Redis URL, its scheme in lower case, as a secret; raises ValueError."""
    if not isinstance(value, str):
        return value
    scheme, _, rest = value.partition("://")
    try:  # the library would quote the start of a password that it takes for the port
        parts = urlsplit(f"{scheme.lower()}://{rest}")
        usable = parts.scheme in {"redis", "rediss"} and parts.port != 0
    except ValueError:
        usable = False
    if not usable or not _REDIS_PATH.fullmatch(parts.path) or "@" in parts.query + parts.fragment:
        raise ValueError(
            "must be a Redis URL such as redis://localhost:6379/0, special characters of the "
            "password percent-encoded (%40 for @, %2F for /, %23 for #)"
        )
    return Secret(f"{parts.scheme}://{rest}")


def check_networks(networks: tuple[str, ...]) -> tuple[str, ...]:
    """Return addresses and networks as they are; raises ValueError if one is neither."""
    for each in networks:
        try:
            ip_network(each, strict=False)
        except ValueError:
            message = f"{each!r} is not an address or network such as 10.0.0.0/8"
            raise ValueError(message) from None
    return networks


def check_rate(value: str) -> str:
    """Return a rate as it is; raises ValueError for what the limiter would take for no limit."""
    if not _RATE.fullmatch(value):
        raise ValueError("must be a rate such as 10/minute")
    return value


def describe_error(problem: Any) -> str:
    """Return one line for one of pydantic's errors: the setting, and what it must be."""
    name = str(problem["loc"][0]).upper() if problem["loc"] else "Settings"
    message = str(problem["msg"]).removeprefix("Value error, ")
    if problem["type"] in _MESSAGES:
        message = _MESSAGES[problem["type"]].format(**problem.get("ctx", {}))
    return f"{name}: {message[0].lower()}{message[1:]}" if problem["loc"] else message


def _strip(text: str) -> str:
    return _ENDS.sub("", text)


def _unquote(text: str) -> str:
    if len(text) < 2 or _QUOTES.get(text[0]) != text[-1]:
        return text
    inner = text[1:-1]
    return text if text[0] in inner or text[-1] in inner else _strip(inner)


def _wrap_in(kind: type[Secret]) -> BeforeValidator:
    return BeforeValidator(lambda value: kind(value) if isinstance(value, str) else value)


CommaList = Annotated[tuple[str, ...], NoDecode, BeforeValidator(split_list)]
Networks = Annotated[CommaList, AfterValidator(check_networks)]
Rate = Annotated[str, AfterValidator(check_rate)]
MailKind = Literal["verify", "reset", "change-email", "delete", "magic-link", "code", "notice"]
MailSubject = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]
MailSubjects = Annotated[dict[MailKind, MailSubject], NoDecode, BeforeValidator(parse_json)]
HiddenText = Annotated[Secret, _wrap_in(Secret)]
RedisUrl = Annotated[Secret, BeforeValidator(parse_redis_url)]
HiddenPassword = Annotated[Password, _wrap_in(Password)]
HiddenTexts = Annotated[tuple[HiddenText, ...], NoDecode, BeforeValidator(split_keys)]
