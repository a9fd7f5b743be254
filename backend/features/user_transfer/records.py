"""Reads a file of users record by record: CSV with a header, JSON lines, or a JSON array.

A broken record is reported with its line and does not affect its neighbours.
"""

import csv
import json
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from io import BufferedReader, StringIO, TextIOWrapper
from typing import Any, BinaryIO

from backend.features.user_transfer.json_array import BrokenArray, iterate_elements
from backend.kernel.csv_cells import unescape_formula
from backend.kernel.redaction import Redactor

_LONGEST_RECORD = 50  # lines; a quote not closed by then is an error
_LONGEST_LINE = 1_000_000  # characters
_PEEKED = 1024  # bytes
_SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs"}


class BrokenFile(Exception):
    """This file cannot be read; the message says why."""


@dataclass(frozen=True, slots=True)
class Record:
    """One record: the line on which it begins, and its fields or what is wrong with it."""

    line: int
    fields: dict[str, Any] = field(default_factory=dict)
    problem: str | None = None


def read_records(
    file: BinaryIO,
    progress: Callable[[int], None] = lambda _: None,
    *,
    key: tuple[str, ...] = ("email",),
) -> Iterator[Record]:
    """Yield records in little memory; raises BrokenFile if the beginning is invalid.

    A CSV needs a column with one of the names in `key`, in lower case.

    Text is UTF-8, or UTF-16 with a byte order mark; a line ends with LF, CR or both. `progress`
    gets the number of characters read.
    """
    lines = _Lines(file, progress)
    if not lines.begin:
        raise BrokenFile("the file is empty")
    if lines.begin == "[":
        return _array_records(lines)
    return _json_records(lines) if lines.begin == "{" else _csv_records(lines, key)


@dataclass(frozen=True, slots=True)
class _Line:
    number: int
    text: str
    problem: str | None = None


class _Lines:
    """The lines of a file; lines can be pushed back."""

    def __init__(self, file: BinaryIO, progress: Callable[[int], None]) -> None:
        raw = BufferedReader(file)  # type: ignore[type-var]  # anything that is read from
        start = raw.peek(_PEEKED)[:_PEEKED]
        is_utf16 = start.startswith((BOM_UTF16_BE, BOM_UTF16_LE))
        encoding, errors = (
            ("utf-16", "surrogatepass") if is_utf16 else ("utf-8-sig", "surrogateescape")
        )
        self.begin = start.decode(encoding, "ignore").lstrip()[:1]
        """The first character that is not white space."""
        # Line ends are kept: inside quotes they are part of a field.
        self._text = TextIOWrapper(raw, encoding, errors, newline="")
        self._number = self._read = 0
        self._progress = progress
        self._waiting: deque[_Line] = deque()

    def next(self) -> _Line | None:
        if self._waiting:
            return self._waiting.popleft()
        text = self._report(self._text.readline(_LONGEST_LINE))
        self._number += 1
        return self._check(text) if text else None

    def _check(self, text: str) -> _Line:
        if len(text) == _LONGEST_LINE and text[-1] not in "\r\n":
            while (more := self._report(self._text.readline(_LONGEST_LINE))) and (
                more[-1] not in "\r\n"
            ):
                pass
            return _Line(self._number, "", f"the line is longer than {_LONGEST_LINE:,} characters")
        if not _is_whole(text):
            return _Line(self._number, "", "the line is not UTF-8")
        return _Line(self._number, text)

    def push_back(self, lines: list[_Line]) -> None:
        self._waiting.extendleft(reversed(lines))

    def read(self, count: int) -> str:
        """Read characters regardless of lines."""
        return self._report(self._text.read(count))

    def _report(self, text: str) -> str:
        self._read += len(text)
        self._progress(self._read)
        return text

    def __iter__(self) -> Iterator[_Line]:
        while (line := self.next()) is not None:
            yield line


def _is_whole(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:  # a byte that was none of UTF-8 has become half of a pair
        return False
    return True


def _json_records(lines: _Lines) -> Iterator[Record]:
    for line in lines:
        if line.problem or line.text.strip():
            yield _parse_json(line)


def _parse_json(line: _Line) -> Record:
    if line.problem:
        return Record(line.number, problem=line.problem)
    try:
        value = json.loads(line.text)
    except (ValueError, RecursionError) as error:
        return Record(line.number, problem=f"the line is not JSON: {error}")
    if not isinstance(value, dict):
        return Record(line.number, problem="the line is not a JSON object")
    return Record(line.number, value)


def _array_records(lines: _Lines) -> Iterator[Record]:
    try:
        for line, value in iterate_elements(lines.read):
            if isinstance(value, dict):
                yield Record(line, value)
            else:
                yield Record(line, problem="the element is not a JSON object")
    except BrokenArray as error:
        yield Record(error.line, problem=f"{error}; nothing from here on can be read")


def _csv_records(lines: _Lines, key: tuple[str, ...]) -> Iterator[Record]:
    header, separator = _parse_header(lines, key)

    def records() -> Iterator[Record]:
        for line in lines:
            if line.problem:
                yield Record(line.number, problem=line.problem)
            elif line.text.strip():
                yield _parse_csv(header, separator, line, lines)

    return records()


def _parse_header(lines: _Lines, key: tuple[str, ...]) -> tuple[list[str], str]:
    line = next((each for each in lines if each.problem or each.text.strip()), None)
    if line is None or line.problem:
        raise BrokenFile("the first line is not UTF-8; save the file as UTF-8")
    for separator in _SEPARATORS:
        names = [name.strip() for name in next(csv.reader([line.text], delimiter=separator), [])]
        if not {name.lower() for name in names}.isdisjoint(key):
            break
    else:
        raise BrokenFile(
            f"the first line has no column '{key[0]}'; columns are separated by "
            f"{', '.join(_SEPARATORS.values())}: {_redact_start(line.text)!r}"
        )
    named = [name for name in names if name]
    if len(set(named)) != len(named):
        raise BrokenFile("the first line has a column twice")
    return names, separator


def _redact_start(text: str) -> str:
    """Return the start of a line without secrets: it may be a user's, hash included."""
    return Redactor().redact_secrets(text.strip())[:80]


def _parse_csv(header: list[str], separator: str, first: _Line, lines: _Lines) -> Record:
    quoted_lines, text = [first], first.text
    while text.count('"') % 2 and len(quoted_lines) < _LONGEST_RECORD:
        more = lines.next()
        if more is None:
            break
        quoted_lines.append(more)
        text += more.text
    if text.count('"') % 2 or any(line.problem for line in quoted_lines):
        lines.push_back(quoted_lines[1:])
        return Record(first.number, problem="a quotation mark is never closed")
    try:
        reader = csv.reader(StringIO(text, newline=""), delimiter=separator, strict=True)
        values = next(reader)
    except csv.Error as error:
        return Record(first.number, problem=f"the line is not CSV: {error}")
    if len(values) != len(header):
        problem = f"the line has {len(values)} fields, the first line of the file {len(header)}"
        return Record(first.number, problem=problem)
    return Record(first.number, dict(_pair_fields(header, values)))


def _pair_fields(header: list[str], values: list[str]) -> Iterator[tuple[str, str]]:
    """Yield the fields of a line. An empty CSV field counts as absent, except for the name, which
    every user has."""
    for name, value in zip(header, values, strict=True):
        if name and (value or name.lower() == "name"):
            yield name, unescape_formula(value)
