"""How long a refusal takes must not reveal from which system a hash came (ASVS 6.3.8)."""

import pytest
from sqlalchemy import update

from backend.features.accounts import passwords
from backend.kernel.passwords import hash_costs
from backend.storage.queries import users as statements
from backend.storage.tables import users

SCRYPT = f"{'0' * 32}:{'0' * 128}"
PBKDF2 = f"pbkdf2_sha256$1000$c2FsdA${'A' * 43}="
EVERYBODY = ["no hash at all", SCRYPT, "nor is this", None, PBKDF2, SCRYPT, "nor this"]


@pytest.fixture
def spent(monkeypatch):
    """The kinds of work that refusals were made to do."""
    kinds = []
    spend = hash_costs.spend_work

    def spend_work(costs, secret):
        kinds.extend(kind for kind in costs if costs[kind])
        spend(costs, secret)

    monkeypatch.setattr("backend.kernel.passwords.hasher.spend_work", spend_work)
    return kinds


@pytest.mark.parametrize(
    ("database_target", "users_at_once", "sample"),
    [("sqlite", 20_000, 100), ("sqlite", 2, 1), ("postgresql", 2, 1)],
    indirect=["database_target"],
)
def test_the_first_refusal_after_a_start_costs_what_the_dearest_hash_does(
    start_on, monkeypatch, spent, users_at_once, sample
):
    monkeypatch.setattr(passwords, "_BATCH", users_at_once)
    monkeypatch.setattr(statements, "_SAMPLE", sample)
    before = start_on()
    for number, hashed in enumerate(EVERYBODY):
        email = f"user{number}@example.com"
        before.member(email)
        before.execute(update(users).where(users.c.email == email).values(password_hash=hashed))
    before.close()

    gatehouse = start_on()
    with gatehouse.statements() as queries:
        assert gatehouse.visitor().sign_in("nobody@example.com").status_code == 401
    assert sorted(spent) == ["bcrypt", "pbkdf2 sha256", "scrypt"]
    assert any("password_hash IS NOT NULL" in statement for statement in queries)
    with gatehouse.statements() as queries:
        assert gatehouse.visitor().sign_in("nobody@example.com").status_code == 401
    assert not any("password_hash IS NOT NULL" in statement for statement in queries)
