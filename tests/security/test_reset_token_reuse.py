"""A reset token sets one password and no more (OWASP Forgot Password)."""

import hashlib

import pytest

from tests.scene import refusal

ADA, NEW = "ada@example.com", "battery correct horse"


@pytest.fixture
def reset_token(any_mailing_gatehouse, mailbox):
    """The token of a link that was mailed to Ada."""
    any_mailing_gatehouse.member()
    any_mailing_gatehouse.visitor().post("request-password-reset", {"email": ADA})
    return mailbox.last("reset").token


def build_reset(token, password=NEW):
    return "POST", "reset-password", {"token": token, "newPassword": password}


def test_a_second_use_sets_nothing(any_mailing_gatehouse, reset_token):
    visitor = any_mailing_gatehouse.visitor()
    assert visitor.send(*build_reset(reset_token)).status_code == 200

    second = visitor.send(*build_reset(reset_token, "another password"))

    assert (second.status_code, second.json()) == (400, refusal("INVALID_TOKEN"))
    assert visitor.sign_in(password="another password").status_code == 401
    assert visitor.sign_in(password=NEW).status_code == 200


def test_of_many_uses_at_once_one_wins(any_mailing_gatehouse, reset_token):
    gatehouse = any_mailing_gatehouse
    passwords = [f"battery correct horse {each}" for each in range(8)]

    responses = gatehouse.gather(
        *(gatehouse.visitor().send_async(*build_reset(reset_token, each)) for each in passwords)
    )

    statuses = [response.status_code for response in responses]
    won = [new for new, code in zip(passwords, statuses, strict=True) if code == 200]
    assert sorted(statuses) == [200] + [400] * 7
    assert [new for new in passwords if gatehouse.visitor().sign_in(password=new).is_success] == won


@pytest.mark.parametrize(
    "spoiled",
    [
        lambda token: token[:-1],
        lambda token: token + "x",
        lambda token: token.swapcase(),
        lambda token: token[1:] + token[0],
        lambda token: f" {token}",
        lambda token: token + "\0",
        lambda token: token[:32],
        lambda token: f"{token}%00",
    ],
    ids=["cut", "longer", "other case", "turned", "blank", "NUL", "without check", "encoded NUL"],
)
def test_what_is_almost_the_token_is_not(mailing_gatehouse, mailbox, spoiled):
    mailing_gatehouse.member()
    mailing_gatehouse.visitor().post("request-password-reset", {"email": ADA})
    token = mailbox.last("reset").token

    response = mailing_gatehouse.visitor().send(*build_reset(spoiled(token)))

    assert (response.status_code, response.json()) == (400, refusal("INVALID_TOKEN"))
    assert mailing_gatehouse.visitor().send(*build_reset(token)).status_code == 200


def test_the_digest_that_is_stored_opens_nothing(mailing_gatehouse, mailbox):
    mailing_gatehouse.member()
    mailing_gatehouse.visitor().post("request-password-reset", {"email": ADA})
    stored = hashlib.sha256(mailbox.last("reset").token.encode()).hexdigest()

    assert mailing_gatehouse.visitor().send(*build_reset(stored)).json() == refusal("INVALID_TOKEN")


def test_tokens_have_nothing_in_common(mailing_gatehouse, mailbox):
    mailing_gatehouse.member()
    for _ in range(20):
        mailing_gatehouse.visitor().post("request-password-reset", {"email": ADA})

    tokens = [mail.token for mail in mailbox.all(ADA, "reset")]

    assert len(set(tokens)) == 20
    assert {len(token) for token in tokens} == {42}
    assert all(len({token[at] for token in tokens}) > 5 for at in range(42))


def test_the_answer_does_not_hold_the_token(mailing_gatehouse, mailbox):
    mailing_gatehouse.member()
    response = mailing_gatehouse.visitor().post("request-password-reset", {"email": ADA})

    assert mailbox.last("reset").token not in response.text + str(response.headers)
