"""Reading a file of users record by record: CSV with a header, JSON lines, or a JSON array.

A broken record is told with its line and does not take its neighbours along.
"""

import csv
import json
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from io import BufferedReader, StringIO, TextIOWrapper
from typing import Any, BinaryIO

from backend.features.user_transfer.json_array import BrokenArray, elements
from backend.kernel.redaction import Redactor
from backend.web.responses.csv_cells import unguarded

_LONGEST_RECORD = 50  # lines; a quote that is not closed by then is a mistake
_LONGEST_LINE = 1_000_000  # characters
_PEEKED = 1024  # bytes
_SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs"}


class BrokenFile(Exception):
    """Nothing of this file can be read; the message says why."""


@dataclass(frozen=True, slots=True)
class Record:
    """One record: the line on which it begins, and its fields or what is wrong with it."""

    line: int
    fields: dict[str, Any] = field(default_factory=dict)
    problem: str | None = None


def read_records(
    file: BinaryIO, progress: Callable[[int], None] = lambda _: None
) -> Iterator[Record]:
    """Read record by record, with little memory; raises BrokenFile when the beginning is wrong.

    Text is UTF-8, or UTF-16 with a byte order mark; a line ends with LF, CR or both. `progress` is
    told how many characters have been read.
    """
    lines = _Lines(file, progress)
    if not lines.begin:
        raise BrokenFile("the file is empty")
    if lines.begin == "[":
        return _array_records(lines)
    return _json_records(lines) if lines.begin == "{" else _csv_records(lines)


@dataclass(frozen=True, slots=True)
class _Line:
    number: int
    text: str
    problem: str | None = None


class _Lines:
    """The lines of a file, of which some can be put back."""

    def __init__(self, file: BinaryIO, progress: Callable[[int], None]) -> None:
        raw = BufferedReader(file)  # type: ignore[type-var]  # anything that is read from
        start = raw.peek(_PEEKED)[:_PEEKED]
        is_utf16 = start.startswith((BOM_UTF16_BE, BOM_UTF16_LE))
        encoding, errors = (
            ("utf-16", "surrogatepass") if is_utf16 else ("utf-8-sig", "surrogateescape")
        )
        self.begin = start.decode(encoding, "ignore").lstrip()[:1]
        """The first character that is no space."""
        # No translation of line ends: those inside of quotes are part of a field.
        self._text = TextIOWrapper(raw, encoding, errors, newline="")
        self._number = self._read = 0
        self._progress = progress
        self._waiting: deque[_Line] = deque()

    def next(self) -> _Line | None:
        if self._waiting:
            return self._waiting.popleft()
        text = self._counted(self._text.readline(_LONGEST_LINE))
        self._number += 1
        return self._checked(text) if text else None

    def _checked(self, text: str) -> _Line:
        if len(text) == _LONGEST_LINE and text[-1] not in "\r\n":
            while (more := self._counted(self._text.readline(_LONGEST_LINE))) and (
                more[-1] not in "\r\n"
            ):
                pass
            return _Line(self._number, "", f"the line is longer than {_LONGEST_LINE:,} characters")
        if not _is_whole(text):
            return _Line(self._number, "", "the line is not UTF-8")
        return _Line(self._number, text)

    def back(self, lines: list[_Line]) -> None:
        self._waiting.extendleft(reversed(lines))

    def read(self, count: int) -> str:
        """Read on without regard to lines."""
        return self._counted(self._text.read(count))

    def _counted(self, text: str) -> str:
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
            yield _from_json(line)


def _from_json(line: _Line) -> Record:
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
        for line, value in elements(lines.read):
            if isinstance(value, dict):
                yield Record(line, value)
            else:
                yield Record(line, problem="the element is not a JSON object")
    except BrokenArray as error:
        yield Record(error.line, problem=f"{error}; nothing from here on can be read")


def _csv_records(lines: _Lines) -> Iterator[Record]:
    header, separator = _header(lines)

    def records() -> Iterator[Record]:
        for line in lines:
            if line.problem:
                yield Record(line.number, problem=line.problem)
            elif line.text.strip():
                yield _from_csv(header, separator, line, lines)

    return records()


def _header(lines: _Lines) -> tuple[list[str], str]:
    line = next((each for each in lines if each.problem or each.text.strip()), None)
    if line is None or line.problem:
        raise BrokenFile("the first line is not UTF-8; save the file as UTF-8")
    for separator in _SEPARATORS:
        names = [name.strip() for name in next(csv.reader([line.text], delimiter=separator), [])]
        if "email" in (name.lower() for name in names):
            break
    else:
        raise BrokenFile(
            "the first line names no column 'email'; columns are separated by "
            f"{', '.join(_SEPARATORS.values())}: {_shown(line.text)!r}"
        )
    named = [name for name in names if name]
    if len(set(named)) != len(named):
        raise BrokenFile("the first line names a column twice")
    return names, separator


def _shown(text: str) -> str:
    """Return the beginning of a line; without a header it is somebody's, their hash included."""
    return Redactor().without_secrets(text.strip())[:80]


def _from_csv(header: list[str], separator: str, first: _Line, lines: _Lines) -> Record:
    taken, text = [first], first.text
    while text.count('"') % 2 and len(taken) < _LONGEST_RECORD:
        more = lines.next()
        if more is None:
            break
        taken.append(more)
        text += more.text
    if text.count('"') % 2 or any(line.problem for line in taken):
        lines.back(taken[1:])
        return Record(first.number, problem="a quote is opened and not closed")
    try:
        reader = csv.reader(StringIO(text, newline=""), delimiter=separator, strict=True)
        values = next(reader)
    except csv.Error as error:
        return Record(first.number, problem=f"the line is not CSV: {error}")
    if len(values) != len(header):
        problem = f"the line has {len(values)} fields, the first line of the file {len(header)}"
        return Record(first.number, problem=problem)
    return Record(first.number, dict(_told(header, values)))


def _told(header: list[str], values: list[str]) -> Iterator[tuple[str, str]]:
    """Yield what a line says. CSV cannot tell nothing from an empty text: only of a name, which
    nobody is without, is it taken for the latter."""
    for name, value in zip(header, values, strict=True):
        if name and (value or name.lower() == "name"):
            yield name, unguarded(value)
