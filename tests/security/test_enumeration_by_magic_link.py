"""Asking for a magic link does not reveal who has an account (ASVS 6.3.8).

What can be held without measuring is that the same statements run and nothing else is done.
"""

import pytest
from sqlalchemy import select, update

from backend.storage.tables import links, outbox, users
from tests.security.test_enumeration_by_reset import ADA, NOBODY, describe_response


def without_cookie(response):
    status, text, headers = describe_response(response)
    return status, text, {name: value for name, value in headers.items() if name != "set-cookie"}


@pytest.mark.parametrize("state", [{}, {"email_verified": True}, {"banned": True}], ids=str)
@pytest.mark.parametrize("signs_up", [True, False])
def test_the_known_and_the_unknown_are_answered_and_worked_for_alike(
    start_mailing, mailbox, state, signs_up
):
    gatehouse = start_mailing(magic_link_sign_up=signs_up)
    gatehouse.member()
    if state:
        gatehouse.execute(update(users).values(**state), gatehouse.user_id(ADA))
    outcomes = []
    for email in (ADA, NOBODY):
        with gatehouse.statements() as statements:
            response = gatehouse.visitor().post("sign-in/magic-link", {"email": email})
        assert "gatehouse.magic_link" in response.headers["set-cookie"]
        outcomes.append((without_cookie(response), statements))
    assert outcomes[0] == outcomes[1]
    assert mailbox.kinds(NOBODY) == (["magic-link"] if signs_up else [])


def test_beyond_the_limit_too(start_mailing, mailbox):
    gatehouse = start_mailing(rate_limits=True, magic_link_sign_up=False)
    gatehouse.member()
    outcomes = {ADA: [], NOBODY: []}
    for at in range(7):
        for email, responses in outcomes.items():
            with gatehouse.statements() as statements:
                visitor = gatehouse.visitor(f"203.0.113.{at}")
                response = visitor.post("sign-in/magic-link", {"email": email})
            responses.append((without_cookie(response), statements))
    assert outcomes[ADA] == outcomes[NOBODY]
    assert len({str(each) for each in outcomes[ADA]}) == 1
    assert mailbox.kinds().count("magic-link") == 5


def test_a_decoy_names_nobody_and_opens_nothing(start_mailing):
    gatehouse = start_mailing(magic_link_sign_up=False)
    gatehouse.visitor().post("sign-in/magic-link", {"email": NOBODY, "name": "Nobody"})
    (link,) = gatehouse.rows(select(links))
    (mail,) = gatehouse.rows(select(outbox))
    assert (link.user_id, link.email, link.data) == (None, "", {})
    assert (mail.state, mail.recipient, mail.due_at) == ("decoy", "", None)
