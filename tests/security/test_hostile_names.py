"""Threat: a name that is more than a line of text. It is taken, as Better Auth takes it, and stays
a name: in answers, mails, logs, lists and files."""

import csv
from io import StringIO

import pytest

from tests.admins import ADA, make_admin

NAMES = {
    "nothing": "",
    "two lines": "Ada\nforged: 1",
    "a line end of HTTP": "Ada\r\nset-cookie: forged=1\r\nBcc: eve@example.com",
    "tabs": "a\tb",
    "an escape sequence": "\x1b[2J\x1b]0;forged\x07\x9b2J",
    "every control character": "".join(map(chr, range(1, 32))) + "\x7f\x80\x85\u2028\u2029",
    "written right to left": "\u202eada\u202c مرحبا",
    "a formula": "=HYPERLINK(1)",
    "markup": "<script>alert(1)</script>&amp;",
    "a date": "2024-03-11T02:11:52Z",
    "250 letters": "x" * 250,
    "the longest, which nothing compresses": "".join(
        chr(0x20000 + number * 7919 % 40_000) for number in range(500)
    ),
}


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_any_name_is_taken_and_stays_a_name(any_mailing_gatehouse, mailbox, capsys, name):
    root = make_admin(any_mailing_gatehouse)
    ada = any_mailing_gatehouse.visitor("198.51.100.1")
    assert ada.sign_up(ADA, name="Ada").status_code == 200
    response = ada.post("update-user", {"name": name})
    assert response.status_code == 200, response.text
    again = any_mailing_gatehouse.visitor("198.51.100.2")
    response = again.sign_up("twice@example.com", name=name)
    assert response.json()["user"]["name"] == name

    assert ada.session()["user"]["name"] == name
    ada.post("request-password-reset", {"email": ADA})
    mail = mailbox.last("reset")
    assert "forged" not in mail.subject + mail.text + mail.to
    assert "forged" not in str(response.headers)

    listed = root.get("/api/admin/users?sortBy=name&sortDirection=asc").json()
    assert [user["name"] for user in listed["users"]].count(name) == 2
    file = root.get("/api/admin/users.csv").content.decode()
    assert len(list(csv.reader(StringIO(file, newline="")))) == 4

    output = capsys.readouterr()
    assert [line for line in (output.out + output.err).splitlines() if "forged" in line] == []


def test_what_cannot_be_a_name_is_refused_in_words_that_say_why(any_gatehouse):
    response = any_gatehouse.visitor().sign_up(ADA, name="x" * 501)
    assert (response.status_code, response.json()["message"]) == (
        400,
        "[body.name] Too big: expected string to have <=500 characters",
    )
    assert any_gatehouse.visitor().sign_up(ADA, name="a\0b").status_code == 400
