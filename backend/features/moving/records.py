"""Reading a file of users record by record: CSV with a header, or one JSON object per line.

A broken record is told with its line and does not take its neighbours along.
"""

import csv
import json
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from io import StringIO
from typing import Any, BinaryIO

_LONGEST_RECORD = 50  # lines; a quote that is not closed by then is a mistake


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

    `progress` is told how many bytes have been read.
    """
    lines = _Lines(file, progress)
    first = lines.next()
    if first is None:
        raise BrokenFile("the file is empty")
    lines.back([first])
    if first.text.lstrip().startswith("["):
        raise BrokenFile("a JSON file needs one object per line, not an array (try `jq -c '.[]'`)")
    return _json_records(lines) if first.text.lstrip().startswith("{") else _csv_records(lines)


@dataclass(frozen=True, slots=True)
class _Line:
    number: int
    text: str
    problem: str | None = None


class _Lines:
    """The lines of a file, of which some can be put back."""

    def __init__(self, file: BinaryIO, progress: Callable[[int], None]) -> None:
        self._file = enumerate(file, start=1)
        self._read = 0
        self._progress = progress
        self._waiting: deque[_Line] = deque()

    def next(self) -> _Line | None:
        if self._waiting:
            return self._waiting.popleft()
        number, raw = next(self._file, (0, b""))
        self._read += len(raw)
        self._progress(self._read)
        return _decoded(number, raw) if raw else None

    def back(self, lines: list[_Line]) -> None:
        self._waiting.extendleft(reversed(lines))

    def __iter__(self) -> Iterator[_Line]:
        while (line := self.next()) is not None:
            yield line


def _decoded(number: int, raw: bytes) -> _Line:
    try:
        return _Line(number, raw.decode("utf-8-sig" if number == 1 else "utf-8"))
    except UnicodeDecodeError:
        return _Line(number, "", "the line is not UTF-8")


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


def _csv_records(lines: _Lines) -> Iterator[Record]:
    header = _header(lines)

    def records() -> Iterator[Record]:
        for line in lines:
            if line.problem:
                yield Record(line.number, problem=line.problem)
            elif line.text.strip():
                yield _from_csv(header, line, lines)

    return records()


def _header(lines: _Lines) -> list[str]:
    line = lines.next()
    if line is None or line.problem:
        raise BrokenFile("the first line is not UTF-8; save the file as UTF-8")
    names = [name.strip() for name in next(csv.reader([line.text]))]
    if len(set(names)) != len(names):
        raise BrokenFile("the first line names a column twice")
    return names


def _from_csv(header: list[str], first: _Line, lines: _Lines) -> Record:
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
        values = next(csv.reader(StringIO(text, newline=""), strict=True))
    except csv.Error as error:
        return Record(first.number, problem=f"the line is not CSV: {error}")
    if len(values) != len(header):
        problem = f"the line has {len(values)} fields, the first line of the file {len(header)}"
        return Record(first.number, problem=problem)
    # CSV cannot tell nothing from an empty text; for us both are nothing.
    return Record(first.number, {name: v for name, v in zip(header, values, strict=True) if v})
