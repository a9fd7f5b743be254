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
def test_the_known_and_the_unknown_are_answered_and_worked_for_alike(
    mailing_gatehouse, path, state
):
    mailing_gatehouse.member()
    if state:
        mailing_gatehouse.execute(update(users).values(**state), mailing_gatehouse.user_id(ADA))
    outcomes = []
    for email in (ADA, NOBODY):
        with mailing_gatehouse.statements() as statements:
            response = mailing_gatehouse.visitor().post(path, {"email": email})
        outcomes.append((describe_response(response), statements))

    assert outcomes[0] == outcomes[1]


def test_beyond_the_limit_too(start_mailing, mailbox, path):
    gatehouse = start_mailing(rate_limits=True)
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


def test_the_rows_of_both_are_as_long(mailing_gatehouse, path):
    mailing_gatehouse.member()
    sizes = []
    for email in (ADA, "any@example.com"):
        before = {row.id for row in mailing_gatehouse.rows(select(outbox.c.id))}
        mailing_gatehouse.visitor().post(path, {"email": email})
        (mail,) = [row for row in mailing_gatehouse.rows(select(*outbox.c)) if row.id not in before]
        sizes.append(len(mail.sealed))

    assert sizes[0] == sizes[1]


def test_a_decoy_names_nobody_and_opens_nothing(mailing_gatehouse, path):
    mailing_gatehouse.visitor().post(path, {"email": NOBODY})

    (link,) = mailing_gatehouse.rows(select(*links.c))
    (mail,) = mailing_gatehouse.rows(select(*outbox.c))

    assert (link.user_id, link.email, link.data) == (None, "", {})
    assert (mail.state, mail.recipient, mail.due_at) == ("decoy", "", None)
