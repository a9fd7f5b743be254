"""Reading files of users: errors name their line, and do not affect other lines."""

import json
from io import BytesIO

import pytest

from backend.features.user_transfer.progress import ProgressBar, Ranges
from backend.features.user_transfer.records import BrokenFile, read_records


def read_all(text: str | bytes) -> list[tuple]:
    raw = text if isinstance(text, bytes) else text.encode()
    return [(r.line, r.problem or r.fields) for r in read_records(BytesIO(raw))]


def test_csv_with_quotes_line_breaks_and_empty_fields():
    text = 'email,name\r\na@b.co,"Zoë ""Z"", Ltd"\r\n\r\nc@d.co,\r\ne@f.co,"two\r\nlines"\r\n'

    assert read_all(text) == [
        (2, {"email": "a@b.co", "name": 'Zoë "Z", Ltd'}),
        (4, {"email": "c@d.co", "name": ""}),
        (5, {"email": "e@f.co", "name": "two\r\nlines"}),
    ]


def test_json_lines_keep_their_types():
    assert read_all('{"email":"a@b.co","banned":true}\n\n{"email":"c@d.co","name":null}') == [
        (1, {"email": "a@b.co", "banned": True}),
        (3, {"email": "c@d.co", "name": None}),
    ]


def test_a_mark_of_the_byte_order_is_no_letter():
    assert read_all(b"\xef\xbb\xbfemail\na@b.co\n") == [(2, {"email": "a@b.co"})]
    assert read_all(b'\xef\xbb\xbf{"email":"a@b.co"}\n') == [(1, {"email": "a@b.co"})]


