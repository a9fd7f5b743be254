"""The live sessions of all users, compared with plain Python."""

from dataclasses import replace
from datetime import timedelta
from ipaddress import IPv6Address, ip_network
from itertools import product

import pytest

from backend.storage.queries import session_list, user_list
from backend.storage.queries.session_list import SessionFilter, find_page
from backend.storage.work import run_query
from tests.clocks import NOON, SeededRandomness
from tests.storage.conftest import store_session, store_user

GROUPS = (0, 0, 0, 1, 0xABC)


@pytest.fixture
def people(work):
    """Three users with five sessions each, of which one has ended."""
    people = [store_user(work, email=f"{name}@example.com") for name in ("ada", "bob", "cleo")]
    for number, user in product(range(5), people):
        store_session(
            work,
            user,
            ip_address=f"203.0.113.{number % 2}",
            expires_at=NOON + timedelta(hours=number),
            impersonated_by=people[0].id if number == 4 else None,
        )
    return people


def list_sessions(database, filters=SessionFilter(), limit=100):  # noqa: B008  it is frozen
    return run_query(database, lambda db: find_page(db, filters, NOON, limit))


def test_live_sessions_are_listed_newest_first_with_their_users(database, people):
    entries = list_sessions(database)
    assert len(entries) == 12
    assert [each.session.id for each in entries] == sorted(
        (each.session.id for each in entries), reverse=True
    )
    assert all(each.session.expires_at > NOON for each in entries)
    assert {each.user.id: each.user for each in entries} == {user.id: user for user in people}
    assert all(each.session.user_id == each.user.id for each in entries)


def test_filters_narrow_it_and_all_of_them_hold(database, people, monkeypatch):
    for count_limit in (user_list.EXACT_COUNT_LIMIT, 1):  # few users have such letters, and many
        monkeypatch.setattr(session_list, "EXACT_COUNT_LIMIT", count_limit)
        monkeypatch.setattr(user_list, "EXACT_COUNT_LIMIT", count_limit)
        everything = list_sessions(database)
        for user_id, address, email, before in product(
            [None, people[1].id], [None, "203.0.113.1"], [None, "B@", "EX", "zz"], [None, 5]
        ):
            last = everything[before].session.id if before else None
            filters = SessionFilter(user_id, address, email, last)
            expected = [
                each
                for each in everything
                if user_id in (None, each.user.id)
                and address in (None, each.session.ip_address)
                and (email or "").lower() in each.user.email
                and (last is None or each.session.id < last)
            ]
            assert list_sessions(database, filters) == expected
            assert list_sessions(database, filters, limit=2) == expected[:2]


def test_the_addresses_of_a_subscriber_are_found_however_their_zeros_are_written(database, work):
    randomness, user = SeededRandomness("addresses"), store_user(work)
    addresses = {
        IPv6Address(
            sum(GROUPS[byte % 5] << (16 * position) for position, byte in enumerate(octets))
        )
        for octets in (randomness.bytes(8) for _ in range(150))
    }
    for address in addresses:
        store_session(work, user, ip_address=str(address))
    store_session(work, user, ip_address="")
    store_session(work, user, ip_address="203.0.113.7")
    networks = {ip_network((address, 64), strict=False) for address in addresses}
    assert len(networks) < len(addresses)
    for network in networks:
        entries = list_sessions(database, replace(SessionFilter(), address=network), limit=1000)
        expected = {str(address) for address in addresses if address in network}
        assert {each.session.ip_address for each in entries} == expected
