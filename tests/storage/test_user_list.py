"""Lists of users, and the index for searches."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from itertools import product

import pytest
from sqlalchemy import event, insert, text

from backend.kernel.secrets.secret import Secret
from backend.kernel.settings import Settings
from backend.storage import dialects, tables
from backend.storage.engine import Database
from backend.storage.migrate import migrate
from backend.storage.postgres import trigrams
from backend.storage.queries import user_list
from backend.storage.queries.user_list import AnyOf, Condition, UserListQuery
from backend.storage.urls import database_url
from backend.storage.work import run_query
from tests.clocks import NOON
from tests.storage.conftest import make_new_user, store_user

SORTED_BY = ["id", "name", "email", "role", "created_at", "updated_at"]


@pytest.fixture
def crowd(work):
    """Thirty users; of each five, two share a name and one is banned."""
    people = [
        make_new_user(
            name=f"Person {number % 5 // 2}",
            email=f"{'anna' if number % 3 else 'bert'}{number}@example.com",
            role="admin" if number % 7 == 0 else "user",
            banned=number % 5 == 0,
            created_at=NOON - timedelta(days=number % 4),
        )
        for number in range(30)
    ]
    with work() as mine:
        rows = [{column: getattr(user, column) for column in user.__slots__} for user in people]
        mine.db.execute(insert(tables.users), rows)
    return people


def build_query(*conditions, by="id", descending=False, limit=100, offset=0):
    return UserListQuery(list(conditions), by, descending, limit, offset)


def test_both_ways_of_finding_a_page_find_the_same(database, crowd):
    conditions = [[], [Condition("email", "contains", "ANNA")], [Condition("banned", "eq", True)]]
    for sort_by, descending, chosen in product(SORTED_BY, (False, True), conditions):
        query = build_query(*chosen, by=sort_by, descending=descending, limit=4, offset=2)
        sorted_page = run_query(
            database, lambda db, query=query: user_list.find_page_by_sorting(db, query)
        )
        scanned_page = run_query(
            database, lambda db, query=query: user_list.find_page_by_scanning(db, query)
        )
        assert [user.id for user in sorted_page] == [user.id for user in scanned_page]
        assert len(sorted_page) == 4


def test_a_list_read_behind_the_last_of_each_page_is_the_list(database, crowd):
    conditions = [[], [AnyOf([Condition("role", "eq", "admin"), Condition("banned", "eq", True)])]]
    for sort_by, descending, chosen in product(SORTED_BY, (False, True), conditions):
        whole = build_query(*chosen, by=sort_by, descending=descending)
        expected = run_query(
            database, lambda db, whole=whole: user_list.find_page_by_scanning(db, whole)
        )
        for find in (user_list.find_page_by_scanning, user_list.find_page_by_sorting):
            page, users = replace(whole, limit=4), []
            while rows := run_query(database, lambda db, page=page, find=find: find(db, page)):
                users += rows
                page = replace(page, after=user_list.cursor_of(rows[-1], sort_by))
            assert users == expected


def test_one_of_several_conditions_is_enough(database, crowd):
    either = AnyOf([Condition("role", "eq", "admin"), Condition("banned", "eq", True)])
    expected = [user for user in crowd if user.role == "admin" or user.banned]
    assert run_query(database, lambda db: user_list.count(db, [either])) == len(expected) == 10
    both = [either, Condition("email", "contains", "bert")]
    assert run_query(database, lambda db: user_list.count(db, both)) == sum(
        user.email.startswith("bert") for user in expected
    )


def test_rows_that_sort_alike_follow_each_other_by_id(database, crowd):
    users = run_query(
        database, lambda db: user_list.find_page_by_scanning(db, build_query(by="created_at"))
    )
    assert users == sorted(crowd, key=lambda user: (user.created_at, user.id))
    query = build_query(by="created_at", descending=True)
    assert run_query(database, lambda db: user_list.find_page_by_scanning(db, query)) == users[::-1]


def test_counting_stops_one_after_the_last_that_is_counted(database, crowd, monkeypatch):
    monkeypatch.setattr(user_list, "EXACT_COUNT_LIMIT", 20)
    assert run_query(database, lambda db: user_list.count(db, [])) == 21
    assert (
        run_query(database, lambda db: user_list.count(db, [Condition("banned", "eq", True)])) == 6
    )


def test_an_estimate_is_near_and_never_below_what_was_counted(database, crowd, monkeypatch):
    monkeypatch.setattr(user_list, "EXACT_COUNT_LIMIT", 5)
    monkeypatch.setattr(dialects, "_SAMPLED_ROWS", 15)
    if database.kind == "postgresql":
        run_query(database, lambda db: db.execute(text("ANALYZE users")))
    annas = [Condition("email", "starts_with", "anna")]
    assert run_query(database, lambda db: user_list.estimate(db, [])) == 30
    assert 10 <= run_query(database, lambda db: user_list.estimate(db, annas)) <= 30
    nobody = [Condition("email", "contains", "nobody")]
    assert run_query(database, lambda db: user_list.estimate(db, nobody)) == 6


def test_signs_that_mean_something_to_the_database_are_plain_letters(database, work):
    odd = store_user(work, name="100% _/\\ 'Q\"; --", email="o'neil_x+y@example.com")
    store_user(work, name="100 others", email="oneil-x-y@example.com")
    for column, term in [
        ("name", "100%"),
        ("name", "_/\\"),
        ("name", "'Q\"; --"),
        ("email", "l_x"),
        ("email", "o'n"),
        ("email", "x+"),
    ]:
        query = build_query(Condition(column, "contains", term))
        users = run_query(
            database, lambda db, query=query: user_list.find_page_by_scanning(db, query)
        )
        assert [user.id for user in users] == [odd.id]


INSERT_MANY = (
    "INSERT INTO users (id, email, username, name, created_at, updated_at, banned, role)"
    " SELECT gen_random_uuid(), hash || '@example.com', left(hash, 30), 'Person ' || hash,"
    " now(), now(),"
    " i % 2000 = 0, CASE WHEN i % 5000 = 0 THEN 'admin' ELSE 'user' END"
    " FROM (SELECT i, md5(i::text) AS hash FROM generate_series(1, 20000) AS i) AS made"
)
INDEXED_CONDITIONS = [
    (Condition("email", "contains", "a7f3b20c"), "users_email_trgm_idx"),
    (Condition("email", "contains", "a7f3 b20"), "users_email_trgm_idx"),
    (Condition("email", "ends_with", "a7f3b2@example.com"), "users_email_trgm_idx"),
    (Condition("name", "contains", "A7F3B2"), "users_name_trgm_idx"),
    (Condition("name", "starts_with", "person a7f3b2"), "users_name_trgm_idx"),
    (Condition("username", "contains", "A7F3B2"), "users_username_trgm_idx"),
    (Condition("name", "contains", "zq"), "Seq Scan"),
    (Condition("email", "contains", "_%"), "Seq Scan"),
    (Condition("role", "eq", "admin"), "users_role_id_idx"),
    (Condition("banned", "eq", True), "users_banned_idx"),
    (
        AnyOf([Condition(each, "contains", "a7f3b2") for each in ("email", "name", "username")]),
        "users_username_trgm_idx",
    ),
]


@contextmanager
def capture_plans(database: Database) -> Iterator[list[str]]:
    """The plans PostgreSQL uses meanwhile."""
    plans: list[str] = []

    def explain(connection, _, statement, parameters, *__):
        with connection.connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN {statement}", parameters)
            plans.append(str(cursor.fetchall()))

    event.listen(database.engine, "before_cursor_execute", explain)
    yield plans
    event.remove(database.engine, "before_cursor_execute", explain)


def test_what_can_be_found_by_an_index_is(postgres, postgres_url, clock):
    url = database_url(Settings(_env_file=None, database_url=Secret(postgres_url)))
    migrate(url)
    database = Database(url, clock)
    for statement in (
        INSERT_MANY,
        "VACUUM ANALYZE users",
    ):  # by hand: the server gives up after 3 s
        postgres.execute(statement, postgres_url.rpartition("/")[2])
    with capture_plans(database) as plans:
        for condition, _ in INDEXED_CONDITIONS:
            run_query(database, lambda db, chosen=condition: user_list.count(db, [chosen]))
    database.close()
    unexpected = [
        (condition, plan)
        for (condition, index), plan in zip(INDEXED_CONDITIONS, plans, strict=True)
        if index not in plan
    ]
    assert unexpected == []


@pytest.fixture
def plain_url(postgres, postgres_url):
    """An empty database whose user may create tables, but no extensions."""
    name = postgres_url.rpartition("/")[2]
    role = f"plain_{name}"
    postgres.execute(f"CREATE ROLE {role} LOGIN")
    postgres.execute(f"GRANT ALL ON SCHEMA public TO {role}", name)
    yield postgres_url.replace("gatehouse:gatehouse@", f"{role}@")
    postgres.execute(f"DROP OWNED BY {role}", name)
    postgres.execute(f"DROP ROLE {role}")


@pytest.mark.parametrize("migrated", [False])
def test_without_the_right_to_install_trigrams_everything_works_without(plain_url, clock):
    url = database_url(Settings(_env_file=None, database_url=Secret(plain_url)))
    migrate(url)
    database = Database(url, clock)
    assert run_query(database, trigrams.has_trigram_indexes) is False
    assert (
        run_query(database, lambda db: user_list.count(db, [Condition("name", "contains", "a")]))
        == 0
    )
    database.close()


@pytest.mark.parametrize("migrated", [False])
def test_trigrams_that_live_in_a_schema_of_their_own_are_used(postgres, postgres_url, clock):
    name = postgres_url.rpartition("/")[2]
    postgres.execute('CREATE SCHEMA "Extensions"', name)
    postgres.execute('CREATE EXTENSION pg_trgm SCHEMA "Extensions"', name)
    url = database_url(Settings(_env_file=None, database_url=Secret(postgres_url)))
    migrate(url)
    database = Database(url, clock)
    assert run_query(database, trigrams.has_trigram_indexes) is True
    database.close()
