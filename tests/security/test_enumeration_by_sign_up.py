"""Threat: signing up to find out who has an account, where addresses must be verified first.

The response to a sign-up never reveals it; nor must what follows: signing in with the password one
has just chosen, how long that takes, or what one's own data say about another address.
"""

import io
import json
import zipfile

import pytest
from sqlalchemy import update

from backend.kernel.passwords import hasher
from backend.storage.tables import users
from tests.mailbox import open_link
from tests.scene import refusal

FREE, VERIFIED, UNVERIFIED, BANNED = (
    f"{name}@example.com" for name in ("free", "verified", "unverified", "banned")
)
ALL = (FREE, VERIFIED, UNVERIFIED, BANNED)
MINE = "a password of mine"


@pytest.fixture(params=[True, False], ids=["strict", "not strict"])
def proving(request, start_mailing, clock):
    gatehouse = start_mailing(
        require_verified_email=True,
        resend_verification_on_sign_in=True,
        verification_link_lifetime=60,
        strict=request.param,
    )
    for email in (VERIFIED, UNVERIFIED, BANNED):
        gatehouse.visitor().sign_up(email)
    verify = update(users).where(users.c.email != UNVERIFIED)
    gatehouse.execute(verify.values(email_verified=True))
    gatehouse.ban(BANNED)
    clock.advance(seconds=60)  # these sign-ups are over
    gatehouse.visitor().sign_in("nobody@example.com")  # the first looks for the kinds of hashes
    return gatehouse


@pytest.fixture
def rounds(monkeypatch):
    """The work that bcrypt did, in iterations."""
    costs_spent = []
    matches, spends = hasher.PasswordHasher._matches, hasher.spend_work

    def match(self, text, hashed, spent):
        costs_spent.append(sum(hasher.cost_of(hashed).values()))
        return matches(self, text, hashed, spent)

    def spend_work(costs, secret):
        costs_spent.append(sum(costs.values()))
        spends(costs, secret)

    monkeypatch.setattr(hasher.PasswordHasher, "_matches", match)
    monkeypatch.setattr(hasher, "spend_work", spend_work)
    return costs_spent


def observe_sign_in(gatehouse, email, password, rounds):
    """What could reveal an account: the response, the statements and the work."""
    rounds.clear()
    with gatehouse.statements() as statements:
        response = gatehouse.visitor().sign_in(email, password)
    headers = [pair for pair in response.headers.multi_items() if pair[0] != "x-request-id"]
    kinds = [statement.split(" (")[0][:40] for statement in statements]
    return response.status_code, response.text, headers, kinds, sum(rounds)


def test_ones_own_password_is_answered_alike(proving, rounds):
    for email in ALL:
        proving.visitor().sign_up(email, MINE)

    observations = [observe_sign_in(proving, email, MINE, rounds) for email in ALL]

    assert json.loads(observations[0][1]) == refusal("EMAIL_NOT_VERIFIED")
    assert all(each == observations[0] for each in observations)


def test_and_so_is_a_wrong_one_before_and_after(proving, rounds):
    observations = [observe_sign_in(proving, email, "a wrong guess", rounds) for email in ALL]
    for email in ALL:
        proving.visitor().sign_up(email, MINE)
    observations += [observe_sign_in(proving, email, "a wrong guess", rounds) for email in ALL]

    assert json.loads(observations[0][1]) == refusal("INVALID_EMAIL_OR_PASSWORD")
    assert all(each == observations[0] for each in observations)


def test_of_two_attempts_each_is_answered_alike_everywhere(proving, rounds, clock):
    emails = (FREE, VERIFIED, BANNED)
    for password in (MINE, "another of mine"):
        for email in emails:
            proving.visitor().sign_up(email, password)
        clock.advance(seconds=1)

    for password in (MINE, "another of mine"):
        observations = [observe_sign_in(proving, email, password, rounds) for email in emails]
        assert all(each == observations[0] for each in observations)


def test_an_attempt_opens_nothing_and_is_kept_as_long_as_a_link(proving, mailbox, clock):
    mallory = proving.visitor()
    mallory.sign_up(VERIFIED, MINE)
    mails = len(mailbox.all(VERIFIED, "verify"))

    assert mallory.sign_in(VERIFIED, MINE).status_code == 403
    assert mallory.session() is None
    assert len(mailbox.all(VERIFIED, "verify")) == mails  # nobody is sent another link
    assert proving.visitor().sign_in(VERIFIED).status_code == 200
    clock.advance(seconds=60)
    assert mallory.sign_in(VERIFIED, MINE).status_code == 401


def test_an_honest_sign_in_costs_one_hash(proving, rounds):
    proving.visitor().sign_up(VERIFIED, MINE)
    rounds.clear()

    assert proving.visitor().sign_in(VERIFIED).status_code == 200
    assert rounds == [2**4]


@pytest.mark.parametrize("verified", [True, False], ids=["verified", "unverified"])
def test_ones_own_data_tell_nothing_about_another_address(mailing_gatehouse, mailbox, verified):
    mailing_gatehouse.member("taken@example.com")
    lines = []
    for new_email in ("free@example.com", "taken@example.com"):
        ada = mailing_gatehouse.member(f"ada-{len(lines)}@example.com")
        is_ada = users.c.email == f"ada-{len(lines)}@example.com"
        mailing_gatehouse.execute(update(users).where(is_ada).values(email_verified=verified))
        response = ada.post("change-email", {"newEmail": new_email})
        if verified:
            open_link(ada, mailbox.last("change-email", f"ada-{len(lines)}@example.com"))
        packed = zipfile.ZipFile(io.BytesIO(ada.get("/api/account/export").content))
        rows = {name: json.loads(packed.read(name)) for name in packed.namelist()}
        lines.append((response.status_code, response.text, describe_export(rows)))

    assert lines[0] == lines[1]


def describe_export(rows):
    """What an export reveals, without what differs between any two users."""

    def describe_item(item):
        return str((item.get("kind"), item.get("usedAt") is None, sorted(item)))

    return {name: sorted(map(describe_item, items)) for name, items in rows.items()}
