"""Responses to mail requests do not reveal who has an account (ASVS 6.3.8).

Times are not measured here: a test that measures is wrong on a busy machine. What can be held is
that the same statements run and nothing else is done.
"""

import pytest
from sqlalchemy import select, update

from backend.storage.tables import links, outbox, users

ADA, NOBODY = "ada@example.com", "nobody@example.com"
PATHS = ["request-password-reset", "send-verification-email"]


def describe_response(response):
    """What a client can tell from a response."""
    ignored = {"x-request-id", "date"}
    headers = {name: value for name, value in response.headers.items() if name not in ignored}
    return response.status_code, response.text, headers


@pytest.fixture(params=PATHS)
def path(request):
    return request.param


@pytest.mark.parametrize(
    "state",
    [
        {},
        {"email_verified": True},
        {"banned": True},
        {"password_hash": None},
    ],
    ids=["as signed up", "verified", "banned", "without password"],
)
def test_the_known_and_the_unknown_are_answered_and_worked_for_alike(posting, path, state):
    posting.member()
    if state:
        posting.execute(update(users).values(**state), posting.user_id(ADA))
    outcomes = []
    for email in (ADA, NOBODY):
        with posting.statements() as statements:
            response = posting.visitor().post(path, {"email": email})
        outcomes.append((describe_response(response), statements))

    assert outcomes[0] == outcomes[1]


def test_beyond_the_limit_too(start_posting, mailbox, path):
    gatehouse = start_posting(rate_limits=True)
    gatehouse.member()
    outcomes = {ADA: [], NOBODY: []}
    for at in range(5):
        for email, responses in outcomes.items():
            with gatehouse.statements() as statements:
                response = gatehouse.visitor(f"203.0.113.{at}").post(path, {"email": email})
            responses.append((describe_response(response), statements))

    assert outcomes[ADA] == outcomes[NOBODY]
    assert len({str(each) for each in outcomes[ADA]}) == 1
    assert mailbox.kinds(NOBODY) == []


def test_the_rows_of_both_are_as_long(posting, path):
    posting.member()
    sizes = []
    for email in (ADA, "any@example.com"):
        before = {row.id for row in posting.rows(select(outbox.c.id))}
        posting.visitor().post(path, {"email": email})
        (mail,) = [row for row in posting.rows(select(*outbox.c)) if row.id not in before]
        sizes.append(len(mail.sealed))

    assert sizes[0] == sizes[1]


def test_a_decoy_names_nobody_and_opens_nothing(posting, path):
    posting.visitor().post(path, {"email": NOBODY})

    (link,) = posting.rows(select(*links.c))
    (mail,) = posting.rows(select(*outbox.c))

    assert (link.user_id, link.email, link.data) == (None, "", {})
    assert (mail.state, mail.recipient, mail.due_at) == ("decoy", "", None)