PEOPLE = [(2, {"email": "a@b.co", "name": "Zoë"}), (3, {"email": "c@d.co", "name": "C"})]
LINES = "email,name\na@b.co,Zoë\nc@d.co,C\n"


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"], ids=["LF", "CRLF", "CR"])
@pytest.mark.parametrize("separator", [",", ";", "\t"], ids=["commas", "semicolons", "tabs"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_files_of_every_spreadsheet_are_read(end, separator, encoding):
    text = LINES.replace("\n", end).replace(",", separator)
    assert read_all(text.encode(encoding)) == PEOPLE
    assert read_all(text.rstrip(end).encode(encoding)) == PEOPLE


def test_line_ends_inside_of_quotes_stay_as_they_are():
    assert read_all('email,name\ra@b.co,"1\r2\n3\r\n4"\r') == [
        (2, {"email": "a@b.co", "name": "1\r2\n3\r\n4"})
    ]


def test_a_quotation_mark_that_guards_a_formula_is_taken_off_again():
    assert read_all("email,name\n'+1@b.co,'=1\nx@b.co,'tis\n") == [
        (2, {"email": "+1@b.co", "name": "=1"}),
        (3, {"email": "x@b.co", "name": "'tis"}),
    ]


def test_an_endless_line_is_told_and_harms_no_neighbour():
    assert read_all("email\n" + "x" * 3_000_000 + "\na@b.co\n") == [
        (2, "the line is longer than 1,000,000 characters"),
        (3, {"email": "a@b.co"}),
    ]


ADA, BOB = {"email": "a@b.co", "name": "[{]}"}, {"email": "c@d.co", "n": [1.5, {"x": None}]}


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_an_array_is_read_element_by_element(indent, encoding):
    records = read_all(json.dumps([ADA, BOB] * 5000, indent=indent).encode(encoding))
    assert [fields for _, fields in records] == [ADA, BOB] * 5000
    assert [line for line, _ in records[:2]] == ([2, 6] if indent else [1, 1])
    assert read_all("[]") == []


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        ("[\n{}\n", 3, "',' is missing at the end"),
        ('[\n{}\n{"a":1}]', 3, "',' is missing"),
        ("[\n{},\n{broken}]", 3, "the element is not JSON"),
        ("[{},\n7]", 2, "not a JSON object"),
        ("[{}]\nmore", 2, "something after the array"),
        ("[{}," + "[" * 100_000, 1, "the element is not JSON"),
    ],
)
def test_a_broken_array_is_told_with_the_line_where_it_breaks(text, line, problem):
    first, *_, last = read_all(text)
    assert first[1] == {}
    assert last[0] == line
    assert problem in last[1]


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("c@d.co", "the line has 1 fields, the first line of the file 2"),
        ("c@d.co,x,y", "the line has 3 fields, the first line of the file 2"),
        ('c@d.co,"open', "a quotation mark is never closed"),
        ('c@d.co,"a"b"c"', "the line is not CSV"),
        (b"c@d.co,\xff", "the line is not UTF-8"),
        (b'c@d.co,"\xff', "the line is not UTF-8"),
    ],
)
def test_a_broken_line_of_csv_leaves_its_neighbours_whole(line, problem):
    raw = line if isinstance(line, bytes) else line.encode()
    many = b"".join(b"u%d@b.co,u\n" % number for number in range(100))
    before, broken, *after = read_all(b"email,name\na@b.co,a\n" + raw + b"\n" + many)

    assert before == (2, {"email": "a@b.co", "name": "a"})
    assert broken[0] == 3
    assert problem in broken[1]
    assert after == [(4 + n, {"email": f"u{n}@b.co", "name": "u"}) for n in range(100)]


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ('{"email":', "the line is not JSON"),
        ("[1]", "the line is not a JSON object"),
        ("[" * 100_000, "the line is not JSON"),
        (b'{"email":"\xff"}', "the line is not UTF-8"),
    ],
)
def test_a_broken_line_of_json_leaves_its_neighbours_whole(line, problem):
    raw = line if isinstance(line, bytes) else line.encode()
    before, broken, after = read_all(b'{"email":"a@b.co"}\n' + raw + b'\n{"email":"c@d.co"}\n')

    assert (before, after) == ((1, {"email": "a@b.co"}), (3, {"email": "c@d.co"}))
    assert broken[0] == 2
    assert problem in broken[1]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty"),
        ("\n \n", "empty"),
        ("name,plan\nAda,x\n", "has no column 'email'; columns are separated by commas, semi"),
        ("email|name\na@b.co|A\n", "has no column 'email'"),
        ("email,name,email\n", "twice"),
        (b"\xffemail\n", "UTF-8"),
        ("email\n".encode("utf-16-le"), "has no column"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_whole(text, reason):
    with pytest.raises(BrokenFile, match=reason):
        read_all(text)


def test_numbers_are_said_as_ranges():
    ranges = Ranges()
    ranges.add([2, 3, 4, 7])
    ranges.add([8, 10])

    assert (str(ranges), ranges.count) == ("2-4, 7-8, 10", 6)


def test_many_ranges_are_cut_short():
    ranges = Ranges()
    ranges.add(range(0, 100, 2))

    assert str(ranges).endswith("38 and 30 more places")


class Terminal:
    def __init__(self, is_terminal: bool) -> None:
        self.there, self.text = is_terminal, ""

    def isatty(self):
        return self.there

    def write(self, text):
        self.text += text

    def flush(self):
        """Nothing is buffered."""


def test_the_bar_grows_percent_by_percent_and_goes_away():
    terminal = Terminal(is_terminal=True)
    progress = ProgressBar(terminal, 1000)
    for part in (0, 1, 9, 500, 501, 1000):
        progress.show(part)
    progress.clear()

    bars = terminal.text.split("\r")
    assert [bar for bar in bars if bar.strip()] == [
        f"[{' ' * 40}]   0 %",
        f"[{'#' * 20}{' ' * 20}]  50 %",
        f"[{'#' * 40}] 100 %",
    ]


def test_where_nobody_looks_no_bar_is_drawn():
    nowhere = Terminal(is_terminal=False)
    ProgressBar(nowhere, 10).show(5)

    assert nowhere.text == ""
