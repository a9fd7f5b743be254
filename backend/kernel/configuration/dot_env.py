"""The file `.env`: how it is encoded, and whether each of its lines can be read."""

import codecs
import io
from pathlib import Path

from dotenv.parser import Original, parse_stream

_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",  # PowerShell's `>` writes it
    codecs.BOM_UTF16_BE: "utf-16",
}


class DotEnvError(Exception):
    """The file cannot be read; the message says why and what to do."""


def find_encoding(file: Path) -> str | None:
    """Return the encoding of a `.env`, None if there is none.

    Raises DotEnvError if a part of it would be left out.
    """
    try:
        content = file.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise DotEnvError(f"{file} cannot be read: {error.strerror}") from None
    encoding = next((name for mark, name in _MARKS.items() if content.startswith(mark)), "utf-8")
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        raise DotEnvError(f"{file} is not text in UTF-8; save it in that encoding")
    for binding in parse_stream(io.StringIO(text)):
        if binding.error:
            line = _first_line(binding.original)
            raise DotEnvError(f"{file}: line {line} is not NAME=value; check its quotes")
    return encoding


def _first_line(original: Original) -> int:
    """Return the number of a statement's own line, after the empty ones before it."""
    blank = len(original.string) - len(original.string.lstrip())
    return original.line + original.string.count("\n", 0, blank)
