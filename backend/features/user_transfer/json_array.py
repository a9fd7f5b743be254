"""Reads a JSON array element by element, in little memory, wherever its lines break."""

import json
from collections.abc import Callable, Iterator
from typing import Any

_PIECE = 65_536  # characters read at a time
_LONGEST = 1_000_000  # characters of one element


class BrokenArray(Exception):
    """Invalid JSON from `line` on."""

    def __init__(self, line: int, why: str) -> None:
        super().__init__(why)
        self.line = line


def iterate_elements(read: Callable[[int], str]) -> Iterator[tuple[int, Any]]:
    """Yield the line on which each element begins, and the element; raises BrokenArray."""
    text = _Text(read)
    text.expect("[")
    while text.next() != "]":
        yield text.line, text.value()
        if text.next() != "]":
            text.expect(",")
    text.expect("]")
    if text.next():
        raise BrokenArray(text.line, "there is something after the array")


class _Text:
    """The text that was read but not yet parsed."""

    def __init__(self, read: Callable[[int], str]) -> None:
        self._read = read
        self._text = ""
        self._decoder = json.JSONDecoder()
        self.line = 1

    def next(self) -> str:
        """Return the next character that is not white space; empty at the end."""
        while True:
            rest = self._text.lstrip(" \t\r\n\ufeff")
            self._drop(len(self._text) - len(rest))
            if rest or not self._more():
                return self._text[:1]

    def expect(self, expected: str) -> None:
        if (actual := self.next()) != expected:
            raise BrokenArray(self.line, f"{expected!r} is missing" + " at the end" * (not actual))
        self._drop(1)

    def value(self) -> Any:
        while True:
            try:
                value, end = self._decoder.raw_decode(self._text)
            except (ValueError, RecursionError) as error:
                if len(self._text) > _LONGEST or not self._more():
                    raise BrokenArray(self.line, f"the element is not JSON: {error}") from None
                continue
            if end == len(self._text) and self._more():  # a number may go on
                continue
            self._drop(end)
            return value

    def _more(self) -> bool:
        piece = self._read(_PIECE)
        self._text += piece
        return bool(piece)

    def _drop(self, count: int) -> None:
        self.line += self._text.count("\n", 0, count)
        self._text = self._text[count:]
